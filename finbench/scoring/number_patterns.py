"""What an amount looks like: its digits, what stands before and after them, and what looks like one and is none."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:uary|ruary|ch|il|ust|ember|tember|ober)?"
_NOT_AMOUNTS = re.compile(
    rf"\b{_MONTH}\.?\s?\d{{1,2}}(?:st|nd|rd|th)?\b(?![.,]\d|%)(?:\s?[-–]\s?\d{{1,2}}\b)?"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}\b"
    r"|\b\d{1,2}/\d{1,2}/(?:\d{4}|\d{2})\b|\b(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}\b"
    r"|\b\d{1,2}\.\d{1,2}\.(?:19|20)\d\d\b"
    r"|\b(?:19|20)\d\d\s?[-–—/]\s?\d\d\b(?![\d.,%])"
    r"|\b\d{1,2}:\d\d(?::\d\d)?\s?(?:[ap]\.?m\b\.?)|\b\d{1,2}:\d\d:\d\d\b"
    r"|\b\d{1,3}-[KQF]\b(?:/A)?|\b4\d\d\((?:k|b|c|a)\)|\b\d{1,4}(?:st|nd|rd|th)\b|\b(?:19|20)?\d0'?s\b"
    r"|\b[1-4][QH](?:\s?'?\d{2,4})?\b|\b[QH][1-4](?:\s?(?:FY)?\s?'?\d{2,4})?\b|\b(?:FY|CY)\s?'?\d{2,4}\b"
    r"|'\d\d\b(?!['.,%])"
    r"|\b\d{1,3}-(?:point|step|part|page|digit|decimal)\w*|\b\d{1,2}[- ](?:decimal|significant|d\.?p\b|sig\b)\w*"
    r"|\b\d{1,3}-(?:year|month|week|day|quarter|hour|minute|person|unit)s?\b"
    r"|(?<![\d.,])\d{1,3}(?:\.\d{1,3}){3,}(?![\d.,])|\b\d{1,2}\.\d{1,2}\.\d{1,2}\b"
    r"|\bhttps?://\S{1,200}|\b(?:COVID|SARS)-\d+|\b[A-Z]{1,4}-?\d{1,4}-[A-Z0-9]{1,6}\b|\d{31,}",
    re.IGNORECASE,
)
_MASK = "\ue00f"

_LETTERS = (
    "USD|EUR|GBP|JPY|CNY|RMB|CHF|CAD|AUD|INR|HKD|SGD|SEK|NOK|DKK|KRW|BRL|MXN|ZAR|NZD|PLN|RUB|TRY|THB|TWD|ILS|AED|SAR"
)
_CURRENCY = (
    rf"(?:(?<![A-Za-z])(?:US|CA|AU|NZ|HK|NT|MX|SG|Can|CAD|AUD|USD|[A-Z])?\s?[$]|[€£¥₹₩₽₺₪฿₫₴₦₱]"
    rf"|(?<![A-Za-z])(?:{_LETTERS}|Rs\.?|R(?=\d)|kr\.?))"
)
CORE = re.compile(
    r"(?<!\d)(?:"
    r"\d{1,3}(?:,\d{3}){1,9}(?:\.\d{1,30})?(?!,?\d)"  # 1,234,567.89
    r"|\d{1,2}(?:,\d{2}){1,9},\d{3}(?:\.\d{1,30})?(?!,?\d)"  # 12,34,567
    r"|\d{1,3}(?:\.\d{3}){1,9},\d{1,30}(?!\d)"  # 1.234,56
    r"|\d{1,3}(?:\.\d{3}){2,9}(?![\d,])"  # 1.234.567
    r"|\d{1,3}(?:['_]\d{3}){1,9}(?:[.,]\d{1,30})?(?!\d)"  # 1'234'567
    r"|(?<!\d\s)\d{1,3}(?: \d{3}){1,9}(?:[.,]\d{1,30})?(?![\d])(?! \d)"  # 1 234 567
    r"|\d{1,30}\.\d{1,30}(?!\d)"
    r"|\d{1,30},(?:\d{1,2}|\d{4,30})(?![\d,])"  # 12,5
    r"|\d{1,30}(?!\d)"
    r"|(?<![\w.])\.\d{1,30}(?!\d)"
    r")"
)
EXPONENT = re.compile(
    r"[eE](?P<e>[-+−]?\d{1,3})(?![\w.])|\s?[x×*·]\s?10\s?(?:\^|\*\*)\s?[({]?\s?(?P<power>[-−+–]?\d{1,3})\s?[)}]?"
)
LEFT = re.compile(
    rf"(?P<word>\b(?:minus|negative)\s)?(?P<sign>[-−–]\s?)?(?P<paren>\(\s?)?(?P<currency>{_CURRENCY}\s?)?"
    rf"(?P<sign2>[-−–]\s?|\+)?(?P<paren2>\(\s?)?(?P<sign3>[-−–])?(?P<currency2>{_CURRENCY}\s?)?$",
)
CLOSE = re.compile(r"\s?\)")
UNIT = re.compile(
    r"""(?P<gap>\s{0,2}-?)(?:
      (?P<percent>%(?:\s?-?\s?points?\b)? | \(%\) | per[\s-]?cent(?:age)?\b(?:[\s-]points?\b)?
        | percentage[\s-]points?\b | pct\b\.? | p\.p\.? | pp\b | ppts?\b)
    | (?P<bps>basis[\s-]points?\b | bps?\b | b\.p\.s?)
    | (?P<hundred>hundred\s)?(?P<scale>(?:thousand|million|billion|trillion|lakh|lac|crore)s?\b
        | (?:mln|mio|mil|mn|mm|MM|bln|bn|trn|tn|cr)\b\.?
        | [kKmMbBT](?![\w/'])(?!\s?[²³^]))
    | (?P<multiple>(?:x|times)\b(?!\s?\d|\() | ×(?!\s?[\d($€£]) | fold\b)
    | (?P<only>hundred\b)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
IN_SCALE = re.compile(
    r"\s?(?:,\s?)?\(?\s?(?:expressed |stated |figures )?in\s(?P<scale>thousand|million"
    r"|billion)s?\b(?:\sof\s(?:US\s)?(?:dollars|USD))?\)?"
    r"|\s?\(\s?(?:USD\s|US\$\s?|[$€£]\s?)?(?P<unit>thousand|million|billion|percent"
    r"|bps)s?(?:\s[A-Za-z$€£]{1,8})?\s?\)",
    re.IGNORECASE,
)
SCALE_BEFORE = re.compile(r"(?:^|\n)\W{0,3}in (?P<scale>thousand|million|billion)s?\s?[:=]\s?\Z", re.IGNORECASE)
AFTER = re.compile(
    rf"\s?-?(?:(?:U\.?S\.?|Canadian|Australian|Hong\sKong|Singapore)\s)?(?:dollars?|euros?|yen|yuan"
    rf"|renminbi|rupees?|francs?|pounds?\ssterling|pesos?|{_LETTERS}|[€£¥₹])(?![A-Za-z])"
    r"|\s?[$](?![\d\w])",
    re.IGNORECASE,
)
MEASURE = re.compile(
    r"(?:kg|km|cm|mm|m|g|ml|l|h|hr|hrs|min|mins|s|sec|lbs?|oz|ft|in|sq|gb|mb|tb|mw|kw|kwh|mwh|gwh|boe|mcf"
    r"|yrs?|y|c|f|d|t|k|b)(?![A-Za-z])",
    re.IGNORECASE,
)
SCALES = {
    "thousand": ("thousand", 1.0), "k": ("thousand", 1.0), "lakh": ("thousand", 100.0), "lac": ("thousand", 100.0),
    "million": ("million", 1.0), "mln": ("million", 1.0), "mio": ("million", 1.0), "mil": ("million", 1.0),
    "mn": ("million", 1.0), "mm": ("million", 1.0), "m": ("million", 1.0), "crore": ("million", 10.0),
    "cr": ("million", 10.0), "billion": ("billion", 1.0), "bln": ("billion", 1.0), "bn": ("billion", 1.0),
    "b": ("billion", 1.0), "trillion": ("billion", 1000.0), "trn": ("billion", 1000.0), "tn": ("billion", 1000.0),
    "t": ("billion", 1000.0),
}  # fmt: skip
"""Scale words and what they stand for: (unit, factor). Trillion, crore and lakh are told in the next smaller unit."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One amount in a text.

    Attributes:
        start: Where it begins, sign and currency included.
        end: Where it ends, unit included.
        value: As written, with its own scale.
        unit: As in `number.Number`.
        decimals: Digits after the decimal point.
        signed: Whether it carries a sign of its own, so that "fell by" does not negate it again.
        paren: It stands in brackets, as explanations do.
        words: Written in words.
    """

    start: int
    end: int
    value: float
    unit: str
    decimals: int = 0
    signed: bool = False
    paren: bool = False
    words: bool = False

    @property
    def year(self) -> bool:
        """Whether it may be a year."""
        return self.unit == "none" and self.end - self.start == 4 and not self.words and 1900 <= self.value <= 2099

    @property
    def plain(self) -> float:
        """The value without its unit."""
        return self.value * FACTORS[self.unit]


FACTORS = {
    "percent": 1e-2, "bps": 1e-4, "none": 1.0, "currency": 1.0, "thousand": 1e3, "million": 1e6, "billion": 1e9,
}  # fmt: skip


def mask(text: str) -> str:
    """The text with dates, ordinals and the like covered, of the same length."""
    return _NOT_AMOUNTS.sub(lambda match: _cover(match[0]), text)


def _cover(text: str) -> str:
    year = re.search(r"(?<!\d)(?:19|20)\d\d$", text)  # the year of a date may be asked for
    if year and not re.match(r"\d|https?:", text, re.IGNORECASE):
        head = " " if year.start() and text[year.start() - 1].isalpha() else _MASK  # FY2018
        return _MASK * (year.start() - 1) + head * bool(year.start()) + year[0]
    return _MASK * len(text)
