"""Which of the amounts in one statement is the one that it states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from finbench.scoring import number_context as words
from finbench.scoring.number_amounts import find_amounts, find_word_amounts
from finbench.scoring.number_patterns import FACTORS, Mention
from finbench.scoring.number_question import Hints, words_of


@dataclass(frozen=True, slots=True)
class Pick:
    """What one statement says.

    Attributes:
        mention: Its amount; None where several are on offer and none is picked (a conflict).
        result: Whether it is the result of an equation.
    """

    mention: Mention | None
    result: bool = False


CONFLICT = Pick(None)
_WINDOW = 60
_LONGEST = 1200
_MANY = 60
"""So many amounts in one statement are a listing, not an answer."""


@lru_cache(maxsize=1024)
def pick(text: str, hints: Hints) -> Pick | None:
    """The amount that a statement states.

    Args:
        text: A sentence or a line, masked.
        hints: What the question asks for.

    Returns:
        The pick, signed by the direction that the statement names where the question asks for a change;
        `CONFLICT` where several amounts are stated alike; None where there is none.
    """
    found = find_amounts(text[-_LONGEST:], hints.ratio)
    text = text[-_LONGEST:]
    if len(found) > _MANY:
        return CONFLICT
    usable = _without_operands(text, found, hints)
    if usable is None:
        leaning = [
            mention for mention in found if words.LEANING.search(text[max(0, mention.start - 40) : mention.start])
        ]
        return Pick(leaning[-1]) if leaning and _agree(leaning) else CONFLICT
    candidates = [mention for mention in usable if not _excluded(text, mention, hints)]
    if hints.change:
        candidates = _without_levels(text, candidates)
    if hints.year:
        years = [mention for mention in candidates if mention.year]
        if years:
            return Pick(years[0]) if all(same(years[0], year) for year in years) else CONFLICT
    chosen = _choose(text, [mention for mention in candidates if not mention.year or hints.year], hints)
    if chosen is None:
        chosen = _choose(
            text, [mention for mention in candidates if mention.year and _stated_year(text, mention)], hints
        )
    if chosen is None and not found:
        chosen = _choose_words(text, hints)
    if chosen is None or chosen.mention is None:
        return chosen
    return replace(chosen, mention=_directed(text, chosen.mention, hints))


def _without_levels(text: str, candidates: list[Mention]) -> list[Mention]:
    """Where a change is asked for: without the levels that something moved to, if a change of that unit is told too."""
    levels = [one for one in candidates if words.MOVED_TO.search(text[max(0, one.start - _WINDOW) : one.start])]
    others = [one for one in candidates if one not in levels and not one.year]
    told = {one.unit for one in others if not re.search(r"\bfrom\s\S{0,3}\Z", text[: one.start][-12:], re.IGNORECASE)}
    return [one for one in candidates if one not in levels or one.unit not in told]


def _without_operands(text: str, found: Sequence[Mention], hints: Hints) -> list[Mention] | None:
    """The amounts that are not part of a calculation or a range; None where two are left open with "or"."""
    out: set[int] = set()
    hedge = False
    for index, mention in enumerate(found):
        tail = text[mention.end : mention.end + 12]
        head = text[max(0, mention.start - 12) : mention.start]
        if words.OPERATOR_AFTER.match(tail) or (words.OPERATOR_BEFORE.search(head) and not mention.signed):
            out.add(index)
    for index in range(len(found) - 1):
        first, second = found[index], found[index + 1]
        between = text[first.end : second.start]
        if len(between) > 24:
            continue
        before = text[max(0, first.start - 24) : first.start]
        dash = words.DASH.fullmatch(between)
        comparable = first.unit == second.unit or "none" in (first.unit, second.unit) or first.unit == "currency"
        if dash and not (dash[1] and not comparable) and not (between.strip() == "—" and dash[1]):
            out |= {index, index + 1}
        elif words.TO.fullmatch(between):
            if re.search(r"\bby\s(?:\w+\s)?$", before):
                out.add(index + 1)
            elif comparable and hints.words and not hints.change and words.MOVED_FROM.search(text, 0, first.start):
                out.add(index)  # where it went is the level asked for
            elif hints.change and "point" in text[first.start : first.end].lower():
                out.add(index + 1)  # "fell 3 percentage points to 8%"
            elif comparable:
                out |= {index, index + 1}
            elif first.unit in ("percent", "bps"):  # a change and the level that it led to
                out.add(index if hints.amount else index + 1)
        elif words.PLUS_MINUS.fullmatch(between):
            out.add(index + 1)
        elif re.search(r"\bbetween\s(?:\w+\s)?$", before, re.IGNORECASE) and re.fullmatch(r"\s?(?:and|to)\s", between):
            out |= {index, index + 1}
        elif words.OR.fullmatch(between) and index not in out and not same(first, second):
            kinds = {_kind(first), _kind(second)}
            hedge = hedge or not ((first.year and second.year) or kinds == {"share", "scaled"})  # 5%, or $2 million
    return None if hedge else [mention for index, mention in enumerate(found) if index not in out]


def _kind(mention: Mention) -> str:
    return {"none": "bare", "percent": "share", "bps": "share"}.get(mention.unit, "scaled")


def _excluded(text: str, mention: Mention, hints: Hints) -> bool:
    """Whether the words around an amount say that it is no answer."""
    before = text[max(0, mention.start - _WINDOW) : mention.start]
    after = text[mention.end : mention.end + 24]
    bare = mention.unit == "none" and not mention.decimals
    if bare and words.REFERENCE.search(before) and not hints.year:
        return True
    if bare and words.enumerator(text, mention.start, mention.end):
        return True
    if words.SURE_AFTER.match(after) or words.SURE_BEFORE.search(before) or words.ROUNDING_AFTER.match(after):
        return True
    if (
        mention.paren
        and bare
        and abs(mention.value) <= 20
        and re.search(r"[\d%\w]\s?$", before)
        and re.search(r"\d", before)
    ):
        return True  # 12.5 (1)
    if bare and before.endswith("[") and after.startswith("]") and re.search(r"\d", before):
        return True
    stripped = _strip_fill(before)
    if words.NOT_THIS.search(stripped) or words.NOT_THIS.search(before):
        return True
    if mention.year:
        return bool(words.THAN.search(before))
    return bool(words.PREMISE.search(stripped) or words.PREMISE.search(before) or words.OPERAND.search(before))


def _strip_fill(before: str) -> str:
    for _ in range(5):
        shorter = words.FILL.sub("", before)
        shorter = words.CHANGE_NOUN.sub("", shorter) if shorter == before else shorter
        if shorter == before:
            break
        before = shorter
    return before


def _stated_year(text: str, mention: Mention) -> bool:
    """Whether a number that may be a year is stated as an amount: alone, or as the result of an equation."""
    before, after = text[: mention.start], text[mention.end :]
    if words.EQUALS.search(before[-4:]) or (not before.strip(" \"'([") and not after.strip(" \"')].!")):
        return True
    return not words.YEAR_PREPOSITION.search(before[-24:]) and bool(words.STRONG.search(_strip_fill(before[-_WINDOW:])))


def _choose(text: str, candidates: list[Mention], hints: Hints) -> Pick | None:
    if not candidates:
        return None
    candidates = _of_the_kind(text, candidates, hints)
    results = [mention for mention in candidates if _is_result(text, mention)]
    if _agree(candidates):
        return Pick(_preferred(text, candidates), result=bool(results))
    depth = _depths(text, candidates)
    if results:
        last = results[-1]
        open_results = [mention for mention in results if depth[mention.start] == 0]
        if open_results:
            last = open_results[-1]
        later = [
            mention
            for mention in candidates
            if mention.start > last.start and depth[mention.start] == 0 and _anchored(text, mention, words.STRONG)
        ]
        return Pick(later[-1] if later else last, result=True)
    named = [mention for mention in candidates if _named(text, mention, hints)]
    if named and _agree(named):
        return Pick(named[-1])
    main = [mention for mention in candidates if not _aside(text, mention, hints, depth)] or candidates
    if _agree(main):
        return Pick(_preferred(text, main))
    gaps = [text[left.end : right.start] for left, right in pairwise(main)]
    if any(words.LISTED.fullmatch(gap) for gap in gaps) and any(words.LISTED_LAST.fullmatch(gap) for gap in gaps):
        return CONFLICT
    strong = [mention for mention in main if _anchored(text, mention, words.STRONG)]
    loose = [mention for mention in main if mention not in strong]
    if strong and any(_coordinated(text, mention) and mention.start > strong[0].start for mention in loose):
        return CONFLICT if hints.change else _by_question(text, main, hints)
    if strong and _agree(strong):
        return Pick(strong[-1])
    if len(strong) > 1:
        between = text[strong[-2].end : strong[-1].start]
        return Pick(strong[-1]) if words.SEQUEL.search(between) else _by_question(text, strong, hints)
    middle = [mention for mention in main if _anchored(text, mention, words.MID)]
    if middle and _agree(middle) and not any(_coordinated(text, mention) for mention in main if mention not in middle):
        return Pick(middle[-1])
    return _by_question(text, main, hints)


def _choose_words(text: str, hints: Hints) -> Pick | None:
    """The amount in words, if it stands where an answer stands."""
    candidates = []
    if hints.count and "quarter" in hints.words:
        text = re.sub(r"\b([Qq]uarter)s\b", "periods", text)
    for mention in find_word_amounts(text):
        before = _strip_fill(text[: mention.start]).strip(" \"'([")
        after = text[mention.end : mention.end + 24]
        if re.match(r"\s(?:another|can|could|should|must|needs?|way|has|is|was|who|that|which|or)\b", after):
            continue
        if (mention.value == 1 and after.startswith(" of")) or words.ROUNDING_AFTER.match(after):
            continue
        whole = not before and not after.strip(" \"')].!")
        phrase = not before and mention.end - mention.start > 3
        counted = hints.count and bool(words_of(after.partition(",")[0]) & hints.words)
        if whole or phrase or counted or _anchored(text, mention, words.STRONG) or _anchored(text, mention, words.MID):
            candidates.append(mention)
    if not candidates:
        return None
    return Pick(candidates[-1]) if _agree(candidates) else CONFLICT


def _agree(mentions: Sequence[Mention]) -> bool:
    return all(same(mentions[-1], mention) for mention in mentions[:-1])


def _preferred(text: str, mentions: Sequence[Mention]) -> Mention:
    """Of equal amounts the last, unless that one is an afterthought: in brackets or after "or about"."""
    depth = _depths(text, mentions)
    for mention in reversed(mentions):
        before = text[max(0, mention.start - 24) : mention.start]
        if (
            depth[mention.start] == 0
            and not mention.paren
            and not re.search(r"\b(?:or|i\.e\.,?|about)\s(?:\w+\s)?$", before)
        ):
            return mention
    return mentions[0]


def _of_the_kind(text: str, candidates: list[Mention], hints: Hints) -> list[Mention]:
    """Those of the kind that the question asks for, where there are such; a result is not given up for a premise."""
    points = [mention for mention in candidates if mention.unit == "bps"]
    if hints.bps and points:
        return points
    shares = [mention for mention in candidates if mention.unit in ("percent", "bps")]
    results = [mention for mention in candidates if _is_result(text, mention)]
    if hints.percent and shares and (not results or shares[-1].start >= results[-1].start):
        return shares
    money = [mention for mention in candidates if mention.unit not in ("percent", "bps", "none")]
    if hints.money and money and (not results or money[-1].start >= results[-1].start):
        return money
    others = [mention for mention in candidates if mention.unit not in ("percent", "bps")]
    counts = [mention for mention in others if not words.CURRENCY.match(text, mention.start)]
    if hints.count and counts and len(counts) < len(others):
        return counts
    if hints.amount and others:
        return others
    bare = [mention for mention in candidates if mention.unit == "none"]
    if hints.ratio and bare and (not results or bare[-1].start >= results[-1].start):
        return bare
    return candidates


def _named(text: str, mention: Mention, hints: Hints) -> bool:
    """Whether the statement calls an amount by the name that the question asks for: "an average of", "5% lower"."""
    if hints.change and words.DIRECTION_AFTER.match(text, mention.end):
        return True
    before = text[max(0, mention.start - _WINDOW) : mention.start]
    for _ in range(4):
        noun = words.CHANGE_NOUN.search(before)
        if noun:
            return noun[0].split()[0].lower() in hints.words
        shorter = words.FILL.sub("", before)
        if shorter == before:
            return False
        before = shorter
    return False


def _is_result(text: str, mention: Mention) -> bool:
    return bool(words.EQUALS.search(text[max(0, mention.start - 8) : mention.start]))


def _depths(text: str, mentions: Sequence[Mention]) -> dict[int, int]:
    """How many brackets are open where each amount begins."""
    depths: dict[int, int] = {}
    depth = position = 0
    for mention in sorted(mentions, key=lambda item: item.start):
        piece = text[position : mention.start]
        depth = max(0, depth + piece.count("(") - piece.count(")"))
        depths[mention.start] = depth
        position = mention.start
    return depths


def _aside(text: str, mention: Mention, hints: Hints, depth: dict[int, int]) -> bool:
    """Whether an amount is set off from the statement: in brackets, a time span, the object of a preposition."""
    if mention.paren or depth[mention.start] > 0:
        return True
    before = text[max(0, mention.start - _WINDOW) : mention.start]
    if words.DURATION_AFTER.match(text[mention.end : mention.end + 12]) and not hints.duration:
        return True
    if words.CORRESPONDING.search(before) or words.EACH_AFTER.match(text, mention.end):
        return True
    if not hints.change and words.COMPARED_AFTER.match(text, mention.end):
        return True
    return bool(words.ASIDE.search(before) or words.ASIDE.search(_strip_fill(before)))


def _anchored(text: str, mention: Mention, anchor: re.Pattern[str]) -> bool:
    before = text[max(0, mention.start - _WINDOW) : mention.start]
    return bool(anchor.search(before) or anchor.search(_strip_fill(before)))


def _coordinated(text: str, mention: Mention) -> bool:
    return bool(words.AND.search(_strip_fill(text[max(0, mention.start - _WINDOW) : mention.start])))


def _by_question(text: str, candidates: Sequence[Mention], hints: Hints) -> Pick:
    """The amount whose clause repeats most of the question; a conflict where that singles out none."""
    if not hints.words:
        return CONFLICT
    scores = []
    for mention in candidates:
        begin = max((match.end() for match in words.CLAUSE.finditer(text, 0, mention.start)), default=0)
        following = words.CLAUSE.search(text, mention.end)
        clause = text[begin : following.start() if following else len(text)]
        scores.append(bool(words.CHANGE_WORD.search(clause)) if hints.change else hints.overlap(clause))
    best = max(scores)
    winners = [mention for mention, score in zip(candidates, scores, strict=True) if score == best]
    return Pick(winners[-1]) if _agree(winners) and best > 0 else CONFLICT


def _directed(text: str, mention: Mention, hints: Hints) -> Mention:
    """Negate an amount that the statement calls a decrease, if a change is asked for and it has no sign of its own."""
    if not hints.change or mention.signed or mention.value <= 0 or mention.year:
        return mention
    after = words.DIRECTION_AFTER.match(text, mention.end)
    if after:
        return replace(mention, value=-mention.value, signed=True) if after["down"] else mention
    before = words.BOTH_WAYS.sub(" change ", text[max(0, mention.start - 90) : mention.start])
    last = None
    for match in words.DIRECTION.finditer(before):
        if not words.TOPIC.search(before[: match.start()]):
            last = match
    if last is None or last["up"] or re.search(r"\bto\b[^,;]*$", before[last.end() :]):
        return mention  # "fell to 36" gives a level
    return replace(mention, value=-mention.value, signed=True)


def same(a: Mention, b: Mention) -> bool:
    """Whether two amounts say the same: one rounds to the other, or one leaves out the unit or the sign."""
    if abs(a.value) == abs(b.value) and (
        a.unit == b.unit or "none" in (a.unit, b.unit) or "currency" in (a.unit, b.unit)
    ):
        return True
    left, right = abs(a.plain), abs(b.plain)
    precision = max(_half_unit(a), _half_unit(b))
    difference = abs(left - right)
    if difference <= 1e-9 * max(left, right):
        return True
    if difference <= 1.01 * precision and difference <= 0.05 * max(left, right):
        return True
    if "none" in (a.unit, b.unit) and a.unit != b.unit:
        step = max(0.5 * 10.0**-a.decimals, 0.5 * 10.0**-b.decimals)
        gap = abs(abs(a.value) - abs(b.value))
        return gap <= 1.01 * step and gap <= 0.05 * max(abs(a.value), abs(b.value))
    return False


def _half_unit(mention: Mention) -> float:
    return float(0.5 * 10.0**-mention.decimals * FACTORS[mention.unit])
