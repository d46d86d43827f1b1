"""Answer extraction and scoring.

The four extractors read what a model finally answered; the policy is in docs/scoring.md. They need nothing but the
standard library. The Inspect scorers built on them are in `finbench.scoring.scorers`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from finbench.scoring.choice import extract_choice
    from finbench.scoring.entities import extract_entities
    from finbench.scoring.label import extract_label
    from finbench.scoring.number import Number, extract_number
    from finbench.scoring.outcome import Extraction, Outcome

__all__ = [
    "Extraction",
    "Number",
    "Outcome",
    "extract_choice",
    "extract_entities",
    "extract_label",
    "extract_number",
]

_HOMES = {
    "Extraction": "outcome",
    "Number": "number",
    "Outcome": "outcome",
    "extract_choice": "choice",
    "extract_entities": "entities",
    "extract_label": "label",
    "extract_number": "number",
}


def __getattr__(name: str) -> Any:
    """Load an extractor when it is asked for: their patterns take a while to compile, and most readers need none."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
