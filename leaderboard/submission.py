"""A submission as it lies on disk: its files, what it says of its model, whether its archives are safe to open."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import yaml

from finbench.errors import InputError
from finbench.results.reading import begins_as_a_log
from leaderboard.archives import archive_fault
from leaderboard.names import name_faults
from leaderboard.text import clean

#: What a submission says of its model; each but the name may be "undisclosed".
KEYS = ("name", "organisation", "licence", "base_model", "training_data", "decontamination", "contact")
DESCRIPTION = "model.yaml"
SUMS = "SHA256SUMS"
LOGS = "logs"
#: What `finbench eval` and Inspect leave beside logs; nothing of it is read.
_BOOKS = frozenset({".eval-set-id", "eval-set.json", "logs.json"})
#: What a check can say of a log that it accepts: all of it was compared, or not all could be.
RESCORED, SELF_REPORTED = "re-scored", "self-reported"
_MAX_LOGS = 500
_MAX_FILES = 5_000
_MAX_SUMS_BYTES = 2**18
_MAX_TEXT = 2000
_MAX_DESCRIPTION_BYTES = 100_000
_UNDISCLOSED = "undisclosed"
_ONE_A_LINE = f"it holds one `key: text` a line: {', '.join(KEYS)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submission.

    Attributes:
        about: what `model.yaml` says, one text a key of `KEYS`.
        logs: the log files that are safe to open, sorted.
        reasons: why it cannot be accepted, as far as the files themselves tell.
    """

    folder: Path
    about: dict[str, str]
    logs: tuple[Path, ...]
    reasons: tuple[str, ...]


def read_submission(folder: Path) -> Submission:
    """Look at the files of a submission without unpacking anything.

    Raises:
        InputError: if it is no folder, has no readable `model.yaml` or no log.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; a submission is a folder with {DESCRIPTION} and logs/*.eval")
    about = describe(folder)
    reasons: list[str] = []
    logs: list[Path] = []
    found = sorted(islice(folder.rglob("*"), _MAX_FILES + 1))
    if len(found) > _MAX_FILES:
        raise InputError(f"{folder} holds more than {_MAX_FILES:,} files; a submission has {DESCRIPTION} and its logs")
    for path in found:
        name = shown(path, folder)
        if path.is_symlink() or not (path.is_dir() or stat.S_ISREG(path.lstat().st_mode)):
            reasons.append(f"{name} is a link or no plain file")
        elif (
            path.is_dir()
            or path in (folder / DESCRIPTION, folder / SUMS, folder / "README.md")
            or (path.name in _BOOKS and path.relative_to(folder).parts[0] == LOGS and not begins_as_a_log(path))
        ):
            continue
        elif path.suffix != ".eval" or path.relative_to(folder).parts[0] != LOGS:
            reasons.append(f"{name} does not belong into a submission ({DESCRIPTION}, {SUMS}, README.md, logs/*.eval)")
        elif (fault := archive_fault(path)) is not None:
            reasons.append(f"{name} {fault}")
        else:
            logs.append(path)
    if len(logs) > _MAX_LOGS:
        reasons.append(f"{len(logs)} logs are more than {_MAX_LOGS}; submit the newest of each task only")
    reasons.extend(_sums_faults(folder, logs))
    reasons.extend(name_faults(about["name"]))
    if not logs and not reasons:
        raise InputError(f"{folder} holds no log; put the .eval files of `finbench eval` into {folder / 'logs'}")
    return Submission(folder=folder, about=about, logs=tuple(logs[:_MAX_LOGS]), reasons=tuple(reasons))


def submissions(places: Sequence[str | Path]) -> list[Path]:
    """The folders among some places that are submissions, sorted: with a description, and a folder of logs.

    What lies within a submission is a part of it, and none of its own.
    """
    below = {path.parent for place in places if Path(place).is_dir() for path in Path(place).rglob(DESCRIPTION)}
    found = {folder for folder in below if (folder / LOGS).is_dir()}
    return sorted(folder for folder in found if found.isdisjoint(folder.parents))


def describe(folder: Path) -> dict[str, str]:
    """What `model.yaml` says.

    Raises:
        InputError: if there is none, or it is not a list of the keys it should have.
    """
    path = folder / DESCRIPTION
    try:
        found = path.lstat()  # of what lies there itself: to open a pipe would wait for ever
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_DESCRIPTION_BYTES:
            raise InputError(f"{path} is no plain file, or larger than 100 kB; write a plain short file")
        said = _said(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path} cannot be read; a submission says there: {', '.join(KEYS)}") from None
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        line = clean(str(error).partition("\n")[0], 120)
        raise InputError(f"{path} is not YAML ({line}); {_ONE_A_LINE}") from None
    if missing := [key for key in KEYS if not said[key]]:
        raise InputError(f"{path} does not say {', '.join(missing)}; write it, or `undisclosed` (not for the name)")
    if said["name"].casefold() == _UNDISCLOSED:
        raise InputError(f"{path} does not name the model; write the `--name` of its logs, which cannot be undisclosed")
    return said


def shown(path: Path, folder: Path) -> str:
    """The name of a file of a submission as it may be printed: names, too, come from anybody."""
    return clean(path.relative_to(folder).as_posix(), 120)


def _said(text: str, path: Path) -> dict[str, str]:
    """The text of each key as it is written there: a number or a date is a text, too.

    A few lines of YAML that refer to each other unfold to gigabytes; a key said twice hides one of its texts.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InputError(f"{path} has references (& or *); write every text out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > 2:
            raise InputError(f"{path} holds lists or maps; {_ONE_A_LINE}")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise InputError(f"{path} holds no keys; it says: {', '.join(KEYS)}")
    found = {key: [value for name, value in root.value if name.value == key] for key in KEYS}
    if twice := [key for key, values in found.items() if len(values) > 1]:
        raise InputError(f"{path} says {', '.join(twice)} twice; say each once")
    nodes = {key: values[0] for key, values in found.items() if values and not values[0].tag.endswith(":null")}
    if not all(isinstance(node, yaml.ScalarNode) for node in nodes.values()):
        raise InputError(f"{path} holds lists or maps; {_ONE_A_LINE}")
    return {key: clean(nodes[key].value, _MAX_TEXT) if key in nodes else "" for key in KEYS}


def _sums_faults(folder: Path, logs: list[Path]) -> list[str]:
    path = folder / SUMS
    if path.is_symlink() or not path.is_file():
        return []
    if path.stat().st_size > _MAX_SUMS_BYTES:
        return [f"{SUMS} is larger than {_MAX_SUMS_BYTES >> 10} kB"]
    faults, listed = [], set()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        digest, _, rest = line.strip().partition(" ")
        name = rest.lstrip(" *")
        file = folder / name
        listed.add(file)
        if not name or ".." in Path(name).parts or Path(name).is_absolute() or not _is_plain_file(file, folder):
            faults.append(f"{SUMS} names {clean(name or line, 80)}, which is not there")
            continue
        with file.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != digest.lower():
                faults.append(f"{clean(name, 80)} is not the file that {SUMS} speaks of")
    faults.extend(f"{SUMS} does not name {shown(log, folder)}" for log in logs if log not in listed)
    return faults


def _is_plain_file(path: Path, folder: Path) -> bool:
    """Whether it is a file without a link on the way to it."""
    try:
        way = [path, *path.parents]
        return path.is_file() and not any(one.is_symlink() for one in way[: way.index(folder)])
    except (OSError, ValueError):
        return False
