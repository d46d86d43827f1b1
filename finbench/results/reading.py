"""From a log of Inspect to a run over the full item set. Sample summaries are read, never whole samples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbench.data.items import fingerprint
from finbench.errors import InputError
from finbench.results.columns import ItemTable
from finbench.results.runs import Run, Settings, column
from finbench.results.samples import Reading, choose_scorer, items_of
from finbench.scoring.outcome import Outcome
from finbench.taxonomy import Elicitation

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample, EvalSampleSummary, EvalStats


class BadLogError(InputError):
    """A log that is of no use whatever is asked of it: damaged, foreign or empty."""


#: Headline metrics that are a mean of item values.
MEAN_METRICS = frozenset({"accuracy", "mean", "rouge1", "f1", "judge"})
LABEL_METRICS = frozenset({"macro_f1", "weighted_f1", "mcc", "balanced_accuracy"})
METRICS = MEAN_METRICS | LABEL_METRICS | {"entity_f1"}
#: Settings of generation that stand elsewhere in a run, or that change how fast and not what is answered.
_NOT_ASKED_WITH = frozenset(
    {
        *("temperature", "max_tokens", "max_retries", "timeout", "attempt_timeout", "stream_idle_timeout"),
        *("max_connections", "adaptive_connections", "cache", "cache_prompt", "batch"),
    }
)
_JSON_LOG = re.compile(rb'\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"\s*:\s*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a log's header says: enough to decide whether its samples are needed.

    Attributes:
        model: the public name if the run was given one, else the model string of Inspect.
        model_id: the model string of Inspect.
        task: the task's name; without the package for our own tasks.
        created: when the run began, ISO 8601.
        finished: whether the run came to its end; whether every sample was scored only the samples tell.
        foreign: whether the task is of another package.
        checkpoint: SHA-256 of the weights, where they were local.
        weighed: whether options were weighed by log-likelihood instead of answers generated.
    """

    model: str
    model_id: str
    task: str
    created: str
    finished: bool
    foreign: bool
    checkpoint: str | None = None
    weighed: bool = False


def log_files(places: Iterable[str | Path]) -> list[Path]:
    """All logs named or below the folders named, sorted.

    Below a folder these are `.eval` files, and those `.json` files that begin as Inspect's logs do: results of other
    programs often lie beside them.

    Raises:
        InputError: if a place does not exist, or there is not one log.
    """
    files: set[Path] = set()
    given = [Path(place) for place in places]
    for place in given:
        if place.is_dir():
            files.update(path for path in place.rglob("*.eval") if path.is_file())
            files.update(path for path in place.rglob("*.json") if path.is_file() and begins_as_a_log(path))
        elif place.is_file():
            files.add(place)
        else:
            raise InputError(f"there is no log at {place}; pass logs of Inspect or folders that hold some")
    if not files:
        places_given = ", ".join(map(str, given))
        raise InputError(f"no .eval log lies in {places_given}, nor a .json log of Inspect; run `finbench eval` first")
    return sorted(files)


def begins_as_a_log(path: Path) -> bool:
    """Whether a JSON file is read as a log of Inspect where it lies among logs."""
    try:
        with path.open("rb") as file:
            return _JSON_LOG.match(file.read(256)) is not None
    except OSError:
        return False


def check_metric(metric: str | None) -> None:
    """Refuse a metric that nothing here computes.

    Raises:
        InputError: if it is unknown; names those there are.
    """
    if metric is not None and metric not in METRICS:
        raise InputError(f"there is no metric '{metric}'; use {', '.join(sorted(METRICS))}")


def read_run(path: Path, *, scorer: str | None = None, metric: str | None = None, cluster: str | None = None) -> Run:
    """Read one log, from the cache where it was read before (`finbench.results.cache`).

    Args:
        path: the log.
        scorer: which scorer to read, for logs with several, `NAME.KEY` for one of several values; by default that of
            the log's headline metric.
        metric: headline metric, for logs of other packages' tasks; `accuracy` or `mean` by default.
        cluster: metadata key that names the cluster, for logs of other packages' tasks.

    Raises:
        InputError: if it is no readable log of Inspect, holds no samples, or lacks what was asked for.
    """
    from finbench.results.logs import Log, Options

    return Log(path, Options(scorer=scorer, metric=metric, cluster=cluster)).run()


def read_header(path: Path) -> EvalLog:
    """The header of a log.

    Raises:
        BadLogError: if it is no readable log of Inspect.
    """
    from inspect_ai.log import read_eval_log

    try:
        return read_eval_log(str(path), header_only=True)
    except Exception as error:  # a foreign or damaged file fails in many ways: zip, zstd, JSON, schema
        raise _unreadable(path, error) from None


def read_summaries(path: Path) -> list[EvalSampleSummary]:
    """The sample summaries of a log.

    Raises:
        BadLogError: if they cannot be read.
    """
    from inspect_ai.log import read_eval_log_sample_summaries

    try:
        return read_eval_log_sample_summaries(str(path))
    except Exception as error:  # as above
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> BadLogError:
    return BadLogError(f"{path} is not a readable log of Inspect ({type(error).__name__}); leave it out")


def head_of(log: EvalLog) -> Head:
    """What a header says of whose run it is, on what."""
    metadata = log.eval.metadata or {}
    foreign = "finbench.task_version" not in metadata
    return Head(
        model=_text(metadata.get("finbench.model_name")) or log.eval.model,
        model_id=log.eval.model,
        task=log.eval.task if foreign else log.eval.task.rpartition("/")[2],
        created=str(log.eval.created),
        finished=log.status == "success",
        foreign=foreign,
        checkpoint=_text(metadata.get("finbench.checkpoint_sha256")),
        weighed=metadata.get("finbench.elicitation") == Elicitation.LIKELIHOOD.value,
    )


def run_of(
    log: EvalLog,
    summaries: Sequence[EvalSampleSummary],
    path: Path,
    *,
    scorer: str | None = None,
    metric: str | None = None,
    cluster: str | None = None,
) -> Run:
    """The run of a log's header and sample summaries; see `read_run`."""
    check_metric(metric)
    head, metadata = head_of(log), log.eval.metadata or {}
    expected = [str(identity) for identity in log.eval.dataset.sample_ids or []]
    if not expected:
        expected = sorted({str(summary.id) for summary in summaries})
    if not expected:
        raise BadLogError(f"{path} holds no samples (status {log.status}); leave it out")
    epochs = log.eval.config.epochs or 1
    try:
        name, key = choose_scorer(scorer, summaries, _headline(log) if scorer is None and head.foreign else None)
        reading = Reading(
            scorer=name,
            key=key,
            cluster=cluster or _text(metadata.get("finbench.cluster")),
            must_cluster=cluster is not None,
            foreign=head.foreign,
        )
        items = items_of(expected, epochs, summaries, reading)
    except InputError as error:
        raise InputError(f"{path}: {error.message}") from None
    ids = fingerprint(expected)
    read, written = _tokens(log, summaries)
    return Run(
        path=path,
        model=head.model,
        model_id=head.model_id,
        checkpoint=_text(metadata.get("finbench.checkpoint_sha256")),
        task=head.task,
        version=str(metadata.get("finbench.task_version") or log.eval.task_version or "0"),
        metric=metric or _text(metadata.get("finbench.metric")) or _default_metric(log),
        capability=_text(metadata.get("finbench.capability")),
        items_sha256=_fingerprint_with_content(items) if head.foreign else ids,
        official=bool(metadata.get("finbench.official")) and ids == metadata.get("finbench.items_sha256"),
        complete=head.finished and Outcome.ERROR not in column(items, "outcome"),
        created=head.created,
        status=log.status,
        settings=_settings(log, metadata, epochs, head.foreign),
        items=items,
        input_tokens=read,
        output_tokens=written,
        package_version=_text(metadata.get("finbench.package_version")),
        scorer=name if key is None else f"{name}.{key}",
        foreign=head.foreign,
        given=_given(log),
    )


def _given(log: EvalLog) -> str | None:
    """What the run was started with beside model and task. Where rows lay on the machine is nobody's business."""
    options = {name: value for name, value in sorted(log.eval.task_args_passed.items()) if value is not None}
    if "data" in options:
        options["data"] = "PATH-TO-ROWS"
    plan = log.plan.config.model_dump(exclude_none=True)
    found = {
        "limit": log.eval.config.limit,
        "sample_id": log.eval.config.sample_id,
        "shuffle": log.eval.config.sample_shuffle,
        "solver": log.eval.solver,
        "T": options,
        "config": {name: value for name, value in sorted(plan.items()) if name not in _NOT_ASKED_WITH},
    }
    said = {name: value for name, value in found.items() if value}
    return json.dumps(said, default=str) if said else None


def _tokens(log: EvalLog, summaries: Sequence[EvalSampleSummary]) -> tuple[int, int]:
    """Tokens read and written: of the header, or of the samples where they used more.

    The header of a run that was resumed counts the last part alone; calls that were repeated stand nowhere else.
    """
    head, used = token_counts([log.stats]), token_counts(summaries)
    return max(head[0], used[0]), max(head[1], used[1])


def token_counts(parts: Iterable[EvalStats | EvalSampleSummary | EvalSample]) -> tuple[int, int]:
    """Tokens read and written by all models in some parts of a log."""
    usages = [usage for part in parts for usage in part.model_usage.values()]
    return sum(usage.input_tokens for usage in usages), sum(usage.output_tokens for usage in usages)


def _fingerprint_with_content(items: ItemTable) -> str:
    """Fingerprint of ids and what they stand for: the ids of other packages are often plain numbers."""
    pairs = zip(column(items, "id"), column(items, "content"), strict=True)
    return fingerprint({f"{identity}\t{content}" for identity, content in pairs})


def _headline(log: EvalLog) -> tuple[str, str] | None:
    from inspect_ai.log import headline_metric

    found = headline_metric(log)
    return None if found is None else (found.score.scorer, found.score.name)


def _settings(log: EvalLog, metadata: Mapping[str, Any], epochs: int, foreign: bool) -> Settings:
    plan, given = log.plan.config, log.eval.model_generate_config
    return Settings(
        elicitation=_text(metadata.get("finbench.elicitation")),
        fewshot=metadata.get("finbench.fewshot") if isinstance(metadata.get("finbench.fewshot"), int) else None,
        prompt_sha256=_text(metadata.get("finbench.prompt_sha256")),
        temperature=plan.temperature if plan.temperature is not None else given.temperature,
        max_tokens=plan.max_tokens if plan.max_tokens is not None else given.max_tokens,
        epochs=epochs,
        arguments=_arguments(log) if foreign else None,
        grader=_grader(metadata),
    )


def _grader(metadata: Mapping[str, Any]) -> str | None:
    """Who judged, in which words; None where nobody did. Scores of two judges are not compared unasked."""
    name = metadata.get("finbench.grader_name") or metadata.get("finbench.grader")
    facts = (name, metadata.get("finbench.grader_checkpoint_sha256"), metadata.get("finbench.judge_prompt_sha256"))
    return None if name is None else "@".join(str(fact) for fact in facts if fact is not None)


def _arguments(log: EvalLog) -> str | None:
    given = {"task": log.eval.task_args, "solver": log.eval.solver, "solver_args": log.eval.solver_args}
    said = {name: value for name, value in given.items() if value}
    return json.dumps(said, sort_keys=True, default=str) if said else None


def _default_metric(log: EvalLog) -> str:
    from inspect_ai.log import headline_metric

    headline = headline_metric(log)
    return headline.metric.name if headline is not None and headline.metric.name in ("accuracy", "mean") else "mean"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
