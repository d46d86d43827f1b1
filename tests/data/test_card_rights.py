"""Every card says whose its rows are, how many, and how they are scored; the page of rights is made from the cards."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from finbench.card import FINEVAL_REVISION, TaskCard
from finbench.cli.main import main
from finbench.data.items import Item
from finbench.data.rights import page
from finbench.scoring.free_text import LIST_SEPARATOR
from finbench.tasks.catalogue import CARDS, DEFINITIONS
from finbench.tasks.concepts import SUBJECTS
from finbench.tasks.prompts import render
from finbench.taxonomy import AnswerKind, Elicitation

ALL = [pytest.param(one, id=name) for name, one in CARDS.items()]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "data-rights.md"
#: Units that are not independent, as the issue names them; MMLU and the like have none, and their subject is a stratum.
CLUSTERS = {
    "cfa_challenge": "vignette",
    **dict.fromkeys(("tatqa", "finqa", "convfinqa", "financebench"), "document"),
    **dict.fromkeys(("sm_bigdata", "sm_acl", "sm_cikm"), "ticker"),
    **dict.fromkeys(("mmlu", "mmlu_finance", "arc", "arc_challenge", "openbookqa", "hellaswag", "gsm8k")),
}
#: Headline metrics where accuracy would flatter: skewed classes, entities, summaries, spans with a scale.
METRICS = {
    **dict.fromkeys(("german_credit", "australian_credit", "lendingclub", "polish", "taiwan"), "mcc"),
    **dict.fromkeys(("ccf", "ccfraud", "portoseguro", "travel_insurance", "sm_bigdata", "sm_acl", "sm_cikm"), "mcc"),
    **dict.fromkeys(("fpb", "fiqa_sa", "fomc", "ma", "headlines"), "macro_f1"),
    **dict.fromkeys(("ner", "finer_ord", "fin_entities", "finred"), "entity_f1"),
    **dict.fromkeys(("edtsum", "ectsum", "fin_briefs"), "rouge1"),
    **dict.fromkeys(("tatqa", "nq_open"), "f1"),
    **dict.fromkeys(("finqa", "convfinqa", "gsm8k", "financemath", "mmlu", "cfa_easy"), "accuracy"),
}
#: Sets whose test labels are hidden: read on their labelled split, which the source says.
LABELLED = ("social_iqa", "hellaswag", "winogrande", "piqa")


@pytest.mark.parametrize("one", ALL)
def test_a_card_names_a_hub_set_or_the_original_with_a_revision_or_that_none_is_verified(one: TaskCard) -> None:
    for source in one.sources:
        assert source.uri == "package" or source.uri.startswith(("hf://", "https://"))
        if source.uri == "hf://Salesforce/FinEval":
            assert source.revision == FINEVAL_REVISION and source.config
        elif source.uri != "package" and source.revision is None:
            assert re.search(r"no (revision|commit)|original", source.note), source
        if source.is_hub and source.revision is None:
            assert "the commit that was read is recorded" in source.note


@pytest.mark.parametrize("one", ALL)
def test_a_card_is_complete(one: TaskCard) -> None:
    assert one.licence and one.citation and one.items and one.version
    assert isinstance(one.redistributable, bool)
    if one.answer is AnswerKind.CHOICE:
        assert one.options and one.chance == pytest.approx(1 / one.options)
    if one.answer in (AnswerKind.LABEL, AnswerKind.ENTITIES, AnswerKind.RELATIONS):
        assert one.labels or one.options
    if one.answer is AnswerKind.LABEL:
        assert one.chance is not None
        counted = bool(one.labels) and None not in (one.labels or {}).values()
        assert (one.majority is not None) is counted
    assert (one.cluster, one.metric) == (CLUSTERS.get(one.name, one.cluster), METRICS.get(one.name, one.metric))
    own = [source.uri == "package" for source in one.sources]
    assert one.errata or all(own) or one.name in NOTHING_KNOWN, "a foreign set without a word on its defects"


#: Sets of others of which no defect is known to us.
NOTHING_KNOWN = ("gsm8k", "ma", "sm_acl", "openbookqa")


def test_labelled_splits_are_said_to_be() -> None:
    for name in LABELLED:
        card = CARDS[name]
        assert card.split == card.sources[0].split == "validation" and "labelled split" in card.sources[0].note
    assert "labelled split" in CARDS["nq_open"].sources[0].note and CARDS["nq_open"].items == 3610


def test_the_counts_of_mmlu_finance_are_those_of_its_subjects() -> None:
    card = CARDS["mmlu_finance"]
    general = next(source for source in card.sources if source.uri == "hf://cais/mmlu")
    assert sum(SUBJECTS.values()) == card.items == general.items
    assert general.config == "+".join(SUBJECTS)


@pytest.mark.parametrize("one", ALL)
def test_a_direct_and_a_step_by_step_prompt_ask_for_one_stated_format(one: TaskCard) -> None:
    choices = ("yes", "no") if one.answer is AnswerKind.CHOICE else ()
    labels = {"labels": LIST_SEPARATOR.join(["a", "b"])} if one.answer is AnswerKind.LABEL and not one.labels else {}
    item = Item(body="What is it?", gold="A", choices=choices, metadata=labels)
    instruction = DEFINITIONS[one.name].instruction
    if one.elicitation is Elicitation.CHAT:
        return  # a conversation goes on without a word about its form
    direct, steps = (render(one, instruction, item, way) for way in (Elicitation.DIRECT, Elicitation.COT))
    assert "What is it?" in direct and "What is it?" in steps
    if one.answer is AnswerKind.INSTRUCTIONS:
        return  # what is asked for is in the item, and the whole reply is checked
    assert re.search(r"^(Answer |List the )", direct, re.MULTILINE), direct
    assert "step by step" in steps and "`Answer:" in steps and "step by step" not in direct


def test_the_page_of_rights_is_the_one_that_the_cards_make() -> None:
    result = CliRunner().invoke(main, ["data", "rights", "--markdown"])
    assert result.exit_code == 0 and result.stdout == page(CARDS.values())
    assert PAGE.read_text(encoding="utf-8") == result.stdout, (
        "docs/data-rights.md is out of date: finbench data rights --markdown > docs/data-rights.md"
    )


def test_the_page_names_every_task_licence_and_source() -> None:
    text = page(CARDS.values())
    for name, one in CARDS.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
        assert one.licence in row and row.endswith(f"| {'yes' if one.redistributable else 'no'} |")
        for source in one.sources:
            assert source.uri == "package" or source.uri.removeprefix("https://").removeprefix("hf://") in text
            assert source.revision is None or source.revision in text


def test_the_table_for_people_names_every_licence() -> None:
    told = CliRunner().invoke(main, ["data", "rights"]).stdout
    assert all(re.search(rf"^{name}\b", told, re.MULTILINE) for name in CARDS)
