"""News of companies and markets: deals, ESG issues, headlines on the price of gold."""

from __future__ import annotations

import re

from inspect_ai import Task, task

from finbench.card import Generation, Source, TaskCard
from finbench.data.items import Item
from finbench.data.rows import Row, RowError
from finbench.scoring.free_text import LIST_SEPARATOR
from finbench.scoring.row_labels import row_label
from finbench.scoring.scorers import label
from finbench.tasks.definition import TaskDefinition
from finbench.tasks.layouts import fineval, flare_label, flare_text, key_of, labelled_text
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType

DEALS = ("rumour", "complete")
YES_NO = ("Yes", "No")
ISSUES = 33

#: What each label of the gold headlines stands for, by its letters; two spellings of the corpus are in use.
_QUESTIONS = {
    "priceornot": "Does this headline speak of the price of gold?",
    "directionup": "Does this headline say that the price of gold goes or went up?",
    "directionconstant": "Does this headline say that the price of gold stays or stayed constant?",
    "directiondown": "Does this headline say that the price of gold goes or went down?",
    "pastprice": "Does this headline tell of a past price of gold?",
    "futureprice": "Does this headline tell of a future price of gold?",
    "pastnews": "Does this headline tell of a past event other than prices?",
    "futurenews": "Does this headline tell of a future event other than prices?",
    "assetcomparison": "Does this headline compare gold with another asset?",
}
_SPELLINGS = {
    "assetcomparision": "assetcomparison",
    "priceup": "directionup",
    "pricestable": "directionconstant",
    "priceconstant": "directionconstant",
    "pricedown": "directiondown",
    "pastgeneral": "pastnews",
    "futuregeneral": "futurenews",
    "pastinformation": "pastnews",
    "futureinformation": "futurenews",
}


def _issue_item(row: Row) -> Item:
    labels = tuple(dict.fromkeys(name.strip() for name in row.texts("choices")))
    if len(labels) != ISSUES or any(LIST_SEPARATOR in name for name in labels):
        raise RowError(f"field 'choices' should hold the {ISSUES} issues, got {len(labels)}")
    # their order says nothing; sorted, every item is asked in the same words
    ordered = sorted(labels)
    return Item(
        body=f"Article: {flare_text(row)}",
        gold=flare_label(row, labels),
        metadata={"labels": LIST_SEPARATOR.join(ordered)},
    )


def _headline_item(row: Row) -> Item:
    kind = row.text("label_type")
    letters_only = re.sub(r"[^a-z]", "", kind.lower())
    question = _QUESTIONS.get(_SPELLINGS.get(letters_only, letters_only))
    if question is None:
        raise RowError(f"field 'label_type' holds {kind!r}, expected one of the nine, such as 'Direction Up'")
    headline = flare_text(row)
    return Item(
        body=f"{question}\nHeadline: {headline}",
        gold=flare_label(row, YES_NO),
        metadata={"headline": key_of(headline), "label_type": kind},
    )


MA = TaskDefinition(
    card=TaskCard(
        name="ma",
        title="M&A: rumour or complete",
        description="Did the deal that an article or tweet speaks of come about, or did it remain a rumour?",
        capability=Capability.TASKS,
        domain=Domain.FINANCE,
        task_type=TaskType.DEALS,
        answer=AnswerKind.LABEL,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.DIRECT,
        metric="macro_f1",
        items=500,
        labels=dict.fromkeys(DEALS),
        sources=(fineval("MA", "copy of TheFinAI/flare-ma"),),
        licence="unclear",
        redistributable=False,
        citation="Yang et al. (2020). Generating plausible counterfactual explanations. COLING",
    ),
    to_item=labelled_text(DEALS, "Text"),
    instruction="Was the merger or acquisition in this text completed, or did it remain a rumour?",
    scorer=lambda card: label(list(card.labels or ())),
)

MLESG = TaskDefinition(
    card=TaskCard(
        name="mlesg",
        title="ML-ESG: ESG issue of a news article",
        description="Which of the 33 key issues of MSCI is an article about?",
        capability=Capability.TASKS,
        domain=Domain.FINANCE,
        task_type=TaskType.ESG,
        answer=AnswerKind.LABEL,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.DIRECT,
        metric="accuracy",
        items=300,
        options=ISSUES,
        sources=(fineval("MLESG", "copy of TheFinAI/flare-mlesg; the labels are those of its column `choices`"),),
        licence="unclear",
        redistributable=False,
        citation="Chen et al. (2023). Multi-lingual ESG issue identification. FinNLP",
        errata=("The original prompt also asks for a rationale; here only the label is asked for.",),
        generation=Generation(max_tokens_direct=32),
    ),
    to_item=_issue_item,
    instruction="Which ESG issue is this news article about most of all?",
    scorer=lambda card: row_label(),
)

HEADLINES = TaskDefinition(
    card=TaskCard(
        name="headlines",
        title="Headlines: claims on the price of gold",
        description="Nine yes-or-no questions on each headline: price, direction, past or future, comparison.",
        capability=Capability.TASKS,
        domain=Domain.FINANCE,
        task_type=TaskType.HEADLINES,
        answer=AnswerKind.LABEL,
        exposure=Exposure.OWN,
        elicitation=Elicitation.DIRECT,
        metric="macro_f1",
        items=20097,
        dropped=441,
        labels=dict.fromkeys(YES_NO),
        cluster="headline",
        strata="label_type",
        sources=(
            Source(
                uri="hf://TheFinAI/flare-headlines",
                items=20538,
                note="one question a row, nine of each of 2,282 headlines; no revision could be verified: the commit "
                "that was read is recorded",
            ),
        ),
        licence="CC-BY-SA-3.0 (unverified)",
        redistributable=False,
        citation="Sinha, Khandait (2021). Impact of news on the commodity market. arXiv 2009.04202",
        errata=(
            "49 headlines occur twice in the test split: their 441 questions are dropped, if both copies agree (not "
            "measured on the hub's rows).",
            "FutureNews is Yes for 0.7 % of the headlines.",
        ),
    ),
    to_item=_headline_item,
    scorer=lambda card: label(list(card.labels or ())),
)

DEFINITIONS = (MA, MLESG, HEADLINES)


@task
def ma(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Was a deal completed, or did it remain a rumour?"""
    return MA.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def mlesg(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """The ESG issue of a news article, of 33."""
    return MLESG.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def headlines(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """What a headline says of the price of gold: nine yes-or-no questions each."""
    return HEADLINES.task(data=data, elicitation=elicitation, fewshot=fewshot)
