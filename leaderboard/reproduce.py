"""The command that makes the same runs again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

from finbench.cards import cards
from finbench.results.runs import Run
from finbench.taxonomy import Elicitation
from leaderboard.text import clean

_CHECKPOINT = "PATH-TO-CHECKPOINT"
_LONGEST = 200
#: Settings of generation that `inspect eval` takes by the same name.
_TAKEN = frozenset(
    {
        *("top_p", "top_k", "seed", "frequency_penalty", "presence_penalty", "num_choices", "best_of", "effort"),
        *("verbosity", "reasoning_effort", "reasoning_mode", "reasoning_tokens", "reasoning_summary"),
        "reasoning_history",
    }
)


def reproduce(runs: Sequence[Run]) -> str:
    """The commands that run the same tasks on the same model again, under the same options; joined by `&&`.

    Tasks with the same options share a command. `inspect eval` stands where a run has settings that only that takes.
    Words come from logs and are quoted for a shell; a word that would need more than quotes gives no command.
    """
    groups: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        options = _options(run)
        if options is None or any(
            clean(text, _LONGEST) != text for text in (run.model_id, run.model, run.task, _judge(run), *options)
        ):
            return ""
        own = "" if _is_plain(run) else run.task  # `inspect eval` takes one task at a time
        groups.setdefault((own, _judge(run), *options), []).append(run)
    return " && ".join(
        _inspect(mine[0], options) if own else _finbench(mine, options) for (own, _, *options), mine in groups.items()
    )


def _is_plain(run: Run) -> bool:
    """Whether `finbench eval` asks a task as this run did: it knows no settings of generation but the card's."""
    card = cards().get(run.task)
    if card is None or run.capability is None or json.loads(run.given or "{}").get("config"):
        return False
    settings, usual = run.settings, card.generation
    try:
        way = Elicitation(settings.elicitation or card.elicitation)
    except ValueError:
        return False
    most = 1 if settings.weighed else usual.max_tokens(way)
    return settings.temperature in (usual.temperature, None) and settings.max_tokens in (most, None)


def _options(run: Run) -> list[str] | None:
    """Options as words, of what both commands take; None where the log says something that no command takes."""
    try:
        given: dict[str, Any] = json.loads(run.given or "{}")
        limit, own, config = given.get("limit"), dict(given.get("T", {})), dict(given.get("config", {}))
    except (ValueError, TypeError, AttributeError):
        return None
    if {"sample_id", "shuffle", "solver"} & set(given) or not isinstance(limit, int | None) or set(config) - _TAKEN:
        return None
    words = [] if limit is None else ["--limit", str(limit)]
    if run.settings.epochs > 1:
        words += ["--epochs", str(run.settings.epochs)]
    if not all(isinstance(value, str | int | float) for value in (*own.values(), *config.values())):
        return None
    for name, value in sorted(own.items()):
        words += ["-T", f"{name}={value}"]
    for name, value in sorted(config.items()):
        words += [f"--{name.replace('_', '-')}", str(value)]
    return words


def _judge(run: Run) -> str:
    return (run.settings.grader or "").split("@")[0]


def _finbench(runs: Sequence[Run], options: Sequence[str]) -> str:
    first = runs[0]
    words = ["finbench", "eval", "--model", _CHECKPOINT if first.checkpoint else first.model_id]
    if first.model != first.model_id:
        words += ["--name", first.model]
    if judge := _judge(first):
        words += ["--grader", judge]
    tasks = ",".join(run.task for run in runs)
    return shlex.join([*words, "--tasks", tasks, "--log-dir", "logs", *options])


def _inspect(run: Run, options: Sequence[str]) -> str:
    task = run.task if run.capability is None else f"finbench/{run.task}"
    words = ["inspect", "eval", task, "--model", run.model_id]
    if run.checkpoint:
        words += ["-M", f"model_path={_CHECKPOINT}"]
    if judge := _judge(run):
        words += ["--model-role", f"grader={judge}"]
    for name, value in (("--temperature", run.settings.temperature), ("--max-tokens", run.settings.max_tokens)):
        if value is not None:
            words += [name, f"{value:g}"]
    return shlex.join([*words, *options])
