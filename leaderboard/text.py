"""Texts and numbers as the pages show them; whatever comes from a log is untrusted."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

#: Longest name that a page shows; what is longer ends in an ellipsis.
NAME_LIMIT = 72
_MINUS = "\N{MINUS SIGN}"
_SPACES = re.compile(r"\s+")


@lru_cache(maxsize=65536)
def clean(text: str | None, limit: int = NAME_LIMIT) -> str:
    """A text of a log made fit to be shown: no control, format or private characters, one line, cut.

    Format characters (category Cf) hold the bidirectional controls and the zero-width ones, with which a name can be
    made to look like another. Escaping is the template's work.
    """
    raw = (text or "")[: 20 * limit]
    if raw.isascii() and raw.isprintable():  # as nearly always; what follows would do the same, slowly
        line = " ".join(raw.split())
    else:
        raw = unicodedata.normalize("NFC", raw)
        kept = "".join(" " if char.isspace() else char for char in raw if char.isspace() or _is_visible(char))
        line = _SPACES.sub(" ", kept).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def clean_text(text: str, limit: int) -> str:
    """As `clean`, for a text of several lines."""
    lines = [clean(line, limit) for line in text[: 2 * limit].splitlines()]
    whole = "\n".join(line for line in lines if line)
    return whole if len(whole) <= limit else whole[: limit - 1].rstrip() + "…"


def _is_visible(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def slug(name: str, *further: str) -> str:
    """A file name for anything with a name: readable start, and a hash over all that tells it from others."""
    readable = re.sub(r"[^a-z0-9]+", "-", clean(name).lower()).strip("-")[:40].strip("-") or "x"
    key = "\x00".join((name, *further)).encode("utf-8", "surrogatepass")
    return f"{readable}-{hashlib.sha256(key).hexdigest()[:8]}"


@lru_cache(maxsize=65536)
def percent(value: float, digits: int = 1) -> str:
    """A share as percent, or a coefficient times 100, without the sign for percent: `71.7`."""
    return _signed(f"{100 * value:.{digits}f}")


def points(value: float, digits: int = 1) -> str:
    """A difference of shares in percentage points, always with its sign."""
    text = f"{100 * value:+.{digits}f}"
    return "0." + "0" * digits if float(text) == 0 else _signed(text)


def interval(low: float, high: float, digits: int = 1) -> str:
    """The ends of an interval of shares: `64.7 to 77.8`."""
    return f"{percent(low, digits)} to {percent(high, digits)}"


def p_text(value: float) -> str:
    """A p-value to three digits."""
    return "< 0.001" if value < 0.0005 else f"{value:.3f}"


def count(value: int) -> str:
    """A whole number with separators."""
    return f"{value:,}"


def plural(number: int, word: str) -> str:
    """`1 model`, `2 models`."""
    return f"{count(number)} {word}" if number == 1 else f"{count(number)} {word}s"


def duration(seconds: float) -> str:
    """A time in words: `42 s`, `5 min`, `3.2 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def ranks(low: int, high: int) -> str:
    """A rank interval: `1–3`, or `2`."""
    return str(low) if low == high else f"{low}–{high}"


def day(created: str) -> str:
    """The date of an ISO time, if it is one."""
    return created[:10] if re.fullmatch(r"\d{4}-\d\d-\d\d", created[:10]) else ""


def _signed(text: str) -> str:
    number = text.replace("-", _MINUS)
    return number.removeprefix(_MINUS) if float(text) == 0 else number
