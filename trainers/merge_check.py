"""Whether checkpoints can be merged: the same architecture, weights of the same shapes, the same vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finbench.errors import InputError
from trainers.files import read_json
from trainers.hf import check_folder, load_tokenizer

#: Keys of config.json that say nothing about what the weights mean.
_FREE_KEYS = {
    "_name_or_path",
    "bos_token_id",
    "dtype",
    "eos_token_id",
    "pad_token_id",
    "torch_dtype",
    "transformers_version",
    "use_cache",
}
#: Names of the types that safetensors headers use, as mergekit spells them.
_TYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}

Header = dict[str, tuple[str, tuple[int, ...]]]


def check_models(folders: Mapping[str, str]) -> None:
    """Refuse checkpoints that cannot be merged weight by weight; no weight is read for it.

    Args:
        folders: each checkpoint's name in the recipe and its folder.

    Raises:
        InputError: a folder is no model, holds an adapter only, lies there twice, or differs from the first one in
            its configuration, the shapes of its weights or its vocabulary; the message names both.
    """
    names = list(folders)
    for name in names:
        if (Path(folders[name]) / "adapter_config.json").is_file():
            raise InputError(
                f"{name} is an adapter beside its base, and merging needs whole weights; train it with lora.merge: true"
            )
        check_folder(folders[name])
    places: dict[Path, str] = {}
    for name in names:
        other = places.setdefault(Path(folders[name]).resolve(), name)
        if other != name:
            raise InputError(f"{other} and {name} are the same checkpoint; merging it with itself changes nothing")
    first = names[0]
    config, shapes, vocabulary = _config(folders[first]), headers(folders[first]), _vocabulary(folders[first])
    for name in names[1:]:
        theirs = _config(folders[name])
        for key in sorted(config.keys() | theirs.keys()):
            if config.get(key) != theirs.get(key):
                raise InputError(
                    f"{first} and {name} cannot be merged: config.json has {key} {config.get(key)!r} in one and "
                    f"{theirs.get(key)!r} in the other; merge checkpoints of one base model"
                )
        _check_shapes(first, shapes, name, headers(folders[name]), tied=bool(config.get("tie_word_embeddings")))
        if _vocabulary(folders[name]) != vocabulary:
            raise InputError(
                f"{first} and {name} cannot be merged: their tokenizers give different numbers to tokens; "
                "merge checkpoints of one base model"
            )


def headers(folder: str) -> Header:
    """Type and shape of each weight in a folder's safetensors files, by name.

    Raises:
        InputError: a file cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    found: Header = {}
    for path in sorted(Path(folder).glob("*.safetensors")):
        try:
            with safe_open(path, framework="np") as file:
                for name in file.keys():  # noqa: SIM118 - it is no mapping
                    part = file.get_slice(name)
                    found[name] = (part.get_dtype(), tuple(part.get_shape()))
        except (SafetensorError, OSError) as error:
            raise InputError(f"{path} cannot be read as safetensors ({error}); write the checkpoint again") from error
    return found


def stored_type(folder: str) -> str:
    """The type that most weights of a folder are stored in, as mergekit names it; float32 for unusual ones."""
    counts: dict[str, int] = {}
    for kind, shape in headers(folder).values():
        size = 1
        for length in shape:
            size *= length
        counts[kind] = counts.get(kind, 0) + size
    return _TYPES.get(max(sorted(counts), key=lambda kind: counts[kind]), "float32")


def _check_shapes(first: str, ours: Header, name: str, theirs: Header, *, tied: bool) -> None:
    for weight in sorted(ours.keys() | theirs.keys()):
        if tied and weight.startswith("lm_head."):
            continue  # some savers leave out the copy of the embeddings
        one, other = ours.get(weight), theirs.get(weight)
        if one is None or other is None:
            raise InputError(
                f"{first} and {name} cannot be merged: {name if other is None else first} has no weight {weight}"
            )
        if one[1] != other[1]:
            raise InputError(
                f"{first} and {name} cannot be merged: {weight} has the shape {list(one[1])} in one and "
                f"{list(other[1])} in the other"
            )


def _config(folder: str) -> dict[str, Any]:
    value = read_json(Path(folder) / "config.json")
    return {key: part for key, part in value.items() if key not in _FREE_KEYS}


def _vocabulary(folder: str) -> dict[str, int]:
    return dict(load_tokenizer(folder).get_vocab())
