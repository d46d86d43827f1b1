"""Tables: one object that becomes the HTML table and its CSV and JSON twins."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from leaderboard.charts import Svg

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A short mark beside a value; `title` says what it means."""

    text: str
    title: str
    kind: Literal["plain", "warn", "accent"] = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as the page shows it.

    Attributes:
        title: the header.
        hint: what the header means, for readers who hover or ask.
        kind: `num` is aligned to the right, `chart` holds a drawing, `code` a command.
        sortable: whether the script may sort by it.
        head: a scale that is drawn below the header.
    """

    key: str
    title: str
    hint: str = ""
    kind: Literal["text", "num", "chart", "code"] = "text"
    sortable: bool = True
    head: Svg | None = None


@dataclass(
    slots=True, kw_only=True, eq=False
)  # not frozen: a board has half a million, and frozen ones take thrice as long
class Cell:
    """What stands in a cell.

    Attributes:
        text: visible text.
        sub: a second, smaller line.
        href: page of the site that the text links to, relative to the site's root.
        sort: what the script sorts by; the text where there is none.
        art: a drawing made by `leaderboard.charts`.
        hidden: words for screen readers only.
        badges: marks after the text.
        code: a command or a text, shown on demand.
        open: the words that bring it up.
        tone: a class of the style sheet.
    """

    text: str = ""
    sub: str = ""
    href: str = ""
    sort: float | str | None = None
    art: Svg | None = None
    hidden: str = ""
    badges: tuple[Badge, ...] = ()
    code: str = ""
    open: str = "show"
    tone: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class Row:
    """A row: its cells in the order of the columns, and the same facts for machines.

    A row without cells is not on the page, only in the downloads.

    Attributes:
        head: index of the cell that names the row.
        starts_group: whether a rule is drawn above it.
        anchor: id of the row on the page.
        html: the row as it stands on the page, where a module writes that itself; everything in it is escaped.
        lines: the row in the downloads, as JSON and as CSV, where a module writes them itself.
    """

    cells: tuple[Cell, ...] = ()
    data: dict[str, Scalar] = field(default_factory=dict)
    head: int = 0
    starts_group: bool = False
    muted: bool = False
    anchor: str = ""
    html: Svg | None = None
    lines: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of a page.

    Attributes:
        id: anchor on the page, and the name of the downloads.
        caption: what the table shows; every table has one.
        note: small print below it.
        more: words of a link to where the rest of the rows are, with the page.
        download: file name of the twins without the ending, relative to the site's root; none if empty.
        fields: header of the CSV, where the rows hold their lines.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    more: tuple[str, str] | None = None
    download: str = ""
    fields: tuple[str, ...] = ()

    @property
    def shown(self) -> list[Row]:
        """The rows that the page shows."""
        return [row for row in self.rows if row.cells or row.html is not None]

    @property
    def filterable(self) -> bool:
        """Whether the table is long enough for a search field."""
        return len(self.shown) > 12


def to_json(table: Table) -> str:
    """The rows as a JSON document, one row a line; numbers that JSON has no form for become null."""
    try:
        if table.fields:
            rows = [row.lines[0] for row in table.rows if row.lines is not None]
        else:
            rows = _lines([row.data for row in table.rows])
    except ValueError:
        rows = _lines([{key: _finite(value) for key, value in row.data.items()} for row in table.rows])
    joined = ",\n".join(rows)
    return f'{{"table": {json.dumps(table.caption)}, "rows": [\n{joined}\n]}}\n'


def to_csv(table: Table) -> str:
    """The rows as CSV with a header; texts that a spreadsheet would run as formulas get an apostrophe."""
    if table.fields:
        written = [row.lines[1] for row in table.rows if row.lines is not None]
        return "\n".join((",".join(table.fields), *written, ""))
    keys = table.rows[0].data.keys() if table.rows else {}.keys()
    alike = all(row.data.keys() == keys for row in table.rows)  # nearly always; looking each key up takes twice as long
    fields = list(keys) if alike else list(dict.fromkeys(key for row in table.rows for key in row.data))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([inert(name) for name in fields])
    if alike:
        writer.writerows(
            [f"'{value}" if type(value) is str and value[:1] in _RISKY else value for value in row.data.values()]
            for row in table.rows
        )
    else:
        writer.writerows([inert(row.data.get(name)) for name in fields] for row in table.rows)
    return out.getvalue()


# A raw NUL stands in no JSON, so it parts values that were encoded in one call: far quicker than a call a row.
_MARK = "\0"
_values = json.JSONEncoder(allow_nan=False, separators=(_MARK, ": ")).encode


def _lines(rows: list[dict[str, Scalar]]) -> list[str]:
    """Each row as a JSON object."""
    if not rows:
        return []
    encoded = iter(_values([value for row in rows for value in row.values()])[1:-1].split(_MARK))
    shapes: dict[tuple[str, ...], str] = {}
    lines = []
    for row in rows:
        keys = tuple(row)
        if keys not in shapes:
            fields = ", ".join(f"{json.dumps(key).replace('%', '%%')}: %s" for key in keys)
            shapes[keys] = f"{{{fields}}}"
        lines.append(shapes[keys] % tuple(islice(encoded, len(keys))))
    return lines


#: What a formula of a spreadsheet begins with, or what is dropped before one.
_RISKY = frozenset("=+-@\t\r")


def _finite(value: Scalar) -> Scalar:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def inert(value: Scalar) -> Scalar:
    """A value of a CSV; a text that a spreadsheet would run gets an apostrophe."""
    return f"'{value}" if type(value) is str and value[:1] in _RISKY else value  # the writer leaves None empty
