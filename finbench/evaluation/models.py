"""Which model is meant: an Inspect model string or a local checkpoint, its public name, its fingerprint."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finbench.errors import InputError
from finbench.files import cache_folder, write_json

#: What of a checkpoint folder decides what the model says.
_DECISIVE = (
    "*.safetensors",
    "*.bin",
    "*.gguf",
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "*.jinja",
    "*.model",
)
_WEIGHTS = ("*.safetensors", "*.bin", "*.gguf")


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """A model to evaluate.

    Attributes:
        model: Inspect's model string (`openai/...`, `checkpoint/local`, `openai-api/<service>/<model>`, ...).
        name: public name; results are keyed by it and the checkpoint's hash.
        args: model arguments of the provider (Inspect's `-M`).
        base_url: server to talk to, for providers that have one.
        checkpoint: local folder of the weights, for models that run in this process.
        sha256: fingerprint of that folder.
        lineage_sha256: SHA-256 of the lineage.json beside the weights, if there is one.
    """

    model: str
    name: str
    args: Mapping[str, Any] = field(default_factory=dict)
    base_url: str | None = None
    checkpoint: Path | None = None
    sha256: str | None = None
    lineage_sha256: str | None = None

    @property
    def slug(self) -> str:
        """A folder name for this model's logs: its name and, for checkpoints, the start of the hash."""
        readable = re.sub(r"[^A-Za-z0-9._-]+", "-", self.name).strip("-.") or "model"
        key = (
            self.sha256
            or hashlib.sha256(
                json.dumps([self.model, self.base_url, dict(self.args)], sort_keys=True, default=str).encode()
            ).hexdigest()
        )
        return f"{readable[:60]}-{key[:8]}"


def model_spec(
    model: str,
    *,
    name: str | None = None,
    args: Mapping[str, Any] | None = None,
    base_url: str | None = None,
) -> ModelSpec:
    """The model meant by a string: a folder that transformers loads, or a model string of Inspect.

    Args:
        model: a checkpoint folder (`./runs/x/checkpoint`, `hf//abs/path`) or an Inspect model string.
        name: public name; by default the model string, or the folder's name for a checkpoint.
        args: further model arguments.
        base_url: server to talk to.

    Raises:
        InputError: if a folder is meant that is no checkpoint, or the string is no model string.
    """
    folder = _folder_meant(model)
    if folder is None:
        if "/" not in model:
            raise InputError(
                f"'{model}' is neither a model string like openai/gpt-4o-mini nor a folder that exists here"
            )
        return ModelSpec(model=model, name=name or model, args=dict(args or {}), base_url=base_url)
    check_checkpoint(folder)
    return ModelSpec(
        model="checkpoint/local",
        name=name or folder.resolve().name,
        args=dict(args or {}),
        checkpoint=folder.resolve(),
        sha256=checkpoint_sha256(folder),
        lineage_sha256=_lineage_sha256(folder),
    )


def check_checkpoint(folder: Path) -> None:
    """Refuse a folder that transformers could not load.

    Raises:
        InputError: names what is missing.
    """
    if not folder.is_dir():
        raise InputError(f"the model folder {folder} does not exist; pass a folder with config.json and weights")
    config = folder / "config.json"
    try:
        kind = json.loads(config.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError):
        raise InputError(
            f"{folder} has no readable config.json, so it is not a model that transformers loads"
        ) from None
    if not kind:
        raise InputError(f"{config} names no model_type, so {folder} is not a model that transformers loads")
    if not any(True for pattern in _WEIGHTS for _ in folder.glob(pattern)):
        raise InputError(f"{folder} holds a config.json but no weights (*.safetensors); is the checkpoint complete?")
    if not (folder / "tokenizer.json").is_file() and not (folder / "tokenizer.model").is_file():
        raise InputError(f"{folder} holds no tokenizer (tokenizer.json); save the tokenizer beside the weights")


def checkpoint_sha256(folder: Path) -> str:
    """Fingerprint of all files of a checkpoint that decide what the model says; cached by size and time of each."""
    files = sorted({file for pattern in _DECISIVE for file in folder.glob(pattern) if file.is_file()})
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    cache = cache_folder() / "checkpoints.json"
    key = hashlib.sha256(json.dumps([str(folder.resolve()), stats]).encode()).hexdigest()
    known = _read_cache(cache)
    if key not in known:
        whole = hashlib.sha256()
        for file in files:
            with file.open("rb") as content:
                whole.update(f"{file.name} {hashlib.file_digest(content, 'sha256').hexdigest()}\n".encode())
        known = {**_read_cache(cache), key: whole.hexdigest()}
        write_json(cache, known)
    return known[key]


def _read_cache(path: Path) -> dict[str, str]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _folder_meant(model: str) -> Path | None:
    for prefix in ("hf//", "hf/./", "hf/../"):
        if model.startswith(prefix):
            return Path(model.removeprefix("hf/"))
    path = Path(model).expanduser()
    if model.startswith(("/", "./", "../", "~")) or path.is_dir():
        return path
    return None


def _lineage_sha256(folder: Path) -> str | None:
    for place in (folder / "lineage.json", folder.parent / "lineage.json"):
        if place.is_file():
            return hashlib.sha256(place.read_bytes()).hexdigest()
    return None
