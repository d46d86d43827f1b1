"""Several models on several tasks, in worker processes, resumable."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from finbench.data.locate import ENVIRONMENT_VARIABLE
from finbench.errors import InputError
from finbench.evaluation.given_rows import without_paths
from finbench.evaluation.job import Grader, Job
from finbench.evaluation.models import ModelSpec
from finbench.evaluation.spending import check_prices, read_prices
from finbench.files import writing
from finbench.tasks.solving import WITH_PROMPT_LOGPROBS
from finbench.taxonomy import Elicitation


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What became of an evaluation.

    Attributes:
        exit_code: 0 all complete, 1 some tasks are not complete, 2 some input was not usable.
        log_dirs: folder of logs of each model, by its public name.
        skipped: tasks that were not run, and why.
    """

    exit_code: int
    log_dirs: Mapping[str, Path]
    skipped: Mapping[str, str] = field(default_factory=dict)


def run(
    models: Sequence[ModelSpec],
    tasks: Sequence[str] | Mapping[str, Mapping[str, Any]],
    log_dir: Path,
    *,
    limit: int | None = None,
    epochs: int = 1,
    processes: int = 1,
    max_connections: int | None = None,
    max_cost: float | None = None,
    prices: Path | None = None,
    grader: ModelSpec | None = None,
    optional: Collection[str] = (),
) -> Evaluation:
    """Score models on tasks; run again with the same arguments it does only what is missing.

    Args:
        models: which models, each with a public name of its own.
        tasks: task names, or task names with options (`data`, `seed`, `elicitation`, `fewshot`).
        log_dir: where the logs go: `<log_dir>/<model>-<hash>/<task>-<set>/*.eval`.
        limit: only the first items of each task; the result is unofficial.
        epochs: how often each item is asked.
        processes: how many worker processes at once (Inspect itself uses one core).
        max_connections: requests at once; the batch size of a local model.
        max_cost: USD that the whole call may spend: then nothing more is asked, and what is missing can be run later.
            Models and tasks are run one after another then.
        prices: YAML of prices (see `finbench.evaluation.spending`).
        grader: the judge of the tasks that need one; another model than those under test.
        optional: names of tasks that are left out if they cannot be made (no rows here, no judge named), as long as any
            task is left; the result says which and why.

    Raises:
        InputError: if a task, its rows, a model or the log folder is not usable; nothing is written then.
    """
    options = (
        {name: dict(value) for name, value in tasks.items()}
        if isinstance(tasks, Mapping)
        else {name: {} for name in tasks}
    )
    names = [model.name for model in models]
    if len(set(names)) < len(names):
        raise InputError(
            f"two models share the public name '{next(n for n in names if names.count(n) > 1)}'; pass --name for each"
        )
    offline, sets, skipped = check_rows(options, grader=grader, optional=optional)
    options = {name: given for name, given in options.items() if name not in skipped}
    judge = check_grader(grader, models, options) if grader is not None else None
    asked = [*models, *([grader] if judge is not None and grader is not None else [])]
    table = read_prices(prices) if prices is not None else {}
    if max_cost is not None:
        check_prices({model.model: model.name for model in asked if model.checkpoint is None}, table)
    for model in asked:
        check_likelihood(model, options if model in models else {})
        check_server(model)
    with writing(log_dir):
        log_dir.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=log_dir).close()
    named, paths = without_paths(options)
    folders = {model.name: log_dir.resolve() / model.slug for model in models}
    jobs = [
        Job(
            model=model.model,
            name=model.name,
            args=dict(model.args),
            base_url=model.base_url,
            checkpoint=model.checkpoint,
            sha256=model.sha256,
            lineage_sha256=model.lineage_sha256,
            tasks={name: named[name] for name in share},
            rows=paths,
            folders={name: _folder(name, sets[name], limit, options[name]) for name in share},
            log_dir=folders[model.name],
            grader=judge,
            limit=limit,
            epochs=epochs,
            max_connections=max_connections,
            max_cost=max_cost,
            prices=prices.resolve() if prices else None,
            offline=offline and model.checkpoint is not None,
        )
        for model in models
        for share in _shares(list(options), processes if len(models) == 1 and max_cost is None else 1)
    ]
    codes = _run_all(jobs, processes) if max_cost is None else _run_in_turn(jobs)
    return Evaluation(exit_code=max(codes, default=0), log_dirs=folders, skipped=skipped)


def check_rows(
    tasks: Mapping[str, Mapping[str, Any]], *, grader: ModelSpec | None = None, optional: Collection[str] = ()
) -> tuple[bool, dict[str, str], dict[str, str]]:
    """Make sure that every task has rows, and a judge where it needs one, before anything is asked of a model.

    Returns:
        Whether all rows lie here, so that no hub is needed; the fingerprint of each task's set; and the tasks left out
        with the reason.

    Raises:
        InputError: if a task is unknown or cannot be made (if it is optional: and no other can), or an option is not
            usable.
    """
    import finbench.tasks
    from finbench.judging.grader import naming
    from finbench.tasks.catalogue import definition

    kinds = set()
    sets: dict[str, str] = {}
    skipped: dict[str, str] = {}
    for name, options in tasks.items():
        known = definition(name)
        make = getattr(finbench.tasks, known.card.name)
        try:
            with naming(grader.name) if grader is not None else nullcontext():
                built = make(**options)
        except TypeError as error:
            raise InputError(f"task '{name}' cannot be made with {dict(options)}: {error}") from None
        except InputError as error:
            if name not in optional:
                raise
            skipped[name] = error.message
            continue
        kinds.add((built.metadata or {}).get("finbench.rows_from"))
        sets[name] = str((built.metadata or {}).get("finbench.items_sha256"))
    if skipped and not sets:
        first, reason = next(iter(skipped.items()))
        raise InputError(
            reason if len(skipped) == 1 else f"none of {len(skipped)} tasks can be run here; {first}: {reason}"
        )
    return "hub" not in kinds, sets, skipped


def check_grader(grader: ModelSpec, models: Sequence[ModelSpec], tasks: Iterable[str]) -> Grader | None:
    """The judge as a worker needs it; None where no task needs one.

    Raises:
        InputError: if it is one of the models under test.
    """
    from finbench.judging.grader import is_same
    from finbench.tasks.catalogue import card

    if not any(card(name).judged for name in tasks):
        return None
    for model in models:
        if model.name == grader.name or is_same((model.model, model.sha256), (grader.model, grader.sha256)):
            raise InputError(f"{model.name} cannot judge itself; pass another model with --grader")
    return Grader(
        model=grader.model,
        name=grader.name,
        args=dict(grader.args),
        base_url=grader.base_url,
        checkpoint=grader.checkpoint,
        sha256=grader.sha256,
    )


def _folder(task: str, items_sha256: str, limit: int | None, options: Mapping[str, Any]) -> str:
    """Where a task's logs go. Inspect knows its logs by task and arguments, not by the rows that lay there."""
    way = "-likelihood" if options.get("elicitation") == Elicitation.LIKELIHOOD.value else ""
    return f"{task}-{items_sha256[:8]}{way}" + (f"-first{limit}" if limit else "")


def check_likelihood(model: ModelSpec, tasks: Mapping[str, Mapping[str, Any]]) -> None:
    """Make sure that a model can tell log-probabilities of options where a task asks for them.

    Raises:
        InputError: if its provider gives none.
    """
    for name, options in tasks.items():
        if options.get("elicitation") == Elicitation.LIKELIHOOD.value and not model.model.startswith(
            WITH_PROMPT_LOGPROBS
        ):
            raise InputError(
                f"{model.model} gives no log-probabilities of a prompt, which elicitation=likelihood needs ({name}); "
                f"use a checkpoint folder or {' or '.join(f'{prefix}...' for prefix in WITH_PROMPT_LOGPROBS[1:])}"
            )


def check_server(model: ModelSpec) -> None:
    """Make sure that a server that was named answers at all.

    Raises:
        InputError: if it does not accept a connection, or its key or address is not set.
    """
    url = model.base_url
    if model.model.startswith(("openai-api/", "openai-api-completions/")):
        service = model.model.split("/")[1].upper().replace("-", "_")
        url = url or os.environ.get(f"{service}_BASE_URL")
        if url is None:
            raise InputError(f"{model.model} needs a server: pass --model-base-url or set {service}_BASE_URL")
        if not os.environ.get(f"{service}_API_KEY"):
            raise InputError(
                f"{model.model} needs {service}_API_KEY to be set (any value, if the server asks for none)"
            )
    if url is None:
        return
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise InputError(
            f"'{url}' is no address of a server ({error}); pass something like http://127.0.0.1:8000/v1"
        ) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"'{url}' is no address of a server; pass something like http://127.0.0.1:8000/v1")
    try:
        socket.create_connection((parts.hostname, port), timeout=10).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"no server answers at {url} ({reason}); start it, or pass --model-base-url") from None


def _shares(tasks: list[str], count: int) -> list[list[str]]:
    shares = [tasks[start::count] for start in range(min(count, len(tasks)))]
    return [share for share in shares if share]


def _environment() -> dict[str, str]:
    """The environment of a worker, who may stand in another folder than the user."""
    found = dict(os.environ)
    if found.get(ENVIRONMENT_VARIABLE):
        found[ENVIRONMENT_VARIABLE] = str(Path(found[ENVIRONMENT_VARIABLE]).expanduser().resolve())
    return found


def _run_in_turn(jobs: Sequence[Job]) -> list[int]:
    """Run jobs one after another, each with what those before it have left of the money."""
    codes, spent = [], 0.0
    with tempfile.TemporaryDirectory(prefix="finbench-") as folder:
        for index, job in enumerate(jobs):
            receipt = Path(folder) / f"{index}.txt"
            codes += _run_all([job.model_copy(update={"spent": spent, "receipt": receipt})], 1)
            spent += float(receipt.read_text(encoding="utf-8")) if receipt.exists() else 0.0
    return codes


def _run_all(jobs: Sequence[Job], processes: int) -> list[int]:
    children: list[subprocess.Popen[bytes]] = []
    environment = _environment()
    with tempfile.TemporaryDirectory(prefix="finbench-") as folder:
        paths = []
        for index, job in enumerate(jobs):
            path = Path(folder) / f"{index}.json"
            path.write_text(job.model_dump_json(), encoding="utf-8")
            paths.append(path)

        def work(path: Path) -> int:
            child = subprocess.Popen(
                # -P: a datasets.py in the folder that the user stands in is not the library
                [sys.executable, "-P", "-m", "finbench.evaluation.worker", str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=environment,
            )
            children.append(child)
            code = child.wait()
            if code < 0:
                sys.stderr.write(
                    f"finbench: a worker was killed (signal {-code}); run the same command again to go on\n"
                )
            return 2 if code not in (0, 1, 2) else code

        with ThreadPoolExecutor(max_workers=max(1, processes)) as pool:
            try:
                return list(pool.map(work, paths))
            except BaseException:
                # the pool waits for its threads and these for the workers, which a Ctrl-C need not have reached
                pool.shutdown(wait=False, cancel_futures=True)
                for child in children:
                    child.terminate()
                raise
