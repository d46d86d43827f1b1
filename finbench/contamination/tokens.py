"""Words as the audit sees them: lower-case runs of letters and digits, of any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import repeat

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]
#: The number of a word that no evaluation item holds.
UNKNOWN = 0
#: The number of the border around each field of a document, and the word that stands for it: no text holds it.
BORDER, BORDER_WORD = -1, ""

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The words of a text: lower case, letters and digits only, everything else separates.

    Compatibility forms (ligatures of PDF extraction, full-width digits) are resolved first (Unicode NFKC).
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text.lower())


def numbering(texts: Iterable[Iterable[str]]) -> dict[str, int]:
    """A number from 1 up for each distinct word, in the order of appearance, and `BORDER` for the border."""
    known: dict[str, int] = {BORDER_WORD: BORDER}
    for text in texts:
        for word in text:
            known.setdefault(word, len(known))
    return known


def numbered(tokens: list[str], vocabulary: Mapping[str, int]) -> Ids:
    """The words as numbers, `UNKNOWN` for those that the vocabulary lacks; shape (len(tokens),)."""
    return np.fromiter(map(vocabulary.get, tokens, repeat(UNKNOWN)), dtype=np.int32, count=len(tokens))
