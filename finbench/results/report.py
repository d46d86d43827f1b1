"""A comparison as a Markdown report, for papers and for the files of a model validation."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version

from finbench import __version__
from finbench.results.entries import Basis, Comparison, Entry, Source
from finbench.results.reference_lines import reference_lines

_METHODS = {
    "mcnemar-midp+tango": "McNemar's test with mid-p (Fagerland, Lydersen and Laake 2013, doi:10.1186/1471-2288-13-91) "
    "and the score interval for a paired difference of proportions (Tango 1998, Statistics in Medicine 17:891-908).",
    "clustered-t": "t test on paired differences with cluster-robust variance (CR1) and G - 1 degrees of freedom; "
    "epochs are averaged within an item first. Of a capability: the unweighted mean over its tasks, Satterthwaite's "
    "degrees of freedom.",
    "tango": "score interval for a paired difference of proportions (Tango 1998, Statistics in Medicine 17:891-908), "
    "whose lower end decides retention.",
    "tango-clustered": "Tango's score interval on counts divided by the design effect of the clusters, t with G - 1 "
    "degrees of freedom; its ends decide retention.",
    "suite-tango": "Tango's score interval over the tasks as strata, Satterthwaite's degrees of freedom; its ends "
    "decide retention of the capability.",
    "swap-permutation": "p by exchanging the two models' answers, whole clusters at a time; the interval by "
    "the delete-one-cluster jackknife, t with G - 1 degrees of freedom.",
    "jackknife-t": "delete-one-cluster jackknife of the paired difference, t with G - 1 degrees of freedom.",
    "two-way-t": "t test with variance over training seeds and items (Cameron, Gelbach and Miller 2011, "
    "doi:10.1198/jbes.2010.07136) and Satterthwaite's degrees of freedom.",
}
_FLAGS = {
    "no_claim": "fewer than 5 clusters, so no significance is claimed",
    "few_clusters": "fewer than 30 clusters, or so unequal ones that they count as fewer; interval and p are less "
    "certain than they look",
    "few_items": "fewer than 50 items",
    "rare_class": "a class with fewer than 10 items",
    "near_end": "scores within .15 of an end of the scale, where t intervals are too narrow and retention is claimed "
    "too easily",
    "saturated": "at most 3 items wrong or at most 3 right",
    "intersect": "only items that all runs share were compared; the result is unofficial",
    "settings": "the runs were made with different settings, so the difference may be theirs",
    "content": "the wording of some items differs between the runs",
    "baseline_incomplete": "the baseline's run is incomplete; what is missing counts as wrong",
    "candidate_incomplete": "the candidate's run is incomplete; what is missing counts as wrong",
    "baseline_collapsed": "the baseline gives one answer to more than 95 % of the items",
    "candidate_collapsed": "the candidate gives one answer to more than 95 % of the items",
    "within_margin": "the loss is real and smaller than the margin",
    "scale_not_0_to_1": "scores are no shares; the numbers of this task are on its own scale",
    "no_variation": "all independent units show one and the same difference; p is by sign flips, the interval by what "
    "may have been missed",
    "pseudo_values": "the metric entered the two-way test by jackknife pseudo-values",
    "fixed_checkpoint": "one side is a single given checkpoint, not a draw from a recipe",
    "clean_subset": "only items that no rule of the audit hits; the set is not the published one",
    "few_seeds": "fewer than 3 training seeds in an arm, or fewer than 5 against a single checkpoint",
}


def report(comparison: Comparison) -> str:
    """The report: question, data, settings, methods, results, verdicts, exclusions, versions.

    The same logs and versions give the same text; it names no dates but those of the runs.
    """
    return (
        "\n\n".join(
            [
                f"# {_text(comparison.candidate)} against {_text(comparison.baseline)}",
                "## Question\n\n" + _question(comparison),
                "## Items\n\n" + _items(comparison),
                "## Runs\n\n" + _runs(comparison),
                "## Settings\n\n" + _settings(comparison),
                "## Methods\n\n" + _methods(comparison),
                "## Results\n\n" + _results(comparison) + _without_a_model(comparison),
                "## Verdicts\n\n" + _bullets(sentence(entry, comparison) for entry in _entries(comparison)),
                "## What was excluded, and what counts as wrong\n\n" + _excluded(comparison),
                "## Versions\n\n" + _versions(comparison),
            ]
        )
        + "\n"
    )


def explain(flag: str) -> str:
    """What a flag of a result says, as a clause."""
    return _FLAGS.get(flag, flag.replace("_", " "))


def sentence(entry: Entry, comparison: Comparison) -> str:
    """What an entry says, in a sentence or two, with the power behind it."""
    own, other = _text(comparison.candidate), _text(comparison.baseline)
    interval = f"{entry.difference_text(entry.ci_low)} to {entry.difference_text(entry.ci_high)}"
    unit = " points" if entry.shares else ""
    seen = f"{entry.difference_text(entry.difference)}{unit} (95 % interval {interval}, {_p(entry.p_holm)} after Holm)"
    if entry.change == "no evidence":
        said = f"no evidence of a difference between {own} and {other}: {seen}"
    else:
        said = f"{own} is {entry.change} than {other}: {seen}"
    parts = [f"**{_text(entry.name)}**: {said}."]
    if comparison.margin is not None and entry.verdict in ("retained", "lost", "inconclusive"):
        parts.append(_retention(entry, comparison.margin))
    if entry.mde is not None:
        parts.append(f"These {entry.n} items show a difference of {entry.score_text(entry.mde)}{unit} with 80 % power.")
    if not entry.official and entry.name not in {one.task for one in comparison.basis if one.foreign}:
        parts.append("The items are not the published set.")
    parts.extend(f"Note: {explain(flag)}." for flag in entry.flags)
    return " ".join(parts)


def _retention(entry: Entry, margin: float) -> str:
    asked = f"a margin of {100 * margin:g} points"
    if entry.verdict == "retained":
        return f"Retained: the loss, if any, is smaller than {asked}."
    if entry.verdict == "lost" and "within_margin" in entry.flags:
        return f"Lost, within the margin: the loss is real and smaller than {100 * margin:g} points."
    if entry.verdict == "lost":
        return f"Lost: the loss is real, and not shown to be smaller than {asked}."
    needed = f" About {entry.n_needed} items would settle it." if entry.n_needed else ""
    return f"Inconclusive against {asked}: neither a loss nor its absence is shown.{needed}"


def _question(comparison: Comparison) -> str:
    own, other = _text(comparison.candidate), _text(comparison.baseline)
    asked = f"Does {own} score differently from {other} on the same items?"
    if comparison.margin is not None:
        asked += f" Does it lose less than {100 * comparison.margin:g} percentage points?"
    if comparison.about == "recipe":
        return f"{asked} Training seeds stand for a recipe: the answer is about the recipe, on new seeds and new items."
    return f"{asked} The answer is about these two checkpoints, not about the recipes that made them."


def _items(comparison: Comparison) -> str:
    entries = {entry.name: entry for entry in comparison.tasks}
    rows = [
        [
            one.task,
            one.version,
            str(entries[one.task].n),
            str(entries[one.task].clusters or "each item its own"),
            "unknown" if one.foreign else "yes" if entries[one.task].official else "no",
            f"`{one.items_sha256}`",
            one.scorer or "",
        ]
        for one in comparison.basis
    ]
    head = [
        "task",
        "version",
        "items",
        "independent units",
        "published set",
        "fingerprint of the set",
        "scorer",
    ]
    return _table(head, rows)


def _runs(comparison: Comparison) -> str:
    rows = [
        [
            one.task,
            role,
            source.model,
            f"`{source.checkpoint}`" if source.checkpoint else "",
            source.log,
            source.created,
            "yes" if source.complete else "no",
        ]
        for one in comparison.basis
        for role, source in _sources(one)
    ]
    return _table(["task", "side", "model", "checkpoint (SHA-256)", "log", "made", "complete"], rows)


def _settings(comparison: Comparison) -> str:
    names = ("elicitation", "fewshot", "temperature", "max_tokens", "epochs", "prompt_sha256", "arguments")
    rows = [
        [
            one.task,
            f"{role}, {source.model}",
            *("default" if (value := getattr(source.settings, name)) is None else str(value) for name in names),
        ]
        for one in comparison.basis
        for role, source in _sources(one)
    ]
    return _table(["task", "run", *(name.replace("_", " ") for name in names)], rows)


def _methods(comparison: Comparison) -> str:
    entries = _entries(comparison)
    used = dict.fromkeys(name for entry in entries for name in (entry.method, entry.interval_method) if name)
    lines = [f"`{method}`: {_METHODS.get(method, 'see docs/statistics.md.')}" for method in used]
    lines.append("p-values are two-sided; over the tasks, and over the capabilities, they are adjusted by Holm.")
    lines.append("Intervals hold one at a time (95 %), not all at once.")
    return _bullets(lines)


def _results(comparison: Comparison) -> str:
    rows = [
        [
            entry.name,
            entry.metric,
            str(entry.n),
            entry.score_text(entry.baseline),
            entry.score_text(entry.candidate),
            entry.difference_text(entry.difference),
            f"{entry.difference_text(entry.ci_low)} to {entry.difference_text(entry.ci_high)}",
            _p(entry.p),
            _p(entry.p_holm),
            entry.method,
            entry.verdict,
            "" if entry.mde is None else entry.score_text(entry.mde),
        ]
        for entry in _entries(comparison)
    ]
    others = [entry.name for entry in comparison.tasks if not entry.shares]
    head = ["", "metric", "items", "baseline", "candidate", "difference", "95 % interval", "p", "p (Holm)", "method"]
    return (
        _table([*head, "verdict", "80 % power at"], rows)
        + "\n\nScores in percent, differences in percentage points, candidate minus baseline"
        + (f"; on a scale of their own: {_text(', '.join(others))}." if others else ".")
    )


def _without_a_model(comparison: Comparison) -> str:
    """What guessing and always naming the most frequent label score on the same items, where there are labels."""
    entries = {entry.name: entry for entry in comparison.tasks}
    lines = []
    for one in comparison.basis:
        entry = entries[one.task]
        found = reference_lines(one.task, entry.metric, one.label_counts) if one.label_counts else None
        if found is not None:
            guess, top = map(entry.score_text, found)
            lines.append(f"{_text(one.task)}: guessing {guess}, always the most frequent label {top}.")
    return f"\n\nWithout a model, on the same items:\n\n{_bullets(lines)}" if lines else ""


def _excluded(comparison: Comparison) -> str:
    tasks = {one.task for one in comparison.basis}
    lines = [
        _text(note if note.partition(":")[0] in tasks else note[0].upper() + note[1:]) + "."
        for note in comparison.notes
    ]
    for one in comparison.basis:
        for role, source in _sources(one):
            counted = {name: source.outcomes.get(name, 0) for name in ("unparsed", "refused", "truncated", "error")}
            facts = [f"{count} {name}" for name, count in counted.items() if count]
            dropped = f"{source.dropped} of {source.items} items were left out; " if source.dropped else ""
            lines.append(
                f"{_text(one.task)}, {role} {_text(source.model)}: {dropped}"
                + (f"counted as wrong: {', '.join(facts)}." if facts else "every sample has an answer.")
            )
    return _bullets(lines)


def _versions(comparison: Comparison) -> str:
    made = sorted(
        {source.package_version for one in comparison.basis for _, source in _sources(one) if source.package_version}
    )
    lines = [f"finbench {__version__}" + (f" (runs made with {', '.join(made)})" if made else "")]
    lines.append(f"Python {platform.python_version()}")
    for name in ("inspect-ai", "numpy", "scipy"):
        try:
            lines.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return _bullets(lines)


def _entries(comparison: Comparison) -> tuple[Entry, ...]:
    return (*comparison.tasks, *comparison.capabilities)


def _sources(basis: Basis) -> list[tuple[str, Source]]:
    return [("baseline", one) for one in basis.baselines] + [("candidate", one) for one in basis.candidates]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines.extend("| " + " | ".join(_text(cell) for cell in row) + " |" for row in rows)
    return "\n".join(lines)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _text(text: str) -> str:
    """Text of a log, where it can neither end a cell nor become markup."""
    safe = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
    if re.fullmatch("`[0-9a-f]+`", text):
        return safe
    for mark in "[*_`":
        safe = safe.replace(mark, "\\" + mark)
    return safe.replace("<", "&lt;")


def _p(value: float) -> str:
    return "p < .001" if value < 0.0005 else "p = " + f"{value:.3f}".removeprefix("0")
