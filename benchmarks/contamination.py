"""Speed and memory of the contamination audit, beside n-grams as sets of tuples in plain Python on the same text.

Run: python benchmarks/contamination.py [--megabytes 100] [--out benchmarks/results/contamination.md]

The training text is the text folders of $FINBENCH_DATA over and over, or words drawn by Zipf's law where there are
none; the items are those of fomc and mmlu_finance, or of the tasks in the package. All on one core; processor time, so
other work on the machine changes little.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from finbench.contamination.audit import audit
from finbench.contamination.evaluated import View, evaluated
from finbench.contamination.index import Index, Rule
from finbench.contamination.near import is_available

CHILD = """
import resource, sys
from finbench.contamination.audit import audit
from finbench.contamination.index import index_of
index = index_of(sys.argv[2].split(","), rules=["exact", "ngram8", "ngram13"])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
audit([sys.argv[1]], index)
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
GRAMS = (Rule.EXACT, Rule.NGRAM8, Rule.NGRAM13)


def texts() -> tuple[list[str], str]:
    """Documents to repeat, and what they are."""
    root = Path(os.environ.get("FINBENCH_DATA", ""))
    files = sorted(root.glob("text_*/train.jsonl")) if root.name else []
    found = [json.loads(line)["text"] for file in files for line in file.open(encoding="utf-8")]
    if found:
        return found, f"{', '.join(file.parent.name for file in files)}, repeated"
    draw = random.Random(0)
    words = [f"w{number}" for number in range(50_000)]
    weights = [1 / (number + 1) for number in range(len(words))]
    return [" ".join(draw.choices(words, weights, k=5_000)) for _ in range(200)], "words drawn by Zipf's law"


def write(path: Path, documents: list[str], megabytes: float) -> float:
    """JSON lines of about that size; returns megabytes written."""
    size = 0
    with path.open("w", encoding="utf-8") as file:
        while size < megabytes * 1e6:
            for document in documents:
                size += file.write(json.dumps({"text": document}, ensure_ascii=False) + "\n")
                if size >= megabytes * 1e6:
                    break
    return path.stat().st_size / 1e6


def timed(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def plain_python(path: Path, questions: list[str]) -> dict[int, set[int]]:
    """The named alternative: 8- and 13-grams of the questions as sets of tuples, looked up word by word."""
    split: Callable[[str], list[str]] = lambda text: re.findall(r"[a-z0-9]+", text.lower())  # noqa: E731
    grams: dict[int, dict[tuple[str, ...], set[int]]] = {8: {}, 13: {}}
    for number, question in enumerate(questions):
        words = split(question)
        for n, known in grams.items():
            for at in range(len(words) - n + 1):
                known.setdefault(tuple(words[at : at + n]), set()).add(number)
    hit: dict[int, set[int]] = {8: set(), 13: set()}
    for line in lines(path):
        words = split(line)
        for n, known in grams.items():
            for at in range(len(words) - n + 1):
                if found := known.get(tuple(words[at : at + n])):
                    hit[n] |= found
    return hit


def lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["text"]


def measure(megabytes: float, folder: Path) -> str:
    documents, source = texts()
    tasks = ["fomc", "mmlu_finance"] if "FINBENCH_DATA" in os.environ else ["fin_tone", "fin_terms"]
    sets = [evaluated(task) for task in tasks]
    questions = [text for one in sets for text in one.texts[View.QUESTION]]
    whole, part, large = folder / "whole.jsonl", folder / "part.jsonl", folder / "large.jsonl"
    size, part_size = write(whole, documents, megabytes), write(part, documents, megabytes / 10)
    large_size = write(large, documents, 4 * megabytes)
    made: list[Index] = []
    built = timed(lambda: made.append(Index(sets, rules=GRAMS)))
    grams = timed(lambda: audit([whole], made[0]))
    plain: list[dict[int, set[int]]] = []
    slow = timed(lambda: plain.append(plain_python(part, questions)))
    report = audit([part], made[0])
    found = {
        n: sum(getattr(task.question, f"ngram{n}") for task in report.tasks) for n in (8, 13)
    }  # both ways have to find the same items
    assert found == {n: len(hit) for n, hit in plain[0].items()}, (found, plain[0])
    near = timed(lambda: audit([part], Index(sets, rules=[Rule.NEAR]))) if is_available() else None
    memory = {}
    for name, path in (("part", part), ("whole", whole), ("large", large)):
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(path), ",".join(tasks)], capture_output=True, text=True, check=True
        )
        before, after = map(int, done.stdout.split())
        memory[name] = (before / 1e3, after / 1e3)
    speed, slow_speed = size / grams, part_size / slow
    near_line = (
        f"| near-duplicates alone, index included | {part_size:.0f} | {near:.1f} | {part_size / near:.1f} | |\n"
        if near
        else ""
    )
    return f"""# Speed of the contamination audit

{sum(len(one.items) for one in sets):,} items ({", ".join(tasks)}); training text: {source}.
Python {platform.python_version()}, one core of {os.cpu_count()}, load over the last minute {os.getloadavg()[0]:.1f}; \
processor seconds, one run each.

| what | MB read | seconds | MB/s | target |
|---|---|---|---|---|
| building the index | | {built:.1f} | | |
| exact, 8-grams and 13-grams, with reading JSON lines | {size:.0f} | {grams:.1f} | {speed:.1f} | at least 1.67 |
| 8-grams and 13-grams as sets of tuples, plain Python | {part_size:.0f} | {slow:.1f} | {slow_speed:.2f} | |
| ratio of the two speeds | | | {speed / slow_speed:.1f} | |
{near_line}
That is {60 * speed:,.0f} MB a minute and core. Both ways find the same items ({found[8]} by 8-grams, {found[13]} by \
13-grams).

Memory at its peak: {memory["part"][1]:.0f} MB for {part_size:.0f} MB of text, {memory["whole"][1]:.0f} MB for \
{size:.0f} MB, {memory["large"][1]:.0f} MB for {large_size:.0f} MB; {memory["whole"][0]:.0f} MB of it before reading.

Again: `FINBENCH_DATA=... python benchmarks/contamination.py --out benchmarks/results/contamination.md`
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        report = measure(args.megabytes, Path(temporary))
    print(report)
    if args.out:
        args.out.write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()
