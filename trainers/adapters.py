"""Low-rank adapters that a stage leaves beside their base: merged into a copy where whole weights are needed."""

from __future__ import annotations

from pathlib import Path

from trainers.base import StageError, first_line
from trainers.files import new_folder
from trainers.progress import say

#: Folder beside a stage's checkpoint that holds its whole weights.
MERGED = "merged"


def whole(checkpoint: Path, parent: Path | None) -> Path:
    """The checkpoint itself, or for an adapter a folder with the weights that it makes of its base.

    The copy stays, so that the same checkpoint is scored by the same files when a run is gone on with.

    Args:
        checkpoint: folder of a model or an adapter.
        parent: folder of the model that the adapter was trained on.

    Raises:
        StageError: the two do not fit together.
    """
    if parent is None or not (checkpoint / "adapter_config.json").is_file() or (checkpoint / "config.json").is_file():
        return checkpoint
    target = checkpoint.parent / MERGED
    if (target / "config.json").is_file():
        return target
    from trainers.hf import load_model, load_tokenizer

    say(f"merging {checkpoint.parent.name} into a copy of its base, to be scored")
    base = load_model(str(parent))
    try:
        from peft import PeftModel

        merged = PeftModel.from_pretrained(base, checkpoint, local_files_only=True).merge_and_unload()
    except Exception as error:  # peft raises whatever its readers raise
        raise StageError(
            f"the adapter in {checkpoint} does not fit {parent} ({type(error).__name__}: {first_line(error)})"
        ) from error
    with new_folder(target) as partial:
        merged.save_pretrained(partial)
        load_tokenizer(str(checkpoint)).save_pretrained(partial)
    return target
