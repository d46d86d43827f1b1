"""Prompts for distillation: the items of a task, and problems drawn from training seeds."""

from __future__ import annotations

from finbench.data.items import Item, item_id
from finbench.data.loading import ItemSet
from finbench.errors import InputError
from finbench.generated.draw import draw
from finbench.preference.schema import PromptItem
from finbench.tasks.definition import TaskDefinition
from finbench.tasks.generated import DEFINITIONS, FIRST_TRAINING_SEED, families_of, problem_item
from finbench.tasks.prompts import labels_of, render
from finbench.taxonomy import AnswerKind, Elicitation


def generated_items(
    n: int, seed: int, *, family: str | None = None, difficulty: str | None = None, task: str = "fin_calc"
) -> tuple[PromptItem, ...]:
    """Problems of a generated task from a training seed, with the worked steps that the program teaches from.

    Args:
        n: how many problems.
        seed: from 1,000,000 up: exams are drawn from the seeds below.
        family: only this family.
        difficulty: only this difficulty.
        task: `fin_calc` or `fin_sums`.

    Raises:
        InputError: if the seed may be an exam's, or an option is not usable.
    """
    if seed < FIRST_TRAINING_SEED:
        raise InputError(
            f"seed={seed} is one that exams are drawn from; training prompts take seeds from {FIRST_TRAINING_SEED:,} up"
        )
    try:
        problems = draw(n, seed, families=[family] if family else families_of(task), difficulty=difficulty)
    except ValueError as error:
        raise InputError(f"prompts cannot be drawn: {error}") from None
    found = []
    [definition] = [one for one in DEFINITIONS if one.card.name == task]
    for problem in problems:
        item = problem_item(problem)
        found.append(
            PromptItem(
                id=item_id(task, item),
                prompt=render(definition.card, definition.instruction, item, Elicitation.COT),
                gold=item.gold,
                answer=AnswerKind.NUMBER.value,
                unit=problem.unit,
                question=problem.prompt,
                solution=problem.solution,
                problem=problem,
            )
        )
    return tuple(found)


def task_items(
    definition: TaskDefinition, items: ItemSet, elicitation: Elicitation = Elicitation.COT
) -> tuple[PromptItem, ...]:
    """The items of a task as prompts, worded as the task words them.

    Raises:
        InputError: if the task's reply has no single final answer to be judged (a conversation, instructions).
    """
    card = definition.card
    if card.answer is AnswerKind.INSTRUCTIONS or elicitation is Elicitation.CHAT:
        raise InputError(f"task '{card.name}' has no final answer to be judged; choose another one")
    return tuple(_prompt_item(definition, identity, item, elicitation) for identity, item in items.items.items())


def _prompt_item(definition: TaskDefinition, identity: str, item: Item, elicitation: Elicitation) -> PromptItem:
    card = definition.card
    unit = item.metadata.get("unit")
    return PromptItem(
        id=identity,
        prompt=render(card, definition.instruction, item, elicitation),
        gold=item.gold,
        answer=card.answer.value,
        system=card.generation.system,
        choices=item.choices,
        labels=tuple(labels_of(card, item)) if card.answer is AnswerKind.LABEL else (),
        unit=str(unit) if unit else None,
        question=str(item.metadata.get("question") or item.body),
        solution=item.solution,
    )
