"""The letter a reply chose in a multiple-choice question."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from functools import lru_cache

from finbench.scoring.lexicon import word_set
from finbench.scoring.mentions import OTHER, Form, mention, merge_adjacent, without_private
from finbench.scoring.outcome import Extraction
from finbench.scoring.quotes import without_quotations
from finbench.scoring.statement_groups import Wording
from finbench.scoring.statements import read
from finbench.scoring.text import inner_reply, is_refusal, prepare, segments, unwrap

_WORD = "A-Za-z0-9_\u00c0-\u024f\u0370-\u04ff"

# Words before a letter that make it part of a name: "Class B", "Appendix C", "rated A".
_NAMING = word_set(
    "class classes series plan appendix schedule section exhibit part standard standards tier type form table "
    "figure vitamin nation nations country company firm stock bond fund portfolio project investment investor "
    "person bank asset product city state region group team grade rating ratings rated regulation rule title "
    "column row case scenario security strategy manager analyst client model event factory economy level "
    "account phase machine point curve graph panel note annex chapter division unit store contract policy "
    "factor variable sample population subsidiary partner mr mrs ms dr hepatitis article clause category_ "
    "worker consumer producer individual island good an corporation entity party buyer seller"
)
_NAMED = re.compile(
    r"\s+(?:shares?|stocks?|rating|ratings|rated|round|class|notes|preferred|ordinary|flat|major|minor|level|league)\b"
)
# What may follow the letter A where it is an answer; anything else in lower case makes it the article.
_AFTER_LETTER = re.compile(
    r"[ ]+(?:is|was|are|were|because|since|as|and|or|nor|to|would|will|can|could|should|must|may|might"
    r"|seems|appears|looks|fits|remains|matches|"
    r"describes|applies|makes|best|does|doesn't|isn't|can't|cannot|won't|wouldn't|with|if|for|not|but|at"
    r"|in|on|refers|says|states|talks|adds|raises|lowers|increases|decreases|"
    r"gives|follows|due|here|looks|then|so|which|that|over|instead|only|although|though|while|whereas|also"
    r"|works|holds|has|had|"
    r"it|this|these|they|there|we|you|he|the|when|by|from|rather|after|mentions|satisfies|represents"
    r"|suggests|involves|being|out|through|fails|contradicts|correctly|incorrectly|reflects|shows|means"
    r"|richtig|korrekt|falsch|ist|sind|und|oder|weil|da|est|et|ou|car|es|y|son|porque|correct[ae]?|incorrect[ae]?"
    r"|corret[oa]|incorret[oa]|pois|perché|jest|eller|och|og|op|omdat|en"
    r"|leads|reduces|cannot|did|do|right|wrong|too|alone|versus|vs)\b"
)
_NEW_SENTENCE = re.compile(r"[ ]+(?:The|This|That|It|In|When|If|Because|Since|As|Explanation|Reason)\b")
_LETTER = re.compile(
    rf"(?<![{_WORD}$€£&+.-])(?<![A-Za-z]')(?:"
    r"(?P<open>[(\[{]{1,3}[ ]?)(?P<enclosed>[A-Za-z])[ ]?[)\]}]{1,3}(?![A-Za-z0-9])"
    r"|(?P<named>(?:[Oo]ption|OPTION|[Cc]hoice|CHOICE|[Ll]etter|LETTER|[Aa]lternativ[ea]|[Oo]pci[oó]n"
    r"|[Oo]pç[aã]o)[ ]+[\"'(\[]*)(?P<option>[A-Za-z])(?![\w$])[\"')\]]*"
    r"|(?P<half>[A-Za-z])\)(?![A-Za-z0-9])"
    rf"|(?P<bare>[A-Z])(?![{_WORD}$+&]|[.][A-Z]\b|'[{_WORD}]|[-–][{_WORD}]|[-](?=[ ]rat))"
    r"|(?P<small>[a-z])(?=[ ]*+(?:[\"'][ ]*+)?(?:[.,;:)!?\]}]|$)(?![.]\w))"
    r")",
    re.MULTILINE,
)
_PREVIOUS_WORD = re.compile(r"([A-Za-z.]+)[ \"'(]*\Z")
_SMALL_SLOT = re.compile(
    r"(?:[:=]|\b(?:is|be|think|believe|guess|say|choose|pick|so|it's|therefore|thus|hence|with|probably)|^"
    r"|^[-*•][ ]|^\d[.)][ ])[ ]*[\"'(]?\Z",
    re.MULTILINE,
)
_NAME_FOLLOWS = re.compile(r"\.[ ]?[A-Z][a-z]+")
_INITIAL_BEFORE = re.compile(
    r"(?:\b(?:to|by|of|from|with|author|analyst|and|mr|dr|prof)\.?[ ]|\b[A-Z]\.[ ]?|\b(?!Answer|Option"
    r"|Choice|So|Thus|Hence|Therefore|Letter|Correct|Maybe|Perhaps|Only|Just"
    r"|[A-Z][a-z]+ly\b)[A-Z][a-z]+[ ])\Z"
)
_OUTSIDE_SLOT = re.compile(
    r"(?:\b(?:answer|choice|option)(?:[ ]is|[ ]would be)?[ ]?[:=-]?[ ]{0,2}"
    r"|^)[(\[\"']{0,2}([A-W])[)\]\"']{0,2}(?=[ ]?[.,):]|[ ]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_RUN_TOGETHER = re.compile(r"^[^\w\n]{0,20}([A-Z]{2,26})[^\w\n]{0,20}$", re.MULTILINE)

_PIECE_SLOT = re.compile(
    r"\b(?:answer|choice|option)(?:[ ](?:is|would be"
    r"|should be))?[ ]?:?[ ]+(?P<slot>[^\n.;:]{2,100}?)(?=[ ]?(?:[.;:\n]|$))",
    re.IGNORECASE | re.MULTILINE,
)
_PLAIN_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)?")
_NO_PIECE = word_set("the an it is are in of to and or not be as at by on if for with that this both all none only")
_LETTERED = re.compile(r"\b[B-F]\b(?! [a-z]{3})|\bA (?:only|and|or|nor)\b|\bonly A\b")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINAL = re.compile(
    rf"\bthe[ ](?P<ordinal>{'|'.join(_ORDINALS)}|last)[ ](?:option|choice|alternative)\b", re.IGNORECASE
)
_NUMBERED = re.compile(
    r"\b(?:option|choice|alternative)[ ](?:no\.?[ ]|number[ ]|#)?(?P<number>\d{1,2})\b(?![.,%]\d)", re.IGNORECASE
)
_AMOUNT_TEXT = re.compile(r"([$€£¥]?)[ ]?(\d[\d,]*(?:\.\d+)?)[ ]?(%?)")
_VERBS = word_set(
    "increase decrease rise fall remain decline grow drop improve worsen strengthen weaken appreciate depreciate stay "
    "widen narrow shrink expand rises falls contract"
)
_NOUNS = word_set(
    "answer answers ans choice selection solution response verdict conclusion decision result correct antwort "
    "lösung réponse reponse respuesta solución resposta risposta soluzione ответ antwoord svar svaret "
    "odpowiedź cevap jawaban án vastaus απάντηση odpověď válasz الإجابة उत्तर вариант правильный верный pick "
    "prediction final letter option fit match"
)
_CLOSING = word_set("remains fits matches applies works wins stands it_ best describes_ makes holds_ suits satisfies")


def extract_choice(output: str, choices: Sequence[str]) -> Extraction[str]:
    """Read the chosen letter out of a reply.

    The rules are those of a careful reader: the text of exactly one option stands for its letter, corrections replace,
    contradictions and hedges are no answer, and the form of the reply is no condition.

    Args:
        output: The reply; any string.
        choices: The option texts in order, lettered A, B, ... Z; options beyond 26 have no letter and are ignored.

    Returns:
        The letter; `followed_format` is True for a reply of the letter only or one that ends in a line "Answer: X".
    """
    options = list(choices)[:26]
    verbs = frozenset(
        index
        for index, option in enumerate(options)
        if option.split() and option.split()[0].lower().strip(".,") in _VERBS
    )
    prepared = without_private(prepare(output))
    wording = Wording(count=len(options), nouns=_NOUNS, closing=_CLOSING, verbs=verbs, last_predicate=True)
    for segment in segments(prepared)[:100]:
        text = unwrap(segment)
        reading = read(_with_mentions(text, options), wording)
        if reading.index is None and (inner := inner_reply(segment)):
            reading = read(_with_mentions(unwrap(inner), options), wording)
        if reading.index is not None:
            letter = string.ascii_uppercase[reading.index]
            return Extraction(letter, "answered", _in_format(without_private(prepare(output, dressed=True)), letter))
        if reading.stated:
            break
        index = _part_of_one(text, options)
        if index is not None:
            return Extraction(string.ascii_uppercase[index], "answered", False)
    return Extraction(None, "refused" if is_refusal(prepared) else "unparsed", False)


def _part_of_one(text: str, options: Sequence[str]) -> int | None:
    """The option that the reply, or what stands behind "the answer is", is a piece of: "Standard III(C)"."""
    slots = [slot["slot"] for slot in _PIECE_SLOT.finditer(text)][-1:] or [text.strip().partition("\n")[0][:120]]
    wanted = f" {' '.join(_PLAIN_WORD.findall(slots[0].lower()))} "
    if sum(map(str.isalpha, wanted)) < 2 or wanted.strip() in _NO_PIECE:
        return None
    found = [
        index
        for index, option in enumerate(options)
        if wanted in f" {' '.join(_PLAIN_WORD.findall(option[:2000].lower()))} "
    ]
    return found[0] if len(found) == 1 else None


def _in_format(prepared: str, letter: str) -> bool:
    reply = unwrap(prepared).strip()
    last = reply.rsplit("\n", 1)[-1].strip()
    return bool(
        re.fullmatch(rf"{letter}\.?", reply, re.IGNORECASE)
        or re.fullmatch(rf"Answer[ ]?:[ ]*{letter}\.?", last, re.IGNORECASE)
    )


def _with_mentions(text: str, options: Sequence[str]) -> str:
    lines = text.strip().strip("\"'")
    text = _mark_texts(lines, options)
    text = _RUN_TOGETHER.sub(lambda run: _spread(run, len(options)), text)
    text = _OUTSIDE_SLOT.sub(lambda found: _mark_outside(found, len(options)), text)
    lettered = sum(bool(_LETTERED.search(option)) for option in options if len(option) > 1) > 1
    text = _mark_letters(text, len(options), lettered=lettered)
    text = _ORDINAL.sub(lambda found: _mark_ordinal(found, len(options)), text)
    if not any(character.isdigit() for option in options for character in option):
        text = _NUMBERED.sub(lambda found: _mark_number(found, len(options)), text)
    return without_quotations(merge_adjacent(text))


def _spread(run: re.Match[str], count: int) -> str:
    """Letters run together, as in "ABCD", are several answers if all are options and none repeats."""
    letters = run[1]
    if len(set(letters)) == len(letters) and all(ord(letter) - 65 < count for letter in letters):
        return " ".join(letters)
    return run[0]


def _mark_outside(found: re.Match[str], count: int) -> str:
    if ord(found[1].upper()) - 65 < count:
        return found[0]
    place = found.start(1) - found.start()
    return found[0][:place] + mention(OTHER, Form.LETTER) + found[0][place + 1 :]


def _mark_ordinal(found: re.Match[str], count: int) -> str:
    """The letter that "the second option" stands for."""
    name = found["ordinal"].lower()
    place = count - 1 if name == "last" else _ORDINALS.index(name)
    return f"option {mention(place, Form.LETTER)}" if 0 <= place < count else found[0]


def _mark_number(found: re.Match[str], count: int) -> str:
    """The letter that "option 2" stands for."""
    place = int(found["number"]) - 1
    return f"option {mention(place, Form.LETTER)}" if 0 <= place < count else found[0]


@lru_cache(maxsize=512)
def _option_texts(options: tuple[str, ...]) -> tuple[re.Pattern[str], list[str], dict[str, list[int]]] | None:
    """An expression for the texts of a question's options, the longest first, their keys and which options have each.

    Kept for the questions read last, since compiling takes longer than reading a short reply.
    """
    bodies: dict[str, list[int]] = {}
    for index, option in enumerate(options):
        words = (
            unwrap(without_private(prepare(option, dressed=True))).strip().rstrip(".;,:").strip("\"'").lower().split()
        )
        if words and words[0] in {"a", "an", "the"} and len(words) > 1:
            words = words[1:]
        spellings = [" ".join(words)]
        if words and words[0] in _VERBS:
            spellings.append(" ".join([words[0] + "s", *words[1:]]))
        for key in spellings:
            if (len(key) > 1 or not key.isalpha()) and any(map(str.isalnum, key)):
                bodies.setdefault(key, []).append(index)
    for key, indices in _without_unit(bodies).items():
        bodies.setdefault(key, indices)
    if not bodies:
        return None
    ordered = sorted(bodies, key=lambda key: (-len(key), key))
    pattern = "|".join(f"({_flexible(key)})" for key in ordered)
    expression = re.compile(
        rf"(?<![{_WORD}.,])(?<![$€£-])(?:(?:an?|the)[ ]+)?(?:{pattern})(?![{_WORD}%]|[.,]\d|[-]\w)", re.IGNORECASE
    )
    return expression, ordered, bodies


def _mark_texts(text: str, options: Sequence[str]) -> str:
    """Replace option texts by mentions; texts that several options share mean none of them."""
    texts = _option_texts(tuple(options))
    if texts is None:
        return text
    expression, ordered, bodies = texts

    def mark(found: re.Match[str]) -> str:
        key = ordered[(found.lastindex or 1) - 1]
        if len(bodies[key]) > 1 or _shares_its_noun(key, found):
            return found[0]
        plain = not any(map(str.isalpha, key)) or key in {"yes", "no", "true", "false"}
        form = Form.LOOSE if plain else Form.NAME if " " in key else Form.WORD
        return mention(bodies[key][0], form)

    return expression.sub(mark, text)


def _without_unit(bodies: Mapping[str, list[int]]) -> dict[str, list[int]]:
    """The numbers of options such as "$12,500" and "7.4%" without their sign, as replies may leave it out."""
    bare: dict[str, list[int]] = {}
    for key, indices in bodies.items():
        number = _AMOUNT_TEXT.fullmatch(key)
        if number and number[2] != key:
            bare.setdefault(number[2], []).extend(indices)
    return bare


def _shares_its_noun(key: str, found: re.Match[str]) -> bool:
    """Whether "Class B shares" stands in "Class A and Class B shares": two are named there, not one."""
    first, *rest = key.split()
    before = found.string[max(0, found.start() - 40) : found.start()]
    return len(rest) > 1 and bool(re.search(rf"\b{re.escape(first)}\s+\w+\s*(?:,|and|or)\s+\Z", before, re.IGNORECASE))


def _flexible(key: str) -> str:
    """An expression for an option text with any punctuation between its words and with or without their hyphens."""
    number = _AMOUNT_TEXT.fullmatch(key)
    if number:
        whole, _, decimals = number[2].replace(",", "").partition(".")
        digits = "".join(
            f"{',?' if (len(whole) - place) % 3 == 0 and place else ''}{digit}" for place, digit in enumerate(whole)
        )
        digits += rf"\.{decimals}0*" if decimals else r"(?:\.0+)?"
        sign = re.escape(number[1]) + "[ ]?" if number[1] else ""
        unit = r"[ ]?(?:%|per[ ]?cent\b)" if number[3] else r"(?:[ ](?:dollars?|euros?|usd)\b)?"
        return sign + digits + unit
    words = (r"[- ]?".join(map(re.escape, re.split(r"(?<=[a-z])-(?=[a-z])", word))) for word in key.split())
    return r"[;,/|-]?[ \n]+[;,/|-]?[ ]?".join(words)


def _mark_letters(text: str, count: int, *, lettered: bool = False) -> str:
    whole = text.strip(" \n\t.()[]\"'*:{}")

    naming = _NAMING | {"statement", "statements", "condition", "conclusion"} if lettered else _NAMING

    def mark(found: re.Match[str]) -> str:
        letter = found["enclosed"] or found["option"] or found["half"] or found["bare"] or found["small"]
        index = ord(letter.upper()) - ord("A")
        if index >= count:
            return found[0]
        character = mention(index, Form.LETTER)
        if letter == whole:
            return found[0].replace(letter, character)
        before = text[max(0, found.start() - 40) : found.start()]
        after = text[found.end() : found.end() + 40]
        word = None if before.endswith("\n") else _PREVIOUS_WORD.search(before)
        name = word is not None and word[1].lower() in naming
        if found["option"]:
            if letter.islower() and re.match(r" [a-z]", after) and not _AFTER_LETTER.match(after):
                return found[0]
            return found["named"] + character
        if name or re.match(_NAMED, after):
            return found[0]
        if found["enclosed"]:
            return (
                found[0]
                if letter.islower() and word is not None and word[1].lower() in {"section", "paragraph"}
                else f"({character})"
            )
        if found["half"]:
            return f"{character})"
        if found["small"]:
            return character if _SMALL_SLOT.search(text, max(0, found.start() - 14), found.start()) else letter
        if _NAME_FOLLOWS.match(after) and _INITIAL_BEFORE.search(before):
            return letter
        if (
            letter == "A"
            and re.match(r"[ ]+[A-Za-z]{2}", after)
            and not _NEW_SENTENCE.match(after)
            and not _AFTER_LETTER.match(after)
        ):
            return letter
        if letter == "I" and re.match(r"[ ]+[a-z]|'", after):
            return letter
        return character

    seen: dict[tuple[int, int, str], str] = {}

    def remembered(found: re.Match[str]) -> str:
        # Loops repeat the same surroundings thousands of times.
        around = (
            min(found.start(), 40),
            found.end() - found.start(),
            text[max(0, found.start() - 40) : found.end() + 40],
        )
        if around not in seen:
            seen[around] = mark(found)
        return seen[around]

    return _LETTER.sub(remembered, text)
