"""Groups and weights of a stage's sources: refused before anything runs where a trainer could not keep to them."""

from __future__ import annotations

from collections.abc import Sequence

from finbench.errors import InputError
from trainers.recipe import DataSource


def check_no_shares(sources: Sequence[DataSource], who: str) -> None:
    """Refuse groups and weights for a trainer that takes all rows alike.

    Args:
        sources: of the stage.
        who: the trainer, for the message.

    Raises:
        InputError: a source has a group or a weight.
    """
    for source in sources:
        key = "weight" if source.weight is not None else "group" if source.group != 1 else None
        if key:
            raise InputError(
                f"{source.label} has `{key}`, which {who} would not keep to: it takes all rows alike; take `joint`, or "
                "limit the source by `examples` or `tokens`"
            )


def check_shares(sources: Sequence[DataSource], budgets: Sequence[int] | None, max_steps: int | None) -> None:
    """Refuse weights, groups and lengths of a run that contradict each other.

    Args:
        sources: of the stage.
        budgets: tokens of each group, where the stage says them.
        max_steps: of the stage, where it says them.

    Raises:
        InputError: some sources of a group have a weight and others none, the budgets are not one a group, or steps
            would end a run of several groups.
    """
    groups = sorted({source.group for source in sources})
    for group in groups:
        mine = [source for source in sources if source.group == group]
        bare = next((source.label for source in mine if source.weight is None), None)
        if bare is not None and any(source.weight is not None for source in mine):
            raise InputError(
                f"{bare} has no weight and other sources of its group have one; give all of them one, or none"
            )
    if budgets is not None and len(budgets) != len(groups):
        raise InputError(f"`tokens` names {len(budgets)} budgets and the data has {len(groups)} groups; give one each")
    if max_steps is not None and len(groups) > 1:
        raise InputError("`max_steps` would end within the groups; bound them by `tokens`, one number a group")
