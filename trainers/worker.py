"""The process that trains one stage: `python .../trainers/worker.py job.json`.

A process of its own gives all memory back before the evaluation, and turns a crash or a kill into a sentence of the
runner. It is started by file path, since people often have a package called `trainers` of their own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULT, ERROR, TRACEBACK = "result.json", "error.json", "traceback.txt"


def adopt_package() -> None:
    """Make `import trainers` mean the folder of this file, whatever else lies on the path under that name.

    Python puts a script's folder first on the path, which would let `data` or `base` of ours shadow other packages:
    that entry is taken off. The folder above goes last, for a checkout that is not installed.
    """
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]
    sys.path.append(str(HERE.parent))
    spec = importlib.util.spec_from_file_location(
        "trainers", HERE / "__init__.py", submodule_search_locations=[str(HERE)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{HERE} is not a package")
    package = importlib.util.module_from_spec(spec)
    sys.modules["trainers"] = package
    spec.loader.exec_module(package)


def end_with_parent(parent: int) -> None:
    """End this process soon after its parent has ended: an orphan would go on writing into the stage's folder."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(3)

    threading.Thread(target=look, daemon=True).start()


def train(job: dict[str, Any]) -> dict[str, Any]:
    """Run the job's trainer; gives what the runner puts into the lineage."""
    from trainers.base import Prepared, StageError, load_trainer
    from trainers.lineage import hardware, versions
    from trainers.memory import peak_gib
    from trainers.tracking import track

    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes != job["processes"]:
        raise StageError(
            f"the launcher started {processes} processes and the recipe says {job['processes']}; "
            "`accelerate launch --cpu` starts one only, use torchrun there"
        )
    trainer = load_trainer(job["trainer"])
    config = trainer.settings.model_validate(job["config"])
    data = Prepared(**{**job["data"], "path": Path(job["data"]["path"]), "sources": tuple(job["data"]["sources"])})
    track(job.get("track", ()), Path(job["out"]))
    begun = time.monotonic()
    more = {"inputs": job["inputs"]} if job.get("inputs") else {}
    done = trainer(job["model"], data, config, Path(job["out"]), seed=job["seed"], **more)
    if not (done.path / "config.json").is_file() and not (done.path / "adapter_config.json").is_file():
        raise StageError(f"trainer {job['trainer']!r} ended without a model in {done.path}")
    return {
        "checkpoint": os.path.relpath(done.path, job["out"]),
        "steps": done.steps,
        "tokens": done.tokens,
        "notes": done.notes,
        # with those that an interrupted run spent on the steps that were not taken again
        "seconds": round(time.monotonic() - begun + float(done.notes.get("seconds_before_resume") or 0), 1),
        "peak_memory_gib": peak_gib(),
        "versions": versions(),
        "hardware": hardware(),
    }


def main(arguments: list[str]) -> int:
    """Run the job in the file named; exit code 0 with result.json, or 2 with error.json beside it."""
    end_with_parent(os.getppid())
    os.environ["HF_HUB_OFFLINE"] = "1"  # a stage trains on what is on disk
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ.setdefault("TQDM_DISABLE", "1")  # progress has lines of its own
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    adopt_package()
    from finbench.errors import InputError
    from trainers.files import write_json, write_text

    job = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    out = Path(job["out"])
    try:
        result = train(job)
    except InputError as error:
        write_json(out / ERROR, {"message": error.message})
        return 2
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        write_json(out / ERROR, {"message": f"training needs the module {error.name}: pip install 'finbench[train]'"})
        return 2
    except Exception as error:  # whatever else happens becomes a sentence that names the traceback
        write_text(out / TRACEBACK, traceback.format_exc())
        text = (str(error).strip().splitlines() or ["no message"])[0]
        write_json(out / ERROR, {"message": f"{type(error).__name__}: {text} (see {out / TRACEBACK})"})
        return 2
    if os.environ.get("RANK", "0") == "0":
        write_json(out / RESULT, result)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
