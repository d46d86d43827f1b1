"""Between the runner and the benchmark: score a checkpoint, compare two, and say what that means for a claim."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from finbench.errors import InputError
from finbench.results.compare import ALPHA, Entry, compare
from trainers.recipe import Evaluation, Hypothesis
from trainers.serving import serving

#: The verdict that each kind of claim hopes for, and that `require` asks for.
HOPED = {"improves": "improved", "keeps": "retained"}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a comparison says about one claim; shares from 0 to 1, differences candidate minus baseline.

    Attributes:
        claim: `improves` or `keeps`.
        subject: the task or capability.
        margin: of the claim, as a share.
        verdict: improved, no evidence, regressed; retained, lost, inconclusive.
        p: of the difference; `p_holm` is the same adjusted for all tasks (or capabilities) scored, and decides.
        mde: the difference that these items (and seeds) show with 80 % power; None where unknown.
        about: `checkpoint`, or `recipe` where several seeds are judged together by the two-way rule.
        seeds: how many of them.
        text: the verdict in a sentence.
    """

    claim: Literal["improves", "keeps"]
    subject: str
    margin: float
    verdict: str
    metric: str
    n: int
    baseline: float
    candidate: float
    difference: float
    ci_low: float
    ci_high: float
    p: float
    p_holm: float
    mde: float | None
    official: bool
    flags: tuple[str, ...]
    text: str
    about: Literal["checkpoint", "recipe"] = "checkpoint"
    seeds: int = 1

    @property
    def as_hoped(self) -> bool:
        """Whether the claim holds."""
        return self.verdict == HOPED[self.claim]

    def as_json(self) -> dict[str, Any]:
        """The verdict as JSON values."""
        return asdict(self) | {"flags": list(self.flags)}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of one task or capability; shares from 0 to 1, differences after minus before.

    Attributes:
        name: the task or capability.
        kind: which of the two.
        change: `better`, `worse` or `no evidence`, after Holm over the tasks or the capabilities.
    """

    name: str
    kind: Literal["capability", "task"]
    metric: str
    n: int
    before: float
    after: float
    difference: float
    ci_low: float
    ci_high: float
    change: str
    flags: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The change as JSON values."""
        return asdict(self) | {"flags": list(self.flags)}


def evaluate(name: str, folder: Path, evaluation: Evaluation, log_dir: Path) -> Path:
    """Score the checkpoint in `folder` under a public name; what is scored already is not scored again.

    Returns:
        The folder of this checkpoint's logs.

    Raises:
        InputError: an unknown suite or task, missing rows, or an evaluation that did not end well.
    """
    from finbench.evaluation import model_spec, run
    from finbench.tasks.catalogue import resolve

    tasks = resolve(suite=evaluation.suite, tasks=evaluation.tasks)
    spec = model_spec(str(folder), name=name)
    where = None
    with ExitStack() as stack:
        if evaluation.server is not None:
            log = log_dir.parent / f"server-{spec.slug}.log"
            where = stack.enter_context(serving(evaluation.server, folder, name, log))
            os.environ.setdefault("LOCAL_API_KEY", "none")  # Inspect wants one even where the server asks for none
            # its weights are known by their fingerprint here, too, so that results carry it
            spec = replace(spec, model=f"{evaluation.server.provider}/{name}", args={}, checkpoint=None, base_url=where)
        done = run(
            models=[spec], tasks=tasks, log_dir=log_dir, limit=evaluation.limit, max_connections=evaluation.batch_size
        )
    if done.exit_code != 0:
        raise InputError(f"the evaluation of {name} is not complete (see above); run the same command again to go on")
    return done.log_dirs[name]


def judge(
    claims: Sequence[Hypothesis], logs: Sequence[Path], *, baseline: str | list[str], candidate: str | list[str]
) -> list[Verdict]:
    """A verdict on each claim that the logs of two models can speak to, in the recipe's order.

    Args:
        claims: the recipe's hypotheses.
        logs: folders of logs.
        baseline: public name of the model that is judged against; several names are seeds of one recipe.
        candidate: public name of the checkpoint; several names are seeds, whose verdict is about the recipe.

    Raises:
        InputError: the logs cannot be compared, or hold nothing on a claim's task or capability.
    """
    seeds = 1 if isinstance(candidate, str) else len(candidate)
    return [
        verdict(
            claim,
            compare(list(logs), baseline=baseline, candidate=candidate, margin=claim.margin / 100 or None).entry(
                claim.subject
            ),
            seeds=seeds,
        )
        for claim in claims
    ]


def changes(logs: Sequence[Path], *, baseline: str | list[str], candidate: str | list[str]) -> list[Change]:
    """What became of every capability and task that both were scored on, capabilities first.

    Raises:
        InputError: the logs cannot be compared.
    """
    found = compare(list(logs), baseline=baseline, candidate=candidate, margin=None)
    kinds: list[tuple[Literal["capability", "task"], Entry]] = [("capability", one) for one in found.capabilities]
    kinds += [("task", one) for one in found.tasks]
    return [
        Change(
            name=entry.name,
            kind=kind,
            metric=entry.metric,
            n=entry.n,
            before=entry.baseline,
            after=entry.candidate,
            difference=entry.difference,
            ci_low=entry.ci_low,
            ci_high=entry.ci_high,
            change=entry.change,
            flags=tuple(entry.flags),
        )
        for kind, entry in kinds
    ]


def verdict(claim: Hypothesis, entry: Entry, seeds: int = 1) -> Verdict:
    """What one entry of a comparison, made with the claim's margin, says about the claim.

    A target is improved where the rise is significant and the whole interval lies above the margin, regressed where
    the score fell significantly. A guard is retained by non-inferiority: the whole interval lies above minus the
    margin. That no loss is significant would not be enough.
    """
    margin = claim.margin / 100
    if claim.kind == "keeps":
        word: str = entry.verdict
    elif entry.change == "worse":
        word = "regressed"
    else:
        word = "improved" if entry.change == "better" and entry.ci_low > margin else "no evidence"
    return Verdict(
        claim=claim.kind,
        subject=claim.subject,
        margin=margin,
        verdict=word,
        metric=entry.metric,
        n=entry.n,
        baseline=entry.baseline,
        candidate=entry.candidate,
        difference=entry.difference,
        ci_low=entry.ci_low,
        ci_high=entry.ci_high,
        p=entry.p,
        p_holm=entry.p_holm,
        mde=entry.mde,
        official=entry.official,
        flags=tuple(entry.flags),
        text=sentence(claim, word, entry, seeds),
        about="recipe" if seeds > 1 else "checkpoint",
        seeds=seeds,
    )


def sentence(claim: Hypothesis, word: str, entry: Entry, seeds: int = 1) -> str:
    """One line for people: the verdict, the difference with its interval, and the power."""
    over = f" over {seeds} seeds" if seeds > 1 else ""
    shown_word = "lost, within the margin" if word == "lost" and "within_margin" in entry.flags else word
    text = (
        f"{claim.subject} {shown_word}: {entry.metric} {entry.baseline:.3f} to {entry.candidate:.3f}, difference "
        f"{100 * entry.difference:+.1f} points (95 % interval {100 * entry.ci_low:+.1f} to "
        f"{100 * entry.ci_high:+.1f}, {entry.n} items{over})"
    )
    if word == "no evidence" and entry.p < ALPHA <= entry.p_holm:
        text += f"; p {entry.p:.3f}, but {entry.p_holm:.3f} after Holm's adjustment for all that was scored"
    if word in {"no evidence", "inconclusive"} and entry.mde is not None:
        shown = "these seeds and items" if seeds > 1 else "these items"
        text += f"; with 80 % power {shown} show differences of {100 * entry.mde:.1f} points or more"
    if claim.kind == "keeps":
        if word == "inconclusive" and entry.n_needed:
            text += f", {entry.n_needed} items would settle it"
        text += f"; margin {claim.margin:g} points"
    if "few_seeds" in entry.flags:
        text += "; few seeds: at this number the two-way rule errs more often than it says"
    return text
