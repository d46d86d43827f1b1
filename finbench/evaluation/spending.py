"""What requests cost, and a bound on it for a whole command.

Prices are a YAML file, in USD for a million tokens; a model is named by its model string or its public name:

    openai-api/service/model:
      input: 0.15
      output: 0.60
      input_cache_read: 0.075   # optional, as input if it is left out
      input_cache_write: 0.15   # optional, as input if it is left out
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from finbench.errors import ClaimFailed, InputError

if TYPE_CHECKING:
    from inspect_ai.model import ModelCost

_NEEDED = ("input", "output")
_OPTIONAL = ("input_cache_read", "input_cache_write")


def read_prices(path: Path) -> dict[str, ModelCost]:
    """Prices of models from a YAML file.

    Raises:
        InputError: if the file cannot be read, or a price is missing, unknown or no amount of money.
    """
    from inspect_ai.model import ModelCost

    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"the prices in {path.name} cannot be read: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(loaded, dict):
        raise InputError(f"{path.name} is no price table; it has lines like `MODEL: {{input: 0.15, output: 0.6}}`")
    found = {}
    for model, given in loaded.items():
        prices = given if isinstance(given, dict) else {}
        for name in (*_NEEDED, *prices):
            value = prices.get(name)
            is_amount = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
            if name not in (*_NEEDED, *_OPTIONAL) or not is_amount:
                raise InputError(
                    f"{path.name}: the price '{name}' of {model} is not usable; give {', '.join(_NEEDED)} and, where "
                    f"they differ from input, {', '.join(_OPTIONAL)} in USD for a million tokens"
                )
        found[str(model)] = ModelCost.model_validate(dict.fromkeys(_OPTIONAL, prices["input"]) | prices)
    return found


def price_of(model: str, name: str, table: Mapping[str, ModelCost]) -> ModelCost | None:
    """A model's price: the table's for its model string or public name, else the one that Inspect knows."""
    from inspect_ai.model import get_model_info

    if (given := table.get(model) or table.get(name)) is not None:
        return given
    try:
        known = get_model_info(model)
    except Exception:  # providers raise what they like where a key or a package is missing
        return None
    return known.cost if known is not None else None


def check_prices(models: Mapping[str, str], table: Mapping[str, ModelCost]) -> None:
    """Make sure that each model has a price, before anything is spent.

    Args:
        models: model strings and public names of the models that are asked over a network.
        table: the prices given.

    Raises:
        InputError: names the first model that has none.
    """
    for model, name in models.items():
        if price_of(model, name, table) is None:
            raise InputError(
                f"no price is known for {model}, so --max-cost cannot be kept; name it in a price table "
                "(--prices FILE with `MODEL: {input: USD, output: USD}` for a million tokens)"
            )


def tell_inspect(model: str, cost: ModelCost) -> None:
    """Register a price with Inspect, which then puts the cost of each request into its logs."""
    from inspect_ai.model import ModelInfo, get_model_info, set_model_info

    known = get_model_info(model) or ModelInfo()
    set_model_info(model, known.model_copy(update={"cost": cost}))


class Meter:
    """Counts what this process spends, request by request; what a finished log once cost is not spent again.

    Args:
        bound: USD that may be spent in all.
        before: USD that the command had spent when this process began.
    """

    def __init__(self, *, bound: float | None, before: float = 0.0) -> None:
        from inspect_ai.hooks import Hooks, ModelUsageData, hooks

        self.spent = 0.0
        self._bound = bound
        self._before = before
        meter = self

        @hooks(name="finbench_spending", description="What finbench eval spends")
        class _Count(Hooks):
            async def on_model_usage(self, data: ModelUsageData) -> None:
                meter.spent += data.usage.total_cost or 0.0

    @property
    def is_used_up(self) -> bool:
        """Whether the bound is reached."""
        return self._bound is not None and self._before + self.spent >= self._bound

    def state(self) -> str:
        """How much is spent, in words."""
        return f"{self._before + self.spent:.4g} of {self._bound or 0.0:.4g} USD are spent"

    def check(self) -> None:
        """Refuse a request that could go beyond the bound.

        Raises:
            ClaimFailed: once the bound is reached.
        """
        if self.is_used_up:
            raise ClaimFailed(f"stopped, {self.state()}")
