"""Our extractors beside other readers of replies, on the corpus in tests/scoring/cases; writes docs/scoring.md's table.

Inspect's readers are called as installed. Those of lm-eval and PIXIU are written anew from their description:
lm-eval's regex filters of GSM8K and of multiple choice (strict and flexible), PIXIU's rule that the first label in list
order which is a substring of the lower-cased reply counts, its exact match of numbers and its lines `entity, TYPE`.

Usage: python benchmarks/extraction_rivals.py
"""

from __future__ import annotations

import json
import re
import string
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inspect_ai.model import ModelOutput
from inspect_ai.scorer import AnswerPattern
from inspect_ai.scorer._common import match_str
from inspect_ai.solver import TaskState
from inspect_ai.solver._multiple_choice import parse_answers

from finbench.scoring import extract_choice, extract_entities, extract_label, extract_number

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "scoring" / "cases"
DOCS = ROOT / "docs" / "scoring.md"
START, END = "<!-- table: extraction rivals -->", "<!-- end of table -->"
KINDS = ("choice", "label", "number", "entities")
Case = dict[str, Any]


def read_ours(case: Case) -> Any:
    """What finbench reads."""
    output, kind = case["output"], case["kind"]
    if kind == "choice":
        return extract_choice(output, case["choices"]).value
    if kind == "label":
        return extract_label(output, case["labels"]).value
    if kind == "number":
        number = extract_number(output, case.get("question")).value
        return None if number is None else (number.value, number.unit)
    pairs = extract_entities(output, case.get("types", ["PER", "ORG", "LOC"])).value
    return None if pairs is None else [list(pair) for pair in pairs]


def read_inspect_choice(case: Case) -> str | None:
    """Inspect's `multiple_choice` with the scorer `choice`: the letter after "ANSWER:"."""
    state = TaskState(
        model="mockllm/model",  # type: ignore[arg-type]
        sample_id=1,
        epoch=1,
        input="",
        messages=[],
        choices=list(case["choices"]),
        output=ModelOutput.from_content("mockllm/model", case["output"]),
    )
    found = parse_answers(state, multiple_correct=False)
    return next(iter(sorted(found)), None) if len(found) == 1 else None


def read_inspect_answer(case: Case) -> str | None:
    """Inspect's scorer `answer` with the pattern of a line (labels) or a letter (choices)."""
    pattern = AnswerPattern.LETTER if case["kind"] == "choice" else AnswerPattern.LINE
    found = re.search(pattern, case["output"])
    if found is None:
        return None
    if case["kind"] == "choice":
        return found[1].upper()
    same = [label for label in case["labels"] if label.lower() == found[1].strip().lower()]
    return same[0] if same else None


def match_of_inspect(case: Case) -> bool:
    """Whether Inspect's scorer `match` (at the end; numeric for numbers) takes the reply for the expected answer."""
    expected = case["expected"]
    if expected is None:
        # The scorer compares with a reference, so it is only asked whether it finds any of the allowed answers.
        targets = case.get("labels") or list(string.ascii_uppercase[: len(case.get("choices", ""))])
        return not any(match_str(case["output"], target, location="end")[1] for target in targets)
    target = f"{expected['value']:g}" if case["kind"] == "number" else expected
    return bool(match_str(case["output"], target, location="end", numeric=case["kind"] == "number")[1])


def read_lm_eval(case: Case, flexible: bool) -> Any:
    """The regex filters of lm-eval: strict, or flexible (bracketed letter, else the first; last number)."""
    output = case["output"]
    if case["kind"] == "choice":
        strict = re.search(r"(?:answer is|answer:)\s*\(?([A-Z])\b", output, re.IGNORECASE)
        if strict or not flexible:
            return strict[1].upper() if strict else None
        loose = re.search(r"\(([A-Z])\)", output) or re.search(r"\b([A-Z])\b", output)
        return loose[1] if loose else None
    if case["kind"] == "label":
        found = [label for label in case["labels"] if re.fullmatch(rf"\s*{re.escape(label)}\W*", output, re.IGNORECASE)]
        if not found and flexible:
            found = [label for label in case["labels"] if re.search(rf"\b{re.escape(label)}\b", output, re.IGNORECASE)]
        return found[0] if found else None
    pattern = r"(-?[$0-9.,]{2,})|(-?[0-9]+)" if flexible else r"#### (-?[0-9.,]+)"
    numbers = re.findall(pattern, output)
    if not numbers:
        return None
    last = numbers[-1] if flexible else numbers[0]
    text = "".join(last) if isinstance(last, tuple) else last
    try:
        return float(text.replace("$", "").replace(",", "").rstrip("."))
    except ValueError:
        return None


def read_pixiu(case: Case) -> Any:
    """PIXIU's rules as its task classes describe them."""
    output, kind = case["output"], case["kind"]
    if kind in ("choice", "label"):
        allowed = case.get("labels") or list(string.ascii_uppercase[: len(case["choices"])])
        return next((label for label in allowed if label.lower() in output.lower()), None)
    if kind == "number":
        try:
            return float(output.strip())
        except ValueError:
            return None
    pairs = []
    for line in output.split("\n"):
        name, comma, entity_type = line.rpartition(", ")
        if comma and entity_type in ("PER", "ORG", "LOC"):
            pairs.append([name, entity_type])
    return pairs or None


def right(case: Case, value: Any) -> bool:
    """Whether a reader's value is what is expected; a bare number is compared on its value only."""
    expected = case["expected"]
    if case["kind"] != "number" or expected is None or value is None:
        return bool(value == expected)
    unit = value[1] if isinstance(value, tuple) else expected["unit"]
    number = value[0] if isinstance(value, tuple) else value
    return bool(abs(number - expected["value"]) <= 1e-9 * max(1.0, abs(number)) and unit == expected["unit"])


def readers() -> list[tuple[str, tuple[str, ...], Callable[[Case], bool]]]:
    """Each reader's name, the kinds that it reads, and whether it reads a case right."""
    return [
        ("finbench (in-sample)", KINDS, lambda case: right(case, read_ours(case))),
        ("Inspect `multiple_choice` + `choice`", ("choice",), lambda case: right(case, read_inspect_choice(case))),
        ("Inspect `answer`", ("choice", "label"), lambda case: right(case, read_inspect_answer(case))),
        ("Inspect `match` (knows the reference)", ("choice", "label", "number"), match_of_inspect),
        ("lm-eval, strict filter", KINDS[:3], lambda case: right(case, read_lm_eval(case, flexible=False))),
        ("lm-eval, flexible filter", KINDS[:3], lambda case: right(case, read_lm_eval(case, flexible=True))),
        ("PIXIU's rules", KINDS, lambda case: right(case, read_pixiu(case))),
    ]


def load() -> list[Case]:
    """All cases, each with its kind."""
    cases = []
    for path in sorted(CASES.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            cases.append({"kind": path.stem, **json.loads(line)})
    return cases


def percent(hits: int, total: int) -> str:
    """A share for the table."""
    return f"{100 * hits / total:.1f} %" if total else "–"


def rivals_table(cases: list[Case]) -> str:
    """Share of the cases that each reader reads as expected, and of those without an answer in brackets."""
    sizes = {kind: sum(case["kind"] == kind for case in cases) for kind in KINDS}
    lines = ["| reader | " + " | ".join(f"{kind} ({sizes[kind]})" for kind in KINDS) + " |", "|---" * 5 + "|"]
    for name, kinds, check in readers():
        cells = []
        for kind in KINDS:
            rows = [case for case in cases if case["kind"] == kind]
            silent = [case for case in rows if case["expected"] is None]
            if kind not in kinds:
                cells.append("–")
                continue
            shares = [percent(sum(map(check, part)), len(part)) for part in (rows, silent)]
            cells.append(f"{shares[0]} ({shares[1]})")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def first_try_table(cases: list[Case]) -> str:
    """Share read as expected at first try, before any rule was changed for the round."""
    lines = ["| cases | " + " | ".join(KINDS) + " | all |", "|---" * 6 + "|"]
    groups = {f"round {number}": [c for c in cases if c.get("round") == number] for number in range(1, 20)}
    groups["real replies"] = [c for c in cases if "first_try" in c and "round" not in c]
    for name, rows in groups.items():
        if rows:
            parts = [[c for c in rows if c["kind"] == kind] for kind in KINDS] + [rows]
            cells = [f"{sum(c['first_try'] for c in part)}/{len(part)}" if part else "–" for part in parts]
            cells[-1] = percent(sum(c["first_try"] for c in rows), len(rows))
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    """Write both tables into the page."""
    cases = load()
    tables = (
        f"{START}\n\n{rivals_table(cases)}\n\nRead as expected at the first try:\n\n{first_try_table(cases)}\n\n{END}"
    )
    page = DOCS.read_text("utf-8")
    head, _, rest = page.partition(START)
    DOCS.write_text(head + tables + rest.partition(END)[2], encoding="utf-8")
    sys.stdout.write(tables + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
