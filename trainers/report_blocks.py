"""Parts of a report and their two forms, Markdown and HTML; what stands in them is text, never markup."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}
th,td{border:1px solid #8886;padding:.3rem .6rem;text-align:left;vertical-align:top}
th{background:#8882}
figure{margin:1rem 0}
svg{max-width:100%;height:auto}
"""


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading; `level` 1 is the title."""

    level: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """A paragraph of text."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; `heads` may be empty texts."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An SVG image: its text, the file it also stands in, and what it shows."""

    svg: str
    file: str
    text: str


Block = Heading | Paragraph | Table | Picture


def to_markdown(blocks: Sequence[Block]) -> str:
    """The blocks as Markdown (GitHub's tables); pictures are links to their files."""
    parts = []
    for block in blocks:
        if isinstance(block, Heading):
            parts.append(f"{'#' * block.level} {_plain(block.text)}")
        elif isinstance(block, Paragraph):
            parts.append(_plain(block.text))
        elif isinstance(block, Picture):
            parts.append(f"![{_plain(block.text)}]({block.file})")
        else:
            lines = [_row(block.heads), "|" + " --- |" * len(block.heads), *(_row(row) for row in block.rows)]
            parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def to_html(blocks: Sequence[Block], title: str) -> str:
    """The blocks as one HTML file without scripts or anything from elsewhere."""
    parts = []
    for block in blocks:
        if isinstance(block, Heading):
            parts.append(f"<h{block.level}>{html.escape(block.text)}</h{block.level}>")
        elif isinstance(block, Paragraph):
            parts.append(f"<p>{html.escape(block.text)}</p>")
        elif isinstance(block, Picture):
            parts.append(f"<figure>{block.svg}<figcaption>{html.escape(block.text)}</figcaption></figure>")
        else:
            head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in block.heads)
            body = "".join(
                "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in block.rows
            )
            named = f"<thead><tr>{head}</tr></thead>" if any(block.heads) else ""
            parts.append(f"<table>{named}<tbody>{body}</tbody></table>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Text that can neither end a cell nor become markup of Markdown or HTML."""
    line = " ".join(text.split()).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return re.sub(r"([`*\[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))", r"\\\1", line)
