"""How much memory training takes: an estimate from numbers of the model alone, and what a process really took.

In fp32 on a CPU the estimate was held against the peaks of SmolLM2-135M; see `docs/recipes.md`.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainers.base import StageError
from trainers.progress import say

#: Weight, gradient and Adam's two moments in fp32; the adapters load weights in fp32, also on an accelerator.
_TRAINED, _FROZEN = 16, 4
#: Values of a layer that a step keeps for each token and unit of the hidden size (Korthikanti et al. 2022,
#: arXiv:2205.05198, equation 2, without the attention scores, which fused attention does not keep).
_KEPT = 17
#: Copies of the logits in fp32 around the loss; fitted to three measured runs (docs/recipes.md), not derived.
_LOGITS = 5
#: What Python with torch, transformers and TRL takes by itself.
_PROGRAM = 0.8e9
_GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What of a model decides how much memory its training takes.

    Attributes:
        weights: number of weights.
        hidden: hidden size; layers: number of layers; vocabulary: tokens. None where unknown.
    """

    weights: int
    hidden: int | None = None
    layers: int | None = None
    vocabulary: int | None = None


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes that one process takes in training.

    Attributes:
        states: weights, gradients and optimizer state.
        total: with activations and logits of the largest batch, and the program; None where the model's shape is
            unknown.
    """

    states: int
    total: int | None

    @property
    def text(self) -> str:
        """For people, in GiB."""
        if self.total is None:
            return f"{self.states / _GIB:.1f} GiB for weights, gradients and optimizer, activations on top"
        return f"{self.total / _GIB:.1f} GiB ({self.states / _GIB:.1f} for weights, gradients and optimizer)"


def estimate(shape: Shape, settings: Any, *, gpu: bool = False, divided: int = 1) -> Memory:
    """The memory of a stage whose settings are those of the loop.

    Args:
        shape: of the model.
        settings: a `LoopSettings`.
        gpu: whether activations are kept in bf16 on an accelerator.
        divided: processes that states are divided among (FSDP, or DeepSpeed's third stage).
    """
    lora = settings.lora
    states = shape.weights * (_TRAINED if lora is None else _FROZEN)
    if lora is not None and shape.hidden and shape.layers:
        states += _TRAINED * lora.rank * shape.layers * 20 * shape.hidden  # seven linear layers, in and out
    states //= divided
    length = getattr(settings, "max_length", None)
    if not (shape.hidden and shape.layers and shape.vocabulary and length):
        return Memory(states=states, total=None)
    # pairs are two sequences
    tokens = settings.batch_size * int(length) * (2 if hasattr(settings, "alpha") else 1)
    value = 2 if gpu else 4
    one = _KEPT * value * tokens * shape.hidden
    kept = one * shape.layers
    if settings.activation_checkpointing:
        kept = one + value * tokens * shape.hidden * shape.layers
    return Memory(states=states, total=round(states + kept + _LOGITS * 4 * tokens * shape.vocabulary + _PROGRAM))


def shape_of(folder: Path) -> Shape | None:
    """The shape of the model in a folder, from its config and its weights' headers; None where they say nothing."""
    weights = 0
    for path in sorted(folder.glob("*.safetensors")):
        header = _header(path)
        if header is None:
            return None
        for name, part in header.items():
            if name != "__metadata__":
                count = 1
                for size in part["shape"]:
                    count *= size
                weights += count
    if not weights:
        return None
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    config = config.get("text_config", config)
    return Shape(
        weights=weights,
        hidden=config.get("hidden_size"),
        layers=config.get("num_hidden_layers"),
        vocabulary=config.get("vocab_size"),
    )


def check(folder: Path, settings: Any, *, processes: int = 1) -> None:
    """Refuse to train a model whose weights, gradients and optimizer state do not fit into what is free.

    Args:
        folder: of the model.
        settings: the stage's; only those of the loop are looked at.
        processes: of the stage; in main memory all of them share what is free.

    Raises:
        StageError: they do not fit; the message holds the estimate.
    """
    from trainers.hf import free_memory
    from trainers.settings import LoopSettings

    shape = shape_of(folder) if isinstance(settings, LoopSettings) else None
    if shape is None:
        return
    needed = estimate(shape, settings)
    free = free_memory(gpu=False) / processes
    if needed.states > free:
        raise StageError(
            f"training {shape.weights / 1e6:,.0f} M weights takes about {needed.text} in each process, and "
            f"{free / _GIB:.1f} GiB are free for it; use `lora`, a smaller model, an accelerator or a larger machine"
        )
    least = estimate(shape, settings.model_copy(update={"activation_checkpointing": True}))
    if least.total is not None and least.total > free:
        say(
            f"training may take {least.text} in each process even where activations are computed again, and "
            f"{free / _GIB:.1f} GiB are free for it; should it be killed, lower batch_size or max_length"
        )


def accelerator_here() -> bool:
    """Whether a driver of an accelerator is there, without loading torch."""
    return any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/kfd", "/dev/accel0"))


def peak_gib() -> float:
    """GiB that this process took at most: on its accelerator where it used one, else in main memory."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return round(int(torch.cuda.max_memory_reserved()) / _GIB, 2)
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _GIB, 2)


def _header(path: Path) -> dict[str, Any] | None:
    """The JSON header of a safetensors file: its length in eight bytes, then the text."""
    try:
        with path.open("rb") as file:
            size = struct.unpack("<Q", file.read(8))[0]
            if size > min(path.stat().st_size, 100_000_000):
                return None
            header = json.loads(file.read(size))
    except (OSError, ValueError, struct.error):
        return None
    return header if isinstance(header, dict) else None
