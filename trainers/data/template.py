"""Rows as token ids, with labels on the answers only, through the model's own chat template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from finbench.errors import InputError
from trainers.data.rows import kind_of
from trainers.data.store import IGNORED


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Token ids of a set of rows.

    Attributes:
        rows: `input_ids` and `labels` of equal length for each row kept; a label is -100 on the prompt.
        tokens: tokens of all rows kept.
        answer_tokens: those of them that the loss counts.
        longest: tokens of the longest row kept.
        dropped: ids of rows that were longer than the bound and are left out.
        truncated: ids of rows whose answer was cut at the bound.
    """

    rows: list[dict[str, list[int]]]
    tokens: int
    answer_tokens: int
    longest: int
    dropped: tuple[str, ...] = ()
    truncated: tuple[str, ...] = ()


def check_tokenizer(tokenizer: Any, rows: Iterable[dict[str, Any]], model: str) -> None:
    """Refuse a model whose tokenizer cannot render what the rows hold.

    Raises:
        InputError: chat messages without a chat template, a template that drops the assistant's turn, or no end token.
    """
    if tokenizer.eos_token_id is None:
        raise InputError(f"the tokenizer of {model} has no end-of-text token, so no answer could end; set eos_token")
    if not any("messages" in row or isinstance(row.get("prompt"), list) for row in rows):
        return
    if not tokenizer.chat_template:
        raise InputError(
            f"the tokenizer of {model} has no chat template, and the rows are chat messages; "
            "take an instruct model, or give rows whose prompt and completion are plain strings"
        )
    probe = "finbench-probe-answer"
    turns = [{"role": "user", "content": "question"}, {"role": "assistant", "content": probe}]
    if probe not in _render(tokenizer, turns, model):
        raise InputError(f"the chat template of {model} leaves out the assistant's turn, so there is nothing to learn")


def encode(tokenizer: Any, row: dict[str, Any], model: str = "the model") -> tuple[list[int], list[int]]:
    """Token ids of one row: those of the prompt, and those of the answer up to its end-of-turn token.

    For chat messages the prompt ends where a model is asked to answer (`add_generation_prompt`). What the template
    puts behind the end of the answer's turn is left out: no model is asked for it. Strings are joined as they
    stand, and an end-of-text token is added.

    Raises:
        InputError: the prompt alone is rendered differently than in front of its answer, so that the model would
            be trained on a context it never sees.
    """
    prompt, completion = row["prompt"], row["completion"]
    if isinstance(prompt, list):
        start = _ids(tokenizer, prompt, model, add_generation_prompt=True)
        whole = _ids(tokenizer, [*prompt, *_as_turns(completion)], model, add_generation_prompt=False)
    else:
        start = list(tokenizer(prompt)["input_ids"])
        whole = list(tokenizer(prompt + completion)["input_ids"])
        if whole[-1:] != [tokenizer.eos_token_id]:
            whole.append(tokenizer.eos_token_id)
    if whole[: len(start)] != start:
        pairs = enumerate(zip(start, whole, strict=False))
        place = next((index for index, (alone, joined) in pairs if alone != joined), min(len(start), len(whole)))
        raise InputError(
            f"row {row.get('id', '?')!r}: the prompt is not a prefix of prompt and completion for the tokenizer of "
            f"{model} (token {place}: {tokenizer.decode(start[place : place + 8])!r} alone, "
            f"{tokenizer.decode(whole[place : place + 8])!r} with the answer); use a chat template that renders both "
            "alike, or begin the completion with a space or a new line"
        )
    answer = whole[len(start) :]
    if isinstance(prompt, list):
        ends = [index for index, token in enumerate(answer) if token == tokenizer.eos_token_id]
        answer = answer[: ends[-1] + 1] if ends else answer
    return start, answer


def encode_messages(tokenizer: Any, row: dict[str, Any], model: str = "the model") -> tuple[list[int], list[bool]]:
    """Token ids of a conversation up to its last answer, and which of them belong to the assistant's turns.

    A turn is found by rendering the conversation up to it, once as a model is asked for it and once with it: no
    markers in the template are needed. It ends with its end-of-turn token.

    Raises:
        InputError: the template renders an earlier part of the conversation otherwise than the whole.
    """
    turns = row["messages"]
    whole = _ids(tokenizer, turns, model, add_generation_prompt=False)
    learned = [False] * len(whole)
    last = 0
    for number, turn in enumerate(turns):
        if turn["role"] != "assistant":
            continue
        start = _ids(tokenizer, turns[:number], model, add_generation_prompt=True) if number else []
        end = _ids(tokenizer, turns[: number + 1], model, add_generation_prompt=False)
        ends = [index for index in range(len(start), len(end)) if end[index] == tokenizer.eos_token_id]
        end = end[: ends[-1] + 1] if ends else end
        if end[: len(start)] != start or whole[: len(end)] != end:
            raise InputError(
                f"row {row.get('id', '?')!r}: the chat template of {model} renders turn {number + 1} otherwise at the "
                "end of a conversation than within it, so the model would be trained on a context that it never sees; "
                "give one row with `prompt` and `completion` for each answer, or another template"
            )
        learned[len(start) : len(end)] = [True] * (len(end) - len(start))
        last = len(end)
    return whole[:last], learned[:last]


def encode_text(tokenizer: Any, text: str, end: int) -> list[int]:
    """Token ids of a document, with whatever the tokenizer puts before it, and the end-of-text token `end`."""
    ids = list(tokenizer(text)["input_ids"])
    return ids if ids[-1:] == [end] else [*ids, end]


def encode_labelled(tokenizer: Any, row: dict[str, Any], model: str = "the model") -> tuple[list[int], list[bool]]:
    """Token ids of a row with answers, and which of them the loss counts.

    Raises:
        InputError: the row holds no answer that could be learned alone, or see `encode` and `encode_messages`.
    """
    kind = kind_of(row)
    if kind == "messages":
        return encode_messages(tokenizer, row, model)
    if kind == "prompt-completion":
        prompt, answer = encode(tokenizer, row, model)
        return prompt + answer, [False] * len(prompt) + [True] * len(answer)
    other = "`dpo`" if kind == "preference" else "`cpt` or `joint`"
    raise InputError(
        f"row {row.get('id', '?')!r} is of the kind {kind!r}, which has no answer to a prompt; train on it with {other}"
    )


def count_tokens(tokenizer: Any, row: dict[str, Any], model: str = "the model") -> int:
    """Tokens of a row of any kind; of a preference those of the prompt with each of its two answers.

    Raises:
        InputError: see `encode` and `encode_messages`.
    """
    kind = kind_of(row)
    if kind == "text":
        return len(encode_text(tokenizer, row["text"], -1))
    if kind == "preference":
        pairs = (
            {"id": row.get("id"), "prompt": row["prompt"], "completion": row[key]} for key in ("chosen", "rejected")
        )
        return sum(len(part) for pair in pairs for part in encode(tokenizer, pair, model))
    return len(encode_labelled(tokenizer, row, model)[0])


def encode_rows(
    tokenizer: Any,
    rows: Sequence[dict[str, Any]],
    *,
    max_length: int,
    overlong: Literal["drop", "truncate"],
    model: str = "the model",
) -> Encoded:
    """Token ids and labels of all rows, with those over `max_length` tokens dropped or cut, and counted.

    A row of whose answers nothing would be left is dropped either way.

    Raises:
        InputError: see `check_tokenizer` and `encode`; or no row is left.
    """
    check_tokenizer(tokenizer, rows, model)
    kept: list[dict[str, list[int]]] = []
    dropped: list[str] = []
    truncated: list[str] = []
    for row in rows:
        ids, learned = encode_labelled(tokenizer, row, model)
        if len(ids) > max_length:
            if overlong == "drop" or not any(learned[:max_length]):
                dropped.append(str(row.get("id", "?")))
                continue
            truncated.append(str(row.get("id", "?")))
            ids, learned = ids[:max_length], learned[:max_length]
        labels = [token if counts else IGNORED for token, counts in zip(ids, learned, strict=True)]
        kept.append({"input_ids": ids, "labels": labels})
    if not kept:
        raise InputError(
            f"none of the {len(rows)} rows fits into max_length {max_length}; raise it, or give shorter rows"
            if rows
            else "there are no rows to train on; look at the stage's data"
        )
    lengths = [len(row["input_ids"]) for row in kept]
    return Encoded(
        rows=kept,
        tokens=sum(lengths),
        answer_tokens=sum(label != IGNORED for row in kept for label in row["labels"]),
        longest=max(lengths),
        dropped=tuple(dropped),
        truncated=tuple(truncated),
    )


def _as_turns(completion: str | list[dict[str, str]]) -> list[dict[str, str]]:
    return completion if isinstance(completion, list) else [{"role": "assistant", "content": completion}]


def _render(tokenizer: Any, turns: list[dict[str, str]], model: str) -> str:
    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False))
    except Exception as error:  # a template is foreign code: jinja raises what it likes
        raise InputError(f"the chat template of {model} refuses a user and an assistant turn: {error}") from error


def _ids(tokenizer: Any, turns: list[dict[str, str]], model: str, *, add_generation_prompt: bool) -> list[int]:
    try:
        rendered = tokenizer.apply_chat_template(turns, add_generation_prompt=add_generation_prompt, return_dict=True)
    except Exception as error:  # as above
        roles = ", ".join(turn.get("role", "?") for turn in turns)
        raise InputError(f"the chat template of {model} refuses turns with the roles {roles}: {error}") from error
    return list(rendered["input_ids"])
