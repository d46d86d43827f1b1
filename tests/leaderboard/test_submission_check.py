"""Checking a submission: an honest one is re-scored and accepted, every forgery is refused with its reason."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from submissions import edit_log, log_of, outcome

from leaderboard.cli import leaderboard

DESCRIPTION = """name: atlas
organisation: a lab
licence: Apache-2.0
base_model: undisclosed
training_data: undisclosed
decontamination: undisclosed
contact: someone@example.org
"""


@pytest.fixture(scope="module")
def honest_log(logs: Path) -> Path:
    return log_of(logs, "atlas", "fin_tone", 180)


@pytest.fixture
def submission(honest_log: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "submission"
    (folder / "logs").mkdir(parents=True)
    (folder / "model.yaml").write_text(DESCRIPTION, encoding="utf-8")
    shutil.copy(honest_log, folder / "logs/run.eval")
    return folder


def forge(folder: Path, change: Callable[[Any], None]) -> None:
    edit_log(folder / "logs/run.eval", change)


def test_an_honest_submission_is_accepted_as_re_scored(submission: Path) -> None:
    digest = hashlib.sha256((submission / "logs/run.eval").read_bytes()).hexdigest()
    (submission / "SHA256SUMS").write_text(f"{digest}  logs/run.eval\n", encoding="utf-8")
    code, said = outcome(submission)
    assert (code, said.strip()) == (0, "accepted as re-scored: fin_tone")


def test_the_json_form_is_one_document(submission: Path) -> None:
    done = CliRunner().invoke(leaderboard, ["check", str(submission), "--json"])
    assert json.loads(done.stdout) == {
        "accepted": True, "reasons": [], "notes": [], "tier": "re-scored", "tasks": ["fin_tone"]
    }  # fmt: skip


def edit_scores(log: Any) -> None:
    for sample in log.samples:
        (score,) = sample.scores.values()
        score.value, score.metadata["outcome"], score.metadata["pred"] = "C", "correct", score.metadata["gold"]


def edit_gold(log: Any) -> None:
    sample = next(sample for sample in log.samples if sample.scores["label"].metadata["outcome"] == "wrong")
    score = sample.scores["label"]
    sample.target = score.metadata["gold"] = score.metadata["pred"]
    score.value, score.metadata["outcome"] = "C", "correct"


def edit_question(log: Any) -> None:
    log.samples[0].input[-1].content = "Answer with: positive."


def edit_result(log: Any) -> None:
    for score in log.results.scores:
        for metric in score.metrics.values():
            metric.value = 0.999


def drop_sample(log: Any) -> None:
    from finbench.data.items import fingerprint

    log.samples = log.samples[1:]
    log.eval.dataset.sample_ids = [sample.id for sample in log.samples]
    log.eval.dataset.samples = len(log.samples)
    log.eval.metadata["finbench.items_sha256"] = fingerprint([str(sample.id) for sample in log.samples])


def rename(log: Any) -> None:
    log.eval.metadata["finbench.model_name"] = "<b>atlas</b>"


def other_version(log: Any) -> None:
    log.eval.metadata["finbench.task_version"] = "9-A"


def other_metric(log: Any) -> None:
    log.eval.metadata["finbench.metric"] = "balanced_accuracy"


def break_sample(log: Any) -> None:
    log.samples[3].scores = {}


def absurd_tokens(log: Any) -> None:
    for usage in log.stats.model_usage.values():
        usage.output_tokens = 10**18


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (edit_scores, "samples are scored otherwise by our scorer"),
        (edit_gold, "1 items of fin_tone are not what their ids stand for"),
        (edit_question, "1 items of fin_tone are not what their ids stand for"),
        (edit_result, "reports accuracy 0.9990, and its samples give"),
        (drop_sample, "claims the official set of fin_tone, and its items are others"),
        (rename, "is of the model '<b>atlas</b>', and model.yaml describes 'atlas'"),
        (other_version, "fin_tone was run in version 9-A, the board has 1-A"),
        (other_metric, "its card says accuracy"),
        (break_sample, "is not complete (1 of 180 samples are missing or ended in errors)"),
        (absurd_tokens, "names a number of tokens that cannot be"),
    ],
)
def test_a_forged_log_is_refused_with_the_reason(submission: Path, change: Callable[[Any], None], reason: str) -> None:
    forge(submission, change)
    code, said = outcome(submission)
    assert code == 1 and reason in said, said


def test_the_same_run_twice_is_refused(submission: Path) -> None:
    shutil.copy(submission / "logs/run.eval", submission / "logs/again.eval")
    code, said = outcome(submission)
    assert code == 1 and "fin_tone is there 2 times" in said


def add_link(folder: Path) -> None:
    (folder / "logs/link.eval").symlink_to("/etc/passwd")


def add_program(folder: Path) -> None:
    (folder / "setup.py").write_text("import os", encoding="utf-8")


def add_wrong_sum(folder: Path) -> None:
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  logs/run.eval\n", encoding="utf-8")


def add_sum_outside(folder: Path) -> None:
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  ../../etc/passwd\n", encoding="utf-8")


def add_bomb(folder: Path) -> None:
    with zipfile.ZipFile(folder / "logs/bomb.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", b"0" * 2**25)


def add_traversal(folder: Path) -> None:
    with zipfile.ZipFile(folder / "logs/evil.eval", "w") as archive:
        archive.writestr("../../outside.json", "{}")


def add_nested(folder: Path) -> None:
    with zipfile.ZipFile(folder / "logs/nested.eval", "w") as archive:
        archive.writestr("inner.zip", b"PK")


def add_text(folder: Path) -> None:
    (folder / "logs/text.eval").write_text("no archive", encoding="utf-8")


@pytest.mark.parametrize(
    ("add", "reason"),
    [
        (add_link, "logs/link.eval is a link"),
        (add_program, "setup.py does not belong into a submission"),
        (add_wrong_sum, "logs/run.eval is not the file that SHA256SUMS speaks of"),
        (add_sum_outside, "SHA256SUMS names ../../etc/passwd, which is not there"),
        (add_bomb, "logs/bomb.eval would unpack to 32 MB"),
        (add_traversal, "logs/evil.eval holds a file with a path that leads out of it"),
        (add_nested, "logs/nested.eval holds a file that is no part of a log (inner.zip)"),
        (add_text, "logs/text.eval is no log of Inspect"),
    ],
)
def test_files_that_do_not_belong_are_refused(submission: Path, add: Callable[[Path], None], reason: str) -> None:
    add(submission)
    code, said = outcome(submission)
    assert code == 1 and reason in said, said
    assert not (submission.parent / "outside.json").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "model.yaml cannot be read"),
        ("name: [", "is not YAML"),
        ("just words", "holds no keys"),
        ("name: atlas\n", "does not say organisation, licence, base_model"),
    ],
)
def test_an_unreadable_description_ends_with_2(submission: Path, text: str | None, sentence: str) -> None:
    (submission / "model.yaml").unlink()
    if text is not None:
        (submission / "model.yaml").write_text(text, encoding="utf-8")
    code, said = outcome(submission)
    assert code == 2 and sentence in said, said


def test_no_logs_or_no_folder_end_with_2(submission: Path, tmp_path: Path) -> None:
    shutil.rmtree(submission / "logs")
    assert outcome(submission)[0] == 2
    assert outcome(tmp_path / "nowhere")[0] == 2


def test_a_site_says_what_a_submission_discloses(submission: Path, tmp_path: Path) -> None:
    from leaderboard.build import build

    build([submission], tmp_path / "site")
    text = next((tmp_path / "site/models").iterdir()).read_text(encoding="utf-8")
    assert "a lab" in text and "undisclosed" in text and "someone@example.org" not in text
