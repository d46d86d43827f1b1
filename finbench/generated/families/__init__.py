"""The generators, one module per area; each module lists its own in ``FAMILIES``."""

from __future__ import annotations

from finbench.generated.families import (
    accounting,
    bonds,
    capital_cost,
    credit,
    derivatives,
    equity,
    fx,
    loans,
    options,
    portfolio,
    ratios,
    simple,
    small_steps,
    statistics,
    time_value,
)
from finbench.generated.worksheet import Family

_MODULES = (
    accounting,
    bonds,
    capital_cost,
    credit,
    derivatives,
    equity,
    fx,
    loans,
    options,
    portfolio,
    ratios,
    simple,
    small_steps,
    statistics,
    time_value,
)

FAMILIES: dict[str, Family] = {family.name: family for module in _MODULES for family in module.FAMILIES}
"""All generators by name."""

assert len(FAMILIES) == sum(len(module.FAMILIES) for module in _MODULES), "two families share a name"
