"""Inspect's entry to local checkpoints: `checkpoint/<name> -M model_path=FOLDER`."""

from __future__ import annotations

from inspect_ai.model import ModelAPI, modelapi


@modelapi(name="checkpoint")
def checkpoint() -> type[ModelAPI]:
    """A model that runs in this process; torch and transformers are loaded when it is first asked for."""
    from finbench.evaluation.local import CheckpointAPI

    return CheckpointAPI
