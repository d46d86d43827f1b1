"""Tokens a second, peak memory and utilisation of the packed adapters beside plain TRL, on the same model and rows.

Usage: python benchmarks/gpu/training_speed.py [MODEL_FOLDER] [--lengths 512 1024 2048 4096] [--minutes 9.5]. Each arm
at each length is a process of its own; within a round the order turns. What is measured is kept under --work, so the
same command goes on where `--minutes` ended it, and writes the table again. With --tiny a tiny random model trains for
three steps: that shows that it runs, here or anywhere. The table goes to stdout and to --out; the exit code is 1 where
an arm failed, 3 where some are left to do.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from tiny_model import tiny_model
from training_arms import ARMS, SEED

ROOT = Path(__file__).parent.parent.parent
FETCHED = ROOT / ".finbench" / "models"
#: TRL's arms are held against the arm of this project on the same rows.
RIVAL = {"trl-cpt-bfd": "cpt", "trl-cpt-wrapped": "cpt", "trl-sft-bfd": "sft"}
LEFT = 3


def documents(count: int, rng: random.Random) -> list[str]:
    """Documents of sentences drawn from the texts that ship: a log-normal number of them, some 10 to 400."""
    from trainers.data.sources import read
    from trainers.recipe import DataSource

    sentences = [
        sentence.strip()
        for row in read(DataSource(path=str(ROOT / "recipes" / "texts")))
        for sentence in str(row["text"]).replace("\n", " ").split(". ")
        if sentence.strip()
    ]
    made = []
    for _ in range(count):
        length = min(400, max(2, round(rng.lognormvariate(3.4, 0.9))))
        made.append(". ".join(rng.choice(sentences) for _ in range(length)) + ".")
    return made


def answers(count: int, longest: int, model: Path, *, task: str) -> list[dict[str, Any]]:
    """Rows of a task's training split that fit into `longest` tokens, so that no arm has to drop or cut one."""
    from trainers.data.sources import read
    from trainers.hf import load_tokenizer
    from trainers.recipe import DataSource

    tokenizer = load_tokenizer(str(model))
    kept = []
    for row in read(DataSource(task=task, examples=count), SEED):
        chat = [*row["prompt"], {"role": "assistant", "content": row["completion"]}]
        if len(tokenizer.apply_chat_template(chat, return_dict=True)["input_ids"]) <= longest:
            kept.append(row)
    if not kept:
        sys.exit(f"training_speed: no row of {task} fits into {longest} tokens; give larger --lengths")
    return kept


def prepare(given: argparse.Namespace, work: Path) -> dict[str, str]:
    """Model and rows of all arms, written once."""
    text, rows, folder = work / "text.jsonl", work / "answers.jsonl", given.folder
    rng = random.Random(SEED)
    if given.tiny:
        folder = work / "tiny"
        if not (folder / "config.json").is_file():
            tiny_model(folder, documents(20, rng))
    if not rows.is_file():
        rng = random.Random(SEED)
        made = documents(40 if given.tiny else 1500, rng)
        text.write_text("".join(json.dumps({"id": f"d{i}", "text": one}) + "\n" for i, one in enumerate(made)))
        task, count = ("fin_tone", 200) if given.tiny else ("fin_calc", 2000)
        found = answers(count, min(given.lengths), folder, task=task)
        rows.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    return {"model": str(folder), "text": str(text), "answers": str(rows)}


def jobs(given: argparse.Namespace, shared: dict[str, str]) -> list[dict[str, Any]]:
    """Every run, in the order in which they are done: a round after another, the arms' order turning."""
    found = []
    for turn in range(given.rounds):
        for length in given.lengths:
            for arm in given.arms if turn % 2 == 0 else given.arms[::-1]:
                job = {
                    **shared, "arm": arm, "length": length, "batch": max(1, given.tokens // length), "turn": turn,
                    "warmup": given.warmup, "steps": given.steps, "checkpointing": given.checkpointing,
                }  # fmt: skip
                found.append(job)
    return found


def key(job: dict[str, Any]) -> str:
    """A file name for what decides a run's numbers."""
    return f"{job['arm']}-{hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()[:12]}"


def run(job: dict[str, Any], work: Path, seconds: float) -> dict[str, Any]:
    """The numbers of a run: those kept, or those of a process of its own."""
    result = work / f"{key(job)}.json"
    if not result.is_file():
        order = work / f"{key(job)}.job.json"
        partial = result.with_suffix(".partial")
        order.write_text(json.dumps(job | {"result": str(partial)}), encoding="utf-8")
        log = result.with_suffix(".log")
        worker = [sys.executable, str(Path(__file__).with_name("training_arms.py")), str(order)]
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        try:
            with log.open("wb") as output:
                done = subprocess.run(
                    worker, stdout=output, stderr=subprocess.STDOUT, timeout=seconds, check=False,
                    env=os.environ | {"PYTHONPATH": path},
                )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{job['arm']} at {job.get('length')} tokens") from None
        if not partial.is_file():
            partial.write_text(json.dumps({"failed": f"ended with code {done.returncode}; see {log.name}"}))
        partial.replace(result)
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found


def estimated_gib(job: dict[str, Any], gpu: bool) -> float | None:
    """What `finbench train --dry-run` would say of the run's memory."""
    from trainers.cpt import CptSettings
    from trainers.memory import estimate, shape_of

    shape = shape_of(Path(job["model"]))
    settings = CptSettings(
        max_length=job["length"], batch_size=job["batch"], activation_checkpointing=job["checkpointing"]
    )
    total = estimate(shape, settings, gpu=gpu).total if shape else None
    return None if total is None else total / 2**30


def weights_of(model: str) -> int:
    """How many weights the model has."""
    from trainers.memory import shape_of

    shape = shape_of(Path(model))
    return shape.weights if shape else 0


def table(found: list[tuple[dict[str, Any], dict[str, Any]]], machine: dict[str, Any], model: str) -> str:
    """What was measured, as Markdown: medians over the rounds, ratios within them.

    Args:
        found: runs with their results, those that failed with `failed`.
        machine: what `training_arms.hardware` gave.
        model: the folder, named without its path.
    """
    gpu = not str(machine["device"]).startswith("CPU")
    lines = [
        "| tokens a row | arm | tokens/s | against finbench | peak GiB | estimated | GPU busy | of the matmul rate | "
        "s to the first step |",
        "|---:|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    speeds: dict[tuple[str, int, int], float] = {}
    for job, result in found:
        if "failed" not in result:
            speeds[job["arm"], job["length"], job["turn"]] = result["tokens"] / result["seconds"]
    weights = weights_of(found[0][0]["model"]) if found else 0
    for length in dict.fromkeys(job["length"] for job, _ in found):
        for arm in dict.fromkeys(job["arm"] for job, _ in found):
            here = [(job, one) for job, one in found if (job["arm"], job["length"]) == (arm, length)]
            if not here:
                continue
            good = [one for _, one in here if "failed" not in one]
            if not good:
                lines.append(f"| {length} | {ARMS[arm][0]} | failed: {here[0][1]['failed']} | | | | | | |")
                continue
            mine = [speed for (name, size, _), speed in speeds.items() if (name, size) == (arm, length)]
            ratios = [
                speeds[arm, length, turn] / speeds[RIVAL[arm], length, turn]
                for turn in sorted({job["turn"] for job, _ in here})
                if arm in RIVAL and (arm, length, turn) in speeds and (RIVAL[arm], length, turn) in speeds
            ]
            speed = statistics.median(mine)
            estimate = estimated_gib(here[0][0], gpu) if arm not in RIVAL else None
            busy = [one["gpu_percent"] for one in good if one["gpu_percent"] is not None]
            rate = machine.get("matmul_flops")
            cells = [
                str(length), ARMS[arm][0], f"{speed:,.0f}", ", ".join(f"{ratio:.2f}" for ratio in ratios),
                f"{max(one['peak_gib'] for one in good):.1f}", "" if estimate is None else f"{estimate:.1f}",
                f"{statistics.mean(busy):.0f} %" if busy else "",
                f"{100 * 6 * weights * speed / rate:.1f} %" if rate else "",
                f"{statistics.median(one['setup_seconds'] for one in good):.1f}",
            ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    first = found[0][0] if found else {}
    rate = machine.get("matmul_flops")
    lines += [
        "",
        f"{machine['device']}; torch {machine['torch']}, transformers {machine['transformers']}, TRL {machine['trl']}; "
        f"{'bf16 with fp32 weights' if gpu else 'fp32'}; attention kernels for sequences of varying length: "
        f"{'flash_attention_2' if machine['flash_attention'] else 'none installed, PyTorch sdpa'}"
        + (f"; bf16 product of 8192 by 8192: {rate / 1e12:.0f} TFLOP/s." if rate else "."),
        "",
        f"{Path(model).name}, {weights / 1e6:.1f} M weights, full finetuning, AdamW; {first.get('steps')} steps after "
        f"{first.get('warmup')} of warm-up, {len({job['turn'] for job, _ in found})} round(s); activations "
        f"{'recomputed' if first.get('checkpointing') else 'kept'}. The same rows for all arms: documents of sentences "
        "from the recipes' texts, and rows with answers that fit into the shortest length. Tokens are counted without "
        "padding. 'Against finbench' is round by round, below 1 where TRL is slower. The share of the matmul rate "
        "counts 6 FLOP a weight and token, attention left out.",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Measure what is left, write the table, and say whether something failed or is left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=next(iter(sorted(FETCHED.glob("smollm2-*"))), None))
    parser.add_argument("--lengths", type=int, nargs="+", default=None)
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--tokens", type=int, default=None, help="tokens a step")
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--warmup", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--minutes", type=float, default=9.5, help="start nothing that may end later")
    parser.add_argument("--checkpointing", action="store_true", help="recompute activations")
    parser.add_argument("--tiny", action="store_true", help="a tiny random model, three steps")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "gpu_speed")
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args(arguments)
    defaults = ([64, 128], 512, 2, 1, 1) if given.tiny else ([512, 1024, 2048, 4096], 32_768, 20, 5, 2)
    for name, value in zip(("lengths", "tokens", "steps", "warmup", "rounds"), defaults, strict=True):
        if getattr(given, name) is None:
            setattr(given, name, value)
    if given.folder is None and not given.tiny:
        sys.stderr.write("training_speed: no model here; pass its folder, or fetch one by make demo, or take --tiny\n")
        return 2
    began = time.monotonic()
    work = given.work.resolve() / ("tiny" if given.tiny else given.folder.name)
    work.mkdir(parents=True, exist_ok=True)
    shared = prepare(given, work)
    machine = run({"arm": "hardware"}, work, 300)
    if "failed" in machine:
        sys.stderr.write(f"training_speed: {machine['failed']}\n")
        return 2
    found: list[tuple[dict[str, Any], dict[str, Any]]] = []
    longest = 0.0
    todo = jobs(given, shared)
    for job in todo:
        left = 60 * given.minutes - (time.monotonic() - began)
        if not (work / f"{key(job)}.json").is_file() and left < 1.2 * longest:
            continue
        start = time.monotonic()
        try:
            found.append((job, run(job, work, max(left, 1))))
        except TimeoutError as error:
            sys.stderr.write(f"training_speed: time is over in {error}\n")
            break
        longest = max(longest, time.monotonic() - start)
        speed = found[-1][1]
        told = speed.get("failed") or f"{speed['tokens'] / speed['seconds']:,.0f} tokens/s"
        sys.stderr.write(f"{job['arm']} at {job['length']}, round {job['turn'] + 1}: {told}\n")
    written = table(found, machine, shared["model"])
    if given.out is not None:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(written, encoding="utf-8")
    sys.stdout.write(written)
    if len(found) < len(todo):
        sys.stderr.write(f"training_speed: {len(todo) - len(found)} of {len(todo)} runs are left; same command again\n")
        return LEFT
    return 1 if any("failed" in result for _, result in found) else 0


if __name__ == "__main__":
    sys.exit(main())
