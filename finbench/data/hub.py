"""Rows from the Hugging Face hub, at one commit, held against the card.

A hub configuration is a claim: the published `FinanceBench` configuration of FinEval holds LendingClub rows (FINDAP's
fineval.py loads cra-lendingclub for it). So what arrives is compared with what the card says. Only parquet and JSON are
read, through `datasets`; a script of a set is never run. Where a home has nothing but a script, the hub's own parquet
export of it is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging import CRITICAL
from pathlib import Path
from typing import Any

from finbench.card import Source, TaskCard
from finbench.data.fingerprints import plain
from finbench.data.hub_store import is_export, pinned, repository, stored_rows
from finbench.data.rows import Row
from finbench.data.sentences import is_token_rows, sentences
from finbench.errors import InputError

#: Joins configurations that make up one set, in `Source.config`.
TOGETHER = "+"
#: Where the hub keeps its own parquet export of a set.
EXPORT = "refs/convert/parquet"
_FORMATS = ("parquet", "json")


class HubUnavailable(Exception):
    """The hub did not answer, or did not give this source; other sources may have the rows."""


class _ScriptOnly(Exception):
    """A home of a set holds a script in place of rows."""


class WrongSet(InputError):
    """A source gave rows that are not the card's set; other sources may have the right ones."""


@dataclass(frozen=True, kw_only=True)
class HubRows:
    """Rows of a hub set.

    Attributes:
        revision: the commit they are of, 40 hex digits.
        fresh: whether they came from the hub just now, not from the user's cache.
        export: whether the commit is one of the hub's parquet export, since the set's own files are a script.
    """

    rows: list[Row]
    revision: str
    fresh: bool
    export: bool = False


def load_hub_rows(card: TaskCard, source: Source, split: str, *, latest: bool = False) -> HubRows:
    """All rows of `source`, from the user's cache or the hub.

    The commit is the card's; where the card has none, the one that was recorded when the set was first fetched here;
    before that, the hub's current one.

    Args:
        card: the task's card, for what is said of rows that are not its.
        source: a source of the card on the hub.
        split: the split as the hub names it.
        latest: of sets that no card pins, take the hub's current commit whatever was recorded.

    Raises:
        HubUnavailable: without network, without access, under `HF_HUB_OFFLINE`, or where the hub has no such commit,
            configuration or split, or nothing that may be read.
        WrongSet: if what arrives has another number of rows than the card says.
        InputError: if what lies in the cache was changed.
    """
    stored = None if latest and source.revision is None else stored_rows(source, split)
    if stored is not None:
        return HubRows(rows=_counted(card, source, split, stored), revision=pinned(source) or "", fresh=False)
    commit = source.revision or (None if latest else pinned(source))
    export = commit is not None and is_export(source)
    with _quiet():
        commit = commit or _current(source)
        try:
            fields = _exported(source, split, commit) if export else _fetched(source, split, commit)
        except _ScriptOnly:
            commit, export = _current(source, EXPORT), True
            fields = _exported(source, split, commit)
    rows = [Row(plain(one)) for one in fields]
    if rows and is_token_rows(rows[0]):
        rows = sentences(rows)
    return HubRows(rows=_counted(card, source, split, rows), revision=commit, fresh=True, export=export)


def expected_rows(card: TaskCard, source: Source) -> int | None:
    """How many rows the source should hold, before duplicates are dropped; None where nothing is known."""
    if source.items is not None:
        return source.items
    return None if card.items is None else card.items + card.dropped


def _counted(card: TaskCard, source: Source, split: str, rows: list[Row]) -> list[Row]:
    expected = expected_rows(card, source)
    if split == source.split and expected is not None and len(rows) != expected:
        raise WrongSet(
            f"{_named(source)} holds {len(rows)} rows, the card of '{card.name}' says {expected}: it is not the set "
            "that it is named after; pass the real rows with -T data=PATH"
        )
    return rows


def _current(source: Source, branch: str | None = None) -> str:
    """The commit that a branch of the hub is at, the main one by default."""
    from huggingface_hub import HfApi

    try:
        commit = HfApi().dataset_info(repository(source), revision=branch, timeout=30).sha
    except Exception as error:  # the client raises many kinds, all of which mean: not to be had
        if branch == EXPORT:
            raise HubUnavailable(
                f"{source.uri} comes as a script, which is never run, and has no parquet export"
            ) from None
        raise HubUnavailable(_why(source, error)) from None
    if commit is None:
        raise HubUnavailable(f"the hub names no commit of {source.uri}")
    return commit


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the libraries' own words: bars, and a line for every attempt; what went wrong is told in the end."""
    import datasets
    from huggingface_hub.utils import logging

    before = logging.get_verbosity(), datasets.logging.get_verbosity()
    datasets.disable_progress_bars()
    logging.set_verbosity(CRITICAL)
    datasets.logging.set_verbosity(CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(before[0])
        datasets.logging.set_verbosity(before[1])


def _configs(source: Source) -> list[str | None]:
    return list(source.config.split(TOGETHER)) if source.config else [None]


def _fetched(source: Source, split: str, commit: str) -> list[dict[str, Any]]:
    import datasets

    name = repository(source)
    if Path(name).exists():  # the library would read that folder instead, whatever it holds
        raise HubUnavailable(f"{name} is also a folder below the current one; run from another folder")
    found: list[dict[str, Any]] = []
    for config in _configs(source):
        try:
            loaded = datasets.load_dataset(name, config, split=split, revision=commit)
        except Exception as error:  # as above
            if any("scripts are no longer supported" in str(one) for one in _chain(error)):
                raise _ScriptOnly from None
            raise HubUnavailable(_why(source, error, config, split)) from None
        _check(source, loaded, commit)
        found += [dict(row) for row in loaded]
    return found


def _exported(source: Source, split: str, commit: str) -> list[dict[str, Any]]:
    """Rows of the hub's parquet export of a set whose home has only a script."""
    import datasets
    from huggingface_hub import HfApi

    name = repository(source)
    found: list[dict[str, Any]] = []
    try:
        listed = HfApi().list_repo_files(name, repo_type="dataset", revision=commit)
        for config in _configs(source):
            files = [path for path in sorted(listed) if path.endswith(".parquet") and f"/{split}/" in path]
            files = [path for path in files if config is None or path.startswith(f"{config}/")]
            if len({path.partition("/")[0] for path in files}) != 1:
                raise HubUnavailable(
                    f"{source.uri} comes as a script, which is never run, and its parquet export has no single "
                    f"configuration with the split '{split}'"
                )
            urls = [f"hf://datasets/{name}@{commit}/{path}" for path in files]
            found += [dict(row) for row in datasets.load_dataset("parquet", data_files={split: urls}, split=split)]
    except HubUnavailable:
        raise
    except Exception as error:  # as above
        raise HubUnavailable(_why(source, error, None, split)) from None
    return found


def _check(source: Source, loaded: Any, commit: str) -> None:
    """Hold a loaded set against what was asked for: the library falls back on other commits that it has kept."""
    info = getattr(loaded, "info", None)
    if info is None:  # rows that a caller put in the library's place
        return
    if info.builder_name not in _FORMATS:
        raise HubUnavailable(f"{source.uri} comes as {info.builder_name}; only parquet and JSON are read")
    files = [str(url) for url in info.download_checksums or {}]
    if any(f"@{commit}/" not in url for url in files if url.startswith("hf://")):
        raise HubUnavailable(f"the hub gave other files of {source.uri} than those of {commit[:12]}")


def _why(source: Source, error: BaseException, config: str | None = None, split: str | None = None) -> str:
    """Why the hub did not give a set, in one sentence without the library's own story."""
    named = _named(source)
    kinds = {type(one).__name__ for one in _chain(error)}
    told = " ".join(str(one) for one in _chain(error))
    offline = os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")
    if offline and kinds & {"OfflineModeIsEnabled", "ConnectionError", "LocalEntryNotFoundError"}:
        return f"the hub did not give {source.uri} (HF_HUB_OFFLINE is set)"
    if "GatedRepoError" in kinds or "gated dataset" in told or _status(error) in (401, 403):
        page = f"https://huggingface.co/datasets/{repository(source)}"
        return f"{source.uri} needs an agreement: accept it at {page} and sign in with `hf auth login`"
    if "RevisionNotFoundError" in kinds or "Revision '" in told:
        return f"{source.uri} has no commit {(source.revision or pinned(source) or 'of that name')[:12]} on the hub"
    if "RepositoryNotFoundError" in kinds or "doesn't exist on the Hub" in told:
        return f"{source.uri} is not on the hub"
    if config is not None and "BuilderConfig" in told:
        return f"{named} is not there"
    if split is not None and ("Unknown split" in told or "Bad split" in told):
        return f"{named} has no split '{split}'"
    return f"the hub did not give {source.uri} ({type(error).__name__})"


def _status(error: BaseException) -> int | None:
    codes = (getattr(getattr(one, "response", None), "status_code", None) for one in _chain(error))
    return next((code for code in codes if isinstance(code, int)), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def _named(source: Source) -> str:
    commit = source.revision or pinned(source)
    config = f" configuration {source.config}" if source.config else ""
    return f"{source.uri}{config}" + (f" at {commit[:12]}" if commit else "")
