"""All that is known of a task, as data that stands beside its `@task`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType

Metric = Literal[
    "accuracy", "macro_f1", "weighted_f1", "mcc", "balanced_accuracy", "entity_f1", "rouge1", "f1", "judge"
]
#: Metrics that are not a mean of item values and are computed over the whole set.
CORPUS_METRICS: frozenset[str] = frozenset({"macro_f1", "weighted_f1", "mcc", "balanced_accuracy", "entity_f1"})

Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
#: The Salesforce/FinEval revision that the hub configurations below are pinned to.
FINEVAL_REVISION = "a911ec4dbd635228f216349c2f4eda8354ed15cc"


class Source(BaseModel):
    """One place that rows can be had from.

    Attributes:
        uri: `hf://owner/name` for a hub set, `https://...` for the original, `package` for rows that ship.
        config: the hub configuration, if the set has several.
        split: the split that is read.
        revision: the pinned commit; None where none could be verified, which `note` then says.
        items: rows of this source, where they differ from the card's.
        items_sha256: fingerprint of the loaded set, where it is known.
        note: what a reader must know of this source.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: str
    config: str | None = None
    split: str = "test"
    revision: Revision | None = None
    items: int | None = Field(default=None, gt=0)
    items_sha256: Sha256 | None = None
    note: str = ""

    @property
    def is_hub(self) -> bool:
        """Whether the rows are loaded from the Hugging Face hub."""
        return self.uri.startswith("hf://")


class Generation(BaseModel):
    """Settings that a task asks a model for; they are recorded, and runs that differ in them are told apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = 0.0
    max_tokens_direct: int = Field(default=16, gt=0)
    max_tokens_cot: int = Field(default=1024, gt=0)
    stop: tuple[str, ...] = ()
    system: str | None = None

    def max_tokens(self, elicitation: Elicitation) -> int:
        """The bound on new tokens for a way of asking."""
        return self.max_tokens_direct if elicitation is Elicitation.DIRECT else self.max_tokens_cot


class TaskCard(BaseModel):
    """A task as data: what it measures, on which rows, under which licence, and how it is scored.

    Attributes:
        name: the task's name on the command line, after `finbench/`.
        items: items of the official set after exact duplicates are dropped; None for generated tasks.
        dropped: exact duplicates that the official set loses.
        labels: count of each label in the official set, in the order they are named to the model.
        cluster: metadata key that names the independent unit (document, vignette, issuer); None: each item its own.
        folder: name of the rows' folder under `$FINBENCH_DATA`, where it is not the task's name.
        items_sha256: fingerprint of the official set (see `finbench.data.items.fingerprint`).
        baselines: what rules without a model reach in the headline metric on the official set, by a name of the rule;
            measured by a test. Chance and majority follow from the labels and are not repeated here.
        version: `N-X`: results with equal N can be compared; X counts changes of the interface.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=3)
    description: str = ""
    capability: Capability
    domain: Domain
    task_type: TaskType
    answer: AnswerKind
    exposure: Exposure
    elicitation: Elicitation
    metric: Metric
    direction: Literal["higher"] = "higher"
    items: int | None = Field(default=None, gt=0)
    dropped: int = Field(default=0, ge=0)
    labels: dict[str, int | None] | None = None
    options: int | None = Field(default=None, ge=2)
    cluster: str | None = None
    strata: str | None = None
    sources: tuple[Source, ...] = Field(min_length=1)
    folder: str | None = None
    split: str = "test"
    items_sha256: Sha256 | None = None
    licence: str
    redistributable: bool
    citation: str
    errata: tuple[str, ...] = ()
    baselines: dict[str, float] | None = None
    generation: Generation = Generation()
    version: str = "1-A"
    implemented: bool = True
    not_implemented: str = ""

    @field_validator("version")
    @classmethod
    def _version_is_comparability_and_interface(cls, value: str) -> str:
        if not re.fullmatch(r"[1-9]\d*-[A-Z]", value):
            raise ValueError(f"version {value!r} is not of the form N-X, for example 1-A")
        return value

    @model_validator(mode="after")
    def _is_consistent(self) -> TaskCard:
        named = self.labels or (self.options if self.answer is AnswerKind.LABEL else None)
        naming = (AnswerKind.LABEL, AnswerKind.ENTITIES, AnswerKind.RELATIONS)
        if self.implemented and self.answer in naming and not named:
            raise ValueError(f"{self.name}: a task of labels or types names them, or how many its rows bring")
        if self.labels and self.items and None not in self.labels.values():
            total = sum(count or 0 for count in self.labels.values())
            if total != self.items:
                raise ValueError(f"{self.name}: labels add up to {total}, items are {self.items}")
        if not self.implemented and not self.not_implemented:
            raise ValueError(f"{self.name}: a card without a task says what is missing")
        return self

    @property
    def comparability(self) -> int:
        """N of the version: results are comparable only within one N."""
        return int(self.version.split("-")[0])

    @property
    def data_folder(self) -> str:
        """The folder under `$FINBENCH_DATA` that holds this task's rows."""
        return self.folder or self.name

    @property
    def classes(self) -> int | None:
        """How many answers the model chooses from, where that is fixed."""
        return len(self.labels) if self.labels else self.options

    @property
    def judged(self) -> bool:
        """Whether a judge model decides (a part of) the score: such tasks need a grader, and no rank rests on them."""
        return self.answer is AnswerKind.JUDGED

    @property
    def chance(self) -> float | None:
        """Expected accuracy of uniform guessing (for MCC the value 0), None where there is nothing to guess from."""
        if self.metric == "mcc":
            return 0.0
        if self.answer in (AnswerKind.RELATIONS, AnswerKind.ENTITIES):
            return None
        return 1.0 / self.classes if self.classes else None

    @property
    def majority(self) -> float | None:
        """Share of the most frequent label: the accuracy of always naming it. None where the counts are unknown."""
        if not self.labels or None in self.labels.values():
            return None
        counts = [count or 0 for count in self.labels.values()]
        return max(counts) / sum(counts)

    @property
    def is_corpus_metric(self) -> bool:
        """Whether the headline metric is computed over the whole set rather than averaged over items."""
        return self.metric in CORPUS_METRICS
