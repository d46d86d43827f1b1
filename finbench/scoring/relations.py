"""The relations that a reply lists: triplets of head, tail and relation, and how two lists of them are compared.

Direction counts: (Rosneft, Igor Sechin, chief_executive_officer) is not (Igor Sechin, Rosneft, ...).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finbench.scoring.entity_match import normalised
from finbench.scoring.outcome import Extraction
from finbench.scoring.text import is_refusal, prepare, segments, unwrap

Triplet = tuple[str, str, str]
"""Head, tail, relation."""

_LIMIT = 20_000
_LONGEST = 200
_MARKER = re.compile(
    r"^[ \t>*#-]{0,6}(?:the |my )?(?:(?:final|corrected|revised|updated) )?(?:answers?|relations?|triplets?|list)"
    r"[*_]{0,2} ?(?:is|are)? ?:[*_]{0,2}",
    re.IGNORECASE | re.MULTILINE,
)
_CORRECTION = re.compile(
    r"\b(?:wait|actually|sorry|scratch that|on second thought|let me (?:correct|fix|redo|revise)|my mistake|oops)\b"
    r"|^\W{0,4}(?:edit|correction)\b[^\n]{0,40}:",
    re.IGNORECASE | re.MULTILINE,
)
_BULLET = re.compile(r"^[ \t]*(?:[-*•–>]|\(?\d{1,2}[.)])[ \t]+")
_NONE = re.compile(
    r"\W*(?:none|no relations?|\[\s*\]|n/a|there (?:are|is) (?:none|no (?:such )?relations?[^.\n]{0,60}))\W*",
    re.IGNORECASE,
)
_ARROW = re.compile(r"\s*(?:-{1,3}>|=+>|→|⟶|➜|—>)\s*")
_LABELLED_ARROW = re.compile(
    r"(.{1,200}?)\s*[-–—]{1,3}\s*[\[(:]?\s*([\w/ _-]{2,40}?)\s*[\])]?\s*(?:-{1,3}>|→)\s*(.{1,200})"
)
_CALL = re.compile(r"([A-Za-z_/ -]{3,40})\(\s*(.{1,200}?)\s*[,;]\s*(.{1,200}?)\s*\)")
_KEYED = re.compile(
    r"\b(head|subject|entity ?1|tail|object|entity ?2|relation|predicate|relationship)\b[\"'*_]{0,3}\s?[:=]\s?",
    re.IGNORECASE,
)
_ROLES = {
    "head": "head", "subject": "head", "entity1": "head", "source": "head", "from": "head", "subj": "head",
    "tail": "tail", "object": "tail", "entity2": "tail", "target": "tail", "to": "tail", "obj": "tail",
    "relation": "relation", "predicate": "relation", "relationship": "relation", "type": "relation", "rel": "relation",
    "relation_type": "relation", "label": "relation", "head_entity": "head", "tail_entity": "tail",
}  # fmt: skip


def relation_key(name: str) -> str:
    """A relation's name without what spellings differ in: `director_/_manager`, `Director / Manager`."""
    return " ".join(re.sub(r"[\W_]+", " ", name).casefold().split())


def extract_relations(output: str, relations: Sequence[str]) -> Extraction[list[Triplet]]:
    """Read the triplets that a reply lists.

    Lines `head ; tail ; relation`, arrows, tuples, tables, `relation(head, tail)`, named fields and JSON are read
    alike; which of the three is the relation is told by the known names.

    Args:
        output: The reply as the model gave it, any string.
        relations: The names asked for, as the references write them.

    Returns:
        The triplets in order, each once, a relation spelled as in `relations`; one of another name is kept as answered.
        An empty list only if the reply says that there is none. `followed_format` is true where every line is
        `head ; tail ; relation` with a known name, or the reply is the word "none"; below a line "Answer:", if there is
        one.
    """
    names = {relation_key(name): name for name in relations}
    text = prepare(output, dressed=True)
    if len(text) > _LIMIT:
        text = text[-_LIMIT:]
    for segment in segments(text):
        for part in _parts(segment):  # as it is: taking markup off takes JSON apart
            listed = list(dict.fromkeys(_json_triplets(part, names)))
            if listed:
                return Extraction(listed, "answered", False)
        whole = unwrap(segment).strip()
        for part in _parts(whole):
            found = list(dict.fromkeys(_line_triplets(part, names)))
            if found:
                return Extraction(found, "answered", _followed(part, names))
            if any(_NONE.fullmatch(line) for line in part.splitlines()):
                return Extraction([], "answered", part.strip().casefold().rstrip(".") == "none")
        if is_refusal(whole):
            return Extraction(None, "refused", False)
    return Extraction(None, "unparsed", False)


def parse_triplets(text: str) -> list[Triplet]:
    """The triplets of a reference, one a line as `head ; tail ; relation`."""
    found = []
    for line in text.splitlines():
        pieces = [piece.strip() for piece in line.split(" ; ")]
        if len(pieces) == 3 and all(pieces):
            found.append((pieces[0], pieces[1], pieces[2]))
    return found


def count_triplets(found: Sequence[Triplet], gold: Sequence[Triplet]) -> tuple[int, int, int]:
    """True positives, false positives and false negatives of two lists, each taken as a set of triplets."""
    left, right = ({_key(triplet) for triplet in triplets} for triplets in (found, gold))
    true = len(left & right)
    return true, len(left) - true, len(right) - true


def _key(triplet: Triplet) -> Triplet:
    return normalised(triplet[0]), normalised(triplet[1]), relation_key(triplet[2])


def _parts(text: str) -> Iterator[str]:
    """The text behind the last announcement or correction, then the whole."""
    starts = [match.end() for match in (*_MARKER.finditer(text), *_CORRECTION.finditer(text))]
    for start in sorted(starts, reverse=True)[:2]:
        yield text[start:].strip()
    yield text


def _line_triplets(text: str, names: Mapping[str, str]) -> Iterator[Triplet]:
    for line in text.splitlines():
        triplet = _from_line(line, names)
        if triplet is not None:
            yield triplet


def _from_line(line: str, names: Mapping[str, str]) -> Triplet | None:
    bare = _clean(_BULLET.sub("", line))
    if not bare or len(bare) > 3 * _LONGEST:
        return None
    if bare.count(";") == 2:
        return _ordered(bare.split(";"), names, strict=False)
    arrows = _ARROW.split(bare)
    if len(arrows) == 3:
        return _ordered(arrows, names, strict=True)
    labelled = _LABELLED_ARROW.fullmatch(bare)
    if labelled and relation_key(labelled[2]) in names:
        return _made(labelled[1], labelled[3], labelled[2], names)
    keyed = _keyed(bare, names)
    if keyed is not None:
        return keyed
    if bare.strip("|").count("|") == 2:
        return _ordered(bare.strip("|").split("|"), names, strict=True)
    call = _CALL.fullmatch(bare)
    if call and relation_key(call[1]) in names:
        return _made(call[2], call[3], call[1], names)
    if bare[0] in "([<" and bare[-1] in ")]>":
        return _from_tuple(bare[1:-1], names)
    return None


def _from_tuple(inner: str, names: Mapping[str, str]) -> Triplet | None:
    """`head, tail, relation` with commas, which names may hold too: quotes or a known relation tell where it ends."""
    quoted = re.findall(r"\"([^\"]{1,200})\"|'([^']{1,200})'", inner)
    pieces = [double or single for double, single in quoted] if len(quoted) == 3 else inner.split(",")
    return _ordered(pieces, names, strict=True) if len(pieces) == 3 else None


def _ordered(pieces: Sequence[str], names: Mapping[str, str], *, strict: bool) -> Triplet | None:
    """Three fields as a triplet, the relation being the last that is a known name (strict: or else nothing)."""
    for place in (2, 1, 0):
        if relation_key(pieces[place]) in names:
            rest = [piece for index, piece in enumerate(pieces) if index != place]
            return _made(rest[0], rest[1], pieces[place], names)
    return None if strict else _made(pieces[0], pieces[1], pieces[2], names)


def _keyed(text: str, names: Mapping[str, str]) -> Triplet | None:
    pieces = _KEYED.split(text)
    if len(pieces) != 7:
        return None
    roles = [_ROLES[role.lower().replace(" ", "")] for role in pieces[1::2]]
    fields = dict(zip(roles, (piece.strip(" ,;|") for piece in pieces[2::2]), strict=True))
    return _made(fields["head"], fields["tail"], fields["relation"], names) if len(fields) == 3 else None


def _json_triplets(text: str, names: Mapping[str, str]) -> list[Triplet]:
    """The triplets of the last JSON value that holds any, or of all records if they stand one a line."""
    if "[" not in text and "{" not in text:
        return []
    decoder, found, position, tries, failures = json.JSONDecoder(), list[Triplet](), 0, 0, 0
    singles: list[Triplet] = []
    while tries < 300 and failures < 30:
        opening = re.compile(r"[\[{]").search(text, position)
        if opening is None:
            break
        tries += 1
        try:
            value, length = decoder.raw_decode(text[opening.start() :])
        except (ValueError, RecursionError):
            position = opening.end()
            failures += 1
            continue
        inside = list(_of_value(value, names, 0))
        if len(inside) == 1:
            singles += inside
        if inside:
            found = inside
        position = opening.start() + length
    return singles if len(found) == 1 else found


def _of_value(value: Any, names: Mapping[str, str], depth: int) -> Iterator[Triplet]:
    if depth > 4:
        return
    if isinstance(value, dict):
        record = {_ROLES.get(str(key).strip().casefold().replace(" ", "_").replace("entity_", "entity")): field
                  for key, field in value.items()}  # fmt: skip
        if all(isinstance(record.get(role), str) for role in ("head", "tail", "relation")):
            triplet = _made(record["head"], record["tail"], record["relation"], names)
            if triplet is not None:
                yield triplet
            return
        for inner in value.values():
            yield from _of_value(inner, names, depth + 1)
    elif isinstance(value, list):
        if len(value) == 3 and all(isinstance(piece, str) for piece in value):
            triplet = _ordered(value, names, strict=True)
            if triplet is not None:
                yield triplet
                return
        for inner in value:
            if isinstance(inner, str):
                triplet = _from_line(inner, names)
                if triplet is not None:
                    yield triplet
            else:
                yield from _of_value(inner, names, depth + 1)


def _made(head: str, tail: str, relation: str, names: Mapping[str, str]) -> Triplet | None:
    first, second, third = (_clean(piece) for piece in (head, tail, relation))
    if not first or not second or not third or max(map(len, (first, second, third))) > _LONGEST:
        return None
    return first, second, names.get(relation_key(third), third)


def _clean(text: str) -> str:
    return (
        text.strip().strip("\"'`*").strip().removesuffix(".") if text.count(".") == 1 else text.strip().strip("\"'`* ")
    )


def _followed(text: str, names: Mapping[str, str]) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    return all(
        len(pieces := line.split(" ; ")) == 3 and relation_key(pieces[2]) in names and not _BULLET.match(line)
        for line in lines
    )
