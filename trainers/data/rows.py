"""The forms that a training row can have, and what keeps a value from being one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

Row = dict[str, Any]
Kind = Literal["prompt-completion", "messages", "text", "preference"]

KINDS: tuple[Kind, ...] = get_args(Kind)

#: The keys that make a row of each kind; a row may hold others, which are left behind.
FIELDS: dict[Kind, tuple[str, ...]] = {
    "preference": ("prompt", "chosen", "rejected"),
    "prompt-completion": ("prompt", "completion"),
    "messages": ("messages",),
    "text": ("text",),
}


def kind_of(row: Mapping[str, Any]) -> Kind:
    """The kind of a prepared row, told by its keys.

    Raises:
        ValueError: the row is of no kind.
    """
    for kind, fields in FIELDS.items():
        if all(field in row for field in fields):
            return kind
    raise ValueError(f"a row with the keys {', '.join(sorted(row))} is of no known kind")


def characters(row: Mapping[str, Any]) -> int:
    """Length of all that a row lets a model read, as written."""
    return sum(len(str(row[field])) for field in FIELDS[kind_of(row)])


def read_row(value: object, identity: str, kind: Kind | None = None) -> Row:
    """A JSON value as a row: its `id`, or `identity` where it has none, and the fields of its kind.

    Args:
        value: what stands in a source.
        identity: the row's name where it brings none.
        kind: the kind that the recipe says; None where the keys decide.

    Raises:
        ValueError: the value is no row; the message says why.
    """
    if not isinstance(value, dict):
        raise ValueError(f"a row is an object with {_forms()}")
    found = [name for name, fields in FIELDS.items() if all(value.get(field) is not None for field in fields)]
    if kind is None:
        if "preference" in found and "completion" not in value:
            found = ["preference"]
        if len(found) > 1:
            raise ValueError(f"the row can be read as {' and as '.join(found)}; say which with `kind`")
        if not found:
            raise ValueError(f"a row is an object with {_forms()}")
        kind = found[0]
    elif kind not in found:
        raise ValueError(f"a row of the kind {kind!r} is an object with {_named(FIELDS[kind])}")
    fields = {field: _turns(value[field]) for field in FIELDS[kind]}
    fault = _FAULTS[kind](fields)
    if fault:
        raise ValueError(fault)
    own = value.get("id")
    return {"id": identity if own is None else str(own), **fields}


def _forms() -> str:
    return "; or ".join(_named(fields) for fields in (FIELDS["prompt-completion"], ("messages",), ("text",))) + (
        f"; or {_named(FIELDS['preference'])}"
    )


def _named(fields: tuple[str, ...]) -> str:
    quoted = [f"`{field}`" for field in fields]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _turns(value: object) -> object:
    """A list of messages without the keys that hold nothing, which tables fill in for every row."""
    if not isinstance(value, list):
        return value
    return [
        {key: part for key, part in turn.items() if part is not None} if isinstance(turn, dict) else turn
        for turn in value
    ]


def _fault_of_completion(fields: Row) -> str | None:
    prompt, completion = fields["prompt"], fields["completion"]
    return _fault_of_prompt(prompt) or _fault_of_answer(prompt, completion, "completion")


def _fault_of_preference(fields: Row) -> str | None:
    prompt, chosen, rejected = fields["prompt"], fields["chosen"], fields["rejected"]
    return (
        _fault_of_prompt(prompt)
        or _fault_of_answer(prompt, chosen, "chosen")
        or _fault_of_answer(prompt, rejected, "rejected")
        or ("`chosen` and `rejected` are the same" if chosen == rejected else None)
    )


def _fault_of_prompt(prompt: object) -> str | None:
    if isinstance(prompt, str):
        return None if prompt else "`prompt` must not be empty"
    return None if _is_turns(prompt) else _must_be_turns("prompt")


def _fault_of_answer(prompt: object, answer: object, field: str) -> str | None:
    if isinstance(answer, str):
        return None if answer else f"`{field}` must not be empty"
    if isinstance(prompt, str):
        return f"where `prompt` is a string, `{field}` is one"
    if not _is_turns(answer):
        return _must_be_turns(field)
    assert isinstance(answer, list)
    return None if all(turn["role"] == "assistant" for turn in answer) else f"a {field} is the assistant's turn"


def _fault_of_messages(fields: Row) -> str | None:
    turns = fields["messages"]
    if not _is_turns(turns):
        return "`messages` is a list of messages with the strings `role` and `content`"
    if not any(turn["role"] == "assistant" for turn in turns):
        return "`messages` holds no turn of the assistant, so there is nothing to learn"
    return None


def _fault_of_text(fields: Row) -> str | None:
    if not isinstance(fields["text"], str):
        return "`text` is a string"
    return None if fields["text"].strip() else "`text` must not be empty"


def _must_be_turns(field: str) -> str:
    return f"`{field}` is a string or a list of messages with the strings `role` and `content`"


def _is_turns(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(turn, dict)
            and turn.keys() == {"role", "content"}
            and all(isinstance(part, str) for part in turn.values())
            for turn in value
        )
    )


_FAULTS = {
    "prompt-completion": _fault_of_completion,
    "preference": _fault_of_preference,
    "messages": _fault_of_messages,
    "text": _fault_of_text,
}
