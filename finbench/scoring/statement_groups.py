"""The mentions of a text in groups, each with the words around it that `statement_levels` reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from finbench.scoring import lexicon as lex
from finbench.scoring.mentions import FIRST, Form, M, form_of, index_of, mention

_SEPARATOR = (
    r"(?:[)\]\"']?[ ]*(?:选项|選項)?(?:and/or\b|[-=]?>|[,/&+|→-]|\b(?:and|or|nor|to|und|oder|et|ou|y|o)\b"
    r"|和|与|及|或|と)[ ]*"
    r"(?:(?:and|or|nor|even|slightly|somewhat|option|mildly|possibly|perhaps|the|a)[ ]+){0,3}(?:选项"
    r"|選項)?[(\[\"']?|[ ]+)"
)
_GROUP = re.compile(rf"{M}(?:(?:{_SEPARATOR})?{M})*+", re.IGNORECASE)
TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[^\w\s]")
_SENTENCE_END = re.compile(r"(?<!:[ ]\d)(?<!:[ ]\d\d)[.!?;…](?=\s|$|[\"')\]])")
_SENTENCE_TAIL = re.compile(r"[.!?…](?=\s|$|[\"')\]])|\n|$")
_BULLET = re.compile(r"[ ]*(?:[-*•+·>]\s+|\d{1,3}[.)]\s+|[|]\s*)+")
_FIRST_LETTER = mention(0, Form.LETTER)
_MAX_GROUPS = 300
_SINGULAR = re.compile(r"\s+(?:is|isn't|was|would be|seems)\b", re.IGNORECASE)
_ARROW = re.compile(r"→|[-=]>")
_INTRODUCTION = re.compile(
    r"\b(?:answer|choice|option|response|solution|label|classification|is)\b[^.!?]{0,40}:\s*$", re.IGNORECASE
)
_ANALYSIS = re.compile(r"\b(?:each|options|choices|analy[sz]e|consider|evaluate|examine|one by one)\b", re.IGNORECASE)
_BARE_TOKENS = frozenset({"option", "choice", "letter"})


class Level(IntEnum):
    """How strongly an answer is stated."""

    NONE = 0
    PREDICATE = 1
    VERDICT = 2
    CONCLUSION = 3
    ANSWER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What differs between kinds of answers.

    Attributes:
        count: Number of allowed answers.
        nouns: Words that head an answer slot ("answer", "choice").
        topics: Words for the thing judged ("sentiment"): a weaker head, since a reply may judge parts.
        objects: Further words that an answer may qualify ("good credit").
        verbs: Indices of answers that are verbs ("rise"), for "will rise".
        closing: Words that make a preceding mention the correct one ("fits").
        last_predicate: Whether the last of several predicates counts (results of a computation).
    """

    count: int
    nouns: frozenset[str]
    topics: frozenset[str] = frozenset()
    verbs: frozenset[int] = frozenset()
    objects: frozenset[str] = frozenset()
    closing: frozenset[str] = frozenset()
    last_predicate: bool = False


@dataclass(slots=True)
class Group:
    """One or several mentions joined by and, or, commas."""

    indices: frozenset[int]
    form: Form
    start: int
    end: int
    left: str
    right: str
    first_line: bool
    line_start: bool
    line_end: bool
    opens: bool
    bulleted: bool = False
    last: bool = False
    level: Level = Level.NONE
    rejected: bool = False
    draft: bool = False
    question: bool = False
    head: bool = False
    partial: bool = False
    tokens: list[str] = field(default_factory=list)
    gap: set[str] = field(default_factory=set)


def _split_pick(found: re.Match[str]) -> list[tuple[int, int]]:
    """Take "B and C, C" apart: the last mention picks from those before it."""
    if found.end() - found.start() == 1:
        return [found.span()]
    members = [place for place, character in enumerate(found[0]) if ord(character) >= FIRST]
    if (
        len(members) == 3
        and found[0][members[2]] in found[0][: members[2]]
        and re.search(r"\b(?:and|or)\b|→|[-=]>", found[0])
    ):
        start = found.start()
        return [(start, start + members[1] + 1), (start + members[2], found.end())]
    if len(members) > 2 and found[0][members[-1]] in found[0][: members[-1]] and _ARROW.search(found[0], members[-2]):
        start = found.start()  # "positive, negative, neutral -> negative"
        return [(start, start + members[-2] + 1), (start + members[-1], found.end())]
    if len(members) == 2 and _ARROW.search(found[0]) and found[0][members[1]] in found.string[: found.start()]:
        return [(found.start(), found.start() + members[0] + 1), (found.start() + members[1], found.end())]
    if len(members) == 2 and found[0][1:2] == "," and _SINGULAR.match(found.string, found.end()):
        return [(found.start(), found.start() + 1), (found.end() - 1, found.end())]
    return [found.span()]


def find_groups(text: str, *, prefaced: bool = False) -> list[Group]:
    """The groups of a text in order; of very many the first and the last, which bounds the time.

    Args:
        text: Text with answers replaced by mentions.
        prefaced: Whether an answer may open the first line that holds a mention, behind lines that hold none.
    """
    spans = [span for found in _GROUP.finditer(text) for span in _split_pick(found)]
    numbers: Sequence[int] = range(len(spans))
    if len(spans) > 2 * _MAX_GROUPS:  # bounds the time on degenerate replies
        numbers = [*numbers[:_MAX_GROUPS], *numbers[-_MAX_GROUPS:]]
    content = len(text) - len(text.lstrip())
    first_end = text.find("\n", content) if "\n" in text[content:] else len(text)
    if _INTRODUCTION.search(text, max(content, first_end - 200), first_end) and not _ANALYSIS.search(
        text, content, first_end
    ):
        second = len(text) - len(text[first_end:].lstrip())
        first_end = text.find("\n", second) if "\n" in text[second:] else len(text)
    prefaced = prefaced or bool(
        spans and text[spans[0][0]] != _FIRST_LETTER and text[: spans[0][0]].rstrip().endswith("?")
    )
    if prefaced and spans and first_end < spans[0][0] <= 600 and not _ANALYSIS.search(text, content, spans[0][0]):
        first_end = text.find("\n", spans[0][1])
        first_end = len(text) if first_end < 0 else first_end
    groups: list[Group] = []
    line_from, line_to = 0, -1
    body = 0
    for number in numbers:
        start, end = spans[number]
        if start >= line_to:
            line_from = text.rfind("\n", 0, start) + 1
            line_to = text.find("\n", end)
            line_to = len(text) if line_to < 0 else line_to
            bullet = _BULLET.match(text, line_from, start)
            body = bullet.end() if bullet else line_from
        before = max(body, spans[number - 1][1] if number else 0)
        after = min(line_to, spans[number + 1][0] if number + 1 < len(spans) else line_to)
        left = text[max(before, start - 200) : start]
        cut = None
        for cut in _SENTENCE_END.finditer(left):  # noqa: B007 - the last one counts
            pass
        clause = left[cut.end() :] if cut else left
        tokens = [token.lower() for token in TOKEN.findall(clause)]
        members = [character for character in set(text[start:end]) if ord(character) >= FIRST]
        tail = _SENTENCE_TAIL.search(text, end, min(line_to, end + 300))
        groups.append(
            Group(
                indices=frozenset(map(index_of, members)),
                form=max(map(form_of, members)),
                start=start,
                end=end,
                left=clause,
                right=text[end : min(after, end + 200)],
                first_line=start < first_end,
                line_start=before == body
                and cut is None
                and not any(token.isalnum() for token in tokens if token not in _BARE_TOKENS),
                line_end=after == line_to and not any(map(str.isalnum, text[end : min(line_to, end + 200)])),
                question=bool(tail and tail[0] == "?"),
                opens=(before == body or cut is not None)
                and all(token in lex.HEAD_FILLERS or not token.isalnum() for token in tokens),
                bulleted=body > line_from,
                last=number + 1 == len(spans) and not text[end + 40 :].strip(),
                tokens=tokens,
            )
        )
    return groups
