"""Trackers beside `metrics.jsonl`: TensorBoard and Weights & Biases, when a recipe asks for them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from finbench.errors import InputError

#: Names of the trackers, separated by commas, for the loop in this process.
VARIABLE = "FINBENCH_TRACK"


def check_trackers(names: Iterable[str]) -> None:
    """Refuse a tracker whose package is not installed, before anything is trained.

    Raises:
        InputError: it is not installed.
    """
    for name in names:
        if find_spec(name) is None:
            raise InputError(f"the recipe tracks with {name}, which is not installed: pip install {name}")


def track(names: Iterable[str], out: Path) -> None:
    """Make the loop of this process send its numbers to trackers, which write below `out`."""
    chosen = list(names)
    os.environ[VARIABLE] = ",".join(chosen)
    if "tensorboard" in chosen:
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(out / "tensorboard")
    if "wandb" in chosen:
        os.environ["WANDB_DIR"] = str(out)
        os.environ.setdefault("WANDB_PROJECT", "finbench")
        os.environ.setdefault("WANDB_NAME", out.name)


def tracked() -> list[str]:
    """The trackers of this process's loop."""
    return [name for name in os.environ.get(VARIABLE, "").split(",") if name]
