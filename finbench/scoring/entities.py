"""The named entities that a reply lists, as (text, TYPE) in the order of the reply."""

from __future__ import annotations

import re
from collections.abc import Sequence

from finbench.scoring.entity_json import read_json
from finbench.scoring.entity_lines import LineReader
from finbench.scoring.entity_types import TypeNames, type_names
from finbench.scoring.outcome import Extraction
from finbench.scoring.text import is_refusal, prepare, segments, unwrap

Pair = tuple[str, str]

_LIMIT = 20_000
_MOST_LINES = 600
_NONE = re.compile(
    r"\W*(?:(?:(?:final )?answer|(?:named )?entities|output|result|list)\s?(?:is|are)?\s?:?\s*)?(?:none"
    r"|nil|\[\s?\]|\{\s?\}|null|\(none\)|empty(?: list)?"
    r"|no (?:named )?entit(?:y|ies)(?: (?:were |was |are )?(?:found|present|identified|mentioned|detected"
    r"|exist))?"
    r"|none (?:found|identified|present|mentioned|are present|were found))\W*",
    re.IGNORECASE,
)
_SAYS_NONE = re.compile(
    r"\b(?:(?:not able to|could not|couldn't|was unable to) (?:find|identify|see|detect) any"
    r"|(?:there (?:are|is|were)|contains?|has|have|found|find|i see|identified|with|mentions?"
    r"|includes?) (?:no|zero|not any)|(?:does|do|did)(?: not|n't) (?:contain|mention|include|have|name"
    r"|identify|find|reference|specify)(?: any)?"
    r"|there (?:are|is|were)(?: not|n't) any|no) (?:\w+[,/]?\s){0,4}?(?:named entit(?:y|ies)|entit(?:y"
    r"|ies)|persons?|people|organi[sz]ations?|locations?)\b",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"(?:^[ \t>*#]{0,6}|(?<=[.!?] ))(?:(?:so|therefore|thus)[, ]{1,3})?(?:the |my )?(?:(?:final|correct(?:ed)?|revised"
    r"|updated) (?:answers?|list|entities|output|result)|answers?|corrected|revised|updated)\b[^:\n]{0,40}:",
    re.IGNORECASE | re.MULTILINE,
)
_CORRECTION = re.compile(
    r"\b(?:wait|actually|sorry|apologies|i apologi[sz]e|scratch that|on second thought|let me (?:correct"
    r"|fix|redo|revise|re-?\w+)|i made (?:a|an) (?:mistake|error)|my mistake|oops)\b"
    r"|^\W{0,4}(?:edit|corrections?|corrected|revised|updated?)\b[^\n,]{0,40}:",
    re.IGNORECASE | re.MULTILINE,
)
_ECHO = re.compile(
    r"[^\n]{0,40}\b(?:required (?:answer )?format|answer format is|for instance, in|represent a person"
    r"|identify the named entities)\b[^\n]{0,600}",
    re.IGNORECASE,
)
_FIELDS = re.compile(
    r"(?:named )?\b(?:entity|entity name|name|text"
    r"|mention)[*\"']{0,2}\s?:[*\"']{0,2}\s?([^\n;|]{1,150}?)[\"']?\s{0,3}[,;|\n]\s{0,6}(?:[-*]\s)?[*\"']{0,2}"
    r"(?:entity )?(?:type|label|category)[*\"']{0,2}\s?:[*\"']{0,2}\s?([\w-]{2,20})",
    re.IGNORECASE,
)
_FIELD_NAME = re.compile(
    r"\b(?:entity )?(?:(?P<kind>type|label|category)|entity|entity name|name|text|mention)[*\"']{0,2}\s?:",
    re.IGNORECASE,
)
_FIELDS_TURNED = re.compile(
    r"(?:entity )?\b(?:type|label|category)[*\"']{0,2}\s?:[*\"']{0,2}\s?([\w-]{2,20})[\"']?\s{0,3}[,;|\n]"
    r"\s{0,6}(?:[-*]\s)?[*\"']{0,2}(?:named )?(?:entity|entity name|name|text|mention)[*\"']{0,2}\s?:[*\"']{0,2}\s?"
    r"([^\n;|]{1,150}?)[\"']?"
    r"(?=\s{0,3}(?:[;|\n]|\Z))",
    re.IGNORECASE,
)
_TAGGED_TOKEN = re.compile(r"[ ]{0,4}(?P<token>[^\s|,]{1,60})[ ]?[\s|,:/][ ]?(?P<tag>[BIES]-[A-Za-z]{2,12}|O)[ ]{0,4}")
_INNER_STAR = re.compile(r"(?<=[A-Za-z])\*(?=[A-Za-z])")
_SENTENCE = re.compile(r"\s*[A-Z][^\n]*[a-z](?::|[.!])\s*")
_NONE_LINE = re.compile(r"\W*none\W*", re.IGNORECASE)


def extract_entities(output: str, types: Sequence[str]) -> Extraction[list[Pair]]:
    """Read the entities that a reply lists.

    Lines and semicolons of `name, TYPE`, `name (TYPE)`, `name - TYPE`, `name: TYPE`, `TYPE: a, b`, headings with lists
    below, tables, tags and JSON are read alike.

    Args:
        output: The reply as the model gave it, any string.
        types: The types asked for, as the references write them.

    Returns:
        The pairs in order, each once. A type is upper case, a spelled-out one mapped to its name in `types`, another
        one kept as answered; an entry without a type is left out. An empty list only if the reply says that there is
        none.
        `followed_format` is true where every line is `name, TYPE`, or the reply is the word "none"; below a
        line "Answer:", if there is one.
    """
    names = type_names(types)
    text = prepare(output)
    if len(text) > _LIMIT:
        text = text[: _LIMIT // 2] + "\n" + text[-_LIMIT // 2 :]
    refused = False
    for segment in segments(text):
        pairs = _read(segment, names)
        if pairs is not None:
            return Extraction(list(dict.fromkeys(pairs)), "answered", _followed(prepare(output, dressed=True), pairs))
        refused = refused or is_refusal(segment)
    return Extraction(None, "refused" if refused else "unparsed", False)


def _read(segment: str, names: TypeNames) -> list[Pair] | None:
    segment = _ECHO.sub("", segment)
    final = None
    for final in _FINAL.finditer(segment):  # noqa: B007 - the last one counts
        pass
    if final is not None:
        after = _read_part(segment[final.end() :], names)
        if after is not None:
            return after
    correction = None
    for correction in _CORRECTION.finditer(segment):  # noqa: B007
        pass
    if correction is not None:
        before = _read_part(segment[: correction.start()], names)
        line_start = correction.end()
        after = _read_part(segment[line_start:].lstrip(" ,.:;-—!"), names)
        if after is not None:
            return _corrected(before or [], after)
    return _read_part(segment, names)


def _corrected(before: list[Pair], after: list[Pair]) -> list[Pair]:
    """The list after a correction: a new list replaces the old one, a single entry only what it names."""
    if not before or not after or len(after) >= len(before):
        return list(dict.fromkeys(reversed(after)))[::-1]  # a pair that is told first and then listed counts as listed
    changed = {name.casefold(): (name, kind) for name, kind in after}
    if not any(name.casefold() in changed for name, _ in before):
        return after
    kept = [changed.pop(name.casefold(), (name, kind)) for name, kind in before]
    return [*kept, *changed.values()]


def _read_part(text: str, names: TypeNames) -> list[Pair] | None:
    structured = read_json(text, names)
    if structured is not None and structured[0]:
        return structured[0]
    reader = LineReader(names)
    text = _joined_tags(text.replace("\\n", "\n"))
    first = _FIELD_NAME.search(text)
    if first is not None and first["kind"]:
        text = _FIELDS_TURNED.sub(r"\2, \1", text)
    text = _FIELDS.sub(r"\1, \2", text)
    plain = unwrap(_INNER_STAR.sub("\ue000", text)).replace("\ue000", "*").replace(" • ", "\n• ")  # E*TRADE
    lines = [line for line in plain.split("\n") if line.strip()]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES // 2], *lines[-_MOST_LINES // 2 :]]
    pairs, empty = _read_lines(lines, reader)
    if pairs:
        headed = any(reader.heading(line) for line in lines)
        if _NONE_LINE.fullmatch(lines[0]) or (not headed and _NONE_LINE.fullmatch(lines[-1])):
            return None  # entities and "none": a contradiction
        return pairs
    if structured is not None and structured[1]:
        return []
    if empty or any(_NONE.fullmatch(line) for line in lines) or _SAYS_NONE.search(plain[-1500:]):
        return []
    return None


def _joined_tags(text: str) -> str:
    """Lines of one token and its BIO tag each, as lines of whole names and types; any other text as it is."""
    lines = [line for line in text.split("\n") if line.strip()]
    tokens = [_TAGGED_TOKEN.fullmatch(line) for line in lines]
    if not any(token is not None and token["tag"][:2] in ("I-", "E-") for token in tokens):
        return text
    joined: list[list[str]] = []
    inside = ""
    for line, token in zip(lines, tokens, strict=True):
        kind = "" if token is None else token["tag"][2:].upper()
        if token is None:
            joined.append([line])
        elif token["tag"][:2] in ("I-", "E-") and kind == inside:
            joined[-1][0] += token["token"][2:] if token["token"].startswith("##") else f" {token['token']}"
        elif kind:
            joined.append([token["token"], kind])
        inside = kind
    return "\n".join(", ".join(parts) for parts in joined)


def _read_lines(lines: Sequence[str], reader: LineReader) -> tuple[list[Pair], bool]:
    turned = reader.turned_table(lines)
    if turned:
        return turned, False
    typed = any(reader.read(line[:2000], typed_reply=False)[0] for line in lines[:100])
    pairs: list[Pair] = []
    heading: str | None = None
    empty = False
    bulleted = False
    for line in lines:
        announced = reader.heading(line)
        if announced is not None:
            heading, bulleted = announced, False
            continue
        found, none_of_type = reader.read(line[:2000], typed_reply=typed)
        empty = empty or none_of_type
        if found:
            pairs += found
            heading = None
        elif heading is not None and bulleted and not reader.bulleted(line):
            heading = None  # the list is over
        elif heading is not None and not none_of_type:
            bulleted = bulleted or reader.bulleted(line)
            below = reader.names_under(line[:500])
            empty = empty or not below
            pairs += [(name, heading) for name in below]
    if not pairs and not empty:
        columns = [reader.bare_pair(line[:500]) for line in lines if not _SENTENCE.fullmatch(line[:500])]
        if columns and all(columns):
            return [pair for pair in columns if pair], False
        pairs = [pair for line in lines for pair in reader.in_prose(line[:1000])]
    return pairs, empty and not pairs


def _followed(text: str, pairs: Sequence[Pair]) -> bool:
    """Whether each line is one of the pairs as the prompt asks for it, or the reply is the word "none".

    After steps the prompt asks for a line "Answer:" with the list below it; then only that list is looked at.
    """
    text = re.split(r"^Answer:[ \t]*$", text, flags=re.MULTILINE)[-1].strip()
    if not pairs:
        return text.lower() == "none"
    asked = {f"{name}, {kind}" for name, kind in pairs}
    return all(
        re.sub(r"\s*,\s*(?=[A-Z_]+\s*$)", ", ", line.strip()) in asked for line in text.split("\n") if line.strip()
    )
