"""Training on packed rows with TRL: several sequences in a row, none of which sees another, in an order set before.

TRL packs too, but flattens a whole batch into one row: without kernels for sequences of varying length its attention
then costs the square of the batch, which on a CPU nearly doubles the time of a step. Here a batch keeps its rows.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from trainers.base import Checkpoint, Prepared, StageError
from trainers.data.encoding import encode_to, end_of_text
from trainers.data.mixing import Mix, held_out, mix
from trainers.data.packing import Collator, Packs, pack
from trainers.data.store import Tokens
from trainers.progress import say
from trainers.settings import LoopSettings, loop_arguments, lora_config


def train_packed(
    model: str,
    data: Prepared,
    config: LoopSettings,
    out: Path,
    *,
    seed: int,
    label: str,
    max_length: int,
    overlong: Literal["drop", "truncate"] = "drop",
    end_token: str | None = None,
    budgets: Sequence[int] | None = None,
    held_share: float = 0.0,
    held_tokens: int = 0,
    attention: str | None = None,
) -> Checkpoint:
    """Train on rows of any kind but preferences, packed; see `trainers.base.Trainer`.

    Args:
        model: folder of the model.
        data: the rows.
        config: the settings that all adapters share; `batch_size` counts packed rows.
        out: the stage's folder.
        seed: of this run.
        label: what progress lines begin with.
        max_length: tokens of a packed row.
        overlong: what becomes of longer rows that are not text.
        end_token: the token that ends a document; the tokenizer's own end token by default.
        budgets: tokens of each group of sources, see `trainers.data.mixing.mix`.
        held_share: share of the text that perplexity is measured on and that is not trained on.
        held_tokens: at most so many tokens of it.
        attention: attention implementation of transformers; None decides.

    Raises:
        InputError: the model, rows or settings do not fit together.
        StageError: training cannot go on.
    """
    from trainers.hf import check_positions, load_model, load_tokenizer, plan_memory, trains_on_gpu

    tokenizer = load_tokenizer(model)
    end = end_of_text(tokenizer, end_token, model)
    gpu = trains_on_gpu(config.precision)
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    with _first_process_first(processes, gpu):
        tokens = encode_to(
            out / "resume" / "tokens", tokenizer, data, max_length=max_length, overlong=overlong, end=end, model=model
        )
    text_sources = {index for index, source in enumerate(data.sources) if source["kind"] == "text"}
    held = held_out(tokens, share=held_share, at_most=held_tokens, text_sources=text_sources)
    wanted = config.max_steps * config.batch_size * config.accumulate * processes if config.max_steps else None
    mixed = mix(
        tokens,
        data.sources,
        size=max_length,
        seed=seed,
        budgets=budgets,
        epochs=config.epochs or 1.0,
        rows=wanted,
        without=held,
    )
    notes = _notes(tokens, mixed, max_length)
    _announce(label, notes, max_length)

    from datasets import Dataset
    from transformers import set_seed
    from trl import SFTConfig, SFTTrainer

    from trainers.loop import Careful, finish

    set_seed(seed)
    loaded = load_model(model, attention or _attention(gpu and config.precision != "fp32"))
    check_positions(loaded, int(tokens.about["longest"]), model)
    use_cache = bool(loaded.config.use_cache)
    checkpointing = plan_memory(
        loaded,
        config.batch_size,
        min(max_length, max(len(mixed.packs[0]["input_ids"]), int(tokens.about["longest"]))),
        gpu=gpu,
        full=config.lora is None,
        wish=config.activation_checkpointing,
        half=config.precision != "fp32",
    )
    flat = "flash" in str(loaded.config._attn_implementation)
    pad = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    collator = Collator(pad=pad, flat=flat)

    class PackedTrainer(Careful, SFTTrainer):  # type: ignore[misc]
        """TRL's trainer on rows that are packed already, counting tokens without padding."""

        def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
            loss = super().compute_loss(*args, **kwargs)
            self._metrics["train"]["num_tokens"] = [self.tokens_seen()]  # TRL counts one row of the batch, with padding
            return loss

    packed_config = config.model_copy(update={"epochs": None})  # passes are made when the rows are chosen
    trainer = PackedTrainer(
        model=loaded,
        args=SFTConfig(
            **loop_arguments(
                packed_config, out, seed=seed, rows=len(mixed.packs), gpu=gpu, checkpointing=checkpointing
            ),
            max_length=None,
            packing=False,
            remove_unused_columns=False,
            dataset_kwargs={"skip_prepare_dataset": True},
            train_sampling_strategy="sequential",
        ),
        train_dataset=Dataset.from_dict({"row": range(len(mixed.packs))}),  # TRL takes its own kind of data set only
        processing_class=tokenizer,
        data_collator=lambda rows: collator([mixed.packs[row["row"]] for row in rows]),
        peft_config=lora_config(config.lora),
    )
    check_isolation(trainer, collator)
    measured = Packs(tokens=tokens, rows=_held_rows(tokens, held, max_length))
    before = perplexity(trainer, measured, collator) if held else None
    if before:
        say(f"{label}: perplexity {before:.3f} on held-out text before training")
    done = finish(
        trainer,
        tokenizer,
        out,
        label=label,
        merge=config.lora is not None and config.lora.merge,
        checkpointing=checkpointing,
        use_cache=use_cache,
    )
    if held:
        after = perplexity(trainer, measured, collator)
        say(f"{label}: perplexity {after:.3f} on held-out text after training, {before:.3f} before")
        notes["held_out"] = {
            "documents": len(held),
            "tokens": int(sum(tokens.lengths[number] for row in measured.rows for number in row)),
            "perplexity_before": before,
            "perplexity_after": after,
        }
    return replace(done, notes=notes | done.notes)


def check_isolation(trainer: Any, collator: Collator) -> None:
    """Make sure, with this very model, that a packed sequence does not see the one before it.

    Two rows of two short sequences that differ in the first one only must give the second one the same states. An
    architecture that carries a state along, or that reads no positions, fails here.

    Raises:
        StageError: it does see it.
    """
    import numpy as np
    import torch

    model = trainer.model
    size = int(model.config.get_text_config().vocab_size)
    first, other, second = (np.array([(start + 7 * i) % size for i in range(8)]) for start in (3, 11, 5))
    states = []
    training = model.training
    model.eval()
    try:
        for before in (first, other):
            ids = np.concatenate([before, second])
            batch = collator([{"input_ids": ids, "labels": ids, "seq_lengths": [8, 8]}])
            with torch.no_grad(), trainer.compute_loss_context_manager():
                logits = model(**_inputs(trainer, batch, labels=False), use_cache=False).logits
            states.append(logits[0, 8:].float())
    finally:
        model.train(training)
    apart = float((states[0] - states[1]).abs().max())
    if not apart <= 1e-3 * float(states[0].abs().max()):
        raise StageError(
            f"{type(model).__name__} lets packed sequences see each other (logits change by {apart:.2g} with the "
            "sequence before); train it with `sft` without `packing`, or with another `attention`"
        )


def perplexity(trainer: Any, packs: Packs, collator: Collator) -> float:
    """Exponential of the mean negative log-likelihood of all tokens that have one before them in their sequence."""
    import torch

    model = trainer.model
    training = model.training
    model.eval()
    total, count = 0.0, 0
    size = trainer.args.per_device_train_batch_size
    try:
        for start in range(0, len(packs), size):
            batch = collator([packs[i] for i in range(start, min(start + size, len(packs)))])
            with torch.no_grad(), trainer.compute_loss_context_manager():
                scored = model(**_inputs(trainer, batch, labels=True), fused_lm_head=True)
            total -= float(scored.log_probs.double().sum())
            count += int(scored.label_mask.sum())
    finally:
        model.train(training)
    return math.exp(min(total / max(count, 1), 700.0))


def _inputs(trainer: Any, batch: dict[str, Any], *, labels: bool) -> dict[str, Any]:
    names = ("input_ids", "position_ids", *(("labels",) if labels else ()))
    device = next(trainer.model.parameters()).device
    return {name: batch[name].to(device) for name in names}


def _held_rows(tokens: Tokens, held: frozenset[int], size: int) -> list[list[int]]:
    numbers = [number for number, document in enumerate(tokens.documents.tolist()) if document in held]
    return [[numbers[i] for i in row] for row in pack([int(tokens.lengths[number]) for number in numbers], size)]


def _attention(half: bool) -> str | None:
    """Kernels for sequences of varying length where they are installed (bf16 only); else the model's default."""
    if not half:
        return None
    from transformers.utils import is_flash_attn_2_available

    return "flash_attention_2" if is_flash_attn_2_available() else None


def _first_process_first(processes: int, gpu: bool) -> AbstractContextManager[None]:
    """Lets the first process of several write what the others then find."""
    if processes == 1:
        return nullcontext()
    from accelerate import PartialState

    first: AbstractContextManager[None] = PartialState(cpu=not gpu).main_process_first()
    return first


def _notes(tokens: Tokens, mixed: Mix, size: int) -> dict[str, Any]:
    counts = tokens.about["sources"]
    totals = {key: sum(count[key] for count in counts) for key in counts[0]}
    rows = mixed.packs.rows
    numbers = [number for row in rows for number in row]
    return {
        **totals,
        "sequences": len(tokens),
        "tokens_available": int(tokens.lengths.sum()),
        "packs": len(rows),
        "fill": round(mixed.packs.fill(size), 4),
        "tokens_planned": int(tokens.lengths[numbers].sum()),
        "learned_tokens_planned": tokens.learned_tokens(numbers),
        "groups": mixed.report,
    }


def _announce(label: str, notes: dict[str, Any], size: int) -> None:
    say(
        f"{label}: {notes['tokens_planned']} tokens ({notes['learned_tokens_planned']} learned) in {notes['packs']} "
        f"rows of {size}, {100 * notes['fill']:.1f} % full; {notes['rows_split']} texts split, "
        f"{notes['rows_dropped_as_too_long']} rows dropped as too long, {notes['rows_truncated']} truncated"
    )
    for group in notes["groups"]:
        parts = ", ".join(
            f"{source['source']} {100 * source['share']:.1f} % ({source['tokens']} tokens, {source['passes']:g} passes)"
            for source in group["sources"]
        )
        say(f"{label}: group {group['group']}: {parts}")
