"""Which of the answers that a reply mentions it states, and whether it states one.

The extractors of choices and labels replace each mention of an answer by one private character (`mention`); this
module reads the words around the mentions, sorts them into rejected, stated (with a `Level`) and merely mentioned, and
resolves the stated ones as a careful reader would: corrections replace, drafts yield, an overall verdict beats partial
ones, and two different answers that nothing reconciles are no answer.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from finbench.scoring import lexicon as lex
from finbench.scoring.mentions import OTHER, Form, M
from finbench.scoring.statement_groups import Group, Level, Wording, find_groups
from finbench.scoring.statement_levels import classify

_HEAD = re.compile(r"\s{0,9}(?:(?:final |my )?answer|response|output|result)[ ]?:\s{1,9}(?=\S)", re.IGNORECASE)
_MENTION = re.compile(M)
_REASONS = 12
"""Characters between an opening "Answer:" and a mention, from which on a reply does not state it there."""
_ONE = re.compile(r"[\s:=\"'(]{0,4}1(?:\.0*)?(?![\d.]*\d|\s?%)")
_ZERO = re.compile(r"[\s:=\"'(]{0,4}0(?:\.0*)?(?![\d.]*[1-9]|\s?%)")
_LIST_MARK = re.compile(r"\s?[.):]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says: the index of its answer, or None; `stated` tells a contradiction from silence."""

    index: int | None
    stated: bool


def read(text: str, wording: Wording) -> Reading:
    """Resolve a text in which answers are replaced by mentions.

    Args:
        text: The text; mentions are single characters made by `mention`.
        wording: The words that go with this kind of answer.

    Returns:
        The stated answer. `Reading(None, True)` for a contradiction, a hedge or an answer outside the allowed ones.
    """
    text = _without_head(text)
    groups = find_groups(text, prefaced=bool(wording.topics))
    previous: Group | None = None
    for group in groups:
        classify(group, previous, wording)
        previous = group
    _demote_enumerations(groups, max(2, wording.count))
    _demote_listed_lines(text, groups)
    _promote_last_word(text, groups)
    _promote_enclosed(groups)
    return _resolve(text, groups, wording)


def _without_head(text: str) -> str:
    """Drop an "Answer:" that a reply opens with before it goes on to reason."""
    head = _HEAD.match(text)
    first = _MENTION.search(text) if head else None
    return text[head.end() :] if head and first and first.start() - head.end() > _REASONS else text


def _demote_enumerations(groups: Sequence[Group], count: int) -> None:
    """Lines that open with different answers list them; the list states none."""
    alone = [group for group in groups if group.line_start and group.line_end and not group.rejected]
    for start in range(len(alone) - count + 1):
        window = alone[start : start + count]
        if len(frozenset().union(*(group.indices for group in window))) == count:
            for group in window:
                group.level = Level.NONE
    heads = [group for group in groups if group.head]
    if len(frozenset().union(*(group.indices for group in heads))) > 1:
        lines = [group for group in heads if group.line_start]
        if len(frozenset().union(*(group.indices for group in lines))) > 1:
            for group in lines:
                group.level = Level.NONE
    scored = [group for group in groups if len(group.indices) == 1 and lex.SCORED_AFTER.match(group.right)]
    if len(frozenset().union(*(group.indices for group in scored))) > 1:
        for group in scored:
            group.level, group.question = Level.NONE, True
    items = [
        g for g in groups if g.bulleted and g.line_end and not g.rejected and not lex.OVERALL_BEFORE.search(g.left)
    ]
    candidates = [
        g for g in items if g.line_start or (g.level < Level.ANSWER and lex.ITEM_BEFORE.search(g.left))
    ]  # points such as "sales: negative", or a list of what comes into question
    if len(frozenset().union(*(group.indices for group in candidates))) > 1:
        for group in candidates:
            group.level, group.question = Level.NONE, True
    listed = [group for group in heads if group.right.lstrip(")").startswith(":")]
    if len(frozenset().union(*(group.indices for group in listed))) > 1:
        for group in listed:
            group.level = Level.NONE
    hot = [group for group in scored if _ONE.match(group.right)]
    if len(hot) == 1 and len(scored) == 1 + sum(bool(_ZERO.match(group.right)) for group in scored) > 1:
        hot[0].level, hot[0].question = Level.CONCLUSION, False  # "positive: 1, neutral: 0, negative: 0"


def _promote_enclosed(groups: Sequence[Group]) -> None:
    """A letter in brackets that ends its sentence, the only one that does: "... by going long the call (D)."."""
    enclosed = [
        group
        for group in groups
        if group.form is Form.LETTER and group.left.endswith(" (") and lex.ENCLOSED_AFTER.match(group.right)
    ]
    if len({group.indices for group in enclosed}) == 1 and len(groups) == len(enclosed):
        for group in enclosed:
            if not group.rejected and not group.question and lex.NEGATORS.isdisjoint(group.tokens):
                group.level = max(group.level, Level.PREDICATE)


def _demote_listed_lines(text: str, groups: Sequence[Group]) -> None:
    """A line "A. ..." with "B. ..." right below it begins a list of the options, also where the list is cut off."""
    heads = [group for group in groups if group.line_start and group.form is Form.LETTER and not group.rejected]
    starts = [group.start for group in groups]
    for first, second in pairwise(heads):
        between = text[first.end : second.start] if second.start - first.end <= 400 else "\n\n"
        if between.count("\n") != 1 or first.indices == second.indices:
            continue
        if all(_LIST_MARK.match(group.right) or group.line_end for group in (first, second)):
            end = text.find("\n", second.end)
            for group in groups[bisect_left(starts, first.start) :]:
                if 0 <= end < group.start:
                    break
                if group.level == Level.NONE or (group.level == Level.ANSWER and not any(map(str.isalnum, group.left))):
                    group.level, group.question = Level.NONE, True


def _promote_last_word(text: str, groups: Sequence[Group]) -> None:
    """An answer that is a sentence of its own, ends the reply and follows a correction is the corrected answer."""
    last = groups[-1] if groups else None
    if last is None or last.level or last.rejected or last.question or len(groups) < 2:
        return
    if any(map(str.isalnum, last.left)) or any(map(str.isalnum, text[last.end : last.end + 400].partition("\n")[0])):
        return
    if any(marker[0].lower() != "no" for marker in lex.CORRECTION.finditer(text, groups[-2].end, last.start)):
        last.level = Level.ANSWER


def _resolve(text: str, groups: Sequence[Group], wording: Wording) -> Reading:
    stated = [g for g in groups if g.level >= Level.PREDICATE and not g.rejected and not _echoes(g, wording)]
    stated, withdrawn, since = _after_corrections(text, stated)
    if withdrawn:
        return Reading(None, True)
    firm = [g for g in stated if not g.draft]
    stated = [g for g in stated if not (g.draft and lex.OTHERS_BEFORE.search(g.left))]  # what others would answer
    if firm and firm[-1].level >= Level.VERDICT:
        stated = [
            g for g in stated if not g.draft or (g.start > firm[-1].start and not lex.OTHERS_BEFORE.search(g.left))
        ]
    strong = [g for g in stated if g.level >= Level.VERDICT]
    if strong:
        return _agree(text, strong)
    predicates = [g for g in stated if g.level == Level.PREDICATE]
    if predicates:
        if wording.last_predicate:
            return _agree(text, predicates[-1:])
        other = {
            g.indices
            for g in groups
            if not g.rejected and not g.question and g.form is not Form.LOOSE and g.start >= since
        }
        return _agree(text, predicates) if len(other | {p.indices for p in predicates}) == 1 else Reading(None, True)
    neutral = [g for g in groups if not g.rejected and not g.question and g.form is not Form.LETTER]
    named = [g for g in neutral if g.form is Form.NAME and not g.head]
    if named and len({g.indices for g in neutral if g.form >= Form.WORD}) == 1:
        only = named[0].indices
        if len(only) == 1 and OTHER not in only and not lex.INSTRUCTION.search(text) and _finished(text, named[-1]):
            return Reading(next(iter(only)), True)
    return Reading(None, False)


def _finished(text: str, group: Group) -> bool:
    tail = text[group.end : group.end + 400].split("\n", 1)[0].rstrip()
    return not tail or group.line_end or len(text.split()) <= 5 or bool(re.search(r"[.!?\"')]", tail))


def _echoes(group: Group, wording: Wording) -> bool:
    """Whether a group only repeats the whole list of allowed answers."""
    return len(group.indices) >= max(3, wording.count) or (
        len(group.indices) == wording.count == 2 and bool(lex.INSTRUCTION.search(group.left))
    )


def _after_corrections(text: str, stated: list[Group]) -> tuple[list[Group], bool, int]:
    """Drop what a correction replaces; True if the last answer is withdrawn without another; where the rest begins."""
    if not stated:
        return stated, False, 0
    starts = [group.start for group in stated]
    replaced = 0
    for marker in lex.CORRECTION.finditer(text, stated[0].end):
        before = bisect_left(starts, marker.start())
        if before < len(stated):
            replaced = before
        elif lex.WITHDRAWAL.match(text, marker.start()):
            return [], True, 0
    return stated[replaced:], False, stated[replaced].start if replaced else 0


def _agree(text: str, claims: Sequence[Group]) -> Reading:
    """The one answer that the claims share once stronger and later ones had their say."""
    top = max(g.level for g in claims)
    if top >= Level.CONCLUSION:
        strong = [g for g in claims if g.level >= Level.CONCLUSION]
        weak = [g for g in claims if g.level < Level.CONCLUSION]
        values = {g.indices for g in weak}
        last_weak = max((g.end for g in weak), default=0)
        first_strong = strong[-1].start
        contrasted = last_weak < first_strong and lex.CONTRAST.search(text, last_weak, first_strong) is not None
        overall = all(g.level == Level.CONCLUSION for g in strong)
        if len(values) > 1 or contrasted or overall:
            claims = strong
    singles = [g for g in claims if len(g.indices) == 1]
    for group in claims:
        if len(group.indices) > 1 and not any(g.start > group.start and g.indices < group.indices for g in singles):
            return Reading(None, True)
    values = {g.indices for g in singles}
    if len(values) != 1:
        last = singles[-1] if singles else None
        if last and lex.FINAL_BEFORE.search(last.left) and len({g.indices for g in singles[:-1]}) > 1:
            values = {last.indices}  # a list of verdicts, then the final one
    if len(values) != 1:
        return Reading(None, True)
    index = next(iter(next(iter(values))))
    return Reading(None if index == OTHER else index, True)
