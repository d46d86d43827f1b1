"""Word problems with a number as the answer, of school mathematics and of finance."""

from __future__ import annotations

import re

from inspect_ai import Task, task

from finbench.card import Generation, Source, TaskCard
from finbench.data.items import Item
from finbench.data.rows import Row, RowError
from finbench.scoring.scorers import choice, number
from finbench.tasks.definition import TaskDefinition
from finbench.tasks.layouts import choice_item, lettered_options, options_item, plain_number
from finbench.tasks.prompts import letters
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType

_CALCULATOR = re.compile(r"<<[^<>]*>>")
_PERCENT = re.compile(r"percent|%", re.IGNORECASE)
#: FinanceMath's own evaluation accepts 4 %, any sign and factors of 100, 1,000 and 1,000,000: too much to be right.
_FINANCEMATH_TOLERANCE = 0.01


def _gsm8k_item(row: Row) -> Item:
    question = row.text("question")
    steps, mark, final = row.text("answer").rpartition("####")
    if not mark:
        raise RowError("field 'answer' should end in `#### <number>`")
    gold = Row({"answer": final.strip().replace(",", "").removeprefix("$")}).number("answer")
    # a reference of 40 is not met by 4,000: only where the question asks for a percentage may 40% stand for it
    asked = re.split(r"(?<=[.!?])\s+", question.strip())[-1]
    return Item(
        body=question,
        gold=plain_number(gold),
        solution=_CALCULATOR.sub("", steps).strip(),
        metadata={"question": question[-600:], "unit": "percent" if _PERCENT.search(asked) else "none"},
    )


def _financemath_item(row: Row) -> Item:
    question, tables = row.text("question"), row.get("tables") or ()
    if isinstance(tables, str) or not all(isinstance(table, str) for table in tables):
        raise RowError("field 'tables' should be a list of tables as text")
    topic = row.get("topic")
    return Item(
        body="\n\n".join([f"Question: {question}", *tables]),
        gold=plain_number(row.number("ground_truth")),
        metadata={"question": question[-600:]} | ({"topic": topic} if isinstance(topic, str) else {}),
    )


def _mathqa_item(row: Row) -> Item | None:
    if "Problem" in row:
        options = lettered_options(row.text("options"))
        index = letters(len(options)).index(row.one_of("correct", letters(len(options))))
        return options_item(row.text("Problem"), options, index)
    if "gold" in row and row["gold"] is None:
        return None  # a redistribution that kept the value only; it fits none of the options
    return choice_item(row)


GSM8K = TaskDefinition(
    card=TaskCard(
        name="gsm8k",
        title="GSM8K: grade-school word problems",
        description="Word problems that take two to eight steps of arithmetic; a guard of reasoning.",
        capability=Capability.REASONING,
        domain=Domain.MATH,
        task_type=TaskType.MATH,
        answer=AnswerKind.NUMBER,
        exposure=Exposure.OWN,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=1319,
        items_sha256="d890156316956f985b99b183461b574ace77581d316fba7a0083c3c129192a4d",
        sources=(
            Source(
                uri="hf://openai/gsm8k",
                config="main",
                note="no revision could be verified: the commit that was read is recorded",
            ),
            Source(
                uri="https://github.com/openai/grade-school-math",
                revision="3101c7d5072418e28b9008a6636bde82a006892c",
                note="grade_school_math/data; the folder form holds these rows",
            ),
        ),
        licence="MIT",
        redistributable=True,
        citation="Cobbe et al. (2021). Training verifiers to solve math word problems. arXiv 2110.14168",
    ),
    to_item=_gsm8k_item,
    instruction="Solve this problem.",
    scorer=lambda card: number(),
)

MATHQA = TaskDefinition(
    card=TaskCard(
        name="mathqa",
        title="MathQA: word problems",
        description="Word problems of admission tests, with five options.",
        capability=Capability.REASONING,
        domain=Domain.MATH,
        task_type=TaskType.MATH,
        answer=AnswerKind.CHOICE,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=2985,
        options=5,
        sources=(
            Source(
                uri="hf://allenai/math_qa", note="no revision could be verified: the commit that was read is recorded"
            ),
        ),
        licence="Apache-2.0",
        redistributable=True,
        citation="Amini et al. (2019). MathQA. NAACL",
        errata=(
            "Known for wrong references; its train split is in FINDAP's training mix.",
            "Rows of a redistribution that kept no letter (242 of 2,985) are left out.",
        ),
    ),
    to_item=_mathqa_item,
    scorer=lambda card: choice(),
)

FINANCEMATH = TaskDefinition(
    card=TaskCard(
        name="financemath",
        title="FinanceMath",
        description="Textbook problems of finance that take knowledge of the field and a calculation.",
        capability=Capability.REASONING,
        domain=Domain.FINANCE,
        task_type=TaskType.MATH,
        answer=AnswerKind.NUMBER,
        exposure=Exposure.OWN,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=200,
        strata="topic",
        split="validation",
        sources=(
            Source(
                uri="hf://yale-nlp/FinanceMath",
                split="validation",
                note="no revision could be verified: the commit that was read is recorded",
            ),
            Source(
                uri="https://github.com/yale-nlp/FinanceMath",
                split="validation",
                note="data/validation.json; written one object a line it is the folder form; no commit verified",
            ),
        ),
        licence="MIT (hub card, unverified)",
        redistributable=False,
        citation="Zhao et al. (2024). FinanceMath. ACL. arXiv 2311.09797",
        errata=(
            "The references of the test split (1,000) are not public.",
            "Its own evaluation accepts 4 % off, either sign and some factors; here 1 %, the sign and the unit count.",
        ),
        generation=Generation(max_tokens_direct=32),
    ),
    to_item=_financemath_item,
    instruction="Solve this problem of finance.",
    scorer=lambda card: number(rel_tol=_FINANCEMATH_TOLERANCE),
)

DEFINITIONS = (GSM8K, MATHQA, FINANCEMATH)


@task
def gsm8k(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Grade-school word problems."""
    return GSM8K.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def mathqa(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Word problems of admission tests, with five options."""
    return MATHQA.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def financemath(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Textbook problems of finance with a number as the answer."""
    return FINANCEMATH.task(data=data, elicitation=elicitation, fewshot=fewshot)
