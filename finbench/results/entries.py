"""What a comparison says: an entry a task and capability, and what each rests on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from finbench.errors import InputError
from finbench.results.runs import Settings

Verdict = Literal["better", "worse", "no evidence", "retained", "lost", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One comparison: a task, or a capability.

    Attributes:
        name: the task or capability.
        metric: the headline metric; of a capability the mean of its tasks' metrics.
        n: items.
        clusters: independent units, None where items are independent.
        difference: candidate minus baseline, as a share; ci_low and ci_high its 95 % interval. With a margin it is the
            interval that decides on retention.
        interval_method: how that interval was made, empty where by `method`.
        p: two-sided; p_holm the same after Holm over the entries of this list.
        verdict: of the test of a difference, or of retention where a margin was given.
        change: `better`, `worse` or `no evidence`, whatever `verdict` speaks of.
        mde: the difference that these items show with 80 % power.
        n_needed: items that would settle an inconclusive retention.
        official: whether the items are the card's.
        flags: what a reader should know, as short words.
    """

    name: str
    metric: str
    n: int
    clusters: int | None
    baseline: float
    candidate: float
    difference: float
    ci_low: float
    ci_high: float
    p: float
    p_holm: float
    method: str
    verdict: Verdict
    change: Verdict
    mde: float | None
    n_needed: int | None
    official: bool
    flags: tuple[str, ...]
    interval_method: str = ""

    @property
    def shares(self) -> bool:
        """Whether scores and differences are shares; else they are on the task's own scale."""
        return "scale_not_0_to_1" not in self.flags

    def score_text(self, value: float) -> str:
        """A score in percent, or on the task's own scale."""
        return f"{100 * value:.1f}" if self.shares else f"{value:.2f}"

    def difference_text(self, value: float) -> str:
        """A difference in percentage points, or on the task's own scale, with its sign."""
        return f"{100 * value:+.1f}" if self.shares else f"{value:+.2f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The log of one checkpoint that counted.

    Attributes:
        model: public name or model string.
        checkpoint: SHA-256 of the weights, where they were local.
        log: file name of the log.
        created: when the run began, ISO 8601.
        complete: whether every sample ended as something else than an error.
        items: items of its set; dropped is how many of them the comparison left out.
        outcomes: samples by outcome.
    """

    model: str
    checkpoint: str | None
    log: str
    created: str
    complete: bool
    settings: Settings
    items: int
    dropped: int
    outcomes: dict[str, int]
    package_version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the entry of a task rests on.

    Attributes:
        items_sha256: fingerprint of the candidate's item set.
        scorer: the scorer that was read.
        foreign: whether the task is of another package.
        label_counts: how often each reference label occurs, the most frequent first; empty where nothing is chosen.
    """

    task: str
    version: str
    items_sha256: str
    scorer: str | None
    foreign: bool
    capability: str | None
    candidates: tuple[Source, ...]
    baselines: tuple[Source, ...]
    label_counts: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All entries of a comparison, and which logs they rest on.

    Attributes:
        baseline: name of the baseline; of several seeds what their names share.
        candidate: name of the candidate.
        tasks: one entry a task that both models were run on.
        capabilities: one entry a capability with such tasks.
        chosen: the logs that counted, as `task: baseline log, candidate log`.
        notes: what else a reader should know.
        about: `checkpoint` where a single run stands on each side, `recipe` where training seeds do.
        basis: what each task's entry rests on.
    """

    baseline: str
    candidate: str
    margin: float | None
    tasks: tuple[Entry, ...]
    capabilities: tuple[Entry, ...]
    chosen: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())
    about: Literal["checkpoint", "recipe"] = "checkpoint"
    basis: tuple[Basis, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        return {
            "baseline": self.baseline,
            "candidate": self.candidate,
            "about": self.about,
            "margin": self.margin,
            "tasks": [asdict(entry) for entry in self.tasks],
            "capabilities": [asdict(entry) for entry in self.capabilities],
            "chosen": list(self.chosen),
            "notes": list(self.notes),
            "basis": [asdict(one) for one in self.basis],
        }

    def entry(self, name: str) -> Entry:
        """The entry of a task or capability.

        Raises:
            InputError: if the comparison has none of that name.
        """
        for entry in (*self.tasks, *self.capabilities):
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in (*self.tasks, *self.capabilities))
        raise InputError(f"the comparison has no task or capability '{name}'; it has {known}")
