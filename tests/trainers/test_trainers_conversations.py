"""Conversations: the loss is on all turns of the assistant and on nothing else, whatever the template does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers")

from finbench.errors import InputError
from trainers.data.rows import Row
from trainers.data.sources import prepare
from trainers.data.template import check_tokenizer, count_tokens, encode_labelled, encode_messages, encode_rows
from trainers.hf import load_tokenizer
from trainers.recipe import DataSource

TALK: Row = {
    "id": "talk",
    "messages": [
        {"role": "system", "content": "answer with one word"},
        {"role": "user", "content": "is profit flat ?"},
        {"role": "assistant", "content": "neutral"},
        {"role": "user", "content": "sales fell ."},
        {"role": "assistant", "content": "negative"},
        {"role": "user", "content": "is this a question ?"},
    ],
}


@pytest.fixture
def tokenizer(tiny_model: Path) -> Any:
    return load_tokenizer(str(tiny_model))


def learned(tokenizer: Any, row: Row) -> str:
    ids, marks = encode_messages(tokenizer, row)
    return str(tokenizer.decode([token for token, counts in zip(ids, marks, strict=True) if counts]))


def test_all_turns_of_the_assistant_are_learned_with_their_ends(tokenizer: Any) -> None:
    ids, _ = encode_messages(tokenizer, TALK)
    assert learned(tokenizer, TALK) == "neutral <|im_end|> negative <|im_end|>"
    whole = tokenizer.decode(ids)
    assert whole.startswith("<|im_start|> system answer with one word <|im_end|> <|im_start|> user is profit flat ?")
    assert whole.endswith("negative <|im_end|>"), "what follows the last answer teaches nothing"


def test_a_conversation_of_one_answer_is_a_prompt_with_its_completion(tokenizer: Any) -> None:
    pair = {"id": "p", "prompt": TALK["messages"][:2], "completion": "neutral"}
    talk = {"id": "t", "messages": TALK["messages"][:3]}
    assert encode_labelled(tokenizer, talk) == encode_labelled(tokenizer, pair)
    assert count_tokens(tokenizer, talk) == count_tokens(tokenizer, pair) == len(encode_labelled(tokenizer, pair)[0])


def test_what_a_template_puts_behind_each_turn_is_not_learned(tokenizer: Any) -> None:
    tokenizer.chat_template = tokenizer.chat_template.replace("'<|im_end|>' + ' '", "'<|im_end|>' + ' . '")
    assert learned(tokenizer, TALK) == "neutral <|im_end|> negative <|im_end|>"


def test_a_template_that_renders_past_turns_otherwise_is_refused(tokenizer: Any) -> None:
    tokenizer.chat_template = (  # as templates do that leave the reasoning of earlier answers out
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + ' ' }}"
        "{% if message['role'] == 'assistant' and loop.last %}{{ 'first ' }}{% endif %}"
        "{{ message['content'] + '<|im_end|> ' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant ' }}{% endif %}"
    )
    with pytest.raises(InputError, match=r"row 'talk': the chat template .* renders turn 3 otherwise at the end"):
        encode_messages(tokenizer, TALK)


def test_a_model_without_a_template_and_one_that_drops_answers_are_refused(tokenizer: Any) -> None:
    tokenizer.chat_template = tokenizer.chat_template.replace(
        "{% for message in messages %}", "{% for message in messages if message['role'] != 'assistant' %}"
    )
    with pytest.raises(InputError, match="leaves out the assistant's turn, so there is nothing to learn"):
        check_tokenizer(tokenizer, [TALK], "m")
    tokenizer.chat_template = None
    with pytest.raises(InputError, match="has no chat template, and the rows are chat messages"):
        check_tokenizer(tokenizer, [TALK], "m")
    check_tokenizer(tokenizer, [{"id": "x", "text": "plain"}], "m")


def test_long_conversations_are_dropped_or_keep_their_first_answers(tokenizer: Any) -> None:
    size = len(encode_messages(tokenizer, TALK)[0])
    dropped = encode_rows(
        tokenizer, [TALK, {**TALK, "messages": TALK["messages"][:3]}], max_length=size - 1, overlong="drop"
    )
    assert dropped.dropped == ("talk",) and len(dropped.rows) == 1
    cut = encode_rows(tokenizer, [TALK], max_length=size - 3, overlong="truncate")
    kept = [label for label in cut.rows[0]["labels"] if label != -100]
    assert cut.truncated == ("talk",) and tokenizer.decode(kept) == "neutral <|im_end|>"


def test_preferences_are_no_rows_for_finetuning(tokenizer: Any) -> None:
    pair = {"id": "p", "prompt": "is profit flat ?", "chosen": " neutral", "rejected": " fell"}
    with pytest.raises(InputError, match="of the kind 'preference', which has no answer to a prompt"):
        encode_labelled(tokenizer, pair)
    whole = [
        count_tokens(tokenizer, {"prompt": pair["prompt"], "completion": pair[key]}) for key in ("chosen", "rejected")
    ]
    assert count_tokens(tokenizer, pair) == sum(whole)


@pytest.mark.parametrize("packing", [False, True])
def test_training_on_conversations_learns_every_answer(
    tiny_model: Path, tone_rows: list[dict[str, Any]], tmp_path: Path, packing: bool
) -> None:
    pytest.importorskip("trl")
    from trainers.sft import SFT, SftSettings

    path = tmp_path / "talks.jsonl"
    with path.open("w") as file:
        for first, second in zip(tone_rows[::2], tone_rows[1::2], strict=True):
            turns = [
                turn
                for row in (first, second)
                for turn in (*row["prompt"], {"role": "assistant", "content": row["completion"]})
            ]
            file.write(json.dumps({"messages": turns}) + "\n")
    data = prepare([DataSource(path=str(path))], tmp_path / "data.jsonl", seed=1)
    settings = SftSettings(learning_rate=5e-3, epochs=4, batch_size=4, log_steps=1, max_length=128, packing=packing)
    done = SFT()(str(tiny_model), data, settings, tmp_path / "out", seed=1)
    assert done.notes["loss"]["last"] < 0.5 * done.notes["loss"]["first"]
    learned_tokens = done.notes["learned_tokens_planned"] / 4 if packing else done.notes["answer_tokens_per_epoch"]
    assert learned_tokens == 48 * 2, "each of the 48 answers and its end"
