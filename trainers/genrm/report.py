"""The report of a distillation: counts, gains, lengths and leakage, as JSON, Markdown, and pairs to look at."""

from __future__ import annotations

import html
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import mean, median
from typing import Any

from finbench.stats.proportions import wilson_counts
from trainers.genrm.acceptance import Gain, least_gain, smallest_p
from trainers.genrm.pairing import Judged
from trainers.genrm.pairs import Pair

_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:80rem;margin:2rem auto;"
    "padding:0 1rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8882;padding:.6rem;margin:.3rem 0}"
    ".two{display:grid;grid-template-columns:1fr 1fr;gap:1rem}h2{border-top:1px solid #8886;padding-top:1rem}"
)


def outcomes(solutions: Sequence[Judged]) -> dict[str, int]:
    """How many solutions ended as what."""
    counts = Counter(one.outcome for one in solutions)
    names = ("correct", "wrong", "unparsed", "refused", "truncated")
    return {name: counts.pop(name, 0) for name in names} | dict(sorted(counts.items()))


def agreement(solutions: Sequence[Judged]) -> dict[str, Any] | None:
    """How often the GenRM says of a final answer what the rule says, where both did; None where nobody asked.

    Returns:
        `n` judged by both, `agree` as a share with its 95 % Wilson interval, Cohen's `kappa` (None where one of the two
        says the same of all), `declined` where the GenRM would not say, `unread` where no verdict could be read, and
        both kinds of disagreement.
    """
    both = [one for one in solutions if one.judgement.by == "rule" and one.judgement.genrm is not None]
    said = [
        (one.right, one.judgement.genrm == "correct")
        for one in both
        if one.judgement.genrm not in ("declined", "unread")
    ]
    if not both:
        return None
    nothing = {
        "declined": sum(one.judgement.genrm == "declined" for one in both),
        "unread": sum(one.judgement.genrm == "unread" for one in both),
    }
    if not said:
        return {"n": 0, **nothing}
    agree = sum(rule == judge for rule, judge in said)
    share = wilson_counts(agree, len(said))
    rule_right = mean(rule for rule, _ in said)
    judge_right = mean(judge for _, judge in said)
    chance = rule_right * judge_right + (1 - rule_right) * (1 - judge_right)
    return {
        "n": len(said),
        **nothing,
        "agree": share.estimate,
        "ci_low": share.low,
        "ci_high": share.high,
        "kappa": None if chance >= 1 else (share.estimate - chance) / (1 - chance),
        "rule_right_genrm_wrong": sum(rule and not judge for rule, judge in said),
        "rule_wrong_genrm_right": sum(judge and not rule for rule, judge in said),
    }


def gains(found: Sequence[Gain], *, rollouts: int, alpha: float) -> dict[str, Any]:
    """What the rollouts of all corrections show, accepted or not; shares from 0 to 1.

    The interval of the mean gain is a t interval over corrections (one of each prompt by default, so that they are
    independent given the policy).
    """
    value: dict[str, Any] = {
        "tested": len(found),
        "accepted": sum(one.accepted for one in found),
        "expected_by_chance_at_most": alpha * len(found),
        "rollouts_of_each_prefix": rollouts,
        "alpha": alpha,
        "smallest_p": smallest_p(rollouts),
        "accepted_from_none_right_at": least_gain(rollouts, alpha),
        "corrected_rate": mean(one.corrected / one.rollouts for one in found) if found else None,
        "wrong_rate": mean(one.wrong / one.rollouts for one in found) if found else None,
        "mean_gain": None,
        "ci_low": None,
        "ci_high": None,
    }
    if len(found) > 1:
        from finbench.stats.means import mean_interval

        interval = mean_interval([one.difference for one in found], bounds=(-1.0, 1.0))
        value |= {"mean_gain": interval.estimate, "ci_low": interval.low, "ci_high": interval.high}
    elif found:
        value |= {"mean_gain": found[0].difference, "ci_low": found[0].ci_low, "ci_high": found[0].ci_high}
    return value


def lengths(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Characters of chosen and rejected texts, for each part: whether length stands in for being right."""
    found = {}
    for part in sorted({pair.part for pair in pairs}):
        mine = [pair for pair in pairs if pair.part == part]
        chosen = [len(text_of(pair.row["chosen"])) for pair in mine]
        rejected = [len(text_of(pair.row["rejected"])) for pair in mine]
        found[part] = {
            "pairs": len(mine),
            "chosen_mean": mean(chosen),
            "chosen_median": median(chosen),
            "rejected_mean": mean(rejected),
            "rejected_median": median(rejected),
            "chosen_longer": mean(a > b for a, b in zip(chosen, rejected, strict=True)),
        }
    return found


def text_of(value: Any) -> str:
    """A prompt or an answer as text."""
    if isinstance(value, str):
        return value
    return (
        "\n\n".join(f"[{turn['role']}] {turn['content']}" for turn in value) if len(value) > 1 else value[0]["content"]
    )


def markdown(report: Mapping[str, Any]) -> str:
    """The report for people."""
    lines = ["# Preference distillation", "", str(report["summary"]), ""]
    for name in ("settings", "counts", "outcomes", "left_out", "corrections", "gains", "agreement", "cost", "leakage"):
        value = report.get(name)
        if value:
            lines += [f"## {name.replace('_', ' ').capitalize()}", "", *_table(value), ""]
    for part, value in report["lengths"].items():
        lines += [f"## Lengths of {part} (characters)", "", *_table(value), ""]
    return "\n".join(lines)


def _table(value: Mapping[str, Any]) -> list[str]:
    rows = [f"| {_cell(key.replace('_', ' '))} | {_cell(_shown(part))} |" for key, part in value.items()]
    return ["| | |", "| --- | --- |", *rows]


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(part)}" for key, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(part) for part in value) or "none"
    return "none" if value is None else str(value)


def _cell(text: str) -> str:
    return html.escape(text, quote=False).replace("|", "\\|").replace("\n", " ")


def page(pairs: Sequence[Pair], *, show: int, seed: int) -> str:
    """Random pairs as one HTML page; all that a model wrote stands in it as text.

    Args:
        pairs: all pairs.
        show: how many.
        seed: which.
    """
    places = sorted(random.Random(seed).sample(range(len(pairs)), min(show, len(pairs))))
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Preference pairs</title>',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<style>{_STYLE}</style></head><body><h1>{len(places)} of {len(pairs)} preference pairs</h1>",
    ]
    for place in places:
        pair = pairs[place]
        told = {key: value for key, value in pair.origin.items() if key not in ("id", "logs")}
        parts += [
            f"<h2>{html.escape(pair.row['id'])}</h2>",
            f"<pre>{html.escape(text_of(pair.row['prompt']))}</pre>",
            '<div class="two">',
            f"<div><h3>Chosen</h3><pre>{html.escape(text_of(pair.row['chosen']))}</pre></div>",
            f"<div><h3>Rejected</h3><pre>{html.escape(text_of(pair.row['rejected']))}</pre></div>",
            "</div>",
            f"<p>{html.escape(_shown(told))}</p>",
        ]
    return "\n".join([*parts, "</body></html>", ""])
