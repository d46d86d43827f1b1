"""What a submission changes on a board, as facts, sentences and Markdown; every text in it may be a stranger's."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finbench.errors import InputError
from finbench.results.runs import Run
from finbench.results.scores import score_interval
from leaderboard.board_words import question_slug
from leaderboard.check import Report
from leaderboard.site import is_site
from leaderboard.text import clean, interval, percent, plural, points

_MAX_MARKDOWN = 50_000
_MAX_LINES = 60
#: Written after a sign that GitHub would make a mention or a reference of, which it looks for in the decoded text.
_BREAK = "&#8203;"
_REFERENCE = re.compile(r"(gh-)(?=\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One run of a submission beside the board's table of the same question.

    Attributes:
        score: 0 to 1 (or the metric's own scale).
        models: models that are ranked in the board's table, the submitted one left out; 0 if there is no such table.
        above: models of it whose score is higher.
        overlapping: models of it whose 95 % interval overlaps.
        before: the score of the same model on the board now.
        best: name and score of the board's highest.
    """

    task: str
    official: bool
    metric: str
    n: int
    score: float
    ci_low: float
    ci_high: float
    models: int
    above: int
    overlapping: int
    before: float | None
    best: tuple[str, float] | None

    @property
    def sentence(self) -> str:
        """The change in words."""
        start = f"{clean(self.task)}: {percent(self.score)} ({interval(self.ci_low, self.ci_high)})"
        if not self.models:
            return f"{start}, the first model on this set"
        place = f"{self.above} of {plural(self.models, 'model')} above it, {self.overlapping} within its interval"
        moved = f", {points(self.score - self.before)} against its own earlier run" if self.before is not None else ""
        return f"{start}, {place}{moved}"


def changes(report: Report, site: Path) -> tuple[Change, ...]:
    """Each accepted run of a submission beside the board's table of the same task, items and settings.

    Raises:
        InputError: if `site` is no site of `finbench leaderboard build`.
    """
    if not is_site(site):
        raise InputError(f"{site} is no site; pass the folder that `finbench leaderboard build` wrote")
    return tuple(_change(log.run, site) for log in report.logs if not log.faults)


def _change(run: Run, site: Path) -> Change:
    score = score_interval(run)
    rows = _rows(site / "data" / f"board-task-{question_slug(run)}.json")
    ranked = [row for row in rows if _number(row.get("ci_low")) is not None]  # baselines have no interval
    others = [row for row in ranked if row.get("model") != clean(run.model)]
    own = next((row for row in ranked if row.get("model") == clean(run.model)), None)
    best = max(others, key=lambda row: float(row["score"]), default=None)
    within = [
        row
        for row in others
        if (_number(row.get("ci_low")) or 0.0) <= score.high and (_number(row.get("ci_high")) or 0.0) >= score.low
    ]
    return Change(
        task=run.task,
        official=run.official,
        metric=run.metric,
        n=score.n,
        score=score.estimate,
        ci_low=score.low,
        ci_high=score.high,
        models=len(others),
        above=sum(float(row["score"]) > score.estimate for row in others),
        overlapping=len(within),
        before=None if own is None else float(own["score"]),
        best=None if best is None else (clean(str(best.get("model"))), float(best["score"])),
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["rows"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable else None


def report_json(report: Report, lines: Sequence[Change] | None) -> dict[str, Any]:
    """The report as JSON values."""
    found: dict[str, Any] = {
        "accepted": report.accepted,
        "reasons": list(report.reasons),
        "notes": list(report.notes),
        "tier": report.tier,
        "tasks": list(report.tasks),
    }
    return found if lines is None else {**found, "changes": [asdict(one) for one in lines]}


def report_markdown(report: Report, lines: Sequence[Change] | None) -> str:
    """The report as Markdown for a comment; it links nowhere and mentions nobody."""
    models = sorted({clean(log.run.model) for log in report.logs})
    head = f"### {inert(', '.join(models) or 'submission')}: "
    out = [head + (f"accepted as {report.tier}" if report.accepted else "refused"), ""]
    out += [f"- {inert(reason, 400)}" for reason in report.reasons[:_MAX_LINES]]
    if len(report.reasons) > _MAX_LINES:
        out.append(f"- and {len(report.reasons) - _MAX_LINES} more reasons")
    if lines:
        out += ["", "| task | score | 95 % interval | n | on the board | its earlier run | highest there |"]
        out.append("| --- | ---: | --- | ---: | --- | ---: | --- |")
        out += [_row(one) for one in lines[:_MAX_LINES]]
        out += ["", "Scores times 100. Whether models differ, the paired tests of the board say, not this table."]
    if report.notes:
        out += ["", *(f"- {inert(note, 400)}" for note in report.notes[:_MAX_LINES])]
    return "\n".join(out)[:_MAX_MARKDOWN] + "\n"


def unreadable_markdown(message: str) -> str:
    """A submission that could not be read, as Markdown."""
    return f"### submission: not readable\n\n- {inert(message, 400)}\n"


def _row(one: Change) -> str:
    place = f"{one.above} of {one.models} above, {one.overlapping} within" if one.models else "first on this set"
    cells = (
        inert(one.task) + ("" if one.official else " (unofficial set)"),
        percent(one.score),
        interval(one.ci_low, one.ci_high),
        str(one.n),
        place,
        "" if one.before is None else f"{percent(one.before)} ({points(one.score - one.before)})",
        "" if one.best is None else f"{inert(one.best[0])} {percent(one.best[1])}",
    )
    return f"| {' | '.join(cells)} |"


def inert(text: str, limit: int = 120) -> str:
    """A text that Markdown shows as it is: every sign that could mean something is written by its number.

    No `@`, `#` or `GH-` stands before what it could name: a space of no width comes between.
    """
    return _REFERENCE.sub(rf"\1{_BREAK}", "".join(map(_inert, clean(text, limit))))


def _inert(char: str) -> str:
    if char.isalnum() or char in " -,%" or ord(char) > 127:
        return char
    return f"&#{ord(char)};{_BREAK if char in '@#' else ''}"
