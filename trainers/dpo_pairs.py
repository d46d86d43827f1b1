"""Preference pairs as token ids: whole answers, and continuations of a turn that the prompt has begun."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from finbench.errors import InputError
from trainers.data.template import check_tokenizer, encode

End = Literal["auto", "always", "never"]
_ANSWERS = ("chosen", "rejected")


@dataclass(kw_only=True)
class Pairs:
    """Token ids of a set of pairs.

    Attributes:
        rows: `prompt_ids`, `chosen_ids` and `rejected_ids` of each pair kept.
        tokens: tokens of all sequences kept; the prompt of a pair counts twice, as it is read twice.
        answer_tokens: those of them that belong to chosen and rejected answers.
        longest: tokens of the longest sequence kept.
        continuations: how many pairs kept continue a turn that has begun.
        dropped: ids of pairs left out because one of the two is longer than the bound.
        truncated: ids of pairs of which an answer was cut at the bound.
        alike: ids of pairs left out because both answers are the same tokens, cut or not.
        merging: ids of continuations left out because their first token merges with the prompt's last one.
    """

    rows: list[dict[str, list[int]]] = field(default_factory=list)
    tokens: int = 0
    answer_tokens: int = 0
    longest: int = 0
    continuations: int = 0
    dropped: list[str] = field(default_factory=list)
    truncated: list[str] = field(default_factory=list)
    alike: list[str] = field(default_factory=list)
    merging: list[str] = field(default_factory=list)


def encode_pairs(
    tokenizer: Any,
    rows: Iterable[dict[str, Any]],
    *,
    max_length: int,
    overlong: Literal["drop", "truncate"],
    end: End,
    model: str = "the model",
) -> Pairs:
    """Token ids of all pairs, each left out or cut one counted.

    A pair whose prompt is a list of messages with the assistant's turn last continues that turn: the prompt is
    rendered up to where the turn stands, and the answers are joined to it as text. TRL would close the turn and open
    another one.

    Args:
        tokenizer: the policy's.
        rows: `id`, `prompt`, `chosen`, `rejected`; strings or lists of messages.
        max_length: tokens of prompt and answer.
        overlong: leave a pair out of which one sequence is longer, or cut the end of the longer ones.
        end: whether answers get an end token: `auto` for whole answers and not for continuations, `always`, or
            `never` for anything that is not a chat message. One that the text itself ends with is kept.
        model: for messages.

    Raises:
        InputError: a row is no pair, the tokenizer cannot render it, or no pair is left.
    """
    pairs = Pairs()
    count = 0
    checked = False
    for row in rows:
        count += 1
        identity = str(row.get("id", "?"))
        if not all(key in row for key in ("prompt", *_ANSWERS)):
            raise InputError(
                f"row {identity!r} is no pair: it needs `prompt`, `chosen` and `rejected`; `sft` trains on answers"
            )
        if not checked or isinstance(row["prompt"], list):
            check_tokenizer(tokenizer, [row], model)
            checked = True
        started = _is_started(row["prompt"])
        try:
            prompt, chosen, rejected = _ids(tokenizer, row, model, end=end, started=started)
        except _Merges:
            pairs.merging.append(identity)
            continue
        room = max_length - len(prompt)
        if max(len(chosen), len(rejected)) > room:
            if overlong == "drop" or room <= 0:
                pairs.dropped.append(identity)
                continue
            chosen, rejected = chosen[:room], rejected[:room]
            pairs.truncated.append(identity)
        if chosen == rejected:
            pairs.alike.append(identity)
            continue
        pairs.rows.append({"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected})
        pairs.tokens += 2 * len(prompt) + len(chosen) + len(rejected)
        pairs.answer_tokens += len(chosen) + len(rejected)
        pairs.longest = max(pairs.longest, len(prompt) + len(chosen), len(prompt) + len(rejected))
        pairs.continuations += started
    if not pairs.rows:
        raise InputError(
            f"none of the {count} pairs can be trained on: {len(pairs.dropped)} do not fit into max_length "
            f"{max_length}, {len(pairs.alike)} have equal answers, {len(pairs.merging)} merge with their prompt"
            if count
            else "there are no pairs to train on; look at the stage's data"
        )
    return pairs


class _Merges(Exception):
    """The first token of a continuation merges with the last one of its prompt."""


def _is_started(prompt: Any) -> bool:
    return isinstance(prompt, list) and bool(prompt) and prompt[-1].get("role") == "assistant"


def _ids(
    tokenizer: Any, row: dict[str, Any], model: str, *, end: End, started: bool
) -> tuple[list[int], list[int], list[int]]:
    """Token ids of the prompt and of both answers."""
    found: list[list[int]] = []
    prompt: list[int] = []
    if started:
        text = _render_started(tokenizer, row, model)
        for key in _ANSWERS:
            prompt, answer = _joined(tokenizer, text, _as_text(row, key), end=end == "always", special=False)
            found.append(answer)
    elif isinstance(row["prompt"], str):
        text = row["prompt"]
        # a prompt that was rendered by a chat template holds its first token already
        special = not (tokenizer.bos_token and text.startswith(tokenizer.bos_token))
        for key in _ANSWERS:
            prompt, answer = _joined(tokenizer, text, _as_text(row, key), end=end != "never", special=special)
            found.append(answer)
    else:
        for key in _ANSWERS:
            whole = {"id": row.get("id"), "prompt": row["prompt"], "completion": row[key]}
            prompt, answer = encode(tokenizer, whole, model)
            found.append(answer)
    return prompt, found[0], found[1]


def _joined(tokenizer: Any, prompt: str, answer: str, *, end: bool, special: bool) -> tuple[list[int], list[int]]:
    start = list(tokenizer(prompt, add_special_tokens=special)["input_ids"])
    whole = list(tokenizer(prompt + answer, add_special_tokens=special)["input_ids"])
    if special and whole and whole[-1] == tokenizer.eos_token_id and start[-1:] == whole[-1:]:
        start = start[:-1]  # a tokenizer that ends every text by itself
    if whole[: len(start)] != start:
        raise _Merges
    rest = whole[len(start) :]
    if end and rest[-1:] != [tokenizer.eos_token_id]:
        rest.append(tokenizer.eos_token_id)
    return start, rest


def _render_started(tokenizer: Any, row: dict[str, Any], model: str) -> str:
    try:
        if not row["prompt"][-1]["content"]:  # a turn of which nothing is written yet
            return str(tokenizer.apply_chat_template(row["prompt"][:-1], tokenize=False, add_generation_prompt=True))
        return str(tokenizer.apply_chat_template(row["prompt"], tokenize=False, continue_final_message=True))
    except Exception as error:  # a template is foreign code: jinja raises what it likes
        raise InputError(
            f"row {row.get('id', '?')!r}: the chat template of {model} cannot leave the assistant's turn open "
            f"({type(error).__name__}); give the prompt as a string that is rendered up to there"
        ) from error


def _as_text(row: dict[str, Any], key: str) -> str:
    value = row[key]
    if isinstance(value, str):
        return value
    if len(value) == 1:
        return str(value[0]["content"])
    raise InputError(
        f"row {row.get('id', '?')!r}: `{key}` continues the prompt's last turn, so it is a string or one message"
    )
