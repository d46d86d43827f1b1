"""Servers on loopback as models under test and as judges."""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest
from loopback import Server

from finbench.cli.main import main


@pytest.fixture
def roles(openai_server: Server) -> Callable[[Callable[[str], str | int], Callable[[str], str | int]], Server]:
    """Let the server answer as a model under test and as a judge; requests of the judge name the model `judge`."""

    def answering(tested: Callable[[str], str | int], judge: Callable[[str], str | int]) -> Server:
        def reply(prompt: str) -> str | int:
            model = openai_server.requests[-1]["model"]
            return judge(prompt) if model == "judge" else tested(prompt)

        openai_server.reply = reply
        return openai_server

    return answering


@pytest.fixture
def command() -> Callable[..., tuple[int, str, str]]:
    """Exit code, stdout and stderr of a command, with what its workers write on the file descriptor of stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        out, saved = io.StringIO(), os.dup(2)
        with tempfile.TemporaryFile("w+", encoding="utf-8") as err:
            os.dup2(err.fileno(), 2)
            try:
                with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stop:
                    main(list(arguments))
            finally:
                os.dup2(saved, 2)
                os.close(saved)
            err.seek(0)
            return int(stop.value.code or 0), out.getvalue(), err.read()

    return run


@pytest.fixture
def fenced() -> Callable[[str], tuple[str, str]]:
    """The fenced answer and the reference that a judge's prompt holds, as a judge who reads well finds them."""

    def read(prompt: str) -> tuple[str, str]:
        reference = re.search(r"Reference answer:\n(.*?)\n\n=====", prompt, re.DOTALL)
        mark = re.search(r"two lines that hold the mark (\w+)", prompt)
        assert reference and mark
        begin, end = (f"===== {word} of answer {mark[1]} =====" for word in ("begin", "end"))
        assert prompt.count(begin) == prompt.count(end) == 1
        return prompt.split(begin)[1].split(end)[0].strip(), reference[1]

    return read


@pytest.fixture
def filing_rows() -> list[dict[str, Any]]:
    """Rows in FinanceBench's layout, written for this test: two bare numbers, two open answers."""
    facts = [
        ("A_2020_10K", "What was A's revenue in FY2020, in USD millions?", "$1577.00"),
        ("A_2020_10K", "Did A's margin improve?", "Yes, it rose by two points."),
        ("B_2021_10K", "What was B's tax rate?", "24.6%"),
        ("B_2021_10K", "Which segment of B grew most?", "Water Systems"),
    ]
    return [
        {
            "financebench_id": f"id_{n}", "company": doc[0], "doc_name": doc, "question_type": "novel-generated",
            "question": question, "answer": answer, "justification": None,
            "evidence": [{"evidence_text": f"Passage {n}.", "doc_name": doc, "evidence_page_num": n}],
        }
        for n, (doc, question, answer) in enumerate(facts)
    ]  # fmt: skip
