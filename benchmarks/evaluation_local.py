"""Items a second of a local checkpoint: this package's provider against Inspect's `hf` and a loop written by hand.

Usage: python benchmarks/evaluation_local.py [MODEL_FOLDER] [--items 120] [--rounds 2]. The same prompts (MMLU-Finance,
from `$FINBENCH_DATA`) with the same settings: greedy, 16 tokens, batches of 32; by turns in one process. The loop sorts
the prompts by length and does nothing but generate: no log, no scorer, so it is a yardstick of order and batches.
Wall time is of a machine that may be shared, so the ratio within a round is what counts; CPU time is beside it. The
answers of the two providers are compared item by item. The table goes to stdout and to results/evaluation_local.md; the
exit code is 1 where more than 2 % of them score otherwise.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from inspect_ai import eval as run_inspect
from inspect_ai.model import Model, get_model

from finbench.evaluation.batching import BATCHES_IN_SIGHT, LOCAL_BATCH
from finbench.tasks import mmlu_finance

RESULTS = Path(__file__).parent / "results" / "evaluation_local.md"
FETCHED = Path(__file__).parent.parent / ".finbench" / "models"
NAMES = {"hf": "Inspect's hf", "checkpoint": "finbench's checkpoint"}
BY_HAND = "by hand, sorted by length, nothing scored"
DIFFERENT = 0.02


def models(folder: Path) -> dict[str, Model]:
    """The same weights behind both providers."""
    given = {"model_path": str(folder), "tokenizer_path": str(folder)}
    return {
        "hf": get_model("hf/local", do_sample=False, **given),
        "checkpoint": get_model("checkpoint/local", batch_size=LOCAL_BATCH, **given),
    }


def measure(kind: str, model: Model, items: int) -> tuple[float, float, dict[str, str]]:
    """Wall and CPU seconds of one run, and the outcome of each item."""
    waiting = LOCAL_BATCH * (BATCHES_IN_SIGHT if kind == "checkpoint" else 1)
    with tempfile.TemporaryDirectory() as logs:
        wall, cpu = time.perf_counter(), time.process_time()
        [log] = run_inspect(
            mmlu_finance(), model=model, limit=items, log_dir=logs, display="none", log_realtime=False,
            score_display=False, max_connections=waiting, max_samples=waiting, log_level="error",
        )  # fmt: skip
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if log.status != "success" or not log.samples:
            sys.exit(f"the run through {NAMES[kind]} failed: {log.error.message if log.error else log.status}")
        scores = {str(sample.id): str(next(iter((sample.scores or {}).values())).value) for sample in log.samples}
    return wall, cpu, scores


def by_hand(model: Model, items: int) -> tuple[float, float]:
    """Wall and CPU seconds of the loop, with the weights and the template of this package's provider."""
    import torch
    from inspect_ai.model import ChatMessageUser

    api: Any = model.api
    asked = [sample.input for sample in list(mmlu_finance().dataset)[:items]]
    wall, cpu = time.perf_counter(), time.process_time()
    texts = [api.prompt_text([ChatMessageUser(content=one)] if isinstance(one, str) else one) for one in asked]
    rows = sorted((api.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts), key=len, reverse=True)
    fill = api.tokenizer.pad_token_id
    with torch.inference_mode():
        for start in range(0, len(rows), LOCAL_BATCH):
            batch = rows[start : start + LOCAL_BATCH]
            gaps = [len(batch[0]) - len(row) for row in batch]
            api.model.generate(
                input_ids=torch.tensor([[fill] * gap + row for gap, row in zip(gaps, batch, strict=True)]),
                attention_mask=torch.tensor([[0] * gap + [1] * len(row) for gap, row in zip(gaps, batch, strict=True)]),
                max_new_tokens=16, do_sample=False, pad_token_id=fill,
            )  # fmt: skip
    return time.perf_counter() - wall, time.process_time() - cpu


def report(
    times: dict[str, list[tuple[float, float]]],
    scores: dict[str, dict[str, str]],
    loads: list[float],
    hand: list[tuple[float, float]],
    *,
    items: int,
    folder: Path,
) -> str:
    """The table so far."""
    same = sum(scores["hf"][identity] == value for identity, value in scores["checkpoint"].items())
    is_same_set = set(scores["hf"]) == set(scores["checkpoint"])
    lines = ["| provider | items/s | CPU s an item |", "|---|---|---|"]
    for name, measured in [*((NAMES[kind], found) for kind, found in times.items()), (BY_HAND, hand)]:
        wall = statistics.median(one[0] for one in measured)
        cpu = statistics.median(one[1] for one in measured)
        lines.append(f"| {name} | {items / wall:.2f} | {cpu / items:.2f} |")
    pairs = list(zip(times["hf"], times["checkpoint"], strict=True))
    walls = ", ".join(f"{first[0] / second[0]:.2f}" for first, second in pairs)
    cpus = ", ".join(f"{first[1] / second[1]:.2f}" for first, second in pairs)
    bound = ", ".join(f"{one[0] / two[1][0]:.2f}" for one, two in zip(hand, pairs, strict=True))
    lines += [
        "",
        f"Ratio by hand / {NAMES['checkpoint']}, wall: {bound}.",
        "",
        f"Ratio {NAMES['hf']} / {NAMES['checkpoint']}, round by round: wall {walls}; CPU {cpus}. "
        f"{items} MMLU-Finance prompts, {folder.name}, torch threads "
        f"{os.environ.get('OMP_NUM_THREADS', 'default')}, load {min(loads):.1f} to {max(loads):.1f} on "
        f"{os.cpu_count()} cores. The same score on {same} of {len(scores['hf'])} items"
        f"{'' if is_same_set else '; THE ITEMS DIFFER'}.",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, write the table, and say whether the answers differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=next(iter(sorted(FETCHED.glob("smollm2-*"))), None))
    parser.add_argument("--items", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    if given.folder is None:
        sys.stderr.write("evaluation_local: no model here; pass its folder, or fetch one by make demo\n")
        return 0
    both = models(given.folder)
    times: dict[str, list[tuple[float, float]]] = {kind: [] for kind in both}
    scores: dict[str, dict[str, str]] = {}
    loads: list[float] = []
    hand: list[tuple[float, float]] = []
    for turn in range(max(1, given.rounds)):
        for kind in list(both) if turn % 2 == 0 else list(both)[::-1]:
            loads.append(os.getloadavg()[0])
            wall, cpu, scores[kind] = measure(kind, both[kind], given.items)
            times[kind].append((wall, cpu))
            sys.stderr.write(f"{kind}: {wall:.1f} s, CPU {cpu:.1f} s, load {loads[-1]:.1f}\n")
        hand.append(by_hand(both["checkpoint"], given.items))
        sys.stderr.write(f"by hand: {hand[-1][0]:.1f} s, CPU {hand[-1][1]:.1f} s\n")
        table = report(times, scores, loads, hand, items=given.items, folder=given.folder)
        RESULTS.write_text(table, encoding="utf-8")
    sys.stdout.write(table)
    same = sum(scores["hf"].get(identity) == value for identity, value in scores["checkpoint"].items())
    return 0 if set(scores["hf"]) == set(scores["checkpoint"]) and same >= (1 - DIFFERENT) * len(scores["hf"]) else 1


if __name__ == "__main__":
    sys.exit(main())
