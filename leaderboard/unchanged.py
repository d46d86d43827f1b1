"""Is a site still what its inputs give? Then nothing has to be read, computed or written again.

What was built is remembered in the cache folder and not in the site, whose bytes are the same on every machine. A site
counts as unchanged if every input has the same content, the code is the same, and every file of the site still has the
size and time with which it was written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from finbench.cards import cards
from finbench.code import code_digest
from finbench.data.locate import ENVIRONMENT_VARIABLE, folder_path
from finbench.errors import InputError
from finbench.files import cache_folder, write_json
from finbench.results.cache import content_sha256
from finbench.results.reading import log_files
from leaderboard.site import cache_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What is remembered of a site; its warnings are said again where it is not built again."""

    inputs: str
    files: str
    pages: int
    models: int
    runs: int
    warnings: tuple[str, ...] = ()


def digest_of_inputs(
    logs: Sequence[str | Path], *, recipes: Iterable[Path], further: Iterable[Path], options: Sequence[str]
) -> str | None:
    """A hash over all that a site is made from; None where some of it cannot be read.

    Args:
        logs: log files or folders of logs, with descriptions of models among them.
        recipes: folders of runs of recipes.
        further: other files.
        options: whatever else decides the pages.
    """
    digest = hashlib.sha256(json.dumps([*options, code_digest("finbench", "leaderboard")]).encode())
    try:
        described = {path for place in logs for path in Path(place).rglob("model.yaml") if path.is_file()}
        trained = {path for place in recipes for path in Path(place).rglob("*.json") if path.parent.name != "logs"}
        scored = {path for place in recipes for path in Path(place).rglob("*.eval")}
        listed = sorted({*log_files(logs), *described, *trained, *scored, *further, *_rows()})
        lines = sorted(f"{content_sha256(path)} {path.parent.name}/{path.name}" for path in listed)
    except (OSError, InputError):
        return None
    digest.update("\n".join(lines).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def named_digest(given: str) -> str:
    """`MODEL=` and the hash of the file, of an option `FILE` or `MODEL=FILE`; the option itself if there is no file."""
    model, _, file = given.rpartition("=")
    whole = Path(given).exists()
    try:
        return f"{'' if whole else model}={content_sha256(Path(given if whole else file))}"
    except OSError:
        return given


def remembered(site: Path, inputs: str | None) -> Built | None:
    """The site as it was built from just these inputs, if it still lies there so."""
    if inputs is None:
        return None
    try:
        known = Built(**json.loads(_note(site).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return known if known.inputs == inputs and known.files == _files(site) else None


def remember(site: Path, inputs: str | None, *, pages: int, models: int, runs: int, warnings: Sequence[str]) -> None:
    """Note what a site was built from; where that cannot be written, the next build starts from the logs."""
    if inputs is None:
        return
    try:
        known = Built(
            inputs=inputs, files=_files(site), pages=pages, models=models, runs=runs, warnings=tuple(warnings)
        )
        write_json(_note(site), asdict(known))
    except InputError:
        return


def _note(site: Path) -> Path:
    return cache_folder() / "sites" / f"{cache_name(site)}.json"


def _files(site: Path) -> str:
    lines = sorted(_lines(str(site), ""))
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _lines(folder: str, prefix: str) -> Iterator[str]:
    """Name, size and time of every file below a folder; links are not followed."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _lines(entry.path, f"{prefix}{entry.name}/")
        else:
            found = entry.stat(follow_symlinks=False)
            yield f"{prefix}{entry.name} {found.st_size} {found.st_mtime_ns}"


def _rows() -> set[Path]:
    """Rows in `$FINBENCH_DATA` whose texts may stand on pages."""
    if not os.environ.get(ENVIRONMENT_VARIABLE):
        return set()
    found = (folder_path(card) for card in cards().values() if card.redistributable)
    return {path for path in found if path is not None}
