"""Pairs held against the evaluation items of the tasks that their prompts come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from finbench.contamination.decontaminate import training_index
from finbench.contamination.index import Rule
from trainers.data.decontaminate import index_for, without_evaluation
from trainers.genrm.pairs import Pair
from trainers.genrm.prompts import is_generated


def without_leaks(pairs: Sequence[Pair], tasks: Sequence[str]) -> tuple[list[Pair], dict[str, Any]]:
    """The pairs that overlap with no evaluation item, and what was found.

    All rules of `finbench.contamination` leave a pair out, with one exception: problems of a generated task share the
    wording of their family with the exam, and differ in their numbers. There only a question that stands in the exam
    as it is leaves a pair out; pairs that share wording are counted.

    Args:
        pairs: prompt, chosen and rejected of each are read.
        tasks: whose evaluation items they are held against; those whose rows are not here are named in the result.

    Raises:
        InputError: a task is unknown.
    """
    report: dict[str, Any] = {"tasks": list(tasks), "pairs_looked_at": len(pairs), "pairs_left_out": 0}
    if not tasks or not pairs:
        return list(pairs), report
    rows = [pair.row for pair in pairs]
    index, missing = index_for(tasks)
    _, found = without_evaluation(rows, index, action="report", missing=missing)
    report |= {"rules": found["rules"], "tasks_without_rows": missing, "pairs_by_task_and_rule": found["rows"]}
    drawn = [task for task in tasks if is_generated(task)]
    written, _ = index_for([task for task in tasks if task not in drawn])
    kept, _ = without_evaluation(rows, written, action="drop")
    if drawn:
        kept, _ = without_evaluation(kept, training_index(drawn, [Rule.EXACT]), action="drop")
    report["pairs_left_out"] = len(rows) - len(kept)
    ids = {row["id"] for row in kept}
    return [pair for pair in pairs if pair.row["id"] in ids], report
