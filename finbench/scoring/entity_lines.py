"""Entities in lines: `name, TYPE`, `name (TYPE)`, `name: TYPE`, `TYPE: a, b`, bullets, table rows, tags."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from finbench.scoring.entity_types import TypeNames

Pair = tuple[str, str]

_BULLET = re.compile(r"\s{0,12}(?:(?:[-*•+–▪◦·]|\(?\d{1,3}[.)]|\(\d{1,3}\)|\[\d{1,3}\]|\d{1,2}:|[a-zA-Z]\))\s{1,4})+")
_LEAD = re.compile(
    r"^(?:(?:so|thus|therefore|overall|hence|finally|sure|okay|ok)\b[,!.]?\s{1,3})?"
    r"(?:(?:(?:the|all|these|my|final|here are the|here is the|i (?:found|identified|see)(?: the| these)?"
    r"|we (?:have|find|identify))\s){0,3}"
    r"(?:following\s)?(?:named\s)?(?:entities|entity|answers?|output|list|result|ner)\b(?:\s(?:list|types?"
    r"|found|identified|extracted|present|mentioned))?"
    r"(?:\s(?:in|from|of)\s[^:,]{0,50})?(?:\s(?:are|is|include|includes|would be))?(?:\sas follows)?\s?:?\s{1,4}"
    r"|[A-Z][^,;:()\n]{0,60}\b(?:entit(?:y|ies)|answers?|identified|found|list|output"
    r"|result)\b[^,;:()\n]{0,30}:\s{1,4}"
    r"|(?:i (?:found|identified|see)|we have|there (?:is|are)|it (?:mentions|contains|names)|the (?:text"
    r"|sentence) (?:mentions|contains|names))\s(?:an?\s|the\s)?)",
    re.IGNORECASE,
)
_SUFFIX = re.compile(
    r"(?:Inc|LLC|L\.L\.C|Ltd|Limited|Corp|Corporation|Co|L\.?P|N\.?A|S\.?A|PLC|LLP|Jr|Sr|II|III|IV|N\.?V"
    r"|B\.?V|S\.?p\.?A|GmbH|AG|Incorporated|Esq|Ph\.?D|M\.?D|CFA|CPA|Trustee|D\.C)\.?,?",
    re.IGNORECASE,
)
_KEEPS_STOP = re.compile(
    r"(?:\b(?:Inc|Corp|Ltd|Co|Jr|Sr|Bros|Mr|Mrs|Ms|Dr|St|Ave|Blvd|Rd|Ste|Dept|Esq|No|Cos|Intl|Assn|Mfg)"
    r"|(?:^|[\s.])[A-Z])\.$",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"\W*(?:none|nil|null|n/?a|not (?:found|present|applicable|mentioned)|no(?:ne)? (?:\w+\s){0,3}(?:found"
    r"|identified|mentioned|present)|empty|-+|0|no \w+)\W*",
    re.IGNORECASE,
)
_HEADER_WORDS = frozenset(
    [
        "entity",
        "entities",
        "name",
        "names",
        "type",
        "types",
        "text",
        "label",
        "entity",
        "name",
        "entity",
        "type",
        "answer",
        "output",
        "none",
        "entity_name",
        "category",
    ]
) | {"entity name", "entity type", "named entity", "named entities", "final answer", "entity text"}
_PROSE = re.compile(
    r"\b(?:is|are|was|were|refers|represents?|because|since|which|should|would|could|therefore|classified"
    r"|considered|following"
    r"|such as|mentions?|mentioned|contains?|\w+n't|stands|identify|extract|labelled|labeled|format)\b"
    r"|^(?:no|not|neither|without|any|none)\b(?!\.)|^(?-i:a|an|the) (?=[a-z])",
    re.IGNORECASE,
)
_NO_NAME = re.compile(r"^[A-Z][a-z]+(?: [a-z]+){0,2}: |(?:\b[a-z]+ ){4}|[a-z]{3}[.!]$")
_COUNTED = re.compile(r"^\s{0,8}(?:[-*]\s)?(?:named )?(?:entity|item)\s?#?\d{1,2}\s?[:.)-]\s{1,3}(?=\S)", re.IGNORECASE)
_ORNAMENT = re.compile(
    "^[ ]{0,8}[\u2600-\u27bf\u2b50-\u2b55\U0001f300-\U0001faff]{1,4}[ ]"
    "|[ ]{0,3}[\u2600-\u27bf\u2b50-\u2b55\U0001f300-\U0001faff]{1,4}[ ]{0,3}$"
)
_REMARK = re.compile(r"\s?[,;]\s?[^()\[\]{}]{1,60}[)\]]")
_RELATIVE = re.compile(r",?\s(?:which|who|that)\s(?:is|are|was)\s(?:an?\s|the\s)?[\w ]{0,30}\Z")
_CJK_LEAD = re.compile(r"\A[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af ]{1,16}:\s{0,3}")
_CHINESE_IS = re.compile(r"(?<=[A-Za-z0-9.)])\s?(?:是|为)[^A-Za-z]{0,20}\Z")
_TAIL_NAME = re.compile(
    r"(?:\b(?:is|are|was|were|named|called|mentions|includes?|contains?|by|of|with|between|from|in|at|as|and|to|that"
    r"|the|like|person|organi[sz]ation|location|company)|[,:;])\s{1,3}[\"'“]?"
    r"((?=[A-Z0-9])[^\s,;:()]{1,60}(?:,?\s(?:[A-Z0-9&][^\s,;:()]{0,60}|of|de|for|&|and(?=\s[A-Z])|the)){0,9})[\"'”]?\Z"
)
_IS_A = re.compile(
    r"\s(?:is|are|was|refers to|represents)\s(?:an?\s|the\s|classified as\s|labell?ed\s(?:as\s)?"
    r"|tagged\s(?:as\s)?){0,2}"
)


class LineReader:
    """Reads the pairs of a line; one instance a set of types, since the patterns depend on them."""

    def __init__(self, names: TypeNames) -> None:
        self._names = names
        kinds = rf"(?:[BIES]-)?(?:{names.known}|{names.other}|[A-Z][A-Z_]{{2,17}})"
        self._type = re.compile(
            rf"(?P<sep>\s{{0,3}}(?:->|=>|→|⇒|[,;:|=])\s{{0,3}}|\s{{1,3}}[-–—]{{1,2}}\s{{1,3}}"
            rf"|(?<=\w)\s?[/–—-](?-i:(?=[A-Z]{{3,}}))"
            rf"|\s{{0,3}}[(\[<{{]\s?(?:(?:entity )?type\s?[:=]\s?)?|(?P<is>{_IS_A.pattern}))"
            rf"(?:(?:entity )?type\s?[:=]\s?)?[\"'`*]{{0,2}}(?:an?\s)?"
            rf"(?P<type>{kinds})(?![\w-])[\"'`*]{{0,2}}(?P<close>\s?[)\]>}}]?)",
            re.IGNORECASE,
        )
        self._kind = re.compile(rf"\b(?:{names.known})\b", re.IGNORECASE)
        self._list_head = re.compile(
            rf"[\"'*\s]{{0,4}}(?:[BIES]-)?(?P<type>{names.known}|{names.other})(?:\s?\((?:{names.known}|\w{{1,20}})\)"
            rf"|\s(?:entities|names|entity))?[\"'*]{{0,2}}\s?"
            rf"(?P<sep>[:=]|\s[-–—]\s|->|→)\s{{0,3}}(?P<items>.*)",
            re.IGNORECASE,
        )
        self._head_only = re.compile(
            rf"[\"'*\s]{{0,4}}(?P<type>{names.known})(?:\s?\(\w{{1,20}}\)|\s(?:entities|names"
            rf"|entity))?[\"'*]{{0,2}}\s?:?\s*",
            re.IGNORECASE,
        )
        heads = rf"(?:{names.known})"
        self._heads = re.compile(
            rf"(?:(?<=[;,|.:])|(?<=\S\s\|))\s{{1,3}}(?={heads}(?:\s?[:=]\s?|\s[-–—]\s)\S)", re.IGNORECASE
        )
        self._outside = re.compile(rf"\s?(?P<type>{names.known})\s?\((?P<name>[^()\n]{{1,150}})\)", re.IGNORECASE)
        self._inside = re.compile(
            rf"\[(?:(?P<type>{names.known})[\s:]\s?(?P<name>[^\[\]\n]{{1,150}})\]"
            rf"|(?P<name2>[^\[\]\n]{{1,150}})\](?:_?(?P<type2>{names.known})\b|\((?P<type3>{names.known})\)))"
        )
        noun = r"(?:persons?|people|organi[sz]ations?|locations?)"
        self._prose = re.compile(
            rf"\b[Tt]he (?P<type>{noun}) (?:is"
            rf"|are) (?P<name>(?=[A-Z0-9\"'])[^\n]{{1,120}}?)(?=,?\s(?:and\s)?the {noun} |[.;]?\s*$)"
        )
        self._bare = re.compile(rf"(?P<name>\S[^\n]{{0,150}}?)\s{{1,8}}(?P<type>{names.known})")
        self._turned = re.compile(rf"(?P<type>{names.known}),\s{{1,3}}(?P<name>[^;|]{{1,150}})")
        self._tagged = re.compile(
            rf"<(?:\w{{1,20}}\s(?:type|label|class|category)\s?=\s?[\"'])?(?P<type>{names.known})[\"']?>\s?"
            r"(?P<name>[^<>\n]{1,150}?)\s?</\w{1,20}>",
            re.IGNORECASE,
        )

    def heading(self, line: str) -> str | None:
        """The type that a line announces for the lines below it."""
        stripped = _BULLET.sub("", line, count=1) if _BULLET.match(line) else line
        head = self._head_only.fullmatch(stripped)
        return self._names.name(head["type"]) if head else None

    def read(self, line: str, typed_reply: bool) -> tuple[list[Pair], bool]:
        """The pairs of a line, and whether it says that there are none of a type.

        Args:
            line: One line without markup.
            typed_reply: Whether the reply has types elsewhere, so that words in capitals may be types.
        """
        tagged = [(match["name"], self._names.name(match["type"])) for match in self._tagged.finditer(line)]
        if not tagged:
            tagged = [
                (match["name"] or match["name2"], self._names.name(match["type"] or match["type2"] or match["type3"]))
                for match in self._inside.finditer(line)
            ]
        if tagged:
            return tagged, False
        line = _COUNTED.sub("", _ORNAMENT.sub("", line))
        bullet = _BULLET.match(line)
        line = line[bullet.end() :] if bullet else line.strip()
        if line.count("|") >= 1 and not self._list_head.match(line):
            row = self._row(line, typed_reply)
            if row is not None:
                return ([row] if row[0] else []), False
        outside = self._outside.match(line)
        if outside and not self._names.is_known(outside["name"]):
            return [
                (_clean(match["name"]), self._names.name(match["type"])) for match in self._outside.finditer(line)
            ], False
        parts = [part.strip(" ;,|") for part in self._heads.split(line) if part.strip(" ;,|")]
        if len(parts) > 1 and all(self._is_list(part) for part in parts[1:]):
            if self._is_list(parts[0]):
                read = [self._listed(match) for part in parts if (match := self._list_head.fullmatch(part))]
                return [pair for pairs, _ in read for pair in pairs], all(none for _, none in read)
            if parts[0].endswith((".", ":")) and _PROSE.search(parts[0]):
                return [pair for part in parts[1:] for pair in self.read(part, typed_reply)[0]], False
        listed = self._list_head.fullmatch(line)
        if listed and not self._ends_in_type(line, listed):
            return self._listed(listed)
        turned = self._turned.fullmatch(line)
        if turned and not self._names.is_known(turned["name"].rpartition(",")[2].strip(" .")):
            return [(name, self._names.name(turned["type"])) for name in [_clean(turned["name"])] if name], False
        return list(self._entries(line, typed_reply)), False

    def turned_table(self, lines: Sequence[str]) -> list[Pair]:
        """The pairs of a table that has the types in a row of their own."""
        rows = [
            [cell.strip(" \"'`*") for cell in line.strip().strip("|").split("|")]
            for line in lines
            if line.count("|") > 1
        ]
        rows = [row for row in rows if not all(re.fullmatch(r"[\s:-]*", cell) for cell in row)]
        if len(rows) == 2 and len(rows[0]) == len(rows[1]) > 1:
            for heads, cells in (rows, rows[::-1]):
                if all(map(self._names.is_known, heads)) and not any(map(self._names.is_known, cells)):
                    return [
                        (_clean(cell), self._names.name(head))
                        for head, cell in zip(heads, cells, strict=True)
                        if _clean(cell)
                    ]
        return []

    def bare_pair(self, line: str) -> Pair | None:
        """The pair of a line `name TYPE` without a separator, as tab-separated columns leave it."""
        bullet = _BULLET.match(line)
        match = self._bare.fullmatch((line[bullet.end() :] if bullet else line).strip())
        name = _clean(match["name"]) if match else ""
        if (
            match is None
            or not name
            or match["name"].rstrip()[-1] in ",;:-"
            or _PROSE.search(name)
            or self._names.is_known(name)
        ):
            return None
        return name, self._names.name(match["type"])

    def in_prose(self, line: str) -> list[Pair]:
        """The pairs of "the organization is X, the person is Y"."""
        return [
            (name, self._names.name(match["type"]))
            for match in self._prose.finditer(line)
            if (name := _clean(match["name"]))
        ]

    def bulleted(self, line: str) -> bool:
        """Whether a line is a point of a list."""
        return _BULLET.match(line) is not None

    def names_under(self, line: str) -> list[str]:
        """The names of a line that stands under a heading."""
        bullet = _BULLET.match(line)
        body = (line[bullet.end() :] if bullet else line).strip()
        if _NOTHING.fullmatch(body):
            return []
        if not bullet and _NO_NAME.search(body):
            return []
        if bullet:
            body = re.split(r"\s[-–—]\s|\s\(|:\s", body, maxsplit=1)[0]
            return [name] if (name := _clean(body)) else []
        return _split_names(body, persons=False)

    def _is_list(self, part: str) -> bool:
        listed = self._list_head.fullmatch(part.strip())
        return listed is not None and not self._ends_in_type(part.strip(), listed)

    def _ends_in_type(self, line: str, listed: re.Match[str]) -> bool:
        """Whether `Bank: ORG` is meant: the word before the colon is the name, although it is a type as well."""
        items = listed["items"].strip(" .\"'")
        if not items or self._names.is_known(items):
            return bool(items)
        last = None
        for last in self._type.finditer(line):  # noqa: B007 - the last one is wanted
            pass
        return (
            last is not None
            and not line[last.end() :].strip(" .;")
            and self._names.is_known(last["type"])
            and last.start() > 0
        )

    def _listed(self, listed: re.Match[str]) -> tuple[list[Pair], bool]:
        kind, items = self._names.name(listed["type"]), listed["items"].strip()
        if not items or _NOTHING.fullmatch(items):
            return [], bool(items)
        if not self._names.is_known(listed["type"]) and listed["sep"].strip() not in (":", "="):
            return [], False
        if items[0] + items[-1] in ("[]", "()", "{}"):
            items = items[1:-1]
        return [(name, kind) for name in _split_names(items, persons=kind.startswith("PER"))], False

    def _row(self, line: str, typed_reply: bool) -> Pair | None:
        """The pair of a table row; an empty name for a header or a rule; None if it is no row of the kind."""
        cells = [cell.strip(" \"'`*") for cell in line.strip().strip("|").split("|")]
        if all(re.fullmatch(r"[\s:-]*", cell) for cell in cells) or all(
            cell.lower() in _HEADER_WORDS or not cell for cell in cells
        ):
            return "", ""
        kinds = [number for number, cell in enumerate(cells) if self._names.is_type(cell, typed_reply=typed_reply)]
        if not kinds or len(cells) > 6:
            return None
        place = kinds[-1] if len(kinds) == len(cells) or kinds[-1] > 0 else kinds[0]
        others = [
            cell
            for number, cell in enumerate(cells)
            if number != place and cell and not re.fullmatch(r"\d{1,3}\.?", cell)
        ]
        return (_clean(others[0]), self._names.name(cells[place])) if others else None

    def _entries(self, line: str, typed_reply: bool) -> Iterator[Pair]:
        position = 0
        for match in self._type.finditer(line):
            if match.start() < position or not self._is_entry(line, match, typed_reply):
                continue
            before = line[position : match.start()].lstrip(" ,;.|&/")
            before = re.sub(r"^\(?\d{1,2}[.)]\s{1,3}(?=\S)", "", before) if position else before
            name = _clean(_LEAD.sub("", before, count=1))
            known = self._names.is_known(match["type"])
            prose = _PROSE.search(name) or len(name.split()) > (25 if known else 8)
            if prose and known and match["close"].strip() and (tail := _TAIL_NAME.search(_RELATIVE.sub("", name))):
                name, prose = _clean(tail[1]), False  # "the person is Tim Cook (PER)"
            name = _CJK_LEAD.sub("", _CHINESE_IS.sub("", name))
            legend = name.rpartition(":")[2].strip()
            if legend != name and legend.isupper() and self._names.is_known(legend):
                name = ""  # PER = person
            if (
                name
                and not prose
                and name.lower() not in _HEADER_WORDS
                and not self._names.is_known(name.strip("'\" "))
            ):
                yield name, self._names.name(match["type"])
            elif name and self._names.is_known(name) and not name.isupper() and not _PROSE.search(line):
                yield name, self._names.name(match["type"])  # a role such as "Person"
            position = _after_comment(line, match.end())

    def _is_entry(self, line: str, match: re.Match[str], typed_reply: bool) -> bool:
        written, rest = match["type"], line[match.end() :]
        separator = match["sep"].strip()
        bracketed = separator[:1] in ("(", "[", "<", "{") and bool(separator)
        if bracketed and not match["close"].strip():
            remark = _REMARK.match(rest)  # "(ORG, mentioned twice)"
            return remark is not None and not self._kind.search(remark[0]) and self._names.is_known(written)
        if match["is"] and not self._names.is_known(written):
            return False
        at_end = re.match(r"\s{0,3}(?:$|[;|/#]|[x×]\s?\d|[(\[]|\.\s*$|\.\s|[-–—]\s|:\s|and\b|&)", rest) is not None
        at_end = at_end or (separator == "/" and match["close"].isspace() and self._names.is_known(written))
        if not self._names.is_type(written, typed_reply=typed_reply and at_end):
            return False
        if not self._names.is_known(written) and self._type.match(rest):
            return False  # "IBM (ORG)"
        if written.isupper() and self._names.is_known(written):
            return bracketed or at_end or rest.lstrip().startswith(",") or rest[:1] == "."
        return bracketed or at_end or (self._names.is_known(written) and re.match(r"\s?,", rest) is not None)


def _after_comment(line: str, position: int) -> int:
    """Where the next entry may begin: behind a comment in brackets or one set off by a dash or a colon."""
    remark = _REMARK.match(line, position)
    if remark:
        position = remark.end()
    bracket = re.compile(r"\s{0,3}[(\[](?!\d{1,2}[)\]])[^()\[\]]{0,200}[)\]]").match(line, position)
    if bracket:
        position = bracket.end()
    if re.compile(r"\s{0,3}(?:[-–—:]\s|because\b|since\b)").match(line, position):
        following = line.find(";", position)
        return len(line) if following < 0 else following
    return position


def _clean(name: str) -> str:
    """A name without what does not belong to it: quotes, markdown, list signs, an open or a lone bracket."""
    name = re.sub(r"\s{2,}", " ", name).strip(" \t,;:|*_`~")
    name = re.sub(r"^(?:and|&|as well as|also)\s+", "", name)
    for _ in range(2):
        if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
            name = name[1:-1].strip()
        if len(name) > 1 and name[0] + name[-1] in ("[]", "()", "<>", "{}"):
            name = name[1:-1].strip()
    for opening, closing in ("()", "[]"):
        if name.startswith(opening) and closing not in name:
            name = name[1:].strip()
        if name.endswith(closing) and opening not in name:
            name = name[:-1].strip()
    if name.count('"') == 1:
        name = name.replace('"', "").strip()
    if name[:1] == "'" and name.count("'") == 1:
        name = name[1:].strip()
    return name if re.search(r"\w", name) and len(name) <= 200 else ""


def _split_names(items: str, persons: bool) -> list[str]:
    """The names of a list: parts at semicolons, else at commas that no suffix such as "Inc." follows."""
    if ";" in items:
        parts = items.split(";")
    else:
        parts = []
        for part in re.split(r",(?=\s|$|[\"'])", items):
            if parts and (_SUFFIX.fullmatch(part.strip(" \"'")) or _open_quote(parts[-1])):
                parts[-1] += "," + part
            else:
                parts.append(part)
        if len(parts) > 1 or persons:
            head, _, tail = parts[-1].rpartition(" and ")
            if head.strip():
                parts[-1:] = [head, tail]
    names = []
    for number, part in enumerate(parts):
        name = re.sub(r"\s\([^()]{0,120}\)\.?\s*$", "", part) if not part.strip().startswith("(") else part
        name = _clean(name)
        if number == len(parts) - 1 and name.endswith(".") and not _KEEPS_STOP.search(name):
            name = name[:-1].rstrip()
        if name and not _NOTHING.fullmatch(name):
            names.append(name)
    return names


def _open_quote(text: str) -> bool:
    return text.count('"') % 2 == 1
