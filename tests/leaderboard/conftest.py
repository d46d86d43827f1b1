"""Models behind a server on loopback, their real logs, and runs made by hand for what real logs cannot show quickly."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import threading
import warnings
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

#: Share of items that each model of the server answers rightly.
SKILLS = {"atlas": 0.92, "borealis": 0.88, "corvid": 0.55, "always-positive": -1.0}
TASKS = ("fin_tone", "fin_terms")


def _share(*parts: str) -> float:
    return int(hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:8], 16) / 2**32


class _Model(BaseHTTPRequestHandler):
    """Knows the gold of each prompt, and gives it as often as the model's skill says."""

    golds: dict[str, tuple[str, tuple[str, ...]]]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt, model = asked["messages"][-1]["content"], asked["model"]
        reply = self._reply(prompt if isinstance(prompt, str) else prompt[0]["text"], model)
        body = json.dumps(
            {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": model,
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": reply}}],
                "usage": {
                    "prompt_tokens": len(prompt) // 4,
                    "completion_tokens": 2,
                    "total_tokens": len(prompt) // 4 + 2,
                },
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reply(self, prompt: str, model: str) -> str:
        gold, options = next(found for body, found in self.golds.items() if body in prompt)
        if SKILLS[model] < 0:
            return "positive" if "positive" in options else "A"
        if _share("skill", prompt) * 0.7 + _share(model, prompt) * 0.3 < SKILLS[model]:
            return gold
        if _share("unparsed", model, prompt) < 0.2:
            return "I cannot say which one it is."
        return random.Random(prompt + model).choice([option for option in options if option != gold])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def model_server() -> Iterator[str]:
    """Base URL of an OpenAI-compatible server with the models of `SKILLS`."""
    from finbench.tasks.catalogue import DEFINITIONS

    golds = {}
    for task in TASKS:
        definition = DEFINITIONS[task]
        for item in definition.items().items.values():
            options = tuple("ABCDEFGH"[: len(item.choices)]) or tuple(definition.card.labels or ())
            golds[item.body] = (item.gold, options)
    handler = type("Handler", (_Model,), {"golds": golds})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def logs(model_server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real logs: four models on the official set of one task, two of them also on a part of it and of another task."""
    from inspect_ai import eval as inspect_eval

    folder = tmp_path_factory.mktemp("logs")
    os.environ["LAB_API_KEY"] = "none"
    plan = [(name, ["fin_tone"], None) for name in SKILLS] + [(name, list(TASKS), 30) for name in list(SKILLS)[:2]]
    for name, tasks, limit in plan:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            found = inspect_eval(
                [f"finbench/{task}" for task in tasks],
                model=f"openai-api/lab/{name}",
                model_base_url=model_server,
                metadata={"finbench.model_name": name},
                limit=limit,
                log_dir=str(folder / str(limit)),
                display="none",
                log_realtime=False,
                score_display=False,
            )
        assert all(log.status == "success" for log in found)
    return folder


def stage_entry(name: str, *, hash: str, model: str, logs: list[str], **changes: Any) -> dict[str, Any]:
    """A stage as the runner reports it."""
    verdict = {
        "claim": "improves",
        "subject": "fin_tone",
        "verdict": "improved",
        "metric": "accuracy",
        "n": 180,
        "baseline": 0.5,
        "candidate": 0.75,
        "difference": 0.25,
        "ci_low": 0.125,
        "ci_high": 0.375,
        "margin": 0.0,
        "mde": 0.1,
        "official": True,
        "flags": ["baseline_collapsed"],
    }
    return {
        "stage": name,
        "index": 0,
        "seed": 1,
        "model": model,
        "hash": hash,
        "folder": f"0-{name}",
        "against": "borealis",
        "hardware": "2 cores",
        "training": {"steps": 4, "tokens": 4321, "seconds": 12.5, "notes": {"loss": {"first": 2.5, "last": 0.5}}},
        "data": {"rows": 24, "sources": [{"source": "fin_tone/train", "taken": 24, "offered": 360}]},
        "verdicts": [verdict, {**verdict, "claim": "keeps", "subject": "fin_terms", "verdict": "inconclusive"}],
        "logs": logs,
        **changes,
    }


@pytest.fixture(scope="session")
def recipe_run(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a recipe of two stages, with real logs of its base model and of both checkpoints."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    for model in ("borealis", "atlas", "corvid"):
        (folder / "logs" / model).mkdir(parents=True)
    for path in sorted(logs.rglob("*.eval")):
        with zipfile.ZipFile(path) as archive:
            model = json.loads(archive.read("header.json"))["eval"]["metadata"]["finbench.model_name"]
        if (folder / "logs" / model).is_dir():
            shutil.copy(path, folder / "logs" / model / path.name)
    stages = [
        stage_entry("sft", hash="a" * 64, model="atlas", logs=["logs/borealis", "logs/atlas"]),
        stage_entry("dpo", hash="b" * 64, model="corvid", logs=["logs/borealis", "logs/corvid"], index=1),
    ]
    report = {"recipe": "ladder", "base": "borealis", "seeds": [1], "complete": True, "stopped": None, "stages": stages}
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    for stage, parent in zip(stages, ("pypi:borealis", "a" * 64), strict=True):
        lineage = {"hash": stage["hash"], "identity": {"trainer": stage["stage"], "parent": parent, "code": "1"}}
        (folder / stage["folder"]).mkdir()
        (folder / stage["folder"] / "lineage.json").write_text(json.dumps(lineage), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def extras(recipe_run: Path, logs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Arguments of `build` for a board with everything on it."""
    from finbench.results.choosing import read_runs

    folder = tmp_path_factory.mktemp("extras")
    run = next(run for run in read_runs([logs]) if run.task == "fin_tone" and len(run.ids) == 180)
    ids = list(run.ids)[:45]
    audit = {"tasks": [{"name": "fin_tone", "items": 180, "overlapping": len(ids), "share": 0.25, "ids": ids}]}
    (folder / "audit.json").write_text(json.dumps(audit), encoding="utf-8")
    (folder / "prices.yaml").write_text("atlas: {input: 2.0, output: 10.0}\n", encoding="utf-8")
    return {
        "recipes": [recipe_run],
        "audits": [f"atlas={folder / 'audit.json'}"],
        "prices": folder / "prices.yaml",
        "board": True,
    }


@pytest.fixture(scope="session")
def site(logs: Path, extras: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The board of those logs."""
    from leaderboard.build import build

    folder = tmp_path_factory.mktemp("built") / "site"
    build([logs], folder, **extras)
    return folder


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Any]:
    """A function that makes a run of `fin_tone` by hand: `make_run(model, right=0.7, ...)`."""
    from finbench.data.items import fingerprint
    from finbench.results.runs import ItemResult, Run, Settings
    from finbench.scoring.outcome import Outcome

    def make(
        model: str,
        *,
        right: float = 0.7,
        n: int = 60,
        task: str = "fin_tone",
        seed: str = "",
        metric: str = "accuracy",
        capability: str | None = "tasks",
        errors: int = 0,
        **changes: Any,
    ) -> Run:
        labels = ("positive", "negative", "neutral")
        items = []
        for index in range(n):
            gold, identity = labels[index % 3], f"{task}-{index:04d}"
            hit = _share("item", identity) * 0.6 + _share(model, seed, identity) * 0.4 < right
            outcome = Outcome.ERROR if index < errors else Outcome.CORRECT if hit else Outcome.WRONG
            pred = None if outcome is Outcome.ERROR else gold if hit else labels[(index + 1) % 3]
            items.append(
                ItemResult(
                    id=identity, epoch=1, outcome=outcome, value=float(outcome == "correct"), gold=gold, pred=pred
                )
            )
        fields: dict[str, Any] = {
            "path": Path(f"{task}.eval"),
            "model": model,
            "model_id": f"openai/{model}",
            "checkpoint": None,
            "task": task,
            "version": "1-A",
            "metric": metric,
            "capability": capability,
            "items_sha256": fingerprint(item.id for item in items),
            "official": True,
            "complete": errors == 0,
            "created": "2026-11-20T10:00:00+00:00",
            "status": "success",
            "settings": Settings(
                elicitation="direct", fewshot=0, prompt_sha256="0", temperature=0.0, max_tokens=16, epochs=1
            ),
            "items": tuple(items),
            "input_tokens": 9 * n,
            "output_tokens": n,
            "package_version": "0.1.0",
        }
        return Run(**{**fields, **changes})

    return make
