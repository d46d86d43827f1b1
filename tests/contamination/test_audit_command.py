"""`finbench audit` as a contract: JSON, exit codes, one sentence for bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from finbench.contamination.report import read_report
from finbench.data.locate import package_path
from finbench.errors import InputError
from finbench.tasks.catalogue import DEFINITIONS

KEYS = {"name", "items", "exact", "ngram8", "ngram13", "near", "overlapping", "share", "ids"}
TONE = package_path(DEFINITIONS["fin_tone"].card)


@pytest.fixture
def leaked(lines: Callable[..., Path]) -> Path:
    """Training rows of which six hold a sentence of fin_tone."""
    assert TONE is not None
    sentences = [json.loads(line)["text"] for line in TONE.read_text(encoding="utf-8").splitlines()[:6]]
    return lines([{"text": f"In the news: {text} And so on."} for text in sentences] + [{"text": "nothing"}] * 4)


def test_the_json_is_as_the_contract_says(command: Callable[..., Result], leaked: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    result = command(leaked, "--tasks", "fin_tone,fin_terms", "--json", "-o", out)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document == json.loads(out.read_text())
    tone, terms = document["tasks"]
    assert tone.keys() >= KEYS
    assert (tone["name"], tone["exact"], tone["overlapping"], len(tone["ids"])) == ("fin_tone", 6, 6, 6)
    assert tone["share"] == 6 / tone["items"]
    assert (terms["overlapping"], terms["ids"]) == (0, [])
    assert terms["with_choices"]["items"] == terms["items"] and tone["with_choices"] is None
    assert document["training"]["documents"] == 10
    assert document["training"]["documents_overlapping"] == 6
    assert str(tmp_path) not in result.stdout


def test_the_same_inputs_give_the_same_bytes(command: Callable[..., Result], leaked: Path) -> None:
    assert len({command(leaked, "--tasks", "fin_tone", "--json").stdout for _ in range(2)}) == 1


def test_generated_tasks_are_audited_on_their_official_exam(command: Callable[..., Result], leaked: Path) -> None:
    result = command(leaked, "--tasks", "fin_calc", "--json")
    assert json.loads(result.stdout)["tasks"][0]["official"] is True


def test_tasks_of_a_suite_without_rows_are_named_and_left_out(
    command: Callable[..., Result], leaked: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FINBENCH_DATA", str(tmp_path))
    result = command(leaked, "--suite", "tasks", "--json", "--rules", "exact")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert "fpb" in document["tasks_left_out"] and "fin_tone" in {task["name"] for task in document["tasks"]}
    assert "not audited, since their rows are not here" in result.stderr
    assert document["tasks"][0]["near"] is None


def test_the_table_is_for_people(command: Callable[..., Result], leaked: Path) -> None:
    result = command(leaked, "--tasks", "fin_tone")
    assert result.exit_code == 0
    assert "fin_tone" in result.stdout and "6 of 10 training documents" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tasks", "fin_tone"], "no training text is named"),
        (["nowhere.jsonl", "--tasks", "fin_tone"], "no training text at nowhere.jsonl"),
        (["LEAKED", "--tasks", "fin_tune"], "did you mean fin_tone"),
        (["LEAKED", "--suite", "everything"], "there is no suite"),
        (["LEAKED"], "no tasks are named"),
        (["LEAKED", "--tasks", "fpb"], "has no rows"),
        (["LEAKED", "--tasks", "fin_tone", "--rules", "embedding"], "the rules are exact, ngram13, ngram8, near"),
        (["LEAKED", "--tasks", "fin_tone", "-o", "LEAKED/x/report.json"], "cannot be written"),
    ],
)
def test_bad_input_ends_in_one_sentence_and_exit_code_2(
    command: Callable[..., Result], leaked: Path, arguments: list[str], said: str
) -> None:
    result = command(*(argument.replace("LEAKED", str(leaked)) for argument in arguments))
    assert result.exit_code == 2
    assert said in result.stderr
    assert len([line for line in result.stderr.splitlines() if line.startswith("finbench: ")]) == 1
    assert "Traceback" not in result.output


def test_a_file_that_is_no_report_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    for content in (
        "",
        "[]",
        '{"tasks": 3}',
        '{"tasks": [{"name": "a"}]}',
        '{"tasks": [{"name":"a","items":1,"ids":[1]}]}',
    ):
        path.write_text(content)
        with pytest.raises(InputError, match="is no report of an audit"):
            read_report(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_report(tmp_path / "nowhere.json")
