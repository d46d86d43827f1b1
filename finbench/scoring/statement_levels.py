"""How strongly a group of mentions is stated, from the words on both sides of it."""

from __future__ import annotations

import re

from finbench.scoring import lexicon as lex
from finbench.scoring.mentions import Form
from finbench.scoring.statement_groups import TOKEN, Group, Level, Wording

_BUT = re.compile(r"\b(?:but|however|yet)\b", re.IGNORECASE)
_EQUATES = re.compile(r"\s*(?:is|are)\s+(?:an?|the)?\s*", re.IGNORECASE)
_PUNCTUATION = " .,:;)(]["


def classify(group: Group, previous: Group | None, wording: Wording) -> None:
    """Set level and flags of a group from the words on both sides."""
    tokens, gap = group.tokens, group.gap
    group.draft = bool(lex.DRAFT.search(_BUT.split(group.left)[-1]) or lex.DRAFT_AFTER.match(group.right))
    turn = max((place for place, token in enumerate(tokens) if token in {"but", "however", "yet", ","}), default=-1)
    group.partial = not lex.PARTIAL.isdisjoint(tokens[turn + 1 :]) or bool(lex.PARTIAL_AFTER.match(group.right))
    rest = list(tokens)
    if lex.ELSE_BEFORE.search(group.left):
        rest = [word for word in rest if word != "not"]  # "if not, it will fall"
    while rest and (rest[-1] in lex.FILLERS or not rest[-1][0].isalpha()):
        gap.add(rest.pop())
    if lex.EXCEPT_BEFORE.search(group.left):
        but_one = lex.ALL_BUT_BEFORE.search(group.left) and lex.SENTENCE_END_AFTER.match(group.right)
        group.level = Level.CONCLUSION if but_one or lex.REJECTED_AFTER.match(group.right) else Level.NONE
        return
    if (
        lex.REJECTED_BEFORE.search(group.left)
        or (rest and rest[-1] in lex.NEGATORS)
        or lex.REJECTED_AFTER.match(group.right)
        or (group.form is Form.LETTER and lex.REJECTED_AFTER.match(group.right.removeprefix(")")))
        or lex.REJECTED_AFTER.match(_beyond_bracket(group))
    ):
        group.rejected = True
        return
    if previous is not None and previous.rejected and lex.LIKEWISE_BEFORE.search(group.left):
        group.rejected = True  # "A is wrong and so is D"
        return
    if len(group.indices) > 1 and group.right.startswith(":"):
        group.rejected = True  # "hawkish/dovish: hawkish" begins with what is asked
        return
    if not wording.topics and lex.CROSS_AFTER.match(group.right):
        group.rejected = True
        return
    if lex.NO_AFTER.match(group.right):
        group.rejected = True
        return
    if lex.YES_AFTER.match(group.right):
        group.level = Level.CONCLUSION
        return
    if lex.COUNTERFACTUAL_BEFORE.search(group.left):
        return
    if lex.UNDECIDED_BEFORE.search(group.left) or (
        lex.WOULD_BEFORE.search(group.left) and lex.IF_AFTER.match(group.right)
    ):
        group.question = True
    if wording.topics and lex.SUCH_BEFORE.search(group.left) and lex.WOULD_AFTER.match(group.right):
        group.question = True  # "A hawkish statement would stress inflation"
    if group.last and lex.CUT_AFTER.match(group.right):
        return  # the reply breaks off in what it says about this answer
    alone = group.line_start and group.line_end
    if group.question and not alone:
        group.level = Level.NONE
        return
    group.question = False
    group.level = max(_level_left(group, rest, previous, wording), _level_right(group, rest, wording))
    if alone and group.level < Level.ANSWER:
        group.level = Level.ANSWER
    elif group.form in (Form.WORD, Form.NAME) and group.opens and lex.IS_AFTER.match(group.right):
        group.head = True
        group.level = max(group.level, Level.PREDICATE)  # "Goodwill is an asset": described, if nothing else is said
    elif (
        lex.HEAD_FILLERS.issuperset(rest)
        and lex.UNSURE.isdisjoint(tokens)
        and group.level < Level.CONCLUSION
        and _is_head(group)
    ):
        group.head = True
        if group.first_line and (previous is None or previous.rejected or previous.indices == group.indices):
            group.level = Level.ANSWER
    if previous is not None and previous.level == Level.ANSWER and not group.left.strip(_PUNCTUATION):
        adjoins = group.start - previous.end <= 6
        closes = not group.right.strip(_PUNCTUATION)
        if adjoins and (closes if previous.form is not Form.LETTER else group.form is not Form.LETTER or closes):
            group.level = Level.ANSWER  # "A. B. C." or a letter with another option's text
    if (
        previous is not None
        and previous.level >= Level.VERDICT
        and Level.NONE < group.level <= Level.VERDICT
        and lex.REASON_BEFORE.match(group.left)
    ):
        group.level = Level.NONE  # "is positive, as it gives a neutral view": a reason, not another verdict
    if wording.topics and previous is not None and previous.level and lex.CONTENT_CLAUSE.match(group.left):
        group.level = min(group.level, Level.NONE)  # "a rumour that the deal is complete": what the rumour says
    both = previous is not None and previous.head and previous.level == group.level == Level.PREDICATE
    if previous is not None and both and _EQUATES.fullmatch(group.left):
        for each in (previous, group):  # "a par bond is a zero-coupon bond" says which neither is
            each.level, each.question = Level.NONE, True
    of_aspect = bool(wording.topics) and group.level < Level.ANSWER and bool(lex.ASPECT_AFTER.match(group.right))
    if of_aspect or (group.partial and group.level < Level.CONCLUSION):
        group.level = min(group.level, Level.PREDICATE)


def _beyond_bracket(group: Group) -> str:
    """What follows a mention behind a remark in brackets; empty where there is no such remark."""
    bracket = lex.BRACKET_AFTER.match(group.right)
    return group.right[bracket.end() :] if bracket else ""


def _is_head(group: Group) -> bool:
    """Whether the mention opens its line or sentence and an explanation follows."""
    right = group.right
    if not group.opens:
        return False
    return not right.strip() or bool(lex.HEAD_AFTER.match(right))


def _level_left(group: Group, rest: list[str], previous: Group | None, wording: Wording) -> Level:
    gap, left = group.gap, group.left
    last = rest[-1] if rest else ""
    copula = bool(gap & lex.COPULAS or (gap & lex.DASHES and last in wording.nouns | wording.topics))
    window = set(rest[_after_colon(rest) :][-14:])
    if lex.CJK_HEAD.search(left) or lex.OTHER_LANGUAGES_HEAD.search(left):
        return Level.ANSWER
    if lex.CORRECTING_BEFORE.search(left):
        return Level.ANSWER
    if wording.topics and group.form is Form.LOOSE and lex.ABOUT_BEFORE.search(left):
        return Level.NONE  # "concerns pay"
    if lex.BESIDE_BEFORE.search(left):
        return Level.PREDICATE
    if last in wording.nouns and (copula or (not group.right.strip(" .") and len(rest) <= 3)):
        return Level.ANSWER
    if copula and (window | gap) & wording.nouns:
        return Level.ANSWER
    if lex.CHOOSING_BEFORE.search(left):
        return Level.ANSWER if wording.topics == frozenset() else Level.VERDICT
    rival = lex.ALSO_POSSIBLE_BEFORE.search(left)
    if rival and (rival["also"] or lex.TOO_AFTER.match(group.right)):
        aside = left.rfind("(") > left.rfind(")")
        return Level.NONE if aside else Level.ANSWER  # as good as the one before: a hedge
    if group.line_end and lex.DASHED_OPTION_BEFORE.search(left):
        return Level.CONCLUSION
    if lex.OVERALL_BEFORE.search(left):
        return Level.CONCLUSION
    if copula and last in wording.topics and gap & {":", "=", "→", "|"} and len(rest) <= 2:
        return Level.ANSWER
    if (copula and window & wording.topics) or last in wording.topics:
        return Level.VERDICT
    if lex.CONCLUDING_BEFORE.search(left):
        return Level.CONCLUSION
    if previous is not None and previous.rejected and previous.end + len(left) + 3 >= group.start:
        turned = "but" in rest or gap & {"but", "it's", ":", ";", ",", "—", "-", "–", "rather"}
        if turned and not set(rest) - lex.HEAD_FILLERS:
            return Level.CONCLUSION
    if previous is not None and left.strip(" )]\"'") in {"→", "->", "=>"} and group.line_end:
        return Level.CONCLUSION
    if previous is not None and group.indices < previous.indices and left.strip() in {"→", "->", "=>", ","}:
        return Level.CONCLUSION
    if last == "but" and not group.right.strip(_PUNCTUATION):
        return Level.CONCLUSION
    if lex.PRONOUN_BEFORE.search(left):
        return Level.VERDICT
    verb = group.form is not Form.LETTER and bool(wording.verbs & group.indices)
    if verb and gap & lex.MODALS and lex.VERB_AFTER.match(group.right):
        return Level.PREDICATE if gap & lex.UNSURE else Level.VERDICT
    if (
        verb
        and wording.topics
        and group.form is Form.WORD
        and last in wording.objects | {"price", "it"}
        and len(rest) < 4
    ):
        return Level.PREDICATE  # "The price rises."
    if verb and wording.last_predicate and rest and lex.SENTENCE_END_AFTER.match(group.right):
        return Level.PREDICATE
    article = not lex.ARTICLES.isdisjoint(group.tokens)
    if wording.verbs & group.indices and group.opens and not article and lex.NOUN_AFTER.match(group.right):
        return Level.VERDICT
    subject = bool(
        not wording.topics
        or (":" in gap and (group.line_end or len(rest) <= 1))
        or not rest
        or gap & {"|", "sounds", "feels", "leans", "reads"}
    )
    subject = subject or not (wording.topics | wording.objects).isdisjoint(rest)
    if left.rstrip().endswith(",") and group.line_end:
        return Level.PREDICATE
    if group.form is Form.LETTER and (
        lex.NAMED_CHOICE_BEFORE.search(left) or (last in wording.nouns and lex.IS_AFTER.match(group.right))
    ):
        return Level.PREDICATE
    if wording.last_predicate and group.form in (Form.WORD, Form.NAME) and lex.SUPERLATIVE_AFTER.match(group.right):
        return Level.PREDICATE
    if wording.last_predicate and group.form is not Form.LETTER and lex.GIVEN_BEFORE.search(left):
        return Level.PREDICATE
    if wording.last_predicate and group.form is Form.LOOSE and lex.RESULT_BEFORE.search(left):
        return Level.PREDICATE
    if copula and (group.form is Form.NAME or (subject and lex.PREDICATE_AFTER.match(group.right))):
        return Level.PREDICATE
    return Level.NONE


def _after_colon(tokens: list[str]) -> int:
    """Where the clause behind the last colon begins: "Answer: although growth is positive" states no answer yet."""
    return len(tokens) - tokens[::-1].index(":") if ":" in tokens else 0


def _level_right(group: Group, rest: list[str], wording: Wording) -> Level:
    if lex.HYPOTHETICAL_AFTER.match(group.right):
        return Level.NONE
    if group.form is not Form.LOOSE and lex.ANSWERING_AFTER.match(group.right):
        return Level.CONCLUSION
    if lex.CORRECT_AFTER.match(group.right) or lex.CORRECT_AFTER.match(_beyond_bracket(group)):
        return Level.CONCLUSION
    if group.form is Form.LETTER and lex.ONLY_BEFORE.search(group.left) and lex.VERB_FOLLOWS.match(group.right):
        return Level.CONCLUSION  # "but only C raises both"
    if group.line_start and lex.AFFIRMED_AFTER.search(group.right):
        return Level.CONCLUSION
    if (
        group.form is Form.LETTER
        and lex.ENCLOSED_AFTER.match(group.right)
        and lex.INFERRED_BEFORE.search(group.left)
        and lex.NEGATORS.isdisjoint(group.tokens)
    ):
        return Level.CONCLUSION  # "thus reserves fall (B)."
    tokens = [token.lower() for token in TOKEN.findall(group.right[:60])[:3]]
    if tokens and tokens[0] in wording.closing:
        return Level.CONCLUSION
    if tokens and tokens[0] in wording.objects and not rest and group.opens and len(group.right.split()) <= 2:
        return Level.VERDICT
    if rest == [] and "the" in group.gap and lex.WEAK_TOPIC_AFTER.match(group.right):
        return Level.NONE  # "The negative impact of exchange rates": what the text is about
    if tokens and tokens[0] in wording.topics and (not rest or lex.EXPRESSING_BEFORE.search(group.left)):
        return Level.VERDICT
    return Level.NONE
