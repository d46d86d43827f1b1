"""Which tasks have rows on this machine: those that bring their own, and those with a folder of real rows."""

from __future__ import annotations

import os
from pathlib import Path

from finbench.tasks.catalogue import DEFINITIONS

_NAMED = os.environ.get("FINBENCH_DATA")
_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
#: The folder of real rows, None where there is none.
SHARED = next((path.resolve() for path in (Path(_NAMED) if _NAMED else _BESIDE, _BESIDE) if path.is_dir()), None)
#: Tasks whose rows ship with the package or are drawn.
PACKAGED = tuple(name for name, known in DEFINITIONS.items() if known.card.sources[0].uri == "package")


def folder_of(name: str) -> Path | None:
    """The folder of a task's real rows, None for tasks that bring their own and where there is none."""
    if name in PACKAGED or SHARED is None:
        return None
    card = DEFINITIONS[name].card
    folder = SHARED / card.data_folder
    return folder if (folder / f"{card.split}.jsonl").is_file() else None


#: Tasks that can be run here without a judge; those that need one have tests of their own.
HERE = sorted(
    name
    for name, known in DEFINITIONS.items()
    if not known.card.judged and (name in PACKAGED or folder_of(name) is not None)
)
