"""The words around an amount that tell what it is: a result, a premise, a reference, a direction."""

from __future__ import annotations

import re

REFERENCE = re.compile(
    r"(?:\b(?:notes?|pages?|pp?\.|tables?|exhibits?|sections?|sec\.|items?|figures?|fig\.|steps?|questions?|chapters?"
    r"|parts?|footnotes?|appendix|schedules?|lines?|rows?|columns?|col\.|paragraphs?|versions?|levels?|tiers?|topics?"
    r"|asc|ifrs|ias|fas|sfas|asu|forms?|rules?|nos?\.|class|series|equations?|eq\.|cases?|options?|sources?"
    r"|references?|refs?\.?|s&p|russell|nikkei|ftse|cac|top|phase|stages?|formula|method|scenario|category|type"
    r"|documents?|doc|passage|example|sample|id|q|nasdaq|fortune|basel|article|act|act of|euro|windows"
    r"|gpt)\s?[#(]?\s?"
    r"|(?<!#)#\s?)$",
    re.IGNORECASE,
)
SURE_BEFORE = re.compile(
    r"\b(?:confidence|certainty|confident|sure)(?: (?:level|score|rating|interval|in this answer"
    r"|in my answer))?\s?(?:is|of|at|[:=(])?\s?(?:about |around |~)?$",
    re.IGNORECASE,
)
SURE_AFTER = re.compile(r"\s?\)?\s?(?:confiden|certain\b|certainty|sure\b|credible|CI\b|likely\b)", re.IGNORECASE)
FILL = re.compile(
    r"(?:\b(?:about|approximately|approx\.?|roughly|around|nearly|almost|exactly|only|just|an?|the|total"
    r"|equal to|some|as|simply"
    r"|therefore|thus|net|overall|also|now|then|indeed|precisely|actually|in fact|equal|equivalent to|over|more than"
    r"|less than|up to|at least|at most|slightly|estimated|total of|sum of|value of|level of|ca\.?|circa"
    r"|well|still|hence|so|positive|whopping|mere|further|additional|combined)\s|[~\"'(\[≈]\s?)$",
    re.IGNORECASE,
)
CHANGE_NOUN = re.compile(
    r"\b(?:increase|decrease|decline|gain|drop|reduction|change|growth|rise|fall|loss|difference|rate"
    r"|ratio|average|sum|amount|margin|percentage|net loss|net gain|improvement|contraction|profit|(?<!per )share"
    r"|value|figure|range)(?: rate)? of\s$",
    re.IGNORECASE,
)
NOT_THIS = re.compile(
    r"(?:\b(?:not|instead of|rather than|neither|nor|unlike|excluding|except(?: for)?|opposed to)|n't)\s$",
    re.IGNORECASE,
)
PREMISE = re.compile(
    r"\b(?:from|compared (?:to|with)|in comparison (?:to|with)|relative to|versus|vs\.?|against"
    r"|starting (?:at|with)|out of"
    r"|divid\w+ (?:it |this |that |the result |both )?by|multipl\w+ (?:it |this |that |the result )?by"
    r"|subtract\w*|add(?:ing|ed)?|divid(?:e|ing)|multiply(?:ing)?"
    r"|plus|previous(?:ly)?|prior|per|nearest|every|each|given|assuming|suppose|base of|on a base of"
    r"|initial(?:ly)?|original(?:ly)?"
    r"|exceeds|exceeded|above|below|under|on revenues? of|on sales of)\s$",
    re.IGNORECASE,
)
OPERAND = re.compile(
    r"\b(?:divid(?:e|ing)|multiply(?:ing)?|subtract(?:ing)?|take|taking)\s[^.;=≈:\n]{1,80}\s(?:by|from|and subtract"
    r"|and multiply by|and divide by|and add)\s(?:the \w+ of )?[$€£]?\s?\Z",
    re.IGNORECASE,
)
"""What is to be divided or subtracted: "divide 120 by 80"."""
THAN = re.compile(
    r"\b(?:than|compared (?:to|with)|versus|vs\.?|against|over|from)\s(?:in\s|for\s|fiscal\s|the\s|year\s"
    r"|that of\s|of\s){0,3}$",
    re.IGNORECASE,
)
MOVED_TO = re.compile(
    r"\b(?:fell|fall(?:s|ing|en)?|rose|ris(?:es|ing|en)|dropp?(?:ed|s|ing)|declin(?:ed|es|ing)|decreas(?:ed|es|ing)"
    r"|increas(?:ed|es|ing)|grew|gr(?:own|ows|owing)|went|climb(?:ed|s|ing)|slipp?(?:ed|s)|mov(?:ed|es|ing)"
    r"|chang(?:ed|es|ing)|improv(?:ed|es)|down|up)\s+(?:[^\s.;:]+\s+){0,3}?to\s+"
    r"(?:about |around |just |only )?[$€£]?\Z",
    re.IGNORECASE,
)
OPERATOR_AFTER = re.compile(
    r"\s?\)*\s?(?:[*×÷^·]\s?[\w($€£]|/\s?\(*\s?[$€£]?\s?\d|\+\s?\(*\s?[$€£]?\s?[\d.(]"
    r"|[-−–]\s?(?:\(\s?)+[$€£]?\s?[\d.]|x\s[\d(]|[×÷+]\s*$|\s[*/]\s*$)"
)
OPERATOR_BEFORE = re.compile(
    r"(?:[×÷^·]|(?<![\s*])[ ]?\*(?!\*)|(?<=[\w)% ])/|(?:[\d)%]|(?<=[\d%])[kKmMbn]{1,2}|million|billion"
    r"|thousand)\s?\+|[\d)%]\s?[-−–]|[\d)%]\s?x)\s?\(*\s?$"
)
EQUALS = re.compile(r"(?:=|≈|→|->|=>|:=|\bequals)\s?$")
EQUALS_AFTER = re.compile(r"\s?\)*\s?(?:=|≈)")
STRONG = re.compile(
    r"(?:[=≈→:]|->|=>|\b(?:is|was|are|were|be|been|being|equals?|gives?|giving|gave|gets?|got|yields?"
    r"|yielding|yielded|obtain(?:ing|s|ed)?"
    r"|becomes?|became|(?:comes?|came) (?:out )?(?:to|at)|amount(?:s|ed|ing)? to|total(?:s|ed|led|ing"
    r"|ling)?|result(?:s|ing|ed)? (?:in|is)"
    r"|represent(?:s|ed|ing)?|account(?:s|ed|ing)? for|stood at|stands at|reach(?:es|ed)|has|had|have"
    r"|needs?|needed|earn(?:s|ed)?|makes?|made"
    r"|pays?|paid|spends?|spent|costs?|saves?|saved|sold|sells|left|means|bought|buys|took|takes|recorded"
    r"|reported|received|find|found|arrive at|answer|estimate|works? out (?:to|at)|calculated (?:to be|as"
    r"|at)|i\.e\.,?|namely|that is,?))\s?$",
    re.IGNORECASE,
)
MID = re.compile(
    r"\b(?:by|of|at|to|rose|fell|grew|increased|decreased|declined|dropped|up|down|gained|lost|improved"
    r"|advanced|climbed|jumped|slipped|dipped|owns?|held|holds|contributed|generated)\s?$",
    re.IGNORECASE,
)
ROUNDING_AFTER = re.compile(r"\s?-?(?:decimal|significant|d\.p|dp\b|sig\b)", re.IGNORECASE)
DURATION_AFTER = re.compile(r"\s?-?(?:years?|months?|quarters?|days?|weeks?|hours?|yrs?)\b", re.IGNORECASE)
ASIDE = re.compile(
    r"\b(?:in|for|during|within|across|among|over|on|these|those|all|first|last|past|next|other|than|after"
    r"|before|with|between|top|both|using|of the|into|into the|the|under)\s$",
    re.IGNORECASE,
)
YEAR_PREPOSITION = re.compile(
    r"\b(?:in|fiscal|year|years|fy|for|since|from|to|until|through|by|during|and|or|ended|ending|of|the|at"
    r"|end|than|between|over|late|early|mid|calendar|versus|vs\.?|compared (?:to|with))[\s-]$",
    re.IGNORECASE,
)
TO = re.compile(r"\s+to\s+(?:about\s|around\s|approximately\s|nearly\s|almost\s|over\s)?")
DASH = re.compile(r"(\s?)[-−–—](\s?)")
OR = re.compile(
    r"\s?,?\s?(?:\bor\b|/)\s?(?:maybe|possibly|even|about|approximately|perhaps|around|roughly|it could be"
    r"|it might be)?\s?",
    re.IGNORECASE,
)
AND = re.compile(r"\b(?:and|&)\s?$|,\s?$", re.IGNORECASE)
PLUS_MINUS = re.compile(r"\s?(?:±|\+/-|\+-|plus or minus)\s?")
SEQUEL = re.compile(
    r"\b(?:so|therefore|thus|hence|which means|meaning|making|giving|yielding|resulting|consequently|then"
    r"|for a|total|answer|finally)\b",
    re.IGNORECASE,
)
CURRENCY = re.compile(r"[-−–(]?\s?(?:(?:US|C|A|HK)?[$]|[€£¥₹]|(?:USD|EUR|GBP)\s?\d)")
_DOWN = (
    r"decreas\w*|declin\w*|drop(?:s|ped|ping)?|fell|fall(?:s|en|ing)?|reduc\w*|down|lower(?:ed|ing)?"
    r"|shrank|shrunk|shrink\w*|contract(?:ed|ion|ing|s)"
    r"|dipped|slipped|lost|loss|plung\w*|slump\w*|diminish\w*|plummet\w*|tumbl\w*|slid|sank|less|fewer"
    r"|smaller|deteriorat\w*|weaken\w*|below|cut"
)
_UP = (
    r"increas\w*|grew|grow\w*|rose|ris(?:e|es|ing|en)|gain\w*|up|higher|more|improv\w*|climb\w*|jump\w*"
    r"|surg\w*|advanc\w*|expan\w*|above|greater|larger|added|soar\w*"
)
DIRECTION = re.compile(rf"\b(?:(?P<down>{_DOWN})|(?P<up>{_UP}))\b", re.IGNORECASE)
EACH_AFTER = re.compile(r"\s(?:each|apiece)\b", re.IGNORECASE)
CORRESPONDING = re.compile(
    r"\b(?:which (?:corresponds|compares|translates|implies|reflects)|(?:bringing|taking))\b[^,;]{0,50}\Z",
    re.IGNORECASE,
)
MOVED_FROM = re.compile(
    rf"\b(?:{_DOWN}|{_UP}|went|moved|changed|widened|narrowed)\s(?:\w+ly\s)?from\s(?:about\s)?\Z", re.IGNORECASE
)
DIRECTION_AFTER = re.compile(
    rf"\s?\)?,?\s?(?:(?:in|of)\s(?:total|net)\s)?(?:(?:points?|year[- ]over[- ]year|yoy|per year|annual"
    rf"|annually|net|overall)\s)?(?:(?P<down>{_DOWN})|(?P<up>{_UP}))\b(?! from (?!(?:19|20)\d\d))",
    re.IGNORECASE,
)

BOTH_WAYS = re.compile(
    r"\b(?:increase|gain|rise|growth)s?\s?(?:/|or|and)?\s?\(?(?:decrease|loss|fall|decline)s?\)?", re.IGNORECASE
)
TOPIC = re.compile(
    r"\b(?:change|changed|growth|difference|increase|decrease|improvement) (?:in|of) (?:\w+ ){0,3}$", re.IGNORECASE
)
LEANING = re.compile(
    r"\b(?:lean(?:ing)? (?:towards?|to)|go(?:ing)? with|choose|pick|prefer|settle (?:on|for)|best (?:guess|estimate) is"
    r"|most likely)\s(?:about\s|approximately\s)?$",
    re.IGNORECASE,
)
LISTED = re.compile(r"\s?,\s?(?:and\s)?|\s(?:and|&)\s")
LISTED_LAST = re.compile(r"\s?,?\s?(?:and|&)\s")
COMPARED_AFTER = re.compile(
    r"\s?(?:points?\s)?(?:higher|lower|more|less|above|below|fewer|greater) than\b", re.IGNORECASE
)
CHANGE_WORD = re.compile(rf"\b(?:change|difference|growth|variation|{_DOWN}|{_UP})\b", re.IGNORECASE)
CLAUSE = re.compile(r",\s|;\s?|\s(?:and|while|whereas|but)\s|\.\s")
_ENUMERATOR = re.compile(r"(?:^|\n)[ \t*+-]{0,6}\(?$")
_ENUMERATED = re.compile(r"(?:[.):]|\.\))\s{1,3}\S|\)\s")


def enumerator(text: str, start: int, end: int) -> bool:
    """Whether a number counts the points of a list: at the start of a line, with more of the line behind it."""
    if end - start > 2 or not _ENUMERATOR.search(text[max(0, start - 8) : start]):
        return False
    return bool(_ENUMERATED.match(text[end : end + 4]))
