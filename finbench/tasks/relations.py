"""Relations between companies, persons and products in finance texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inspect_ai import Task, task

from finbench.card import Generation, Source, TaskCard
from finbench.data.items import Item
from finbench.data.rows import Row, RowError
from finbench.scoring.relations import relation_key
from finbench.scoring.relations_scorer import relations
from finbench.tasks.definition import TaskDefinition
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType

#: FinRED's relations as its files spell them.
RELATIONS = (
    "brand",
    "business_division",
    "chairperson",
    "chief_executive_officer",
    "creator",
    "currency",
    "developer",
    "director_/_manager",
    "distributed_by",
    "distribution_format",
    "employer",
    "founded_by",
    "headquarters_location",
    "industry",
    "legal_form",
    "location_of_formation",
    "manufacturer",
    "member_of",
    "operator",
    "original_broadcaster",
    "owned_by",
    "owner_of",
    "parent_organization",
    "platform",
    "position_held",
    "product_or_material_produced",
    "publisher",
    "stock_exchange",
    "subsidiary",
)
_BY_KEY = {relation_key(name): name for name in RELATIONS}


def _relations_item(row: Row) -> Item:
    text = row.text("text" if "text" in row else "sentence").strip()
    triplets = [_triplet(one) for one in _given(row)]
    return Item(body=f"Text: {text}", gold="\n".join(dict.fromkeys(triplets)))


def _given(row: Row) -> Sequence[Any]:
    """The triplets of a row: a list in `triplets`, FinRED's own line with bars, or `entities` beside `relations`."""
    if "triplets" in row:
        value = row["triplets"]
        if isinstance(value, str):
            return [part for part in value.split(" | ") if part.strip()]
        if isinstance(value, Sequence):
            return value
        raise RowError("field 'triplets' should be a list, or a text with ` | ` between triplets")
    pairs, names = row["entities"], row["relations"]
    if not isinstance(pairs, list) or not isinstance(names, list) or len(pairs) != len(names):
        raise RowError("should have as many pairs in 'entities' as names in 'relations'")
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise RowError("field 'entities' should hold pairs of head and tail")
    return [[*pair, name] for pair, name in zip(pairs, names, strict=True)]


def _triplet(value: Any) -> str:
    if isinstance(value, str):
        value = value.split(" ; ")
    if isinstance(value, Mapping):
        value = [value.get("head"), value.get("tail"), value.get("relation")]
    if (
        not isinstance(value, Sequence)
        or len(value) != 3
        or not all(isinstance(one, str) and one.strip() for one in value)
    ):
        raise RowError("field 'triplets' should hold triplets of head, tail and relation")
    head, tail, name = (" ".join(one.split()) for one in value)
    known = _BY_KEY.get(relation_key(name))
    if known is None:
        raise RowError(f"field 'triplets' has the relation {name!r}, which is none of FinRED's {len(RELATIONS)}")
    if any(" ; " in one for one in (head, tail)):
        raise RowError("field 'triplets' has a name with ` ; ` in it, which separates the parts")
    return f"{head} ; {tail} ; {known}"


FINRED = TaskDefinition(
    card=TaskCard(
        name="finred",
        title="FinRED: relations between companies",
        description="Which relations hold between the companies, persons, places and products that a text names?",
        capability=Capability.TASKS,
        domain=Domain.FINANCE,
        task_type=TaskType.RELATIONS,
        answer=AnswerKind.RELATIONS,
        exposure=Exposure.OWN,
        elicitation=Elicitation.DIRECT,
        metric="entity_f1",
        items=1068,
        labels=dict.fromkeys(RELATIONS),
        sources=(
            Source(
                uri="https://github.com/soummyaah/FinRED",
                note="the repository links to the files and does not hold them, so that no revision pins them; the "
                "folder form has `text` and `triplets`, a list of [head, tail, relation]",
            ),
        ),
        licence="unclear",
        redistributable=False,
        citation="Sharma et al. (2022). FinRED. WWW companion",
        errata=(
            "Labelled by distant supervision from Wikidata: relations that the text does not state, and gaps, occur.",
            "entity_f1 is here F1 over triplets: head, tail and relation have to be right, in their direction.",
        ),
        generation=Generation(max_tokens_direct=256),
    ),
    to_item=_relations_item,
    instruction="Which relations between two of the names in this text does it state?",
    scorer=lambda card: relations(list(card.labels or ())),
)

DEFINITIONS = (FINRED,)


@task
def finred(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Relations between companies, persons and products, by F1 over triplets."""
    return FINRED.task(data=data, elicitation=elicitation, fewshot=fewshot)
