"""Quoted source text in a reply: what stands in it is not the answer."""

from __future__ import annotations

import re

from finbench.scoring.mentions import M

_QUOTATION = re.compile(r"\"([^\"\n]{1,600})\"|(?<![\w\"])'([^'\n]{1,400}(?:'\w[^'\n]{0,200}){0,3})'(?!\w)")
_SLOT = re.compile(
    r"\b(?:answer|choice|label|sentiment|option|classification|category|verdict|prediction|result)[ ]?:[ ]*\Z",
    re.IGNORECASE,
)
_MENTION = re.compile(M)
_OTHER_WORD = re.compile(r"[^\W_]{2,}")


def without_quotations(text: str) -> str:
    """Drop quotations of three or more words besides the answers in them.

    A quotation that is the whole reply or fills an answer slot stays, without its marks.

    Args:
        text: Text with answers replaced by mentions.

    Returns:
        The text without quoted source text.
    """

    def drop(quotation: re.Match[str]) -> str:
        inner = quotation[1] or quotation[2] or ""
        words = len(_OTHER_WORD.findall(_MENTION.sub(" ", inner)))
        if words < 3 or _SLOT.search(text, max(0, quotation.start() - 40), quotation.start()):
            return f" {inner} " if quotation[1] else quotation[0].replace("'", " ")
        if not text[: quotation.start()].strip() and not text[quotation.end() :].strip():
            return inner
        return ' "" '

    return _QUOTATION.sub(drop, text)
