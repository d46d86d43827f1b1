"""Sets on the hub, through the real libraries: a server on loopback stands in for it, in the columns of each home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hub_sets
import pytest
from hub import Hub, Repository, card_of, parquet
from hub_sets import COMMIT, EXPORTED, LATER

from finbench.card import FINEVAL_REVISION
from finbench.tasks.catalogue import CARDS

SUPPORT = Path(hub_sets.__file__).parent
ARC, FINEVAL, PIQA = "allenai/ai2_arc", "Salesforce/FinEval", "ybisk/piqa"

#: Runs commands of `finbench` one after the other, on cards of a few rows if asked, and prints what each gave.
SCRIPT = """
import dataclasses, json, os, sys, urllib.request
from click.testing import CliRunner
from finbench.cli.main import main
from finbench.tasks import catalogue
few, support, *commands = json.loads(sys.argv[1])
if few:
    sys.path.insert(0, support)
    import hub_sets
    for name, known in list(catalogue.DEFINITIONS.items()):
        catalogue.DEFINITIONS[name] = dataclasses.replace(known, card=hub_sets.small(known.card))
        catalogue.CARDS[name] = catalogue.DEFINITIONS[name].card
for command in commands:
    if command[0] == "load":
        known = catalogue.DEFINITIONS[command[1]]
        loaded = known.items(split=command[2] if len(command) > 2 else None)
        task = known.task(items=loaded) if known.card.answer != "judged" else None
        facts = {"items": len(loaded.items), "kind": loaded.kind, "place": loaded.place, "official": loaded.official,
                 "sha256": loaded.sha256, "dropped": loaded.dropped,
                 "logged": task.metadata["finbench.rows_revision"] if task else loaded.revision}
        print(json.dumps([0, facts]))
        continue
    if command[0] == "move":
        urllib.request.urlopen(os.environ["HF_ENDPOINT"] + "/move").read()
        print(json.dumps([0, ""]))
        continue
    done = CliRunner().invoke(main, command)
    told = json.loads(done.stdout) if done.exit_code == 0 and "--json" in command else done.stdout + done.stderr
    print(json.dumps([done.exit_code, told]))
"""

Ask = Callable[..., list[tuple[int, Any]]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Runs commands in a process that takes an address for the hub; its caches stay for the next call."""

    def run(address: str, *commands: list[str], few: bool = True) -> list[tuple[int, Any]]:
        environment = {
            **os.environ,
            "HF_ENDPOINT": address,
            "HF_HOME": str(tmp_path / "hf"),
            "FINBENCH_CACHE": str(tmp_path / "finbench"),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "127.0.0.1",
            "OMP_NUM_THREADS": "1",
        }
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, json.dumps([few, str(SUPPORT), *commands])],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return [tuple(json.loads(line)) for line in done.stdout.splitlines()]

    return run


@pytest.fixture
def serve() -> Iterator[Callable[[dict[str, Repository]], Hub]]:
    """Starts hubs and stops them afterwards."""
    hubs: list[Hub] = []

    def start(repositories: dict[str, Repository]) -> Hub:
        hubs.append(Hub(repositories))
        return hubs[-1]

    yield start
    for one in hubs:
        one.close()


def fetch(*names: str) -> list[list[str]]:
    return [["data", "fetch", name, "--json"] for name in names]


def test_every_home_is_read_in_its_columns_and_needs_no_network_afterwards(ask: Ask, serve: Any) -> None:
    names = hub_sets.on_hub()
    assert len(names) > 35
    hub = serve(hub_sets.repositories(few=True))
    for name, (code, told) in zip(names, ask(hub.url, *fetch(*names)), strict=True):
        assert code == 0, (name, told)
        [entry] = told
        source = next(source for source in CARDS[name].sources if source.is_hub)
        if name == "mmlu_finance":  # FinEval's copy has no column of options: refused, and the general home is taken
            source = CARDS[name].sources[1]
        commit = source.revision or (EXPORTED if source.uri.removeprefix("hf://") in hub_sets.SCRIPTED else COMMIT)
        assert (entry["revision"], entry["from"]) == (commit, f"{source.uri}@{commit}"), name
        assert entry["pinned_by"] == ("card" if source.revision else "this cache")
        assert entry["items"] == entry["rows"] - (9 if name == "headlines" else 0)
        for config in (source.config or "").split("+"):
            files = [path for path in hub.asked if f"/{source.uri.removeprefix('hf://')}/resolve/{commit}/" in path]
            assert any(f"/{config or 'data'}/" in path or "0000.parquet" in path for path in files), (name, config)
    assert not [path for path in hub.asked if "/resolve/main" in path or "/tree/main" in path], (
        "only commits are asked for files"
    )

    asked = len(hub.asked)
    hub.close()
    loaded = ask(hub.url, *(["load", name] for name in names))  # offline or not makes no difference: nothing is asked
    for name, (code, told) in zip(names, loaded, strict=True):
        assert (code, told["kind"]) == (0, "hub"), (name, told)
        assert told["logged"] in told["place"] and len(told["logged"]) == 40
        assert told["official"] is (name != "mmlu_finance" and CARDS[name].sources[0].revision is not None), name
    assert len(hub.asked) == asked


@pytest.mark.slow
def test_sets_of_the_size_of_the_cards_are_accepted(ask: Ask, serve: Any, shared_data: Path) -> None:
    """As many rows and labels of each kind as the card says; the real rows where it has a fingerprint."""
    names = hub_sets.on_hub()
    hub = serve(hub_sets.repositories(few=False))
    for name, (code, told) in zip(names, ask(hub.url, *fetch(*names), few=False), strict=True):
        if name in hub_sets.REFUSED:
            assert code == 2 and "has the fingerprint" in told and str(CARDS[name].items_sha256)[:12] in told
            continue
        assert code == 0, (name, told)
        pinned = CARDS[name].sources[0].is_hub and CARDS[name].sources[0].revision is not None
        assert told[0]["official"] is (CARDS[name].items_sha256 is not None or pinned), name
        assert told[0]["items"] == CARDS[name].items


def fineval(files: dict[str, list[dict[str, Any]]], commit: str = FINEVAL_REVISION, **changes: Any) -> Repository:
    page = card_of({config: {"test": f"{config}/test-*"} for config in files})
    stored = {f"{config}/test-00000-of-00001.parquet": parquet(rows) for config, rows in files.items()}
    return Repository(commits={commit: {"README.md": page, **stored}}, main=commit, **changes)


def loans(count: int) -> list[dict[str, Any]]:
    return hub_sets.labelled(CARDS["lendingclub"], count)


def test_what_goes_wrong_is_one_sentence_with_its_cause(ask: Ask, serve: Any, tmp_path: Path) -> None:
    rows = hub_sets.labelled(CARDS["fpb"], 4)
    lines = "".join(json.dumps(row) + "\n" for row in hub_sets.formulas(CARDS["financemath"], 4)).encode()
    train_only = {"x/train-0.parquet": parquet(rows)}
    homes = {
        FINEVAL: fineval(
            {"FPB": rows, "FIQASA": rows[:3], "FOMC": loans(4), "MA": hub_sets.labelled(CARDS["ma"], 4)},
            cuts={"FPB/test-00000-of-00001.parquet"},
        ),
        "TheFinAI/flare-headlines": Repository(
            commits={COMMIT: {"README.md": b"---\n---\n"}}, main=COMMIT, refuses=403
        ),
        PIQA: Repository(commits={COMMIT: {"piqa.py": b"raise SystemExit('run')\n"}}, main=COMMIT),
        "allenai/social_i_qa": Repository(commits={COMMIT: {"validation.csv": b"context,label\na,1\n"}}, main=COMMIT),
        "allenai/winogrande": hub_sets.repository(
            "allenai/winogrande", card_of({"winogrande_xl": {"train": "x/train-*"}}), train_only
        ),
        "allenai/openbookqa": Repository(commits={COMMIT: {}}, main=COMMIT),
        "yale-nlp/FinanceMath": Repository(commits={COMMIT: {"validation.jsonl": lines}}, main=COMMIT),
    }
    hub = serve(homes)
    (tmp_path / "allenai" / "openbookqa").mkdir(parents=True)
    wrong = {
        "fpb": "the hub did not give hf://Salesforce/FinEval (RemoteProtocolError)",
        "fiqa_sa": "configuration FIQASA at a911ec4dbd63 holds 3 rows, the card of 'fiqa_sa' says 4: it is not the set",
        "fomc": "should be one of hawkish, dovish, neutral",
        "ner": "configuration NER at a911ec4dbd63 is not there",
        "headlines": "hf://TheFinAI/flare-headlines needs an agreement: accept it at https://huggingface.co/datasets/"
        "TheFinAI/flare-headlines and sign in with `hf auth login`",
        "piqa": "hf://ybisk/piqa comes as a script, which is never run, and has no parquet export",
        "social_iqa": "hf://allenai/social_i_qa comes as csv; only parquet and JSON are read",
        "winogrande": "has no split 'validation'",
        "hellaswag": "hf://Rowan/hellaswag is not on the hub",
        "finqa": "its rows are at https://github.com/czyssrs/FinQA",
        "openbookqa": "allenai/openbookqa is also a folder below the current one",
    }
    *failed, (_, ma), (_, formulas) = ask(hub.url, *fetch(*wrong, "ma", "financemath"))
    for (name, says), (code, told) in zip(wrong.items(), failed, strict=True):
        assert code == 2 and says in told, (name, told)
        assert told.startswith("finbench: ") and len(told.strip().splitlines()) == 1, told
        assert "-T data=PATH" in told or name == "fomc", told
    assert ma[0]["items"] == 4, "the other configurations of a home are not harmed"
    assert formulas[0]["items"] == 4, "JSON lines are read as parquet is"


def science(text: str) -> dict[str, bytes]:
    rows = [
        {
            "id": f"{n}",
            "question": f"{text} {n}?",
            "choices": {"text": ["a", "b"], "label": ["A", "B"]},
            "answerKey": "A",
        }
        for n in range(4)
    ]
    page = card_of({"ARC-Challenge": {"test": "c/test-*", "train": "c/train-*"}, "ARC-Easy": {"test": "e/test-*"}})
    easy = [{**row, "question": f"Easy: {row['question']}"} for row in rows]
    train = [{**row, "question": f"Train: {row['question']}"} for row in rows]
    files = {"c/test-0.parquet": rows, "c/train-0.parquet": train, "e/test-0.parquet": easy}
    return {"README.md": page} | {path: parquet(content) for path, content in files.items()}


def test_a_commit_that_no_card_pins_is_recorded_and_stays_until_an_update(ask: Ask, serve: Any) -> None:
    repository = Repository(commits={COMMIT: science("What is"), LATER: science("What was")}, main=COMMIT)
    hub = serve({ARC: repository})
    later: list[int] = []

    def move() -> None:
        repository.main = LATER
        later.append(len(hub.asked))

    hub.moved = move
    status = ["data", "status", "arc", "--json"]
    found = ask(
        hub.url,
        *(status, ["load", "arc"], ["move"], status, ["load", "arc"], ["load", "arc_challenge"]),
        *(["load", "arc_challenge", "train"], ["data", "fetch", "arc", "--update", "--json"], ["load", "arc"]),
    )
    none, before, _, there, again, other, train, updated, after = (told for _, told in found)
    assert none[0]["available"] is False and "at its current commit (not fetched)" in none[0]["rows"]
    assert before["logged"] == COMMIT and before["items"] == 8 and before["official"] is False
    assert there[0]["available"] is True and f"{ARC}@{COMMIT[:12]} (fetched)" in there[0]["rows"]
    assert (again["sha256"], again["logged"]) == (before["sha256"], COMMIT)
    assert other["logged"] == COMMIT == train["logged"], "both tasks and all splits of one home are of one commit"
    assert updated[0]["revision"] == LATER == after["logged"] and after["sha256"] != before["sha256"]


def test_neither_another_commit_nor_changed_rows_are_taken(ask: Ask, serve: Any, tmp_path: Path) -> None:
    rows = {"FPB": hub_sets.labelled(CARDS["fpb"], 4)}
    arc = Repository(commits={COMMIT: science("What is")}, main=COMMIT)
    hub = serve({FINEVAL: fineval(rows, commit=COMMIT), ARC: arc})

    def change() -> None:
        [path] = (tmp_path / "finbench").rglob("*.jsonl")
        path.write_text(path.read_text().replace("What is 2", "What was 2"))

    hub.moved = change
    pinned, fetched, _, changed = ask(
        hub.url, *fetch("fpb", "arc_challenge"), ["move"], ["data", "verify", "arc_challenge"]
    )
    assert pinned[0] == 2 and "hf://Salesforce/FinEval has no commit a911ec4dbd63 on the hub" in pinned[1]
    assert fetched[0] == 0 and changed[0] == 2
    assert "is not what was fetched" in changed[1] and "delete it and fetch it again" in changed[1]
