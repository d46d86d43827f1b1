"""What a stage reads beside its parent and its rows: other checkpoints of the recipe, model folders, files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finbench.errors import InputError
from trainers.base import load_trainer
from trainers.files import canonical, sha256, sha256_file
from trainers.models import identity

PARENT, BASE = "parent", "base"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a reference stands for.

    Attributes:
        path: the folder or file.
        identity: what a stage's hash knows it by, the same wherever it lies.
    """

    path: Path
    identity: str


def references(trainer: str, settings: Any) -> tuple[str, ...]:
    """What a stage's settings refer to, each once and sorted; empty for a trainer that refers to nothing."""
    inputs = getattr(load_trainer(trainer), "inputs", None)
    return tuple(sorted(set(inputs(settings)))) if inputs else ()


def is_path(reference: str) -> bool:
    """Whether a reference is a path: it starts with `.`, `/` or `~`."""
    return reference.startswith((".", "/", "~"))


def check_names(names: Iterable[str], earlier: Iterable[str]) -> None:
    """Refuse a name that is no checkpoint of the recipe, before anything is trained.

    Args:
        names: the references of a stage.
        earlier: names of the stages before it.

    Raises:
        InputError: neither `parent`, `base`, an earlier stage nor a path.
    """
    known = (PARENT, BASE, *earlier)
    for name in names:
        if not is_path(name) and name not in known:
            raise InputError(
                f"{name!r} is no checkpoint that this stage can use; there are {', '.join(known)}, "
                "or a path that starts with ./ (from the recipe's folder), ~/ or /"
            )


def leaves_adapter(settings: Any) -> bool:
    """Whether a stage leaves low-rank adapters beside their base instead of whole weights."""
    lora = getattr(settings, "lora", None)
    return lora is not None and not lora.merge


def check_whole(parent: str | None, names: Iterable[str], adapters: Iterable[str]) -> None:
    """Refuse to go on from an adapter that is not merged, before anything is trained.

    Args:
        parent: name of the stage whose weights a stage goes on from; None where there is none.
        names: the references of the stage.
        adapters: names of the stages before it that leave an adapter.

    Raises:
        InputError: the stage starts from one of them, or refers to it.
    """
    left = set(adapters)
    for name in (parent, *names):
        if name in left:
            raise InputError(
                f"it uses stage {name!r}, which leaves an adapter beside its base (lora.merge: false), and needs whole "
                f"weights; merge in {name!r}, or start `from: base`"
            )


def find(names: Iterable[str], known: Mapping[str, Found], folder: Path) -> dict[str, Found]:
    """What each reference stands for.

    Args:
        names: the references of a stage.
        known: the checkpoints that have names: parent, base and the stages before.
        folder: where relative paths start.

    Raises:
        InputError: an unknown name, or nothing lies at a path.
    """
    check_names(names, (name for name in known if name not in (PARENT, BASE)))
    return {name: _at(name, folder) if is_path(name) else known[name] for name in names}


def _at(reference: str, folder: Path) -> Found:
    path = (folder / Path(reference).expanduser()).resolve()
    if path.is_file():
        return Found(path=path, identity=f"file sha256 {sha256_file(path)}")
    if not path.is_dir():
        raise InputError(f"{reference} is neither a file nor a folder (looked for {path})")
    if (path / "config.json").is_file():
        return Found(path=path, identity=identity(str(path), path))
    files = sorted(file for file in path.rglob("*") if file.is_file())
    hashes = [[file.relative_to(path).as_posix(), sha256_file(file)] for file in files]
    return Found(path=path, identity=f"folder sha256 {sha256(canonical(hashes))}")
