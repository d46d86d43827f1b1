"""The public name of a submitted model: seen as what it is, and not to be taken for another's."""

from __future__ import annotations

import unicodedata

from leaderboard.text import NAME_LIMIT

#: The rows of a board that are no models; no model may be called so.
GUESSING, MOST_FREQUENT = "Guessing", "Most frequent label"
#: What is shown as nothing or as a gap, though Unicode calls it a letter, a mark or a sign.
_UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00016fe4\U0001d159"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
_ALIKE = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})


def name_faults(name: str) -> list[str]:
    """Why a name cannot be accepted: cut, invisible in part, like another's to the eye, or that of a baseline."""
    if len(name) > NAME_LIMIT:
        return [f"the model's name has more than {NAME_LIMIT} characters"]
    if unseen := sorted(_UNSEEN.intersection(name)):
        return [f"the model's name holds U+{ord(unseen[0]):04X}, which nobody sees; leave it out"]
    if not any(char.isalnum() for char in name):
        return ["the model's name has no letter and no digit"]
    scripts = {unicodedata.name(char, "").split(" ")[0] for char in name if char.isalpha()}
    if "LATIN" in scripts and scripts & _ALIKE:
        return [f"the model's name mixes letters of {' and '.join(sorted(map(str.title, scripts)))} that look alike"]
    if unicodedata.normalize("NFKC", name) != name:
        return ["the model's name has characters that stand for others (full width, ligatures); write them plainly"]
    for taken in (GUESSING, MOST_FREQUENT):
        if _letters(name) == _letters(taken):
            return [f"the model's name is that of a baseline, '{taken}'; give it another"]
    return []


def _letters(name: str) -> str:
    """What is left of a name for whoever glances at it."""
    return "".join(char for char in unicodedata.normalize("NFKD", name).casefold() if char.isalnum())
