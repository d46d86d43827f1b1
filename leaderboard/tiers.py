"""Who has checked a number: each submission among the logs is really checked, and its tier stands on the board."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from finbench.code import code_digest
from finbench.errors import InputError
from finbench.files import cache_folder, write_json
from finbench.results.boards import contender_of, question_of
from finbench.results.cache import content_sha256
from finbench.results.reading import log_files
from finbench.results.runs import Run
from finbench.results.scores import score_interval
from leaderboard.submission import RESCORED, SELF_REPORTED, describe, submissions
from leaderboard.tables import Badge
from leaderboard.text import clean, plural

REPRODUCED, NOT_REPRODUCED = "reproduced", "not reproduced"

#: From the weakest to the strongest.
BADGES = {
    NOT_REPRODUCED: Badge(
        text=NOT_REPRODUCED,
        kind="warn",
        title="The maintainers ran the model again, and the scores lie outside of each other's 95 % intervals",
    ),
    SELF_REPORTED: Badge(
        text=SELF_REPORTED,
        title="Built from the log as it was handed in; nobody has re-scored all of it or reproduced it yet",
    ),
    RESCORED: Badge(
        text=RESCORED,
        title="Items, answers and scores of every sample agree with finbench's own rows and scorers; the answers "
        "themselves are as they were handed in",
    ),
    REPRODUCED: Badge(
        text=REPRODUCED,
        kind="accent",
        title="Re-scored, and the maintainers ran the model again: each score lies in the other's 95 % interval",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is remembered of the check of one submission: the tier of each log by its name in the folder."""

    folder: Path
    reasons: tuple[str, ...]
    tiers: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Tiers:
    """The tiers of the runs of a site.

    Attributes:
        files: the logs that may be shown: all but those of refused submissions; None where no submission is there.
        by_path: tier of a log by its resolved path; a log that is in no submission is self-reported.
        refused: one sentence for each submission that was left out.
        left_out: their folders.
        again: runs that the maintainers made themselves, to hold the others against.
    """

    files: tuple[Path, ...] | None = None
    by_path: dict[Path, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    left_out: frozenset[Path] = frozenset()
    again: tuple[Run, ...] = ()

    def of(self, runs: Iterable[Run]) -> Badge:
        """The tier of some runs together: the weakest of them."""
        order = list(BADGES)
        found = {self._tier(run) for run in runs} or {SELF_REPORTED}
        return BADGES[min(found, key=order.index)]

    def unmatched(self, runs: Iterable[Run]) -> tuple[str, ...]:
        """A sentence for the maintainers' runs that ask what no submitted run was asked, if there are some."""
        submitted = [run for run in runs if run.path.resolve() in self.by_path]
        alone = [one for one in self.again if not any(_asks_the_same(one, run) for run in submitted)]
        if not alone:
            return ()
        first, number = f"{clean(alone[0].model)} on {clean(alone[0].task)}", plural(len(alone), "run")
        return (
            f"--reproduced holds {number} that no submission has, of the same model, weights, items and settings; one "
            f"is of {first}",
        )

    def _tier(self, run: Run) -> str:
        known = self.by_path.get(run.path.resolve(), SELF_REPORTED) if self.by_path else SELF_REPORTED
        if known != RESCORED:
            return known
        same = [one for one in self.again if _asks_the_same(one, run) and one.complete]
        if not same:
            return known
        return REPRODUCED if all(agree(run, one) for one in same) else NOT_REPRODUCED


def agree(one: Run, other: Run) -> bool:
    """Whether each of two scores lies in the other's 95 % interval."""
    first, second = score_interval(one), score_interval(other)
    return first.low <= second.estimate <= first.high and second.low <= first.estimate <= second.high


def tiers_of(logs: Sequence[str | Path], *, again: Iterable[Run] = (), skip_bad: bool = False) -> Tiers:
    """Check every submission among some logs: each folder with a description and a folder of logs.

    Args:
        logs: log files or folders.
        again: runs that the maintainers made themselves.
        skip_bad: leave refused submissions out instead of refusing.

    Raises:
        InputError: if a submission is refused or cannot be read, unless `skip_bad`; if two are of one name.
    """
    found: list[Verdict] = []
    refused: list[str] = []
    names: dict[str, Path] = {}
    for folder in submissions(logs):
        verdict = _verdict(folder)
        if verdict.reasons:
            more = f" (and {len(verdict.reasons) - 1} more reasons)" if len(verdict.reasons) > 1 else ""
            sentence = f"the submission {folder} is refused: {verdict.reasons[0]}{more}"
            if not skip_bad:
                raise InputError(f"{sentence}; `finbench leaderboard check` says all; leave it out or pass --skip-bad")
            refused.append(sentence)
        found.append(verdict)
        name = _name(folder)
        if not verdict.reasons and names.setdefault(name, folder) != folder:
            raise InputError(f"{names[name]} and {folder} are both of the model '{name}'; make them one submission")
    bad = {verdict.folder.resolve() for verdict in found if verdict.reasons}
    files = None
    if found:
        files = tuple(path for path in log_files(logs) if not bad & set(path.resolve().parents))
    tiers = {(verdict.folder / name).resolve(): tier for verdict in found for name, tier in verdict.tiers.items()}
    return Tiers(files=files, by_path=tiers, refused=tuple(refused), left_out=frozenset(bad), again=tuple(again))


def _verdict(folder: Path) -> Verdict:
    note = _note(folder)
    try:
        known = json.loads(note.read_text(encoding="utf-8")) if note is not None else None
        if known is not None:
            return Verdict(folder=folder, reasons=tuple(known["reasons"]), tiers=dict(known["tiers"]))
    except (OSError, ValueError, TypeError, KeyError):
        pass
    from leaderboard.check import check  # brings every task, and Inspect

    try:
        report = check(folder)
    except InputError as error:
        return Verdict(folder=folder, reasons=(error.message,), tiers={})
    tiers = {log.path.relative_to(folder).as_posix(): log.tier for log in report.logs}
    # what could not be compared today may be tomorrow, where its rows have come
    if note is not None and not any(log.note for log in report.logs):
        with suppress(InputError):
            write_json(note, {"reasons": report.reasons, "tiers": tiers})
    return Verdict(folder=folder, reasons=report.reasons, tiers=tiers)


def _note(folder: Path) -> Path | None:
    """Where the verdict on just these files is remembered; None where they cannot all be read."""
    digest = hashlib.sha256(code_digest("finbench", "leaderboard").encode())
    try:
        for path in sorted(folder.rglob("*")):
            if path.is_symlink():
                return None
            if path.is_file():
                line = f"{path.relative_to(folder).as_posix()}\0{content_sha256(path)}\n"
                digest.update(line.encode("utf-8", "surrogatepass"))
    except OSError:
        return None
    return cache_folder() / "checks" / f"{digest.hexdigest()}.json"


def _name(folder: Path) -> str:
    try:
        return describe(folder)["name"]
    except InputError:
        return ""


def _asks_the_same(one: Run, other: Run) -> bool:
    return contender_of(one) == contender_of(other) and question_of(one) == question_of(other)
