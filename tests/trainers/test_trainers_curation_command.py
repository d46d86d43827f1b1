"""`finbench curate`: its four commands from files to files, and what it says of input that it cannot use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from loopback import Server

from finbench.curation.schema import CRITERIA
from trainers.curate_cli import curate

WEB = [
    {
        "id": "a",
        "text": "Bond yields rose by ten basis points after the auction.",
        "url": "https://www.ecb.europa.eu/a",
    },
    {"id": "b", "text": "The home side scored twice before the break.", "url": "https://sports.example/b"},
    {"id": "c", "text": "Bond yields rose by ten  basis points after the auction.", "url": "https://ft.com/c"},
    {"id": "d", "text": "Shareholders receive what is left after debts are paid.", "url": "https://imf.org/d"},
]


@pytest.fixture
def web(tmp_path: Path) -> Path:
    path = tmp_path / "web.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in WEB), encoding="utf-8")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(curate, [str(one) for one in arguments])


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def points(score: int) -> str:
    return json.dumps({"why": "so", **{name: int(place < score) for place, name in enumerate(CRITERIA)}})


def test_web_text_becomes_scored_text_and_exercises(openai_server: Server, tmp_path: Path, web: Path) -> None:
    pytest.importorskip("datasketch")
    kept, scored, best, made = (tmp_path / f"{name}.jsonl" for name in ("kept", "scored", "best", "exercises"))
    result = run("filter", web, "--urls", "finance", "--deduplicate", "0.8", "-o", kept)
    assert result.exit_code == 0, result.output
    assert (
        "filter 4 to 3 (left out: urls 1)" in result.stdout and "duplicates 3 to 2 (1 equal, 0 near)" in result.stdout
    )
    assert [row["id"] for row in rows(kept)] == ["a", "d"]
    report = json.loads((tmp_path / "kept.report.json").read_text())
    assert report["sources"][0]["filter"]["before"] == 4 and report["rows"] == 2

    openai_server.reply = lambda prompt: points(5 if "Shareholders" in prompt else 2)
    asking = ("--model", "openai-api/loopback/m", "--log-dir", tmp_path / "logs")
    result = run("quality", kept, "-o", scored, *asking)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("2 of 2 rows scored (0: 0, 1: 0, 2: 1, 3: 0, 4: 0, 5: 1)")
    assert [row["score"] for row in rows(scored)] == [2, 5]

    assert run("filter", scored, "--quality", "4", "-o", best).exit_code == 0
    assert [row["id"] for row in rows(best)] == ["d"]

    offered = {"question": "Who is paid last?", "answer": "Shareholders", "evidence": [WEB[3]["text"]]}
    openai_server.reply = lambda prompt: json.dumps({"exercises": [offered, {**offered, "evidence": ["nowhere " * 9]}]})
    result = run("exercises", best, "-o", made, "--json", *asking)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["left_out"] == {"evidence_absent": 1}
    assert [(row["prompt"], row["completion"]) for row in rows(made)] == [("Who is paid last?", "Shareholders")]


def test_rows_without_a_reply_are_said_and_asked_again(openai_server: Server, tmp_path: Path, web: Path) -> None:
    openai_server.reply = lambda prompt: 400 if "scored twice" in prompt else points(3)
    asking = (web, "-o", tmp_path / "s.jsonl", "--model", "openai-api/loopback/m", "--log-dir", tmp_path / "logs")
    result = run("quality", *asking)
    assert result.exit_code == 1
    assert "3 of 4 rows scored" in result.stdout and "1 texts got no reply (the first is b:" in result.stderr
    assert [row["score"] for row in rows(tmp_path / "s.jsonl")] == [3, None, 3, 3], "what was finished is there"
    openai_server.reply = lambda prompt: points(1)
    assert run("quality", *asking).exit_code == 0
    assert [row["score"] for row in rows(tmp_path / "s.jsonl")] == [3, 1, 3, 3]


def test_a_classifier_is_learned_measured_and_used(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    finance, others = tmp_path / "finance.jsonl", tmp_path / "others.jsonl"
    for path, words in (
        (finance, "the bond paid a coupon of {} on shares"),
        (others, "the river carried {} trees home"),
    ):
        path.write_text("".join(json.dumps({"text": words.format(n)}) + "\n" for n in range(50)), encoding="utf-8")
    result = run("classifier", "--of", finance, "--others", others, "-o", tmp_path / "clf")
    assert result.exit_code == 0, result.output
    assert "precision: 100.0 (" in result.stdout and "others let through: 0.0 (0.0 to" in result.stdout
    result = run("filter", finance, others, "--classifier", tmp_path / "clf", "--json", "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 2 and "lets none of the 50 rows of others.jsonl through" in result.stderr
    result = run("filter", finance, "--classifier", tmp_path / "clf", "--json", "-o", tmp_path / "out.jsonl")
    assert json.loads(result.stdout)["rows"] == 50


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("filter", "{web}", "-o", "{out}"), "nothing to filter by"),
        (("filter", "{web}", "-o", "{out}", "--deduplicate", "7"), "--deduplicate 7"),
        (("filter", "{web}", "-o", "{out}", "--urls", "nothing.yaml"), "nothing.yaml cannot be read"),
        (("filter", "{web}", "-o", "{out}", "--quality", "4"), "has a `score`"),
        (("filter", "{web}", "-o", "{out}", "--urls", "finance", "--column", "url"), "FIELD=COLUMN"),
        (
            ("filter", "{web}", "-o", "{out}", "--urls", "finance", "--column", "link=url"),
            "`columns` has the key 'link'",
        ),
        (("filter", "{web}", "-o", "{out}", "--classifier", ".", "--at-least", "2"), "at_least"),
        (("filter", "no.jsonl", "-o", "{out}", "--urls", "finance"), "no file or folder"),
        (("quality", "no.jsonl", "-o", "{out}", "--model", "openai-api/loopback/m"), "no file or folder"),
        (("quality", "{web}", "-o", "{out}", "--model", "gpt"), "neither a model string"),
        (("exercises", "{web}", "-o", "{out}", "--model", "openai-api/none/m"), "NONE_BASE_URL"),
        (("classifier", "--of", "{web}", "--others", "no.jsonl", "-o", "{out}"), "no file or folder"),
        (("filter", "-o", "{out}"), "ROWS"),
    ],
)
def test_bad_input_ends_in_one_sentence(tmp_path: Path, web: Path, arguments: tuple[str, ...], says: str) -> None:
    out = tmp_path / "out.jsonl"
    result = run(*(one.format(web=web, out=out) for one in arguments))
    assert result.exit_code == 2 and says in result.stderr
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_one_sentence(openai_server: Server, tmp_path: Path, web: Path) -> None:
    openai_server.reply = lambda prompt: points(3)
    target = web / "below" / "out.jsonl"  # below a file
    result = run("quality", web, "-o", target, "--model", "openai-api/loopback/m", "--log-dir", tmp_path / "logs")
    assert result.exit_code == 2 and "cannot be written" in result.stderr, result.output
    assert not openai_server.requests, "said before a model is asked"
    assert run("filter", web, "-o", target, "--urls", "finance").exit_code == 2
