"""Continued pretraining on raw text: documents whole, split where they are long, kept apart, each with its end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from finbench.errors import InputError
from trainers.base import Budget, Checkpoint, Prepared
from trainers.packed import train_packed
from trainers.recipe import Count, DataSource
from trainers.settings import LoopSettings
from trainers.shares import check_shares


class TextSettings(LoopSettings):
    """What adapters that train on text may set, beside what all adapters share.

    Attributes:
        max_length: tokens of a packed row; longer documents are split, and no token of them is lost.
        end_of_text: token that ends a document; the tokenizer's own end token by default, which for a chat model ends
            a turn: name the one that its base model was pretrained with, if it has another.
        heldout: share of the text's tokens that is not trained on; perplexity is measured on it before and after.
        heldout_tokens: at most so many of them.
        attention: attention implementation of transformers, such as `sdpa` or `flash_attention_2`; by default the
            latter on an accelerator where it is installed.
    """

    max_length: int = Field(default=1024, gt=1)
    end_of_text: str | None = None
    heldout: float = Field(default=0.05, ge=0, le=0.5)
    heldout_tokens: Count = 8_000
    attention: str | None = None

    def packed_budget(self, tokens: float | None) -> Budget:
        """Steps and packed rows of a run in one process, where the tokens are known."""
        if self.max_steps:
            return Budget(steps=self.max_steps, examples_seen=self.max_steps * self.batch_size * self.accumulate)
        if tokens is None:
            return Budget()
        packs = max(1, round(tokens / self.max_length))
        return Budget(steps=self.model_copy(update={"epochs": None}).steps(packs), examples_seen=packs)


class CptSettings(TextSettings):
    """What a stage with `trainer: cpt` may set; `batch_size` counts packed rows of `max_length` tokens."""


class CPT:
    """The adapter; see `trainers.base.Trainer`."""

    settings = CptSettings

    def check(self, config: CptSettings, sources: Sequence[DataSource]) -> None:
        """Refuse tasks, whose rows are no text, and weights or groups that contradict each other."""
        task = next((source.label for source in sources if source.task), None)
        if task is not None:
            raise InputError(f"cpt trains on text, and {task} has questions with answers; take `sft`, or `joint`")
        check_shares(sources, None, config.max_steps)

    def budget(self, config: CptSettings, examples: int) -> Budget:
        """Steps of a run, where the recipe bounds them: documents say nothing of their tokens."""
        return config.packed_budget(None)

    def __call__(self, model: str, data: Prepared, config: CptSettings, out: Path, *, seed: int) -> Checkpoint:
        """Train; see `trainers.base.Trainer`."""
        other = next((source for source in data.sources if source["kind"] != "text"), None)
        if other is not None:
            raise InputError(
                f"cpt trains on text, and {other['source']} holds rows of the kind {other['kind']}; "
                "take `sft` for them, or `joint` for both"
            )
        return train_packed(
            model,
            data,
            config,
            out,
            seed=seed,
            label="cpt",
            max_length=config.max_length,
            end_token=config.end_of_text,
            held_share=config.heldout,
            held_tokens=config.heldout_tokens,
            attention=config.attention,
        )
