"""The private characters that stand for answers in a text, so that one character is one mention."""

from __future__ import annotations

import re
from enum import IntEnum

FIRST = 0xF0000
_STRIDE = 0x1000
OTHER = _STRIDE - 1
"""Index of an answer that is none of the allowed ones, such as a letter outside the options."""


class Form(IntEnum):
    """What kind of mention stands in the text."""

    LETTER = 0
    """An option's letter."""
    LOOSE = 1
    """An ordinary word or a bare number: counts only where an answer is expected."""
    WORD = 2
    """A plain word, such as "positive": counts where something is said to be it."""
    NAME = 3
    """A distinctive name or phrase: counts wherever it is the only one."""


def mention(index: int, form: Form) -> str:
    """The character that stands for answer `index` in a text."""
    return chr(FIRST + form * _STRIDE + index)


M = f"[{chr(FIRST)}-{chr(FIRST + 4 * _STRIDE - 1)}]"
"""Character class of all mentions, for regular expressions."""
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_ADJACENT = re.compile(rf"({M})(?:[\s.):,;=(\"'\]\[|–—-]|option){{0,8}}({M})", re.IGNORECASE)


def without_private(text: str) -> str:
    """The text without the private characters that mentions use."""
    return _PRIVATE.sub(" ", text)


def index_of(character: str) -> int:
    """The answer a mention stands for."""
    return (ord(character) - FIRST) % _STRIDE


def form_of(character: str) -> Form:
    """The form of a mention."""
    return Form((ord(character) - FIRST) // _STRIDE)


def merge_adjacent(text: str) -> str:
    """Let a letter and its own text, as in "B. decrease the money supply", be one mention."""

    def merge(pair: re.Match[str]) -> str:
        if pair[1] == pair[2]:
            return pair[0]
        same = index_of(pair[1]) == index_of(pair[2]) and Form.LETTER in (form_of(pair[1]), form_of(pair[2]))
        return pair[1] if same and form_of(pair[1]) != form_of(pair[2]) else pair[0]

    return _ADJACENT.sub(merge, text)
