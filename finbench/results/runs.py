"""A run as results see it: who was scored on what, and how each item of the full set ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finbench.scoring.outcome import Outcome
from finbench.taxonomy import Elicitation


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """How one item ended in one epoch.

    Attributes:
        value: the score as a number, 0 for an error.
        gold: reference class or value as text; None for set-valued answers.
        pred: answer as text; None for no answer.
        counts: true positives, false positives, false negatives, for set-valued answers.
        cluster: the independent unit, None where each item is its own.
        followed_format: whether the answer had the requested form, None where the scorer does not say.
        content: hash of what was asked and the reference, for tasks of other packages, whose ids need not tell.
    """

    id: str
    epoch: int
    outcome: Outcome
    value: float
    gold: str | None = None
    pred: str | None = None
    counts: tuple[int, int, int] | None = None
    cluster: str | None = None
    followed_format: bool | None = None
    content: str | None = None


def column(items: Sequence[ItemResult], name: str) -> Sequence[Any]:
    """One attribute of all items in their order; from the columns at once where the items are kept as such."""
    whole = getattr(items, "column", None)
    found: Sequence[Any] = whole(name) if whole is not None else [getattr(item, name) for item in items]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a run was made with beside items and model; runs that differ here are not compared unasked.

    Attributes:
        arguments: arguments of a task of another package, and a solver that replaced its own, as JSON.
        grader: the judge, by public name and hash, and the fingerprint of its prompt, where there is one.
    """

    elicitation: str | None
    fewshot: int | None
    prompt_sha256: str | None
    temperature: float | None
    max_tokens: int | None
    epochs: int
    arguments: str | None = None
    grader: str | None = None

    @property
    def weighed(self) -> bool:
        """Whether options were weighed by their log-likelihood, so that no answer was generated.

        Such scores are a variant of their own: they are never compared, averaged or ranked with generated answers.
        """
        return self.elicitation == Elicitation.LIKELIHOOD.value

    def differences(self, other: Settings) -> list[str]:
        """Names and values of the settings that differ."""
        pairs = [(name, getattr(self, name), getattr(other, name)) for name in self.__slots__]
        return [f"{name} {mine} against {theirs}" for name, mine, theirs in pairs if mine != theirs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One model's results on one task, over the full item set.

    Attributes:
        path: the log file.
        model: the public name if the run was given one, else the model string of Inspect.
        model_id: the model string of Inspect.
        checkpoint: SHA-256 of the weights, where they were local.
        task: the task's name; without the package for our own tasks.
        version: `N-X` of the task.
        metric: name of the headline metric.
        capability: the task's capability, None for tasks of other packages.
        items_sha256: fingerprint of the items the run was to answer, computed from their ids.
        official: whether that is the card's set.
        complete: whether every item ended as something else than an error.
        created: when the run began, ISO 8601.
        items: one entry an item and epoch, sorted by id and epoch; missing ones are there as errors.
        scorer: the scorer that was read, with the key of its value where it gives several (`rubric.tone`).
        foreign: whether the task is of another package, so that its metadata say nothing of cards and outcomes.
        given: options beside model and task that the run was started with, as JSON: `limit`, `sample_id`, `shuffle`,
            `solver`, those of the task under `T`, settings of generation that stand nowhere else here under `config`;
            None for none.
    """

    path: Path
    model: str
    model_id: str
    checkpoint: str | None
    task: str
    version: str
    metric: str
    capability: str | None
    items_sha256: str
    official: bool
    complete: bool
    created: str
    status: str
    settings: Settings
    items: Sequence[ItemResult]
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float | None = None
    package_version: str | None = None
    scorer: str | None = None
    foreign: bool = False
    given: str | None = None

    @property
    def comparability(self) -> str:
        """N of the version: only runs of equal N are comparable."""
        return self.version.split("-")[0]

    @property
    def ids(self) -> tuple[str, ...]:
        """The distinct item ids, sorted."""
        return tuple(dict.fromkeys(column(self.items, "id")))

    @property
    def outcomes(self) -> dict[str, int]:
        """How many samples ended as each outcome, every outcome named."""
        counts = Counter(column(self.items, "outcome"))
        return {outcome.value: counts[outcome] for outcome in Outcome}

    @property
    def collapsed(self) -> str | None:
        """The class that more than 95 % of a task's samples were answered with, if there is one (and two to choose)."""
        preds = Counter(column(self.items, "pred"))
        golds = set(column(self.items, "gold"))
        answer, count = preds.most_common(1)[0] if preds else (None, 0)
        return answer if answer is not None and len(golds) > 1 and count > 0.95 * len(self.items) else None
