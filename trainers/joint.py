"""Continued pretraining and supervised finetuning in one run, mixed by tokens, one group of sources after another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from trainers.base import Budget, Checkpoint, Prepared
from trainers.cpt import TextSettings
from trainers.packed import train_packed
from trainers.recipe import Count, DataSource
from trainers.shares import check_shares


def _one_or_several(value: Any) -> Any:
    """A single budget as the budget of the only group."""
    return value if value is None or isinstance(value, list | tuple) else (value,)


class JointSettings(TextSettings):
    """What a stage with `trainer: joint` may set; `batch_size` counts packed rows of `max_length` tokens.

    The shares of the sources within a group are their `weight`s, by tokens. Sources with the same `group` are mixed,
    and the groups follow each other in one run with one schedule of the learning rate; groups with schedules of their
    own are stages of their own.

    Attributes:
        overlong: leave rows with answers out that are longer than `max_length`, or cut the end of their last answer.
        tokens: how many tokens each group trains on, one number a group; None takes as many as the weights allow
            without reading any source twice, or everything where there are no weights.
    """

    overlong: Literal["drop", "truncate"] = "drop"
    tokens: Annotated[tuple[Count, ...] | None, BeforeValidator(_one_or_several)] = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _has_one_bound(self) -> JointSettings:
        if self.tokens is not None and self.max_steps is not None:
            raise ValueError("give either `tokens` or `max_steps`, not both: each of them says how long the run is")
        return self


class Joint:
    """The adapter; see `trainers.base.Trainer`."""

    settings = JointSettings

    def check(self, config: JointSettings, sources: Sequence[DataSource]) -> None:
        """Refuse weights, groups and budgets that contradict each other."""
        check_shares(sources, config.tokens, config.max_steps)

    def budget(self, config: JointSettings, examples: int) -> Budget:
        """Steps of a run, where the recipe bounds them by steps or tokens."""
        return config.packed_budget(sum(config.tokens) * (config.epochs or 1.0) if config.tokens else None)

    def __call__(self, model: str, data: Prepared, config: JointSettings, out: Path, *, seed: int) -> Checkpoint:
        """Train; see `trainers.base.Trainer`."""
        return train_packed(
            model,
            data,
            config,
            out,
            seed=seed,
            label="joint",
            max_length=config.max_length,
            overlong=config.overlong,
            end_token=config.end_of_text,
            budgets=config.tokens,
            held_share=config.heldout,
            held_tokens=config.heldout_tokens,
            attention=config.attention,
        )
