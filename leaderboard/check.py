"""Is a submission what it says it is? Every sample is scored again, with our scorers, on our items."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from finbench.results.boards import contender_of, question_of
from finbench.results.reading import read_header, read_run
from finbench.results.runs import Run
from finbench.tasks.catalogue import CARDS, DEFINITIONS
from finbench.taxonomy import Elicitation
from leaderboard.check_samples import sample_faults
from leaderboard.submission import RESCORED, SELF_REPORTED, Submission, read_submission, shown
from leaderboard.text import NAME_LIMIT, clean

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

_MAX_TOKENS = 10**12
_MAX_EPOCHS = 1000
_MAX_ROWS = 5_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[0-9A-Za-z.+!-]{1,40}")
#: Inspect's logs are not older than Inspect.
_FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What became of the check of one log.

    Attributes:
        path: the log.
        run: the log as the board reads it.
        faults: why it is refused; accepted if there are none.
        note: what could not be compared here; empty where nothing is left open.
    """

    path: Path
    run: Run
    faults: tuple[str, ...]
    note: str = ""

    @property
    def tier(self) -> str:
        """`re-scored`, or `self-reported` where not all of it could be compared."""
        return SELF_REPORTED if self.note else RESCORED


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a check.

    Attributes:
        reasons: why it is refused; accepted if there are none.
        notes: what a reader should know of an accepted one.
        tier: `re-scored`, or `self-reported` where some rows are not here to be compared with.
        tasks: the tasks that it covers, sorted.
        logs: what became of each log, in the order of the files.
    """

    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    tier: str
    tasks: tuple[str, ...]
    logs: tuple[LogReport, ...] = field(default=(), repr=False)

    @property
    def accepted(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


def check(folder: Path) -> Report:
    """Check a submission.

    Raises:
        InputError: if it is not readable at all: no folder, no description, no log, a damaged log.
    """
    submission = read_submission(folder)
    reasons = list(submission.reasons)
    safe = []
    for path in submission.logs:
        fault = _size_fault(read_header(path))
        if fault is None:
            safe.append(path)
        else:
            reasons.append(f"{shown(path, folder)}: {fault}")
    logs = [check_log(path, submission) for path in safe]
    for log in logs:
        reasons.extend(f"{shown(log.path, folder)}: {fault}" for fault in log.faults)
    runs = [log.run for log in logs]
    reasons.extend(_duplicates(runs))
    notes = [log.note for log in logs if log.note] + _unofficial(runs)
    return Report(
        reasons=tuple(reasons),
        notes=tuple(dict.fromkeys(notes)),
        tier=SELF_REPORTED if any(log.note for log in logs) else RESCORED,
        tasks=tuple(sorted({clean(run.task) for run in runs})),
        logs=tuple(logs),
    )


def check_log(path: Path, submission: Submission) -> LogReport:
    """Check one log of a submission; it must be safe to open (`leaderboard.archives`).

    Raises:
        InputError: if it cannot be read.
    """
    run = read_run(path)
    faults = [*_header_faults(run, submission), *_setting_faults(run, read_header(path))]
    note = ""
    if not faults:
        faults, note = sample_faults(path, run)
    return LogReport(path=path, run=run, faults=tuple(faults), note=note)


def _size_fault(log: EvalLog) -> str | None:
    """Whether reading a run would fill the memory: its rows are made of two numbers of the head."""
    epochs, ids = log.eval.config.epochs or 1, log.eval.dataset.sample_ids or []
    if not 1 <= epochs <= _MAX_EPOCHS or len(ids) * epochs > _MAX_ROWS:
        return f"claims {len(ids):,} items in {clean(f'{epochs:.3g}')} epochs, which cannot be"
    return None


def _header_faults(run: Run, submission: Submission) -> list[str]:
    card = CARDS.get(run.task)
    if run.capability is None or card is None or run.task not in DEFINITIONS or run.foreign:
        return [f"'{clean(run.task)}' is no task of finbench"]
    faults = []
    if clean(run.model) != run.model:
        faults.append(f"the model's name has control characters or more than {NAME_LIMIT} characters")
    elif run.model != submission.about["name"]:
        faults.append(f"is of the model '{run.model}', and model.yaml describes '{submission.about['name']}'")
    if clean(run.model_id, 200) != run.model_id:
        faults.append("the model string has control characters or more than 200 characters")
    if run.checkpoint is not None and not _SHA256.fullmatch(run.checkpoint):
        faults.append("names a checkpoint by something else than a SHA-256")
    if run.comparability != str(card.comparability):
        faults.append(f"{run.task} was run in version {clean(run.version, 20)}, the board has {card.version}")
    if run.package_version is not None and not _VERSION.fullmatch(run.package_version):
        faults.append("names a version of finbench that cannot be")
    if run.metric != card.metric or run.capability != card.capability.value:
        faults.append(f"{run.task} is said to be headed by {clean(run.metric)}; its card says {card.metric}")
    if run.official and card.items_sha256 is not None and run.items_sha256 != card.items_sha256:
        faults.append(f"claims the official set of {run.task}, and its items are others")
    if not run.complete:
        broken = run.outcomes["error"]
        faults.append(f"is not complete ({broken} of {len(run.items)} samples are missing or ended in errors)")
    if not all(0 <= tokens <= _MAX_TOKENS for tokens in (run.input_tokens, run.output_tokens)):
        faults.append("names a number of tokens that cannot be")
    return faults


def _setting_faults(run: Run, log: EvalLog) -> list[str]:
    """Numbers and words of the settings that cannot be, times among them: they decide which run counts."""
    settings, faults = run.settings, []
    if run.task in CARDS and CARDS[run.task].cluster != (log.eval.metadata or {}).get("finbench.cluster"):
        faults.append(f"{run.task} has other clusters than its card")
    if settings.elicitation not in {None, *(way.value for way in Elicitation)}:
        faults.append("was asked in a way that finbench does not know")
    temperature = settings.temperature
    possible = (
        0 <= (settings.fewshot or 0) <= 1000
        and 0 < (settings.max_tokens or 1) <= 10**7
        and (temperature is None or (math.isfinite(temperature) and 0 <= temperature <= 5))
    )
    if not possible:
        faults.append("names epochs, examples, tokens or a temperature that cannot be")
    try:
        moment = datetime.fromisoformat(run.created)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        dated = _FIRST_DAY <= moment <= datetime.now(UTC) + timedelta(days=1)
    except ValueError:
        dated = False
    if not dated:
        faults.append(f"was run at a time that cannot be ({clean(run.created, 40)})")
    if log.invalidated:
        faults.append("was marked as invalid")
    return faults


def _duplicates(runs: list[Run]) -> list[str]:
    known = Counter((contender_of(run), question_of(run)) for run in runs)
    found = [
        f"{clean(question.task)} is there {number} times; hand in one log of it"
        for (_, question), number in known.items()
        if number > 1
    ]
    if len({run.checkpoint for run in runs}) > 1:
        found.append("its logs are of several checkpoints; hand in one checkpoint a submission")
    return found


def _unofficial(runs: list[Run]) -> list[str]:
    return [
        f"{clean(run.task)} is on an unofficial set: it is shown in a table of its own"
        for run in runs
        if not run.official
    ]
