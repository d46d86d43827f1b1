"""The rows of a stage as prompts of the generation tasks: with the reference, the rule and the worked steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from finbench.errors import InputError
from finbench.preference.items import generated_items, task_items
from finbench.preference.schema import PromptItem
from finbench.taxonomy import AnswerKind, Elicitation
from trainers.genrm.settings import Drawing

_SPLITS = ("train", "dev")


def prompts_of(rows: Sequence[Mapping[str, Any]], *, seed: int, drawn: Mapping[str, int]) -> list[PromptItem]:
    """One prompt for each row, in their order.

    A row of a task is judged by the task's own rule; one of a generated task brings its worked steps. Any other row
    with `prompt` and `completion` is a question with a reference answer that no rule applies to.

    Args:
        rows: prepared rows, `id`, `prompt` and `completion`.
        seed: of this run, which generated problems were drawn with.
        drawn: how many problems of each generated task the stage's data asked for.

    Raises:
        InputError: a row is no question, belongs to an evaluation split, or is in no training split that lies here.
    """
    known: dict[str, dict[str, list[PromptItem]]] = {}
    found = []
    for row in rows:
        if "prompt" not in row or "completion" not in row:
            raise InputError(f"row {row.get('id')!r} is no question; trainer genrm takes rows of prompt and completion")
        name = task_of(str(row["id"]))
        if name is None:
            found.append(_free(row))
            continue
        if name not in known:
            known[name] = _training_prompts(name, seed, drawn.get(name, len(rows)))
        found.append(_same_question(row, known[name], name))
    return found


def drawn_prompts(wanted: Drawing, *, seed: int, known: Collection[str]) -> list[PromptItem]:
    """Problems drawn with a training seed, none twice and none of the exam.

    Args:
        wanted: how many, and of what kind.
        seed: of this run.
        known: ids that are prompts already.

    Raises:
        InputError: the family or difficulty is unknown, or has too few problems.
    """
    from finbench.tasks.generated import DEFINITIONS, FIRST_TRAINING_SEED, official_exam

    exam = {item.body for one in DEFINITIONS for item in official_exam(one.card.name).items.values()}
    new: dict[str, PromptItem] = {}
    names: list[str | None] = [*sorted(set(wanted.families))] or [None]
    for index, name in enumerate(names):
        mine = wanted.examples // len(names) + (index < wanted.examples % len(names))
        asked = mine + mine // 10 + 10  # some may come twice
        drawn = generated_items(asked, FIRST_TRAINING_SEED + 1 + seed, family=name, difficulty=wanted.difficulty)
        found = {one.id: one for one in drawn if one.question not in exam and one.id not in known and one.id not in new}
        if len(found) < mine:
            what = name or "fin_calc"
            raise InputError(f"{len(found)} problems of {what} could be drawn, and {mine} are asked for; ask for fewer")
        new |= dict(list(found.items())[:mine])
    return list(new.values())


def task_of(identity: str) -> str | None:
    """The task that a row's id names; None where it names none."""
    from finbench.tasks.catalogue import definition

    name = identity.rpartition("-")[0]
    try:
        return definition(name).card.name if name else None
    except InputError:
        return None


def messages_of(item: PromptItem) -> list[dict[str, str]]:
    """The chat messages that a prompt stands for."""
    system = [{"role": "system", "content": item.system}] if item.system else []
    return [*system, {"role": "user", "content": item.prompt}]


def _free(row: Mapping[str, Any]) -> PromptItem:
    turns, completion = row["prompt"], row["completion"]
    if isinstance(turns, str):
        turns = [{"role": "user", "content": turns}]
    system = [turn["content"] for turn in turns if turn["role"] == "system"]
    asked = [turn for turn in turns if turn["role"] != "system"]
    if len(asked) != 1 or asked[0]["role"] != "user":
        raise InputError(f"row {row['id']!r}: a prompt of one question is needed, one turn of the user")
    gold = completion if isinstance(completion, str) else str(completion[-1]["content"])
    return PromptItem(
        id=str(row["id"]),
        prompt=asked[0]["content"],
        gold=gold,
        answer=AnswerKind.JUDGED.value,
        system=system[0] if system else None,
        question=asked[0]["content"],
        solution=gold,
    )


def _same_question(row: Mapping[str, Any], known: Mapping[str, list[PromptItem]], task: str) -> PromptItem:
    identity = str(row["id"])
    asked = row["prompt"] if isinstance(row["prompt"], str) else str(row["prompt"][-1]["content"])
    if identity not in known:
        raise InputError(
            f"row {identity!r} is in no training split of {task} that lies here, so its answers cannot be judged"
        )
    for item in known[identity]:
        if item.prompt == asked:
            return item
    raise InputError(f"row {identity!r} asks something else than the item of {task} with that id")


def _training_prompts(task: str, seed: int, drawn: int) -> dict[str, list[PromptItem]]:
    """All prompts of a task that a stage may use, by id; one for each way of asking."""
    from finbench.tasks.catalogue import definition
    from finbench.tasks.generated import FIRST_TRAINING_SEED

    known = definition(task)
    found: dict[str, list[PromptItem]] = {}
    if is_generated(task):
        # the very draw of trainers.data.sources
        for item in generated_items(drawn + drawn // 10 + 10, FIRST_TRAINING_SEED + 1 + seed, task=task):
            found.setdefault(item.id, []).append(item)
        return found
    evaluated = set(known.evaluation_items())
    for split in _SPLITS:
        if split == known.card.split:
            continue
        try:
            items = known.items(split=split)
        except InputError:
            continue  # many tasks have one of the two only
        for way in (Elicitation.COT, Elicitation.DIRECT):
            for item in task_items(known, items, way):
                if item.id not in evaluated:
                    found.setdefault(item.id, []).append(item)
    return found


def is_generated(task: str) -> bool:
    """Whether a task's problems are drawn from a seed."""
    from finbench.tasks import generated

    return generated.is_generated(task)
