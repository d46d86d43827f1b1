"""What a site is made of: runs sorted into capabilities, tasks and models, with the facts that each page repeats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from finbench.card import TaskCard
from finbench.cards import cards
from finbench.errors import InputError
from finbench.results.boards import Contender, Question, contender_of, labels_of, question_of
from finbench.results.choosing import newest
from finbench.results.rank import Memory, ModelRank, Ranking, rankings_of
from finbench.results.runs import Run
from finbench.taxonomy import Capability
from leaderboard.audits import Audits
from leaderboard.kept_facts import KeptFacts
from leaderboard.prices import Price, cost_of
from leaderboard.run_facts import RunFacts
from leaderboard.text import clean, slug
from leaderboard.tiers import Tiers

CAPABILITY_TITLES = {
    Capability.CONCEPTS: "Concepts",
    Capability.TASKS: "Tasks",
    Capability.REASONING: "Reasoning",
    Capability.INSTRUCTION_FOLLOWING: "Instruction following",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task of the site: its card, if it is ours, and its boards."""

    name: str
    slug: str
    title: str
    card: TaskCard | None
    rankings: tuple[Ranking, ...]

    @property
    def page(self) -> str:
        """Its page, relative to the site's root."""
        return f"tasks/{self.slug}.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityView:
    """A capability with its boards, official ones first."""

    name: str
    title: str
    slug: str
    rankings: tuple[Ranking, ...]

    @property
    def page(self) -> str:
        """Its page, relative to the site's root."""
        return f"capabilities/{self.slug}.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """A model with the newest run of each question it was asked."""

    contender: Contender
    label: str
    slug: str
    model_ids: tuple[str, ...]
    runs: tuple[RunFacts, ...]

    @property
    def page(self) -> str:
        """Its page, relative to the site's root."""
        return f"models/{self.slug}.html"


class Collection:
    """All that the logs hold, sorted; the same for any order of the runs."""

    def __init__(
        self,
        runs: Iterable[Run],
        about: Mapping[str, Mapping[str, str]] | None = None,
        *,
        audits: Audits | None = None,
        prices: Mapping[str, Price] | None = None,
        tiers: Tiers | None = None,
        kept: KeptFacts | None = None,
    ) -> None:
        """Sort runs.

        Args:
            runs: runs of any models and tasks.
            about: what submissions say of their models (`model.yaml`), by public name.
            audits: what is known of contamination.
            prices: of models, by model string or public name.
            tiers: who has checked which run.
            kept: facts of runs from an earlier build; those that are missing are added.
        """
        self.about = about or {}
        self.tiers = tiers or Tiers()
        self.audits = audits or Audits()
        self._prices = prices or {}
        self.runs: tuple[Run, ...] = tuple(sorted(runs, key=_run_order))
        if not self.runs:
            raise InputError("there is no run to show; pass logs of `finbench eval`")
        self.files_of: dict[str, dict[str, str]] = {}
        self._labels = labels_of(contender_of(run) for run in self.runs)
        self._memory = Memory()
        groups: dict[tuple[Contender, Question], list[Run]] = {}
        for run in self.runs:
            groups.setdefault((contender_of(run), question_of(run)), []).append(run)
        known = kept or KeptFacts()
        self._facts = {key: known.of(newest(group), self._memory) for key, group in groups.items()}

    @cached_property
    def capabilities(self) -> tuple[CapabilityView, ...]:
        """Capabilities in the order of the taxonomy, then those of other packages' logs, by name."""
        names = {run.capability for run in self.runs if run.capability}
        known = [capability.value for capability in Capability if capability.value in names]
        views = []
        for name in [*known, *sorted(names - set(known))]:
            rankings = tuple(_rankings(self.runs, self._memory, capability=name))
            if rankings:
                title = CAPABILITY_TITLES[Capability(name)] if name in known else clean(name)
                address = name.replace("_", "-") if name in known else slug(name)
                views.append(CapabilityView(name=name, title=title, slug=address, rankings=rankings))
        return tuple(views)

    @cached_property
    def tasks(self) -> tuple[TaskView, ...]:
        """Tasks that were run, by name."""
        views = []
        for name in sorted({run.task for run in self.runs}):
            ours = any(run.task == name and run.capability is not None for run in self.runs)
            card = cards().get(name) if ours else None
            views.append(
                TaskView(
                    name=name,
                    slug=name if card is not None else slug(name),
                    title=card.title if card is not None else clean(name),
                    card=card,
                    rankings=tuple(_rankings(self.runs, self._memory, task=name)),
                )
            )
        return tuple(views)

    @cached_property
    def models(self) -> tuple[ModelView, ...]:
        """Models by label."""
        views = []
        for contender, label in sorted(self._labels.items(), key=lambda entry: (entry[1], entry[0])):
            mine = [facts for (whose, _), facts in self._facts.items() if whose == contender]
            mine.sort(key=lambda facts: question_of(facts.run).order)
            views.append(
                ModelView(
                    contender=contender,
                    label=clean(label),
                    slug=slug(contender.model, contender.checkpoint),
                    model_ids=tuple(sorted({facts.run.model_id for facts in mine})),
                    runs=tuple(mine),
                )
            )
        return tuple(views)

    @cached_property
    def model_of(self) -> dict[Contender, ModelView]:
        """Each model's view by its key."""
        return {view.contender: view for view in self.models}

    @cached_property
    def task_of(self) -> dict[str, TaskView]:
        """Each task's view by its name."""
        return {view.name: view for view in self.tasks}

    def facts(self, run: Run) -> RunFacts:
        """The facts of a run that counts."""
        return self._facts[contender_of(run), question_of(run)]

    def cost(self, runs: Sequence[Run]) -> float | None:
        """US dollars for some runs of one model; None where no price is known."""
        return cost_of(runs, self._prices)

    @property
    def newest_day(self) -> str:
        """The date of the newest run: the site's own date, since it has no clock."""
        return max((run.created[:10] for run in self.runs), default="")


def ranked_in(ranking: Ranking, contender: Contender) -> ModelRank | None:
    """A model's place in a ranking, if it has one."""
    return next((model for model in ranking.models if model.contender == contender), None)


def _rankings(
    runs: Sequence[Run], memory: Memory, *, capability: str | None = None, task: str | None = None
) -> list[Ranking]:
    try:
        return rankings_of(runs, capability=capability, task=task, memory=memory)
    except InputError:  # only tasks that a judge decides: they have pages, but no ranks
        return []


def _run_order(run: Run) -> tuple[str, ...]:
    return (run.task, run.model, run.checkpoint or "", run.created, run.path.name, run.items_sha256)
