"""Running one task of preference distillation under Inspect, resumable, with its cache beside its log."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from finbench.errors import InputError
from finbench.files import writing

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.log import EvalLog
    from inspect_ai.model import Model

    from finbench.evaluation.models import ModelSpec
    from finbench.evaluation.progress import Progress
    from finbench.preference.schema import Settings

#: How often a sample that ended in an error is tried again within a run.
_SAMPLE_RETRIES = 3
#: Inspect's setting of where replies are kept.
_CACHE = "INSPECT_CACHE_DIR"


def launch(
    task: Task, folder: Path, settings: Settings, *, policy: ModelSpec | None, genrm: ModelSpec | None
) -> EvalLog:
    """Run a task in `folder`, or finish what lies there.

    Args:
        task: the task.
        folder: of this run alone.
        settings: connections and retries.
        policy: the model under work; None where only the GenRM, or no model, is asked.
        genrm: the model in the role `genrm`.

    Returns:
        The log with its samples; samples that failed for good carry their error.

    Raises:
        InputError: if a model cannot be run.
    """
    from inspect_ai import eval_set
    from inspect_ai.log import read_eval_log

    from finbench.evaluation.run import check_server
    from finbench.evaluation.worker import steer_libraries
    from finbench.preference import continuing  # noqa: F401  (Inspect finds the provider once it is imported)

    for spec in (policy, genrm):
        if spec is not None:
            check_server(spec)
    folder = folder.resolve()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    local = [spec for spec in (policy, genrm) if spec is not None and spec.checkpoint is not None]
    progress = _progress()
    progress.start(task.name, len(task.dataset) * (task.epochs or 1))
    steer_libraries(offline=bool(local))
    try:
        with _beside_checkpoints(local), _cache_in(folder.parent / "replies"), redirect_stdout(io.StringIO()):
            judge = None if genrm is None else _model(genrm, settings)
            main = judge if policy is None else _model(policy, settings)
            _, logs = eval_set(
                task,
                log_dir=str(folder),
                model=main or "none/none",
                model_roles=None if judge is None else {"genrm": judge},
                display="none",
                log_realtime=False,
                score_display=False,
                log_buffer=1 if not local else None,
                continue_on_fail=True,
                retry_on_error=_SAMPLE_RETRIES,
                retry_attempts=1,
                retry_wait=1,
                log_dir_allow_dirty=True,
                max_connections=settings.max_connections,
                max_retries=settings.max_retries,
                log_level="error",
                metadata=_names(policy, genrm),
            )
    except Exception as error:  # what providers raise is theirs to name: no key, no package, no model
        if isinstance(error, OSError) and error.errno == 28:
            raise
        who = " and ".join(spec.name for spec in (policy, genrm) if spec is not None) or "the program"
        raise InputError(f"{task.name} could not be run with {who}: {str(error).partition(chr(10))[0]}") from error
    progress.end()
    return read_eval_log(logs[0].location)


@cache
def _progress() -> Progress:
    """One for the process: Inspect keeps each hook for good."""
    from finbench.evaluation.progress import Progress

    return Progress("preference")


def _names(policy: ModelSpec | None, genrm: ModelSpec | None) -> dict[str, str | None]:
    named = {"policy": policy, "genrm": genrm}
    return {
        f"finbench.{role}_{what}": value
        for role, spec in named.items()
        if spec is not None
        for what, value in (("name", spec.name), ("checkpoint_sha256", spec.sha256))
    }


def _model(spec: ModelSpec, settings: Settings) -> Model:
    from inspect_ai.model import CachePolicy, GenerateConfig, get_model

    args = dict(spec.args)
    name = spec.model
    if spec.checkpoint is not None:
        name = "continuing/local"
        link = _link(spec)
        args = {"model_path": link, "tokenizer_path": link, **args}
    # a reply is never asked for twice: the key holds the weights, the messages, the settings with the seed, the epoch
    scopes = {"checkpoint": spec.sha256 or "", "model": spec.model}
    config = GenerateConfig(max_retries=settings.max_retries, cache=CachePolicy(expiry=None, scopes=scopes))
    return get_model(name, base_url=spec.base_url, config=config, memoize=False, **args)


def _link(spec: ModelSpec) -> str:
    assert spec.checkpoint is not None
    return f"{spec.checkpoint.name}-{(spec.sha256 or '')[:8]}"


@contextmanager
def _beside_checkpoints(specs: list[ModelSpec]) -> Iterator[None]:
    """Stand in a folder of links, so that the log has names of models and no paths of this machine."""
    if not specs:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="finbench-") as folder:
        for spec in specs:
            assert spec.checkpoint is not None
            link = Path(folder) / _link(spec)
            if not link.is_symlink():
                link.symlink_to(spec.checkpoint)
        with chdir(folder):
            yield


@contextmanager
def _cache_in(folder: Path) -> Iterator[None]:
    """Keep replies there, unless Inspect has been told of another place."""
    if _CACHE in os.environ:
        yield
        return
    os.environ[_CACHE] = str(folder)
    try:
        yield
    finally:
        del os.environ[_CACHE]
