"""The process that runs some tasks on one model: `python -m finbench.evaluation.worker JOB.json`."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from finbench.data.locate import GIVEN_VARIABLE
from finbench.errors import ClaimFailed, InputError, tell
from finbench.evaluation.batching import BATCHES_IN_SIGHT, LOCAL_BATCH
from finbench.evaluation.job import Job
from finbench.judging.grader import ROLE, naming

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog
    from inspect_ai.model import Model

#: A request that fails for want of a server is tried this often; Inspect's own default is without end.
MAX_RETRIES = 6


def main(path: str) -> int:
    """Run the job in `path`; one sentence on stderr for what went wrong.

    Returns:
        0 if every task was completed, 1 if some were not, 2 if the input is not usable.
    """
    try:
        return work(Job.model_validate_json(Path(path).read_text(encoding="utf-8")))
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno != 28:
            raise
        tell("the disk is full; free space and run the same command again")
        return 2


def work(job: Job) -> int:
    """Run the tasks of a job one after another; finished ones are reused, broken ones resumed."""
    steer_libraries(offline=job.offline)
    os.environ[GIVEN_VARIABLE] = json.dumps({name: str(path) for name, path in job.rows.items()})
    if job.grader is not None and job.grader.checkpoint is not None:
        return _beside_each_other(job)
    if job.checkpoint is not None:
        os.chdir(job.checkpoint.parent)
    return _run(job)


def _beside_each_other(job: Job) -> int:
    """Run a job whose judge is a local checkpoint: links in one folder, so that the log has names and no paths."""
    assert job.grader is not None and job.grader.checkpoint is not None
    with tempfile.TemporaryDirectory(prefix="finbench-") as folder:
        os.chdir(folder)
        judge = Path(f"grader-{job.grader.checkpoint.name}")
        judge.symlink_to(job.grader.checkpoint)
        if job.checkpoint is not None:
            Path(job.checkpoint.name).symlink_to(job.checkpoint)
        try:
            return _run(job.model_copy(update={"grader": job.grader.model_copy(update={"checkpoint": judge})}))
        finally:
            os.chdir("/")


def _run(job: Job) -> int:
    """Run the tasks of a job in the folder that the process stands in."""
    from inspect_ai import eval_set

    from finbench.evaluation.progress import Progress
    from finbench.evaluation.spending import Meter
    from finbench.tasks import solving
    from finbench.tasks.catalogue import card

    progress = Progress(job.name)
    incomplete: dict[str, str] = {}
    apply_prices(job)
    meter = Meter(bound=job.max_cost, before=job.spent)
    solving.before_asking(meter.check)
    for name, options in job.tasks.items():
        if meter.is_used_up:
            raise ClaimFailed(f"{job.name}: stopped before {name}, {meter.state()}")
        folder = job.log_dir / job.folders.get(name, name)
        folder.mkdir(parents=True, exist_ok=True)
        judged = job.grader is not None and card(name).judged
        progress.start(name, min(job.limit or 10**9, card(name).items or 10**9))
        try:
            with naming(job.grader.name) if judged and job.grader else nullcontext():
                _, logs = eval_set(
                    f"finbench/{name}",
                    log_dir=str(folder),
                    model=job.model,
                    model_args=_model_args(job),
                    model_base_url=job.base_url,
                    task_args=options,
                    limit=job.limit,
                    epochs=job.epochs if job.epochs > 1 else None,
                    display="none",
                    log_realtime=False,
                    score_display=False,
                    continue_on_fail=True,
                    retry_on_error=1,
                    retry_attempts=1,
                    log_dir_allow_dirty=True,
                    metadata=_metadata(job, judged=judged),
                    model_roles=_roles(job) if judged else None,
                    max_connections=_connections(job),
                    max_samples=_connections(job) if job.checkpoint else None,
                    max_retries=MAX_RETRIES,
                    log_level="error",
                )
        except click.ClickException:
            raise
        except Exception as error:  # what providers and libraries raise is theirs to name: no key, no package, no model
            if isinstance(error, OSError) and error.errno == 28:
                raise
            raise InputError(f"{job.name} could not be run on {name}: {_first_line(error)}") from error
        if not _is_complete(logs):
            incomplete[name] = _reason(logs)
        if job.receipt is not None:
            job.receipt.write_text(repr(meter.spent), encoding="utf-8")
        progress.finish(logs)
    if any("No space left" in reason for reason in incomplete.values()):
        raise InputError(f"{job.name}: the disk is full; free space and run the same command again to go on")
    if incomplete:
        named = "; ".join(f"{name} is not complete ({reason})" for name, reason in incomplete.items())
        raise ClaimFailed(f"{job.name}: {named}; run the same command again to retry only what is missing")
    return 0


def steer_libraries(*, offline: bool) -> None:
    """Set what Hugging Face's libraries read when they are imported; call it before they are."""
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    # the libraries' own bars and hints would break up our one line a task
    quiet = {"TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    for name, value in quiet.items():
        os.environ.setdefault(name, value)


def apply_prices(job: Job) -> None:
    """Tell Inspect what the models of a job cost, where that is known."""
    from finbench.evaluation.spending import price_of, read_prices, tell_inspect

    if job.prices is None:
        return
    table = read_prices(job.prices)
    judge = [(job.grader.model, job.grader.name)] if job.grader is not None else []
    for model, name in [(job.model, job.name), *judge]:
        price = price_of(model, name, table)
        if price is not None:
            tell_inspect(model, price)


def _connections(job: Job) -> int | None:
    """Requests at once: of a local model several batches, so that prompts of like length meet in one."""
    if job.checkpoint is None:
        return job.max_connections
    return (job.max_connections or LOCAL_BATCH) * BATCHES_IN_SIGHT


def _model_args(job: Job) -> dict[str, Any]:
    if job.checkpoint is None:
        return dict(job.args)
    folder = job.checkpoint.name
    batch = {"batch_size": job.max_connections or LOCAL_BATCH}
    return {"model_path": folder, "tokenizer_path": folder, **batch, **job.args}


def _roles(job: Job) -> dict[str, str | Model | list[str | Model]]:
    """The judge in its role."""
    from inspect_ai.model import GenerateConfig, get_model

    judge = job.grader
    assert judge is not None
    args = dict(judge.args)
    if judge.checkpoint is not None:
        args = {"model_path": judge.checkpoint.name, "tokenizer_path": judge.checkpoint.name, **args}
    config = GenerateConfig(max_retries=MAX_RETRIES)
    return {ROLE: get_model(judge.model, base_url=judge.base_url, config=config, **args)}


def _metadata(job: Job, *, judged: bool = False) -> dict[str, Any]:
    from finbench import __version__

    of_judge: dict[str, Any] = {}
    if judged and job.grader is not None:
        of_judge = {"finbench.grader_name": job.grader.name, "finbench.grader_checkpoint_sha256": job.grader.sha256}
    return {
        **of_judge,
        "finbench.model_name": job.name,
        "finbench.checkpoint_sha256": job.sha256,
        "finbench.lineage_sha256": job.lineage_sha256,
        "finbench.package_version": __version__,
    }


def _is_complete(logs: Iterable[EvalLog]) -> bool:
    return all(
        log.status == "success"
        and log.results is not None
        and log.results.completed_samples == log.results.total_samples
        for log in logs
    )


def _reason(logs: Iterable[EvalLog]) -> str:
    """Why a task is not complete, in the words of the first error."""
    from inspect_ai.log import read_eval_log_sample_summaries

    logs = list(logs)
    messages = [log.error.message for log in logs if log.error is not None]
    if not messages:
        try:
            messages = [s.error for log in logs for s in read_eval_log_sample_summaries(log.location) if s.error]
        except (OSError, ValueError):
            messages = []
    return _cut(messages[0]) if messages else "some samples ended in errors"


def _first_line(error: BaseException) -> str:
    return _cut(str(error)) or type(error).__name__


def _cut(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\[/?[a-z][a-z ]*\]", "", text)).strip()[:300]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
