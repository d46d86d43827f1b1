"""The tasks of curation from end to end, on a server whose answers are known and whose faults are made."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai._util.registry import registry_info
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from inspect_ai.model import GenerateConfig, Model, get_model
from loopback import Server

import finbench
from finbench.curation.replies import check_exercise
from finbench.curation.rows import read_rows
from finbench.curation.running import run_exercises, run_quality, training_text
from finbench.curation.schema import CRITERIA, REPLY_REASONS, Exercise, Settings
from finbench.curation.tasks import curated, extract_exercises, score_quality
from finbench.curation.wording import REPEAT
from finbench.errors import InputError
from finbench.evaluation.models import ModelSpec, model_spec

ROWS = [
    {"id": f"r{n}", "text": f"Row number {n} says that a bond's price falls when its yield rises."} for n in range(6)
]
QUICK = Settings(max_retries=0, attempts=2)


@pytest.fixture
def model(openai_server: Server) -> ModelSpec:
    return model_spec("openai-api/loopback/curator")


def shown(server: Server) -> str:
    """The text that the last request is about."""
    prompt = server.requests[-1]["messages"][0]["content"]
    found = re.search(r"===== begin of \w+ (\w+) =====\n(.*?)\n===== end of \w+ \1 =====", prompt, re.DOTALL)
    assert found is not None
    return found[2]


def number(server: Server) -> int:
    return int(re.findall(r"\d+", shown(server))[0])


def points(score: int) -> str:
    values = {name: int(place < score) for place, name in enumerate(CRITERIA)}
    return json.dumps({"why": f"it earns {score}", **values})


def test_every_score_comes_back_and_nothing_is_asked_twice(
    openai_server: Server, model: ModelSpec, tmp_path: Path
) -> None:
    openai_server.reply = lambda prompt: points(number(openai_server))
    made = run_quality(ROWS, model, QUICK, tmp_path / "logs")
    assert [row["score"] for row in made.rows] == [0, 1, 2, 3, 4, 5]
    assert [row["text"] for row in made.rows] == [row["text"] for row in ROWS]
    assert made.report["scores"] == {str(score): 1 for score in range(6)} and made.report["scored"] == 6
    assert made.report["points"] == dict(zip(CRITERIA, (5, 4, 3, 2, 1), strict=True))
    assert made.report["calls"] == len(openai_server.requests) == 6 and made.report["missing"] == {}
    again = run_quality(ROWS, model, QUICK, tmp_path / "logs")
    assert again.rows == made.rows and len(openai_server.requests) == 6
    run_quality(ROWS[:2], model, QUICK, tmp_path / "logs")
    assert len(openai_server.requests) == 6, "other rows are another run, and the cache still knows the replies"
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    made.write(first)
    again.write(second)
    assert first.read_bytes() == second.read_bytes()
    assert json.loads((tmp_path / "a.report.json").read_text())["rows"] == 6
    assert read_rows([first])[5]["score"] == 5
    assert str(tmp_path) not in (tmp_path / "a.report.json").read_text()


def test_replies_that_cannot_be_read_are_asked_for_again_and_counted(
    openai_server: Server, model: ModelSpec, tmp_path: Path
) -> None:
    half = points(3)[:40]

    def reply(prompt: str) -> str:
        if number(openai_server) == 1:
            return points(4) if prompt == REPEAT else half
        return {2: half, 3: "I would give it 5 of 5.", 4: ""}.get(number(openai_server), points(5))

    openai_server.reply = reply
    made = run_quality(ROWS, model, QUICK, tmp_path)
    assert [row["score"] for row in made.rows] == [5, 4, None, None, None, 5]
    assert [row["score_reason"] for row in made.rows] == ["", "", *["unreadable"] * 3, ""]
    assert made.report["not_scored"] == {"unreadable": 3} and set(made.report["not_scored"]) <= set(REPLY_REASONS)
    assert made.report["calls"] == 6 + 4
    log = read_eval_log(next(tmp_path.glob("curation_quality-*/*.eval")))
    assert log.results is not None
    assert log.results.scores[0].metrics["mean"].value == pytest.approx((5 + 4 + 5) / 3), "unreadable is no 0"


def test_refusals_are_told_apart(openai_server: Server, model: ModelSpec, tmp_path: Path) -> None:
    openai_server.finish_reason = "content_filter"
    openai_server.reply = lambda prompt: "I cannot."
    made = run_quality(ROWS[:1], model, QUICK, tmp_path)
    assert made.report["not_scored"] == {"refused": 1} and made.report["calls"] == 1


def test_provider_that_fails_in_a_third_of_calls_loses_nothing(
    openai_server: Server, model: ModelSpec, tmp_path: Path
) -> None:
    dice = random.Random(3)
    faults = [dice.choice((429, 500, "half")) if dice.random() < 0.3 else None for _ in range(500)]
    openai_server.fault = lambda request: faults[request]
    openai_server.reply = lambda prompt: points(number(openai_server))
    settings = Settings(max_retries=0, max_connections=1)
    made = run_quality(ROWS, model, settings, tmp_path)
    for _ in range(3):
        if made.report["missing"]:
            made = run_quality(ROWS, model, settings, tmp_path)
    assert [row["score"] for row in made.rows] == [0, 1, 2, 3, 4, 5]
    assert len(openai_server.requests) > 6


def test_a_provider_that_is_down_leaves_rows_without_a_score_and_says_so(
    openai_server: Server, model: ModelSpec, tmp_path: Path
) -> None:
    openai_server.reply = lambda prompt: 500 if number(openai_server) == 2 else points(3)
    made = run_quality(ROWS, model, QUICK, tmp_path)
    assert made.rows[2]["score"] is None and made.rows[2]["score_reason"] == "provider"
    assert list(made.report["missing"]) == ["r2"] and made.report["not_scored"] == {"provider": 1}
    openai_server.reply = lambda prompt: points(1)
    before = len(openai_server.requests)
    whole = run_quality(ROWS, model, QUICK, tmp_path)
    assert len(openai_server.requests) == before + 1, "only what failed is asked again"
    assert [row["score"] for row in whole.rows] == [3, 3, 1, 3, 3, 3]


def test_long_texts_are_read_in_part_and_counted(openai_server: Server, model: ModelSpec, tmp_path: Path) -> None:
    openai_server.reply = lambda prompt: points(2)
    rows = [{"id": "long", "text": "Yields rose. " * 100}]
    made = run_quality(rows, model, Settings(characters=200, max_retries=0), tmp_path)
    assert made.report["read_in_part"] == 1 and made.rows[0]["text"] == rows[0]["text"]
    assert 100 < len(shown(openai_server)) <= 200


@pytest.mark.parametrize(("structured", "sent"), [(True, True), (False, False), (None, False)])
def test_the_schema_is_sent_where_it_is_wanted(
    openai_server: Server, model: ModelSpec, tmp_path: Path, structured: bool | None, sent: bool
) -> None:
    openai_server.reply = lambda prompt: points(2)
    run_quality(ROWS[:1], model, Settings(max_retries=0, structured=structured), tmp_path)
    request = openai_server.requests[-1]
    assert request["temperature"] == 0
    assert ("response_format" in request) is sent
    if sent:
        schema = request["response_format"]["json_schema"]["schema"]
        assert schema["required"] == ["why", *CRITERIA] and schema["properties"]["clean"]["enum"] == [0, 1]


# --- exercises


def good(text: str, **changes: object) -> dict[str, object]:
    fields = {"question": f"What does {text.split(' says')[0]} hold of prices?", "answer": "They fall.", "choices": []}
    return {**fields, "scenario": "", "solution": "", "evidence": [text], **changes}


def test_only_exercises_whose_quotes_stand_in_the_text_become_training_rows(
    openai_server: Server, model: ModelSpec, tmp_path: Path
) -> None:
    def reply(prompt: str) -> str:
        text = shown(openai_server)
        offered = [
            good(text),
            good(text, question="Which?", choices=["Up", "Down"], answer="down", solution="Yield up.\nPrice down."),
            good(text, question="Is it so?", evidence=["Nobody has ever said this anywhere."]),
        ]
        whole = json.dumps({"exercises": offered})
        return {0: whole, 1: whole[:-90], 2: "none", 3: '{"exercises": []}'}.get(number(openai_server), whole)

    openai_server.reply = reply
    made = run_exercises(ROWS[:4], model, QUICK, tmp_path)
    report = made.report
    assert [row["id"] for row in made.rows] == ["r0/0/0", "r0/0/1", "r1/0/0"], "'Which?' came before"
    assert report["left_out"] == {"evidence_absent": 1, "repeated": 1} and report["accepted"] == 3
    assert report["offered"] == report["accepted"] + sum(report["left_out"].values())
    assert report["passages_without_a_reply"] == {"unreadable": 1} and report["replies_cut"] == 1
    assert report["passages"] == 4 and report["passages_with_exercises"] == 2
    texts = {str(row["id"]): str(row["text"]) for row in ROWS}
    for row in made.rows:
        for quote in row["evidence"]:
            assert texts[row["row"]][quote["start"] : quote["end"]] == quote["text"]
        assert row["origin"] == "written" and row["source"]["log"] == report["logs"][0]
    assert made.rows[1]["prompt"] == "Which?\n\nA. Up\nB. Down"
    assert made.rows[1]["completion"] == "Yield up.\nPrice down.\nAnswer: B. Down"
    assert made.rows[0]["completion"] == "They fall."


def test_exercise_rows_are_training_rows_of_the_trainers(
    openai_server: Server, model: ModelSpec, tmp_path: Path
) -> None:
    readers = pytest.importorskip("trainers.data.readers")
    openai_server.reply = lambda prompt: json.dumps({"exercises": [good(shown(openai_server))]})
    made = run_exercises(ROWS, model, QUICK, tmp_path / "logs")
    made.write(tmp_path / "exercises.jsonl")
    read = list(readers.read_path(tmp_path / "exercises.jsonl"))
    assert [(row["prompt"], row["completion"]) for row in read] == [(r["prompt"], r["completion"]) for r in made.rows]
    assert len(read) == 6


def test_what_stands_in_the_text_is_told_from_what_was_written(
    openai_server: Server, model: ModelSpec, tmp_path: Path
) -> None:
    text = "Why does a bond's price fall? Because its coupons are worth less at a higher yield."
    openai_server.reply = lambda prompt: json.dumps(
        {"exercises": [good(text, question="Why does a bond's price fall?"), good(text, question="What is it worth?")]}
    )
    made = run_exercises([{"id": "b", "text": text}], model, QUICK, tmp_path)
    assert Counter(row["origin"] for row in made.rows) == {"found": 1, "written": 1}
    assert made.report["found_in_the_text"] == 1


def test_long_texts_are_several_passages_with_places_in_the_whole(
    openai_server: Server, model: ModelSpec, tmp_path: Path
) -> None:
    sentences = [f"Sentence {n} tells of a yield that moved by {n} points. " for n in range(30)]
    rows = [{"id": "book", "text": "".join(sentences)}]

    def reply(prompt: str) -> str:
        last = shown(openai_server).strip().splitlines()[-1].rsplit(". ", 1)[-1]
        return json.dumps({"exercises": [good(last, question=f"How far, by {last[:12]}?")]})

    openai_server.reply = reply
    made = run_exercises(rows, model, Settings(characters=300, max_retries=0), tmp_path)
    assert made.report["passages"] > 5 and made.report["accepted"] == made.report["passages"]
    for row in made.rows:
        (quote,) = row["evidence"]
        assert rows[0]["text"][quote["start"] : quote["end"]] == quote["text"]


def test_training_text_has_scenario_question_options_and_answer() -> None:
    exercise = Exercise(question="Q?", scenario="Facts.", choices=("x", "y"), answer="y", solution="")
    assert training_text(exercise) == ("Facts.\n\nQ?\n\nA. x\nB. y", "Answer: B. y")
    assert training_text(Exercise(question="Q?", answer="y")) == ("Q?", "y")


# --- as Inspect tasks, and bad input


def _unshared() -> Model:
    """A model that no other test has: Inspect keeps models by name, also where the server is another one."""
    return get_model("openai-api/loopback/m", memoize=False, config=GenerateConfig(max_retries=0))


def test_the_tasks_run_from_a_file_as_any_task_of_inspect(openai_server: Server, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    openai_server.reply = lambda prompt: points(4)
    task = finbench.curation_quality(str(path), limit=2)
    (log,) = inspect_eval(task, model=_unshared(), log_dir=str(tmp_path / "logs"), display="none")
    assert log.status == "success" and log.eval.task_registry_name == "finbench/curation_quality"
    assert [sample.metadata["record"]["score"] for sample in log.samples or []] == [4, 4]
    assert log.eval.metadata is not None and log.eval.metadata["finbench.curation_words_sha256"]
    openai_server.reply = lambda prompt: json.dumps({"exercises": [good(shown(openai_server))]})
    task = finbench.curation_exercises(str(path), limit=1)
    (log,) = inspect_eval(task, model=_unshared(), log_dir=str(tmp_path / "logs"), display="none")
    assert log.samples is not None and log.results is not None and log.results.scores[0].metrics["mean"].value == 1
    (kept,) = log.samples[0].metadata["record"]["exercises"]
    assert check_exercise({**kept, "evidence": [ROWS[0]["text"]]}, str(ROWS[0]["text"]))[0] is not None


def test_solvers_and_scorer_carry_the_name_of_the_distribution_and_serve_other_tasks(
    openai_server: Server, tmp_path: Path
) -> None:
    for made, name in (
        (score_quality(), "score_quality"),
        (extract_exercises(), "extract_exercises"),
        (curated(), "curated"),
    ):
        assert registry_info(made).name == f"finbench/{name}"
    text = str(ROWS[0]["text"])
    replies = {"points": points(3), "exercises": json.dumps({"exercises": [good(text)]})}
    openai_server.reply = lambda prompt: replies[prompt]
    for prompt, solver, value in (("points", score_quality(attempts=1), 3), ("exercises", extract_exercises(1), 1)):
        task = Task(dataset=[Sample(input=prompt, id="x", metadata={"text": text})], solver=solver, scorer=curated())
        (log,) = inspect_eval(task, model=_unshared(), log_dir=str(tmp_path), display="none")
        assert log.results is not None and log.results.scores[0].metrics["mean"].value == value


def test_bad_input_is_one_sentence(openai_server: Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file or folder nowhere"):
        finbench.curation_quality("nowhere")
    down = model_spec("openai-api/loopback/m", base_url="http://127.0.0.1:1/v1")
    with pytest.raises(InputError, match="no server answers"):
        run_quality(ROWS, down, QUICK, tmp_path)
    path = tmp_path / "half.jsonl"
    path.write_text('{"text": "half \\ud800 of it"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="half a character"):
        read_rows([path])


def test_half_characters_of_a_reply_reach_no_file(openai_server: Server, model: ModelSpec, tmp_path: Path) -> None:
    text = str(ROWS[0]["text"])
    openai_server.reply = lambda prompt: json.dumps({"exercises": [good(text, answer="They fall \ud800.")]})
    made = run_exercises(ROWS[:1], model, QUICK, tmp_path / "logs")
    made.write(tmp_path / "e.jsonl")
    assert made.rows[0]["answer"] == "They fall ?."
