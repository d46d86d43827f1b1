"""Cuts a reply into statements and tells what part each plays: conclusion, premise, check, explanation, aside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from finbench.scoring.number_structured import is_table_row


class Role(StrEnum):
    """What a statement is for."""

    PLAIN = "plain"
    CONCLUSION = "conclusion"
    PREMISE = "premise"
    EXPLANATION = "explanation"
    CHECK = "check"
    ASIDE = "aside"
    DRAFT = "draft"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence or line with its place in the text."""

    start: int
    text: str
    role: Role
    corrects: bool


CORRECTION = re.compile(
    r"\b(?:wait|actually|sorry|my apologies|apologies|i apologi[sz]e|scratch that|strike that|oops|hold on"
    r"|on second thought"
    r"|hmm+|let me (?:re-?(?:do|calculate|compute|consider|check|think|examine|read)\w*|correct|fix"
    r"|try again|start over|revise)"
    r"|i made (?:a|an) (?:\w+ )?(?:mistake|error)|(?:that|this|it|which)(?:'s| is| was) (?:wrong|incorrect"
    r"|not (?:right|correct)|a mistake|an error)"
    r"|my mistake|i mis\w+|upon (?:review|closer|re-?\w+|second|further)|or rather|no, rather|i mean|i meant"
    r"|(?:that|it|this) should (?:actually |instead |really )?(?:be|have been)|chang(?:e|ing) my (?:mind|answer)"
    r"|(?:revised|updated|corrected|correct) (?:final )?(?:answer|result|value|figure|calculation|number)"
    r"|but (?:that|this) (?:forgets|ignores|misses|includes|excludes|double)|correcting|i (?:forgot"
    r"|overlooked|missed))\b"
    r"|(?:^|[.!?,;–—-]\s?)(?:no[,:]|nope\b)|^\W{0,4}(?:edit|correction|update|erratum)\b\s?\d?\W",
    re.IGNORECASE | re.MULTILINE,
)
WITHDRAWN = re.compile(
    r"\b(?:mistake|error|wrong|incorrect|not (?:right|correct)|scratch that|strike that|forgot|overlooked"
    r"|ignore (?:that|the above)|disregard)\b",
    re.IGNORECASE,
)
_CHECK = re.compile(
    r"^\W{0,4}(?:(?:now |we can |you can |i can |let me |let's |to |quick |a |as a |and "
    r"|just to )*(?:double[- ]?check\w*|check\w*|verif\w*|sanity|confirm\w*|cross-check\w*|validat\w*"
    r"|proof|test))\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"^\W{0,4}(?:notes?|sources?|references?|confidence|certainty|disclaimer|assumptions?|remarks?"
    r"|caveats?|footnotes?|n\.?b\.?|p\.?s\.?|units?|page|context|given data|tip|hint|important|please note"
    r"|tokens?|score|rating|time|date|task|id)\b\s?[\d#]{0,3}\s?(?:[:.(\]–-]|that\b)"
    r"|^\W{0,4}\[\d{1,2}\]\s|^\W{0,2}please note"
    r"|^\W{0,4}(?:(?:please )?let me know|feel free|(?:i )?hope (?:this|that|it)|if you (?:have|need|want|would|'d)"
    r"|would you like|do you (?:want|need)|is there any|happy to|thank(?:s| you))\b",
    re.IGNORECASE,
)
_CONCLUSION = re.compile(
    r"^\W{0,4}(?:(?:and|but|now|step \d+:?)\s)?(?:therefore|thus|hence|so\b|in conclusion|in summary"
    r"|to summari[sz]e|overall|finally|consequently|accordingly"
    r"|as a result|this means|that means|this gives|that gives|which gives|giving|we get|in total"
    r"|altogether|ultimately|to conclude|in short"
    r"|conclusion|(?:final )?result\b|final\b|it follows|this results|that leaves|this leaves|summary"
    r"|bottom line|∴|→|=>)"
    r"|,\s(?:so|therefore|thus|hence|which means|meaning(?: that)?)\b|\b(?:is|was|are) therefore\b|\btherefore\b",
    re.IGNORECASE,
)
_EXPLANATION = re.compile(
    r"^\W{0,4}(?:because|since|this is because|that is because|(?:this|that|it|the (?:figure|number|value"
    r"|amount|result|answer|percentage|increase|decrease|change|growth)) (?:is|was|can be"
    r"|were) (?:calculated|computed|derived|obtained|based|found|determined|taken|arrived|stated|reported"
    r"|shown|driven|due|mainly|primarily|the result)"
    r"|calculat(?:ed|ion)|computed|working|based on|as (?:stated|shown|reported|given|disclosed|seen)"
    r"|according to|this (?:compares|reflects|represents|comes|figure|information)|explanation|reasoning"
    r"|rationale|justification|details?|breakdown"
    r"|for (?:reference|comparison|context)|by comparison|in comparison|compared|previously|prior"
    r"|the (?:prior|previous|preceding)|last year|in the prior|in the previous|up from|down from|driven by"
    r"|due to|where\b|here,|i (?:calculated|computed|took|used|divided|subtracted)|we (?:calculated"
    r"|computed)|you can|the (?:table|text|report|filing|passage|document) (?:shows|states|says|gives"
    r"|reports|lists)|from the (?:table|text)|it (?:rose|fell|grew|increased|decreased|was) )",
    re.IGNORECASE,
)
_PREMISE = re.compile(
    r"^\W{0,4}(?:step\b|first|firstly|second|secondly|third|next|then\b|given|we know|we have|we are given"
    r"|from the|in the (?:table|text|context)|to (?:find|calculate|compute|determine|get|answer|solve|work"
    r"|obtain)"
    r"|we (?:need|can|must|should|will|want)|let'?s|let\b|suppose|assum\w*|looking at|identify|find"
    r"|calculate|compute|locate|using|formula|data|the formula|start|begin|recall|i (?:need|will|'ll)"
    r"|the question asks|now\b)",
    re.IGNORECASE,
)
_DRAFT = re.compile(
    r"\b(?:at first (?:glance|sight)|my first (?:thought|guess|instinct)|my initial|one (?:might|may"
    r"|could) (?:think|say|expect)|it (?:might|may|would|could) (?:seem|look|appear)|naively|a (?:quick"
    r"|rough|naive) (?:estimate|guess|calculation)|looks? like|tempting|initially (?:i|it|this) )",
    re.IGNORECASE,
)
_BREAK = re.compile(
    r"\n+|[.!?][\"')\]]{0,2}\s+(?=[^a-z\s])|;\s+|\s(?=(?:Wait|wait|Actually|Sorry|EDIT|Edit|Correction"
    r"|Scratch|Hmm|Oops)\b)|\s[—–-]\s(?=(?:no|wait|actually|sorry)\b)"
    r"|\s\(?(?=(?:I mean|I meant|or rather)\b)|\s?\.\s(?=\w)"
)
_ABBREVIATED = re.compile(
    r"(?:\b(?:Rs|Nos?|approx|vs|Inc|Corp|Co|Ltd|e\.g|i\.e|Mr|Mrs|Ms|Dr|St|ca|Figs?|Sec|Eq|pp?|resp|avg|est"
    r"|mn|bn|al|cf|U\.S|U\.K|excl|incl|approximately|pct|mil)|\b[A-Z])\.$",
)
_POINT = re.compile(
    r"\s{0,8}(?:[-*+•]\s{1,3})?\(?(\d{1,2})[.):]\s{1,4}(?=\S)"
    r"|\s{0,8}\((\d{1,2})\)\s{1,4}(?=[A-Za-z])"
)
_BULLET = re.compile(r"\s{0,12}(?:[*•▪◦·‣]|[-+–](?=\s{1,3}[A-Za-z(\"]))\s{1,4}")
_DASH_LINE = re.compile(r"^[ ]{0,12}[-–][ ]{1,4}", re.MULTILINE)
_DANGLING = re.compile(
    r"(?:[=:+×÷*/(\[,-]|\b(?:is|are|was|were|be|by|of|to|the|an?|about|approximately|equals?|and|in|from"
    r"|at|for|with|as|we|which|that|so|or|divided|than|total|over|per|get|gives?|change|growth|rate))\s*$",
    re.IGNORECASE,
)


def statements(masked: str) -> list[Statement]:
    """The statements of a masked text, in order, list numbers and bullets taken off."""
    found: list[Statement] = []
    start, point = 0, 0
    dashes = len(_DASH_LINE.findall(masked)) > 1
    for gap in [*_BREAK.finditer(masked), None]:
        end = gap.start() if gap else len(masked)
        if gap:
            if gap[0].startswith((".", "!", "?")):
                end += 1
                if _ABBREVIATED.search(masked[max(start, end - 16) : end]):
                    continue
            head = masked[start:end]
            number = re.fullmatch(r"\s*(?:[-*+]\s)?\(?(\d{1,2})[.)]?\)?", head)
            if number and "\n" not in gap[0] and int(number[1]) in (1, point + 1):
                continue  # "1. Find the base": the number of the point is no statement
        if end > start:
            piece = masked[start:end]
            listed = _POINT.match(piece)
            if listed and int(listed[1] or listed[2]) in (1, point + 1):
                point = int(listed[1] or listed[2])
                start += listed.end()
            else:
                bullet = (_DASH_LINE if dashes else _BULLET).match(piece) or _BULLET.match(piece)
                start += bullet.end() if bullet else 0
            piece = masked[start:end].strip()
            if piece:
                found.append(Statement(start, piece[:3000], _role(piece[:3000]), bool(CORRECTION.search(piece[:400]))))
        start = gap.end() if gap else end
    return found


def _role(text: str) -> Role:
    if is_table_row(text):
        return Role.TABLE
    for role, pattern in (
        (Role.CHECK, _CHECK),
        (Role.ASIDE, _ASIDE),
        (Role.DRAFT, _DRAFT),
        (Role.CONCLUSION, _CONCLUSION),
        (Role.EXPLANATION, _EXPLANATION),
        (Role.PREMISE, _PREMISE),
    ):
        if pattern.search(text[:400]):
            return role
    return Role.ASIDE if text.rstrip("\"')]* ").endswith("?") and len(text) > 6 else Role.PLAIN


def is_dangling(text: str) -> bool:
    """Whether a text breaks off where a number would come."""
    return bool(_DANGLING.search(text[-40:]))
