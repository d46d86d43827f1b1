"""Putting a judge to the test: labelled answers in, its verdicts as a log of Inspect, agreement out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbench.data.rows import Row, RowError, read_jsonl
from finbench.errors import ClaimFailed, InputError
from finbench.judging.agreement import LABELS, RIGHT, UNPARSED, WRONG, Agreement, Judged, agreement_of
from finbench.judging.wording import answer_prompt, prompts_sha256

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

    from finbench.evaluation.models import ModelSpec

#: FinanceBench's words for what a human found of a reply.
_FOREIGN = {"correct answer": RIGHT, "incorrect answer": WRONG, "refusal": WRONG, "correct": RIGHT, "incorrect": WRONG}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledAnswer:
    """An answer of which a human said whether it is right.

    Attributes:
        question: what was asked.
        reference: the reference answer.
        answer: the answer to be judged.
        label: `right` or `wrong`.
        kind: what kind of case it is.
    """

    question: str
    reference: str
    answer: str
    label: str
    kind: str = "all"

    @property
    def identity(self) -> str:
        """A stable id: 16 hex digits over all that the judge sees, and the label."""
        text = json.dumps([self.question, self.reference, self.answer, self.label], ensure_ascii=False)
        return f"labelled-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A judge's agreement with a labelled set, and where its log is.

    Attributes:
        grader: public name of the judge.
        labels: what the labelled set is called.
        labels_sha256: fingerprint of the set.
        prompt_sha256: fingerprint of the judge's prompt.
        agreement: the figures.
        log: name of the log file.
    """

    grader: str
    labels: str
    labels_sha256: str
    prompt_sha256: str
    agreement: Agreement
    log: str

    def document(self) -> dict[str, Any]:
        """The check as one JSON object; docs/judge.md names each key."""
        figures = asdict(self.agreement)
        return {
            "grader": self.grader,
            "labels": self.labels,
            "labels_sha256": self.labels_sha256,
            "prompt_sha256": self.prompt_sha256,
            **figures,
            "log": self.log,
        }


def labelled_answers(path: Path | None = None) -> tuple[LabelledAnswer, ...]:
    """The labelled set of the package, or the one of a file of JSON lines; exact duplicates are dropped.

    A row has `question`, `reference`, `answer`, `label` (right or wrong) and perhaps `kind`; or it is one of
    FinanceBench's labelled replies, with `gold_answer`, `model_answer` and `label` (Correct Answer, Incorrect Answer,
    Refusal).

    Raises:
        InputError: if the file cannot be read or a row does not fit.
    """
    if path is None:
        packaged = resources.files("finbench.judging").joinpath("labelled", "answers.jsonl")
        rows = [Row(json.loads(line)) for line in packaged.read_text(encoding="utf-8").splitlines()]
    else:
        rows = read_jsonl(path)
    found: dict[str, LabelledAnswer] = {}
    for number, row in enumerate(rows, 1):
        try:
            one = _labelled(row)
        except RowError as error:
            raise InputError(
                f"row {number} of {path} is no labelled answer: it {error}; it needs question, reference, answer and "
                "label (right or wrong)"
            ) from None
        found.setdefault(one.identity, one)
    if not found:
        raise InputError(f"{path} holds no labelled answers; it needs at least one")
    return tuple(found.values())


def _labelled(row: Row) -> LabelledAnswer:
    published = "model_answer" in row
    answer = row["model_answer" if published else "answer"]
    reference = row["gold_answer" if published else "reference"]
    if not isinstance(answer, str | None):
        raise RowError("field with the answer should be a text")
    if isinstance(reference, bool) or not isinstance(reference, str | int | float) or not str(reference).strip():
        raise RowError("field with the reference should be a text or a number")
    label = row.text("label").strip().lower()
    label = _FOREIGN.get(label, label)
    if label not in LABELS:
        raise RowError(f"field 'label' should be right or wrong, got {row['label']!r}")
    kind = row.text("kind") if row.get("kind") else str(row.get("eval_mode") or "all")
    return LabelledAnswer(
        question=row.text("question"),
        reference=str(reference).strip(),
        answer=answer or "",
        label=label,
        kind=kind[:60],
    )


def check_judge(
    grader: ModelSpec,
    answers: Sequence[LabelledAnswer],
    log_dir: Path,
    *,
    name: str,
    max_connections: int | None = None,
    limit: int | None = None,
) -> Check:
    """Ask a judge about every labelled answer and compare; run again it asks only what no log holds.

    Args:
        grader: the judge.
        answers: the labelled set.
        log_dir: where the log goes.
        name: what the set is called in the log.
        max_connections: requests at once.
        limit: only the first answers.

    Raises:
        InputError: if the judge cannot be run.
        ClaimFailed: if some answers could not be put to it; the others are kept.
    """
    from finbench.evaluation.run import check_server
    from finbench.files import writing
    from finbench.judging.check_task import run_check

    check_server(grader)
    chosen = tuple(answers[:limit])
    sha256 = hashlib.sha256("\n".join(sorted(one.identity for one in chosen)).encode()).hexdigest()
    folder = log_dir.resolve() / f"judge-{grader.slug}-{sha256[:8]}-{prompts_sha256(('answer', 'repeat'))[:8]}"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    log = run_check(grader, chosen, folder, name=name, labels_sha256=sha256, max_connections=max_connections)
    return Check(
        grader=grader.name,
        labels=name,
        labels_sha256=sha256,
        prompt_sha256=prompts_sha256(("answer", "repeat")),
        agreement=agreement_of(judged_of(log, chosen)),
        log=Path(log.location).name,
    )


def judged_of(log: EvalLog, answers: Sequence[LabelledAnswer]) -> list[Judged]:
    """Label and verdict of every answer, from the summaries of a log.

    Raises:
        ClaimFailed: if the log lacks some.
    """
    from inspect_ai.log import read_eval_log_sample_summaries

    verdicts: dict[str, str] = {}
    for summary in read_eval_log_sample_summaries(log.location):
        scores: Mapping[str, Any] = summary.scores or {}
        if summary.error is None and scores:
            verdicts[str(summary.id)] = str((next(iter(scores.values())).metadata or {}).get("pred") or UNPARSED)
    missing = [one for one in answers if one.identity not in verdicts]
    if missing:
        raise ClaimFailed(
            f"{len(missing)} of {len(answers)} answers could not be put to the judge; run the same command again to "
            "ask only about these"
        )
    return [
        Judged(label=one.label, verdict=verdicts[one.identity], kind=one.kind, question=one.question) for one in answers
    ]


def prompt_of(one: LabelledAnswer) -> str:
    """What the judge is asked, the same as in a judged task."""
    return answer_prompt(one.question, one.reference, one.answer)
