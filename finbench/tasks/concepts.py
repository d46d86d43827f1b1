"""Knowledge of finance concepts, asked by multiple choice."""

from __future__ import annotations

from inspect_ai import Task, task

from finbench.card import FINEVAL_REVISION, Source, TaskCard
from finbench.data.items import Item
from finbench.data.rows import Row
from finbench.scoring.scorers import choice
from finbench.tasks.definition import TaskDefinition
from finbench.tasks.layouts import choice_item, fineval_choice_item, hub_choice_item
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType

#: The subjects of MMLU that make up MMLU-Finance, with the number of their test questions.
SUBJECTS = {
    "business_ethics": 100,
    "econometrics": 114,
    "high_school_macroeconomics": 390,
    "high_school_microeconomics": 238,
    "management": 103,
    "marketing": 234,
    "professional_accounting": 282,
}


def _finance_item(row: Row) -> Item:
    return fineval_choice_item(row) if "question_text" in row else hub_choice_item(row)


FIN_TERMS = TaskDefinition(
    card=TaskCard(
        name="fin_terms",
        title="Finance concepts",
        description="Multiple-choice questions on concepts of finance, accounting and economics.",
        capability=Capability.CONCEPTS,
        domain=Domain.FINANCE,
        task_type=TaskType.KNOWLEDGE,
        answer=AnswerKind.CHOICE,
        exposure=Exposure.OWN,
        elicitation=Elicitation.DIRECT,
        metric="accuracy",
        items=160,
        options=4,
        strata="area",
        items_sha256="139cab3e790512d3e4d9405c86937bebe052bd87f5ff9693f1cf14dbb29fecd2",
        sources=(Source(uri="package", note="written for finbench"),),
        licence="Apache-2.0",
        redistributable=True,
        citation="finbench, finbench/data/embedded/fin_terms/README.md",
    ),
    to_item=choice_item,
    scorer=lambda card: choice(),
)

MMLU_FINANCE = TaskDefinition(
    card=TaskCard(
        name="mmlu_finance",
        title="MMLU, the seven finance subjects",
        description="Business ethics, econometrics, macro- and microeconomics, management, marketing, accounting.",
        capability=Capability.CONCEPTS,
        domain=Domain.FINANCE,
        task_type=TaskType.KNOWLEDGE,
        answer=AnswerKind.CHOICE,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.DIRECT,
        metric="accuracy",
        items=1461,
        options=4,
        strata="subject",
        items_sha256="b3e9d9f06d83f3f0b384d0b97392ba961fe79eeb05ce4b40f5e95b15ef478dab",
        sources=(
            Source(
                uri="hf://Salesforce/FinEval",
                config="MMLU-finance",
                revision=FINEVAL_REVISION,
                note="columns question_text, answer (a number), answer_text: read where the options stand in the "
                "question, else refused; FINDAP counts 1,460",
            ),
            Source(
                uri="hf://cais/mmlu",
                config="+".join(SUBJECTS),
                items=1461,
                note="the seven subjects in the general home of MMLU; no revision could be verified: the commit that "
                "was read is recorded",
            ),
            Source(
                uri="https://github.com/hendrycks/test",
                note="the original: seven of the 57 subjects, test split, no commit verified; the folder form holds "
                "them, from the copy in google-deepmind/opro at e81b2f573ce4e15755c70c2535279d6fb940b4b7",
            ),
        ),
        licence="MIT",
        redistributable=True,
        citation="Hendrycks et al. (2021). Measuring massive multitask language understanding. ICLR. arXiv 2009.03300",
        errata=("A subset of MMLU: the two are not independent evidence.",),
    ),
    to_item=_finance_item,
    scorer=lambda card: choice(),
)

DEFINITIONS = (FIN_TERMS, MMLU_FINANCE)


@task
def fin_terms(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Multiple-choice questions on finance concepts.

    Args:
        data: a .jsonl file or a folder with test.jsonl, instead of the rows that ship.
        elicitation: `direct` or `cot`.
        fewshot: how many solved examples of the dev split to show.
    """
    return FIN_TERMS.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def mmlu_finance(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """MMLU, the seven subjects of finance and business.

    Args:
        data: a .jsonl file or a folder with test.jsonl.
        elicitation: `direct` or `cot`.
        fewshot: how many solved examples of a train or dev split to show.
    """
    return MMLU_FINANCE.task(data=data, elicitation=elicitation, fewshot=fewshot)
