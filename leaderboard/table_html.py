"""Tables as HTML. Written in Python and not as a template: a board of 50 models and 30 tasks has 300,000 cells."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from leaderboard.charts import Svg
from leaderboard.tables import Badge, Cell, Column, Row, Table
from leaderboard.text import clean


def table_html(table: Table, root: str) -> Svg:
    """A table with caption, scoped headers and sort keys, in a region that can be scrolled by keyboard.

    Everything that is not drawn by `leaderboard.charts` is escaped.

    Args:
        table: the table.
        root: the way from the page to the site's root.
    """
    rows = table.shown
    name = escape(table.id)
    head = "".join(map(_header, table.columns))
    body = "\n".join([_row(row, table.columns, root) for row in rows])
    marks = " data-filter" if table.filterable else ""
    return Svg(
        f'<figure class="table"><div class="scroll" role="region" aria-labelledby="{name}-caption" tabindex="0">\n'
        f'<table id="{name}" data-rows="{len(rows)}"{marks}>\n'
        f'<caption id="{name}-caption">{escape(table.caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>\n"
        f"<figcaption>{_foot(table, root)}</figcaption></figure>"
    )


def badge_html(badge: Badge) -> str:
    """A mark with its meaning: for pointers as a title, for screen readers as hidden text."""
    return (
        f'<span class="badge {badge.kind}" title="{_escaped(badge.title)}">{_escaped(badge.text)}'
        f'<span class="hidden"> ({_escaped(badge.title)})</span></span>'
    )


def sort_key(value: float | str) -> str:
    """What the script sorts by; texts of a log are made safe here as everywhere."""
    return clean(value) if isinstance(value, str) else f"{value:.6g}"


def _header(column: Column) -> str:
    hint = f' title="{escape(column.hint)}"' if column.hint else ""
    sort = " data-sort" if column.sortable else ""
    return (
        f'<th scope="col" class="{column.kind}" data-key="{escape(column.key)}"{sort}{hint}>'
        f"{escape(column.title)}{column.head or ''}</th>"
    )


def _row(row: Row, columns: tuple[Column, ...], root: str) -> str:
    if row.html is not None:
        return row.html
    names = " ".join(name for name, on in (("group", row.starts_group), ("muted", row.muted)) if on)
    opening = f'<tr class="{names}">' if names else "<tr>"
    if row.anchor:
        opening = f'{opening[:-1]} id="{escape(row.anchor)}">'
    parts = [opening]
    for index, cell in enumerate(row.cells):
        column = columns[index]
        value = ""
        if cell.sort is not None and column.sortable:
            value = f' data-v="{_escaped(sort_key(cell.sort))}"'
        if index == row.head:
            tone = f" {cell.tone}" if cell.tone else ""
            parts.append(f'<th scope="row" class="name{tone}"{value}>{_cell(cell, root)}</th>')
        else:
            kind = column.kind if column.kind != "text" else ""
            style = f"{kind} {cell.tone}".strip()
            style = f' class="{style}"' if style else ""
            parts.append(f"<td{style}{value}>{_cell(cell, root)}</td>")
    parts.append("</tr>")
    return "".join(parts)


def _cell(cell: Cell, root: str) -> str:
    text = _escaped(cell.text) if cell.text else ""
    if text and not text.isascii():
        text = f"<bdi>{text}</bdi>"
    if cell.href:
        text = f'<a href="{root}{escape(cell.href)}">{text}</a>'
    if cell.art is not None:
        text += cell.art
    if cell.hidden:
        text += f'<span class="hidden"> {_escaped(cell.hidden)}</span>'
    for mark in cell.badges:
        text += f" {badge_html(mark)}"
    if cell.sub:
        text += f"<small>{_escaped(cell.sub)}</small>"
    if cell.code:
        text += f"<details><summary>{_escaped(cell.open)}</summary><code>{escape(cell.code)}</code></details>"
    return text


def _foot(table: Table, root: str) -> str:
    more = f'<a href="{root}{escape(table.more[1])}">{escape(table.more[0])}</a> · ' if table.more else ""
    if not table.download:
        return f"{more}{escape(table.note)}"
    links = " ".join(
        f'<a href="{root}{escape(table.download)}.{ending}">{ending.upper()}'
        f'<span class="hidden"> of {escape(table.caption)}</span></a>'
        for ending in ("csv", "json")
    )
    return f'{more}{escape(table.note)} <span class="get">Download: {links}</span>'


@lru_cache(maxsize=65536)
def _escaped(text: str) -> str:
    return escape(text)
