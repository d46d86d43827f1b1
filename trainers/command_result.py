"""Whether what an outside program left is a model that transformers loads."""

from __future__ import annotations

from pathlib import Path

from finbench.errors import InputError
from trainers.base import StageError, first_line
from trainers.hf import check_folder, free_memory, load_tokenizer


def check_result(folder: Path) -> str:
    """Load a model folder, or where memory does not suffice read its configuration and the headers of its weights.

    Returns:
        `loaded` or `headers read`, for the lineage.

    Raises:
        StageError: it does not load; the message names the folder and the fault.
    """
    adapter = (folder / "adapter_config.json").is_file()
    try:
        if not adapter:
            check_folder(str(folder))
        elif not any(folder.glob("*.safetensors")):
            raise InputError(f"{folder} holds an adapter without weights as safetensors")
        load_tokenizer(str(folder))
    except InputError as error:
        raise StageError(f"the program ended well, but left no model that loads: {error.message}") from error
    from transformers import AutoConfig, AutoModelForCausalLM

    size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    fits = size < 0.7 * free_memory(gpu=False)
    try:
        if not adapter and not fits:
            AutoConfig.from_pretrained(folder, local_files_only=True)
            _read_headers(folder)
            return "headers read"
        _, report = AutoModelForCausalLM.from_pretrained(
            folder, dtype="auto", local_files_only=True, use_safetensors=True, output_loading_info=True
        )
    except Exception as error:  # transformers raises whatever its readers raise
        raise StageError(
            f"the program ended well, but {folder} is no model that transformers loads "
            f"({type(error).__name__}: {first_line(error)})"
        ) from error
    missing = sorted(report["missing_keys"])
    if missing and not adapter:
        raise StageError(
            f"the program ended well, but {folder} lacks weights that its config.json promises, first {missing[0]}"
        )
    return "loaded"


def _read_headers(folder: Path) -> None:
    from trainers.merge_check import headers

    headers(str(folder))
