"""Prepared rows as token ids on disk: texts split and never cut off, answers labelled, everything left out counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from finbench.errors import InputError
from trainers.base import Prepared
from trainers.data.rows import kind_of
from trainers.data.store import Tokens, TokenWriter, kept_tokens, open_tokens
from trainers.data.template import check_tokenizer, encode_labelled, encode_text
from trainers.files import canonical, new_folder, sha256


def split(ids: list[int], size: int) -> list[list[int]]:
    """A document in parts of at most `size` tokens; each but the first begins with the last token of the one before.

    With that token in front, the first token that is new in a part is learned too: every token of a document but its
    first is the target of exactly one prediction, and none is lost.
    """
    if size < 2:
        raise ValueError(f"parts of {size} tokens cannot hold a token and the one before it")
    parts = [ids[:size]]
    start = 0
    while start + size < len(ids):
        start += size - 1
        parts.append(ids[start : start + size])
    return parts


def end_of_text(tokenizer: Any, name: str | None, model: str) -> int:
    """Token id that ends a document: the token called `name`, or the tokenizer's own end token.

    Raises:
        InputError: no such token.
    """
    if name is None:
        if tokenizer.eos_token_id is None:
            raise InputError(f"the tokenizer of {model} has no end-of-text token; name one with `end_of_text`")
        return int(tokenizer.eos_token_id)
    known = tokenizer.get_vocab()
    if name not in known:
        raise InputError(f"the tokenizer of {model} has no token {name!r}; `end_of_text` names one of its vocabulary")
    return int(known[name])


def encode_to(
    folder: Path,
    tokenizer: Any,
    data: Prepared,
    *,
    max_length: int,
    overlong: Literal["drop", "truncate"] = "drop",
    end: int,
    model: str = "the model",
) -> Tokens:
    """Write the token ids of all rows into `folder`, or take those that lie there for the same rows and settings.

    Args:
        folder: made anew, or found as it is.
        tokenizer: of the model.
        data: rows of text, prompts with completions, or conversations.
        max_length: tokens of a sequence; longer texts are split, other rows treated as `overlong` says.
        overlong: leave such rows out, or cut the end of their answer.
        end: token id that ends a document.
        model: its name, for messages.

    Raises:
        InputError: a row is of another kind or cannot be rendered, or nothing is left.
    """
    key = sha256(canonical([data.sha256, data.rows, max_length, overlong, end, sha256(tokenizer_identity(tokenizer))]))
    kept = kept_tokens(folder, key)
    if kept is not None:
        return kept
    with new_folder(folder) as partial:
        writer = TokenWriter(partial)
        try:
            about = _write(writer, tokenizer, data, max_length, overlong, end, model)
            writer.close({"key": key, **about, "longest": writer.longest})
        finally:
            writer.abandon()
    return open_tokens(folder)


def tokenizer_identity(tokenizer: Any) -> str:
    """What decides how a tokenizer renders and splits: its chat template, and a sample of its vocabulary and merges."""
    probe = "The yield rose by 25 basis points, to 4.75 %; EBITDA fell. Ünïcode: 価格 ∑\n\tx"
    return canonical([tokenizer.chat_template, len(tokenizer), tokenizer(probe)["input_ids"]])


def _write(
    writer: TokenWriter,
    tokenizer: Any,
    data: Prepared,
    max_length: int,
    overlong: Literal["drop", "truncate"],
    end: int,
    model: str,
) -> dict[str, Any]:
    bounds = _bounds(data)
    counts = [
        {"rows_split": 0, "rows_dropped_as_too_long": 0, "rows_truncated": 0, "tokens_cut_off": 0} for _ in data.sources
    ]
    checked: set[tuple[str, bool]] = set()
    source = 0
    written = False
    for document, row in enumerate(data.read()):
        while document >= bounds[source]:
            source += 1
        kind = kind_of(row)
        form = (kind, isinstance(row.get("prompt"), list))
        if form not in checked:
            check_tokenizer(tokenizer, [row], model)
            checked.add(form)
        mine = counts[source]
        if kind == "text":
            parts = split(encode_text(tokenizer, row["text"], end), max_length)
            mine["rows_split"] += len(parts) > 1
            for part in parts:
                if len(part) > 1:  # a lone end token teaches nothing
                    writer.add(part, [True] * len(part), source=source, document=document)
                    written = True
            continue
        ids, learned = encode_labelled(tokenizer, row, model)
        if len(ids) > max_length:
            if overlong == "drop" or not any(learned[:max_length]):
                mine["rows_dropped_as_too_long"] += 1
                mine["tokens_cut_off"] += len(ids)
                continue
            mine["rows_truncated"] += 1
            mine["tokens_cut_off"] += len(ids) - max_length
            ids, learned = ids[:max_length], learned[:max_length]
        writer.add(ids, learned, source=source, document=document)
        written = True
    if not written:
        raise InputError(
            f"none of the {data.rows} rows fits into max_length {max_length}; raise it, or give shorter rows"
        )
    return {"sources": counts}


def _bounds(data: Prepared) -> list[int]:
    """Number of the first row behind each source."""
    bounds, total = [], 0
    for source in data.sources:
        total += int(source["taken"])
        bounds.append(total)
    if total != data.rows:
        raise InputError(f"the sources name {total} rows and {data.path.name} has {data.rows}; prepare the stage anew")
    return bounds
