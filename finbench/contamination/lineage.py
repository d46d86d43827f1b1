"""Source lineage: which named training sets hold the source of which task, as data in lineage.yaml.

N-grams see what is the same on the page. A name tells more: that a task's test rows are a random part of a set that a
recipe trains on, before anyone has its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from finbench.contamination.tokens import words
from finbench.errors import InputError

Relation = Literal["same rows", "same corpus", "same documents", "subset", "same family"]


class Holding(BaseModel):
    """What a training set has to do with a task.

    Attributes:
        checked: whether it was counted on the rows of both; else it follows from how they were made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    relation: Relation
    extent: str
    evidence: str
    checked: bool = False


class TrainingSet(BaseModel):
    """A training set that holds sources of tasks.

    Attributes:
        match: a name that holds the words of any of these in a row is taken for this set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    url: str
    match: tuple[str, ...] = Field(min_length=1)
    holds: tuple[Holding, ...] = Field(min_length=1)

    def is_named(self, name: str) -> bool:
        """Whether a name means this set."""
        said = f" {' '.join(words(name))} "
        return any(f" {' '.join(words(phrase))} " in said for phrase in self.match)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A named training set holds the source of a task.

    Attributes:
        named: the name as it was given.
        known_as: the set that it is taken for.
    """

    named: str
    known_as: str
    holding: Holding

    @property
    def sentence(self) -> str:
        """The notice for people."""
        one = self.holding
        counted = "counted" if one.checked else "not counted on rows"
        return f"{self.named} ({self.known_as}) and task '{one.task}': {one.relation}; {one.extent} ({counted})"

    def as_json(self) -> dict[str, Any]:
        """The notice as JSON values."""
        return {"named": self.named, "known_as": self.known_as, **self.holding.model_dump()}


@cache
def lineage() -> tuple[TrainingSet, ...]:
    """The table, in the file's order."""
    text = resources.files("finbench.contamination").joinpath("lineage.yaml").read_text(encoding="utf-8")
    return tuple(TrainingSet(**fields) for fields in yaml.safe_load(text))


def notices(names: Iterable[str], tasks: Sequence[str] | None = None) -> list[Notice]:
    """What the names of training sets tell of tasks, without looking at rows.

    Args:
        names: as a recipe, a model card or a folder has them.
        tasks: only these tasks; all by default.
    """
    return [
        Notice(named=name, known_as=known.name, holding=holding)
        for name in dict.fromkeys(names)
        for known in lineage()
        if known.is_named(name)
        for holding in known.holds
        if tasks is None or holding.task in tasks
    ]


_REVISION = re.compile(r"@[0-9a-f]{7,40}\Z")
#: Keys of a recipe or a model's description below which training sets are named.
_NAMING = frozenset({"data", "training_data", "train_data", "datasets", "sources"})


def names_in(path: Path) -> list[str]:
    """The training sets that a recipe or a submission's model.yaml names.

    Raises:
        InputError: if the file cannot be read as YAML.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        raise InputError(f"{path} cannot be read as YAML; pass a recipe, a model.yaml or names of sets") from None
    return list(dict.fromkeys(_named(found, below=False)))


def _named(value: Any, *, below: bool) -> Iterable[str]:
    if isinstance(value, str):
        if below:
            yield _REVISION.sub("", value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _named(inner, below=below or key in _NAMING)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner, below=below)
