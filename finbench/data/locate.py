"""Where the rows of a task come from: a path, `$FINBENCH_DATA`, the pinned hub revision, the package."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from finbench.card import Source, TaskCard
from finbench.data.rows import Row, read_jsonl
from finbench.errors import InputError

ENVIRONMENT_VARIABLE = "FINBENCH_DATA"
#: JSON object of paths by the names that stand for them in `-T data=NAME`, so that a published log holds no path.
GIVEN_VARIABLE = "FINBENCH_GIVEN_ROWS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Rows, and where they were found.

    Attributes:
        kind: `path`, `folder`, `hub` or `package`.
        place: free text for the log: a file's name, never a path of someone's machine; a hub uri with its
            revision.
        source: the card's source that was read, for hub and package.
        path: the file that was read, for path and folder.
        revision: the commit that was read, for the hub.
        split: the split as the hub names it, for the hub.
        fresh: whether the rows came over the network just now.
        export: whether the commit is one of the hub's parquet export of a set that has only a script.
    """

    kind: str
    place: str
    rows: list[Row]
    source: Source | None = None
    path: Path | None = None
    revision: str | None = None
    split: str | None = None
    fresh: bool = False
    export: bool = False

    @property
    def shown(self) -> str:
        """The place in words for whoever sits here: the whole path, which no log gets."""
        return str(self.path) if self.path is not None else self.place


def locate(card: TaskCard, *, data: str | Path | None = None, split: str | None = None) -> Located:
    """Rows of `card` from the first source that answers: `data`, `$FINBENCH_DATA`, the hub, the package.

    Raises:
        InputError: if `data` is given and unreadable, or no source answers; says what the task needs, its licence, and
            the command that gets it.
    """
    return next(places(card, data=data, split=split))


def places(
    card: TaskCard, *, data: str | Path | None = None, split: str | None = None, latest: bool = False
) -> Iterator[Located]:
    """Rows of `card` from each source that answers, as `locate` orders them; a given path or folder is the only one.

    Raises:
        InputError: in place of a further source, where there is none; see `locate`. Of a hub set that is not the
            card's the refusal is what is raised.
    """
    split = split or card.split
    if data is not None:
        path = given_path(card, behind(data), split)
        yield Located(kind="path", place=path.name, rows=read_jsonl(path), path=path)
        return
    folder = folder_path(card, split)
    if folder is not None:
        yield Located(kind="folder", place="/".join(folder.parts[-2:]), rows=read_jsonl(folder), path=folder)
        return
    reasons: list[str] = []
    refused: list[InputError] = []
    for source in card.sources:
        if source.is_hub:
            from finbench.data.hub import HubUnavailable, WrongSet

            try:
                yield from_hub(card, source, split, latest=latest)
            except HubUnavailable as error:
                reasons.append(str(error))
            except WrongSet as error:
                refused.append(error)
    packaged = package_path(card, split)
    if packaged is not None:
        yield Located(kind="package", place=f"package:{card.data_folder}/{split}.jsonl", rows=read_jsonl(packaged))
    raise refused[0] if refused else InputError(missing_rows(card, split, reasons))


def from_hub(card: TaskCard, source: Source, split: str, *, latest: bool = False) -> Located:
    """Rows of one hub source; see `finbench.data.hub.load_hub_rows` for what is raised."""
    from finbench.data.hub import load_hub_rows

    there = split if split != card.split else source.split
    found = load_hub_rows(card, source, there, latest=latest)
    return Located(
        kind="hub",
        place=f"{source.uri}@{found.revision}",
        rows=found.rows,
        source=source,
        revision=found.revision,
        split=there,
        fresh=found.fresh,
        export=found.export,
    )


def behind(data: str | Path) -> Path:
    """The path meant by `data`: itself, or the one that a worker of `finbench eval` knows under this name."""
    named: dict[str, str] = json.loads(os.environ.get(GIVEN_VARIABLE) or "{}")
    return Path(named.get(str(data), data)).expanduser()


def given_path(card: TaskCard, path: Path, split: str) -> Path:
    """The file behind `-T data=PATH`: a file of JSON lines or a folder with `<split>.jsonl`."""
    if path.is_file():
        return path
    if path.is_dir():
        inside = path / f"{split}.jsonl"
        if inside.is_file():
            return inside
        found = ", ".join(sorted(file.name for file in path.glob("*.jsonl"))) or "no .jsonl file"
        raise InputError(
            f"the folder {path} has no {split}.jsonl for task '{card.name}' (it holds {found}); pass the file itself"
        )
    raise InputError(
        f"no rows for task '{card.name}': {path} does not exist; pass a .jsonl file or a folder with {split}.jsonl"
    )


def folder_path(card: TaskCard, split: str | None = None) -> Path | None:
    """`$FINBENCH_DATA/<folder>/<split>.jsonl`, if it is there."""
    root = os.environ.get(ENVIRONMENT_VARIABLE)
    if not root:
        return None
    path = Path(root).expanduser() / card.data_folder / f"{split or card.split}.jsonl"
    return path if path.is_file() else None


def package_path(card: TaskCard, split: str | None = None) -> Path | None:
    """The rows that ship with the package, if this task has any."""
    path = Path(str(resources.files("finbench.data"))) / "embedded" / card.data_folder / f"{split or card.split}.jsonl"
    return path if path.is_file() else None


def missing_rows(card: TaskCard, split: str, reasons: list[str]) -> str:
    """The sentence for a task that no source has rows for."""
    root = os.environ.get(ENVIRONMENT_VARIABLE)
    folder = f"{root or '$' + ENVIRONMENT_VARIABLE}/{card.data_folder}/{split}.jsonl"
    on_hub = any(source.is_hub for source in card.sources)
    get = f"run `finbench data fetch {card.name}` with network, or pass" if on_hub else "get them there, and pass"
    origin = next((source.uri for source in card.sources if source.is_hub), card.sources[0].uri)
    because = f" ({'; '.join(reasons)})" if reasons else ""
    return (
        f"task '{card.name}' has no rows for split '{split}' here: {folder} is not there{because}; it needs "
        f"{card.items or 'its'} rows of {origin} (licence {card.licence}): {get} "
        "-T data=PATH"
    )
