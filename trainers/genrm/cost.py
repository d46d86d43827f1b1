"""What a distillation asks at the most: calls and tokens before it begins, and what a bound leaves of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finbench.errors import InputError
from finbench.evaluation.spending import price_of, read_prices
from finbench.preference.rule import has_rule
from finbench.preference.schema import PromptItem
from trainers.genrm.settings import GenrmSettings

#: Characters of a token, on the low side, so that plans are on the high side.
CHARACTERS = 3
#: Tokens of the instruction around what the GenRM reads.
INSTRUCTION = 800
#: Share of the solutions judged by rule that a GenRM judges too where it has to judge others: what its word is worth.
LEAST_AGREEMENT = 0.1


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Calls and tokens at the most, and what they cost.

    Attributes:
        prompts: that are sampled from.
        prompts_left_out: for which `policy_calls` leaves no sample.
        policy_calls: samples and rollouts.
        policy_tokens: read and written in them.
        judging_calls: of the GenRM, for answers that no rule judges and for the agreement.
        unruled_judged: solutions that no rule judges and the GenRM does.
        audit: share of the others that it judges too; 0 where the bounds leave no room for it.
        correcting_calls: of the GenRM, for locating and correcting.
        corrections: wrong solutions that are put to it.
        genrm_calls: both.
        genrm_tokens: read and written in them.
        usd: of the GenRM by the price table; None without one, 0 for the program.
        usd_per_call: the longest call.
    """

    prompts: int
    prompts_left_out: int
    policy_calls: int
    policy_tokens: int
    judging_calls: int
    unruled_judged: int
    audit: float
    correcting_calls: int
    corrections: int
    genrm_calls: int
    genrm_tokens: int
    usd: float | None
    usd_per_call: float | None

    def as_json(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return asdict(self)

    def text(self) -> str:
        """The plan in a line."""
        money = "" if self.usd is None else f", {self.usd:.4f} USD"
        return (
            f"at most {self.policy_calls:,} calls of the policy ({self.policy_tokens:,} tokens) and "
            f"{self.genrm_calls:,} of the GenRM ({self.genrm_tokens:,} tokens{money})"
        )


def plan(items: Sequence[PromptItem], config: GenrmSettings, prices: Path | None = None) -> Plan:
    """What a run asks at the most, its bounds kept.

    Args:
        items: all prompts.
        config: of the stage.
        prices: the price table, where there is one.

    Raises:
        InputError: there is no price for the GenRM, or the bounds leave nothing to sample.
    """
    bounds = config.spending
    asked = len(items)
    if bounds.policy_calls is not None:
        asked = min(asked, bounds.policy_calls // config.samples)
    if items and not asked:
        raise InputError(
            f"policy_calls {bounds.policy_calls} allows for no prompt with {config.samples} samples; raise it"
        )
    used = items[:asked]
    longest = max((len(item.prompt) // CHARACTERS for item in used), default=0)
    # the GenRM reads the instruction, the question, a reference and the solution
    reads = INSTRUCTION + 3 * longest + 2 * config.max_tokens
    price = _price_of_call(config, prices, reads)
    left = _genrm_bound(config, price)
    judging = unruled = 0
    audit = config.agreement
    if config.asks_a_model:
        ruled = sum(has_rule(item) for item in used)
        unruled = (len(used) - ruled) * config.samples
        audit = max(audit, LEAST_AGREEMENT) if unruled else audit
        audited = _audited(ruled * config.samples, audit)
        if left is not None:
            unruled = min(unruled, left // config.attempts)
            if (unruled + audited) * config.attempts > left:
                audited, audit = 0, 0.0
        judging = (unruled + audited) * config.attempts
    corrections = 0
    if "scp" in config.methods:
        taught = sum(map(config.can_correct, used))
        corrections = min(taught * min(config.correcting.per_prompt, config.samples), _limit(config))
        if left is not None:
            corrections = min(corrections, max(0, left - judging) // config.attempts)
        if bounds.policy_calls is not None:
            room = bounds.policy_calls - len(used) * config.samples
            corrections = min(corrections, room // (2 * config.correcting.rollouts))
    correcting = corrections * config.attempts if config.asks_a_model else 0
    policy_calls = len(used) * config.samples + corrections * 2 * config.correcting.rollouts
    genrm_calls = judging + correcting
    return Plan(
        prompts=len(used),
        prompts_left_out=len(items) - len(used),
        policy_calls=policy_calls,
        policy_tokens=policy_calls * (longest + 2 * config.max_tokens),
        judging_calls=judging,
        unruled_judged=unruled,
        audit=audit,
        correcting_calls=correcting,
        corrections=corrections,
        genrm_calls=genrm_calls,
        genrm_tokens=genrm_calls * (reads + config.genrm_max_tokens),
        usd=0.0 if not config.asks_a_model else None if price is None else round(genrm_calls * price, 6),
        usd_per_call=price,
    )


def _audited(solutions: int, share: float) -> int:
    """Solutions that are judged twice at the most: they are chosen by hash, so their number varies."""
    return min(solutions, math.ceil(solutions * share + 4 * math.sqrt(solutions * share * (1 - share))))


def _limit(config: GenrmSettings) -> int:
    return config.correcting.limit if config.correcting.limit is not None else 10**9


def _genrm_bound(config: GenrmSettings, price: float | None) -> int | None:
    """Calls of the GenRM that the bounds allow; None where it is no model or there is no bound."""
    if not config.asks_a_model:
        return None
    allowed = [config.spending.genrm_calls]
    if config.spending.usd is not None and price:
        allowed.append(int(config.spending.usd / price))
    known = [count for count in allowed if count is not None]
    return min(known) if known else None


def _price_of_call(config: GenrmSettings, prices: Path | None, reads: int) -> float | None:
    """USD of the longest call of the GenRM; None where no price is known."""
    if not config.asks_a_model:
        return None
    price = price_of(config.genrm, config.genrm, read_prices(prices) if prices is not None else {})
    if price is None:
        if config.spending.usd is not None:
            raise InputError(f"the price table says nothing of {config.genrm}; add its `input` and `output`")
        return None
    return (reads * float(price.input) + config.genrm_max_tokens * float(price.output)) / 1e6
