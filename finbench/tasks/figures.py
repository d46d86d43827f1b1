"""Questions on short passages and tables in the style of filings, each answered by one number."""

from __future__ import annotations

from inspect_ai import Task, task

from finbench.card import Generation, Source, TaskCard
from finbench.data.items import Item
from finbench.data.rows import Row, RowError
from finbench.generated.expressions import ExpressionError, evaluate
from finbench.scoring.number_patterns import FACTORS
from finbench.scoring.scorers import number
from finbench.tasks.definition import TaskDefinition
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType

#: Accepted beside the rounding that is asked for, as a share of the reference: an unrounded result is no mistake.
TOLERANCE = 0.002
_MOST_DECIMALS = 6


def _figures_item(row: Row) -> Item:
    answer, decimals = row.number("answer"), row.index("decimals", _MOST_DECIMALS + 1)
    derivation, question = row.text("derivation"), row.text("question")
    try:
        derived = evaluate(derivation)
    except ExpressionError as error:
        raise RowError(f"has a derivation that cannot be computed: {error}") from None
    if abs(derived - answer) > 0.5 * 10.0**-decimals + 1e-9:
        raise RowError(f"has the answer {answer} and a derivation that comes to {derived:.10g}")
    gold = f"{answer:.{decimals}f}"
    return Item(
        body=f"{row.text('passage')}\n\nQuestion: {question}",
        gold=gold,
        solution=f"{derivation} = {gold}" if derivation.lstrip("-") != gold.lstrip("-") else "",
        metadata={
            "question": question,
            "unit": row.one_of("unit", tuple(FACTORS)),
            **{key: row.text(key) for key in ("kind", "style") if key in row},
        },
    )


FIN_FIGURES = TaskDefinition(
    card=TaskCard(
        name="fin_figures",
        title="Figures in finance texts",
        description="One number, read from a short passage or table or computed from it, in the unit asked for.",
        capability=Capability.REASONING,
        domain=Domain.FINANCE,
        task_type=TaskType.TABLE_QA,
        answer=AnswerKind.NUMBER,
        exposure=Exposure.OWN,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=136,
        strata="kind",
        items_sha256="6bb5e641a0457f54ed9bd3d7b80fe2f94e6289ac549f4236d4c87ba155b0254a",
        sources=(
            Source(
                uri="package",
                note="written for finbench; accuracy of replies without a model: first number of the passage 0.01, "
                "last 0.00, largest 0.00, the most frequent reference 0.01",
            ),
        ),
        licence="Apache-2.0",
        redistributable=True,
        citation="finbench, finbench/data/embedded/fin_figures/README.md",
        errata=("0.2 % off is accepted beside the asked rounding, so that an unrounded result counts.",),
        generation=Generation(max_tokens_direct=32),
    ),
    to_item=_figures_item,
    instruction="Answer the question on this passage.",
    scorer=lambda card: number(rel_tol=TOLERANCE),
)

DEFINITIONS = (FIN_FIGURES,)


@task
def fin_figures(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """One number from a short passage or table, read or computed.

    Args:
        data: a .jsonl file or a folder with test.jsonl, instead of the rows that ship.
        elicitation: `direct` or `cot`.
        fewshot: how many solved examples of the train split to show.
    """
    return FIN_FIGURES.task(data=data, elicitation=elicitation, fewshot=fewshot)
