"""Numbers in JSON objects and in tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from finbench.scoring.number_patterns import Mention, mask
from finbench.scoring.number_question import Hints
from finbench.scoring.number_select import CONFLICT, Pick, pick, same

_ANSWER_KEYS = (
    "final_answer", "answer", "final", "result", "prediction", "output", "response", "value", "number", "solution",
)  # fmt: skip
_CALL_KEYS = ("arguments", "parameters", "input", "args")
_UNIT_KEYS = ("unit", "units", "scale")
_UNIT_WORDS = re.compile(
    r"thousand|million|billion|trillion|basis points?|bps|%|percent\w*|[$€£¥]|\b[A-Z]{3}\b|dollars?", re.I
)
_LABEL = re.compile(
    r"\b(?:answer|result|total|change|growth|increase|decrease|difference|final|ratio|average|value)\b", re.I
)


def json_picks(text: str, hints: Hints) -> Iterator[tuple[int, int, Pick | None]]:
    """The answers in the JSON objects of a text, as (start, end, pick); None for an object without a number."""
    decoder = json.JSONDecoder()
    position = 0
    for _ in range(30):
        position = text.find("{", position)
        if position < 0:
            return
        try:
            item, length = decoder.raw_decode(text[position : position + 8000])
        except (ValueError, RecursionError):
            position += 1
            continue
        if isinstance(item, dict) and item:
            yield position, position + length, _from_object(item, hints)
        position += length


def _from_object(item: dict[str, Any], hints: Hints, depth: int = 0) -> Pick | None:
    keys = {re.sub(r"[\s-]+", "_", str(key).strip().lower()): key for key in item}
    chosen = next((keys[name] for name in _ANSWER_KEYS if name in keys), None)
    nested = [key for key in item if isinstance(item[key], dict)]
    if len(nested) == 1 and str(nested[0]).lower() in _CALL_KEYS:
        chosen = nested[0]
    if chosen is None:
        ending = [key for name, key in keys.items() if name.endswith(("_answer", "answer_value"))]
        rest = [
            key for name, key in keys.items() if name not in (*_UNIT_KEYS, "confidence", "explanation", "reasoning")
        ]
        chosen = ending[0] if ending else rest[0] if len(rest) == 1 else None
    if chosen is None:
        return None
    value = item[chosen]
    if isinstance(value, dict) and depth < 3:
        return _from_object(value, hints, depth + 1)
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else ", ".join(str(part) for part in value[:5])
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    unit = next((str(item[keys[name]]) for name in _UNIT_KEYS if name in keys), "")
    written = str(value)[:400]
    word = _UNIT_WORDS.search(unit[:60])
    scale = re.search(r"thousand|million|billion|trillion", unit[:60], re.IGNORECASE)
    if word and not re.search(r"[%$€£A-Za-z]", written.replace("e", "")):
        written = f"{written} {(scale or word)[0]}"
        written = re.sub(r" ([$])$", r"\1", written)
    return pick(mask(written), hints)


def is_table_row(line: str) -> bool:
    """Whether a line is a row of a markdown table."""
    stripped = line.strip()
    return stripped.count("|") >= 2 or (stripped.startswith("|") and len(stripped) > 1)


def table_pick(rows: list[str], hints: Hints) -> Pick | None:
    """The answer that a table shows: its only amount, or that of the row which the question or its label points at."""
    cells = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in rows[:200]]
    body = [row for row in cells if not all(re.fullmatch(r"[\s:-]*", cell) for cell in row)]
    readable: list[tuple[int, str, str, Mention]] = []
    for number, row in enumerate(body):
        for column, cell in enumerate(row):
            found = pick(mask(cell), hints) if cell and (column or len(row) == 1) else None
            if found and found.mention:
                head = body[0][column] if number and column < len(body[0]) else ""
                readable.append((number, row[0], head, found.mention))
    if not readable:
        return None
    amounts = [entry[3] for entry in readable]
    if all(same(amounts[0], amount) for amount in amounts):
        return Pick(amounts[0])
    by_words = [hints.overlap(f"{entry[1]} {entry[2]}") for entry in readable]
    by_label = [int(bool(_LABEL.search(entry[1]))) + bool(_LABEL.search(entry[2])) for entry in readable]
    for scores in (by_words, by_label):
        best = max(scores)
        winners = [amount for amount, score in zip(amounts, scores, strict=True) if score == best]
        if best and all(same(winners[0], amount) for amount in winners):
            return Pick(winners[0])
    return CONFLICT
