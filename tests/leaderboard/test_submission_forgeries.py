"""Forgeries that know how the check works: what each would gain, and the reason for which it is refused."""

from __future__ import annotations

import json
import random
import shutil
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import inspect_ai._util.zipfile  # noqa: F401  (zstd for zipfile)
import pytest
from click.testing import CliRunner
from submissions import description, edit_log, log_of, outcome, submit

from finbench.results.reading import read_run
from leaderboard.cli import leaderboard

DESCRIPTION = description("atlas")
Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def small_log(logs: Path) -> Path:
    """A run on 30 items: an unofficial set whose items are the card's."""
    return log_of(logs, "atlas", "fin_tone", 30)


@pytest.fixture
def submission(small_log: Path, tmp_path: Path) -> Path:
    return submit(tmp_path / "submission", small_log)


def rewrite(path: Path, change: Callable[[str, Any], Any]) -> None:
    """Change the JSON files of a log in place, as somebody would who edits the archive itself."""
    with zipfile.ZipFile(path) as archive:
        members = [(name, json.loads(archive.read(name))) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members:
            archive.writestr(name, json.dumps(change(name, value)))


def header(change: Change) -> Callable[[str, Any], Any]:
    def apply(name: str, value: Any) -> Any:
        if name == "header.json":
            change(value)
        return value

    return apply


def calls(sample: Any) -> list[Any]:
    return [event for event in sample.events if event.event == "model"]


def hint_in_the_prompt(sample: Any) -> None:
    for messages in (sample.input, sample.messages, *(call.input for call in calls(sample))):
        asked = next(message for message in messages if message.role == "user")
        if "Hint" not in asked.content:  # the same object may stand in several places
            asked.content += " Hint: positive"


def hint_in_the_system_message(sample: Any) -> None:
    from inspect_ai.model import ChatMessageSystem

    for messages in (sample.input, sample.messages, *(call.input for call in calls(sample))):
        messages.insert(0, ChatMessageSystem(content="Nearly all of them are positive."))


def hint_to_the_model_only(sample: Any) -> None:
    from inspect_ai.model import ChatMessageSystem

    for call in calls(sample):
        call.input = [ChatMessageSystem(content=f"Say {sample.target}."), *call.input]


def answer_edited(sample: Any) -> None:
    answer = f"I say: {sample.target}"
    sample.output = sample.output.model_copy(deep=True)
    sample.output.choices[0].message.content = sample.output.completion = answer
    sample.messages[-1] = sample.messages[-1].model_copy(update={"content": answer})
    score = sample.scores["label"]
    score.value, score.answer = "C", answer
    score.metadata.update(outcome="correct", pred=sample.target)


def record_removed(sample: Any) -> None:
    answer_edited(sample)
    sample.events = []


def items_invented(sample: Any) -> None:
    sample.target = "negative" if sample.target == "positive" else "positive"
    sample.scores["label"].metadata["gold"] = sample.target


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (hint_in_the_prompt, "items of fin_tone are not what their ids stand for"),
        (hint_in_the_system_message, "has a system message that the task has not"),
        (hint_to_the_model_only, "the model was asked something else than the log says"),
        (answer_edited, "is not the one that the model gave"),
        (record_removed, "there is no record of the model's answer"),
        (items_invented, "items of fin_tone are not what their ids stand for"),
    ],
)
def test_forged_samples_are_refused(submission: Path, change: Callable[[Any], None], reason: str) -> None:
    edit_log(submission / "logs/run.eval", lambda log: [change(sample) for sample in log.samples])
    code, said = outcome(submission)
    assert code == 1 and reason in said, said


def from_tomorrow(head: dict[str, Any]) -> None:
    head["eval"]["created"] = (datetime.now(UTC) + timedelta(days=400)).isoformat()


def other_clusters(head: dict[str, Any]) -> None:
    head["eval"]["metadata"]["finbench.cluster"] = "topic"


def no_checkpoint(head: dict[str, Any]) -> None:
    head["eval"]["metadata"]["finbench.checkpoint_sha256"] = "../../weights"


def absurd_result(head: dict[str, Any]) -> None:
    head["results"]["scores"][0]["metrics"]["stderr"]["value"] = 1e300


def other_headline(head: dict[str, Any]) -> None:
    head["results"]["scores"][0]["metrics"].pop("accuracy")


def more_examples(head: dict[str, Any]) -> None:
    head["eval"]["metadata"]["finbench.fewshot"] = 5


def other_words(head: dict[str, Any]) -> None:
    head["eval"]["metadata"]["finbench.prompt_sha256"] = "0" * 16


def a_million_epochs(head: dict[str, Any]) -> None:
    head["eval"]["config"]["epochs"] = 10**9


def hot(head: dict[str, Any]) -> None:
    head["plan"]["config"]["temperature"] = -1e9


def invalid(head: dict[str, Any]) -> None:
    head["invalidated"] = True


def official_by_word(head: dict[str, Any]) -> None:
    from finbench.data.items import fingerprint

    ids = fingerprint(head["eval"]["dataset"]["sample_ids"])
    head["eval"]["metadata"].update({"finbench.official": True, "finbench.items_sha256": ids})


def another_package(head: dict[str, Any]) -> None:
    head["eval"]["metadata"].pop("finbench.task_version")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (from_tomorrow, "was run at a time that cannot be"),
        (other_clusters, "has other clusters than its card"),
        (no_checkpoint, "names a checkpoint by something else than a SHA-256"),
        (absurd_result, "reports a number that cannot be"),
        (other_headline, "does not report accuracy"),
        (more_examples, "shows 0 examples and says that it shows 5"),
        (other_words, "was not asked in the words of this version"),
        (a_million_epochs, "claims 30 items in 1e+09 epochs, which cannot be"),
        (hot, "a temperature that cannot be"),
        (invalid, "was marked as invalid"),
        (official_by_word, "claims the official set of fin_tone, and its items are others"),
        (another_package, "is no task of finbench"),
    ],
)
def test_forged_heads_are_refused(submission: Path, change: Change, reason: str) -> None:
    rewrite(submission / "logs/run.eval", header(change))
    code, said = outcome(submission)
    assert code == 1 and reason in said, said


def free_of_charge(name: str, value: Any) -> Any:
    """Nothing in the header, as where a run was resumed after its last sample."""
    if name == "header.json":
        for usage in value["stats"]["model_usage"].values():
            usage.update(input_tokens=0, output_tokens=0, total_tokens=0)
    return value


def test_a_resumed_run_counts_the_tokens_of_its_samples(submission: Path) -> None:
    path = submission / "logs/run.eval"
    before = read_run(path)
    rewrite(path, free_of_charge)
    after = read_run(path)
    assert outcome(submission)[0] == 0
    assert (after.input_tokens, after.output_tokens) == (
        before.input_tokens,
        before.output_tokens,
    ) and after.input_tokens


def test_tokens_taken_out_of_head_and_summaries_are_missed(submission: Path) -> None:
    def cheap(name: str, value: Any) -> Any:
        if name == "summaries.json":
            for summary in value:
                summary.pop("model_usage", None)
        return free_of_charge(name, value)

    rewrite(submission / "logs/run.eval", cheap)
    code, said = outcome(submission)
    assert code == 1 and "counts 0 and 0 tokens, and its samples" in said, said


def test_summaries_that_say_otherwise_than_the_samples_are_refused(submission: Path) -> None:
    def flatter(name: str, value: Any) -> Any:
        if name == "summaries.json":
            for summary in value:
                right = summary["scores"]["label"]["value"] == "C"  # some go up, others down
                summary["scores"]["label"]["value"] = "I" if right else "C"
                summary["scores"]["label"]["metadata"].update(outcome="wrong" if right else "correct")
        return value

    rewrite(submission / "logs/run.eval", flatter)
    code, said = outcome(submission)
    assert code == 1 and "are scored otherwise by our scorer" in said, said


def test_the_scores_of_a_foreign_scorer_are_refused(submission: Path) -> None:
    def foreign(name: str, value: Any) -> Any:
        scored = value if name == "summaries.json" else [value] if name.startswith("samples/") else []
        for one in scored:
            one["scores"] = {"generous": {"value": 1.0, "metadata": {"outcome": "correct", "gold": "a", "pred": "a"}}}
        return value

    rewrite(submission / "logs/run.eval", foreign)
    code, said = outcome(submission)
    assert code == 1 and "are scored otherwise by our scorer" in said, said


def test_the_set_of_another_task_is_refused(logs: Path, tmp_path: Path) -> None:
    folder = submit(tmp_path / "swapped", log_of(logs, "atlas", "fin_terms", 30))

    def swap(head: dict[str, Any]) -> None:
        head["eval"]["task"] = "finbench/fin_tone"
        head["eval"]["metadata"].update({"finbench.task": "fin_tone", "finbench.capability": "tasks"})

    rewrite(folder / "logs/run.eval", header(swap))
    code, said = outcome(folder)
    assert code == 1 and "items of fin_tone are not what their ids stand for" in said, said


def test_logs_of_two_checkpoints_are_refused(submission: Path) -> None:
    path = submission / "logs/again.eval"
    shutil.copy(submission / "logs/run.eval", path)
    rewrite(path, header(lambda head: head["eval"]["metadata"].update({"finbench.checkpoint_sha256": "a" * 64})))
    code, said = outcome(submission)
    assert code == 1 and "its logs are of several checkpoints" in said, said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nname: *b\n", "has references"),
        (DESCRIPTION + "name: borealis\n", "says name twice"),
        (DESCRIPTION.replace("name: atlas", "name: [a, b]"), "holds lists or maps"),
        ("[" * 50_000, "holds lists or maps"),
    ],
)
def test_descriptions_that_hide_something_end_with_2(submission: Path, text: str, sentence: str) -> None:
    (submission / "model.yaml").write_text(text, encoding="utf-8")
    code, said = outcome(submission)
    assert code == 2 and sentence in said, said


def test_a_name_that_looks_like_another_is_refused(submission: Path) -> None:
    name = "\N{CYRILLIC SMALL LETTER A}tlas"
    (submission / "model.yaml").write_text(DESCRIPTION.replace("atlas", name), encoding="utf-8")
    rewrite(
        submission / "logs/run.eval",
        header(lambda head: head["eval"]["metadata"].update({"finbench.model_name": name})),
    )
    code, said = outcome(submission)
    assert code == 1 and "mixes letters of Cyrillic and Latin that look alike" in said, said


def lie_about_size(folder: Path) -> None:
    path = folder / "logs/run.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", b" " * 2**22)
    data = bytearray(path.read_bytes())
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 100)
    path.write_bytes(data)


def lock(folder: Path) -> None:
    path = folder / "logs/run.eval"
    data = bytearray(path.read_bytes())
    place = data.rfind(b"PK\x01\x02")
    data[place + 8] |= 1
    path.write_bytes(data)


def cut(folder: Path) -> None:
    path = folder / "logs/run.eval"
    path.write_bytes(path.read_bytes()[:-100])


def two_heads(folder: Path) -> None:
    with zipfile.ZipFile(folder / "logs/run.eval", "a") as archive:
        archive.writestr("Header.json", "{}")


def link_inside(folder: Path) -> None:
    with zipfile.ZipFile(folder / "logs/run.eval", "a") as archive:
        info = zipfile.ZipInfo("samples/x.json")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")


def beside_the_logs(folder: Path) -> None:
    shutil.copy(folder / "logs/run.eval", folder / "run.eval")


def linked_folder(folder: Path) -> None:
    (folder / "logs/more").symlink_to(folder.parent, target_is_directory=True)


def sums_without_a_log(folder: Path) -> None:
    (folder / "SHA256SUMS").write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lie_about_size, "is no log of Inspect: not a whole zip archive"),
        (lock, "holds an encrypted file"),
        (cut, "is no log of Inspect"),
        (two_heads, "holds two files of one name"),
        (link_inside, "holds a link"),
        (beside_the_logs, "run.eval does not belong into a submission"),
        (linked_folder, "logs/more is a link"),
        (sums_without_a_log, "SHA256SUMS does not name logs/run.eval"),
    ],
)
def test_archives_and_folders_that_lie_are_refused(
    submission: Path, change: Callable[[Path], None], reason: str
) -> None:
    change(submission)
    code, said = outcome(submission)
    assert code == 1 and reason in said, said


def test_file_names_cannot_write_into_the_report(submission: Path) -> None:
    (submission / "logs/x\n::set-output name=ok::1\x1b[2J.md").write_text("", encoding="utf-8")
    code, said = outcome(submission)
    assert code == 1 and "\x1b" not in said and not any(line.startswith("::") for line in said.splitlines())
    shown = CliRunner().invoke(leaderboard, ["check", str(submission), "--markdown"]).stdout
    assert "::" not in shown and "refused" in shown


def test_whatever_is_changed_the_check_ends_and_no_number_on_the_board_moves(small_log: Path, tmp_path: Path) -> None:
    from finbench.results.reading import read_run

    honest = read_run(small_log)
    numbers = [(item.id, item.outcome, item.value, item.gold, item.pred) for item in honest.items]
    odd = [None, "", "<script>", -1, 10**40, 1e308, [], {}, True, "\x00", "C", "correct"]
    for seed in range(14):
        draw = random.Random(seed)
        folder = submit(tmp_path / str(seed), small_log)
        whole = draw.choice(("header.json", "samples/", "summaries.json"))
        state = {"done": False}

        def change(name: str, value: Any, draw: random.Random = draw, whole: str = whole, state: Any = state) -> Any:
            if name.startswith(whole) and not state["done"]:
                state["done"] = True
                place = value
                while True:
                    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
                    key = draw.choice(keys)
                    if isinstance(place[key], dict | list) and place[key]:
                        place = place[key]
                        continue
                    place[key] = draw.choice(odd)
                    return value
            return value

        rewrite(folder / "logs/run.eval", change)
        code, said = outcome(folder)
        assert code in (0, 1, 2), (seed, said)
        assert "Traceback" not in said
        if code == 0:
            run = read_run(folder / "logs/run.eval")
            assert [(item.id, item.outcome, item.value, item.gold, item.pred) for item in run.items] == numbers, seed
