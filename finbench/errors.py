"""What finbench raises when the fault lies outside of it, and how it speaks on stderr."""

from __future__ import annotations

import sys
from typing import IO, Any

import click


def one_line(text: str) -> str:
    """A text in which every character that is not shown is written as an escape.

    Names of files and models come from anybody: a line break in one could begin a command to whatever reads the output
    of a build, and an escape sequence could hide what stands before it on a terminal.
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def tell(sentence: str) -> None:
    """Print a sentence on stderr, as one line."""
    click.echo(f"finbench: {one_line(sentence)}", err=True)


class _Fault(click.ClickException):
    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence on stderr (or `file`)."""
        click.echo(f"finbench: {self.format_message()}", file=file or sys.stderr)


class InputError(_Fault):
    """Input that cannot be used: a task, a path, a row, a recipe, a model.

    The message is one sentence that names the thing and the way out. Being a click exception, it ends both our own
    commands and `inspect eval` with that sentence on stderr, exit code 2 and no traceback.
    """

    exit_code = 2


class ClaimFailed(_Fault):
    """The input was usable and the check or claim did not hold: exit code 1."""

    exit_code = 1
