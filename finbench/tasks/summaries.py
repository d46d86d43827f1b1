"""Summaries of news, announcements and earnings calls, scored by ROUGE."""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai import Task, task

from finbench.card import Generation, Source, TaskCard
from finbench.data.items import Item
from finbench.data.rows import Row, RowError
from finbench.scoring.briefs import MAX_WORDS, brief
from finbench.scoring.figures import figures, readings
from finbench.scoring.text_scorers import summary
from finbench.tasks.definition import TaskDefinition
from finbench.tasks.layouts import fineval, flare_text, key_of
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType


def _news_item(row: Row) -> Item:
    return Item(body=f"Article: {flare_text(row)}", gold=row.text("answer").strip())


def _call_item(row: Row) -> Item:
    text = flare_text(row)
    return Item(body=f"Transcript:\n{text}", gold=_bullets(row, text), metadata={"document": key_of(text)})


def _bullets(row: Row, text: str) -> str:
    """The reference: the bullets themselves, or the sentences of the text that an extractive row marks with 1."""
    summary_field = row.get("summary")
    if isinstance(summary_field, str):
        return row.text("summary").strip()
    if summary_field is not None:
        return "\n".join(row.texts("summary"))
    marks, sentences = row["label"], text.split("\n")
    if not isinstance(marks, Sequence) or isinstance(marks, str) or len(marks) != len(sentences):
        raise RowError("should have a `summary`, or a `label` of 0 and 1 for each line of the text")
    chosen = [sentence.strip() for sentence, mark in zip(sentences, marks, strict=True) if mark == 1]
    if not chosen:
        raise RowError("marks no sentence of the text as its summary")
    return "\n".join(chosen)


def _brief_item(row: Row) -> Item:
    text = row.text("text").strip()
    known = readings(figures(text))
    facts = row["facts"]
    if not isinstance(facts, list) or not facts or not all(isinstance(fact, dict) for fact in facts):
        raise RowError("field 'facts' should be a list of objects with `what` and `figure`")
    key_figures: list[str] = []
    for fact in facts:
        means = readings(figures(str(fact.get("figure", ""))))
        if len(means) != 1 or not means <= known:
            raise RowError(f"field 'facts' holds {fact.get('figure')!r}, which is not one figure of the text")
        key_figures.extend(means)
    return Item(
        body=f"Text:\n{text}",
        gold=row.text("brief").strip(),
        metadata={
            "figures": " ".join(sorted(known)),
            "facts": " ".join(key_figures),
            **({"kind": row.text("kind")} if "kind" in row else {}),
        },
    )


EDTSUM = TaskDefinition(
    card=TaskCard(
        name="edtsum",
        title="EDTSum: headlines of news articles",
        description="Write the headline that sums up a news article or press release.",
        capability=Capability.TASKS,
        domain=Domain.FINANCE,
        task_type=TaskType.SUMMARY,
        answer=AnswerKind.SUMMARY,
        exposure=Exposure.SIMILAR,
        elicitation=Elicitation.DIRECT,
        metric="rouge1",
        items=2000,
        sources=(fineval("EDTSUM", "copy of ChanceFocus/flare-edtsum"),),
        licence="none stated",
        redistributable=False,
        citation="Zhou, Ma, Liu (2021). Trade the event. Findings of ACL. arXiv 2105.12825",
        errata=("Many references are boilerplate such as `Form 8.3 - X plc`.",),
        generation=Generation(max_tokens_direct=96),
    ),
    to_item=_news_item,
    instruction="Sum up this article in one sentence, as its headline would.",
    scorer=lambda card: summary(),
)

ECTSUM = TaskDefinition(
    card=TaskCard(
        name="ectsum",
        title="ECTSum: bullets of earnings calls",
        description="Sum up the transcript of an earnings call in a few short bullets.",
        capability=Capability.TASKS,
        domain=Domain.FINANCE,
        task_type=TaskType.SUMMARY,
        answer=AnswerKind.SUMMARY,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.DIRECT,
        metric="rouge1",
        items=495,
        cluster="document",
        sources=(fineval("ECTSUM", "copy of ZixuanKe/flare-ectsum, its column label_text named summary"),),
        licence="GPL-3.0 (repository); transcripts third-party",
        redistributable=False,
        citation="Mukherjee et al. (2022). ECTSum. EMNLP. arXiv 2210.12467",
        errata=("Transcripts are about 17,600 characters long: small context windows cut them.",),
        generation=Generation(max_tokens_direct=256),
    ),
    to_item=_call_item,
    instruction="Sum up this earnings call in two to six short bullet points, with the figures that matter most.",
    scorer=lambda card: summary(),
)

FIN_BRIEFS = TaskDefinition(
    card=TaskCard(
        name="fin_briefs",
        title="Briefs of finance texts",
        description="Sum up an announcement, report or news item in at most 40 words that hold its key figures.",
        capability=Capability.TASKS,
        domain=Domain.FINANCE,
        task_type=TaskType.SUMMARY,
        answer=AnswerKind.SUMMARY,
        exposure=Exposure.OWN,
        elicitation=Elicitation.DIRECT,
        metric="rouge1",
        items=110,
        strata="kind",
        items_sha256="541353b04385165b12d34f01530dff369a296688903781802c56a31766647ed1",
        sources=(Source(uri="package", note="written for finbench; train and test share no company"),),
        licence="Apache-2.0",
        redistributable=True,
        citation="finbench, finbench/data/embedded/fin_briefs/README.md",
        errata=("ROUGE counts words: a good brief in other words than the reference's scores less than 1.",),
        baselines={"first sentence": 0.185, "first 40 words": 0.382},
        generation=Generation(max_tokens_direct=128),
    ),
    to_item=_brief_item,
    instruction=f"Sum up this text in one or two sentences of at most {MAX_WORDS} words, with the figures that matter.",
    scorer=lambda card: brief(),
)

DEFINITIONS = (EDTSUM, ECTSUM, FIN_BRIEFS)


@task
def edtsum(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Headlines of news articles, by ROUGE-1."""
    return EDTSUM.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def ectsum(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Bullets of earnings calls, by ROUGE-1."""
    return ECTSUM.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def fin_briefs(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Briefs of finance texts, by ROUGE-1; whether the figures are those of the text is reported beside it.

    Args:
        data: a .jsonl file or a folder with test.jsonl, instead of the rows that ship.
        elicitation: `direct` or `cot`.
        fewshot: how many solved examples of the train split to show.
    """
    return FIN_BRIEFS.task(data=data, elicitation=elicitation, fewshot=fewshot)
