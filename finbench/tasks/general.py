"""General knowledge: what an adaptation to finance may have cost."""

from __future__ import annotations

from inspect_ai import Task, task

from finbench.card import Generation, Source, TaskCard
from finbench.data.items import Item
from finbench.data.rows import Row
from finbench.scoring.scorers import choice
from finbench.scoring.text_scorers import text
from finbench.tasks.definition import TaskDefinition
from finbench.tasks.layouts import hub_choice_item
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType


def _open_item(row: Row) -> Item:
    accepted = row.texts("answer")
    # one a line; an answer of several lines is written on one
    return Item(body=f"Question: {row.text('question')}", gold="\n".join(" ".join(one.split()) for one in accepted))


ARC_CHALLENGE = TaskDefinition(
    card=TaskCard(
        name="arc_challenge",
        title="ARC Challenge: science questions",
        description="Grade-school science that simple retrieval gets wrong; a guard of general knowledge.",
        capability=Capability.CONCEPTS,
        domain=Domain.GENERAL,
        task_type=TaskType.KNOWLEDGE,
        answer=AnswerKind.CHOICE,
        exposure=Exposure.OWN,
        elicitation=Elicitation.DIRECT,
        metric="accuracy",
        items=1172,
        options=4,
        items_sha256="6ad0e6485184ca653739dbb494d224387d038aed2787f10d7d2998980c3cf246",
        sources=(
            Source(
                uri="hf://allenai/ai2_arc",
                config="ARC-Challenge",
                note="no revision could be verified: the commit that was read is recorded",
            ),
            Source(
                uri="https://github.com/AGI-Edgerunners/LLM-Adapters",
                revision="70f57a3178ce0d19853b23dcec331ecf5f4d0d4f",
                note="dataset/ARC-Challenge/test.json; the folder form holds these rows",
            ),
        ),
        licence="CC-BY-SA-4.0",
        redistributable=True,
        citation="Clark et al. (2018). Think you have solved question answering? arXiv 1803.05457",
        errata=("7 of 1,172 questions have three or five options.",),
    ),
    to_item=hub_choice_item,
    scorer=lambda card: choice(),
)

ARC = TaskDefinition(
    card=TaskCard(
        name="arc",
        title="ARC: Challenge and Easy",
        description="Grade-school science questions, the hard and the easy ones together.",
        capability=Capability.CONCEPTS,
        domain=Domain.GENERAL,
        task_type=TaskType.KNOWLEDGE,
        answer=AnswerKind.CHOICE,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=3548,
        options=4,
        sources=(
            Source(
                uri="hf://allenai/ai2_arc",
                config="ARC-Challenge+ARC-Easy",
                items=3548,
                note="1,172 and 2,376 questions, test; no revision could be verified: the commit that was read is "
                "recorded",
            ),
        ),
        licence="CC-BY-SA-4.0",
        redistributable=True,
        citation="Clark et al. (2018). Think you have solved question answering? arXiv 1803.05457",
        errata=("Some questions have three or five options.", "Holds the items of arc_challenge."),
    ),
    to_item=hub_choice_item,
    scorer=lambda card: choice(),
)

MMLU = TaskDefinition(
    card=TaskCard(
        name="mmlu",
        title="MMLU: 57 subjects",
        description="School, university and professional knowledge from abstract algebra to world religions.",
        capability=Capability.CONCEPTS,
        domain=Domain.GENERAL,
        task_type=TaskType.KNOWLEDGE,
        answer=AnswerKind.CHOICE,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.COT,
        metric="accuracy",
        items=14042,
        options=4,
        strata="subject",
        folder="mmlu_general_sample",
        sources=(
            Source(
                uri="hf://cais/mmlu",
                config="all",
                note="no revision could be verified: the commit that was read is recorded",
            ),
            Source(
                uri="https://github.com/hendrycks/test",
                note="the original, no commit verified; the folder form holds 1,000 questions of the 50 other subjects "
                "(an unofficial set), from google-deepmind/opro at e81b2f573ce4e15755c70c2535279d6fb940b4b7",
            ),
        ),
        licence="MIT",
        redistributable=True,
        citation="Hendrycks et al. (2021). Measuring massive multitask language understanding. ICLR. arXiv 2009.03300",
        errata=("Its seven finance subjects are mmlu_finance: the two are not independent evidence.",),
    ),
    to_item=hub_choice_item,
    scorer=lambda card: choice(),
)

NQ_OPEN = TaskDefinition(
    card=TaskCard(
        name="nq_open",
        title="Natural Questions, open",
        description="Questions that people asked a search engine, with the short answers that count as right.",
        capability=Capability.CONCEPTS,
        domain=Domain.GENERAL,
        task_type=TaskType.OPEN_QA,
        answer=AnswerKind.TEXT,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.COT,
        metric="f1",
        items=3610,
        split="dev",
        items_sha256="858cb6b49595d19db9bb8f46ef8f1f57437299e57cf6242acde659d34cd87f14",
        sources=(
            Source(
                uri="hf://google-research-datasets/nq_open",
                config="nq_open",
                split="validation",
                note="the labelled split, named dev in the original; no revision could be verified: the commit that "
                "was read is recorded",
            ),
            Source(
                uri="https://github.com/google-research-datasets/natural-questions",
                split="dev",
                revision="fb26a3073b1fe636c97302890a27b491d6530130",
                note="nq_open/NQ-open.dev.jsonl; the folder form holds these rows",
            ),
        ),
        licence="CC-BY-SA-3.0",
        redistributable=True,
        citation="Lee, Chang, Toutanova (2019). Latent retrieval. ACL; Kwiatkowski et al. (2019). TACL",
        errata=(
            "FINDAP gives 7,842 items; the official dev split has 3,610.",
            "Answers were true when the questions were asked, in 2017 and 2018.",
        ),
        generation=Generation(max_tokens_direct=32),
    ),
    to_item=_open_item,
    instruction="Answer this question from general knowledge.",
    scorer=lambda card: text(),
)

DEFINITIONS = (ARC_CHALLENGE, ARC, MMLU, NQ_OPEN)


@task
def arc_challenge(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """ARC Challenge: science questions, as a guard of general knowledge.

    Args:
        data: a .jsonl file or a folder with test.jsonl.
        elicitation: `direct` or `cot`.
        fewshot: how many solved examples of a train or dev split to show.
    """
    return ARC_CHALLENGE.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def arc(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """ARC, Challenge and Easy together."""
    return ARC.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def mmlu(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """MMLU, all subjects."""
    return MMLU.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def nq_open(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Open questions with short answers, scored by word F1 and exact match."""
    return NQ_OPEN.task(data=data, elicitation=elicitation, fewshot=fewshot)
