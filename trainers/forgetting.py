"""The forgetting matrix: what each checkpoint gained and lost, capability by capability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainers import judge


def column(
    stage: str, seed: int | None, logs: Sequence[Path], against: str | list[str], models: str | list[str]
) -> dict[str, Any]:
    """One checkpoint (or all seeds of a stage together) against what it is compared with, as JSON values.

    Args:
        stage: its name.
        seed: None where all seeds are taken together by the two-way rule.
        logs: folders of all models' logs.
        against: public name(s) of what it is compared with.
        models: public name(s) of the checkpoint(s).
    """
    return {
        "stage": stage,
        "seed": seed,
        "against": [against] if isinstance(against, str) else against,
        "models": [models] if isinstance(models, str) else models,
        "changes": [one.as_json() for one in judge.changes(logs, baseline=against, candidate=models)],
    }


def matrix(columns: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the table: a line for each capability and task, a column for each checkpoint.

    A cell is the difference in points with its 95 % interval and, where the test shows one, the direction.
    """
    several = any(one["seed"] is None for one in columns)
    heads = ["", "items", "before"]
    for one in columns:
        who = "all seeds" if one["seed"] is None else f"seed {one['seed']}"
        heads.append(f"{one['stage']}, {who}" if several else str(one["stage"]))
    if len({tuple(one["against"]) for one in columns}) > 1:
        heads = heads[:3] + [f"{head} (against {_named(one)})" for head, one in zip(heads[3:], columns, strict=True)]
    found: dict[tuple[str, str], dict[int, Mapping[str, Any]]] = {}
    for number, one in enumerate(columns):
        for change in one["changes"]:
            found.setdefault((change["kind"], change["name"]), {})[number] = change
    rows = []
    for (kind, name), cells in sorted(found.items()):
        first = cells[min(cells)]
        start = f"{100 * first['before']:.1f}" if len({cell["before"] for cell in cells.values()}) == 1 else "differs"
        rows.append(
            [
                f"{name} (all its tasks)" if kind == "capability" else name,
                str(first["n"]),
                start,
                *(_cell(cells.get(number)) for number in range(len(columns))),
            ]
        )
    return heads, rows


def _cell(change: Mapping[str, Any] | None) -> str:
    if change is None:
        return "not scored"
    low, high = 100 * change["ci_low"], 100 * change["ci_high"]
    said = "" if change["change"] == "no evidence" else f", {change['change']}"
    return f"{100 * change['difference']:+.1f} ({low:+.1f} to {high:+.1f}){said}"


def _named(one: Mapping[str, Any]) -> str:
    names = list(one["against"])
    return str(names[0]) if len(names) == 1 else f"{len(names)} seeds of the stage before"
