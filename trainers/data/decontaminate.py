"""Decontamination of a stage's rows against every task that the recipe evaluates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from finbench.contamination.decontaminate import Action, Row, decontaminate, training_index
from finbench.contamination.evaluated import evaluated
from finbench.contamination.index import Index
from finbench.contamination.lineage import notices
from finbench.errors import InputError


def index_for(tasks: Sequence[str]) -> tuple[Index, list[str]]:
    """One index for all stages of a recipe.

    Returns:
        The index, and the tasks that no rows are here of, so that nothing can be held against them.
    """
    here, missing = [], []
    for task in dict.fromkeys(tasks):
        try:
            evaluated(task, network=False)
        except InputError:
            missing.append(task)
        else:
            here.append(task)
    return training_index(here), missing


def without_evaluation(
    rows: Iterable[Row], index: Index, *, action: Action, names: Sequence[str] = (), missing: Sequence[str] = ()
) -> tuple[list[Row], dict[str, Any]]:
    """The rows that a stage may train on, and what its lineage says of the others.

    Args:
        rows: prepared rows.
        index: of `index_for`.
        action: `drop`, `fail` or `report`.
        names: names of the stage's sources, which may tell more than the rows do.
        missing: tasks that could not be looked at.

    Raises:
        InputError: if rows overlap and the action is `fail`.
    """
    kept, found = decontaminate(rows, index, action=action)
    tasks = [one.task for one in index.sets]
    told = notices(names, [*tasks, *missing])
    return kept, {
        **found.as_json(),
        "tasks": tasks,
        "tasks_without_rows": list(missing),
        "lineage": [notice.as_json() for notice in told],
    }
