"""Relations: every way that replies list triplets, the counting, and the task with its own references."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai import eval as inspect_eval
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.scorer import Score
from loopback import Server

from finbench.data.items import Item
from finbench.errors import InputError
from finbench.results.reading import read_run
from finbench.scoring.relations import count_triplets, extract_relations, parse_triplets
from finbench.tasks.catalogue import DEFINITIONS
from finbench.tasks.prompts import perfect_reply, render
from finbench.tasks.relations import RELATIONS
from finbench.taxonomy import Elicitation

ONE = ("Rosneft", "Igor Sechin", "chief_executive_officer")
TWO = ("Apple", "iPhone, 5th edition", "product_or_material_produced")
BOTH = [ONE, TWO]
TEXT = "Rosneft ; Igor Sechin ; chief_executive_officer\nApple ; iPhone, 5th edition ; product_or_material_produced"
RECORDS = [dict(zip(("head", "tail", "relation"), one, strict=True)) for one in BOTH]


@pytest.mark.parametrize(
    ("reply", "triplets"),
    [
        (TEXT, BOTH),
        (f"Let me see.\nAnswer:\n{TEXT}", BOTH),
        ("- Rosneft ; Igor Sechin ; chief executive officer", [ONE]),
        ("1. Rosneft; Igor Sechin; Chief_Executive_Officer.", [ONE]),
        ("**Rosneft** ; **Igor Sechin** ; **chief_executive_officer**", [ONE]),
        ("Rosneft -> chief_executive_officer -> Igor Sechin", [ONE]),
        ("Rosneft → chief executive officer → Igor Sechin", [ONE]),
        ("Rosneft --[chief_executive_officer]--> Igor Sechin", [ONE]),
        ("(Rosneft, chief_executive_officer, Igor Sechin)", [ONE]),
        ("(Rosneft, Igor Sechin, chief_executive_officer)", [ONE]),
        ('("Apple", "iPhone, 5th edition", "product_or_material_produced")', [TWO]),
        ("chief_executive_officer(Rosneft, Igor Sechin)", [ONE]),
        ("| Rosneft | Igor Sechin | chief_executive_officer |", [ONE]),
        ("| head | tail | relation |\n|---|---|---|\n| Rosneft | Igor Sechin | chief_executive_officer |", [ONE]),
        ("Head: Rosneft, Relation: chief_executive_officer, Tail: Igor Sechin", [ONE]),
        (json.dumps(RECORDS), BOTH),
        (f"```json\n{json.dumps({'relations': RECORDS}, indent=1)}\n```", BOTH),
        ("\n".join(json.dumps(record) for record in RECORDS), BOTH),
        (json.dumps([list(one) for one in BOTH]), BOTH),
        (json.dumps([" ; ".join(one) for one in BOTH]), BOTH),
        ('{"subject": "Rosneft", "predicate": "chief executive officer", "object": "Igor Sechin"}', [ONE]),
        ("<think>Apple ; Mac ; brand</think>\nRosneft ; Igor Sechin ; chief_executive_officer", [ONE]),
        ("Apple ; Mac ; brand\nWait, that is not stated.\nRosneft ; Igor Sechin ; chief_executive_officer", [ONE]),
        ("Igor Sechin ; Rosneft ; likes", [("Igor Sechin", "Rosneft", "likes")]),
        ("none", []),
        ("Answer: none", []),
        ("There are no relations in this text.", []),
        ("[]", []),
        ("I think that Rosneft is a firm.", None),
        ("", None),
    ],
)
def test_triplets_are_read_however_they_are_written(reply: str, triplets: list[tuple[str, str, str]] | None) -> None:
    assert extract_relations(reply, RELATIONS).value == triplets


@pytest.mark.parametrize(
    ("reply", "followed"),
    [
        (TEXT, True),
        (f"Steps.\nAnswer:\n{TEXT}", True),
        ("none", True),
        (f"- {TEXT}", False),
        (json.dumps(RECORDS), False),
    ],
)
def test_the_format_is_a_separate_figure(reply: str, followed: bool) -> None:
    assert extract_relations(reply, RELATIONS).followed_format is followed


def test_a_refusal_is_no_empty_list() -> None:
    found = extract_relations("I'm sorry, but I can't help with that.", RELATIONS)
    assert found.value is None and found.outcome == "refused"


@given(st.text(max_size=300))
def test_no_reply_raises(reply: str) -> None:
    assert extract_relations(reply, RELATIONS).outcome in ("answered", "unparsed", "refused")


NAMES = st.text(st.characters(categories=["Lu", "Ll"], max_codepoint=0x17F), min_size=1, max_size=12)


@given(st.lists(st.tuples(NAMES, NAMES, st.sampled_from(RELATIONS)), min_size=1, max_size=6, unique=True))
def test_what_is_written_as_asked_is_read_back(triplets: list[tuple[str, str, str]]) -> None:
    text = "\n".join(" ; ".join(one) for one in triplets)
    found = extract_relations(text, RELATIONS)
    assert parse_triplets(text) == triplets
    assert found.value is not None and count_triplets(found.value, triplets)[1:] == (0, 0)


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        (BOTH, (2, 0, 0)),
        ([ONE], (1, 0, 1)),
        ([(ONE[1], ONE[0], ONE[2])], (0, 1, 2)),
        ([(ONE[0], ONE[1], "chairperson"), TWO], (1, 1, 1)),
        ([("ROSNEFT", "igor  sechin", "Chief Executive Officer")], (1, 0, 1)),
        ([], (0, 0, 2)),
    ],
)
def test_counts_need_all_three_parts_in_their_direction(
    found: list[tuple[str, str, str]], counts: tuple[int, int, int]
) -> None:
    assert count_triplets(found, BOTH) == counts


ROWS = [
    {"text": "Rosneft's Igor Sechin spoke.", "triplets": [list(ONE)]},
    {"text": "Apple and Rosneft met.", "triplets": [" ; ".join(one) for one in BOTH]},
    {"sentence": "Apple sells it.", "entities": [["Apple", "iPhone, 5th edition"]], "relations": [TWO[2]]},
    {"text": "Klaus left Alcoa.", "triplets": "Alcoa ; Klaus ; director_/_manager | Alcoa ; Klaus ; employer"},
    {"text": "Nothing.", "triplets": []},
]
CARD = DEFINITIONS["finred"].card


def test_rows_of_each_layout_become_items(items_of_rows: Callable[..., list[Item]]) -> None:
    golds = [item.gold.splitlines() for item in items_of_rows("finred", ROWS)]
    assert [len(gold) for gold in golds] == [1, 2, 1, 2, 0]
    assert golds[3] == ["Alcoa ; Klaus ; director_/_manager", "Alcoa ; Klaus ; employer"]


@pytest.mark.parametrize("way", [Elicitation.DIRECT, Elicitation.COT])
def test_references_score_one_and_corrupted_ones_less(
    way: Elicitation, items_of_rows: Callable[..., list[Item]], score_reply: Callable[..., Score]
) -> None:
    for item in items_of_rows("finred", ROWS):
        right = score_reply("finred", item, perfect_reply(CARD, item, way))
        assert right.value == 1.0 and (right.metadata or {})["outcome"] == "correct"
        assert (right.metadata or {})["followed_format"] is True
        lines = item.gold.splitlines()
        wrong = ["Acme ; Rosneft ; owned_by", "\n".join([*lines, "Acme ; Rosneft ; owned_by"])]
        if lines:
            head, tail, name = lines[0].split(" ; ")
            wrong += ["none", f"{tail} ; {head} ; {name}", f"{head} ; {tail} ; currency"]
        for text in wrong:
            score = score_reply("finred", item, text)
            assert score.as_float() < 1.0 and (score.metadata or {})["outcome"] == "wrong", text
        for text, outcome in (("", "unparsed"), ("I'm sorry, but I can't help with that.", "refused")):
            score = score_reply("finred", item, text)
            assert (score.value, (score.metadata or {})["outcome"]) == (0.0, outcome)


def test_the_prompt_names_all_relations_and_the_form() -> None:
    made = render(CARD, "I.", Item(body="T", gold=""), Elicitation.DIRECT)
    assert all(name in made for name in RELATIONS) and "`head ; tail ; relation`" in made
    assert len(RELATIONS) == len(set(RELATIONS)) == 29


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"text": "t", "triplets": [["a", "b", "loves"]]}, "the relation 'loves', which is none of"),
        ({"text": "t", "triplets": [["a", "b"]]}, "triplets of head, tail and relation"),
        ({"text": "t", "triplets": 5}, "should be a list"),
        ({"text": "t", "entities": [["a", "b"]], "relations": []}, "as many pairs"),
        ({"text": "t"}, "lacks the field"),
        ({"triplets": []}, "lacks the field"),
    ],
)
def test_a_row_that_does_not_fit_is_named(row: dict[str, Any], says: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=says):
        DEFINITIONS["finred"].items(data=path)


def test_the_headline_is_f1_over_all_triplets(openai_server: Server, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    openai_server.reply = lambda prompt: "Rosneft ; Igor Sechin ; chief_executive_officer"
    model = get_model(
        "openai-api/loopback/finred", base_url=openai_server.url, config=GenerateConfig(max_retries=0), memoize=False
    )
    [log] = inspect_eval(
        "finbench/finred", model=model, task_args={"data": str(path)}, log_dir=str(tmp_path / "logs"), display="none"
    )
    assert log.status == "success" and log.results is not None
    [found] = [score.metrics["entity_f1"].value for score in log.results.scores if "entity_f1" in score.metrics]
    assert found == pytest.approx(2 * 2 / (2 * 2 + 3 + 4))
    run = read_run(Path(log.location))
    assert run.metric == "entity_f1" and run.complete and sum(item.counts[0] for item in run.items if item.counts) == 2
