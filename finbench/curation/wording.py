"""The words that a model is given; the text it looks at is fenced off by a mark that no text can hold."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from finbench.judging.wording import mark
from finbench.preference.schema import digest

#: Said after a reply that cannot be read.
REPEAT = "That reply cannot be read. Reply again with the one JSON object that was asked for, whole, and nothing else."
_FIELD = re.compile(r"\{\{(\w+)\}\}")


@cache
def prompt_file(name: str) -> str:
    """The text of a prompt file, `quality` or `exercises`."""
    return resources.files("finbench.curation").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8").strip()


def quality_prompt(text: str) -> str:
    """What a model is asked about one text."""
    return _filled("quality", text=text, mark=mark(text))


def exercises_prompt(text: str, most: int) -> str:
    """What a model is asked to make of one passage."""
    return _filled("exercises", text=text, mark=mark(text), most=str(most))


def words_sha256(name: str) -> str:
    """Fingerprint of a prompt file and of what is said after it, 16 hex digits: other words are another curation."""
    return digest([prompt_file(name), REPEAT])


def _filled(name: str, **fields: str) -> str:
    """The prompt with its fields, in one pass: what is filled in is never read as a field."""
    return _FIELD.sub(lambda match: fields[match[1]], prompt_file(name))
