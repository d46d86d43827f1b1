"""Reinforcement learning on verifiable rewards with TRL: groups of replies, scored by the benchmark's own scorers."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from finbench.errors import InputError
from trainers.base import Budget, Checkpoint, Prepared
from trainers.grpo_rewards import Rewarder
from trainers.progress import say
from trainers.recipe import DataSource
from trainers.settings import LoopSettings, loop_arguments, lora_config
from trainers.shares import check_no_shares


class GrpoSettings(LoopSettings):
    """What a stage with `trainer: grpo` may set, beside what all adapters share.

    Group relative policy optimisation (Shao et al. 2024, arXiv:2402.03300, section 4.1): several replies to each
    prompt, each one's advantage being its reward against those of its group.

    Attributes:
        generations: replies to each prompt.
        batch_size: replies of one forward pass in one process; with `accumulate` a whole number of groups.
        loss: how token losses are averaged: `dapo` over all tokens of a step (Yu et al. 2025, arXiv:2503.14476,
            section 3.3), `dr_grpo` by a constant (Liu et al. 2025, arXiv:2503.20783, section 3.2), `grpo` within each
            reply first.
        scale: what advantages are divided by: the standard deviation of rewards in the `group` or the `batch`, or
            nothing (`none`).
        kl: weight of the divergence from the model that the policy starts from; above 0 that model is kept in memory.
        format_weight: reward for following the requested format, beside 1 for a right answer.
        temperature: that replies are sampled at.
        top_p: share of the probability that they are sampled from.
        max_prompt_length: tokens; rows with longer prompts are left out and counted.
        max_completion_length: tokens at which a reply is cut; a reply that gave no answer by then gets no reward.
    """

    learning_rate: float = Field(default=1e-6, gt=0, allow_inf_nan=False)
    generations: int = Field(default=8, gt=1)
    loss: Literal["dapo", "dr_grpo", "grpo"] = "dapo"
    scale: Literal["group", "batch", "none"] = "group"
    kl: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    format_weight: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    temperature: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_prompt_length: int = Field(default=1024, gt=0)
    max_completion_length: int = Field(default=256, gt=0)

    @property
    def max_length(self) -> int:
        """Tokens of a prompt with one reply at the most; what plans count with."""
        return self.max_prompt_length + self.max_completion_length

    @model_validator(mode="after")
    def _has_whole_groups(self) -> GrpoSettings:
        if self.batch_size * self.accumulate % self.generations:
            raise ValueError(
                f"batch_size {self.batch_size} times accumulate {self.accumulate} is no whole number of groups of "
                f"{self.generations} generations"
            )
        return self

    def prompts_per_step(self, processes: int = 1) -> int:
        """Prompts whose replies make one optimizer step."""
        return self.batch_size * self.accumulate * processes // self.generations

    def steps(self, rows: int, processes: int = 1) -> int:
        """Optimizer steps for a number of prompts; those that fill no step at the end of an epoch are left out."""
        if self.max_steps is not None:
            return self.max_steps
        return max(1, math.floor(rows // self.prompts_per_step(processes) * (self.epochs or 1.0)))

    def budget(self, examples: int) -> Budget:
        """Steps, and replies as examples, of a run on that many prompts in one process."""
        steps = self.steps(examples)
        return Budget(steps=steps, examples_seen=steps * self.batch_size * self.accumulate)


class GRPO:
    """The adapter; see `trainers.base.Trainer`. Rows come from a `task`, whose scorer gives the reward."""

    settings = GrpoSettings

    def check(self, config: GrpoSettings, sources: Sequence[DataSource]) -> None:
        """Refuse rows that no scorer of the benchmark knows, and groups and weights."""
        other = next((source.label for source in sources if source.task is None), None)
        if other is not None:
            raise InputError(f"grpo takes its rewards from the scorer of a task; give `task` in place of {other}")
        check_no_shares(sources, "grpo")

    def budget(self, config: GrpoSettings, examples: int) -> Budget:
        """Steps and replies of a run on that many prompts in one process."""
        return config.budget(examples)

    def __call__(self, model: str, data: Prepared, config: GrpoSettings, out: Path, *, seed: int) -> Checkpoint:
        """Train; see `trainers.base.Trainer`."""
        from trainers.hf import check_positions, load_model, load_tokenizer, plan_memory, trains_on_gpu

        processes = int(os.environ.get("WORLD_SIZE", "1"))
        rows = list(data.read())
        rewarder = Rewarder(rows, seed=seed, drawn=data.drawn())
        tokenizer = load_tokenizer(model)
        kept, longest = _fitting(tokenizer, rows, config.max_prompt_length, model)
        if len(kept) < config.prompts_per_step(processes):
            raise InputError(
                f"a step needs {config.prompts_per_step(processes)} prompts, and {len(kept)} of the {len(rows)} rows "
                f"fit into max_prompt_length {config.max_prompt_length}; give more rows or a smaller batch"
            )
        say(
            f"grpo: {len(kept)} prompts, {len(rows) - len(kept)} dropped as longer than {config.max_prompt_length}; "
            f"{config.prompts_per_step(processes)} of them a step, {config.generations} replies to each"
        )

        from datasets import Dataset, disable_progress_bars
        from transformers import set_seed
        from trl import GRPOConfig, GRPOTrainer

        from trainers.loop import Careful, finish

        disable_progress_bars()
        set_seed(seed)
        gpu = trains_on_gpu(config.precision)
        loaded = load_model(model)
        check_positions(loaded, longest + config.max_completion_length, model)
        use_cache = bool(loaded.config.use_cache)
        checkpointing = plan_memory(
            loaded,
            config.batch_size,
            longest + config.max_completion_length,
            gpu=gpu,
            full=config.lora is None,
            wish=config.activation_checkpointing,
            half=config.precision != "fp32",
        )

        class CarefulGRPOTrainer(Careful, GRPOTrainer):  # type: ignore[misc]
            """TRL's trainer, counting the tokens it learns from and stopping at a loss that is no number."""

            def _compute_loss(self, model: Any, inputs: Any) -> Any:
                self.tokens_here += int(inputs["prompt_mask"].sum() + inputs["completion_mask"].sum())
                return super()._compute_loss(model, inputs)

        arguments = loop_arguments(config, out, seed=seed, rows=len(kept), gpu=gpu, checkpointing=checkpointing)
        rewards = _Rewards(rewarder, config.max_completion_length, tokenizer.eos_token_id)
        trainer = CarefulGRPOTrainer(
            model=loaded,
            reward_funcs=[rewards.answer, rewards.format],
            args=GRPOConfig(
                **arguments | {"max_steps": config.steps(len(kept), processes)},
                num_generations=config.generations,
                max_completion_length=config.max_completion_length,
                temperature=config.temperature,
                top_p=config.top_p,
                top_k=0,
                # sampling from NaN would end in an error of its own; so the loss becomes NaN, and the run stops on that
                generation_kwargs={"remove_invalid_values": True},
                beta=config.kl,
                loss_type=config.loss,
                scale_rewards=config.scale,
                reward_weights=[1.0, config.format_weight],
            ),
            train_dataset=Dataset.from_list([{"prompt": row["prompt"], "row": str(row["id"])} for row in kept]),
            processing_class=tokenizer,
            peft_config=lora_config(config.lora),
        )
        merge = config.lora is not None and config.lora.merge
        done = finish(
            trainer,
            tokenizer,
            out,
            label="grpo",
            merge=merge,
            checkpointing=checkpointing,
            use_cache=use_cache,
        )
        notes = {
            "prompts": len(kept),
            "rows_dropped_as_too_long": len(rows) - len(kept),
            "replies": int(trainer.state.global_step) * config.batch_size * config.accumulate * processes,
            "tasks": rewarder.tasks,
            "reward": _thirds(trainer.state.log_history, "rewards/answer/mean"),
            "format": _thirds(trainer.state.log_history, "rewards/format/mean"),
        }
        return replace(done, notes=notes | done.notes)


class _Rewards:
    """The two reward functions that TRL calls one after the other; each reply is scored once for both."""

    def __init__(self, rewarder: Rewarder, limit: int, end: int) -> None:
        self.rewarder, self.limit, self.end = rewarder, limit, end
        self.asked: tuple[Any, ...] = ()
        self.found: list[Any] = []

    def answer(self, completions: Any, completion_ids: Any, row: list[str], **_: Any) -> list[float]:
        """The scorer's value of each reply."""
        return [reward.value for reward in self._score(completions, completion_ids, row)]

    def format(self, completions: Any, completion_ids: Any, row: list[str], **_: Any) -> list[float]:
        """1 for each reply that follows the requested format."""
        return [float(reward.followed_format) for reward in self._score(completions, completion_ids, row)]

    def _score(self, completions: Any, completion_ids: Any, rows: list[str]) -> list[Any]:
        texts = [text if isinstance(text, str) else str(text[-1]["content"]) for text in completions]
        cut = [len(ids) >= self.limit and ids[-1] != self.end for ids in completion_ids]
        asked = (tuple(rows), tuple(texts), tuple(cut))
        if asked != self.asked:
            self.asked, self.found = asked, self.rewarder.score(rows, texts, cut)
        return self.found


def _fitting(tokenizer: Any, rows: list[dict[str, Any]], limit: int, model: str) -> tuple[list[dict[str, Any]], int]:
    """The rows whose prompts fit, and the tokens of the longest one kept."""
    from trainers.data.template import check_tokenizer

    check_tokenizer(tokenizer, rows, model)
    kept, longest = [], 0
    for row in rows:
        prompt = row["prompt"]
        if isinstance(prompt, str):
            size = len(tokenizer(prompt)["input_ids"])
        else:
            rendered = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=True)
            size = len(rendered["input_ids"])
        if size <= limit:
            kept.append(row)
            longest = max(longest, size)
    return kept, longest


def _thirds(log: list[dict[str, Any]], key: str) -> dict[str, float | None]:
    """Mean of a metric over the first and over the last third of its log entries; None where it was never logged."""
    values = [float(entry[key]) for entry in log if key in entry]
    third = max(1, len(values) // 3)
    if not values:
        return {"first_third": None, "last_third": None}
    return {
        "first_third": round(sum(values[:third]) / third, 4),
        "last_third": round(sum(values[-third:]) / third, 4),
    }
