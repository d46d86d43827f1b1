"""The words around an item: what is asked, and in which one format the answer is wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from finbench.card import TaskCard
from finbench.data.items import Item
from finbench.scoring.free_text import LIST_SEPARATOR
from finbench.taxonomy import AnswerKind, Elicitation

#: Renders messages as plain text, for models without a chat template (base models, CPT checkpoints).
PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message['content'] }}\n\n{% endfor %}"
    "{% if add_generation_prompt %}Answer:{% endif %}"
)

_STEPS = "Think step by step. End with one line of the form `Answer: X`, where X is "


def letters(count: int) -> list[str]:
    """Letters of `count` options: A, B, ..."""
    return [chr(ord("A") + index) for index in range(count)]


def request(card: TaskCard, elicitation: Elicitation, item: Item) -> str:
    """The sentence that says in which format the answer is wanted."""
    cot = elicitation is Elicitation.COT
    match card.answer:
        case AnswerKind.CHOICE:
            return _STEPS + "the letter of the best option." if cot else "Answer with the letter only."
        case AnswerKind.LABEL:
            labels = _enumerate(labels_of(card, item))
            return f"{_STEPS}{labels}." if cot else f"Answer with one label only: {labels}."
        case AnswerKind.NUMBER:
            if cot:
                return _STEPS + "the number, with its unit if it has one."
            return "Answer with the number only, with its unit if it has one."
        case AnswerKind.ENTITIES:
            types = _enumerate(list(card.labels or ()))
            lines = (
                f"List the entities, one a line, as `name, TYPE`; TYPE is {types}. If there are none, answer `none`."
            )
            return f"Think step by step, then write a line `Answer:` and below it the list. {lines}" if cot else lines
        case AnswerKind.RELATIONS:
            lines = (
                "List the relations, one a line, as `head ; tail ; relation`; the relation is said of the head. "
                f"The relation is {_enumerate(list(card.labels or ()))}. If there are none, answer `none`."
            )
            return f"Think step by step, then write a line `Answer:` and below it the list. {lines}" if cot else lines
        case AnswerKind.JUDGED if elicitation is Elicitation.CHAT:
            return ""  # a conversation goes on without a word about its form
        case AnswerKind.JUDGED:
            return _STEPS + "the answer in full." if cot else "Answer in one or two sentences."
        case AnswerKind.SUMMARY:
            if cot:
                return "Think step by step, then write a line `Answer:` and below it the summary."
            return "Answer with the summary only."
        case AnswerKind.INSTRUCTIONS:
            return ""  # the instruction says itself what is wanted, and the reply is checked as a whole
        case _:
            return _STEPS + "the answer in as few words as possible." if cot else "Answer in as few words as possible."


def render(card: TaskCard, instruction: str, item: Item, elicitation: Elicitation) -> str:
    """The user message for one item: instruction, the item verbatim, its options, the format wanted."""
    parts = [instruction] if instruction else []
    parts.append(item.body)
    if item.choices:
        parts.append(
            "\n".join(
                f"{letter}. {text}" for letter, text in zip(letters(len(item.choices)), item.choices, strict=True)
            )
        )
    parts.append(request(card, elicitation, item))
    return "\n\n".join(part for part in parts if part)


def labels_of(card: TaskCard, item: Item) -> list[str]:
    """The labels that an item is to be given one of: the card's, or those its row brought along."""
    return list(card.labels or str(item.metadata.get("labels", "")).split(LIST_SEPARATOR))


def perfect_reply(card: TaskCard, item: Item, elicitation: Elicitation = Elicitation.DIRECT) -> str:
    """The reference answer in the very format that the prompt asks for, as demonstrations and training rows show it."""
    if card.answer is AnswerKind.INSTRUCTIONS:
        return item.solution
    listed = card.answer in (AnswerKind.ENTITIES, AnswerKind.RELATIONS)
    gold = item.gold or "none" if listed else item.gold
    if card.answer is AnswerKind.TEXT:
        gold = gold.partition("\n")[0]  # the first of the accepted answers
    if elicitation is not Elicitation.COT:
        return gold
    if listed or card.answer is AnswerKind.SUMMARY:
        return f"Answer:\n{gold}"
    steps = "\n".join(line for line in item.solution.splitlines() if not line.startswith("Answer:"))
    return f"{steps}\nAnswer: {gold}" if steps else f"Answer: {gold}"


def prompt_sha256(instruction: str, ask: str, system: str | None, fewshot: Sequence[str]) -> str:
    """Fingerprint of the wording around the items, recorded with a run: runs that ask differently are told apart."""
    text = "\x00".join([system or "", instruction, ask, *fewshot])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _enumerate(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
