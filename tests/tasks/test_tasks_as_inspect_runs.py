"""Every task run by Inspect under its registry name, on a mock that answers right, and what its log then says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, headline_metric, read_eval_log_sample_summaries
from inspect_ai.model import ChatMessage, Model, ModelOutput, ModelUsage, get_model
from rows_here import HERE, PACKAGED, SHARED, folder_of

from finbench.tasks.catalogue import DEFINITIONS
from finbench.tasks.generated import OFFICIAL_ITEMS, calc_items, is_generated, official_exam
from finbench.tasks.prompts import perfect_reply, render

METADATA = {
    "finbench.task",
    "finbench.task_version",
    "finbench.items_sha256",
    "finbench.items",
    "finbench.dropped",
    "finbench.official",
    "finbench.rows_from",
    "finbench.package_version",
    "finbench.metric",
    "finbench.cluster",
    "finbench.capability",
    "finbench.elicitation",
    "finbench.fewshot",
    "finbench.prompt_sha256",
}


def knowing(answers: dict[str, str]) -> Model:
    """A mock that knows the reply to each prompt; usage is set, since counting tokens would need the network."""

    def respond(messages: list[ChatMessage], *_: Any) -> ModelOutput:
        output = ModelOutput.from_content("mockllm", answers.get(messages[-1].text, "no idea"))
        output.usage = ModelUsage(input_tokens=5, output_tokens=1, total_tokens=6)
        return output

    return get_model("mockllm/model", custom_outputs=respond, memoize=False)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, EvalLog]]:
    """One log a task whose rows are here: its first two items in the card's own way of asking."""
    with pytest.MonkeyPatch.context() as patch:
        if SHARED is not None:
            patch.setenv("FINBENCH_DATA", str(SHARED))
        patch.chdir(tmp_path_factory.mktemp("cwd"))
        answers = {}
        for name in HERE:
            known = DEFINITIONS[name]
            found = official_exam(name) if is_generated(name) else known.items()
            for item in list(found.items.values())[:2]:
                way = known.card.elicitation
                answers[render(known.card, known.instruction, item, way)] = perfect_reply(known.card, item, way)
        run = inspect_eval(
            [f"finbench/{name}" for name in HERE],
            model=knowing(answers),
            limit=2,
            log_dir=str(tmp_path_factory.mktemp("logs")),
            display="none",
            log_realtime=False,
        )
        yield {log.eval.task.rpartition("/")[2]: log for log in run}


@pytest.fixture
def log(request: pytest.FixtureRequest, logs: dict[str, EvalLog]) -> EvalLog:
    """The log of the task that a test is about."""
    return logs[request.node.callspec.params["name"]]


@pytest.mark.parametrize("name", HERE)
def test_a_task_runs_under_its_registry_name_and_right_answers_score_one(name: str, log: EvalLog) -> None:
    assert log.status == "success", log.error
    assert log.eval.task_registry_name == f"finbench/{name}", "retry and rescoring find the task by it"
    assert log.eval.task.rpartition("/")[2] == name
    assert log.results is not None and log.results.completed_samples == log.results.total_samples == 2
    headline = headline_metric(log)
    assert headline is not None
    assert headline.metric.name.rpartition("/")[2] == DEFINITIONS[name].card.metric
    if DEFINITIONS[name].card.metric != "mcc":  # two items may be of one class
        assert headline.metric.value == 1.0
    assert all(
        sample.scores and next(iter(sample.scores.values())).metadata["outcome"] == "correct"
        for sample in log.samples or []
    )


@pytest.mark.parametrize("name", HERE)
def test_the_header_says_what_was_run(name: str, log: EvalLog) -> None:
    card = DEFINITIONS[name].card
    metadata = log.eval.metadata or {}
    assert set(metadata) >= METADATA
    assert metadata["finbench.task_version"] == card.version == log.eval.task_version
    assert metadata["finbench.metric"] == card.metric
    assert metadata["finbench.capability"] == card.capability.value
    assert metadata["finbench.elicitation"] == card.elicitation.value
    assert (metadata["finbench.cluster"], metadata["finbench.fewshot"]) == (card.cluster, 0)
    assert len(metadata["finbench.items_sha256"]) == 64
    if card.items_sha256:
        assert metadata["finbench.items_sha256"] == card.items_sha256 and metadata["finbench.official"] is True
    else:
        assert metadata["finbench.official"] is False
    assert log.plan.config.temperature == 0.0
    assert log.plan.config.max_tokens == card.generation.max_tokens(card.elicitation)


@pytest.mark.parametrize("name", HERE)
def test_summaries_keep_what_statistics_read(name: str, log: EvalLog) -> None:
    card = DEFINITIONS[name].card
    for summary in read_eval_log_sample_summaries(log.location):
        [score] = (summary.scores or {}).values()
        assert score.metadata is not None and score.metadata["outcome"] == "correct"
        assert ("counts" in score.metadata) is (card.metric == "entity_f1")
        assert ("gold" in score.metadata) is ("pred" in score.metadata) is (card.metric != "entity_f1")
        if card.cluster:
            assert summary.metadata[card.cluster]


@pytest.mark.parametrize("name", HERE)
def test_no_path_of_this_machine_reaches_a_log(name: str, log: EvalLog, pytestconfig: pytest.Config) -> None:
    text = log.model_copy(update={"location": "", "etag": None}).model_dump_json()
    assert str(pytestconfig.rootpath.parent) not in text


# --- the prompt


def prompts(name: str, **options: Any) -> list[str]:
    """The last user message of every sample of a task."""
    return [str(sample.input[-1].content) for sample in DEFINITIONS[name].task(**options).dataset]  # type: ignore[union-attr]


def data_of(name: str) -> str | None:
    folder = folder_of(name)
    if folder is None and name not in PACKAGED:
        pytest.skip(f"no rows of {name} here")
    return None if folder is None else str(folder)


@pytest.mark.parametrize("way", ["direct", "cot"])
@pytest.mark.parametrize("name", [name for name in HERE if name not in ("fin_calc", "fin_sums", "fin_follow")])
def test_the_item_stands_verbatim_in_the_prompt(name: str, way: str) -> None:
    data = data_of(name)
    items = DEFINITIONS[name].items(data=data).items.values()
    for prompt, item in zip(prompts(name, data=data, elicitation=way), items, strict=True):
        assert item.body in prompt
        assert "Think step by step" in prompt if way == "cot" else "Think step by step" not in prompt
        assert prompt.count("Answer: X") + prompt.count("`Answer:`") == (1 if way == "cot" else 0)


@pytest.mark.parametrize("name", ["fin_terms", "mmlu_finance", "arc_challenge"])
def test_options_keep_their_order_and_are_lettered(name: str) -> None:
    data = data_of(name)
    sizes = set()
    for prompt, item in zip(prompts(name, data=data), DEFINITIONS[name].items(data=data).items.values(), strict=True):
        block = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCDEFGH", item.choices, strict=False))
        assert f"{item.body}\n\n{block}\n\n" in prompt
        assert item.gold in "ABCDEFGH"[: len(item.choices)]
        sizes.add(len(item.choices))
    assert sizes == ({3, 4, 5} if name == "arc_challenge" else {4})


@pytest.mark.parametrize("name", ["fin_tone", "fomc", "german_credit"])
def test_the_prompt_names_every_label(name: str) -> None:
    card = DEFINITIONS[name].card
    first = prompts(name, data=data_of(name))[0]
    assert all(label in first.rpartition("\n\n")[2] for label in card.labels or ())


def test_the_way_of_asking_is_recorded_and_bounds_the_reply() -> None:
    direct, cot = DEFINITIONS["fin_tone"].task(elicitation="direct"), DEFINITIONS["fin_tone"].task(elicitation="cot")
    assert direct.metadata and cot.metadata
    assert direct.metadata["finbench.prompt_sha256"] != cot.metadata["finbench.prompt_sha256"]
    assert direct.metadata["finbench.items_sha256"] == cot.metadata["finbench.items_sha256"]
    assert [sample.id for sample in direct.dataset] == [sample.id for sample in cot.dataset]
    assert (direct.config.max_tokens, cot.config.max_tokens) == (16, 1024)


def test_the_own_way_of_asking_is_the_default() -> None:
    task = DEFINITIONS["fin_calc"].task(items=calc_items(3, 1))
    assert task.metadata and task.metadata["finbench.elicitation"] == "cot"


# --- examples


def test_examples_come_first_as_turns_and_are_recorded() -> None:
    known = DEFINITIONS["fin_tone"]
    task = known.task(fewshot=3)
    first = task.dataset[0].input
    assert [message.role for message in first] == ["user", "assistant"] * 3 + ["user"]  # type: ignore[union-attr]
    train = list(known.items(split="train").items.values())
    for asked, answered in zip(first[:-1:2], first[1::2], strict=True):
        [item] = [item for item in train if item.body in str(asked.content)]  # type: ignore[union-attr]
        assert answered.content == item.gold  # type: ignore[union-attr]
    assert task.metadata and task.metadata["finbench.fewshot"] == 3
    assert task.metadata["finbench.prompt_sha256"] != (known.task().metadata or {})["finbench.prompt_sha256"]
    assert task.metadata["finbench.official"] is True, "examples are a setting, the items stay the card's"


def test_examples_of_a_chain_of_thought_end_in_the_line_that_is_asked_for() -> None:
    import finbench.tasks

    task = finbench.tasks.fin_calc(n=4, fewshot=2)
    replies = [str(message.content) for message in task.dataset[0].input if message.role == "assistant"]  # type: ignore[union-attr]
    assert len(replies) == 2
    assert all(reply.splitlines()[-1].startswith("Answer: ") and len(reply.splitlines()) > 1 for reply in replies)


def test_no_example_shows_the_answer_to_an_item_of_the_set(tmp_path: Path) -> None:
    row = '{"text": "Rates will rise.", "answer": "hawkish"}\n'
    other = '{"text": "Rates will fall.", "answer": "dovish"}\n'
    (tmp_path / "test.jsonl").write_text(row)
    (tmp_path / "train.jsonl").write_text(row.replace("hawkish", "Hawkish").replace("R", "r") + other)
    first = DEFINITIONS["fomc"].task(data=str(tmp_path), fewshot=1).dataset[0].input
    assert [m.content for m in first if m.role == "assistant"] == ["dovish"]  # type: ignore[union-attr]


# --- generated items


def test_another_seed_is_another_exam_and_unofficial() -> None:
    import finbench.tasks

    official, again, other = (finbench.tasks.fin_calc(), finbench.tasks.fin_calc(), finbench.tasks.fin_calc(seed=7))
    assert [s.id for s in official.dataset] == [s.id for s in again.dataset]
    assert official.metadata and other.metadata
    assert official.metadata["finbench.official"] is True and other.metadata["finbench.official"] is False
    assert len({s.id for s in official.dataset} & {s.id for s in other.dataset}) < 0.05 * OFFICIAL_ITEMS
    assert finbench.tasks.fin_calc(n=50).metadata["finbench.official"] is False  # type: ignore[index]


def test_a_family_or_difficulty_draws_only_from_it() -> None:
    items = calc_items(30, 5, family="bonds" if "bonds" in _families() else _families()[0], difficulty="easy").items
    assert {item.metadata["difficulty"] for item in items.values()} == {"easy"}
    assert len({item.metadata["family"] for item in items.values()}) == 1


def _families() -> list[str]:
    from finbench.generated.draw import families

    return list(families())
