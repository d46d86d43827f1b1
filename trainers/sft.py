"""Supervised finetuning on prompts, answers and conversations with TRL: the loss is on the answers only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from trainers.base import Budget, Checkpoint, Prepared
from trainers.data.template import encode_rows
from trainers.packed import train_packed
from trainers.progress import say
from trainers.recipe import DataSource
from trainers.settings import LoopSettings, loop_arguments, lora_config
from trainers.shares import check_no_shares, check_shares


class SftSettings(LoopSettings):
    """What a stage with `trainer: sft` may set, beside what all adapters share.

    Attributes:
        max_length: tokens of a row; longer ones are treated as `overlong` says, and counted.
        overlong: leave such rows out, or cut the end of their last answer.
        packing: put several rows into one of `max_length` tokens, none of which sees another; `batch_size` then counts
            packed rows. For rows of very different lengths, and for accelerators.
    """

    max_length: int = Field(default=1024, gt=1)
    overlong: Literal["drop", "truncate"] = "drop"
    # left out where it is off, so that stages trained before there was packing keep their names
    packing: bool = Field(default=False, exclude_if=lambda value: not value)


class SFT:
    """The adapter; see `trainers.base.Trainer`."""

    settings = SftSettings

    def check(self, config: SftSettings, sources: Sequence[DataSource]) -> None:
        """Refuse groups and weights where rows are not packed, and those that contradict each other where they are."""
        if config.packing:
            check_shares(sources, None, config.max_steps)
        else:
            check_no_shares(sources, "sft without `packing`")

    def budget(self, config: SftSettings, examples: int) -> Budget:
        """Steps and examples of a run on that many rows in one process."""
        return config.budget(examples) if not config.packing else Budget(steps=config.max_steps)

    def __call__(self, model: str, data: Prepared, config: SftSettings, out: Path, *, seed: int) -> Checkpoint:
        """Train; see `trainers.base.Trainer`."""
        if config.packing:
            return train_packed(
                model, data, config, out, seed=seed, label="sft", max_length=config.max_length, overlong=config.overlong
            )
        from trainers.hf import check_positions, load_model, load_tokenizer, plan_memory, trains_on_gpu

        tokenizer = load_tokenizer(model)
        encoded = encode_rows(
            tokenizer, list(data.read()), max_length=config.max_length, overlong=config.overlong, model=model
        )
        notes: dict[str, Any] = {
            "rows": len(encoded.rows),
            "rows_dropped_as_too_long": len(encoded.dropped),
            "rows_truncated": len(encoded.truncated),
            "tokens_per_epoch": encoded.tokens,
            "answer_tokens_per_epoch": encoded.answer_tokens,
            "longest_row": encoded.longest,
        }
        say(
            f"sft: {len(encoded.rows)} rows, {encoded.tokens} tokens ({encoded.answer_tokens} of answers), "
            f"{len(encoded.dropped)} dropped as longer than {config.max_length}, {len(encoded.truncated)} truncated"
        )

        from datasets import Dataset, disable_progress_bars
        from transformers import set_seed
        from trl import SFTConfig, SFTTrainer

        from trainers.loop import Careful, finish

        disable_progress_bars()
        set_seed(seed)
        gpu = trains_on_gpu(config.precision)
        loaded = load_model(model)
        check_positions(loaded, encoded.longest, model)
        use_cache = bool(loaded.config.use_cache)
        checkpointing = plan_memory(
            loaded,
            config.batch_size,
            encoded.longest,
            gpu=gpu,
            full=config.lora is None,
            wish=config.activation_checkpointing,
            half=config.precision != "fp32",
        )

        class CarefulSFTTrainer(Careful, SFTTrainer):  # type: ignore[misc]
            """TRL's trainer, stopping at a loss that is no number."""

        trainer = CarefulSFTTrainer(
            model=loaded,
            args=SFTConfig(
                **loop_arguments(config, out, seed=seed, rows=len(encoded.rows), gpu=gpu, checkpointing=checkpointing),
                max_length=None,  # rows are cut, dropped and counted before they come here
                packing=False,
            ),
            train_dataset=Dataset.from_list(encoded.rows),
            processing_class=tokenizer,
            peft_config=lora_config(config.lora),
        )
        done = finish(
            trainer,
            tokenizer,
            out,
            label="sft",
            merge=config.lora is not None and config.lora.merge,
            checkpointing=checkpointing,
            use_cache=use_cache,
        )
        return replace(done, notes=notes | done.notes)
