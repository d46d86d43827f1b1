"""Training examples from a task's own training split, in the very words of the evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from finbench.data.items import Item, without
from finbench.errors import InputError
from finbench.taxonomy import Elicitation


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One prompt and its reference answer.

    Attributes:
        id: the item's id, which also tells it from evaluation items.
        prompt: chat messages with `role` and `content`.
        completion: the reference answer in the format that the prompt asks for.
    """

    id: str
    prompt: list[dict[str, str]]
    completion: str


def examples(
    task: str,
    split: str = "train",
    *,
    data: str | Path | None = None,
    elicitation: str | None = None,
    n: int = 1000,
    seed: int | None = None,
) -> list[Example]:
    """Examples of a task's training split, without items that ask what the evaluation split asks.

    The two splits of a release can overlap (16 of the 496 sentences of `fomc` are also in its training split), so what
    lies here of the evaluation split is taken out.

    Args:
        task: the task's name.
        split: `train` or `dev`; any split but the one that is evaluated.
        data: rows instead of the ones found by the order of sources.
        elicitation: `direct` or `cot`; the card's own by default.
        n: how many problems to draw, for generated tasks.
        seed: which problems to draw, for generated tasks; at least `FIRST_TRAINING_SEED`.

    Raises:
        InputError: if the task or the split is unknown, has no rows, or is the evaluation split.
    """
    from finbench.tasks.catalogue import definition
    from finbench.tasks.generated import FIRST_TRAINING_SEED, calc_items, is_generated
    from finbench.tasks.prompts import perfect_reply, render

    known = definition(task)
    card = known.card
    if split == card.split:
        raise InputError(
            f"'{split}' is the evaluation split of '{card.name}'; training on it would void the comparison"
        )
    if is_generated(card.name) and data is None:
        drawn = FIRST_TRAINING_SEED if seed is None else seed
        if drawn < FIRST_TRAINING_SEED:
            raise InputError(f"seed {drawn} is kept for evaluation; training draws use {FIRST_TRAINING_SEED} and up")
        items: dict[str, Item] = calc_items(n, drawn, task=card.name).items
    else:
        items = without(known.items(data=data, split=split).items, known.evaluation_items(data).values())
    way = Elicitation(elicitation) if elicitation else card.elicitation
    system = [{"role": "system", "content": card.generation.system}] if card.generation.system else []
    return [
        Example(
            id=identity,
            prompt=[*system, {"role": "user", "content": render(card, known.instruction, item, way)}],
            completion=perfect_reply(card, item, way),
        )
        for identity, item in items.items()
    ]
