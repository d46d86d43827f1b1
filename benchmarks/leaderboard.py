"""How long does it take to build a board of many models and tasks, beside `inspect view bundle` of the same logs?

Run:  python benchmarks/leaderboard.py [--models 50] [--tasks 30] [--items 100] [--folder DIR] [--out FILE.md]
Makes real logs first, written sample by sample by Inspect (50 x 30 x 100 samples: about 3 minutes and 150 MB of disk).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSample, EvalSpec, EvalStats, write_eval_log
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ModelOutput, ModelUsage
from inspect_ai.scorer import Score

from finbench.card import TaskCard
from finbench.data.items import fingerprint
from finbench.tasks.catalogue import CARDS

#: Metrics of labels and options: what these logs can hold.
_METRICS = ("accuracy", "mcc", "macro_f1")


class Took(NamedTuple):
    """Seconds on the clock, and of the process and its children on the processor."""

    wall: float
    cpu: float


def make_logs(folder: Path, models: int, tasks: int, items: int) -> None:
    """One log a model and task; models differ in skill, items in difficulty, and a few answers cannot be read."""
    cards = [card for card in CARDS.values() if card.metric in _METRICS][:tasks]
    for number in range(models):
        for card in cards:
            path = folder / f"model-{number:02d}" / f"{card.name}.eval"
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                write_eval_log(_log(card, number, models, items), str(path))


def _log(card: TaskCard, number: int, models: int, items: int) -> EvalLog:
    labels = list(card.labels or [])[:8] or ["A", "B", "C", "D"]
    name = f"model-{number:02d}"
    draw = random.Random(f"{card.name} {name}")
    ids = sorted(
        f"{card.name}-{hashlib.sha256(f'{card.name}{index}'.encode()).hexdigest()[:16]}" for index in range(items)
    )
    samples = []
    for index, identity in enumerate(ids):
        difficulty = random.Random(identity).random()
        gold = labels[index % len(labels)]
        right = draw.random() < 0.95 - 0.5 * difficulty * (1.3 - number / models)
        pred = gold if right else draw.choice([label for label in labels if label != gold])
        outcome = "correct" if right else "unparsed" if draw.random() < 0.1 else "wrong"
        text = " ".join(f"word{draw.randrange(5000)}" for _ in range(60))
        samples.append(
            EvalSample(
                id=identity,
                epoch=1,
                input=text,
                target=gold,
                messages=[ChatMessageUser(content=text), ChatMessageAssistant(content=pred)],
                output=ModelOutput.from_content(name, pred),
                model_usage={name: ModelUsage(input_tokens=120, output_tokens=3, total_tokens=123)},
                scores={
                    "label": Score(
                        value="C" if right else "I",
                        answer=pred,
                        metadata={
                            "outcome": outcome,
                            "gold": gold,
                            "pred": None if outcome == "unparsed" else pred,
                            "followed_format": outcome != "unparsed",
                        },
                    )
                },
            )
        )
    usage = ModelUsage(input_tokens=120 * items, output_tokens=3 * items, total_tokens=123 * items)
    return EvalLog(
        status="success",
        eval=EvalSpec(
            created="2026-01-01T00:00:00+00:00",
            task=f"finbench/{card.name}",
            dataset=EvalDataset(name=card.name, samples=items, sample_ids=list(ids)),
            model=f"loopback/{name}",
            config=EvalConfig(epochs=1),
            metadata={
                "finbench.task_version": card.version,
                "finbench.metric": card.metric,
                "finbench.capability": card.capability.value,
                "finbench.items_sha256": fingerprint(ids),
                "finbench.official": True,
                "finbench.model_name": name,
                "finbench.elicitation": "direct",
                "finbench.package_version": version("finbench"),
            },
        ),
        stats=EvalStats(model_usage={f"loopback/{name}": usage}),
        samples=samples,
    )


def _run(command: list[str], environment: dict[str, str]) -> Took:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(command, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(time.perf_counter() - began, cpu)


def _imports() -> Took:
    return _run([sys.executable, "-c", "import leaderboard.assemble"], {})


def measure(logs: Path, temporary: Path) -> str:
    """Build cold, warm, after one changed log and unchanged; and bundle the same logs with Inspect's viewer."""
    site, cache = temporary / "site", temporary / "cache"
    tool = str(Path(sys.executable).parent / "finbench")
    command = [tool, "leaderboard", "build", str(logs), "-o", str(site)]
    imports = _imports()
    cold = _run(command, {"FINBENCH_CACHE": str(cache)})
    shutil.rmtree(cache / "sites", ignore_errors=True)
    warm = _run(command, {"FINBENCH_CACHE": str(cache)})
    one = next(path for path in sorted(logs.rglob("*.eval")))
    kept = temporary / one.name
    shutil.move(one, kept)
    less = _run(command, {"FINBENCH_CACHE": str(cache)})
    shutil.move(kept, one)
    _run(command, {"FINBENCH_CACHE": str(cache)})
    same = _run(command, {"FINBENCH_CACHE": str(cache)})
    inspect = str(Path(sys.executable).parent / "inspect")
    viewer = temporary / "viewer"
    bundle = _run([inspect, "view", "bundle", "--log-dir", str(logs), "--output-dir", str(viewer)], {})
    page = (site / "index.html").read_bytes()
    static = [path.read_bytes() for path in sorted((site / "static").iterdir())]
    raw = len(page) + sum(map(len, static))
    packed = sum(len(gzip.compress(part, 9)) for part in (page, *static))
    models = len(list(logs.iterdir()))
    count = sum(1 for _ in logs.rglob("*.eval"))
    rows = [
        ("imports alone, part of all below", imports, ""),
        ("cold: every log is read for the first time", cold, "at most 60 s"),
        ("warm: every page is written again, no log is read", warm, "at most 5 s"),
        ("warm, after one log went away: the same", less, "at most 5 s"),
        ("unchanged: seen to be so, nothing is written", same, "at most 5 s"),
        ("`inspect view bundle` of the same logs", bundle, ""),
    ]
    lines = "\n".join(f"| {what} | {took.wall:.1f} | {took.cpu:.1f} | {target} |" for what, took, target in rows)
    ratios = ", ".join(
        f"{name} {took.cpu / bundle.cpu:.2f}" for name, took in (("cold", cold), ("warm", warm), ("unchanged", same))
    )
    ours, theirs = (f"{_files(place)} files, {_size(place):.0f} MB" for place in (site, viewer))
    load, kilobytes = os.getloadavg()[0], (raw / 1000, packed / 1000)
    return f"""# Speed and weight of the leaderboard

{count} logs of {models} models, {_size(logs):.0f} MB, written by Inspect.
The site, with a page for each pair of models: {ours}.
Inspect's bundle of the same logs: {theirs}.
Python {platform.python_version()}, inspect-ai {version("inspect-ai")}, jinja2 {version("jinja2")}.
A machine with {os.cpu_count()} cores, load over the last minute {load:.1f}; one run of each, in a process of its own,
imports and all. The processor's seconds are the ones to trust where other work runs.

| what | seconds | processor seconds | target |
|---|---|---|---|
{lines}

Processor seconds in units of Inspect's bundle: {ratios}.
The first view (overview, style, script, icon): {kilobytes[0]:.0f} kB, {kilobytes[1]:.0f} kB with gzip;
at most 150 and 40 kB.

Again: `python benchmarks/leaderboard.py --out benchmarks/results/leaderboard.md`
"""


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _files(folder: Path) -> str:
    return f"{sum(path.is_file() for path in folder.rglob('*')):,}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=30)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        logs = args.folder or Path(temporary) / "logs"
        make_logs(logs, args.models, args.tasks, args.items)
        report = measure(logs, Path(temporary))
    print(report)
    if args.out:
        args.out.write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()
