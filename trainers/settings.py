"""What every adapter on the transformers loop may set, and the arguments that the loop gets from it."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from trainers.base import Budget, Settings
from trainers.tracking import tracked

Beta = Annotated[float, Field(ge=0, lt=1)]


class Lora(Settings):
    """Low-rank adapters on all linear layers instead of all weights (Hu et al. 2021, arXiv:2106.09685).

    Attributes:
        rank: rank of the update.
        alpha: the update is scaled by alpha / rank.
        dropout: on the adapter's input.
        merge: add the update to the weights at the end; else the checkpoint is the adapter, beside its base: stages
            cannot go on from it, and where it is evaluated a merged copy lies beside it.
    """

    rank: int = Field(default=16, gt=0)
    alpha: float = Field(default=32, gt=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    merge: bool = True


class LoopSettings(Settings):
    """The part of a stage's settings that all adapters share.

    Attributes:
        learning_rate: its peak.
        epochs: passes over the rows, 1 by default; not together with `max_steps`.
        max_steps: optimizer steps.
        batch_size: rows (or packs) of one forward pass in one process.
        accumulate: forward passes of one optimizer step.
        schedule: of the learning rate after the warm-up.
        warmup: share of the steps (below 1) or number of steps in which the learning rate rises.
        weight_decay: of AdamW.
        betas: decay rates of AdamW's two moments.
        max_grad_norm: gradients are scaled down to this norm.
        save_steps: save for resuming every so many steps, which takes three times the weights on disk; None: ten times
            in a run, and not more often than every 25 steps.
        log_steps: write a metrics line every so many steps.
        activation_checkpointing: recompute activations to save memory; None decides by what is free.
        precision: auto takes bf16 on an accelerator and fp32 on a CPU; fp32 is fp32 on both.
        lora: train low-rank adapters instead of all weights.
    """

    learning_rate: float = Field(default=2e-5, gt=0, allow_inf_nan=False)
    epochs: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    max_steps: int | None = Field(default=None, gt=0)
    batch_size: int = Field(default=8, gt=0)
    accumulate: int = Field(default=1, gt=0)
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    warmup: float = Field(default=0.1, ge=0, allow_inf_nan=False)
    weight_decay: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    # left out where it is the default, so that stages trained before there was a choice keep their names
    betas: tuple[Beta, Beta] = Field(default=(0.9, 0.999), exclude_if=lambda value: value == (0.9, 0.999))
    max_grad_norm: float = Field(default=1.0, gt=0)
    save_steps: int | None = Field(default=None, gt=0)
    log_steps: int = Field(default=10, gt=0)
    activation_checkpointing: bool | None = None
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    lora: Lora | None = None

    @model_validator(mode="after")
    def _has_one_length(self) -> Self:
        if self.max_steps is not None and self.epochs is not None:
            raise ValueError("give either `epochs` or `max_steps`, not both")
        if self.max_steps is not None and self.warmup > self.max_steps:
            raise ValueError(
                f"`warmup` of {self.warmup:g} steps is longer than `max_steps` {self.max_steps}; the learning rate "
                "would never reach its peak"
            )
        return self

    def steps(self, rows: int, processes: int = 1) -> int:
        """Optimizer steps for a number of rows; the last batch of an epoch may be smaller."""
        if self.max_steps is not None:
            return self.max_steps
        passes = math.ceil(rows / (self.batch_size * processes))
        return max(1, math.ceil(math.ceil(passes / self.accumulate) * (self.epochs or 1.0)))

    def budget(self, examples: int) -> Budget:
        """Steps and examples of a run on that many rows in one process."""
        steps = self.steps(examples)
        seen = steps * self.batch_size * self.accumulate if self.max_steps else round(examples * (self.epochs or 1.0))
        return Budget(steps=steps, examples_seen=seen)


def loop_arguments(
    config: LoopSettings, out: Path, *, seed: int, rows: int, gpu: bool, checkpointing: bool
) -> dict[str, Any]:
    """The arguments that all trainers of transformers and TRL take alike, with the defaults that bite set by hand.

    Args:
        config: the stage's settings.
        out: the stage's folder; checkpoints for resuming go below its `resume`.
        seed: of this run.
        rows: rows (or packs) to train on.
        gpu: whether training runs on an accelerator.
        checkpointing: whether activations are recomputed in the backward pass.
    """
    steps = config.steps(rows, int(os.environ.get("WORLD_SIZE", "1")))
    return {
        "output_dir": str(out / "resume"),
        "learning_rate": config.learning_rate,
        "num_train_epochs": config.epochs or 1.0,
        "max_steps": config.max_steps or -1,
        "per_device_train_batch_size": config.batch_size,
        "gradient_accumulation_steps": config.accumulate,
        "lr_scheduler_type": config.schedule,
        "warmup_steps": round(config.warmup * steps) if config.warmup < 1 else round(config.warmup),
        "weight_decay": config.weight_decay,
        "adam_beta1": config.betas[0],
        "adam_beta2": config.betas[1],
        "max_grad_norm": config.max_grad_norm,
        "bf16": gpu and config.precision != "fp32",  # the default is True, which is five times slower on a CPU
        "use_cpu": not gpu,
        "activation_checkpointing": checkpointing,
        "logging_steps": config.log_steps,
        "logging_first_step": True,
        "logging_nan_inf_filter": False,  # would log an average in place of NaN
        "save_strategy": "steps",
        "save_steps": config.save_steps or max(25, math.ceil(steps / 10)),
        "save_total_limit": 2,  # the older one goes only when the newer one is whole
        "seed": seed,
        "data_seed": seed,
        "report_to": tracked(),
        "disable_tqdm": True,
    }


def lora_config(lora: Lora | None) -> Any:
    """The settings of peft for a causal language model; None where all weights are trained."""
    if lora is None:
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
