"""Rewards from the benchmark's own scorers, for rows of a task's training split and for no evaluation row."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finbench.errors import InputError
from trainers.base import first_line

_SPLITS = ("train", "dev")


@dataclass(frozen=True, kw_only=True)
class Reward:
    """What a reply is worth.

    Attributes:
        value: the scorer's value, 0 to 1: 1 for a right answer, 0 for a wrong one and for none.
        followed_format: whether the answer stood in the form that the prompt asks for.
    """

    value: float
    followed_format: bool


class Rewarder:
    """Scores replies to prepared rows as the evaluation would.

    Args:
        rows: the stage's rows; each id tells the task and the item.
        seed: of this run, which generated problems were drawn with.
        drawn: how many problems of each generated task the stage's data asked for.

    Raises:
        InputError: a row belongs to no task, to a task that a judge scores, or to an evaluation split, or asks
            something else than its item.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]], *, seed: int, drawn: Mapping[str, int]) -> None:
        from finbench.tasks.catalogue import definition
        from finbench.tasks.prompts import perfect_reply

        self._items: dict[str, tuple[str, Any]] = {}
        self._scorers: dict[str, Any] = {}
        by_task: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            by_task.setdefault(str(row["id"]).rpartition("-")[0], []).append(row)
        for task in sorted(by_task):
            try:
                known = definition(task)
            except InputError as error:
                raise InputError(
                    f"row {by_task[task][0]['id']!r} belongs to no task of the benchmark, so nothing scores its "
                    "replies; take rows of a `task` for this trainer"
                ) from error
            if known.card.judged:
                raise InputError(
                    f"{task} is scored by a judge model, which is no reward to train on; take another task"
                )
            self._add(task, by_task[task], seed, drawn)
            self._scorers[task] = known.scorer(known.card)
            first = self._items[str(by_task[task][0]["id"])][1]
            reference = perfect_reply(known.card, first, known.card.elicitation)
            best = self.score([str(by_task[task][0]["id"])], [reference])
            if best[0].value < 1:
                raise InputError(
                    f"the scorer of {task} gives {best[0].value:g} to the task's own reference answer, so it is no "
                    "reward to train on"
                )

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks whose scorers give rewards, sorted."""
        return sorted(self._scorers)

    def _add(self, task: str, rows: Sequence[Mapping[str, Any]], seed: int, drawn: Mapping[str, int]) -> None:
        evaluated = _evaluation_ids(task)
        items = _training_items(task, seed, drawn.get(task, len(rows)))
        for row in rows:
            identity = str(row["id"])
            if identity in evaluated:
                raise InputError(
                    f"row {identity!r} belongs to the evaluation split of {task}; training on its score would void "
                    "every result on that task"
                )
            if identity not in items:
                raise InputError(
                    f"row {identity!r} is in no training split of {task} that lies here, so its reply cannot be scored"
                )
            if items[identity].body not in _last_words(row["prompt"]):
                raise InputError(f"row {identity!r} asks something else than the item of {task} with that id")
            self._items[identity] = (task, items[identity])

    def score(
        self, identities: Sequence[str], replies: Sequence[str], cut: Sequence[bool] | None = None
    ) -> list[Reward]:
        """The reward of each reply.

        Args:
            identities: the row that each reply answers.
            replies: the texts.
            cut: whether the token limit ended the reply.

        Raises:
            InputError: a scorer fails, which no reply should bring about.
        """
        return asyncio.run(self._score(identities, replies, cut or [False] * len(replies)))

    async def _score(self, identities: Sequence[str], replies: Sequence[str], cut: Sequence[bool]) -> list[Reward]:
        return [
            await self._one(identity, reply, ended)
            for identity, reply, ended in zip(identities, replies, cut, strict=True)
        ]

    async def _one(self, identity: str, reply: str, cut: bool) -> Reward:
        from inspect_ai.model import ModelName, ModelOutput
        from inspect_ai.scorer import Target, value_to_float
        from inspect_ai.solver import TaskState

        task, item = self._items[identity]
        state = TaskState(
            model=ModelName("none/policy"),
            sample_id=identity,
            epoch=1,
            input=item.body,
            messages=[],
            target=Target(item.gold),
            choices=list(item.choices) or None,
            output=ModelOutput.from_content("policy", reply, stop_reason="max_tokens" if cut else "stop"),
            metadata=dict(item.metadata),
        )
        try:
            score = await self._scorers[task](state, Target(item.gold))
        except Exception as error:  # a scorer that raises has a fault of its own: replies are free text
            raise InputError(
                f"the scorer of {task} failed on a reply to {identity} ({type(error).__name__}: {first_line(error)})"
            ) from error
        if score is None:
            return Reward(value=0.0, followed_format=False)
        value = value_to_float()(score.value)
        return Reward(value=float(value), followed_format=bool((score.metadata or {}).get("followed_format", False)))


def _last_words(prompt: Any) -> str:
    return prompt if isinstance(prompt, str) else str(prompt[-1]["content"])


def _evaluation_ids(task: str) -> set[str]:
    """Ids of the evaluation items as far as they lie here; those of the official exam for a generated task."""
    from finbench.tasks.catalogue import definition
    from finbench.tasks.generated import is_generated, official_exam

    if is_generated(task):
        return set(official_exam(task).items)
    return set(definition(task).evaluation_items())


def _training_items(task: str, seed: int, drawn: int) -> dict[str, Any]:
    """All items that a stage may train on, by id."""
    from finbench.tasks.catalogue import definition
    from finbench.tasks.generated import FIRST_TRAINING_SEED, calc_items, is_generated

    if is_generated(task):
        # the very draw of trainers.data.sources
        return dict(calc_items(drawn + drawn // 10 + 10, FIRST_TRAINING_SEED + 1 + seed, task=task).items)
    known = definition(task)
    found: dict[str, Any] = {}
    for split in _SPLITS:
        if split != known.card.split:
            try:
                found |= known.items(split=split).items
            except InputError:
                continue  # many tasks have one of the two only
    return found
