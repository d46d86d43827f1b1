"""Words and files of a stranger: nothing stumbles over them, waits for them, or prints them as they are."""

from __future__ import annotations

import os
import shutil
import unicodedata
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from submissions import KEYS, log_of, outcome, submit

from finbench.cli.main import main
from leaderboard.archives import archive_fault
from leaderboard.names import name_faults
from leaderboard.submission import describe

COMMAND = "x\n::error::pwned\r\x1b[2J\u2028\u202e"


@pytest.fixture(scope="module")
def log(logs: Path) -> Path:
    return log_of(logs, "atlas", "fin_tone", 30)


@pytest.fixture
def submission(log: Path, tmp_path: Path) -> Path:
    return submit(tmp_path / "submission", log)


def say(folder: Path, **texts: str) -> None:
    """Write a description with some of its texts exchanged."""
    found = {"name": "atlas", **dict.fromkeys(KEYS, "undisclosed"), **texts}
    (folder / "model.yaml").write_text("".join(f"{key}: {text}\n" for key, text in found.items()), encoding="utf-8")


def finbench(*arguments: str | Path) -> tuple[int, str]:
    """Exit code and output of a command, which may hold nothing but lines of text."""
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    unseen = {char for char in done.output if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")} - {"\n"}
    assert not unseen and not any(line.startswith("::") for line in done.output.splitlines()), done.output
    return done.exit_code, done.output


@pytest.mark.parametrize("contact", ["0x" + "f" * 6000, "9" * 6000, "2024-13-45", "!!int nothing", "on"])
def test_whatever_a_description_says_is_text(submission: Path, contact: str) -> None:
    say(submission, contact=contact, licence="1.10")
    assert outcome(submission)[0] == 0
    assert describe(submission)["licence"] == "1.10"


@pytest.mark.parametrize(
    ("key", "text", "sentence"),
    [
        ("contact", '"\\UFFFFFFFF"', "model.yaml is not YAML"),
        ("contact", '"\\u200b"', "model.yaml does not say contact"),
        ("contact", "~", "model.yaml does not say contact"),
        ("contact", "{a: b}", "model.yaml holds lists or maps"),
        ("further", "[]\nname: borealis", "model.yaml says name twice"),
        ("name", "Undisclosed", "model.yaml does not name the model; write the `--name` of its logs"),
    ],
)
def test_what_cannot_be_read_as_text_is_one_sentence_to_check_and_build(
    submission: Path, tmp_path: Path, key: str, text: str, sentence: str
) -> None:
    say(submission, **{key: text})
    code, said = finbench("leaderboard", "check", submission)
    assert code == 2 and sentence in said and len(said.splitlines()) == 1, said
    other = tmp_path / "other/run.eval"
    other.parent.mkdir()
    shutil.copy(submission / "logs/run.eval", other)
    code, said = finbench("leaderboard", "build", submission, other, "-o", tmp_path / "site", "--skip-bad")
    assert code == 0 and sentence in said, said


@pytest.mark.timeout(60, func_only=True)
def test_a_pipe_in_place_of_a_file_is_not_waited_for(submission: Path, log: Path, tmp_path: Path) -> None:
    (submission / "model.yaml").unlink()
    for name in ("model.yaml", "README.md", "SHA256SUMS", "logs/more.eval"):
        os.mkfifo(submission / name)
    code, said = finbench("leaderboard", "check", submission)
    assert code == 2 and "model.yaml is no plain file" in said
    code, said = finbench("leaderboard", "build", submission, log, "-o", tmp_path / "site", "--skip-bad")
    assert code == 0 and "model.yaml is no plain file" in said
    (submission / "model.yaml").unlink()
    say(submission)
    code, said = finbench("leaderboard", "check", submission)
    assert code == 1 and all(f"{name} is a link or no plain file" in said for name in ("SHA256SUMS", "logs/more.eval"))


def test_the_name_of_a_log_or_folder_cannot_write_a_line_of_the_output(log: Path, tmp_path: Path) -> None:
    folder = submit(tmp_path / COMMAND, log)
    with zipfile.ZipFile(folder / f"logs/{COMMAND}.eval", "w") as archive:
        archive.writestr("header.json", "{}")
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(log, bare)
    shutil.copy(folder / f"logs/{COMMAND}.eval", bare)
    for options in ([], ["--markdown"], ["--json"]):
        code, said = finbench("leaderboard", "check", folder, *options)
        assert code == 2 and "is not a readable log of Inspect" in said
    code, said = finbench("leaderboard", "build", folder, "-o", tmp_path / "site")
    assert code == 2 and "is refused" in said
    code, said = finbench("leaderboard", "build", folder, bare, "-o", tmp_path / "site", "--skip-bad")
    assert code == 0 and said.count("skipped: ") == 2
    assert finbench("leaderboard", "build", tmp_path / f"no{COMMAND}", "-o", tmp_path / "site")[0] == 2
    assert finbench("rank", f"--{COMMAND}")[0] == 2


def test_what_lies_in_a_refused_submission_is_no_submission_of_its_own(
    submission: Path, log: Path, tmp_path: Path
) -> None:
    outer = submit(tmp_path / "outer", log, name="borealis")
    submit(outer / "inner", log)
    (outer / "logs/model.yaml").write_text("nothing", encoding="utf-8")
    code, said = finbench("leaderboard", "build", submission, outer, "-o", tmp_path / "site", "--skip-bad")
    assert code == 0 and said.count("skipped: ") == 1 and "1 models, 1 runs" in said, said


@pytest.mark.parametrize("name", ["\u2800", "a\u115fb", "a\u1160b", "a\u3164b", "a\uffa0b", "a\ufe00", "a\U000e0100"])
def test_a_name_with_letters_that_nobody_sees_is_refused(submission: Path, name: str) -> None:
    say(submission, name=name)
    code, said = outcome(submission)
    assert code == 1 and "which nobody sees" in said, said


@pytest.mark.parametrize("name", ["...", "-", "\N{COMBINING ACUTE ACCENT}", "\N{BLACK STAR}"])
def test_a_name_needs_a_letter_or_a_digit(name: str) -> None:
    assert name_faults(name) == ["the model's name has no letter and no digit"]


@pytest.mark.parametrize(
    "name", ["Guessing", "guessing", "MOST  frequent label", "Most-frequent label", "Gu\u00e9ssing"]
)
def test_no_model_is_called_as_a_baseline_is(submission: Path, name: str) -> None:
    say(submission, name=name)
    code, said = outcome(submission)
    assert code == 1 and "the model's name is that of a baseline" in said, said


@pytest.mark.parametrize(
    "name",
    ["Llama-3.1 8B (chat)", "7", "\u6a21\u578b-7B", "\u041c\u043e\u0434\u0435\u043b\u044c", "Caf\u00e9", "Guessing 2"],
)
def test_names_of_any_script_are_fine(name: str) -> None:
    assert name_faults(name) == []


@pytest.mark.parametrize(
    ("name", "size", "fault"),
    [
        ("header.json", 65, "holds header.json of 65 MB; this part of a log has at most 64 MB"),
        ("samples/a_epoch_1.json", 65, "holds samples/a_epoch_1.json of 65 MB"),
        ("summaries.json", 129, "holds summaries.json of 129 MB; this part of a log has at most 128 MB"),
        ("summaries.json", 100, None),
        ("header.json", 60, None),
    ],
)
def test_one_part_of_a_log_cannot_fill_the_memory(tmp_path: Path, name: str, size: int, fault: str | None) -> None:
    path = tmp_path / "large.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(name, b"0" * (size << 20))
        archive.writestr("samples/noise.json", os.urandom(2**19))  # by the ratio alone it would pass
        if name != "header.json":
            archive.writestr("header.json", "{}")
    assert (archive_fault(path) or "").startswith(fault) if fault else archive_fault(path) is None
