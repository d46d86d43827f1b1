"""Running the tasks of curation: rows and a model in; rows with a score, or exercises to train on, out.

A run has a folder of its own under `log_dir`, named after the texts, the settings, the model and the prompt, and asks
nothing twice: finished samples come from its log, replies of unfinished ones from the cache.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from finbench.curation.rows import Row, beginnings, passages
from finbench.curation.schema import CRITERIA, Exercise, Extraction, Passage, Quality, Settings
from finbench.curation.wording import words_sha256
from finbench.files import write_json, write_text
from finbench.preference.schema import Batch, LogRef, digest
from finbench.preference.schema import Settings as Launching

if TYPE_CHECKING:
    from finbench.evaluation.models import ModelSpec

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Curated:
    """What a run left.

    Attributes:
        rows: as they are written.
        report: counts before and after, reasons, calls, tokens, model and logs; JSON values.
    """

    rows: tuple[Row, ...]
    report: dict[str, Any]

    def write(self, out: Path) -> Path:
        """Write the rows to `out` as JSON lines and the report beside them; gives the report's place."""
        place = out.with_name(f"{out.name.removesuffix('.jsonl')}.report.json")
        write_text(out, "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in self.rows))
        write_json(place, self.report)
        return place


def run_quality(rows: Sequence[Row], model: ModelSpec, settings: Settings, log_dir: Path) -> Curated:
    """Score rows from 0 to 5 by the beginning of their text.

    Args:
        rows: with `id` and `text`, as `read_rows` gives them.
        model: the model that scores.
        settings: of the run.
        log_dir: where the run's folder goes.

    Returns:
        All rows in their order with `score` (null where there is none), `score_points` and `score_reason`.

    Raises:
        InputError: the model cannot be run.
    """
    from finbench.curation.tasks import curation_quality, task_options

    def make(given: str) -> Any:
        return curation_quality(given, **task_options(settings))

    texts = beginnings(rows, settings.characters)
    batch = _run(make, "quality", Quality, texts, model, settings, log_dir)
    found = {one.passage: one for one in batch.records}
    scored: list[Row] = []
    reasons: Counter[str] = Counter()
    scores: Counter[int] = Counter()
    points: Counter[str] = Counter()
    for row in rows:
        one = found.get(row["id"])
        reason = "provider" if one is None else one.reason
        if one is not None and one.score is not None:
            scores[one.score] += 1
            points.update(one.points)
        else:
            reasons[reason] += 1
        scored.append(
            {
                **row,
                "score": None if one is None else one.score,
                "score_points": {} if one is None else dict(one.points),
                "score_reason": reason,
            }
        )
    report = {
        "rows": len(rows),
        "scored": sum(scores.values()),
        "not_scored": dict(sorted(reasons.items())),
        "scores": {str(score): scores[score] for score in range(len(CRITERIA) + 1)},
        "points": {name: points[name] for name in CRITERIA},
        "read_in_part": sum(not text.whole for text in texts),
        **_spent(batch, model, settings, "quality"),
    }
    return Curated(rows=tuple(scored), report=report)


def run_exercises(rows: Sequence[Row], model: ModelSpec, settings: Settings, log_dir: Path) -> Curated:
    """Take exercises from the passages of rows.

    Args:
        rows: with `id` and `text`, as `read_rows` gives them.
        model: the model that makes them.
        settings: of the run.
        log_dir: where the run's folder goes.

    Returns:
        The exercises as rows with `prompt` and `completion`, the question, options, answer and steps they were made
        of, and where their evidence stands (`row`, `evidence` with start, end and text); each question once.

    Raises:
        InputError: the model cannot be run.
    """
    from finbench.curation.tasks import curation_exercises, task_options

    def make(given: str) -> Any:
        return curation_exercises(given, per_passage=settings.per_passage, **task_options(settings))

    texts = passages(rows, settings.characters)
    batch = _run(make, "exercises", Extraction, texts, model, settings, log_dir)
    known = {text.id: text for text in texts}
    left_out: Counter[str] = Counter()
    reasons: Counter[str] = Counter({"provider": len(batch.missing)} if batch.missing else {})
    made: list[Row] = []
    seen: set[str] = set()
    for one in batch.records:
        left_out.update(one.left_out)
        reasons.update([one.reason] if one.reason else [])
        for number, fields in enumerate(one.exercises):
            row = _training_row(_exercise(fields), known[one.passage], number, one.source)
            key = " ".join(str(row["prompt"]).lower().split())
            if key in seen:
                left_out["repeated"] += 1
                continue
            seen.add(key)
            made.append(row)
    report = {
        "rows": len(rows),
        "passages": len(texts),
        "passages_with_exercises": sum(bool(one.exercises) for one in batch.records),
        "passages_without_a_reply": dict(sorted(reasons.items())),
        "replies_cut": sum(one.cut for one in batch.records),
        "offered": len(made) + sum(left_out.values()),
        "accepted": len(made),
        "left_out": dict(sorted(left_out.items())),
        "with_choices": sum(bool(row["choices"]) for row in made),
        "found_in_the_text": sum(row["origin"] == "found" for row in made),
        **_spent(batch, model, settings, "exercises"),
    }
    return Curated(rows=tuple(made), report=report)


def training_text(exercise: Exercise) -> tuple[str, str]:
    """Prompt and completion of an exercise: scenario, question and lettered options; steps and the answer."""
    letters = [chr(ord("A") + index) for index in range(len(exercise.choices))]
    options = [f"{letter}. {choice}" for letter, choice in zip(letters, exercise.choices, strict=True)]
    blocks = [exercise.scenario, exercise.question, "\n".join(options)]
    answer = exercise.answer
    if options:
        answer = options[exercise.choices.index(exercise.answer)]
    last = f"Answer: {answer}" if exercise.solution or options else answer
    completion = f"{exercise.solution}\n{last}" if exercise.solution else last
    return "\n\n".join(block for block in blocks if block), completion


def _training_row(exercise: Exercise, passage: Passage, number: int, source: LogRef | None) -> Row:
    prompt, completion = training_text(exercise)
    stands = " ".join(exercise.question.split()) in " ".join(passage.text.split())
    return {
        "id": f"{passage.id}/{number}",
        "prompt": prompt,
        "completion": completion,
        **{key: value for key, value in asdict(exercise).items() if key != "spans"},
        "origin": "found" if stands else "written",
        "row": passage.row,
        "evidence": [
            {"start": passage.start + start, "end": passage.start + end, "text": passage.text[start:end]}
            for start, end in exercise.spans
        ],
        "source": None if source is None else asdict(source),
    }


def _exercise(fields: Mapping[str, Any]) -> Exercise:
    """An exercise out of a log, where tuples are lists."""
    spans = tuple((int(start), int(end)) for start, end in fields["spans"])
    return Exercise(**{**fields, "choices": tuple(fields["choices"]), "spans": spans})


def _run(
    make: Callable[[str], Any],
    words: str,
    record: type[T],
    texts: Sequence[Passage],
    model: ModelSpec,
    settings: Settings,
    log_dir: Path,
) -> Batch[T]:
    from finbench.curation.tasks import GIVEN
    from finbench.preference.launching import launch
    from finbench.preference.reading import read_batch

    if not texts:
        return Batch(records=())
    decisive = {**asdict(settings), "max_connections": None, "max_retries": None}
    given = digest(
        [
            decisive,
            [asdict(text) for text in texts],
            [model.model, model.sha256, dict(model.args)],
            words_sha256(words),
        ]
    )
    GIVEN[given] = list(texts)
    limits = Launching(max_connections=settings.max_connections, max_retries=settings.max_retries)
    try:
        log = launch(make(given), log_dir / f"curation_{words}-{given[:12]}", limits, policy=model, genrm=None)
    finally:
        del GIVEN[given]
    return read_batch(log, record, [text.id for text in texts])


def _spent(batch: Batch[Any], model: ModelSpec, settings: Settings, words: str) -> dict[str, Any]:
    return {
        "missing": dict(batch.missing),
        "calls": batch.calls,
        "replies_from_the_cache": batch.cached,
        "tokens": dict(batch.tokens),
        "model": model.name,
        "checkpoint_sha256": model.sha256,
        "prompt_sha256": words_sha256(words),
        "settings": asdict(settings),
        "logs": list(batch.logs),
    }
