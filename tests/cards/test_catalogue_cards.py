"""Every card is complete and consistent, and the catalogue holds what the benchmark promises."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner, Result
from pydantic import ValidationError

from finbench.card import TaskCard
from finbench.cli.main import main
from finbench.errors import InputError
from finbench.tasks.catalogue import CARDS, DEFINITIONS, card, resolve, suites
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure


def words(text: str) -> list[str]:
    return text.split()


FINEVAL = words(
    "fpb fiqa_sa fomc ner edtsum mmlu arc nq_open mmlu_finance ectsum mlesg ma sm_bigdata sm_acl sm_cikm ccf "
    "ccfraud german_credit australian_credit lendingclub polish taiwan portoseguro travel_insurance tatqa "
    "financebench mt_bench mathqa social_iqa openbookqa hellaswag winogrande piqa cfa_easy cfa_challenge "
)
BEYOND = words("finqa convfinqa headlines financemath finer_ord finred gsm8k arc_challenge ")
PROMISED_KEYS = words(
    "name title capability domain task_type exposure elicitation metric items chance cluster sources licence "
    "redistributable version available "
)
#: Licences that forbid passing rows on, or leave it open.
RESTRICTED = re.compile(r"\bNC\b|copyright|unclear|unknown|proprietary|disclosed|all rights", re.IGNORECASE)
ALL = [pytest.param(one, id=name) for name, one in CARDS.items()]


def finbench(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_the_35_tasks_of_fineval_and_those_beyond_have_cards() -> None:
    assert len(FINEVAL) == len(set(FINEVAL)) == 35
    assert set(FINEVAL) | set(BEYOND) <= set(CARDS)


def test_what_is_neither_in_fineval_nor_beyond_it_is_ours() -> None:
    assert all(name.startswith("fin_") for name in set(CARDS) - set(FINEVAL) - set(BEYOND))


def test_exposure_says_own_exactly_beyond_fineval() -> None:
    own = {name for name, one in CARDS.items() if one.exposure is Exposure.OWN}
    assert own == set(CARDS) - set(FINEVAL)


def test_a_card_is_found_under_its_name_and_once() -> None:
    assert [one.name for one in CARDS.values()] == sorted(CARDS) == list(CARDS)


def test_a_card_is_implemented_exactly_where_there_is_a_task() -> None:
    import finbench.tasks

    implemented = {name for name, one in CARDS.items() if one.implemented}
    assert implemented == set(DEFINITIONS) == set(finbench.tasks.__all__)


@pytest.mark.parametrize("one", ALL)
def test_a_card_is_filled(one: TaskCard) -> None:
    assert re.fullmatch(r"[1-9]\d*-[A-Z]", one.version)
    assert one.licence.strip()
    assert one.citation.strip()
    assert one.title[0].isupper() and not one.title.endswith(".")
    assert one.implemented or len(one.not_implemented) > 10
    assert TaskCard.model_validate(one.model_dump()) == one


@pytest.mark.parametrize("one", ALL)
def test_each_source_is_pinned_or_says_why_not(one: TaskCard) -> None:
    for source in one.sources:
        assert re.match(r"^(hf://[^/]+/[^/]+|https://[^/]+/.+|package)$", source.uri), source.uri
        if source.uri != "package" and source.revision is None:
            said = re.search(r"\bno (?:revision|commit)\b", source.note)
            assert said, f"{source.uri} is not pinned and does not say why"
        if source.revision is not None:
            assert re.fullmatch(r"[0-9a-f]{40}", source.revision)


@pytest.mark.parametrize("one", ALL)
def test_label_counts_add_up(one: TaskCard) -> None:
    if one.labels and None not in one.labels.values():
        assert sum(count or 0 for count in one.labels.values()) == one.items
        assert one.majority is not None and 1 / len(one.labels) <= one.majority < 1
    else:
        assert one.majority is None


@pytest.mark.parametrize("one", ALL)
def test_restricted_rows_are_not_said_to_be_redistributable(one: TaskCard) -> None:
    if RESTRICTED.search(one.licence):
        assert not one.redistributable, one.licence


@pytest.mark.parametrize("one", ALL)
def test_metric_chance_and_kind_of_answer_fit_together(one: TaskCard) -> None:
    label_metrics = {"macro_f1", "weighted_f1", "mcc", "balanced_accuracy"}
    if one.metric in label_metrics:
        assert one.answer is AnswerKind.LABEL or one.classes
    if one.answer in (AnswerKind.ENTITIES, AnswerKind.RELATIONS):
        assert one.metric == "entity_f1"
    assert one.judged == (one.metric == "judge")
    if one.metric == "mcc":
        assert one.chance == 0.0
    elif one.answer is AnswerKind.CHOICE and one.options:
        assert one.chance == pytest.approx(1 / one.options)
    if one.elicitation is Elicitation.CHAT:
        assert one.capability is Capability.INSTRUCTION_FOLLOWING


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": "1"}, "N-X"),
        ({"version": "0-A"}, "N-X"),
        ({"version": "1-a"}, "N-X"),
        ({"items": 7}, "add up to"),
        ({"labels": None}, "names them"),
        ({"sources": ()}, "at least 1"),
        ({"implemented": False}, "what is missing"),
        ({"licence": None}, "string"),
        ({"colour": "red"}, "Extra inputs"),
        ({"items_sha256": "abc"}, "pattern"),
    ],
)
def test_a_card_that_is_not_consistent_is_refused(change: dict[str, object], says: str) -> None:
    fields = {**DEFINITIONS["fin_tone"].card.model_dump(), **change}
    with pytest.raises(ValidationError, match=says):
        TaskCard.model_validate(fields)


def test_a_branch_name_is_no_revision() -> None:
    fields = DEFINITIONS["fomc"].card.model_dump()
    fields["sources"] = [{"uri": "hf://Salesforce/FinEval", "revision": "main"}]
    with pytest.raises(ValidationError, match="pattern"):
        TaskCard.model_validate(fields)


# --- suites and names


def test_every_card_has_a_task_that_runs() -> None:
    assert set(FINEVAL) | set(BEYOND) <= set(DEFINITIONS) == set(CARDS)
    assert {name for name, one in CARDS.items() if one.judged} == {"mt_bench", "financebench"}


def test_suites_are_those_of_the_contract_and_hold_tasks_that_run() -> None:
    found = suites()
    assert set(found) == {"quick", "similar", "novel", "findap", "generated", "full", *Capability}
    for names in found.values():
        assert set(names) <= set(DEFINITIONS) and len(set(names)) == len(names)
    assert set(found["similar"]) | set(found["novel"]) == set(found["findap"])
    assert set(found["full"]) == set(DEFINITIONS)
    assert all(DEFINITIONS[name].card.sources[0].uri == "package" for name in (*found["quick"], *found["generated"]))


def test_names_are_resolved_once_and_in_order() -> None:
    assert resolve(suite="quick", tasks=["finbench/fin_terms", "finqa", "finqa"]) == (*suites()["quick"], "finqa")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: card("fomk"), r"no task 'fomk'.*did you mean fomc"),
        (lambda: card("zzzzzz"), "see `finbench tasks`"),
        (lambda: resolve(suite="easy"), "no suite 'easy'; there are quick"),
        (lambda: resolve(), "no tasks are named"),
        (lambda: resolve(tasks=["mt_bank"]), r"no task 'mt_bank'.*did you mean mt_bench"),
    ],
)
def test_a_name_that_cannot_be_used_is_one_sentence(call: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        call()  # type: ignore[operator]


# --- finbench tasks


def test_the_catalogue_as_json_has_the_promised_keys_for_every_card() -> None:
    result = finbench("tasks", "--json")
    assert result.exit_code == 0, result.output
    entries = json.loads(result.stdout)
    assert [entry["name"] for entry in entries] == list(CARDS)
    for entry in entries:
        assert set(PROMISED_KEYS) <= set(entry), entry["name"]
        assert isinstance(entry["available"], bool) and isinstance(entry["redistributable"], bool)
        assert entry["sources"] and all(source["uri"] for source in entry["sources"])
    available = {entry["name"] for entry in entries if entry["available"]}
    assert available == {"fin_tone", "fin_terms", "fin_calc", "fin_sums"} | (available - set(FINEVAL) - set(BEYOND))


def test_what_lies_in_the_folder_is_available(shared_data: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINBENCH_DATA", str(shared_data))
    entries = {entry["name"]: entry for entry in json.loads(finbench("tasks", "--json").stdout)}
    assert entries["fomc"]["available"] and entries["ner"]["available"]
    assert entries["ner"]["rows"] == "$FINBENCH_DATA/ner_sec/test.jsonl"
    for name in set(CARDS) - set(DEFINITIONS):
        assert not entries[name]["available"], "rows that no task reads make no task available"


@pytest.mark.parametrize(
    ("flag", "values", "field"),
    [("--capability", Capability, "capability"), ("--domain", Domain, "domain")],
)
def test_filters_divide_the_catalogue(flag: str, values: type[Capability | Domain], field: str) -> None:
    parts = []
    for value in values:
        entries = json.loads(finbench("tasks", flag, value, "--json").stdout)
        assert {entry[field] for entry in entries} <= {value}
        parts += [entry["name"] for entry in entries]
    assert sorted(parts) == list(CARDS)


def test_a_suite_filters_too() -> None:
    entries = json.loads(finbench("tasks", "--suite", "quick", "--capability", "concepts", "--json").stdout)
    assert [entry["name"] for entry in entries] == ["fin_terms"]


@pytest.mark.parametrize(
    "arguments", [("--capability", "maths"), ("--domain", "farming"), ("--suite", "hard")], ids=lambda a: a[0]
)
def test_an_unknown_filter_exits_2_with_one_line(arguments: tuple[str, str]) -> None:
    result = finbench("tasks", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("finbench: there is no") and len(result.stderr.strip().splitlines()) == 1
    assert arguments[1] in result.stderr


def test_the_table_for_people_names_every_task() -> None:
    result = finbench("tasks")
    assert result.exit_code == 0
    for name in CARDS:
        assert re.search(rf"^{name}\b", result.stdout, re.MULTILINE), name
