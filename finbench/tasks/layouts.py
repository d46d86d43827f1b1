"""Row layouts that several tasks share: the `flare` sets of the hub, and multiple choice as each hub home has it.

Rows of a folder are simpler (`text` and `answer`; `question`, `choices` and `gold` or `answer`) and read by the same
functions.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from finbench.card import FINEVAL_REVISION, Source
from finbench.data.items import Item
from finbench.data.rows import Row, RowError
from finbench.tasks.prompts import letters

_AFTER_MARK = re.compile(r"\b(?:Text|Context):\s*", re.IGNORECASE)
_ANSWER_END = re.compile(r"\s*\bAnswer:\s*\Z")
#: An option on a line of its own: A. text, A) text, (A) text or A: text.
_LETTERED_LINE = re.compile(r"^[ \t]*\(?(?P<letter>[A-Z])[.):][ \t]+(?P<option>\S.*)$", re.MULTILINE)
_OPTION = re.compile(r"(?:^|,)\s*([a-e])\s*\)\s*")


def fineval(config: str, note: str, items: int | None = None) -> Source:
    """A configuration of the published FinEval at its pinned revision."""
    return Source(uri="hf://Salesforce/FinEval", config=config, revision=FINEVAL_REVISION, items=items, note=note)


def key_of(text: str) -> str:
    """A short key for a text that groups items, such as a vignette."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:12]


def plain_number(value: float) -> str:
    """A number as people write it: no exponent, no zeros at the end."""
    return f"{Decimal(repr(value)).normalize():f}"


def flare_text(row: Row) -> str:
    """The text that a flare row asks about: its field `text`, or else what follows the last `Text:` of the prompt."""
    if row.get("text"):
        return row.text("text").strip()
    *_, last = _AFTER_MARK.split(row.text("query"))
    return without_answer_mark(last).strip().removeprefix("'").removesuffix("'").strip()


def without_answer_mark(query: str) -> str:
    """A prompt without the `Answer:` that it ends in."""
    return _ANSWER_END.sub("", query).strip()


def flare_label(row: Row, labels: Sequence[str]) -> str:
    """The reference of a flare row, as in `labels`; `choices` and `gold` have to agree with `answer`.

    Raises:
        RowError: if it is none of `labels`, or the row contradicts itself.
    """
    indexed = None
    if row.get("gold") is not None and row.get("choices") is not None:
        choices = row.texts("choices")
        unknown = [name for name in choices if name.strip().lower() not in {label.lower() for label in labels}]
        if unknown:
            raise RowError(f"has the choice {unknown[0]!r}, expected {', '.join(labels)}")
        indexed = choices[row.index("gold", len(choices))]
    if "answer" not in row and indexed is not None:
        return Row({"gold": indexed}).one_of("gold", labels)
    answer = row.one_of("answer", labels)
    if indexed is not None and indexed.strip().lower() != answer.lower():
        raise RowError(f"contradicts itself: 'gold' points at {indexed!r}, 'answer' is {row['answer']!r}")
    return answer


def labelled_text(labels: Sequence[str], name: str) -> Callable[[Row], Item]:
    """A reader of flare rows that hold a text and one of `labels`.

    Args:
        labels: the labels that a reference may have.
        name: what the text is called in the prompt.
    """

    def read(row: Row) -> Item:
        return Item(body=f"{name}: {flare_text(row)}", gold=flare_label(row, labels))

    return read


def choice_item(row: Row) -> Item:
    """A multiple-choice row of a folder: question, choices, and the gold as an index or a letter."""
    return _item(row, row.text("question"), _options(row), gold_key="gold")


def hub_choice_item(row: Row) -> Item:
    """A multiple-choice row of a folder, or as ARC, OpenBookQA and MMLU are on the hub.

    ARC and OpenBookQA have `choices` with texts and labels and an `answerKey`; MMLU has the index in `answer`.
    """
    choices = row.get("choices")
    if isinstance(choices, Mapping) and "answerKey" in row:
        nested = Row(choices)
        names, options = nested.texts("label"), nested.texts("text")
        if len(names) != len(options):
            raise RowError(f"has {len(options)} options and {len(names)} labels for them")
        gold = letters(len(options))[names.index(row.one_of("answerKey", names))]
        question = row.text("question_stem" if "question_stem" in row else "question")
        return Item(body=question, gold=gold, choices=options)
    by_index = isinstance(row.get("answer"), int) and "gold" not in row
    return _item(row, row.text("question"), _options(row), gold_key="answer" if by_index else "gold")


def fineval_choice_item(row: Row) -> Item:
    """A row of FinEval's MMLU-finance: `question_text`, `answer` (a number) and `answer_text`.

    There is no column of options. Where the question ends in lettered options, one a line, they are read from there,
    and `answer_text` has to be the one that `answer` points at, counted from 0 or from 1.

    Raises:
        RowError: if the question holds no options, or the answer is none of them.
    """
    text = row.text("question_text")
    found = list(_LETTERED_LINE.finditer(text))
    if len(found) < 2 or [one["letter"] for one in found] != letters(len(found)):
        raise RowError(
            "holds a question without its options (field 'question_text'), which cannot be asked as multiple choice; "
            "use the rows of the original"
        )
    options = tuple(one["option"].strip() for one in found)
    said, number = " ".join(row.text("answer_text").split()), row.number("answer")
    meant = {index for index in (number, number - 1) if index in range(len(options))}
    right = [int(index) for index in sorted(meant) if " ".join(options[int(index)].split()) == said]
    if len(right) != 1:
        raise RowError(f"field 'answer_text' holds {said[:60]!r}, which is not the option that 'answer' points at")
    return options_item(text[: found[0].start()].strip(), options, right[0])


def options_item(question: str, options: Sequence[str], index: int) -> Item:
    """A multiple-choice item whose right option is at `index`."""
    return Item(body=question, gold=letters(len(options))[index], choices=tuple(options))


def lettered_options(text: str) -> tuple[str, ...]:
    """The options of a text such as "a ) 24 , b ) 30", as MathQA has them on the hub.

    Raises:
        RowError: if they are not lettered a, b, ... in order.
    """
    _, *pieces = _OPTION.split(text)
    names, options = pieces[::2], tuple(piece.strip(" ,") for piece in pieces[1::2])
    if len(options) < 2 or [name.upper() for name in names] != letters(len(options)):
        raise RowError(f"field 'options' should be lettered options, got {text[:60]!r}")
    return options


def label_index(row: Row, key: str, size: int, first: int) -> int:
    """A label that counts from `first`, given as a number or a text, as an index from 0.

    Raises:
        RowError: if it is missing, as in unlabelled test splits, or out of range.
    """
    value: Any = row[key]
    if str(value).strip() in ("", "-1", "None"):
        raise RowError(f"has no reference in {key!r}, as in unlabelled test splits; use the labelled split")
    text = str(value).strip()
    if not text.isdigit() or not first <= int(text) < first + size:
        raise RowError(f"field {key!r} should be a number from {first} to {first + size - 1}, got {value!r}")
    return int(text) - first


def _options(row: Row) -> tuple[str, ...]:
    choices = row.texts("choices")
    if not 2 <= len(choices) <= 26:
        raise RowError(f"field 'choices' should hold 2 to 26 options, got {len(choices)}")
    return choices


def _item(row: Row, question: str, choices: tuple[str, ...], *, gold_key: str) -> Item:
    names = letters(len(choices))
    gold = names[row.index(gold_key, len(choices))] if gold_key in row else row.one_of("answer", names)
    said = str(row.get("answer", gold)).strip().upper()
    if said in names and said != gold:
        raise RowError(f"contradicts itself: 'gold' is {gold}, 'answer' is {row['answer']!r}")
    strata = {key: row.text(key) for key in ("subject", "area") if key in row}
    return Item(body=question, gold=gold, choices=choices, metadata=strata)
