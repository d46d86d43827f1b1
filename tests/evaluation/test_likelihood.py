"""The most likely option as the answer: what is weighed, what is recorded, and what it is never mixed with."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.log import read_eval_log
from loopback import Server

from finbench.errors import InputError
from finbench.evaluation import ModelSpec, model_spec, run
from finbench.results.choosing import check_comparable, read_runs
from finbench.results.runs import Run
from finbench.scoring.likelihood import after_common_prefix, distinct_ends, most_likely
from finbench.tasks import fin_calc, fin_terms, fin_tone
from finbench.tasks.solving import likelihood

LIKELIHOOD = {"elicitation": "likelihood"}
LIMIT = 6


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=5))
def test_prefix_and_rests_make_the_sequences_again(sequences: list[list[int]]) -> None:
    prefix, rests = after_common_prefix(sequences)
    assert [[*prefix, *rest] for rest in rests] == sequences
    assert all(rests), "the last token of the shortest is never taken for the prefix"
    if len({rest[0] for rest in rests}) == 1:
        assert min(len(rest) for rest in rests) == 1


@given(
    st.lists(st.floats(-50, 0), min_size=2, max_size=6, unique=True),
    st.floats(-100, 100),
)
def test_a_constant_that_all_share_changes_no_answer(values: list[float], constant: float) -> None:
    options = [str(index) for index in range(len(values))]
    chosen = most_likely(options, values)
    assert values[int(chosen)] == max(values)
    shifted = [value + constant for value in values]
    assert shifted[int(most_likely(options, shifted))] == max(shifted)


def test_numbers_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        most_likely(["a", "b"], [0.0, math.nan])
    with pytest.raises(ValueError, match="1 log-probabilities for 2 options"):
        most_likely(["a", "b"], [0.0])
    with pytest.raises(ValueError, match="nothing to compare"):
        after_common_prefix([[1], []])


def test_an_option_that_begins_another_gets_an_end() -> None:
    assert distinct_ends(["positive", "negative"]) == ["positive", "negative"]
    assert distinct_ends(["no", "no gain"]) == ["no\n", "no gain\n"]


# --- on a server


def served(kind: str = "openai-api-completions") -> ModelSpec:
    return model_spec(f"{kind}/loopback/m", name="M")


def one_run(folder: Path) -> Run:
    [found] = read_runs([folder])
    return found


def test_the_option_of_the_highest_log_probability_is_the_answer(openai_server: Server, tmp_path: Path) -> None:
    """The server finds C likely; what stands before the options is the same for all and does not count."""
    openai_server.token_logprob = lambda token, before: -1.0 if token.strip() == "C" else -3.0
    assert run([served()], {"fin_terms": LIKELIHOOD}, tmp_path, limit=LIMIT).exit_code == 0
    assert len(openai_server.requests) == 4 * LIMIT, "one request for each option"
    prompts = [body["prompt"] for body in openai_server.requests]
    assert all(body["max_tokens"] == 1 and body["prompt_logprobs"] == 1 for body in openai_server.requests)
    assert {prompt.rpartition("Answer:")[2] for prompt in prompts} == {" A", " B", " C", " D"}
    [path] = tmp_path.rglob("*.eval")
    log = read_eval_log(str(path))
    assert log.samples and {sample.output.completion for sample in log.samples} == {"C"}
    assert log.samples[0].metadata["option_logprobs"] == [-3.0, -3.0, -1.0, -3.0]
    assert [item.pred for item in one_run(tmp_path).items] == ["C"] * LIMIT


def test_labels_of_several_tokens_are_summed(openai_server: Server, tmp_path: Path) -> None:
    openai_server.token_logprob = lambda token, before: -0.5 if token == " neutral" else -0.7
    assert run([served()], {"fin_tone": LIKELIHOOD}, tmp_path, limit=2).exit_code == 0
    assert {item.pred for item in one_run(tmp_path).items} == {"neutral"}


def test_it_is_a_variant_of_its_own(openai_server: Server, tmp_path: Path) -> None:
    """Own folder and settings: generated answers are neither replaced by it nor compared with it."""
    openai_server.reply = lambda prompt: "B"
    assert run([served()], {"fin_terms": LIKELIHOOD}, tmp_path, limit=LIMIT).exit_code == 0
    chat = model_spec("openai-api/loopback/m", name="M")
    assert run([chat], ["fin_terms"], tmp_path, limit=LIMIT).exit_code == 0
    runs = {one.settings.elicitation: one for one in read_runs([tmp_path])}
    assert set(runs) == {"likelihood", "direct"}
    assert len({path.parent.name for path in tmp_path.rglob("*.eval")}) == 2
    with pytest.raises(InputError, match="elicitation=likelihood and M generated its answers"):
        check_comparable(runs["direct"], runs["likelihood"], intersect=False, allow_settings=True)


def test_what_gives_no_log_probabilities_is_refused_before_it_is_asked(openai_server: Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gives no log-probabilities of a prompt"):
        run([model_spec("openai-api/loopback/m")], {"fin_terms": LIKELIHOOD}, tmp_path / "logs")
    assert openai_server.requests == [] and not (tmp_path / "logs").exists()


def test_a_server_that_leaves_them_out_ends_in_a_sentence(
    openai_server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    openai_server.token_logprob = None
    assert run([served()], {"fin_terms": LIKELIHOOD}, tmp_path, limit=2).exit_code == 1
    assert "gives no log-probabilities of a prompt" in capfd.readouterr().err


def test_only_choices_and_labels_have_options_to_weigh() -> None:
    for make in (fin_terms, fin_tone):
        task = make(**LIKELIHOOD)
        assert (task.metadata or {})["finbench.elicitation"] == "likelihood" and task.config.max_tokens == 1
    with pytest.raises(InputError, match="elicitation=likelihood is not known to task 'fin_calc'"):
        fin_calc(**LIKELIHOOD)
    assert callable(likelihood(["yes", "no"]))


# --- on a checkpoint in this process


def logprobs(checkpoint: Path, options: list[str]) -> tuple[list[float], Any]:
    import anyio
    from inspect_ai.model import ChatMessageUser, get_model

    model = get_model("checkpoint/local", memoize=False, model_path=str(checkpoint), batch_size=2)
    messages = [ChatMessageUser(content="What is the tone of this sentence ? profit rose")]
    return anyio.run(model.api.option_logprobs, messages, options), model.api  # type: ignore[attr-defined]


@pytest.mark.model
@pytest.mark.parametrize("options", [["A", "B", "C", "D"], ["positive", "profit rose", "negative fell flat"]])
def test_a_checkpoint_weighs_options_as_a_forward_pass_does(
    chat_checkpoint: Path, base_checkpoint: Path, options: list[str]
) -> None:
    """Against token by token sums of log-softmax over unpadded sequences."""
    import torch
    from inspect_ai.model import ChatMessageUser

    for checkpoint in (chat_checkpoint, base_checkpoint):
        found, api = logprobs(checkpoint, options)
        prompt = api.prompt_text([ChatMessageUser(content="What is the tone of this sentence ? profit rose")])
        start = len(api.tokenizer(prompt, add_special_tokens=False)["input_ids"])
        expected = []
        for option in options:
            ids = api.tokenizer(f"{prompt} {option}", add_special_tokens=False)["input_ids"]
            with torch.inference_mode():
                shares = torch.log_softmax(api.model(torch.tensor([ids])).logits[0].float(), dim=-1)
            expected.append(sum(float(shares[at - 1, ids[at]]) for at in range(start, len(ids))))
        assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.model
def test_a_checkpoint_runs_as_a_variant(chat_checkpoint: Path, tmp_path: Path) -> None:
    result = run([model_spec(str(chat_checkpoint), name="tiny")], {"fin_terms": LIKELIHOOD}, tmp_path, limit=LIMIT)
    assert result.exit_code == 0
    found = one_run(tmp_path)
    assert found.complete and found.outcomes["unparsed"] == 0 and found.settings.elicitation == "likelihood"


@pytest.mark.model
def test_the_small_real_model_weighs_options(tmp_path: Path) -> None:
    folder = os.environ.get("FINBENCH_TEST_MODEL")
    if not folder:
        pytest.skip("no small real model here: FINBENCH_TEST_MODEL is not set")
    assert run([model_spec(folder, name="small")], {"fin_tone": LIKELIHOOD}, tmp_path, limit=2).exit_code == 0
    [path] = tmp_path.rglob("*.eval")
    for sample in read_eval_log(str(path)).samples or []:
        told = sample.metadata["option_logprobs"]
        assert len(set(told)) == 3 and all(-60 < value < 0 for value in told)
