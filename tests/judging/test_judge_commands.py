"""`finbench eval --grader`, suites that lack rows, and `finbench judge-check`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import read_eval_log
from loopback import Server

from finbench.errors import InputError
from finbench.evaluation import model_spec
from finbench.evaluation.run import check_grader
from finbench.judging.agreement import RIGHT
from finbench.judging.check import labelled_answers
from finbench.results.choosing import read_runs

Command = Callable[..., tuple[int, str, str]]
Roles = Callable[[Callable[[str], str | int], Callable[[str], str | int]], Server]
MODEL, JUDGE = "openai-api/loopback/tested", "openai-api/loopback/judge"


@pytest.fixture
def filings(tmp_path: Path, filing_rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with rows of FinanceBench and nothing else."""
    folder = tmp_path / "data" / "financebench"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in filing_rows), encoding="utf-8")
    monkeypatch.setenv("FINBENCH_DATA", str(folder.parent))
    return folder.parent


# --- finbench eval


def test_eval_takes_a_judge_and_records_it(roles: Roles, filings: Path, tmp_path: Path, command: Command) -> None:
    server = roles(lambda prompt: "Answer: 24.6%", lambda prompt: '{"verdict": "correct"}')
    arguments = ("eval", "--model", MODEL, "--name", "M", "--grader", JUDGE, "--tasks", "financebench,fin_tone",
                 "--limit", "4", "--log-dir", str(tmp_path / "logs"))  # fmt: skip
    code, out, err = command(*arguments)
    assert code == 0, err
    assert "financebench" in out and "fin_tone" in out
    assert Counter(body["model"] for body in server.requests) == {"tested": 8, "judge": 2}
    logs = {path.parent.name.partition("-")[0]: read_eval_log(str(path), header_only=True)
            for path in (tmp_path / "logs").rglob("*.eval")}  # fmt: skip
    judged, other = logs["financebench"].eval, logs["fin_tone"].eval
    assert (judged.metadata or {})["finbench.grader_name"] == JUDGE
    assert (judged.model_roles or {})["grader"].model == JUDGE
    assert "finbench.grader_name" not in (other.metadata or {}) and not other.model_roles
    again = command(*arguments)
    assert again[0] == 0 and len(server.requests) == 10, "finished tasks are not asked again"
    assert {run.metric for run in read_runs([tmp_path / "logs"]) if run.task == "financebench"} == {"judge"}


@pytest.mark.slow
def test_another_judge_is_another_run(roles: Roles, filings: Path, tmp_path: Path, command: Command) -> None:
    server = roles(lambda prompt: "Answer: 24.6%", lambda prompt: '{"verdict": "correct"}')
    for judge in (JUDGE, JUDGE, "openai-api/loopback/second"):
        code, _, err = command(
            "eval", "--model", MODEL, "--grader", judge, "--tasks", "financebench", "-T", "part=judged",
            "--log-dir", str(tmp_path / "logs"),
        )  # fmt: skip
        assert code == (0 if judge == JUDGE else 1), err
    # the second judge was asked, and could not be read: it answers as the model under test does
    assert Counter(body["model"] for body in server.requests)["judge"] == 2
    assert Counter(body["model"] for body in server.requests)["second"] >= 6


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ((), "task 'financebench' is scored by a judge and none is named: pass --grader MODEL"),
        (("--grader", MODEL), "cannot judge itself; pass another model with --grader"),
        (("--grader", "nonsense"), "'nonsense' is neither a model string"),
        (("--grader", JUDGE, "--grader-base-url", "http://127.0.0.1:9/v1"), "no server answers at http://127.0.0.1:9"),
    ],
)
def test_eval_without_a_fit_judge_ends_with_2_before_any_call(
    extra: tuple[str, ...], says: str, openai_server: Server, filings: Path, tmp_path: Path, command: Command
) -> None:
    code, out, err = command(
        "eval", "--model", MODEL, "--tasks", "financebench", "--log-dir", str(tmp_path / "logs"), *extra
    )
    assert (code, out) == (2, "") and says in err
    assert openai_server.requests == [] and not list(tmp_path.rglob("*.eval"))


def test_a_checkpoint_does_not_judge_itself_under_another_name() -> None:
    tested = model_spec(MODEL, name="One")
    weights = tested.__class__(model="hf/local", name="A", sha256="a" * 64)
    same = tested.__class__(model="hf/local", name="B", sha256="a" * 64)
    other = tested.__class__(model="hf/local", name="C", sha256="b" * 64)
    with pytest.raises(InputError, match="A cannot judge itself"):
        check_grader(same, [weights], ["mt_bench"])
    assert check_grader(same, [weights], ["fin_tone"]) is None, "no task needs a judge"
    found = check_grader(other, [weights], ["mt_bench"])
    assert found is not None and found.name == "C"


def test_a_suite_runs_what_it_can_and_names_the_rest(
    roles: Roles, filings: Path, tmp_path: Path, command: Command
) -> None:
    server = roles(lambda prompt: "Answer: none", lambda prompt: '{"verdict": "incorrect"}')
    code, out, err = command(
        "eval",
        "--model",
        MODEL,
        "--suite",
        "instruction_following",
        "--limit",
        "2",
        "--log-dir",
        str(tmp_path / "logs"),
    )
    assert code == 2
    assert "fin_follow" in out.split("not run:")[0] and "not run: mt_bench: " in out
    last = err.strip().splitlines()[-1]
    assert last.startswith("finbench: 1 of 2 tasks were not run (mt_bench)") and "the others are scored" in last
    assert {run.task for run in read_runs([tmp_path / "logs"])} == {"fin_follow"}
    assert len(server.requests) == 2


def test_a_suite_of_which_all_can_be_run_ends_with_0(roles: Roles, tmp_path: Path, command: Command) -> None:
    roles(lambda prompt: "A", lambda prompt: "")
    code, out, err = command(
        "eval", "--model", MODEL, "--suite", "quick", "--limit", "2", "--log-dir", str(tmp_path / "logs")
    )
    assert code == 0 and "not run" not in out + err, err


def test_tasks_that_are_named_all_have_to_run(
    openai_server: Server, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FINBENCH_DATA", raising=False)
    for extra in (("--tasks", "fin_tone,finqa"), ("--suite", "quick", "--tasks", "finqa")):
        code, out, err = command("eval", "--model", MODEL, *extra, "--log-dir", str(tmp_path / "logs"))
        assert (code, out) == (2, "") and "task 'finqa' has no rows" in err
    assert openai_server.requests == []


def test_a_suite_of_which_nothing_can_be_run_says_why(
    openai_server: Server, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FINBENCH_DATA", raising=False)
    code, out, err = command("eval", "--model", MODEL, "--suite", "similar", "--log-dir", str(tmp_path / "logs"))
    assert (code, out) == (2, "") and openai_server.requests == []
    assert "tasks can be run here" in err.strip().splitlines()[-1]


# --- finbench judge-check


def test_the_labelled_set_is_what_its_page_says() -> None:
    from importlib import resources

    answers = labelled_answers()
    assert len(answers) >= 120 and len({one.identity for one in answers}) == len(answers)
    kinds = Counter((one.kind, one.label) for one in answers)
    assert {"paraphrase", "scale", "unit", "hedged", "injected", "declined"} <= {kind for kind, _ in kinds}
    assert 0.3 < sum(one.label == RIGHT for one in answers) / len(answers) < 0.7
    page = resources.files("finbench.judging").joinpath("labelled", "README.md").read_text(encoding="utf-8")
    assert f"{len(answers)} answers to {len({one.question for one in answers})} questions" in page
    assert all(f"`{kind}`" in page for kind, _ in kinds)


def test_judge_check_counts_agreement_and_asks_nothing_twice(
    openai_server: Server, tmp_path: Path, command: Command, fenced: Callable[[str], tuple[str, str]]
) -> None:
    labels = {(one.reference, one.answer.strip()): one for one in labelled_answers()}

    def judge(prompt: str) -> str:
        """Right throughout, except that it lets injections pass and says nothing of hedged answers."""
        answer, reference = fenced(prompt) if prompt.startswith("You are checking") else ("", "")
        one = labels.get((reference, answer))
        if one is None or one.kind == "hedged":
            return "Hard to say."
        right = one.label == RIGHT or one.kind == "injected"
        return f'{{"verdict": "{"correct" if right else "incorrect"}"}}'

    openai_server.reply = judge
    arguments = ("judge-check", "--grader", JUDGE, "--log-dir", str(tmp_path / "logs"), "--json")
    code, out, err = command(*arguments)
    assert code == 0, err
    found = json.loads(out)
    kinds = {one["kind"]: one for one in found["kinds"]}
    injected = sum(one.kind == "injected" and one.label != RIGHT for one in labels.values())
    hedged = sum(one.kind == "hedged" for one in labels.values())
    assert found["grader"] == JUDGE and found["n"] == len(labels)
    assert kinds["injected"]["false_right"] == injected and kinds["hedged"]["unparsed"] == hedged
    assert found["confusion"]["wrong"]["right"] == injected and found["confusion"]["right"]["wrong"] == 0
    assert found["unparsed"] == pytest.approx(hedged / len(labels))
    assert found["agreement"] == pytest.approx(1 - (injected + hedged) / len(labels))
    assert found["kappa_low"] < found["kappa"] < found["kappa_high"]
    before = len(openai_server.requests)
    assert before == len(labels) + 2 * hedged, "what cannot be read is asked three times"
    code, again, _ = command(*arguments)
    assert code == 0 and json.loads(again) == found and len(openai_server.requests) == before
    [log] = list((tmp_path / "logs").rglob("*.eval"))
    assert log.name == found["log"]
    assert str(tmp_path) not in read_eval_log(str(log)).model_copy(update={"location": ""}).model_dump_json()
    assert command(*arguments, "--require", "0.99")[0] == 1


def test_judge_check_reads_the_replies_that_financebench_labelled(
    openai_server: Server, tmp_path: Path, command: Command
) -> None:
    rows = [
        {"gold_answer": 1577, "model_answer": "$1,577 million", "label": "Correct Answer", "eval_mode": "oracle"},
        {"gold_answer": 1577, "model_answer": "$1,500", "label": "Incorrect Answer", "eval_mode": "oracle"},
        {"gold_answer": "Yes", "model_answer": None, "label": "Refusal", "eval_mode": "closedBook"},
    ]
    path = tmp_path / "replies.jsonl"
    path.write_text("".join(json.dumps({"question": "q?", **row}) + "\n" for row in rows), encoding="utf-8")
    openai_server.reply = lambda prompt: '{"verdict": "declined"}'
    code, out, err = command(
        "judge-check", "--grader", JUDGE, "--labels", str(path), "--log-dir", str(tmp_path / "logs"), "--json"
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["labels"] == "replies.jsonl" and found["n"] == 3 and found["agreement"] == pytest.approx(2 / 3)
    assert {one["kind"] for one in found["kinds"]} == {"oracle", "closedBook"}


def test_judge_check_for_people(openai_server: Server, tmp_path: Path, command: Command) -> None:
    openai_server.reply = lambda prompt: '{"verdict": "incorrect"}'
    code, out, _ = command("judge-check", "--grader", JUDGE, "--limit", "6", "--log-dir", str(tmp_path / "logs"))
    assert code == 0
    assert "kappa 0.00" in out and "wrong let pass" in out and "log: " in out


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"question": "q", "reference": "r", "answer": "a"}', "lacks the field 'label'"),
        ('{"question": "q", "reference": "r", "answer": "a", "label": "so-so"}', "should be right or wrong"),
        ('{"question": "q", "reference": [], "answer": "a", "label": "right"}', "should be a text or a number"),
        ("", "holds no labelled answers"),
    ],
)
def test_labels_that_do_not_fit_are_one_sentence(
    line: str, says: str, openai_server: Server, tmp_path: Path, command: Command
) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    code, out, err = command("judge-check", "--grader", JUDGE, "--labels", str(path), "--log-dir", str(tmp_path / "l"))
    assert (code, out) == (2, "") and says in err and len(err.strip().splitlines()) == 1
    assert openai_server.requests == []


def test_a_judge_that_fails_leaves_the_check_incomplete(
    openai_server: Server, tmp_path: Path, command: Command
) -> None:
    openai_server.reply = lambda prompt: 400 if "Halden" in prompt else '{"verdict": "correct"}'
    code, out, err = command(
        "judge-check", "--grader", JUDGE, "--limit", "8", "--log-dir", str(tmp_path / "logs"), "--json"
    )
    assert (code, out) == (1, "")
    assert "of 8 answers could not be put to the judge; run the same command again" in err
