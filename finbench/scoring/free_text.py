"""The answer in free words that a reply finally gives, and how it is held against the accepted ones.

Exact match and F1 over words follow SQuAD (Rajpurkar et al. 2016, section 6.1): case, punctuation and English articles
do not count, and the best of the accepted answers does.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

from finbench.scoring.outcome import Extraction
from finbench.scoring.text import is_refusal, prepare, segments, unwrap

LIST_SEPARATOR = " | "
"""Stands between the entries of a list on one line, in prompts, references and metadata."""

_LIMIT = 20_000
_MARKER = re.compile(
    r"^[ \t>*#-]{0,6}(?:(?:so|therefore|thus|hence),?[ ])?(?:the |my )?(?:final |correct )?answers?[ ]?(?:is|are)?[ ]?"
    r"[:=]"
    r"|\b(?:the|my) (?:final |correct )?answers? (?:is|are|would be)\b:?",
    re.IGNORECASE | re.MULTILINE,
)
_ENDS = " \t\n\"'{}"
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def extract_text(output: str, *, whole: bool = False) -> Extraction[str]:
    """Read the free-text answer out of a reply.

    What stands behind the last "Answer:" (or "the answer is") is the answer: the rest of its line, or where that is
    empty the lines below it. A reply that announces no answer is one itself, of several paragraphs the last.

    Args:
        output: The reply; any string.
        whole: Whether an answer may have several paragraphs (a summary).

    Returns:
        The text; no value for an empty reply or a refusal. `followed_format` is true for a reply of one paragraph, and
        where the last announcement is a line that begins with "Answer:".
    """
    prepared = prepare(output, dressed=True)
    if len(prepared) > _LIMIT:
        prepared = prepared[-_LIMIT:]
    for segment in segments(prepared):
        text = unwrap(segment).strip()
        last = None
        for last in _MARKER.finditer(text):  # noqa: B007 - the last one counts
            pass
        if last is not None:
            found = _behind(text[last.end() :], whole)
            if found:
                return Extraction(found, "answered", bool(re.match(r"Answer:", last[0])))
        elif is_refusal(text):
            return Extraction(None, "refused", False)
        else:
            paragraphs = [part.strip(_ENDS) for part in re.split(r"\n[ \t]*\n", text) if part.strip(_ENDS)]
            if paragraphs:
                found = "\n\n".join(paragraphs) if whole else paragraphs[-1]
                return Extraction(found, "answered", whole or len(paragraphs) == 1)
    return Extraction(None, "unparsed", False)


def announces(output: str) -> bool:
    """Whether a reply says somewhere that an answer follows."""
    return bool(_MARKER.search(unwrap(prepare(output, dressed=True))))


def _behind(rest: str, whole: bool) -> str:
    if whole:
        return rest.strip(_ENDS)
    line, _, below = rest.partition("\n")
    return line.strip(_ENDS) or re.split(r"\n[ \t]*\n", below.strip())[0].strip(_ENDS)


def normalised(text: str) -> str:
    """A text without case, punctuation, English articles and needless spaces."""
    return " ".join(_ARTICLE.sub(" ", prepare(text, dressed=True).lower().translate(_PUNCTUATION)).split())


def word_f1(found: str, accepted: str) -> float:
    """F1 over the words of two normalised texts, counted as often as they occur; 1 where both are empty."""
    left, right = Counter(found.split()), Counter(accepted.split())
    if not left or not right:
        return float(left == right)
    common = sum((left & right).values())
    return 2 * common / (sum(left.values()) + sum(right.values()))


def compare(found: str, accepted: Sequence[str]) -> tuple[bool, float]:
    """Exact match and F1 against the best of the accepted answers.

    Args:
        found: the answer that was read.
        accepted: answers that are right, at least one.

    Returns:
        Whether one is equal after `normalised`, and the largest `word_f1`.
    """
    answer = normalised(found)
    rights = [normalised(text) for text in accepted]
    return answer in rights, max(word_f1(answer, right) for right in rights)
