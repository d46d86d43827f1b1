"""Decides between the statements of a reply which one is its answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from finbench.scoring.number_amounts import find_amounts
from finbench.scoring.number_patterns import Mention, mask
from finbench.scoring.number_question import Hints
from finbench.scoring.number_select import Pick, pick, same
from finbench.scoring.number_statements import WITHDRAWN, Role, Statement, is_dangling, statements
from finbench.scoring.number_structured import json_picks, table_pick
from finbench.scoring.text import is_refusal


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reply says.

    Attributes:
        mention: The answer, if there is one.
        refused: Whether the reply declines to answer.
        settled: Whether there is an answer or a contradiction, so that nothing further on changes it.
    """

    mention: Mention | None
    refused: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class _Final:
    """A place that is marked as the answer, and what stands there; no pick where it is left empty."""

    start: int
    end: int
    pick: Pick | None


_UNDECIDED = Decision(None)
_CONTRADICTION = Decision(None, settled=True)
_MARKER = re.compile(
    r"(?<!to )(?<!convert the )(?<!express the )(?<!round the )(?<!not )(?<!cannot )(?<!can't )"
    r"\banswers?\b[\"']?(?: (?:to"
    r"|for) (?:the|this|your) (?:\w+ )?question)?(?:\s?\([^()\n]{0,40}\))?"
    r"[^\n.:=!?]{0,50}?(?:\s?[:=≈→]+|\b(?:is|was|would be|will be|should be|must be|equals"
    r"|comes (?:out )?to|becomes)\b:?)"
    r"|^[ \t>*\"'-]{0,6}(?:final (?:result|value|output|number)|result|ans|A|solution|final|output"
    r"|prediction|respuesta(?: final)?|réponse(?: finale)?"
    r"|antwort|resposta|risposta|答案|回答|答え|答|ответ)\s?(?:\([^()\n]{0,40}\))?\s?[:=]"
    r"|^[ \t]{0,4}#{4}[ \t]{0,4}(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
_SHORT_LINE = 60
_MOST = 160
"""Statements that are read: the first and the last of a long reply."""
_EDGES = " \t\"'`*_.,;:!~≈()[]{}<>|"
_APPROXIMATE = re.compile(
    r"(?:about|approximately|approx\.?|roughly|around|nearly|almost|exactly|circa|ca\.?|some|just)", re.I
)
_CONTRAST = re.compile(
    r"\b(?:but|however|nevertheless|still|assuming|if we|based on|using|estimate\w*|approximat\w*)\b", re.I
)
_UNKNOWN = re.compile(
    r"\b(?:not enough|insufficient|inadequate) (?:information|data|context|details?)\b|\bcan(?:not|'t"
    r"| not) be (?:determined|calculated|computed|answered|found|derived)\b"
    r"|\b(?:is|are|was|were)(?: not|n't) (?:provided|given|available|specified|disclosed|stated|included"
    r"|mentioned|reported)\b"
    r"|\b(?:does|do)(?: not|n't) (?:provide|contain|specify|mention|include|disclose|state|give|report)\b"
    r"|^\W*(?:n/?a|unknown|none|not applicable|not available)\W*$",
    re.IGNORECASE,
)
_CARRIED_ON = re.compile(r"\s*(?:[+×x*/÷=]|[-−–]\s|-{2,})")
_CONDITION = re.compile(r"^\W{0,4}(?:and |or |but )?(?:if|assuming|under|using|on an?)\b", re.I)
_DEPENDS = re.compile(r"\bdepend(?:s|ing)? (?:up)?on\b", re.IGNORECASE)
_CUT_CONCLUSION = re.compile(
    r"\b(?:so|therefore|thus|hence)\b[^\d\n]{1,80}\b(?:is|was|are|were|by|of|equals|about|approximately)\s*$", re.I
)
_CUT_EQUATION = re.compile(r"[=≈]\s*[$€£]?\s*\Z")
_NO_CHANGE = re.compile(
    r"\b(?:no (?:net )?change|did not change|didn't change|unchanged|remained (?:flat|constant|the same)"
    r"|stayed (?:flat|the same))\b",
    re.I,
)


def decide(text: str, boxes: Sequence[tuple[int, int]], hints: Hints, question: str | None = None) -> Decision:
    """The answer of one segment of a reply.

    Args:
        text: The segment without markup.
        boxes: Where in it a box stood.
        hints: What the question asks for.
        question: The question itself, to tell an echo of it.
    """
    if not text.strip() or (question and text.strip().rstrip("?") == question.strip().rstrip("?")):
        return _UNDECIDED
    objects = list(json_picks(text, hints))
    for start, end, _ in objects:
        text = text[:start] + " " * (end - start) + text[end:]
    masked = mask(text)
    parts = statements(masked)
    if len(parts) > _MOST:
        parts = [*parts[: _MOST // 4], *parts[-3 * _MOST // 4 :]]
    finals = [_Final(start, end, found) for start, end, found in objects if found is not None]
    finals += [_boxed(masked, start, end, hints) for start, end in boxes]
    finals += _marked(masked, hints)
    finals += _bare_lines(masked, hints)
    finals.sort(key=lambda final: final.start)
    return _between(masked, finals, parts, hints)


def _between(masked: str, finals: list[_Final], parts: list[Statement], hints: Hints) -> Decision:
    withdrawal = _last_withdrawal(finals, parts, hints)
    stated = [final for final in finals if final.pick is not None and final.start >= withdrawal]
    left_open = any(final.pick is None and not masked[final.end :].strip() for final in finals)
    if not stated:
        if withdrawal and any(final.pick for final in finals) and not _has_pick_after(parts, withdrawal, hints):
            return _CONTRADICTION  # withdrawn, and nothing put in its place
        if left_open and not withdrawal:
            return _UNDECIDED
        return _from_statements(masked, [part for part in parts if part.start + len(part.text) > withdrawal], hints)
    mentions = [final.pick.mention for final in stated if final.pick]
    last = mentions[-1]
    if last is None or any(mention is None or not same(mention, last) for mention in mentions):
        return _CONTRADICTION
    for part in parts:
        if part.start > stated[-1].end and part.role is Role.CONCLUSION:
            later = pick(part.text, hints)
            if later and later.mention and _rivals(later.mention, last):
                return _CONTRADICTION
    return Decision(last, settled=True)


def _rivals(a: Mention, b: Mention) -> bool:
    return not same(a, b) and (a.unit in ("percent", "bps")) == (b.unit in ("percent", "bps"))


def _last_withdrawal(finals: Sequence[_Final], parts: Sequence[Statement], hints: Hints) -> int:
    """Where the last correction begins that takes an answer back; 0 if there is none."""
    first_final = min((final.start for final in finals if final.pick), default=len(parts) and parts[-1].start + 1)
    for number, part in reversed(list(enumerate(parts))):
        if not part.corrects or (number == 0 and first_final >= part.start):
            continue
        after_final = any(final.pick and final.start >= part.start for final in finals)
        if after_final or WITHDRAWN.search(part.text) or _has_pick_after(parts[number:], part.start, hints):
            return part.start
    return 0


def _has_pick_after(parts: Sequence[Statement], place: int, hints: Hints) -> bool:
    return any(
        part.start >= place and part.role not in (Role.CHECK, Role.ASIDE) and _mention(part, hints) is not None
        for part in parts
    )


def _mention(part: Statement, hints: Hints) -> Mention | None:
    found = pick(part.text, hints)
    return found.mention if found else None


def _boxed(masked: str, start: int, end: int, hints: Hints) -> _Final:
    """A box: its own amount, with a unit that may stand behind it and the direction of its sentence."""
    line_start = masked.rfind("\n", 0, start) + 1
    inside = find_amounts(masked[start:end], hints.ratio)
    if len(inside) == 1:
        line_end = masked.find("\n", end)
        line = masked[line_start : line_end if line_end >= 0 else len(masked)]
        found = [
            mention
            for mention in find_amounts(line, hints.ratio)
            if start - line_start - 3 <= mention.start < end - line_start
            and mention.end >= start - line_start + inside[0].end - 1
        ]
        if len(found) == 1 and abs(found[0].value) == abs(inside[0].value):
            sentence = line[max(0, found[0].start - 120) : found[0].end + 30]
            directed = pick(sentence, hints)
            if directed and directed.mention and abs(directed.mention.value) == abs(found[0].value):
                return _Final(start, end, directed)
            return _Final(start, end, Pick(found[0]))
    return _Final(start, end, pick(masked[start:end], hints))


def _marked(masked: str, hints: Hints) -> list[_Final]:
    """What stands behind "answer:", "the answer is", "####" and the like."""
    finals: list[_Final] = []
    for marker in list(_MARKER.finditer(masked))[-40:]:
        line_end = masked.find("\n", marker.end())
        line_end = len(masked) if line_end < 0 else line_end
        rest = masked[marker.end() : line_end]
        if marker[0].lstrip().startswith("#"):
            found = pick(rest, hints) if len(rest) <= _SHORT_LINE and not re.match(r"\s*[A-Za-z]{4}", rest) else None
            if found:
                finals.append(_Final(marker.start(), line_end, found))
            continue
        if not rest.strip(_EDGES):
            following = re.match(r"\s*([^\n]{1,200})", masked[line_end : line_end + 400])
            if following is None:
                finals.append(_Final(marker.start(), line_end, None))
            elif _bare(following[1], hints):
                finals.append(_Final(marker.start(), line_end + following.end(), _bare(following[1], hints)))
            continue
        inner = statements(masked[marker.start() : line_end])
        head = masked[marker.start() : marker.end()]
        found = _first_of(inner, head, hints)
        if found is None and re.search(r"\d", rest) is None and len(rest) > _SHORT_LINE:
            continue
        finals.append(_Final(marker.start(), line_end if len(inner) < 2 else marker.end() + len(inner[0].text), found))
    return finals


def _first_of(inner: Sequence[Statement], head: str, hints: Hints) -> Pick | None:
    """What the line behind a marker answers: one statement as it is, several like a reply of their own."""
    if not inner:
        return None
    first = pick(inner[0].text, hints)
    goes_on = (
        first is not None
        and first.result
        and any(found.result for part in inner[1:] if (found := pick(part.text, hints)))
    )
    if len(inner) == 1 or (first and first.mention and not goes_on and len(inner[0].text) - len(head) <= _SHORT_LINE):
        return first
    decision = _from_statements("\n".join(part.text for part in inner), inner, hints)
    return Pick(decision.mention) if decision.mention else first


def _bare_lines(masked: str, hints: Hints) -> list[_Final]:
    """The first and the last line of several, where they hold an amount and nothing else."""
    stripped = masked.strip()
    if "\n" not in stripped:
        return []
    offset = masked.index(stripped)
    first_end = stripped.index("\n")
    last_start = stripped.rindex("\n") + 1
    finals = []
    for start, end in ((0, first_end), (last_start, len(stripped))):
        if not start and _CARRIED_ON.match(stripped, end):
            continue  # the first line of a sum, not an answer
        found = _bare(stripped[start:end], hints)
        if found:
            finals.append(_Final(offset + start, offset + end, found))
    return finals


def _bare(line: str, hints: Hints) -> Pick | None:
    """The amount of a line that holds nothing else."""
    if len(line) > _SHORT_LINE:
        return None
    found = find_amounts(line, hints.ratio)
    if len(found) != 1:
        return None
    rest = line[: found[0].start] + " " + line[found[0].end :]
    return Pick(found[0]) if not _APPROXIMATE.sub("", rest).strip(_EDGES) else None


def _from_statements(masked: str, parts: Sequence[Statement], hints: Hints) -> Decision:
    """The answer of a reply that marks none."""
    read = [(part, pick(part.text, hints)) for part in parts if part.role not in (Role.CHECK, Role.ASIDE, Role.TABLE)]
    declined = next(
        (number for number, (part, _) in enumerate(read) if is_refusal(part.text) or _UNKNOWN.search(part.text)), None
    )
    if declined is not None:
        read = [
            (part, found)
            for part, found in read[declined:]
            if _CONTRAST.search(part.text) or part.role is Role.CONCLUSION
        ]
        if read and (is_refusal(read[0][0].text) or _UNKNOWN.search(read[0][0].text)):
            contrast = re.search(r"\b(?:but|however)\b", read[0][0].text, re.IGNORECASE)
            read[0] = (read[0][0], pick(read[0][0].text[contrast.start() :], hints) if contrast else None)
    stated = [(part, found) for part, found in read if found is not None]
    if not stated:
        rows = [part.text for part in parts if part.role is Role.TABLE]
        found = table_pick(rows, hints) if rows and declined is None else None
        if (
            found is None
            and hints.change
            and declined is None
            and any(_NO_CHANGE.search(part.text) for part, _ in read)
        ):
            return Decision(Mention(0, 0, 0.0, "none", words=True), settled=True)
        return Decision(found.mention if found else None, refused=declined is not None, settled=found is not None)
    if stated[-1][0] is parts[-1] and parts[-1].role is Role.PREMISE and is_dangling(parts[-1].text):
        return _UNDECIDED
    if stated[-1][0] is parts[-1] and _breaks_off(parts[-1].text, stated[-1][1]):
        return _from_statements(masked, parts[:-1], hints) if len(parts) > 1 and _concluded(stated[:-1]) else _UNDECIDED
    drafts = [entry for entry in stated if entry[0].role is not Role.DRAFT]
    stated = drafts or stated
    if stated[-1][0] is parts[-1] and _CUT_CONCLUSION.search(parts[-1].text):
        return _UNDECIDED
    lead = _lead(read, stated)
    if lead is not None:
        return Decision(lead, settled=True)
    if (
        parts
        and is_dangling(parts[-1].text)
        and stated[-1][0] is not parts[-1]
        and stated[-1][0].role is not Role.CONCLUSION
    ):
        return _UNDECIDED
    return _last(stated, hints)


def _breaks_off(text: str, found: Pick) -> bool:
    """Whether a statement ends in an equals sign that something else than its amount stands before."""
    cut = _CUT_EQUATION.search(text)
    return cut is not None and found.mention is not None and text[found.mention.end :].strip(" =≈$%)") != ""


def _concluded(stated: Sequence[tuple[Statement, Pick]]) -> bool:
    return any(part.role is Role.CONCLUSION for part, _ in stated)


def _lead(read: Sequence[tuple[Statement, Pick | None]], stated: Sequence[tuple[Statement, Pick]]) -> Mention | None:
    """The amount of the first statement, where what follows only explains it."""
    first, found = stated[0]
    if found.mention is None or found.result or first is not read[0][0]:
        return None
    if first.role not in (Role.PLAIN, Role.CONCLUSION):
        return None
    rest = stated[1:]
    if not rest:
        return found.mention
    if any(part.role is Role.CONCLUSION for part, _ in rest):
        return None
    explained = any(part.role is Role.EXPLANATION for part, _ in read[1:2]) or _is_fragment(first.text, found.mention)
    return found.mention if explained else None


def _contradicts_itself(stated: Sequence[tuple[Statement, Pick]]) -> bool:
    """Whether the last sentence is said twice with different amounts and nothing between them: 12%. The same: 14%."""
    frames = []
    for part, found in stated[-2:]:
        mention = found.mention
        if part.role is not Role.PLAIN or mention is None or found.result or part.corrects:
            return False
        frames.append((part.text[: mention.start] + part.text[mention.end :], mention))
    (first, one), (second, other) = frames if len(frames) == 2 else [frames[0], frames[0]]
    return first == second and not same(one, other) and len(first.split()) > 2


def _is_fragment(text: str, mention: Mention) -> bool:
    """Whether a statement is an amount with a word at most, as "3.5 years" is."""
    rest = f"{text[: mention.start]} {text[mention.end :]}".strip(" .!")
    return len(rest.split()) <= 1 and rest.replace("-", "").isalpha()


def _last(stated: Sequence[tuple[Statement, Pick]], hints: Hints) -> Decision:
    """The answer of a reply that works towards it."""
    picks = [(part, found.mention) for part, found in stated if found.mention is not None]
    if not picks:
        return _CONTRADICTION
    if all(same(picks[-1][1], mention) for _, mention in picks) and len(picks) == len(stated):
        return Decision(picks[-1][1], settled=True)
    if (
        len(picks) > 1
        and not any(found.result for _, found in stated)
        and all(_CONDITION.search(part.text) for part, _ in picks)
    ):
        return _CONTRADICTION  # if this, 479; if that, 510
    if any(_DEPENDS.search(part.text) for part, _ in stated) and not any(
        part.role is Role.CONCLUSION for part, _ in stated
    ):
        return _CONTRADICTION
    if _contradicts_itself(stated):
        return _CONTRADICTION
    conclusions = [number for number, (part, _) in enumerate(stated) if part.role is Role.CONCLUSION]
    if conclusions:
        number = conclusions[-1]
        for later in range(number + 1, len(stated)):
            if stated[later][1].result or stated[later][0].role is Role.PLAIN:
                number = later
        answer = stated[number][1].mention
        return Decision(answer, settled=True) if answer else _CONTRADICTION
    found = stated[-1][1]
    worked = any(entry[1].result or entry[0].role is Role.PREMISE for entry in stated)
    if not worked and hints.words and len(picks) > 1:
        scores = [hints.overlap(part.text) for part, _ in picks]
        best = [mention for score, (_, mention) in zip(scores, picks, strict=True) if score == max(scores)]
        if all(same(best[0], mention) for mention in best):
            return Decision(best[0], settled=True)
    return Decision(found.mention, settled=True) if found.mention else _CONTRADICTION
