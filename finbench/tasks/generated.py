"""Problems drawn from a seed: an exam that nobody has seen."""

from __future__ import annotations

from inspect_ai import Task, task

from finbench.card import Generation, Source, TaskCard
from finbench.data.items import Item, fingerprint, without_duplicates
from finbench.data.loading import ItemSet
from finbench.data.rows import Row
from finbench.errors import InputError
from finbench.generated.draw import draw, families
from finbench.generated.problem import DIFFICULTIES, Problem
from finbench.scoring.number_patterns import FACTORS
from finbench.scoring.scorers import number
from finbench.tasks.definition import TaskDefinition, subset
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType

#: The exam that results are compared on, until a release draws another; training takes seeds from 1,000,000 up.
OFFICIAL_ITEMS = 200
OFFICIAL_SEED = 2026
FIRST_TRAINING_SEED = 1_000_000


def problem_item(problem: Problem) -> Item:
    """The item of a generated problem."""
    return Item(
        body=problem.prompt,
        gold=f"{problem.answer:.{problem.decimals}f}",
        solution=problem.solution,
        metadata={
            "family": problem.family,
            "difficulty": problem.difficulty,
            "unit": problem.unit,
            "decimals": problem.decimals,
            "problem": problem.id,
        },
    )


def _row_item(row: Row) -> Item:
    unit = row.one_of("unit", tuple(FACTORS)) if row.get("unit") else None
    return Item(body=row.text("question"), gold=repr(row.number("answer")), metadata={"unit": unit})


FIN_CALC = TaskDefinition(
    card=TaskCard(
        name="fin_calc",
        title="Finance calculations, generated",
        description="Parametric problems of finance with one number as the answer, drawn from a seed.",
        capability=Capability.REASONING,
        domain=Domain.FINANCE,
        task_type=TaskType.MATH,
        answer=AnswerKind.NUMBER,
        exposure=Exposure.OWN,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=OFFICIAL_ITEMS,
        strata="family",
        items_sha256="8e96ac00de6e5ed46347b8e882d911cf8792db4ce666e30837ffa2dd6e32312d",
        sources=(
            Source(uri="package", note=f"generated; the official exam is n={OFFICIAL_ITEMS}, seed={OFFICIAL_SEED}"),
        ),
        licence="Apache-2.0",
        redistributable=True,
        citation="finbench, docs/tasks.md",
        generation=Generation(max_tokens_direct=24),
    ),
    to_item=_row_item,
    scorer=lambda card: number(),
)


FIN_SUMS = TaskDefinition(
    card=TaskCard(
        name="fin_sums",
        title="Small sums in finance wording, generated",
        description="Problems of one or two additions or products of small amounts, for models that solve little else.",
        capability=Capability.REASONING,
        domain=Domain.FINANCE,
        task_type=TaskType.MATH,
        answer=AnswerKind.NUMBER,
        exposure=Exposure.OWN,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=OFFICIAL_ITEMS,
        strata="family",
        items_sha256="354df06faa7aa181a07c008da82cdf237c565dde1596fefbd56b578ca0f9368c",
        sources=(
            Source(uri="package", note=f"generated; the official exam is n={OFFICIAL_ITEMS}, seed={OFFICIAL_SEED}"),
        ),
        licence="Apache-2.0",
        redistributable=True,
        citation="finbench, docs/tasks.md",
        generation=Generation(max_tokens_direct=24, max_tokens_cot=128),
    ),
    to_item=_row_item,
    scorer=lambda card: number(),
)

DEFINITIONS = (FIN_CALC, FIN_SUMS)


def families_of(task: str) -> list[str] | None:
    """Families that a generated task draws from; None stands for all that are not set apart."""
    if task == FIN_SUMS.card.name:
        return [name for name in families(apart=True) if name not in families()]
    return None


def is_generated(task: str) -> bool:
    """Whether a task's problems are drawn from a seed."""
    return any(definition.card.name == task for definition in DEFINITIONS)


def official_exam(task: str) -> ItemSet:
    """The items that results of a generated task are compared on."""
    return calc_items(OFFICIAL_ITEMS, OFFICIAL_SEED, task=task)


def calc_items(
    n: int, seed: int, *, family: str | None = None, difficulty: str | None = None, task: str = "fin_calc"
) -> ItemSet:
    """The items of an exam.

    Args:
        n: how many problems.
        seed: any whole number; the same seed gives the same exam.
        family: only problems of this family.
        difficulty: only problems of this difficulty.
        task: `fin_calc` or `fin_sums`.

    Raises:
        InputError: if an option is not usable.
    """
    if n < 1:
        raise InputError(f"n={n} for task '{task}' makes no exam; give a number from 1 up")
    known = families_of(task)
    allowed = families(apart=True) if known is None else known
    if family is not None and family not in allowed:
        raise InputError(f"{task} has no family '{family}'; it has {', '.join(allowed)}")
    if difficulty is not None and difficulty not in DIFFICULTIES:
        raise InputError(f"{task} has no difficulty '{difficulty}'; use {', '.join(DIFFICULTIES)}")
    try:
        problems = draw(n, seed, families=[family] if family else known, difficulty=difficulty)
    except ValueError as error:
        raise InputError(f"{task} cannot be drawn: {error}") from None
    items, dropped = without_duplicates(task, [problem_item(problem) for problem in problems])
    [definition] = [one for one in DEFINITIONS if one.card.name == task]
    official = fingerprint(items) == definition.card.items_sha256
    return subset(items, kind="package", place=f"generated:n={n},seed={seed}", official=official, dropped=dropped)


@task
def fin_calc(
    data: str | None = None,
    elicitation: str | None = None,
    fewshot: int = 0,
    n: int = OFFICIAL_ITEMS,
    seed: int = OFFICIAL_SEED,
    family: str | None = None,
    difficulty: str | None = None,
) -> Task:
    """Finance calculations drawn from a seed.

    Args:
        data: a .jsonl file of rows with question, answer and unit, instead of drawn problems.
        elicitation: `direct` or `cot`.
        fewshot: how many solved problems to show; they are drawn from another seed.
        n: how many problems.
        seed: any whole number; the same seed gives the same exam.
        family: only problems of this family.
        difficulty: `easy`, `medium` or `hard` only.
    """
    items = None if data is not None else calc_items(n, seed, family=family, difficulty=difficulty)
    examples = (
        calc_items(fewshot, FIRST_TRAINING_SEED, family=family, difficulty=difficulty).items if fewshot > 0 else None
    )
    return FIN_CALC.task(data=data, elicitation=elicitation, fewshot=fewshot, items=items, examples=examples)


@task
def fin_sums(
    data: str | None = None,
    elicitation: str | None = None,
    fewshot: int = 0,
    n: int = OFFICIAL_ITEMS,
    seed: int = OFFICIAL_SEED,
) -> Task:
    """Sums of one or two steps in finance wording: for models that solve little of fin_calc.

    Args:
        data: a .jsonl file of rows with question, answer and unit, instead of drawn problems.
        elicitation: `direct` or `cot`.
        fewshot: how many solved problems to show; they are drawn from another seed.
        n: how many problems.
        seed: any whole number; the same seed gives the same exam.
    """
    items = None if data is not None else calc_items(n, seed, task="fin_sums")
    examples = calc_items(fewshot, FIRST_TRAINING_SEED, task="fin_sums").items if fewshot > 0 else None
    return FIN_SUMS.task(data=data, elicitation=elicitation, fewshot=fewshot, items=items, examples=examples)
