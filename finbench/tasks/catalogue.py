"""The map of the benchmark: every card by name, the definitions that run, and the suites."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from finbench.card import TaskCard
from finbench.errors import InputError
from finbench.tasks import (
    chat,
    claims,
    commonsense,
    concepts,
    entities,
    exams,
    figures,
    following,
    general,
    generated,
    mathematics,
    movement,
    news,
    openqa,
    relations,
    risk,
    sentiment,
    stance,
    summaries,
    tables,
)
from finbench.tasks.definition import TaskDefinition
from finbench.taxonomy import Capability, Exposure

#: The modules that hold tasks, one a family; each lists its own in `DEFINITIONS`.
FAMILIES = (
    concepts,
    general,
    mathematics,
    commonsense,
    exams,
    tables,
    sentiment,
    stance,
    news,
    entities,
    figures,
    summaries,
    movement,
    risk,
    claims,
    following,
    openqa,
    relations,
    chat,
    generated,
)

DEFINITIONS: dict[str, TaskDefinition] = {
    definition.card.name: definition for family in FAMILIES for definition in family.DEFINITIONS
}

CARDS: dict[str, TaskCard] = {
    card.name: card
    for card in sorted((definition.card for definition in DEFINITIONS.values()), key=lambda card: card.name)
}

#: Options that a suite gives to a task instead of the card's.
SUITE_OPTIONS: dict[str, dict[str, dict[str, str]]] = {}

_QUICK = ("fin_tone", "fin_terms")
_GENERATED = ("fin_calc", "fin_sums")


def suites() -> dict[str, tuple[str, ...]]:
    """Task names of each suite: quick, similar, novel, findap, generated, full, and each capability."""
    implemented = [card for card in CARDS.values() if card.implemented]
    found = {
        "quick": _QUICK,
        "similar": tuple(card.name for card in implemented if card.exposure is Exposure.SIMILAR),
        "novel": tuple(card.name for card in implemented if card.exposure is Exposure.NOVEL),
        "findap": tuple(card.name for card in implemented if card.exposure is not Exposure.OWN),
        "generated": _GENERATED,
        "full": tuple(card.name for card in implemented),
    }
    for capability in Capability:
        found[capability.value] = tuple(card.name for card in implemented if card.capability is capability)
    return found


def card(name: str) -> TaskCard:
    """The card of a task.

    Raises:
        InputError: if there is no such task; names the nearest ones.
    """
    known = CARDS.get(name.removeprefix("finbench/"))
    if known is None:
        near = get_close_matches(name, CARDS, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "see `finbench tasks`"
        raise InputError(f"there is no task '{name}'; {hint}")
    return known


def definition(name: str) -> TaskDefinition:
    """The definition of a task that runs.

    Raises:
        InputError: if there is no such task, or only its card.
    """
    known = card(name)
    if known.name not in DEFINITIONS:
        raise InputError(f"task '{known.name}' has a card but does not run yet: {known.not_implemented}")
    return DEFINITIONS[known.name]


def resolve(*, suite: str | None = None, tasks: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of the tasks of a suite, or of a list, each once and in order.

    Raises:
        InputError: if a suite or task is unknown or does not run, or nothing is named.
    """
    names: list[str] = []
    if suite is not None:
        known = suites()
        if suite not in known:
            raise InputError(f"there is no suite '{suite}'; there are {', '.join(known)}")
        names.extend(known[suite])
    names.extend(definition(name).card.name for name in tasks)
    if not names:
        raise InputError("no tasks are named; use --suite quick or --tasks fin_tone,fin_terms (see `finbench tasks`)")
    return tuple(dict.fromkeys(names))
