"""One measured training run of an arm of `training_speed.py`: a packed adapter of this project, or TRL's own packing.

Usage: python benchmarks/gpu/training_arms.py JOB.json; the numbers go to the file that the job names. Each arm has a
process of its own, so that peak memory is its own. All arms get the same arguments of the loop from the same function;
what differs is who packs, and what is done for it in a step.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

#: Arm: the adapter of this project, or TRL's packing strategy, and whether it trains on text or on answers.
ARMS = {
    "cpt": ("finbench cpt", "text"),
    "trl-cpt-bfd": ("TRL, bfd_split", "text"),
    "trl-cpt-wrapped": ("TRL, wrapped", "text"),
    "sft": ("finbench sft, packed", "answers"),
    "trl-sft-bfd": ("TRL, bfd", "answers"),
}
SEED = 1


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Train as the job says and measure the steps after the warm-up.

    Args:
        job: `arm`, `model` (folder), `text` and `answers` (JSON lines), `length` (tokens of a packed row), `batch`
            (rows of a step), `warmup` and `steps` (not measured, measured), `checkpointing`.

    Returns:
        Tokens (padding left out) and seconds of the measured steps, seconds before the first step, peak GiB, and the
        mean utilisation in percent of the accelerator (None where nothing tells it) and of one CPU core.
    """
    from transformers import TrainerCallback

    began = time.perf_counter()

    class Clock(TrainerCallback):  # type: ignore[misc]
        """Reads clock and token count when the warm-up and when the last step is over."""

        def __init__(self) -> None:
            self.count: Any = None
            self.points: list[tuple[float, int, float]] = []
            self.setup = 0.0
            self.use = Utilisation()

        def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
            self.setup = time.perf_counter() - began

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step in (job["warmup"], job["warmup"] + job["steps"]):
                _synchronise()
                self.points.append((time.perf_counter(), self.count(), time.process_time()))
                (self.use.stop if len(self.points) > 1 else self.use.start)()

    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="finbench-speed-") as work:
        run = _trl if job["arm"].startswith("trl-") else _ours
        losses = run(job, clock, Path(work))
    (start, seen, cpu), (end, seen_then, cpu_then) = clock.points
    return {
        "tokens": seen_then - seen,
        "seconds": end - start,
        "setup_seconds": clock.setup,
        "peak_gib": _peak_gib(),
        "gpu_percent": clock.use.mean(),
        "cpu_percent": 100 * (cpu_then - cpu) / (end - start),
        "losses": losses,
    }


def _ours(job: dict[str, Any], clock: Any, work: Path) -> list[float]:
    """A packed adapter, through its public call; the clock is attached where its own progress is."""
    from trainers import loop
    from trainers.cpt import CPT, CptSettings
    from trainers.data.sources import prepare
    from trainers.recipe import DataSource
    from trainers.sft import SFT, SftSettings

    rows = job[ARMS[job["arm"]][1]]
    data = prepare([DataSource(path=rows)], work / "rows.jsonl", seed=SEED)
    original = loop.watch

    def watch(trainer: Any, out: Path, label: str) -> None:
        original(trainer, out, label)
        clock.count = trainer.tokens_seen
        trainer.add_callback(clock)

    loop.watch = watch
    try:
        given = _settings(job)
        if job["arm"] == "cpt":
            done = CPT()(job["model"], data, CptSettings(**given, heldout=0), work / "out", seed=SEED)
        else:
            done = SFT()(job["model"], data, SftSettings(**given, packing=True), work / "out", seed=SEED)
    finally:
        loop.watch = original
    return [done.notes["loss"]["first"], done.notes["loss"]["last"]]


def _trl(job: dict[str, Any], clock: Any, work: Path) -> list[float]:
    """TRL's trainer as its documentation uses it, with its own tokenising and packing."""
    from datasets import Dataset, disable_progress_bars
    from transformers import set_seed
    from trl import SFTConfig, SFTTrainer

    from trainers.cpt import CptSettings
    from trainers.hf import has_gpu, load_model, load_tokenizer
    from trainers.settings import loop_arguments

    disable_progress_bars()
    set_seed(SEED)
    with Path(job[ARMS[job["arm"]][1]]).open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    if ARMS[job["arm"]][1] == "answers":
        answer = "assistant"
        rows = [
            {"prompt": row["prompt"], "completion": [{"role": answer, "content": row["completion"]}]} for row in rows
        ]
        strategy = "bfd"
    else:
        rows = [{"text": row["text"]} for row in rows]
        strategy = "bfd_split" if job["arm"].endswith("bfd") else "wrapped"
    gpu = has_gpu()
    arguments = loop_arguments(
        CptSettings(**_settings(job)), work, seed=SEED, rows=len(rows), gpu=gpu, checkpointing=job["checkpointing"]
    )

    class Counting(SFTTrainer):  # type: ignore[misc]
        """Counts the tokens that steps get, padding left out."""

        tokens = 0

        def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            mask = inputs.get("attention_mask")
            self.tokens += int(inputs["input_ids"].numel() if mask is None else mask.sum())
            return super().training_step(model, inputs, *args, **kwargs)

    trainer = Counting(
        model=load_model(job["model"]),
        args=SFTConfig(
            **arguments | {"save_strategy": "no"}, max_length=job["length"], packing=True, packing_strategy=strategy
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=load_tokenizer(job["model"]),
        callbacks=[clock],
    )
    clock.count = lambda: trainer.tokens
    trainer.train()
    losses = [float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]
    return [losses[0], losses[-1]]


def _settings(job: dict[str, Any]) -> dict[str, Any]:
    steps = job["warmup"] + job["steps"]
    return {
        "learning_rate": 1e-5,
        "max_steps": steps,
        "batch_size": job["batch"],
        "max_length": job["length"],
        "log_steps": steps,
        "save_steps": 10 * steps,
        "activation_checkpointing": job["checkpointing"],
    }


class Utilisation:
    """Samples how busy the accelerator is, with nvidia-smi where it is there."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[str] | None = None
        self.found: list[float] = []

    def start(self) -> None:
        """Begin to sample, five times a second."""
        from trainers.hf import has_gpu

        if has_gpu():
            query = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-lms", "200"]
            device = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
            with suppress(OSError):
                self.child = subprocess.Popen(
                    [*query, *(["-i", device] if device else [])],
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                )  # fmt: skip

    def stop(self) -> None:
        """End, and keep what was sampled."""
        if self.child is None:
            return
        self.child.terminate()
        printed, _ = self.child.communicate(timeout=10)
        for line in printed.splitlines():
            with suppress(ValueError):
                self.found.append(float(line))

    def mean(self) -> float | None:
        """Mean of the samples in percent; None without any."""
        return sum(self.found) / len(self.found) if self.found else None


def matmul_rate(size: int = 8192, times: int = 10) -> float | None:
    """bf16 FLOP a second of a square matrix product on this accelerator, the ceiling to hold training against."""
    import torch

    if not torch.cuda.is_available():
        return None
    a, b = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(3):
        a @ b
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(times):
        a @ b
    torch.cuda.synchronize()
    return 2 * size**3 * times / (time.perf_counter() - began)


def hardware() -> dict[str, Any]:
    """What this runs on, and with which versions."""
    import platform
    from importlib.metadata import version

    import torch

    found = {name: version(name) for name in ("torch", "transformers", "trl")}
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        device = f"{torch.cuda.get_device_name()} ({memory:.0f} GiB), CUDA {torch.version.cuda}"
    else:
        device = f"CPU only: {os.cpu_count()} cores, {platform.machine()}, torch threads {torch.get_num_threads()}"
    from transformers.utils import is_flash_attn_2_available

    has_kernels = torch.cuda.is_available() and is_flash_attn_2_available()
    return {**found, "device": device, "flash_attention": bool(has_kernels), "matmul_flops": matmul_rate()}


def _synchronise() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _peak_gib() -> float:
    import torch

    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return float(torch.cuda.max_memory_reserved() / 2**30)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def main() -> int:
    """Run the job; a failure is a result, too."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        result = hardware() if job["arm"] == "hardware" else measure(job)
    except Exception as error:  # out of memory, or whatever a library raises: the other arms go on
        result = {"failed": f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"}
    Path(job["result"]).write_text(json.dumps(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
