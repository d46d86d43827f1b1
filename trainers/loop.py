"""What every trainer on the transformers loop shares: progress, resume, and stopping before a bad number is saved.

Imported only where training starts: it loads transformers.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import time
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainerCallback

from trainers.base import Checkpoint, StageError
from trainers.files import canonical, read_json, write_json, write_text
from trainers.progress import duration, say

#: Written into a resume checkpoint when all of it is on disk: a folder without it was cut off while being saved.
COMPLETE = "complete.json"
METRICS = "metrics.jsonl"


class Careful:
    """Mixed in before a transformers trainer: counts tokens seen, and stops at a loss that is no number.

    The loop itself would go on, and replaces NaN by an average in what it logs (`logging_nan_inf_filter`).
    """

    tokens_here: int = 0
    resumed_tokens: int = 0
    resumed_from: int = 0
    resumed_seconds: float = 0.0
    seconds: float = 0.0

    def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """One forward and backward pass; raises StageError where its loss is not finite."""
        if not isinstance(inputs, list):  # prompts to be sampled from, whose trainer counts what becomes of them
            mask = inputs.get("attention_mask")
            packed = inputs.pop("tokens", None)  # what the collator of packed rows counted; no argument of a model
            everything = inputs["input_ids"].numel() if mask is None else mask.sum()
            self.tokens_here += int(everything if packed is None else packed)
        loss = super().training_step(model, inputs, *args, **kwargs)  # type: ignore[misc]
        if not math.isfinite(float(loss)):
            raise StageError(_diverged(self, f"the loss became {float(loss)}"))
        return loss

    def speed(self) -> float | None:
        """Tokens per second of all processes since the start or the last resume, loading left out."""
        return round(sum_over_processes(self, self.tokens_here) / self.seconds, 1) if self.seconds else None

    def tokens_seen(self) -> int:
        """Tokens seen by all processes, padding left out, those before a resume included."""
        return self.resumed_tokens + sum_over_processes(self, self.tokens_here)


class Watch(TrainerCallback):  # type: ignore[misc]
    """Writes metrics.jsonl and a line of progress for each log entry, and marks whole checkpoints.

    Args:
        out: the stage's folder.
        trainer: the trainer that it watches, a `Careful` one.
        label: the stage's name for the progress lines.
    """

    def __init__(self, out: Path, trainer: Any, label: str) -> None:
        self.metrics = out / METRICS
        self.trainer = trainer
        self.label = label
        self.begun = 0.0
        self.first_step = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock; what was logged before a resume is kept, what came after its checkpoint is dropped."""
        self.begun, self.first_step = time.monotonic(), state.global_step
        if state.is_world_process_zero:
            write_text(self.metrics, "".join(canonical(entry) + "\n" for entry in state.log_history))

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Append the entry to metrics.jsonl and say it."""
        if not state.is_world_process_zero or not logs:
            return
        with self.metrics.open("a", encoding="utf-8") as lines:
            lines.write(canonical(_plain({**logs, "step": state.global_step})) + "\n")
        if "loss" in logs:
            spent = time.monotonic() - self.begun
            done = state.global_step - self.first_step
            left = spent / max(done, 1) * (state.max_steps - state.global_step)
            say(
                f"{self.label}: step {state.global_step}/{state.max_steps}  loss {float(logs['loss']):.4f}  "
                f"learning rate {float(logs['learning_rate']):.1e}  about {duration(left)} left"
            )

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Log the last step, and save no resume checkpoint after it: the finished one follows at once."""
        if state.global_step >= state.max_steps:
            control.should_log, control.should_save = True, False
        return control

    def on_save(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        """Mark the checkpoint just written as whole, unless its weights are not finite."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        tokens = self.trainer.tokens_seen()
        if not weights_are_finite(model):
            shutil.rmtree(folder, ignore_errors=True)
            raise StageError(_diverged(self.trainer, "the weights are no longer finite"))
        if state.is_world_process_zero:
            done = {"step": state.global_step, "tokens": tokens, "seconds": round(self._spent(), 1)}
            write_json(folder / COMPLETE, done)

    def _spent(self) -> float:
        """Seconds of the steps so far, those before a resume included."""
        return float(self.trainer.resumed_seconds) + time.monotonic() - self.begun


def watch(trainer: Any, out: Path, label: str) -> None:
    """Attach progress and marking to a trainer, in place of what transformers would print on stdout."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Watch(out, trainer, label))


def last_checkpoint(folder: Path) -> Path | None:
    """The latest whole checkpoint under `folder`; those that were cut off while being saved are removed.

    transformers' own `get_last_checkpoint` takes the highest number, whole or not.
    """
    found = {}
    for path in sorted(folder.glob("checkpoint-*")):
        if match := re.fullmatch(r"checkpoint-(\d+)", path.name):
            if (path / COMPLETE).is_file():
                found[int(match[1])] = path
            else:
                say(f"{path.name} was cut off while it was saved; it is removed")
                shutil.rmtree(path, ignore_errors=True)
    return found[max(found)] if found else None


def train(trainer: Any, folder: Path, main: bool) -> None:
    """Run the loop to its end, from the last whole checkpoint under `folder` where there is one.

    Args:
        trainer: a transformers trainer with `Careful` mixed in.
        folder: its output folder.
        main: whether this process is the first one, which removes broken checkpoints.
    """
    if main:
        last_checkpoint(folder)
    trainer.accelerator.wait_for_everyone()
    start = last_checkpoint(folder)
    if start is not None:
        saved = read_json(start / COMPLETE)
        trainer.resumed_from, trainer.resumed_tokens = int(saved["step"]), int(saved["tokens"])
        trainer.resumed_seconds = float(saved.get("seconds", 0.0))
        if main:
            say(f"going on from {start.name}")
    begun = time.monotonic()
    trainer.train(resume_from_checkpoint=str(start) if start else None)
    trainer.seconds = time.monotonic() - begun
    if not weights_are_finite(trainer.model):
        raise StageError(_diverged(trainer, "the weights are no longer finite"))


def finish(
    trainer: Any,
    tokenizer: Any,
    out: Path,
    *,
    label: str,
    merge: bool,
    checkpointing: bool,
    use_cache: bool = True,
) -> Checkpoint:
    """Train to the end, going on from what lies under `out`, and leave the checkpoint there.

    Args:
        trainer: a transformers trainer with `Careful` mixed in.
        tokenizer: saved beside the weights.
        out: the stage's folder.
        label: what progress lines begin with.
        merge: whether low-rank adapters are added to the weights at the end.
        checkpointing: whether activations are recomputed.
        use_cache: what the checkpoint's config says of its cache; the loop turns it off, and would save it so.

    Raises:
        StageError: the loss or the weights are no longer finite, or the checkpoint cannot be written.
    """
    from trainers.hf import save_checkpoint

    main = bool(trainer.is_world_process_zero())
    watch(trainer, out, label)
    train(trainer, out / "resume", main)
    trained = trainer.accelerator.unwrap_model(trainer.model)
    trained.config.use_cache = use_cache
    merged = trained.merge_and_unload() if merge else None
    save_checkpoint(trainer, tokenizer, merged, out / "checkpoint", main=main)
    notes = {
        "loss": final_losses(trainer.state.log_history),
        "activation_checkpointing": checkpointing,
        "precision": "bf16" if trainer.args.bf16 else "fp32",
        "tokens_per_second": trainer.speed(),
        "resumed_from_step": trainer.resumed_from,
        "seconds_before_resume": trainer.resumed_seconds,
        "processes": trainer.accelerator.num_processes,
    }
    return Checkpoint(
        path=out / "checkpoint", steps=int(trainer.state.global_step), tokens=trainer.tokens_seen(), notes=notes
    )


def weights_are_finite(model: Any) -> bool:
    """Whether every trained weight is a finite number."""
    return all(bool(weight.detach().isfinite().all()) for weight in model.parameters() if weight.requires_grad)


def sum_over_processes(trainer: Any, value: int) -> int:
    """The sum of an integer over all training processes."""
    if trainer.accelerator.num_processes == 1:
        return value
    import torch

    total = trainer.accelerator.reduce(torch.tensor(value, device=trainer.accelerator.device), reduction="sum")
    return int(total.item())


def final_losses(log: list[dict[str, Any]]) -> dict[str, float | None]:
    """First and last logged training loss; None where nothing was logged."""
    losses = [float(entry["loss"]) for entry in log if "loss" in entry]
    return {"first": losses[0] if losses else None, "last": losses[-1] if losses else None}


def _diverged(trainer: Any, what: str) -> str:
    folder = Path(trainer.args.output_dir)
    whole = sorted(folder.glob(f"checkpoint-*/{COMPLETE}"), key=lambda path: int(path.parent.name.split("-")[1]))
    kept = f"the last good checkpoint is {whole[-1].parent}" if whole else "no checkpoint had been saved yet"
    return (
        f"{what} at step {trainer.state.global_step + 1} (learning rate {trainer.args.learning_rate:g}); training is "
        f"stopped and {kept}; try a lower learning_rate, more warmup or a smaller max_grad_norm"
    )


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    """A log entry with numbers as numbers; what is not finite becomes null, which JSON can hold."""
    plain: dict[str, Any] = {}
    for key, value in entry.items():
        try:
            number = float(value)
        except (TypeError, ValueError):
            plain[key] = json.loads(json.dumps(value, default=str))
            continue
        plain[key] = (value if isinstance(value, int) else number) if math.isfinite(number) else None
    return plain
