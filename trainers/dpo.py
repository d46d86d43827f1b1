"""Direct preference optimisation with TRL: the sigmoid loss on pairs, and the likelihood of the chosen answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from trainers.base import Budget, Checkpoint, Prepared
from trainers.dpo_pairs import Pairs, encode_pairs
from trainers.files import new_folder
from trainers.progress import say
from trainers.recipe import DataSource
from trainers.references import PARENT
from trainers.settings import LoopSettings, loop_arguments, lora_config
from trainers.shares import check_no_shares


class DpoSettings(LoopSettings):
    """What a stage with `trainer: dpo` may set, beside what all adapters share.

    The loss of a pair is the one of Rafailov et al. 2023 (arXiv:2305.18290, equation 7) plus `alpha` times the
    negative log-likelihood of the chosen answers (Pang et al. 2024, arXiv:2404.19733, equation 1), the latter a mean
    over the chosen tokens of a batch.

    Attributes:
        alpha: weight of the negative log-likelihood; 0 leaves plain DPO. There is no default: the two are different
            methods.
        beta: how strongly the policy is held to the reference.
        reference: the model that answers are measured against: `parent` (where the policy starts), `base` (the
            recipe's), the name of an earlier stage, or a folder. Its log-probabilities are computed once, before the
            first step.
        batch_size: pairs of one forward pass, which is twice as many sequences.
        max_length: tokens of a prompt with one answer; longer pairs are treated as `overlong` says, and counted.
        overlong: leave such pairs out, or cut the end of their answers.
        end: whether answers get an end token: `auto` for whole answers and not for continuations of a turn that the
            prompt has begun, `always`, or `never` for anything that is not a chat message.
    """

    alpha: float = Field(ge=0, allow_inf_nan=False)
    beta: float = Field(default=0.1, gt=0, allow_inf_nan=False)
    reference: str = PARENT
    learning_rate: float = Field(default=1e-6, gt=0, allow_inf_nan=False)
    batch_size: int = Field(default=4, gt=0)
    max_length: int = Field(default=1024, gt=1)
    overlong: Literal["drop", "truncate"] = "drop"
    end: Literal["auto", "always", "never"] = "auto"


class DPO:
    """The adapter; see `trainers.base.Trainer`. Rows are `id`, `prompt`, `chosen` and `rejected`."""

    settings = DpoSettings

    def check(self, config: DpoSettings, sources: Sequence[DataSource]) -> None:
        """Refuse groups and weights, which this trainer does not know."""
        check_no_shares(sources, "dpo")

    def inputs(self, config: DpoSettings) -> tuple[str, ...]:
        """The reference model, where it is not the parent itself."""
        return () if config.reference == PARENT else (config.reference,)

    def budget(self, config: DpoSettings, examples: int) -> Budget:
        """Steps of a run on that many pairs in one process; each pair is two examples of `max_length` at the most."""
        one = config.budget(examples)
        return Budget(steps=one.steps, examples_seen=None if one.examples_seen is None else 2 * one.examples_seen)

    def __call__(
        self,
        model: str,
        data: Prepared,
        config: DpoSettings,
        out: Path,
        *,
        seed: int,
        inputs: Mapping[str, str] | None = None,
    ) -> Checkpoint:
        """Train; see `trainers.base.Trainer`."""
        from trainers.hf import check_positions, load_model, load_tokenizer, plan_memory, trains_on_gpu

        tokenizer = load_tokenizer(model)
        pairs = encode_pairs(
            tokenizer, data.read(), max_length=config.max_length, overlong=config.overlong, end=config.end, model=model
        )
        notes = _counts(pairs)
        say(
            f"dpo: {len(pairs.rows)} pairs ({pairs.continuations} continuations), {pairs.tokens} tokens; left out: "
            f"{len(pairs.dropped)} as longer than {config.max_length}, {len(pairs.alike)} with equal answers, "
            f"{len(pairs.merging)} that merge with their prompt; {len(pairs.truncated)} truncated"
        )

        from datasets import disable_progress_bars
        from transformers import set_seed
        from trl import DPOConfig, DPOTrainer

        from trainers.loop import Careful, finish

        disable_progress_bars()
        set_seed(seed)
        gpu = trains_on_gpu(config.precision)
        loaded = load_model(model)
        check_positions(loaded, pairs.longest, model)
        use_cache = bool(loaded.config.use_cache)
        checkpointing = plan_memory(
            loaded,
            2 * config.batch_size,
            pairs.longest,
            gpu=gpu,
            full=config.lora is None,
            wish=config.activation_checkpointing,
            half=config.precision != "fp32",
        )
        reference = None
        if config.reference != PARENT:
            reference = load_model((inputs or {})[config.reference])
            _check_vocabulary(config.reference, (inputs or {})[config.reference], tokenizer)

        class CarefulDPOTrainer(Careful, DPOTrainer):  # type: ignore[misc]
            """TRL's trainer on pairs that are token ids already, stopping at a loss that is no number."""

            def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
                return dataset  # TRL would end continuations, and cut answers without saying so

        arguments = DPOConfig(
            **loop_arguments(config, out, seed=seed, rows=len(pairs.rows), gpu=gpu, checkpointing=checkpointing),
            beta=config.beta,
            loss_type=["sigmoid", "sft"] if config.alpha else ["sigmoid"],
            loss_weights=[1.0, config.alpha] if config.alpha else [1.0],
            max_length=None,  # pairs are cut, dropped and counted before they come here
            # else TRL reads the reference from where the model was loaded, and keeps it in memory
            precompute_ref_log_probs=True,
        )
        trainer = CarefulDPOTrainer(
            model=loaded,
            ref_model=reference,
            args=arguments,
            train_dataset=_stored(pairs, out / "resume" / "pairs", arguments),
            processing_class=tokenizer,
            peft_config=lora_config(config.lora),
        )
        trainer.ref_model = reference = None  # its log-probabilities stand beside the pairs by now
        merge = config.lora is not None and config.lora.merge
        done = finish(
            trainer, tokenizer, out, label="dpo", merge=merge, checkpointing=checkpointing, use_cache=use_cache
        )
        notes |= {
            "reference": config.reference,
            "margin": _first_and_last(trainer.state.log_history, "rewards/margins"),
            "accuracy": _first_and_last(trainer.state.log_history, "rewards/accuracies"),
        }
        return replace(done, notes=notes | done.notes)


def _first_and_last(log: list[dict[str, Any]], key: str) -> dict[str, float | None]:
    """First and last logged value of a metric; None where it was never logged."""
    values = [float(entry[key]) for entry in log if key in entry]
    return {"first": values[0] if values else None, "last": values[-1] if values else None}


def _counts(pairs: Pairs) -> dict[str, Any]:
    return {
        "pairs": len(pairs.rows),
        "pairs_that_continue_a_turn": pairs.continuations,
        "pairs_dropped_as_too_long": len(pairs.dropped),
        "pairs_dropped_as_equal": len(pairs.alike),
        "pairs_dropped_as_merging_with_the_prompt": len(pairs.merging),
        "pairs_truncated": len(pairs.truncated),
        "tokens_per_epoch": pairs.tokens,
        "answer_tokens_per_epoch": pairs.answer_tokens,
        "longest_row": pairs.longest,
    }


def _stored(pairs: Pairs, folder: Path, arguments: Any) -> Any:
    """The pairs as a data set on disk: all processes and a resumed run then find the same reference values there."""
    from datasets import Dataset, load_from_disk

    first = arguments.process_index == 0
    if first and not (folder / "dataset_info.json").is_file():
        with new_folder(folder) as partial:
            Dataset.from_list(pairs.rows).save_to_disk(partial)
    if arguments.world_size > 1:
        arguments.distributed_state.wait_for_everyone()
    return load_from_disk(folder)


def _check_vocabulary(name: str, folder: str, tokenizer: Any) -> None:
    """Refuse a reference that reads other token ids than the policy."""
    from finbench.errors import InputError
    from trainers.hf import load_tokenizer

    if load_tokenizer(folder).get_vocab() != tokenizer.get_vocab():
        raise InputError(
            f"the reference {name} has another vocabulary than the model that is trained; take a checkpoint of one base"
        )
