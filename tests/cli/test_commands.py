"""The command as a whole: help, exit codes, JSON on stdout and talk on stderr, and no traceback in any of it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import finbench.cli.main as command
from finbench.cli.main import main
from finbench.data.locate import package_path
from finbench.tasks.catalogue import CARDS, DEFINITIONS

TONE = package_path(DEFINITIONS["fin_tone"].card)


def finbench(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def one_line(result: Result, code: int = 2) -> str:
    """The single sentence on stderr of a command that ended with `code` and printed nothing else."""
    assert (result.exit_code, result.stdout) == (code, ""), result.stderr
    assert result.stderr.startswith("finbench: ") and len(result.stderr.strip().splitlines()) == 1, result.stderr
    return result.stderr


def commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and sub-command by its words."""
    if path:
        yield path
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None
            yield from commands(found, (*path, name))


EVERY = list(commands(main))


# --- help


def test_the_commands_of_the_contract_are_there() -> None:
    wanted = {"tasks", "eval", "compare", "rank", "power", "data", "train", "recipes", "leaderboard"}
    assert wanted <= {words[0] for words in EVERY}
    assert {("data", "status"), ("data", "fetch"), ("data", "verify")} <= set(EVERY)


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    result = finbench(*words, "--help")
    assert result.exit_code == 0 and result.stderr == ""
    usage, _, text = result.stdout.partition("\n\n")
    assert usage.startswith("Usage: ")
    assert len(text.strip().splitlines()[0].strip()) > 15, "a sentence says what it does"
    assert "not available" not in result.stdout


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_option_has_help(words: tuple[str, ...]) -> None:
    found: click.Command | None = main
    for word in words:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)
    assert found is not None
    without = [option.name for option in found.params if isinstance(option, click.Option) and not option.help]
    assert without == []


def test_the_overview_names_every_command_and_the_exit_codes() -> None:
    result = finbench("--help")
    assert result.exit_code == 0
    for words in EVERY:
        assert words[0] in result.stdout
    assert "0 done, 1 the check or claim failed, 2 the input is not usable" in " ".join(result.stdout.split())


def test_the_version_is_the_packages() -> None:
    from finbench import __version__

    assert finbench("--version").stdout.strip().endswith(__version__)


# --- what is typed wrongly


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["frobnicate"], "frobnicate"),
        (["tasks", "--colour", "red"], "--colour"),
        (["power"], "--items"),
        (["power", "--items", "many"], "many"),
        (["power", "--items", "100", "--discordance", "1.5"], "1.5"),
        (["power", "--items", "100", "--difference", "0.9", "--discordance", "0.1"], "difference"),
        (["power", "--items", "100", "--clusters", "200"], "cluster"),
        (["compare", "/nowhere", "--baseline", "a", "--candidate", "b"], "/nowhere"),
        (["rank", "/nowhere"], "/nowhere"),
        (["data", "verify", "fin_tone", "--data", "/nowhere"], "/nowhere"),
        (["data", "verify", "fin_tune", "--data", "/nowhere"], "did you mean"),
        (["data", "fetch", "fomc"], "--to FOLDER"),
        (["eval", "--model", "nonsense", "--tasks", "fin_tone", "--log-dir", "x"], "'nonsense' is neither"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_used_is_one_line_and_exit_code_2(arguments: list[str], says: str) -> None:
    assert says in one_line(finbench(*arguments))


def test_a_wrong_option_names_the_help_of_its_command() -> None:
    assert "tasks --help" in one_line(finbench("tasks", "--colour"))


def test_power_says_what_the_clusters_cost() -> None:
    alone = finbench("power", "--items", "300").stdout
    assert alone.startswith("300 items, 15 % answered differently: differences of 6.3 points")
    clustered = finbench("power", "--items", "300", "--clusters", "30", "--icc", "0.2").stdout
    assert clustered.startswith("300 items in 30 clusters (correlation 0.2 within), 15 %")


# --- JSON


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["tasks", "--json"], list),
        (["tasks", "--suite", "quick", "--json"], list),
        (["data", "status", "--json"], list),
        (["power", "--items", "500", "--json"], dict),
        (["power", "--items", "500", "--clusters", "50", "--icc", "0.2", "--difference", "0.05", "--json"], dict),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_json_is_one_document_on_stdout(arguments: list[str], kind: type) -> None:
    result = finbench(*arguments)
    assert result.exit_code == 0
    assert isinstance(json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON")), kind)


def test_power_gives_what_the_statistics_plan() -> None:
    from finbench.stats.power import plan

    planned = plan(500, discordance=0.2, clusters=50, icc=0.1, difference=0.06)
    arguments = ["--items", "500", "--discordance", "0.2", "--clusters", "50", "--icc", "0.1", "--difference", "0.06"]
    found = json.loads(finbench("power", *arguments, "--json").stdout)
    assert {"mde", "items", "discordance", "power"} <= set(found)
    assert (found["mde"], found["power"]) == pytest.approx((planned.mde, planned.power))
    told = finbench("power", *arguments).stdout
    assert f"{100 * planned.mde:.1f} points" in told and f"{100 * (planned.power or 0):.0f} % power" in told


def test_the_status_of_data_covers_every_task() -> None:
    entries = json.loads(finbench("data", "status", "--json").stdout)
    assert [entry["name"] for entry in entries] == list(CARDS)
    shown = finbench("data", "status").stdout
    assert all(entry["name"] in shown for entry in entries)


# --- checking rows


def test_the_cards_rows_are_verified_with_0() -> None:
    result = finbench("data", "verify", "fin_tone", "--data", str(TONE))
    assert result.exit_code == 0 and "is the official set of 'fin_tone': 180 items" in result.stdout


def test_other_rows_are_told_with_1_and_what_differs(tmp_path: Path) -> None:
    assert TONE is not None
    lines = TONE.read_text(encoding="utf-8").splitlines()
    changed = tmp_path / "test.jsonl"
    changed.write_text("\n".join([*lines[:90], lines[0], lines[1]]) + "\n")
    said = one_line(finbench("data", "verify", "fin_tone", "--data", str(tmp_path)), code=1)
    for part in (
        "is not the official set",
        "90 items, the card says 180",
        "2 exact duplicates",
        "labels",
        "fingerprint",
    ):
        assert part in said


def test_rows_that_cannot_be_read_are_2(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text("{}\n")
    assert "lacks the field" in one_line(finbench("data", "verify", "fin_tone", "--data", str(tmp_path)))


def test_rows_are_fetched_from_the_pinned_revision_and_found_afterwards(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    rows = [json.loads(line) for line in (shared_data / "fomc" / "test.jsonl").read_text().splitlines()]
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: rows)
    result = finbench("data", "fetch", "fomc", "--to", str(tmp_path))
    assert result.exit_code == 0 and "496 rows" in result.stdout, result.stderr
    assert finbench("data", "verify", "fomc", "--data", str(tmp_path / "fomc")).exit_code == 0


def test_fetching_without_network_is_one_sentence(tmp_path: Path) -> None:
    said = one_line(finbench("data", "fetch", "fomc", "--to", str(tmp_path)))
    assert "HF_HUB_OFFLINE is set" in said and "-T data=PATH" in said
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "cache"])


# --- plug-ins


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Declares commands of other packages, as an installed distribution would."""

    def declare(**targets: str) -> None:
        declared = [EntryPoint(name=name, value=value, group=command.GROUP) for name, value in targets.items()]

        def entry_points(*, group: str, name: str | None = None) -> Any:
            assert group == command.GROUP

            return EntryPoints(entry for entry in declared if name in (None, entry.name))

        monkeypatch.setattr(command, "entry_points", entry_points)

    return declare


def test_a_command_of_another_package_runs(plug_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hello = click.Command("hello", callback=lambda: click.echo("hello"), help="Say hello to the world.")
    monkeypatch.setitem(sys.modules, "someone", SimpleNamespace(hello=hello))
    plug_in(hello="someone:hello")
    assert finbench("hello").stdout == "hello\n"
    assert "Say hello to the world." in finbench("--help").stdout


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("a_package_that_is_not_there:run", "needs the module 'a_package_that_is_not_there', which is not installed"),
        ("json:no_such_thing", "is declared as json:no_such_thing, which does not exist"),
        ("json:dumps", "is no command: json:dumps"),
    ],
)
def test_a_broken_plug_in_is_one_line_and_hides_no_other(plug_in: Any, target: str, says: str) -> None:
    plug_in(broken=target)
    for arguments in ([], ["--json"], ["something", "--else"]):
        assert says in one_line(finbench("broken", *arguments))
    overview = finbench("--help")
    assert overview.exit_code == 0 and "broken" in overview.stdout and "compare" in overview.stdout


def test_a_plug_in_that_fails_while_it_is_imported_is_one_line(
    plug_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "finbench_explodes.py").write_text("raise RuntimeError('no such chip')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plug_in(explodes="finbench_explodes:run")
    assert "'explodes' cannot be loaded (RuntimeError: no such chip)" in one_line(finbench("explodes"))
    overview = finbench("--help")
    assert overview.exit_code == 0 and "no such chip" in overview.stdout and "compare" in overview.stdout


def test_our_own_commands_come_before_those_of_the_same_name(plug_in: Any) -> None:
    plug_in(power="json:dumps")
    assert json.loads(finbench("power", "--items", "100", "--json").stdout)["items"] == 100


# --- faults of the machine


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import datasets

    import finbench.files as files

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: [{"text": "x", "answer": "hawkish"}] * 496)
    card = DEFINITIONS["fomc"].card
    monkeypatch.setattr(files.tempfile, "mkstemp", full)
    monkeypatch.setitem(DEFINITIONS, "fomc", DEFINITIONS["fomc"].__class__(
        card=card.model_copy(update={"items_sha256": None, "labels": dict.fromkeys(card.labels or ())}),
        to_item=DEFINITIONS["fomc"].to_item, scorer=DEFINITIONS["fomc"].scorer,
    ))  # fmt: skip
    said = one_line(finbench("data", "fetch", "fomc", "--to", str(tmp_path)))
    assert "cannot be written: the disk is full; free space or choose another place" in said


def run_in_shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    script = f"{sys.executable} -m finbench.cli.main"
    return subprocess.run(
        ["bash", "-c", line.replace("finbench", script)],
        capture_output=True, text=True, timeout=120, env={**os.environ, **environment}, cwd=Path(__file__).parent,
    )  # fmt: skip


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_output_that_cannot_be_written_is_one_sentence() -> None:
    done = run_in_shell("finbench tasks --json > /dev/full")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and "the disk is full" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_reader_that_leaves_early_is_no_fault() -> None:
    done = run_in_shell("set -o pipefail; finbench tasks --json | head -c 10 > /dev/null")
    assert "Traceback" not in done.stderr and done.returncode in (0, 141)


def test_an_interrupt_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("finbench.cli.tasks.describe", interrupted)
    result = finbench("tasks")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.strip().startswith("finbench: interrupted") and "Traceback" not in result.stderr


def test_numbers_without_a_form_in_json_become_null(capsys: pytest.CaptureFixture[str]) -> None:
    from finbench.cli.output import print_json

    print_json({"a": float("nan"), "b": [float("inf"), 1.5], "c": {"d": (-float("inf"),)}})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [None, 1.5], "c": {"d": [None]}}
