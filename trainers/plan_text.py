"""A plan for people."""

from __future__ import annotations

from typing import Any

from trainers.progress import duration


def text(value: dict[str, Any]) -> str:
    """The plan as lines of text; every number says what it rests on."""
    seeds = ", ".join(map(str, value["seeds"]))
    lines = [f"{value['recipe']}: {len(value['stages'])} stage(s), seeds {seeds}"]
    download = f", download {value['download_mb']} MB" if value["download_mb"] else ""
    weights = f", {value['weights'] / 1e6:,.0f} M weights ({value['weights_known']})" if value["weights"] else ""
    lines.append(f"base model: {value['base']}{weights}{download}")
    for stage in value["stages"]:
        lines += _stage(stage)
    lines += [_claim(claim) for claim in value["hypotheses"]]
    pace = f" at {value['tokens_per_second']:g} tokens/s ({value['speed_basis']})" if value["tokens_per_second"] else ""
    lines.append(
        f"in all: training about {_time(value['training_seconds_about'])}, at most "
        f"{_time(value['training_seconds_at_most'])}{pace}; evaluation of {_known(value['evaluation_items'])} items, "
        f"once for each model, about {_time(value['evaluation_seconds_about'])}"
    )
    if value["evaluation_judged"]:
        lines.append(f"a judge is paid for: {', '.join(value['evaluation_judged'])}")
    return "\n".join(lines)


def _stage(stage: dict[str, Any]) -> list[str]:
    sources = "; ".join(
        f"{source['source']}: {_known(source['rows'])} rows" + (f" ({source['note']})" if source["note"] else "")
        for source in stage["data"]
    )
    steps = _known(stage["steps"]) + (" (by the tokens)" if stage["steps_estimated"] else "")
    start = f", from {stage['from']}" if stage["from"] else ""
    processes = f" in {stage['processes']} processes" if stage["processes"] > 1 else ""
    lines = [
        f"stage {stage['stage']} with {stage['trainer']}{start}{processes}",
        f"  data: {sources or 'none'}",
        f"  steps: {steps}, examples seen: {_known(stage['examples_seen'])}",
        f"  tokens: {_known(stage['tokens'])}, at most {_known(stage['tokens_at_most'])} by the recipe's bounds, about "
        f"{_known(stage['tokens_about'])}{' by the characters' if stage['tokens_by_characters'] else ''}",
        f"  time: at most {_time(stage['seconds_at_most'])}, about {_time(stage['seconds_about'])}",
    ]
    if stage["schedule"]:
        lines.append(f"  schedule: {stage['schedule']}")
    if stage["memory"]:
        lines.append(f"  memory: {stage['memory']['text']} in each process")
    lines.append(f"  evaluated on: {_evaluated(stage['evaluation'])}")
    return lines


def _claim(claim: dict[str, Any]) -> str:
    line = (
        f"{claim['claim']} {claim['subject']}, margin {100 * claim['margin']:g} points: "
        f"{_known(claim['items'])} items, 80 % power for a difference of {_points(claim['mde'])} in one checkpoint "
        f"(discordance {claim['discordance']:g} assumed)"
    )
    if claim["mde_over_seeds"] is not None:
        line += (
            f", of {_points(claim['mde_over_seeds'])} in the recipe over {claim['seeds']} seeds (standard deviation of "
            f"{100 * claim['seed_sd']:g} points between them assumed)"
        )
    if claim["items_for_margin"]:
        line += f"; the margin takes {_known(claim['items_for_margin'])} items in one checkpoint"
    return line


def _points(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.1f} points"


def _time(seconds: int | None) -> str:
    return "unknown" if seconds is None else duration(seconds)


def _known(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _evaluated(counts: dict[str, int | None]) -> str:
    return ", ".join(f"{name} ({_known(items)} items)" for name, items in counts.items()) or "nothing"
