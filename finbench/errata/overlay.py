"""The known wrong references of a task, read from `<task>.yaml` beside this module.

An overlay changes no rows: a set keeps its ids, its fingerprint and its published score. What it says is applied to
results (`finbench.errata.rescoring`), so that both scores come out of one run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from finbench.errors import InputError


class Erratum(BaseModel):
    """One wrong reference.

    Attributes:
        id: the item's id, which hashes question, options and the wrong reference: it can mean no other item.
        row: the row's name in the original, for readers.
        wrong: what is wrong with the reference.
        gold: the right reference, in the form of the task's references; None where the item is left out.
        exclude: leave the item out, where no reference would be right.
        evidence: what shows it; figures and words of the item itself, or a public report.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*-[0-9a-f]{16}$")
    row: str = Field(min_length=1)
    wrong: str = Field(min_length=10)
    gold: str | None = None
    exclude: bool = False
    evidence: str = Field(min_length=20)

    @model_validator(mode="after")
    def _corrects_or_excludes(self) -> Erratum:
        if (self.gold is None) is not self.exclude:
            raise ValueError(f"{self.id}: an erratum has either a corrected `gold` or `exclude: true`")
        return self


def overlay(task: str) -> Mapping[str, Erratum]:
    """The errata of a task by item id; empty where none are known.

    Raises:
        InputError: if the task's file is damaged.
    """
    return _read(_folder() / f"{task}.yaml")


def tasks_with_errata() -> tuple[str, ...]:
    """Names of the tasks that have errata, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def overlay_version(task: str) -> str | None:
    """Twelve hex digits that stand for the errata of a task as they are now; None where there are none."""
    known = overlay(task)
    if not known:
        return None
    said = "\n".join(f"{one.id}\t{one.gold}" for one in sorted(known.values(), key=lambda one: one.id))
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def _folder() -> Path:
    return Path(str(resources.files("finbench.errata")))


@cache
def _read(path: Path) -> Mapping[str, Erratum]:
    if not path.is_file():
        return {}
    try:
        entries = TypeAdapter(list[Erratum]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        first = str(error).strip().replace("\n", " ")
        raise InputError(f"{path} holds no list of errata: {first}") from None
    found = {entry.id: entry for entry in entries}
    if len(found) != len(entries) or any(not name.startswith(f"{path.stem}-") for name in found):
        raise InputError(f"{path} names an item twice, or one of another task")
    return found
