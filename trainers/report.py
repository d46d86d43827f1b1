"""A run's report in Markdown and HTML, from the same values that `report.json` holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainers import curves, report_data
from trainers.forgetting import matrix
from trainers.progress import duration
from trainers.report_blocks import Block, Heading, Paragraph, Picture, Table, to_html, to_markdown

_HEADS = (
    "claim",
    "verdict",
    "metric",
    "items",
    "before",
    "after",
    "difference (95 %)",
    "p (Holm)",
    "margin",
    "80 % power at",
)


def documents(report: Mapping[str, Any]) -> dict[str, str]:
    """All files of a report: name below the run's folder to text.

    The whole run's in Markdown and HTML, and for each stage the same of that stage alone, with its loss curve.
    """
    found = {"report.md": markdown(report), "report.html": html(report)}
    for entry in report["stages"]:
        mine = [one for one in report.get("forgetting", []) if one["models"] == [entry["model"]]]
        alone = {**report, "stages": [entry], "forgetting": mine, "over_seeds": []}
        blocks = _blocks(alone, "")
        found[f"{entry['folder']}/report.md"] = to_markdown(blocks)
        found[f"{entry['folder']}/report.html"] = to_html(blocks, _title(report))
        if entry.get("curve"):
            found[f"{entry['folder']}/loss.svg"] = curves.svg(entry["curve"])
    return found


def markdown(report: Mapping[str, Any]) -> str:
    """The report for people: what was trained, on what, and what it did, claim by claim."""
    return to_markdown(_blocks(report, None))


def html(report: Mapping[str, Any]) -> str:
    """The same as one HTML file, with the loss curves in it."""
    return to_html(_blocks(report, None), _title(report))


def _title(report: Mapping[str, Any]) -> str:
    return f"finbench train: {report['recipe']}"


def _blocks(report: Mapping[str, Any], place: str | None) -> list[Block]:
    """The parts of a report; `place` is where pictures lie, None for each stage's own folder."""
    blocks: list[Block] = [
        Heading(level=1, text=str(report["recipe"])),
        Paragraph(text=f"Base model: {report['base']}. {_state(report)}"),
    ]
    for group in report.get("over_seeds", []):
        blocks += _over_seeds(group)
    for entry in report["stages"]:
        blocks += _stage(entry, f"{entry['folder']}/" if place is None else place)
    if report.get("forgetting"):
        heads, rows = matrix(report["forgetting"])
        blocks += [
            Heading(level=2, text="What was gained and what was forgotten"),
            Paragraph(
                text="Differences in points against the model before training, with their 95 % intervals; better and "
                "worse are said where the test shows it, Holm-adjusted over the capabilities and over the tasks."
            ),
            Table(heads=heads, rows=rows),
        ]
    blocks.append(Paragraph(text=_about(report)))
    return blocks


def _about(report: Mapping[str, Any]) -> str:
    if len(report["seeds"]) == 1:
        return "With one seed these are statements on this checkpoint, not on the recipe."
    return (
        "Tables of a stage with a seed are statements on that checkpoint. A statement on the recipe takes all seeds "
        "together, with variance over seeds and items (the two-way rule, docs/compare.md)."
    )


def _state(report: Mapping[str, Any]) -> str:
    if report["stopped"]:
        return f"Stopped: {report['stopped']}."
    return "Complete." if report["complete"] else "Not complete."


def _over_seeds(group: Mapping[str, Any]) -> list[Block]:
    seeds = [str(seed) for seed in group["seeds"]]
    few = any("few_seeds" in verdict["flags"] for verdict in group["verdicts"])
    warning = (
        " few_seeds: with so few seeds the two-way rule errs more often than it says (docs/statistics.md, tables H, M)."
        if few
        else ""
    )
    return [
        Heading(level=2, text=f"Stage {group['stage']}: the recipe, over {len(seeds)} seeds ({', '.join(seeds)})"),
        Paragraph(text=f"Against {', '.join(group['against'])}, by the two-way rule.{warning}"),
        *_verdicts(group["verdicts"]),
    ]


def _stage(entry: Mapping[str, Any], place: str) -> list[Block]:
    training, data = entry["training"], entry["data"]
    notes = training["notes"]
    loss = notes.get("loss") or {}
    speed = f", {notes['tokens_per_second']} tokens/s" if notes.get("tokens_per_second") else ""
    made = report_data.made(notes)
    rows = [
        ["model", f"{entry['model']}, from {entry['parent']}" if entry.get("parent") else str(entry["model"])],
        ["checkpoint", str(entry["checkpoint"])],
        ["data", report_data.sources(data)],
        ["left", made] if made else ["left out", report_data.left_out(notes)],
        ["overlap with evaluation items", _overlaps(data.get("decontamination"))],
        ["steps, tokens", f"{_or_unknown(training['steps'])}, {_or_unknown(training['tokens'])}"],
        ["time", f"{duration(training['seconds'])} on {entry['hardware']}{speed}"],
        ["memory at its peak", _gib(training.get("peak_memory_gib"))],
        *([] if made else [["loss", f"{_number(loss.get('first'))} to {_number(loss.get('last'))}"]]),
    ]
    if held := notes.get("held_out"):
        change = f"{_number(held['perplexity_before'])} to {_number(held['perplexity_after'])}"
        rows.append(["perplexity on held-out text", f"{change} ({held['tokens']} tokens)"])
    if counted := report_data.tokens(notes):
        rows.append(["tokens of the rows", counted])
    blocks: list[Block] = [
        Heading(level=2, text=f"Stage {entry['stage']} (seed {entry['seed']})"),
        Table(heads=("", ""), rows=rows),
    ]
    if shares := report_data.shares(notes):
        blocks.append(Table(heads=report_data.SHARES, rows=shares))
    if entry.get("curve"):
        blocks.append(Picture(svg=curves.svg(entry["curve"]), file=f"{place}loss.svg", text="Training loss"))
    if entry["verdicts"]:
        blocks += [Paragraph(text=f"This checkpoint against {entry['against']}:"), *_verdicts(entry["verdicts"])]
    return blocks


def _verdicts(verdicts: list[Mapping[str, Any]]) -> list[Block]:
    return [Table(heads=_HEADS, rows=[_verdict(verdict) for verdict in verdicts])] if verdicts else []


def _verdict(verdict: Mapping[str, Any]) -> list[str]:
    interval = f"{_points(verdict['ci_low'])} to {_points(verdict['ci_high'])}"
    flags = f" ({', '.join(verdict['flags'])})" if verdict["flags"] else ""
    return [
        f"{verdict['claim']} {verdict['subject']}",
        f"{verdict['verdict']}{flags}",
        str(verdict["metric"]),
        str(verdict["n"]),
        f"{verdict['baseline']:.3f}",
        f"{verdict['candidate']:.3f}",
        f"{_points(verdict['difference'])} ({interval})",
        _p(verdict),
        f"{100 * verdict['margin']:g}",
        "unknown" if verdict["mde"] is None else f"{100 * verdict['mde']:.1f}",
    ]


def _p(verdict: Mapping[str, Any]) -> str:
    """A guard is judged by its interval and the margin, not by a test of no change."""
    if verdict["claim"] == "keeps":
        return ""
    p, adjusted = ("under 0.001" if value < 0.001 else f"{value:.3f}" for value in (verdict["p"], verdict["p_holm"]))
    return f"{p} ({adjusted})"


def _overlaps(found: Mapping[str, Any] | None) -> str:
    if not found:
        return "not looked for: the recipe evaluates nothing, or there are no rows"
    hits = ", ".join(f"{task}: {count} items" for task, count in found["items"].items() if count)
    text = f"{found['overlapping']} of {found['before']} rows" + (f" ({hits})" if hits else "")
    if found["action"] == "drop":
        text += f"; {found['after']} rows kept"
    if found["tasks_without_rows"]:
        text += f"; not looked at, since no items are here: {', '.join(found['tasks_without_rows'])}"
    if found["lineage"]:
        text += "; known of the sources: " + "; ".join(_notice(one) for one in found["lineage"])
    return text


def _notice(notice: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in notice.items() if isinstance(value, str | int | float))


def _gib(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f} GiB"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _or_unknown(value: object) -> object:
    return "unknown" if value is None else value
