"""Common sense, asked by multiple choice: sets of the hub, read on their labelled splits."""

from __future__ import annotations

from inspect_ai import Task, task

from finbench.card import Source, TaskCard
from finbench.data.items import Item
from finbench.data.rows import Row, RowError
from finbench.scoring.scorers import choice
from finbench.tasks.definition import TaskDefinition
from finbench.tasks.layouts import choice_item, hub_choice_item, label_index, options_item
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType


def _social_item(row: Row) -> Item:
    if "answerA" not in row:
        return choice_item(row)
    options = [row.text(f"answer{letter}") for letter in "ABC"]
    return options_item(f"{row.text('context')} {row.text('question')}", options, label_index(row, "label", 3, 1))


def _hellaswag_item(row: Row) -> Item:
    if "endings" not in row:
        return choice_item(row)
    endings = row.texts("endings")
    begun = row.text("ctx")
    if row.get("activity_label"):
        begun = f"{row.text('activity_label')}: {begun}"
    return options_item(begun, endings, label_index(row, "label", len(endings), 0))


def _winogrande_item(row: Row) -> Item:
    if "option1" not in row:
        return choice_item(row)
    sentence = row.text("sentence")
    if "_" not in sentence:
        raise RowError("field 'sentence' should have a blank `_`")
    return options_item(sentence, [row.text("option1"), row.text("option2")], label_index(row, "answer", 2, 1))


def _piqa_item(row: Row) -> Item:
    if "sol1" not in row:
        return choice_item(row)
    return options_item(row.text("goal"), [row.text("sol1"), row.text("sol2")], label_index(row, "label", 2, 0))


OPENBOOKQA = TaskDefinition(
    card=TaskCard(
        name="openbookqa",
        title="OpenBookQA",
        description="Elementary science facts applied to everyday situations.",
        capability=Capability.REASONING,
        domain=Domain.GENERAL,
        task_type=TaskType.COMMONSENSE,
        answer=AnswerKind.CHOICE,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=500,
        options=4,
        items_sha256="0d05f6422251fcafbb7903e3b84f38e34aa88ad4ed11ff55bb6e72c9ce22a0e5",
        sources=(
            Source(
                uri="hf://allenai/openbookqa",
                config="main",
                note="no revision could be verified: the commit that was read is recorded",
            ),
            Source(
                uri="https://github.com/AGI-Edgerunners/LLM-Adapters",
                revision="70f57a3178ce0d19853b23dcec331ecf5f4d0d4f",
                note="dataset/openbookqa/test.json; the folder form holds these rows",
            ),
        ),
        licence="Apache-2.0",
        redistributable=True,
        citation="Mihaylov et al. (2018). Can a suit of armor conduct electricity? EMNLP",
    ),
    to_item=hub_choice_item,
    instruction="Which option answers the question or completes the sentence best?",
    scorer=lambda card: choice(),
)

SOCIAL_IQA = TaskDefinition(
    card=TaskCard(
        name="social_iqa",
        title="Social IQa",
        description="What people feel, want and do next in everyday situations.",
        capability=Capability.REASONING,
        domain=Domain.GENERAL,
        task_type=TaskType.COMMONSENSE,
        answer=AnswerKind.CHOICE,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=1954,
        options=3,
        split="validation",
        sources=(
            Source(
                uri="hf://allenai/social_i_qa",
                split="validation",
                note="the labelled split; no revision could be verified: the commit that was read is recorded",
            ),
        ),
        licence="unclear",
        redistributable=False,
        citation="Sap et al. (2019). Social IQa. EMNLP. arXiv 1904.09728",
        errata=("FINDAP gives 2,636 items, which is no split of this set.",),
    ),
    to_item=_social_item,
    scorer=lambda card: choice(),
)

HELLASWAG = TaskDefinition(
    card=TaskCard(
        name="hellaswag",
        title="HellaSwag",
        description="Which of four sentences goes on with a described scene?",
        capability=Capability.REASONING,
        domain=Domain.GENERAL,
        task_type=TaskType.COMMONSENSE,
        answer=AnswerKind.CHOICE,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=10042,
        options=4,
        split="validation",
        sources=(
            Source(
                uri="hf://Rowan/hellaswag",
                split="validation",
                note="the labelled split; no revision could be verified: the commit that was read is recorded",
            ),
        ),
        licence="MIT",
        redistributable=True,
        citation="Zellers et al. (2019). HellaSwag. ACL. arXiv 1905.07830",
        errata=(
            "FINDAP's size (10,003) is that of the unlabelled test split; the labelled split is what can be scored.",
            "Asked as a question with four options, not by the likelihood of each ending as is usual for base models.",
        ),
    ),
    to_item=_hellaswag_item,
    instruction="Which option continues this text best?",
    scorer=lambda card: choice(),
)

WINOGRANDE = TaskDefinition(
    card=TaskCard(
        name="winogrande",
        title="WinoGrande",
        description="Which of two names fits the blank of a sentence?",
        capability=Capability.REASONING,
        domain=Domain.GENERAL,
        task_type=TaskType.COMMONSENSE,
        answer=AnswerKind.CHOICE,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=1267,
        options=2,
        split="validation",
        sources=(
            Source(
                uri="hf://allenai/winogrande",
                config="winogrande_xl",
                split="validation",
                note="the labelled split; no revision could be verified: the commit that was read is recorded",
            ),
        ),
        licence="CC-BY",
        redistributable=True,
        citation="Sakaguchi et al. (2020). WinoGrande. AAAI. arXiv 1907.10641",
        errata=("FINDAP's size (1,767) is that of the unlabelled test split; the labelled split can be scored.",),
    ),
    to_item=_winogrande_item,
    instruction="Which option fits the blank in this sentence?",
    scorer=lambda card: choice(),
)

PIQA = TaskDefinition(
    card=TaskCard(
        name="piqa",
        title="PIQA",
        description="Which of two ways reaches an everyday goal?",
        capability=Capability.REASONING,
        domain=Domain.GENERAL,
        task_type=TaskType.COMMONSENSE,
        answer=AnswerKind.CHOICE,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=1838,
        options=2,
        split="validation",
        sources=(
            Source(
                uri="hf://ybisk/piqa",
                split="validation",
                note="the labelled split; no revision could be verified: the commit that was read is recorded",
            ),
        ),
        licence="AFL-3.0",
        redistributable=False,
        citation="Bisk et al. (2020). PIQA. AAAI. arXiv 1911.11641",
        errata=("FINDAP's size (about 3,000) is near the unlabelled test split; the labelled split can be scored.",),
    ),
    to_item=_piqa_item,
    instruction="Which option is the better way to reach this goal?",
    scorer=lambda card: choice(),
)

DEFINITIONS = (OPENBOOKQA, SOCIAL_IQA, HELLASWAG, WINOGRANDE, PIQA)


@task
def openbookqa(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Elementary science facts in everyday situations."""
    return OPENBOOKQA.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def social_iqa(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """What people feel, want and do next."""
    return SOCIAL_IQA.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def hellaswag(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """The best continuation of a scene."""
    return HELLASWAG.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def winogrande(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """The name that fits a blank."""
    return WINOGRANDE.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def piqa(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """The better of two ways to an everyday goal."""
    return PIQA.task(data=data, elicitation=elicitation, fewshot=fewshot)
