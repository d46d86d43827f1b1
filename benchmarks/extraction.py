"""How long the extractors take on long and nasty replies: 200 kB against 100 kB, and 100 kB against 250 ms.

Usage: python benchmarks/extraction.py [--quick]. The table goes to stdout and results/extraction.md; the exit code is
1 where a text takes more than three times as long at twice the length (beyond a floor that is noise), or longer than
`SLOWEST_MS` at 100 kB.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from finbench.scoring import extract_choice, extract_entities, extract_label, extract_number

GOAL_MS = 250.0
SLOWEST_MS = 1_000.0
RATIO = 3.0
#: Times below this are too short for a ratio to mean anything.
FLOOR_MS = 60.0
RESULTS = Path(__file__).parent / "results" / "extraction.md"
CHOICES = ("increase the money supply", "decrease the money supply", "raise the discount rate", "$12,500")
LABELS = ("positive", "neutral", "negative")
TYPES = ("PER", "ORG", "LOC")

EXTRACTORS: dict[str, Callable[[str], object]] = {
    "choice": lambda text: extract_choice(text, CHOICES),
    "label": lambda text: extract_label(text, LABELS),
    "number": lambda text: extract_number(text, "What was the percentage change in revenue?"),
    "entities": lambda text: extract_entities(text, TYPES),
}

PIECES = {
    "brackets": "(", "square brackets": "[", "braces": "{", "closing brackets": ")", "boxes": "\\boxed{",
    "fractions": "\\frac{", "quotes": '"', "apostrophes": "'", "backticks": "```\n", "stars": "**", "tildes": "~~",
    "digits": "7", "digits and blanks": "1 ", "digits and commas": "1,", "grouped digits": "123,456 ", "years": "2019 ",
    "letters": "a", "capitals": "A ", "option letters": "B. ", "letters in brackets": "(B) ", "labels": "positive ",
    "labels joined": "positive and ", "negations": "not ", "hedges": "A or ", "newlines": "\n", "lines": "A\n",
    "answer lines": "Answer: B\nAnswer: C\n", "answers": "the answer is ", "corrections": "wait, actually ",
    "option texts": "decrease the money supply. ", "think tags": "<think>", "closing think tags": "</think>",
    "chat tokens": "[INST]", "questions": "Question: x\n", "channels": "<|channel|>analysis<|message|>",
    "table bars": "| a | b |\n", "JSON": '{"answer": ', "full width": "１", "Chinese": "答案是", "accents": "é ",
    "blanks": " ", "entity lines": "Acme Bank, N.A., ORG\n", "entity dashes": "Acme - ", "commas": ", ",
    "prose": "The company is a bank in the United States of America and ", "percent": "5% to ", "dollars": "$5 $",
    "equations": "= 12 / 3 ", "tags": "<ORG>", "numbers in words": "one ", "semicolons": "Acme; ",
}  # fmt: skip


def measure(extract: Callable[[str], object], piece: str, size: int) -> float:
    """The best of two times in ms for `size` characters of a repeated piece; the pieces differ a little each time."""
    text = (piece * (size // len(piece) + 1))[:size]
    best = float("inf")
    for _ in range(2):
        began = time.process_time()
        extract(text)
        best = min(best, 1e3 * (time.process_time() - began))
        if best > 4 * GOAL_MS:
            break
    return best


def main() -> int:
    """Measure every extractor on every text, write the table, and say whether any is out of bounds."""
    names = list(PIECES)[::6] if "--quick" in sys.argv[1:] else list(PIECES)
    rows, bad = [], []
    for kind, extract in EXTRACTORS.items():
        times = {}
        for name in names:
            half, full = (measure(extract, PIECES[name], size) for size in (100_000, 200_000))
            times[name] = (half, full)
            if half > SLOWEST_MS or (full > FLOOR_MS and full > RATIO * half):
                bad.append(f"{kind}, {name}: {half:.0f} ms for 100 kB, {full:.0f} ms for 200 kB")
            if half > GOAL_MS:
                sys.stderr.write(f"above the goal: {kind}, {name}: {half:.0f} ms\n")
        slowest = max(times, key=lambda name: times[name][0])
        steepest = max(times, key=lambda name: times[name][1] / max(times[name][0], FLOOR_MS / RATIO))
        within = sum(half <= GOAL_MS for half, _ in times.values())
        half, full = times[steepest]
        rows.append(
            f"| {kind} | {len(names)} | {sorted(value[0] for value in times.values())[len(names) // 2]:.0f} ms"
            f" | {times[slowest][0]:.0f} ms ({slowest}) | {within}"
            f" | {full / max(half, FLOOR_MS / RATIO):.1f} ({steepest}) |"
        )
    head = "| extractor | texts | median at 100 kB | slowest at 100 kB | within 250 ms | largest ratio 200:100 kB |"
    table = "\n".join([head, "|---|---|---|---|---|---|", *rows]) + "\n"
    sys.stdout.write(table)
    if len(names) == len(PIECES):
        RESULTS.write_text(table, encoding="utf-8")
    for line in bad:
        sys.stderr.write(f"out of bounds: {line}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
