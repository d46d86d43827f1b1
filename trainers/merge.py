"""Merging of checkpoints: linear, SLERP and TIES, computed tensor by tensor with mergekit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from finbench.errors import InputError
from trainers.base import Budget, Checkpoint, Prepared, Settings, StageError, first_line
from trainers.merge_check import check_models, stored_type
from trainers.progress import say
from trainers.recipe import DataSource
from trainers.references import BASE

#: Bytes of one file of the merged model: what is held in memory before it is written.
SHARD_BYTES = 2 * 10**9


class MergeModel(Settings):
    """One of the checkpoints that are merged.

    Attributes:
        model: `parent`, `base`, the name of an earlier stage, or a folder (`./model`, `~/model`, `/model`).
        weight: its share; for `linear` and `ties`.
        density: share of its changes that `ties` keeps, the largest ones of each tensor.
    """

    model: str
    weight: float | None = Field(default=None, allow_inf_nan=False)
    density: float | None = Field(default=None, gt=0, le=1)


class MergeSettings(Settings):
    """What a stage with `trainer: merge` may set.

    Attributes:
        method: `linear` is the weighted mean of the weights (Wortsman et al. 2022, arXiv:2203.05482, section 2);
            `slerp` goes along the arc between two checkpoints, each tensor as one vector (Shoemake 1985, SIGGRAPH,
            section 3.3), and along the chord where they are all but parallel; `ties` trims each model's change from
            `base`, elects a sign for each weight and adds the mean of the changes that have it (Yadav et al. 2023,
            arXiv:2306.01708, algorithm 1; trimmed tensor by tensor, where the paper ranks all weights of a model
            together).
        models: what is merged: at least two for `linear` (the base model may be one of them), exactly two for `slerp`,
            at least one for `ties`.
        base: what the changes of `ties` are counted from.
        t: for `slerp` the way from the first model (0) to the second (1).
        normalize: divide by the sum of the weights; for `linear` and `ties`.
        scale: for `ties` the factor on the merged change, lambda in the paper.
        tokenizer: whose tokenizer, chat template and generation settings the result gets; the first model's by default.
    """

    method: Literal["linear", "slerp", "ties"]
    models: tuple[MergeModel, ...] = Field(min_length=1)
    base: str | None = None
    t: float | None = Field(default=None, ge=0, le=1)
    normalize: bool = True
    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    tokenizer: str | None = None

    @model_validator(mode="after")
    def _fits_the_method(self) -> MergeSettings:
        names = [model.model for model in self.models]
        method = self.method
        if len(set(names)) != len(names):
            raise ValueError("name each model once; a model counts more through its `weight`")
        if method == "linear" and len(names) < 2:
            raise ValueError("`linear` merges at least two models; `base` and `parent` may be among them")
        if method == "slerp" and len(names) != 2:
            raise ValueError(f"`slerp` merges exactly two models, not {len(names)}")
        if (method == "slerp") != (self.t is not None):
            raise ValueError("`t` belongs to `slerp`, which needs it: 0 is the first model, 1 the second")
        if method != "ties" and (self.base is not None or self.scale != 1 or any(m.density for m in self.models)):
            raise ValueError("`base`, `scale` and `density` belong to `ties`")
        if method == "slerp" and any(model.weight is not None for model in self.models):
            raise ValueError("`slerp` has no weights; `t` says how far to go from the first model to the second")
        if method == "ties" and self.start in names:
            raise ValueError(f"`ties` merges changes from {self.start!r}, which cannot be one of the models")
        if method != "slerp" and self.normalize and sum(self.weight(model) for model in self.models) <= 0:
            raise ValueError("the weights must sum to more than 0 where they are normalized")
        return self

    @property
    def start(self) -> str:
        """What the changes of `ties` are counted from."""
        return self.base or BASE

    @staticmethod
    def weight(model: MergeModel) -> float:
        """A model's weight, 1 where the recipe says nothing."""
        return 1.0 if model.weight is None else model.weight


class Merge:
    """The adapter; see `trainers.base.Trainer`."""

    settings = MergeSettings
    needs_data = False
    one_process = True

    def check(self, config: MergeSettings, sources: Sequence[DataSource]) -> None:
        """Refuse rows, which nothing would read."""
        if sources:
            raise InputError("a stage with trainer `merge` reads checkpoints only; take its `data` away")

    def inputs(self, config: MergeSettings) -> tuple[str, ...]:
        """The checkpoints that are read."""
        names = [model.model for model in config.models]
        names += [config.start] if config.method == "ties" else []
        return (*names, *([config.tokenizer] if config.tokenizer else []))

    def budget(self, config: MergeSettings, examples: int) -> Budget:
        """Nothing is trained."""
        return Budget(steps=0, examples_seen=0)

    def __call__(
        self,
        model: str,
        data: Prepared,
        config: MergeSettings,
        out: Path,
        *,
        seed: int,
        inputs: Mapping[str, str] | None = None,
    ) -> Checkpoint:
        """Merge; see `trainers.base.Trainer`. The parent counts only where the settings name it."""
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise InputError("merging takes one process; take `launch` away from the stage")
        if data.rows:
            raise InputError("a stage with trainer `merge` reads checkpoints only; take its `data` away")
        folders = dict(inputs or {})
        taken = {name: folders[name] for name in dict.fromkeys(self.inputs(config))}
        check_models(taken)
        giver = taken[config.tokenizer or config.models[0].model]
        say(f"merge: {config.method} of {', '.join(taken)}")
        target = out / "checkpoint"
        partial = out / ".checkpoint.partial"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            _run(config, taken, partial)
            _copy_tokenizer(Path(giver), partial)
            shutil.rmtree(target, ignore_errors=True)
            partial.replace(target)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise StageError(f"the merged model cannot be written to {target}: {error.strerror or error}") from error
        return Checkpoint(
            path=target,
            steps=0,
            tokens=0,
            notes={"method": config.method, "models": [model.model for model in config.models]},
        )


def _run(config: MergeSettings, folders: Mapping[str, str], target: Path) -> None:
    """Have mergekit write the weights and the model's config."""
    from mergekit.config import InputModelDefinition, MergeConfiguration  # type: ignore[import-untyped]
    from mergekit.merge import run_merge  # type: ignore[import-untyped]
    from mergekit.options import MergeOptions  # type: ignore[import-untyped]

    def reference(name: str) -> dict[str, Any]:
        return {"model": {"path": folders[name]}}  # not as one string: a folder's name may hold @ or +

    first = config.models[0].model
    shared: dict[str, Any] = {"t": config.t} if config.method == "slerp" else {"normalize": config.normalize}
    if config.method == "ties":
        shared["lambda"] = config.scale
    models = []
    for entry in config.models:
        own: dict[str, Any] = {} if config.method == "slerp" else {"weight": config.weight(entry)}
        if config.method == "ties":
            own["density"] = 1.0 if entry.density is None else entry.density
        models.append(InputModelDefinition.model_validate({"model": reference(entry.model), "parameters": own}))
    start = {"linear": None, "slerp": first, "ties": config.start}[config.method]
    recipe = MergeConfiguration.model_validate(
        {
            "merge_method": config.method,
            "models": models,
            "base_model": reference(start) if start else None,
            "parameters": shared,
            "dtype": "float32",  # small changes of bf16 weights would be lost in bf16 arithmetic
            "out_dtype": stored_type(folders[first]),
        }
    )
    options = MergeOptions(
        copy_tokenizer=False, write_model_card=False, quiet=True, out_shard_size=SHARD_BYTES, trust_remote_code=False
    )
    try:
        run_merge(recipe, str(target), options)
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        raise StageError(f"the merge broke off ({type(error).__name__}: {first_line(error)})") from error


def _copy_tokenizer(source: Path, target: Path) -> None:
    """The tokenizer, chat template and generation settings of one of the models."""
    from trainers.hf import load_tokenizer

    load_tokenizer(str(source)).save_pretrained(target)
    generation = source / "generation_config.json"
    if generation.is_file():
        shutil.copyfile(generation, target / generation.name)
