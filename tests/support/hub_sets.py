"""Sets for the hub on loopback: for every task with a source there, rows with the columns that its home has.

Rows are made up, as many as the card says, with its label counts where it has them; the real rows of a task are taken
where they lie here and the card has a fingerprint that made-up rows could not meet.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub import Repository, card_of, parquet
from rows_here import SHARED

from finbench.card import FINEVAL_REVISION, Source, TaskCard
from finbench.data.hub import EXPORT, TOGETHER, expected_rows
from finbench.tasks.catalogue import CARDS

Fields = dict[str, Any]
#: The commit that the homes without a pinned one are at.
COMMIT = "1234567890abcdef1234567890abcdef12345678"
LATER = "fedcba9876543210fedcba9876543210fedcba98"
EXPORTED = "00112233445566778899aabbccddeeff00112233"
#: Homes that hold nothing but a script, and the hub's parquet export of it.
SCRIPTED = ("allenai/math_qa",)
ISSUES = [f"Issue {number}" for number in range(33)]
#: Tasks whose card has a fingerprint, and whose rows are not here: made-up rows are read and then refused.
REFUSED = ("financebench",)


def real(name: str) -> list[Fields]:
    """The real rows of a task; empty where there are none."""
    card = CARDS[name]
    path = Path(SHARED or "") / card.data_folder / f"{card.split}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line] if path.is_file() else []


def labels_for(card: TaskCard, count: int) -> list[str]:
    """A label for each row, in the card's counts where it has them."""
    names = card.labels or {}
    if None in names.values() or sum(times or 0 for times in names.values()) != count:
        return [list(names)[number % len(names)] for number in range(count)]
    return [name for name, times in names.items() for _ in range(times or 0)]


def flare(number: int, text: str, answer: str, choices: list[str]) -> Fields:
    """The base columns of a flare set."""
    query = f"Say which one it is.\nText: {text}\nAnswer:"
    gold = [choice.lower() for choice in choices].index(answer.lower())
    return {"id": f"made{number}", "query": query, "answer": answer, "text": text, "choices": choices, "gold": gold}


def labelled(card: TaskCard, count: int) -> list[Fields]:
    choices = list(card.labels or {})
    return [flare(n, f"Case {n} of {card.name}.", label, choices) for n, label in enumerate(labels_for(card, count))]


def movements(card: TaskCard, count: int) -> list[Fields]:
    rows = labelled(card, count)
    for number, row in enumerate(rows):
        row["query"] = (
            f"From prices and posts, will $tk{number % 40} rise or fall at 2018-01-{number % 28 + 1:02d}?\n"
            f"Context: date,open,high,low,close\n2018-01-01,0.{number},0.2,0.1,0.1\n\nAnswer:"
        )
    return rows


def headlines(card: TaskCard, count: int) -> list[Fields]:
    kinds = (
        *("Price or Not", "Direction Up", "Direction Constant", "Direction Down", "PastPrice", "FuturePrice"),
        *("PastNews", "FutureNews", "Asset Comparision"),
    )
    twice = 49 if count > 1000 else 1
    distinct = count // len(kinds) - twice
    rows = []
    for number in range(count // len(kinds)):
        text = f"gold closes at {number % distinct} dollars"
        rows += [flare(number, text, "No", ["Yes", "No"]) | {"label_type": kind} for kind in kinds]
    return rows


def issues(card: TaskCard, count: int) -> list[Fields]:
    return [flare(n, f"Title {n}: a company acts.", ISSUES[n % 33], ISSUES) for n in range(count)]


def entities(card: TaskCard, count: int) -> list[Fields]:
    rows = []
    for n in range(count):
        text, answer = f"Bank{n} lends to Ann{n} in Oslo", f"Bank{n}, ORG\nAnn{n}, PER\nOslo, LOC"
        label = ["B-ORG", "O", "O", "B-PER", "O", "B-LOC"]
        rows.append({"id": f"ner{n}", "query": f"Name them.\nText: {text}\nAnswer:", "answer": answer, "text": text})
        rows[-1]["label"] = label
    return rows


def tokens(card: TaskCard, count: int) -> list[Fields]:
    return [
        {"gold_label": label, "gold_token": token, "doc_idx": n // 20, "sent_idx": n % 20}
        for n in range(count)
        for token, label in ((f"Firm{n}", 5), ("Ltd", 6), ("grew", 0))
    ]


def articles(card: TaskCard, count: int) -> list[Fields]:
    return [
        {"id": f"edtsum{n}", "query": f"Sum up. Text: Firm {n} said. Answer:", "answer": f"Firm {n} speaks"}
        | {"text": f"Firm {n} said much."}
        for n in range(count)
    ]


def calls(card: TaskCard, count: int) -> list[Fields]:
    return [
        {"id": f"ects{n}", "query": "Mark the sentences.", "answer": "0\n1", "text": f"Welcome.\nSales were {n}."}
        | {"label": [0, 1], "summary": f"Sales were {n}."}
        for n in range(count)
    ]


def exam(card: TaskCard, count: int) -> list[Fields]:
    rows = []
    for n in range(count):
        text = f"Q:What is {n} plus 1?,CHOICES: A: {n},B: {n + 1},C: {n + 2}."
        rows.append({"query": f"Read and choose.\n{text} Answer:", "answer": "a" if n < 3 else "B", "text": text})
        rows[-1] |= {
            "choices": ["A", "B", "C"],
            "gold": 2 if n < 3 else 1,
        }  # three rows of the set contradict themselves
    return rows


def vignettes(card: TaskCard, count: int) -> list[Fields]:
    return [
        {
            "query": f"Read.\nScenario: Fund {n // 5} holds bonds.\nQuestion: What of case {n}?\nAnswer Choices: "
            f"A: sell, B: hold {n}, C: buy\nAnswer:",
            "answer": "ABC"[n % 3],
            "source": "2020 Mock PM",
        }
        for n in range(count)
    ]


def without_options(card: TaskCard, count: int) -> list[Fields]:
    return [{"question_text": f"Which is {n}?", "answer": n % 4, "answer_text": f"option {n}"} for n in range(count)]


def choices(card: TaskCard, count: int, config: str | None = None) -> list[Fields]:
    made = [
        {"id": f"q{n}", "question": f"What is {n}?", "choices": [f"{n}", "no", "maybe", f"not {n}"], "gold": n % 4}
        | {"answer": "ABCD"[n % 4], "subject": config or "astronomy"}
        for n in range(count)
    ]
    rows = [row for row in real(card.name) if config is None or row.get("subject") == config]
    return rows[:count] if card.items_sha256 and rows else made


def science(card: TaskCard, count: int) -> list[Fields]:
    return [
        {
            "id": row["id"],
            "question": row["question"],
            "choices": {"text": row["choices"], "label": list("ABCDE"[: len(row["choices"])])},
            "answerKey": row["answer"],
        }
        for row in choices(card, count)
    ]


def open_book(card: TaskCard, count: int) -> list[Fields]:
    rows = science(card, count)
    return [{"question_stem" if key == "question" else key: value for key, value in row.items()} for row in rows]


def subjects(card: TaskCard, count: int, config: str | None = None) -> list[Fields]:
    return [
        {"question": row["question"], "subject": row["subject"], "choices": row["choices"], "answer": row["gold"]}
        for row in choices(card, count, config)
    ]


def word_problems(card: TaskCard, count: int) -> list[Fields]:
    return [
        {
            "Problem": f"how much is {n} + 1 ?",
            "Rationale": "add",
            "options": f"a ) {n} , b ) {n + 1} , c ) {n + 2} , d ) {n + 3} , e ) none of these",
            "correct": "b",
            "annotated_formula": "add(n0,const_1)",
            "linear_formula": "add(n0,const_1)|",
            "category": "general",
        }
        for n in range(count)
    ]


def social(card: TaskCard, count: int) -> list[Fields]:
    return [
        {"context": f"Kim lent Lee {n} pens.", "question": "Why?", "label": str(n % 3 + 1)}
        | {f"answer{letter}": f"because of {letter}" for letter in "ABC"}
        for n in range(count)
    ]


def endings(card: TaskCard, count: int) -> list[Fields]:
    return [
        {"ind": n, "activity_label": "Banking", "ctx_a": f"A clerk counts {n}.", "ctx_b": "she", "split": "val"}
        | {"ctx": f"A clerk counts {n}. she", "endings": ["sits", "stands", "sings", "sleeps"], "source_id": "x"}
        | {"split_type": "indomain", "label": str(n % 4)}
        for n in range(count)
    ]


def blanks(card: TaskCard, count: int) -> list[Fields]:
    return [
        {"sentence": f"Kim owed Lee {n}, so _ paid.", "option1": "Kim", "option2": "Lee", "answer": "1"}
        for n in range(count)
    ]


def ways(card: TaskCard, count: int) -> list[Fields]:
    return [{"goal": f"Open jar {n}.", "sol1": "Twist it.", "sol2": "Eat it.", "label": n % 2} for n in range(count)]


def formulas(card: TaskCard, count: int) -> list[Fields]:
    return [
        {"question_id": f"v-{n}", "question": f"What is the yield of {n}?", "tables": ["| a |\n|---|\n| 1 |"]}
        | {"python_solution": "def solution(): ...", "ground_truth": n + 0.5, "topic": "Fixed income"}
        for n in range(count)
    ]


def filings(card: TaskCard, count: int) -> list[Fields]:
    return [
        {"financebench_id": f"id_{n}", "company": "Acme", "doc_name": f"ACME_{n // 3}_10K", "answer": f"${n}"}
        | {"question_type": "metrics-generated", "question": f"What was item {n}?", "justification": "see the table"}
        | {"evidence": [{"evidence_text": f"item {n}: {n}", "doc_name": "ACME", "evidence_page_num": 3}]}
        for n in range(count)
    ]


def as_they_are(card: TaskCard, count: int) -> list[Fields]:
    return real(card.name)[:count]


MAKERS: dict[str, Callable[..., list[Fields]]] = {
    **dict.fromkeys(("fpb", "fiqa_sa", "ma", "ccf", "ccfraud", "australian_credit", "lendingclub"), labelled),
    **dict.fromkeys(("polish", "taiwan", "portoseguro", "travel_insurance"), labelled),
    **dict.fromkeys(("fomc", "german_credit", "gsm8k", "nq_open"), as_they_are),
    **dict.fromkeys(("sm_bigdata", "sm_acl", "sm_cikm"), movements),
    **dict.fromkeys(("arc", "arc_challenge"), science),
    **{"mlesg": issues, "headlines": headlines, "ner": entities, "finer_ord": tokens, "edtsum": articles},
    **{"ectsum": calls, "cfa_easy": exam, "cfa_challenge": vignettes, "mmlu": subjects, "openbookqa": open_book},
    **{"mathqa": word_problems, "social_iqa": social, "hellaswag": endings, "winogrande": blanks, "piqa": ways},
    **{"financemath": formulas, "financebench": filings, "mmlu_finance": subjects},
}


def rows_for(card: TaskCard, source: Source, config: str | None, count: int) -> list[Fields]:
    """Rows of one configuration of a source."""
    if card.name == "mmlu_finance":
        if source.revision:
            return without_options(card, count)
        return subjects(card, count, config)
    return MAKERS[card.name](card, count)


def on_hub() -> list[str]:
    """Names of the tasks with a source on the hub."""
    return [name for name, card in CARDS.items() if any(source.is_hub for source in card.sources)]


def small(card: TaskCard) -> TaskCard:
    """The card of a set of a few rows, of which nothing was counted but how many there are."""
    sources = tuple(
        source.model_copy(update={"items": sum(count for _, count in parts(card, source, few=True))})
        if source.is_hub
        else source
        for source in card.sources
    )
    labels = dict.fromkeys(card.labels) if card.labels else None
    return card.model_copy(update={"items": None, "labels": labels, "items_sha256": None, "sources": sources})


def parts(card: TaskCard, source: Source, *, few: bool) -> list[tuple[str | None, int]]:
    """Configurations of a source and how many rows each has."""
    names = source.config.split(TOGETHER) if source.config else [None]
    if few:
        return [(name, 27 if card.name == "headlines" else 4) for name in names]
    total = expected_rows(card, source) or 0
    if card.name == "arc":
        return [("ARC-Challenge", 1172), ("ARC-Easy", total - 1172)]
    return [(name, total) for name in names]


def repositories(*, few: bool) -> dict[str, Repository]:
    """Every home that the cards name, with all their configurations.

    Args:
        few: a few rows of each, as `small` says of the cards; else as many as the cards say.
    """
    files: dict[str, dict[str, bytes]] = {}
    configs: dict[str, dict[str, dict[str, str]]] = {}
    # ARC-Challenge, which two tasks share, is filled by the one that has real rows
    for card in sorted(CARDS.values(), key=lambda card: card.name == "arc"):
        for source in (source for source in card.sources if source.is_hub):
            name = source.uri.removeprefix("hf://")
            for config, count in parts(card, source, few=few):
                folder = config or "data"
                path = f"{folder}/{source.split}-00000-of-00001.parquet"
                if path not in files.setdefault(name, {}) and (rows := rows_for(card, source, config, count)):
                    files[name][path] = parquet(rows)
                    configs.setdefault(name, {})[config or "default"] = {source.split: f"{folder}/{source.split}-*"}
    return {name: repository(name, card_of(configs[name]), mine) for name, mine in files.items()}


def repository(name: str, page: bytes, files: dict[str, bytes]) -> Repository:
    """A home with its files, or, for those that are a script, with that and the hub's parquet export."""
    commit = FINEVAL_REVISION if name == "Salesforce/FinEval" else COMMIT
    if name not in SCRIPTED:
        return Repository(commits={commit: {"README.md": page, **files}}, main=commit)
    script = {f"{name.partition('/')[2]}.py": b"raise SystemExit('a script of the set was run')\n"}
    exported = {f"default/{Path(path).name.partition('-')[0]}/0000.parquet": content for path, content in files.items()}
    return Repository(commits={commit: script, EXPORTED: exported}, main=commit, refs={EXPORT: EXPORTED})
