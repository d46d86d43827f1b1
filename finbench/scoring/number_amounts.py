"""Finds the amounts that a text mentions: digits with their sign, currency, scale and unit, each with its place."""

from __future__ import annotations

import re
from dataclasses import replace

from finbench.scoring.number_patterns import (
    AFTER,
    CLOSE,
    CORE,
    EXPONENT,
    IN_SCALE,
    LEFT,
    MEASURE,
    SCALE_BEFORE,
    SCALES,
    UNIT,
    Mention,
)
from finbench.scoring.number_words import find_word_numbers

_DASHES = "-−–"
_BEFORE_A_BRACKET = re.compile(
    r"(?:\b(?:is|was|are|were|be|been|by|of|to|at|equals?|about|approximately|from|than|versus|vs\.?|and|or|a|an)"
    r"|[=:|≈→~\"',;\[])\s*$|^\s*$|\n\s*$",
    re.IGNORECASE,
)
_RATIO_TO = re.compile(r"\s?-?to-?\s?")
_RATIO_WORD = re.compile(r"\bratio\b|\bfor every\b|\bodds\b|\bturnover\b", re.IGNORECASE)


def find_amounts(masked: str, ratio: bool = False) -> list[Mention]:
    """The amounts of a text, in order; fractions, mixed numbers and ratios are one each.

    Args:
        masked: A text that went through `number_patterns.mask`.
        ratio: Whether a ratio is asked for, so that "3 to 2" is one rather than a range.
    """
    found: list[Mention] = []
    floor = 0
    for core in CORE.finditer(masked):
        if core.start() < floor:
            continue
        mention = _read(masked, core, floor)
        if mention is not None:
            found.append(mention)
            floor = mention.end
    return _join(masked, found, ratio or bool(_RATIO_WORD.search(masked)))


def find_word_amounts(masked: str) -> list[Mention]:
    """The amounts written in words, in order."""
    found = []
    for start, end, value, scale in find_word_numbers(masked):
        unit, factor = SCALES[scale] if scale else ("none", 1.0)
        if not scale:
            unit, factor, end = _unit(masked, end, currency=False)
        sign = re.search(r"\b(?:minus|negative)\s$", masked[max(0, start - 10) : start], re.IGNORECASE)
        amount = -value * factor if sign else value * factor
        begin = start - len(sign[0]) if sign else start
        found.append(Mention(begin, end, amount, unit, signed=bool(sign), words=True))
    return found


def _read(text: str, core: re.Match[str], floor: int) -> Mention | None:
    """The amount around one run of digits; None where they belong to a word, a code or nothing finite."""
    start, end = core.span()
    window = max(floor, start - 16)
    left = LEFT.search(text, window, start)
    number, decimals = _parse(core[0])
    exponent = EXPONENT.match(text, end)
    if exponent:
        power = float((exponent["e"] or exponent["power"]).replace("−", "-").replace("–", "-"))
        number *= 10.0 ** max(-300.0, min(300.0, power))
        end, decimals = exponent.end(), 0
    if left is None or number > 1e300:
        return None
    begin, negative = _sign(text, left, start)
    currency = bool(left["currency"] or left["currency2"])
    digits_end = end
    unit, factor, end = _unit(text, end, currency)
    bracket = left["paren"] or left["paren2"]
    enclosed = False
    if bracket:
        close = CLOSE.match(text, end)
        enclosed = close is not None
        if close:
            inside, end = unit, close.end()
            if inside in ("none", "currency"):
                unit, factor, end = _unit(text, end, currency)
            outside = unit != inside
            if not negative and (outside or left["currency"] or _is_accounting(text, begin, end, number, inside)):
                return Mention(begin, end, -number * factor, unit, decimals, signed=True)
            if negative and not outside and _BEFORE_A_BRACKET.search(text, max(0, begin - 16), begin):
                enclosed = False  # (-5%) in the place of the answer
        else:  # the bracket holds more than the number
            begin = text.index("(", begin) + 1
    if end == digits_end and not currency and not _stands_alone(text, begin, end):
        return None
    headed = SCALE_BEFORE.search(text, max(0, begin - 24), begin) if unit in ("none", "currency") else None
    if headed:
        unit = headed["scale"].lower()
    value = -number * factor if negative else number * factor
    return Mention(begin, end, value, unit, decimals, signed=negative, paren=enclosed)


def _parse(digits: str) -> tuple[float, int]:
    """The value of a run of digits and separators, and how many digits follow the decimal point."""
    digits = re.sub(r"[ '_]", "", digits)
    point, comma = digits.rfind("."), digits.rfind(",")
    if comma > point and (point >= 0 or not re.search(r",\d{3}$", digits) or re.match(r"0\d*,\d+$", digits)):
        digits = digits.replace(".", "").replace(",", ".")  # European: the comma is the decimal sign
    elif digits.count(".") > 1:
        digits = digits.replace(".", "")
    digits = digits.replace(",", "")
    return float(digits), len(digits.partition(".")[2])


def _sign(text: str, left: re.Match[str], start: int) -> tuple[int, bool]:
    """Where the amount begins and whether a minus belongs to it, rather than to a subtraction, a range or a list."""
    begin = left.end("sign2") if left["sign2"] == "+" and not left["currency"] else left.start()
    negative = (
        bool(left["word"]) or any(sign in _DASHES for sign in (left["sign2"] or "").strip()) or bool(left["sign3"])
    )
    sign = left["sign"]
    if not sign or left["word"]:
        return begin, negative
    place = left.start("sign")
    before = text[max(0, place - 12) : place]
    spaced = sign[-1:].isspace()
    last = before[-1:]
    last_seen = before.rstrip()[-1:]
    if last_seen.isdigit() or last_seen in ("%", ")", "x"):  # 5829 - 5735, 5829 -5735, 5-7
        own = not spaced and last.isspace() and bool(re.search(r"(?<!\d)(?:19|20)\d\d\s$", before))
    elif spaced:
        alone = not text[:place].strip() and re.match(r"[\d.,%]+(?:\s?[A-Za-z]{0,12})?\s*\Z", text[start : start + 60])
        own = bool(alone) or bool(re.search(r"(?:\b(?:is|was|of|by|equals?)|[=:≈])\s*$", before))
    else:
        own = not (last.isalnum() or last == "_") or not before
    if own:
        return begin, True
    return left.end("sign"), negative


def _is_accounting(text: str, begin: int, end: int, number: float, unit: str) -> bool:
    """Whether brackets around a whole amount mean minus, rather than set it off from the sentence."""
    before = text[max(0, begin - 24) : begin]
    if not _BEFORE_A_BRACKET.search(before):
        return False
    at_line_start = not before.strip() or before.rstrip(" ").endswith("\n")
    if at_line_start and unit == "none" and number <= 30 and number == int(number):
        return not re.match(r"\s*[A-Za-z]", text[end : end + 4])  # (1) First, ...
    return True


def _unit(text: str, end: int, currency: bool) -> tuple[str, float, int]:
    """The unit after an amount, the factor that brings its scale word to that unit, and where it ends."""
    base = "currency" if currency else "none"
    stated = IN_SCALE.match(text, end)
    if stated:
        word = (stated["scale"] or stated["unit"]).lower()
        return word, 1.0, stated.end()
    unit = UNIT.match(text, end)
    if unit is None:
        after = AFTER.match(text, end)
        return ("currency", 1.0, after.end()) if after else (base, 1.0, end)
    if unit["percent"]:
        return "percent", 1.0, unit.end()
    if unit["bps"]:
        return "bps", 1.0, unit.end()
    if unit["multiple"]:
        return base, 1.0, unit.end()
    if unit["only"]:
        return base, 100.0, unit.end()
    word = unit["scale"]
    if len(word.rstrip(".")) <= 2 and not _is_scale(word.rstrip("."), unit["gap"], currency):
        return base, 1.0, end
    name, factor = SCALES[word.rstrip(".").lower() if len(word) <= 3 else word.lower().rstrip("s.")]
    after = AFTER.match(text, unit.end())
    return name, factor * (100.0 if unit["hundred"] else 1.0), after.end() if after else unit.end()


def _is_scale(word: str, gap: str, currency: bool) -> bool:
    """Whether a letter or two after a number is a scale: 5m and $5 m are, 12 m and 12 mm are lengths."""
    if currency:
        return True
    if word in ("m", "b", "t", "k", "mm", "K", "T"):
        return not gap and word not in ("mm", "t")
    return True


def _stands_alone(text: str, begin: int, end: int) -> bool:
    """Whether bare digits are an amount of their own, not part of a word or code (Q3, A1, 3D, x_2)."""
    before = text[begin - 1 : begin]
    if (
        before.isalpha()
        or before in ("_", "&", "@", "\ue00f")
        or (before == "." and text[begin - 2 : begin - 1].isdigit())
    ):
        return False
    if before in ("-", "–") and text[begin - 2 : begin - 1].isalpha():
        return False
    after = text[end : end + 1]
    if after == "\ue00f" or after == "_":
        return False
    return not after.isalpha() or bool(MEASURE.match(text, end))


def _join(text: str, found: list[Mention], ratio: bool) -> list[Mention]:
    """Make fractions, mixed numbers and ratios one amount each."""
    joined: list[Mention] = []
    index = 0
    while index < len(found):
        first = found[index]
        second = found[index + 1] if index + 1 < len(found) else None
        merged = None
        if second is not None and first.unit == "none" and not second.signed and second.value and first.decimals <= 6:
            between = text[first.end : second.start]
            merged = _merge(text, first, second, between, ratio)
        if merged is None or second is None:
            joined.append(first)
            index += 1
            continue
        index += 2
        joined.append(_mixed(text, joined, merged))
    return joined


def _merge(text: str, first: Mention, second: Mention, between: str, ratio: bool) -> Mention | None:
    if first.words or first.year or 1900 <= abs(first.value) <= 2099 or len(between) > 6:
        return None
    slash = between.strip() in ("/", "⁄")
    colon = between.strip() == ":" and second.unit == "none"
    to = bool(_RATIO_TO.fullmatch(between)) and second.unit == "none" and (ratio or second.value == 1)
    if not (slash or colon or to):
        return None
    if re.match(r"\s?[:/]\s?\d", text[second.end : second.end + 3]) or re.search(
        r"\d\s?[:/]\s?$", text[: first.start][-3:]
    ):
        return None  # 3:2:1, 1/2/3
    if colon and first.decimals == 0 and re.search(r"\bat\s$", text[max(0, first.start - 3) : first.start]):
        return None  # a time
    return replace(second, start=first.start, value=first.value / second.value, decimals=15, signed=first.signed)


def _mixed(text: str, joined: list[Mention], part: Mention) -> Mention:
    """2 1/2 and 2 and 3/4 are one number: take the whole part back from the list."""
    if not joined or not 0 < part.value < 1:
        return part
    whole = joined[-1]
    between = text[whole.end : part.start]
    if whole.unit != "none" or whole.decimals or abs(whole.value) > 999 or between not in (" ", "-", " and ", "  "):
        return part
    joined.pop()
    value = whole.value - part.value if whole.signed else whole.value + part.value
    return replace(part, start=whole.start, value=value, signed=whole.signed)
