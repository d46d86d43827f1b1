"""What runs cost: tokens of the logs times a table of prices. Without a price a cost is unknown, never zero."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from finbench.errors import InputError
from finbench.results.runs import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a provider asks, in US dollars for a million tokens."""

    input: float
    output: float


def read_prices(path: Path) -> dict[str, Price]:
    """The prices of a YAML file, by model string or public name; the file is that of `finbench eval --prices`.

    Raises:
        InputError: if it cannot be read or an entry is not a pair of prices.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise InputError(f"the prices {path} cannot be read; pass a YAML file of model names and prices") from None
    except yaml.YAMLError as error:
        raise InputError(f"the prices {path} are not YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(found, dict) or not found:
        raise InputError(f"the prices {path} name no model; write `MODEL: {{input: USD, output: USD}}` a line")
    return {str(name): _price(path, str(name), entry) for name, entry in found.items()}


def cost_of(runs: Iterable[Run], prices: Mapping[str, Price]) -> float | None:
    """US dollars for some runs of one model; None where it has no price.

    Every input token counts at its full price: the logs' summaries do not say which ones a provider had in its cache.
    """
    total, known = 0.0, False
    for run in runs:
        price = next((prices[name] for name in names_of(run) if name in prices), None)
        if price is None:
            return None
        total += (run.input_tokens * price.input + run.output_tokens * price.output) / 1e6
        known = True
    return total if known else None


def money(value: float) -> str:
    """Dollars with about three digits: `$0.0042`, `$1.27`, `$1,204`."""
    if value >= 1000:
        return f"${value:,.0f}"
    if value >= 1 or value <= 0:
        return f"${value:.2f}"
    return f"${value:.{min(max(1 - math.floor(math.log10(value)), 2), 8)}f}"


def names_of(run: Run) -> tuple[str, str, str]:
    """What a run's model may be called in a list of prices, the surest first."""
    return run.model_id, run.model, run.model_id.partition("/")[2]


def _price(path: Path, name: str, entry: object) -> Price:
    values = entry if isinstance(entry, dict) else {}
    numbers = [values.get(key) for key in ("input", "output")]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one < 1e6 for one in numbers):
        raise InputError(f"the prices {path} give no `input` and `output` in dollars a million tokens for '{name}'")
    return Price(input=float(values["input"]), output=float(values["output"]))
