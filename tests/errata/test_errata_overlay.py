"""The errata: each is of a real row, changes its score, and comes with both scores out of one run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from inspect_ai import eval as inspect_eval
from inspect_ai.log import read_eval_log
from inspect_ai.model import ChatMessage, ModelOutput, ModelUsage, get_model
from rows_here import folder_of

from finbench.cli.main import main
from finbench.data.items import item_id
from finbench.data.rows import Row, read_jsonl
from finbench.errata.overlay import Erratum, overlay, overlay_version, tasks_with_errata
from finbench.errata.rescoring import both_scores, mended
from finbench.errors import InputError
from finbench.results.reading import read_run
from finbench.results.scores import score_interval
from finbench.tasks.catalogue import CARDS, DEFINITIONS
from finbench.tasks.prompts import perfect_reply

ALL = [pytest.param(name, one, id=one.id) for name in tasks_with_errata() for one in overlay(name).values()]


def finbench(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def real_rows(name: str) -> dict[str, Row]:
    """The real rows of a task, by the id of the item they make."""
    folder = folder_of(name)
    if folder is None:
        pytest.skip(f"no real rows of {name} here: neither FINBENCH_DATA nor ../shared/data holds them")
    known = DEFINITIONS[name]
    found: dict[str, Row] = {}
    for row in read_jsonl(folder / f"{known.card.split}.jsonl"):
        item = known.to_item(row)
        if item is not None:
            found.setdefault(item_id(name, item), row)
    return found


@pytest.mark.parametrize(("name", "one"), ALL)
def test_an_erratum_is_of_a_real_row_and_its_reference_is_another(name: str, one: Erratum) -> None:
    row = real_rows(name)[one.id]
    item = DEFINITIONS[name].to_item(row)
    assert item is not None and item.gold != one.gold
    if str(row.get("id", "")).strip() and not one.row.startswith("fin3 ("):
        assert row["id"] == one.row
    assert one.evidence.strip().endswith((".", "%")) and len(one.wrong) > 20


@pytest.mark.parametrize(("name", "one"), [case for case in ALL if case.values[1].gold is not None])
def test_the_corrected_reference_scores_one_and_the_published_one_no_longer(
    name: str, one: Erratum, score_against: Callable[..., float]
) -> None:
    item = DEFINITIONS[name].to_item(real_rows(name)[one.id])
    assert item is not None and one.gold is not None
    card = DEFINITIONS[name].card
    assert (
        score_against(name, item, perfect_reply(card, type(item)(body=item.body, gold=one.gold), "direct"), one.gold)
        == 1
    )
    assert score_against(name, item, item.gold, one.gold) < 1


@pytest.mark.parametrize(("name", "one"), ALL)
def test_figures_of_the_evidence_stand_in_the_item(name: str, one: Erratum) -> None:
    """What is quoted is there, word by word."""
    item = DEFINITIONS[name].to_item(real_rows(name)[one.id])
    assert item is not None
    text = " ".join(item.body.split())
    for quoted in re.findall(r'"([^"]+)"', one.evidence):
        if "LLP" not in quoted or "LLP" in text:  # the law firm's other title page is another item
            assert " ".join(quoted.split()) in text, quoted


def test_the_law_firm_is_named_with_its_legal_form_by_another_item_of_the_set() -> None:
    first, second = (DEFINITIONS["ner"].to_item(real_rows("ner")[one]) for one in overlay("ner"))
    assert first is not None and second is not None
    assert "HERBERT SMITH LOGO" in first.body and "HERBERT SMITH LLP" in second.body


@pytest.mark.parametrize(
    "change", [{"gold": None}, {"exclude": True}, {"id": "finqa-1"}, {"evidence": "so"}, {"colour": "red"}]
)
def test_an_entry_that_says_too_little_or_too_much_is_refused(change: dict[str, Any]) -> None:
    good = next(one for one in overlay("finqa").values()).model_dump()
    with pytest.raises(ValueError):
        Erratum.model_validate({**good, **change})


def test_a_task_without_errata_has_an_empty_overlay_and_no_version() -> None:
    assert overlay("fin_tone") == {} and overlay_version("fin_tone") is None
    assert set(tasks_with_errata()) <= set(CARDS)
    assert re.fullmatch("[0-9a-f]{12}", overlay_version("finqa") or "")


# --- both scores out of one run


@pytest.fixture
def run_on_real_rows(tmp_path: Path) -> Callable[[str], Path]:
    """A log of a model that answers with the published references, on 12 items of a task with its errata among them."""

    def run(name: str) -> Path:
        rows, known = real_rows(name), DEFINITIONS[name]
        chosen = [*overlay(name), *[one for one in rows if one not in overlay(name)][:12]]
        given = tmp_path / f"{name}.jsonl"
        given.write_text("".join(json.dumps(dict(rows[one])) + "\n" for one in chosen), encoding="utf-8")
        task = known.task(data=str(given), elicitation="direct")
        golds = {str(sample.input[-1].content): str(sample.target) for sample in task.dataset}  # type: ignore[union-attr]

        def reply(messages: list[ChatMessage], *_: Any) -> ModelOutput:
            output = ModelOutput.from_content("mockllm/published", golds[messages[-1].text])
            output.usage = ModelUsage(input_tokens=20, output_tokens=2, total_tokens=22)
            return output

        [log] = inspect_eval(
            task,
            model=get_model("mockllm/published", custom_outputs=reply, memoize=False),
            log_dir=str(tmp_path / "logs"),
            display="none",
        )
        assert log.status == "success", log.error
        return Path(log.location)

    return run


@pytest.mark.parametrize("name", tasks_with_errata())
def test_answers_as_published_score_less_once_the_references_are_right(
    name: str, run_on_real_rows: Callable[[str], Path]
) -> None:
    path = run_on_real_rows(name)
    before = read_run(path)
    assert score_interval(before).estimate == 1.0
    [found] = both_scores([path])
    wrong = [one for one in overlay(name).values() if one.gold is not None]
    gone = [one for one in overlay(name).values() if one.exclude]
    assert (found.corrected, found.turned, found.excluded) == (len(wrong), len(wrong), len(gone))
    assert found.published.estimate == 1.0 and found.mended.estimate < 1.0
    assert found.mended.n == found.published.n - len(gone)
    if DEFINITIONS[name].card.metric == "accuracy":
        assert found.mended.estimate == pytest.approx(1 - len(wrong) / found.mended.n)
    after = mended(before)
    assert after.items_sha256 != before.items_sha256 and not after.official
    assert [one.value for one in before.items] == [one.value for one in read_run(path).items], "the run is as it was"

    result = finbench("data", "errata", str(path), "--json")
    [entry] = json.loads(result.stdout)
    assert entry["published"]["score"] == 1.0 and entry["mended"]["score"] == pytest.approx(found.mended.estimate)
    table = finbench("data", "errata", str(path)).stdout
    assert "100.0" in table and f"{len(wrong)} ({len(wrong)} scored otherwise)" in table


def test_answers_that_were_right_all_along_gain(run_on_real_rows: Callable[[str], Path], tmp_path: Path) -> None:
    path = run_on_real_rows("finqa")
    log = read_eval_log(str(path))
    known = overlay("finqa")
    assert {str(sample.id) for sample in log.samples or []} >= set(known)
    for sample in log.samples or []:
        if str(sample.id) in known:
            sample.output = ModelOutput.from_content("mockllm/published", str(known[str(sample.id)].gold))
            assert sample.scores is not None
            score = next(iter(sample.scores.values()))
            score.value = "I"
            assert score.metadata is not None
            score.metadata["outcome"] = "wrong"
    from inspect_ai.log import write_eval_log

    changed = tmp_path / "changed.eval"
    write_eval_log(log, str(changed))
    [found] = both_scores([changed])
    assert found.published.estimate == pytest.approx(1 - len(known) / found.published.n)
    assert found.mended.estimate == 1.0


def test_a_run_without_errata_is_left_out_and_its_mended_self_is_itself(tmp_path: Path) -> None:
    output = ModelOutput.from_content("mockllm/model", "positive")
    output.usage = ModelUsage(input_tokens=20, output_tokens=2, total_tokens=22)
    model = get_model("mockllm/model", custom_outputs=[output] * 3, memoize=False)
    [log] = inspect_eval(DEFINITIONS["fin_tone"].task(), model=model, log_dir=str(tmp_path), limit=3, display="none")
    run = read_run(Path(log.location))
    assert mended(run) is run and both_scores([tmp_path]) == []
    told = finbench("data", "errata", str(tmp_path))
    assert told.exit_code == 0 and "no run of these logs holds an item with errata" in told.stdout


def test_the_list_of_errata_names_evidence(shared_data: Path) -> None:
    told = finbench("data", "errata", "--task", "tatqa")
    assert told.exit_code == 0 and "left out" in told.stdout and "evidence: " in told.stdout
    assert set(json.loads(finbench("data", "errata", "--json").stdout)) == set(tasks_with_errata())


def test_a_sample_that_is_not_in_the_log_is_one_sentence(run_on_real_rows: Callable[[str], Path]) -> None:
    run = read_run(run_on_real_rows("finqa"))
    run.path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        mended(run)
