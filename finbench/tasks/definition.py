"""From a card and a row reader to an Inspect task: what all tasks share."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai import Epochs, Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import HeadlineMetric
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, GenerateConfig
from inspect_ai.scorer import Scorer

from finbench import __version__
from finbench.card import TaskCard
from finbench.data.hub_store import is_stored
from finbench.data.items import Item, fingerprint, without
from finbench.data.loading import ItemSet, ToItem, load
from finbench.data.locate import behind, folder_path, package_path
from finbench.errors import InputError
from finbench.tasks.prompts import perfect_reply, prompt_sha256, render, request
from finbench.taxonomy import AnswerKind, Elicitation

#: Rows of this split are shown as examples when `fewshot` is asked for, the first one that a task has.
_EXAMPLE_SPLITS = ("train", "dev")


@dataclass(frozen=True, kw_only=True)
class TaskDefinition:
    """A task of the benchmark: its card, how a row becomes an item, what is asked, who scores.

    Attributes:
        to_item: reads one row; raises `RowError` where the row does not fit.
        instruction: the words before the item.
        scorer: makes the scorer; called once a task.
    """

    card: TaskCard
    to_item: ToItem
    scorer: Callable[[TaskCard], Scorer]
    instruction: str = ""

    def items(self, *, data: str | Path | None = None, split: str | None = None) -> ItemSet:
        """The items of a split, see `finbench.data.loading.load`."""
        return load(self.card, self.to_item, data=data, split=split)

    def task(
        self,
        *,
        data: str | None = None,
        elicitation: str | None = None,
        fewshot: int = 0,
        items: ItemSet | None = None,
        examples: Mapping[str, Item] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Task:
        """The Inspect task on the items of the card's split.

        Args:
            data: rows to use instead of the ones found by the order of sources.
            elicitation: `direct`, `cot` or, for choices and labels, `likelihood` (nothing is generated, the most likely
                option counts); the card's own by default.
            fewshot: how many examples to show, drawn from the train or else dev split with a fixed seed.
            items: items made elsewhere (generated tasks).
            examples: items to show as examples, instead of those of the train or dev split.
            metadata: further facts for the log.

        Raises:
            InputError: if there are no rows, they do not fit, or an option is not usable.
        """
        from finbench.tasks.solving import answer, likelihood

        card = self.card
        way = _elicitation(card, elicitation)
        loaded = items if items is not None else self.items(data=data)
        shown = self.example_items(data) if fewshot > 0 and examples is None else examples or {}
        # splits of a release can overlap: no example may show the answer to a question of the set
        shots = self._shots(fewshot, way, without(shown, loaded.items.values()) if fewshot > 0 else {})
        ask = request(card, way, next(iter(loaded.items.values())))
        system = [ChatMessageSystem(content=card.generation.system)] if card.generation.system else []
        samples = [
            Sample(
                id=identity,
                input=[*system, *shots, ChatMessageUser(content=render(card, self.instruction, item, way))],
                choices=list(item.choices) or None,
                target=item.gold,
                metadata=dict(item.metadata),
            )
            for identity, item in loaded.items.items()
        ]
        return Task(
            name=card.name,
            display_name=card.title,
            dataset=MemoryDataset(samples, name=card.name, location=loaded.place),
            solver=likelihood(list(card.labels or ()) or None)
            if way is Elicitation.LIKELIHOOD
            else answer(card.generation.max_tokens(way)),
            scorer=self.scorer(card),
            config=GenerateConfig(
                temperature=card.generation.temperature,
                max_tokens=1 if way is Elicitation.LIKELIHOOD else card.generation.max_tokens(way),
                stop_seqs=list(card.generation.stop) or None,
            ),
            epochs=Epochs(1),
            version=card.version,
            headline_metric=HeadlineMetric(metric=card.metric),
            tags=[card.capability.value, card.domain.value],
            metadata={
                "finbench.task": card.name,
                "finbench.task_version": card.version,
                "finbench.items_sha256": loaded.sha256,
                "finbench.items": len(loaded.items),
                "finbench.dropped": loaded.dropped,
                "finbench.official": loaded.official,
                "finbench.rows_from": loaded.kind,
                **({"finbench.rows_revision": loaded.revision} if loaded.revision else {}),
                "finbench.package_version": __version__,
                "finbench.metric": card.metric,
                "finbench.cluster": card.cluster,
                "finbench.capability": card.capability.value,
                "finbench.elicitation": way.value,
                "finbench.fewshot": fewshot,
                "finbench.prompt_sha256": prompt_sha256(
                    self.instruction, ask, card.generation.system, [str(message.content) for message in shots]
                ),
                **(metadata or {}),
            },
        )

    def _shots(self, count: int, way: Elicitation, shown: Mapping[str, Item]) -> list[ChatMessage]:
        if count < 0:
            raise InputError(f"fewshot={count} for task '{self.card.name}' makes no sense; give a number from 0 up")
        if len(shown) < count:
            raise InputError(
                f"task '{self.card.name}' has {len(shown)} rows in its {' or '.join(_EXAMPLE_SPLITS)} split, fewer "
                f"than fewshot={count}"
            )
        # seeded by the task, so that all models see the same ones, and K + 1 examples begin with the K
        order = sorted(shown)
        random.Random(f"examples of {self.card.name}").shuffle(order)
        messages: list[ChatMessage] = []
        for item in (shown[identity] for identity in order[:count]):
            messages.append(ChatMessageUser(content=render(self.card, self.instruction, item, way)))
            messages.append(ChatMessageAssistant(content=perfect_reply(self.card, item, way)))
        return messages

    def example_items(self, data: str | Path | None = None) -> dict[str, Item]:
        """Items of the first split that examples may be taken from; empty if the task has none."""
        folder = behind(data) if data is not None and behind(data).is_dir() else None
        for split in _EXAMPLE_SPLITS:
            try:
                return self.items(data=folder, split=split).items
            except InputError:
                continue
        return {}

    def evaluation_items(self, data: str | Path | None = None) -> dict[str, Item]:
        """Items of the evaluation split as far as they lie here, no network being asked; empty if none do."""
        cached = any(source.is_hub and is_stored(source) for source in self.card.sources)
        given = behind(data) if data is not None and behind(data).is_dir() else None
        here = [place for place in (given, folder_path(self.card), package_path(self.card)) if place is not None]
        for place in (*here, *([None] if cached else [])):
            try:
                return self.items(data=place).items
            except InputError:
                continue
        return {}


def _elicitation(card: TaskCard, asked: str | None) -> Elicitation:
    if asked is None:
        return card.elicitation
    allowed = [Elicitation.DIRECT.value, Elicitation.COT.value]
    if card.answer in (AnswerKind.CHOICE, AnswerKind.LABEL):
        allowed.append(Elicitation.LIKELIHOOD.value)
    if asked not in allowed:
        raise InputError(f"elicitation={asked} is not known to task '{card.name}'; use {' or '.join(allowed)}")
    if card.answer is AnswerKind.INSTRUCTIONS and asked != card.elicitation.value:
        raise InputError(f"task '{card.name}' checks the whole reply, where no steps may stand; leave elicitation out")
    return Elicitation(asked)


def subset(items: dict[str, Item], *, kind: str, place: str, official: bool, dropped: int = 0) -> ItemSet:
    """An `ItemSet` of items that were made rather than read."""
    return ItemSet(items=items, sha256=fingerprint(items), official=official, kind=kind, place=place, dropped=dropped)
