"""What a recipe's run left: its report, the lineage of each checkpoint, and the logs that judged them.

All of it is JSON that `finbench train` wrote into the run's folder; it is read with the caution that any file deserves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finbench.errors import InputError
from leaderboard.text import clean, slug

REPORT, LINEAGE = "report.json", "lineage.json"
_LARGEST = 20 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim of a recipe with what a checkpoint's scores say of it; shares, differences after minus before."""

    kind: str
    subject: str
    verdict: str
    metric: str
    n: int | None
    before: float | None
    after: float | None
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    margin: float | None
    mde: float | None
    official: bool
    flags: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the verdict is the one that was hoped for."""
        return self.verdict in ("improved", "retained")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSource:
    """Rows that a stage was trained on: how many were taken of how many."""

    name: str
    taken: int | None
    offered: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRun:
    """One stage of a recipe with one seed, and the checkpoint that it left.

    Attributes:
        hash: identity of the checkpoint.
        parents: identities that it started from: hashes of other stages, or what names the base model.
        against: name of the model that it is judged against.
        logs: folders with its own logs and with those of the model it is judged against, as far as they are there.
    """

    name: str
    index: int
    seed: int | None
    model: str
    hash: str
    parents: tuple[str, ...]
    trainer: str
    code: str
    sources: tuple[TrainingSource, ...]
    rows: int | None
    steps: int | None
    tokens: int | None
    seconds: float | None
    loss: tuple[float | None, float | None]
    hardware: str
    against: str
    claims: tuple[Claim, ...]
    logs: Path | None
    logs_against: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A run of a recipe."""

    name: str
    base: str
    seeds: tuple[int, ...]
    complete: bool
    stopped: str
    stages: tuple[StageRun, ...]
    slug: str

    @property
    def page(self) -> str:
        """Its page, relative to the site's root."""
        return f"recipes/{self.slug}.html"


def read_recipes(places: Iterable[Path]) -> tuple[Recipe, ...]:
    """The runs in some folders, or in folders below them, by name.

    Raises:
        InputError: if a folder holds no run of a recipe, or a file of one cannot be read.
    """
    reports: set[Path] = set()
    for place in places:
        found = [place / REPORT] if (place / REPORT).is_file() else sorted(place.rglob(REPORT))
        if not found:
            raise InputError(f"{place} holds no {REPORT}; pass the folder that `finbench train --out` names")
        reports.update(found)
    recipes = [_recipe(path) for path in sorted(reports)]
    return tuple(sorted(recipes, key=lambda one: (one.name, one.slug)))


def _recipe(path: Path) -> Recipe:
    report = _read(path)
    entries = report.get("stages")
    if not isinstance(report.get("recipe"), str) or not isinstance(entries, list):
        raise InputError(f"{path} is no report of a recipe; pass the folder that `finbench train --out` names")
    stages = tuple(_stage(path.parent, entry) for entry in entries if isinstance(entry, dict))
    name = _text(report, "recipe")
    return Recipe(
        name=name,
        base=_text(report, "base"),
        seeds=tuple(seed for seed in report.get("seeds") or [] if isinstance(seed, int)),
        complete=report.get("complete") is True,
        stopped=_text(report, "stopped", 300),
        stages=stages,
        slug=slug(name, *(stage.hash for stage in stages)),
    )


def _stage(folder: Path, entry: Mapping[str, Any]) -> StageRun:
    lineage = _lineage(folder, entry)
    identity, training = _part(lineage, "identity"), _part(entry, "training") or _part(lineage, "training")
    notes, data = _part(training, "notes"), _part(entry, "data") or _part(lineage, "data")
    loss = _part(notes, "loss")
    parents = identity.get("parents", identity.get("parent"))
    logs = [_inside(folder, place) for place in _list(entry, "logs")]
    sources = [
        TrainingSource(name=_text(one, "source"), taken=_whole(one, "taken"), offered=_whole(one, "offered"))
        for one in _list(data, "sources")
        if isinstance(one, dict)
    ]
    return StageRun(
        name=_text(entry, "stage"),
        index=_whole(entry, "index") or 0,
        seed=_whole(entry, "seed"),
        model=_text(entry, "model"),
        hash=_text(entry, "hash", 64)
        or _text(lineage, "hash", 64)
        or f"unknown {entry.get('index')} {entry.get('seed')}",
        parents=tuple(str(one) for one in (parents if isinstance(parents, list) else [parents]) if one),
        trainer=_text(identity, "trainer"),
        code=_text(identity, "code"),
        sources=tuple(sources),
        rows=_whole(data, "rows"),
        steps=_whole(training, "steps"),
        tokens=_whole(training, "tokens"),
        seconds=_number(training, "seconds"),
        loss=(_number(loss, "first"), _number(loss, "last")),
        hardware=_text(entry, "hardware", 200),
        against=_text(entry, "against"),
        claims=tuple(_claim(one) for one in _list(entry, "verdicts") if isinstance(one, dict)),
        logs=logs[-1] if len(logs) > 1 else None,
        logs_against=logs[0] if len(logs) > 1 else None,
    )


def _claim(entry: Mapping[str, Any]) -> Claim:
    return Claim(
        kind=_text(entry, "claim"),
        subject=_text(entry, "subject"),
        verdict=_text(entry, "verdict"),
        metric=_text(entry, "metric"),
        n=_whole(entry, "n"),
        before=_number(entry, "baseline"),
        after=_number(entry, "candidate"),
        difference=_number(entry, "difference"),
        ci_low=_number(entry, "ci_low"),
        ci_high=_number(entry, "ci_high"),
        margin=_number(entry, "margin"),
        mde=_number(entry, "mde"),
        official=entry.get("official") is True,
        flags=tuple(clean(str(flag)).replace("_", " ") for flag in _list(entry, "flags")),
    )


def _lineage(folder: Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    place = _inside(folder, entry.get("folder"))
    path = place / LINEAGE if place is not None else None
    return _read(path) if path is not None and path.is_file() else {}


def _inside(folder: Path, name: object) -> Path | None:
    """A folder named in a report, if it lies in the run's folder."""
    if not isinstance(name, str) or not name:
        return None
    place = (folder / name).resolve()
    return place if place.is_relative_to(folder.resolve()) and place.is_dir() else None


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path} is larger than {_LARGEST >> 20} MB; pass the folder that `finbench train` wrote")
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({(error.strerror or str(error)).lower()})") from None
    except ValueError:
        raise InputError(f"{path} is not JSON; pass the folder that `finbench train` wrote") from None
    if not isinstance(found, dict):
        raise InputError(f"{path} holds no JSON object; pass the folder that `finbench train` wrote")
    return found


def _part(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}


def _list(values: Mapping[str, Any], key: str) -> Sequence[Any]:
    found = values.get(key)
    return found if isinstance(found, list) else []


def _text(values: Mapping[str, Any], key: str, limit: int = 72) -> str:
    found = values.get(key)
    return clean(str(found), limit) if found is not None else ""


def _whole(values: Mapping[str, Any], key: str) -> int | None:
    found = values.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _number(values: Mapping[str, Any], key: str) -> float | None:
    found = values.get(key)
    usable = isinstance(found, int | float) and not isinstance(found, bool) and abs(found) < 1e15
    return float(found) if usable and found is not None else None
