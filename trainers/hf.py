"""Loading and saving of transformers models for the adapters; heavy imports inside the functions."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from finbench.errors import InputError
from trainers.base import StageError, first_line

#: fp32 bytes per weight in full finetuning: weight, gradient, and Adam's two moments.
BYTES_PER_WEIGHT = 16


def load_tokenizer(model: str) -> Any:
    """The tokenizer in folder `model`, from disk only.

    Raises:
        InputError: no folder, or no tokenizer that can be read there.
    """
    if not (Path(model) / "adapter_config.json").is_file():  # adapters bring their tokenizer, and no config.json
        check_folder(model)
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(model, local_files_only=True)
    except Exception as error:  # transformers raises whatever its readers raise
        raise InputError(f"no usable tokenizer in {model} ({type(error).__name__}: {first_line(error)})") from error


def load_model(model: str, attention: str | None = None) -> Any:
    """The causal language model in folder `model` with fp32 weights, from safetensors only.

    Args:
        model: the folder.
        attention: name of the attention implementation; None takes the model's default.

    Raises:
        InputError: no folder, or no causal language model that can be read there.
    """
    check_folder(model)
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()  # the bars of loading and saving say nothing; progress of training has its own lines
    try:
        return AutoModelForCausalLM.from_pretrained(
            model,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            **({"attn_implementation": attention} if attention else {}),
        )
    except Exception as error:  # as above
        raise InputError(
            f"no usable causal language model in {model} ({type(error).__name__}: {first_line(error)}); "
            "it needs config.json and weights as safetensors"
        ) from error


def check_folder(model: str) -> None:
    """Refuse what is not a model folder, before anything heavy is imported.

    Raises:
        InputError: the folder, its config or its weights are missing.
    """
    folder = Path(model)
    if not folder.is_dir():
        raise InputError(f"there is no model folder {model}")
    if not (folder / "config.json").is_file():
        raise InputError(f"{model} is no model folder: it has no config.json")
    if not any(folder.glob("*.safetensors")):
        raise InputError(f"{model} holds no weights as safetensors (files that can run code on loading are not read)")


def free_memory(gpu: bool) -> int:
    """Bytes that can still be had, on the accelerator or in main memory."""
    if gpu:
        import torch

        return int(torch.cuda.mem_get_info()[0])
    import psutil  # type: ignore[import-untyped]

    return int(psutil.virtual_memory().available)


def activation_bytes(config: Any, batch: int, length: int, *, bytes_per_value: int) -> int:
    """Activations that a step keeps for its backward pass without checkpointing.

    17 values for each of batch x length x hidden x layers, the attention scores left out, which fused attention
    does not keep: Korthikanti et al. 2022 (arXiv:2205.05198), equation 2.
    """
    return 17 * bytes_per_value * batch * length * int(config.hidden_size) * int(config.num_hidden_layers)


def plan_memory(
    model: Any, batch: int, length: int, *, gpu: bool, full: bool, wish: bool | None, half: bool = True
) -> bool:
    """Whether to recompute activations in the backward pass, after a check that the rest fits.

    Recomputing costs a third more arithmetic at the most and is only worth it where memory is short.

    Args:
        model: the loaded model.
        batch: rows of one forward pass.
        length: tokens of the longest row.
        gpu: whether training runs on an accelerator.
        full: whether all weights are trained.
        wish: what the recipe says; None leaves it to this function.
        half: whether an accelerator keeps activations in bf16.

    Raises:
        StageError: weights, gradients and optimizer state alone do not fit.
    """
    free = free_memory(gpu)
    weights = int(model.num_parameters())
    # the weights are already in memory on a CPU; a low-rank adapter adds next to nothing
    states = weights * ((BYTES_PER_WEIGHT if gpu else BYTES_PER_WEIGHT - 4) if full else (4 if gpu else 0)) // shards()
    if states > free:
        raise StageError(
            f"training {weights / 1e6:.0f} M weights needs about {states / 2**30:.1f} GiB more and "
            f"{free / 2**30:.1f} GiB are free; use `lora`, a smaller model or a larger machine"
        )
    if wish is not None:
        return wish
    activations = activation_bytes(model.config, batch, length, bytes_per_value=2 if gpu and half else 4)
    return states + activations > 0.6 * free


def check_positions(model: Any, longest: int, name: str) -> None:
    """Refuse sequences that are longer than what a model was made for.

    Args:
        model: the loaded model.
        longest: tokens of the longest sequence.
        name: its folder, for the message.

    Raises:
        InputError: the model has fewer positions.
    """
    known = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if isinstance(known, int) and longest > known:
        raise InputError(
            f"the longest sequence has {longest} tokens and {name} was made for {known}; lower `max_length`, or raise "
            "`max_position_embeddings` in its config.json if it was prepared for more"
        )


def shards() -> int:
    """Processes that weights, gradients and optimizer state are divided among: FSDP, or DeepSpeed's third stage."""
    fsdp = os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"
    third = os.environ.get("ACCELERATE_DEEPSPEED_ZERO_STAGE") == "3"
    return int(os.environ.get("WORLD_SIZE", "1")) if fsdp or third else 1


def has_gpu() -> bool:
    """Whether an accelerator with bf16 is there; everything else trains on the CPU in fp32."""
    import torch

    return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported())


def trains_on_gpu(precision: str) -> bool:
    """Whether a stage trains on an accelerator.

    Args:
        precision: what its settings say.

    Raises:
        InputError: bf16 is asked for, and there is only a CPU, on which it is far slower than fp32.
    """
    gpu = has_gpu()
    if precision == "bf16" and not gpu:
        raise InputError(
            "`precision: bf16` needs an accelerator with bf16, and none is here; take `auto`, which trains in fp32"
        )
    return gpu


def save_checkpoint(trainer: Any, tokenizer: Any, model: Any, target: Path, *, main: bool) -> None:
    """Save what was trained as a folder that transformers loads, whole or not at all.

    Args:
        trainer: the trainer, asked to gather sharded weights where there are several processes.
        tokenizer: saved beside the weights, with its chat template.
        model: what to save where it is not the trainer's own (a merged adapter); None for the trainer's.
        target: the folder.
        main: whether this process is the first one, which writes.
    """
    partial = target.with_name(f".{target.name}.partial")
    if main:
        shutil.rmtree(partial, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    try:
        if model is None:
            trainer.save_model(str(partial))
        elif main:
            model.save_pretrained(partial)
        if main:
            tokenizer.save_pretrained(partial)
            (partial / "training_args.bin").unlink(missing_ok=True)  # a pickle, and of no use outside of this run
            for file in partial.glob("*.safetensors"):
                file.chmod(0o644)
            shutil.rmtree(target, ignore_errors=True)
            partial.replace(target)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise StageError(f"the checkpoint cannot be written to {target}: {error.strerror or error}") from error
    trainer.accelerator.wait_for_everyone()
