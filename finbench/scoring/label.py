"""The label a reply gave in a classification question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from finbench.scoring.lexicon import word_set
from finbench.scoring.mentions import Form, mention, without_private
from finbench.scoring.outcome import Extraction
from finbench.scoring.quotes import without_quotations
from finbench.scoring.statement_groups import Wording
from finbench.scoring.statements import read
from finbench.scoring.text import inner_reply, is_refusal, prepare, segments, unwrap

# Everyday words: no answer by merely standing in a sentence.
_EVERYDAY = word_set(
    "yes no good bad rise fall up down buy sell hold pay board accounting true false long short high low "
    "increase decrease other none risk loss gain price news market fair poor strong weak medium"
)
# Words for which a reader wants to hear that something is said to be it.
_COMMON = word_set("positive negative neutral mixed rumour rumor complete completed relevant irrelevant")
_PRESENT = frozenset(["rises", "falls", "increases", "decreases"])
_VERBS = frozenset(["rise", "fall", "increase", "decrease"])
_SPELLINGS = {
    "labour": "labor",
    "rumour": "rumor",
    "programme": "program",
    "favourable": "favorable",
    "behaviour": "behavior",
    "colour": "color",
    "centre": "center",
    "defence": "defense",
    "licence": "license",
    "organisation": "organization",
    "healthcare": "health care",
    "cleantech": "clean tech",
}

_NOUNS = word_set(
    "answer answers ans label labels classification category prediction verdict decision result output "
    "response final conclusion class antwort réponse reponse respuesta resposta risposta ответ antwoord svar "
    "odpowiedź cevap jawaban selection choice forecast recommendation advice fit match"
)
_TOPICS = word_set(
    "sentiment tone stance polarity mood attitude rating score issue theme topic status outlook direction "
    "movement trend creditworthiness sentimiento sentimento stimmung tonalité haltung statement position view "
    "bias opinion impact signal light news development message effect connotation implication implications "
    "leaning perspective assessment evaluation reading take call guess interpretation judgment judgement text "
    "sentence tweet headline excerpt passage article risk"
)
_OBJECTS = word_set(
    "credit customer client borrower applicant issue deal merger acquisition transaction takeover talks "
    "profile creditworthiness stock reaction relation claim"
)
_CLOSING = frozenset(["fits", "applies", "remains"])
# "no" before a noun, as in "No further details", is no answer; before these words it may be one.
_DETERMINER = re.compile(
    r"[ ]+(?!(?:because|since|as|it|the|this|that|these|there|they|he|she|we|but|and|or|for|not|to|in|by"
    r"|with|from|on|is|was|"
    r"would|will|i|if|given|due|here|at|while|although|though|rather|instead|wait|yes|no)\b)[a-z]"
)
_NO_NOUN = re.compile(
    r"[ ]+(?!answer|info|idea|detail|data|clear|further|mention|evidence|opinion|comment|label"
    r"|prediction|more|other|one"
    r"|reason|change|text|problem|question|sentiment)[a-z]+(?:[ ][a-z]+)?[ ]*[.!]?[ ]*(?:\n|\Z)",
    re.IGNORECASE,
)
# "Good question!" opens a reply and judges nothing.
_EXCLAMATION = re.compile(r"[ ](?:question|grief|morning|afternoon|evening|day|luck|point|idea|catch|job|lord)\b", re.I)
_NO_SLOT = re.compile(r"\b(?:answer|prediction|classification|label|verdict|result|output|response)[ ]?:[ ]*\Z", re.I)
_EMOJI = re.compile(
    "^[ ]{0,3}[\u2600-\u2716\u2719-\u274b\u274d\u274f-\u27bf\u2b50-\u2b55\U0001f300-\U0001faff]{1,3}[ ]{0,2}(?=\\S)",
    re.MULTILINE,
)
_ENTITY = re.compile(r"&amp;|&#38;")


def extract_label(output: str, labels: Sequence[str]) -> Extraction[str]:
    """Read the label out of a reply.

    Only a label itself counts, in plain variants of spelling, case, inflection and punctuation; a synonym does not. A
    label within another word, in quoted source text or used as an everyday word is no answer.

    Args:
        output: The reply; any string.
        labels: The allowed labels; at most 4,000 are looked for.

    Returns:
        The label exactly as in `labels`; `followed_format` is True for a reply of the label only or one that ends in a
        line "Answer: <label>".
    """
    allowed = tuple(dict.fromkeys(labels))[:4000]
    lexicon = _lexicon(tuple(sorted(allowed)))
    prepared = _ENTITY.sub("&", without_private(prepare(output)))
    for segment in segments(prepared)[:100]:
        text = _EMOJI.sub("", unwrap(segment).strip())
        reading = read(without_quotations(lexicon.mark(text)), lexicon.wording)
        if reading.index is None and (inner := inner_reply(segment)):
            inside = _EMOJI.sub("", unwrap(inner).strip())
            reading = read(without_quotations(lexicon.mark(inside)), lexicon.wording)
        if reading.index is not None:
            label = lexicon.labels[reading.index]
            asked = _ENTITY.sub("&", without_private(prepare(output, dressed=True)))
            return Extraction(label, "answered", lexicon.in_format(asked, label))
        if reading.stated:
            break
    return Extraction(None, "refused" if is_refusal(prepared) else "unparsed", False)


class _Lexicon:
    """The variants of a set of labels as one expression."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels
        self._forms: dict[str, tuple[int, bool]] = {}
        for index, label in enumerate(labels):
            for variant, exact in _variants(label):
                if variant and (variant not in self._forms or exact):
                    self._forms[variant] = (index, exact)
        ordered = sorted(self._forms, key=lambda form: (-len(form), form))
        body = "|".join(r"[ \n_/-]{1,2}".join(re.escape(word) for word in form.split()) for form in ordered)
        self._expression = re.compile(
            rf"(?<![^\W_])(?<![^\W_]-)(?<![$€£@#])(?<![^\W_]')(?:{body or '(?!)'})(?![^\W_]|'(?!\W|$)|-(?!leaning"
            rf"|toned|sounding)[^\W_]|_[^\W_])",
            re.IGNORECASE,
        )
        self.wording = Wording(
            count=len(labels),
            nouns=_NOUNS,
            topics=_TOPICS,
            objects=_OBJECTS,
            verbs=frozenset(index for index, label in enumerate(labels) if label.lower() in _VERBS),
            closing=_CLOSING,
        )

    def mark(self, text: str) -> str:
        """Replace labels by mentions; a reply that is nothing but a label with one slip of the pen counts too."""
        spelled = text.replace("&", " and ") if "&" in text else text
        spelled = re.sub(r"[ ]{2,}", " ", spelled)
        marked = self._expression.sub(self._mark_one, spelled)
        if marked == spelled:
            lines = [line for line in (spelled[:400].strip() + "\n").split("\n")[:3] if line.strip()]
            for line in lines:
                index = self._misspelt(line) if len(line) <= 60 else None
                if index is not None:
                    return spelled.replace(line, mention(index, Form.WORD))
        return marked

    def _mark_one(self, found: re.Match[str]) -> str:
        key = _key(found[0])
        if key not in self._forms:
            return found[0]
        if key == "no" and _DETERMINER.match(found.string, found.end()) and not _short_no(found):
            return found[0]
        if key == "good" and _EXCLAMATION.match(found.string, found.end()):
            return found[0]
        index, exact = self._forms[key]
        if " " in key:
            form = Form.NAME
        elif not exact or key in _EVERYDAY:
            form = Form.WORD if key in _PRESENT else Form.LOOSE
        elif key in _COMMON:
            form = Form.WORD
        else:
            form = Form.NAME
        return mention(index, form)

    def _misspelt(self, text: str) -> int | None:
        words = (
            re.sub(r"^(?:answer|label|sentiment)[ ]?:", "", text.strip(), flags=re.IGNORECASE).strip(" .\"'*").lower()
        )
        near = {
            index for form, (index, exact) in self._forms.items() if exact and len(form) >= 6 and _one_edit(words, form)
        }
        return near.pop() if len(near) == 1 else None

    def in_format(self, prepared: str, label: str) -> bool:
        """Whether a reply is the label only or ends in the line "Answer: <label>"."""
        reply = unwrap(prepared).strip()
        last = reply.rsplit("\n", 1)[-1].strip()
        if "\n" not in reply and _key(reply.rstrip(".")) == _key(label):
            return True
        head = re.match(r"Answer[ ]?:[ ]*", last, re.IGNORECASE)
        return bool(head and _key(last[head.end() :].rstrip(".")) == _key(label))


@lru_cache(maxsize=64)
def _lexicon(labels: tuple[str, ...]) -> _Lexicon:
    return _Lexicon(labels)


def _short_no(found: re.Match[str]) -> bool:
    """Whether "no" with its noun is all that stands in the answer slot or in the reply: "Prediction: no bankruptcy"."""
    after = _NO_NOUN.match(found.string, found.end())
    before = found.string[max(0, found.start() - 40) : found.start()].rpartition("\n")[2]
    return after is not None and (not before.strip(" *") or bool(_NO_SLOT.search(before)))


def _key(text: str) -> str:
    return " ".join(re.sub(r"[\s_/-]+", " ", text.lower().replace("&", " and ")).split())


def _variants(label: str) -> Iterable[tuple[str, bool]]:
    """The spellings of a label with whether each is the label itself rather than an inflection."""
    key = _key(without_private(prepare(label, dressed=True)))
    spellings = {key}
    for british, american in _SPELLINGS.items():
        for spelling in tuple(spellings):
            spellings |= {re.sub(rf"\b{british}\b", american, spelling), re.sub(rf"\b{american}\b", british, spelling)}
    if " and " in key:
        spellings |= {spelling.replace(" and ", ", ") for spelling in spellings} | {
            spelling.replace(" and ", " ") for spelling in spellings
        }
    yield from ((spelling, True) for spelling in sorted(spellings))
    for spelling in sorted(filter(None, spellings)):
        words = spelling.split()
        for last in _inflections(words[-1], alone=len(words) == 1):
            yield " ".join([*words[:-1], last]), len(words) > 1
        if len(words) > 1:
            for number, word in enumerate(words[:-1]):
                for other in _numbers(word):
                    yield " ".join([*words[:number], other, *words[number + 1 :]]), True


def _numbers(word: str) -> set[str]:
    if len(word) < 4:
        return set()
    if word.endswith("ies"):
        return {word[:-3] + "y"}
    if word.endswith("s") and not word.endswith("ss"):
        return {word[:-1]}
    return {word[:-1] + "ies"} if word.endswith("y") and word[-2] not in "aeiou" else {word + "s"}


def _inflections(word: str, *, alone: bool) -> set[str]:
    """Plural, and for a single word the verb's endings."""
    if word in {"yes", "no"} or len(word) < 3 or not word.isalpha():
        return set()
    forms = _numbers(word)
    if alone and word not in {
        "good",
        "bad",
        "board",
        "accounting",
        "positive",
        "negative",
        "neutral",
        "hawkish",
        "dovish",
    }:
        stem = word[:-1] if word.endswith("e") else word
        forms |= {stem + "ed", stem + "ing", word + "s"}
        forms |= {"rise": {"rose", "risen"}, "fall": {"fell", "fallen"}}.get(word, set())
    return forms - {word, "falled", "rised"}


def _one_edit(a: str, b: str) -> bool:
    """Whether two words differ by one inserted, missing, changed or swapped letter."""
    if a == b or abs(len(a) - len(b)) > 1:
        return a == b
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    return (
        rest_a[1:] == rest_b[1:]
        or rest_a[1:] == rest_b
        or rest_a == rest_b[1:]
        or (len(rest_a) > 1 and len(rest_b) > 1 and rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:])
    )
