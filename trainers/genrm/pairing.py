"""Final-answer preference (FAP): which right solution stands against which wrong one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from finbench.preference.schema import Judgement, Solution
from trainers.genrm.settings import Pairing


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A solution with what was said of its final answer."""

    solution: Solution
    judgement: Judgement

    @property
    def prompt(self) -> str:
        """Id of the prompt."""
        return self.solution.item

    @property
    def index(self) -> int:
        """Which of the prompt's samples, from 0."""
        return self.solution.index

    @property
    def text(self) -> str:
        """What the policy wrote."""
        return self.solution.text

    @property
    def outcome(self) -> str:
        """Correct, wrong, unparsed, refused or truncated."""
        return self.judgement.outcome

    @property
    def right(self) -> bool:
        """Whether it is a right one."""
        return self.judgement.right


@dataclass(frozen=True, kw_only=True)
class AnswerPair:
    """A right and a wrong solution of one prompt.

    Attributes:
        prompt: its id.
        chosen: the right text.
        rejected: the wrong solution.
        by: the right solution; None where the text is the row's reference.
        pass_rate: share of the prompt's samples that are right.
    """

    prompt: str
    chosen: str
    rejected: Judged
    by: Judged | None
    pass_rate: float


@dataclass(frozen=True, kw_only=True)
class AnswerPairs:
    """The pairs in the rule's order, and why others were left out (reason to count)."""

    pairs: tuple[AnswerPair, ...]
    dropped: Mapping[str, int]


def pass_rates(solutions: Iterable[Judged]) -> dict[str, float]:
    """Share of right solutions of each prompt."""
    right, all_of = Counter[str](), Counter[str]()
    for solution in solutions:
        all_of[solution.prompt] += 1
        right[solution.prompt] += solution.right
    return {prompt: right[prompt] / count for prompt, count in all_of.items()}


def pair_answers(
    prompts: Sequence[str], solutions: Sequence[Judged], rules: Pairing, references: Mapping[str, str] | None = None
) -> AnswerPairs:
    """Pair solutions by the rules; deterministic.

    Args:
        prompts: ids, in the order of the stage's rows.
        solutions: all that were judged.
        rules: see `Pairing`.
        references: completion of each prompt's row, for `chosen: reference`.
    """
    references = references or {}
    rates = pass_rates(solutions)
    of: dict[str, list[Judged]] = {}
    for solution in sorted(solutions, key=lambda one: one.index):
        of.setdefault(solution.prompt, []).append(solution)
    dropped = Counter[str]()
    found: list[AnswerPair] = []
    for prompt in prompts:
        mine = of.get(prompt, [])
        if not mine:
            dropped["prompt without solutions"] += 1
            continue
        rejected = _distinct(one for one in mine if one.outcome in rules.rejected)
        chosen: list[tuple[str, Judged | None]]
        if rules.chosen == "reference":
            chosen = [(references[prompt], None)] if references.get(prompt) else []
        else:
            chosen = [(one.text, one) for one in _distinct(one for one in mine if one.right)]
        if not chosen or not rejected:
            dropped["prompt without a right solution" if not chosen else "prompt without a wrong solution"] += 1
            continue
        pairs = [
            AnswerPair(prompt=prompt, chosen=text, rejected=wrong, by=right, pass_rate=rates[prompt])
            for wrong in _candidates(rejected, mine, rules)
            for text, right in chosen
            if text.strip() and wrong.text.strip() and text != wrong.text
        ]
        balanced = [pair for pair in pairs if _ratio(pair) <= (rules.max_length_ratio or float("inf"))]
        dropped["pair of too different length"] += len(pairs) - len(balanced)
        nearest = sorted(balanced, key=lambda pair: (_ratio(pair), *_place(pair)))
        taken = nearest[: rules.per_prompt if rules.rule == "all" else 1]
        dropped["pair beyond the prompt's number"] += len(nearest) - len(taken)
        found += sorted(taken, key=_place)
    if rules.rule == "hardest":
        found.sort(key=lambda pair: pair.pass_rate)  # stable: the rows' order among equals
    if rules.limit is not None and len(found) > rules.limit:
        dropped["pair beyond the limit"] += len(found) - rules.limit
        found = found[: rules.limit]
    return AnswerPairs(pairs=tuple(found), dropped={name: count for name, count in sorted(dropped.items()) if count})


def to_correct(
    prompts: Sequence[str], solutions: Sequence[Judged], *, low: float, high: float, per_prompt: int
) -> tuple[list[Judged], dict[str, int]]:
    """The wrong solutions to ask the GenRM about, in the order of the prompts, and why others are not.

    Args:
        prompts: ids, in the order of the stage's rows.
        solutions: all that were judged.
        low: only prompts with a pass rate above it.
        high: and below it.
        per_prompt: at most so many of each.
    """
    rates = pass_rates(solutions)
    taken: list[Judged] = []
    left = Counter[str]()
    of: dict[str, list[Judged]] = {}
    for solution in sorted(solutions, key=lambda one: one.index):
        if solution.outcome == "wrong":
            of.setdefault(solution.prompt, []).append(solution)
    for prompt in prompts:
        wrong = of.get(prompt, [])
        if not low < rates.get(prompt, 0.0) < high:
            left["prompt all right, all wrong or outside the pass rates"] += len(wrong)
            continue
        distinct = _distinct(wrong)
        left["same text as another one"] += len(wrong) - len(distinct)
        left["beyond the prompt's number"] += max(0, len(distinct) - per_prompt)
        taken += distinct[:per_prompt]
    return taken, {name: count for name, count in sorted(left.items()) if count}


def _candidates(rejected: list[Judged], mine: list[Judged], rules: Pairing) -> list[Judged]:
    if rules.rule != "hardest":
        return rejected
    answers = Counter(one.judgement.pred for one in mine if one.outcome in rules.rejected)
    most = max(answers.values())
    first = next(one.judgement.pred for one in rejected if answers[one.judgement.pred] == most)
    return [one for one in rejected if one.judgement.pred == first]


def _distinct(solutions: Iterable[Judged]) -> list[Judged]:
    return list({one.text.strip(): one for one in reversed(list(solutions))}.values())[::-1]


def _ratio(pair: AnswerPair) -> float:
    lengths = sorted((len(pair.chosen), len(pair.rejected.text)))
    return lengths[1] / max(1, lengths[0])


def _place(pair: AnswerPair) -> tuple[int, int]:
    return (pair.by.index if pair.by else -1, pair.rejected.index)
