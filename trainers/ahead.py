"""What later stages of a recipe read must be there before the first one trains for hours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from finbench.errors import InputError
from trainers.reading import read_settings
from trainers.recipe import Recipe, Stage
from trainers.references import is_path, references


def check_paths(recipe: Recipe, stages: Sequence[Stage]) -> None:
    """Refuse a run of which a stage would find nothing at a path.

    Args:
        recipe: the stages' recipe.
        stages: those that are to run, in order.

    Raises:
        InputError: nothing lies there; the message names the stage, and how to run the stages before it.
    """
    for number, stage in enumerate(stages):
        for path in _paths(recipe, stage):
            if not path.exists():
                before = f"; `--stage {stages[number - 1].name}` runs the stages before it" if number else ""
                raise InputError(
                    f"stage {stage.name!r}: there is no file or folder {path}; paths are relative to the recipe{before}"
                )


def _paths(recipe: Recipe, stage: Stage) -> Iterator[Path]:
    for source in stage.data:
        given = [source.path]
        if source.filter is not None:
            given += [source.filter.classifier, None if source.filter.urls == "finance" else source.filter.urls]
        yield from (Path(path) for path in given if path is not None)
    for name in references(stage.trainer, read_settings(stage)):
        if is_path(name):
            yield recipe.folder / Path(name).expanduser()
