"""References put through a task's own words score 1.0 on every sample, corrupted ones less, and the rest is told apart.

No model is asked: replies are put before the task's own scorer, sample by sample, on every row that is here.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import pytest
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelName, ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, value_to_float
from inspect_ai.solver import TaskState
from rows_here import HERE, folder_of

from finbench.data.items import Item
from finbench.scoring.instructions import check as holds
from finbench.tasks.catalogue import DEFINITIONS
from finbench.tasks.definition import subset
from finbench.tasks.generated import is_generated, official_exam
from finbench.tasks.prompts import labels_of, letters, perfect_reply
from finbench.taxonomy import AnswerKind, Elicitation

NUMBER = value_to_float()
STRANGER = "Acme Corporation"
REFUSAL = "I'm sorry, but I can't help with that."
CUT = "Let me look at this carefully. We have to weigh what is said here and then"
WAYS = (Elicitation.DIRECT, Elicitation.COT)
#: Larger sets are read at every fifth row; the whole of each is marked slow.
LARGE, STEP = 450, 5
#: Replies without an answer: text, stop reason, outcome, Inspect's reason.
NO_ANSWER = {
    "empty": ("", "stop", "unparsed", "invalid_response_format"),
    "refusal": (REFUSAL, "stop", "refused", "refusal"),
    "filtered": ("", "content_filter", "refused", "refusal"),
    "cut": (CUT, "max_tokens", "truncated", "no_response"),
    "context full": (CUT, "model_length", "truncated", "no_response"),
    "no answer": (CUT, "stop", "unparsed", "invalid_response_format"),
}
#: Kinds of answer that any words can be: a reply without an answer is then a wrong one.
FREE = (AnswerKind.TEXT, AnswerKind.SUMMARY, AnswerKind.INSTRUCTIONS)


def ways(name: str) -> tuple[Elicitation, ...]:
    """The ways a task can be asked in: where the whole reply is checked, no steps may stand in it."""
    return WAYS[:1] if DEFINITIONS[name].card.answer is AnswerKind.INSTRUCTIONS else WAYS


ASKED = [pytest.param(name, way, id=f"{name}-{way}") for name in HERE for way in ways(name)]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A reply that was put before a task's scorer, and what came of it."""

    kind: str
    item: Item
    text: str
    score: Score

    @property
    def outcome(self) -> str:
        assert self.score.metadata is not None
        return str(self.score.metadata["outcome"])

    @property
    def value(self) -> float:
        return NUMBER(self.score.value)


@cache
def items_of(name: str) -> dict[str, Item]:
    """Every item of a task's official split that is here."""
    if is_generated(name):
        return official_exam(name).items
    return DEFINITIONS[name].items(data=folder_of(name)).items


def replies_to(name: str, item: Item) -> Iterator[tuple[str, str, str]]:
    """Kind, text and stop reason of every reply that an item is tried with."""
    card = DEFINITIONS[name].card
    for way in ways(name):
        yield f"right {way}", perfect_reply(card, item, way), "stop"
        for answer in wrong_answers(name, item):
            yield f"wrong {way}", as_asked(name, answer, way), "stop"
    yield "right, then cut", perfect_reply(card, item, ways(name)[-1]), "max_tokens"
    for kind, (text, stop_reason, _, _) in NO_ANSWER.items():
        yield kind, text, stop_reason


@cache
def scored(name: str, step: int | None = None) -> tuple[Reply, ...]:
    """All replies to all items (or every `step`-th), put before the task's own scorer."""
    scorer: Scorer = DEFINITIONS[name].scorer(DEFINITIONS[name].card)
    items = items_of(name)
    step = step or (STEP if len(items) > LARGE else 1)

    async def run() -> list[Reply]:
        found = []
        for identity, item in list(items.items())[::step]:
            for kind, text, stop_reason in replies_to(name, item):
                output = ModelOutput.from_content("oracle", text)
                output.choices[0].stop_reason = stop_reason  # type: ignore[assignment]
                state = TaskState(
                    model=ModelName("mockllm/oracle"),
                    sample_id=identity,
                    epoch=1,
                    input="",
                    messages=[],
                    target=Target(item.gold),
                    choices=list(item.choices) or None,
                    output=output,
                    metadata=dict(item.metadata),
                )
                score = await scorer(state, Target(item.gold))
                assert score is not None
                found.append(Reply(kind=kind, item=item, text=text, score=score))
        return found

    return tuple(asyncio.run(run()))


def wrong_answers(name: str, item: Item) -> list[str]:
    """References of `item` that were made wrong, in the form that the prompt asks for."""
    card = DEFINITIONS[name].card
    match card.answer:
        case AnswerKind.CHOICE:
            return [letter for letter in letters(len(item.choices)) if letter != item.gold]
        case AnswerKind.LABEL:
            return [label for label in labels_of(card, item) if label != item.gold]
        case AnswerKind.NUMBER if item.gold in ("yes", "no"):
            return ["no" if item.gold == "yes" else "yes"]
        case AnswerKind.NUMBER:
            gold = float(item.gold)
            # a factor of 100 is left out: a share may be answered in percent
            return ["7"] if gold == 0 else [repr(-gold), repr(gold * 10), repr(gold * 1.37)]
        case AnswerKind.ENTITIES:
            lines = item.gold.splitlines()
            if not lines:
                return [f"{STRANGER}, ORG"]
            name_of_first, _, kind = lines[0].rpartition(", ")
            other = next(label for label in card.labels or () if label != kind)
            # a name that is listed twice, in other cases, is one entity: leave all its spellings out
            others = [line for line in lines if line.casefold() != lines[0].casefold()]
            return [
                "\n".join(others) or "none",
                "\n".join([f"{name_of_first}, {other}", *others]),
                "\n".join([*lines, f"{STRANGER}, ORG"]),
            ]
        case AnswerKind.TEXT:
            return ["qwertz uiopu", *wrong_amounts(item.gold)]
        case AnswerKind.SUMMARY:
            return [" ".join(item.gold.split()[::2]), f"{item.gold} It rained.", "qwertz uiopu"]
        case AnswerKind.INSTRUCTIONS:
            words = [word for one in json.loads(item.gold) for word in one.get("words", [])]
            return (
                ["Well, take these 7 Things. " * 60 + " ".join(words)] if len(item.gold) > 40 else ["Well, I think 7."]
            )
    raise AssertionError(f"{name} has a kind of answer that this oracle does not know: {card.answer}")


def wrong_amounts(gold: str) -> list[str]:
    """A reference that is one number with a scale (TAT-QA): in another scale, and another number."""
    amount = re.fullmatch(r"-?([1-9][\d.]*) (thousand|million|billion|percent)", gold)
    if amount is None:
        return []
    return [f"{amount[1]} {'million' if amount[2] != 'million' else 'percent'}", f"{amount[1]}7 {amount[2]}"]


def is_met(name: str, reply: Reply) -> bool:
    """Whether a reply meets an instruction by chance, as few words do where at most 40 are asked for."""
    if DEFINITIONS[name].card.answer is not AnswerKind.INSTRUCTIONS:
        return False
    return all(holds(constraint, reply.text) for constraint in json.loads(reply.item.gold))


def as_asked(name: str, answer: str, way: Elicitation) -> str:
    """An answer in the form that the prompt asks for."""
    if way is Elicitation.DIRECT:
        return answer
    joint = "\n" if DEFINITIONS[name].card.answer is AnswerKind.ENTITIES else " "
    return f"First the question, then the numbers.\nAnswer:{joint}{answer}"


def check(replies: tuple[Reply, ...], kind: str, ok: Callable[[Reply], bool]) -> None:
    """Every reply of a kind is as it should be; the message shows the first that are not."""
    chosen = [reply for reply in replies if reply.kind == kind]
    bad = [(reply.item.gold, reply.text, reply.score.answer, reply.score.metadata) for reply in chosen if not ok(reply)]
    assert chosen, f"no reply of the kind {kind!r} was tried"
    assert not bad, f"{len(bad)} of {len(chosen)} ({kind}), first {bad[:3]}"


@pytest.mark.parametrize(("name", "way"), ASKED)
def test_the_reference_in_the_tasks_own_words_scores_one(name: str, way: Elicitation) -> None:
    check(scored(name), f"right {way}", lambda reply: reply.value == 1.0 and reply.outcome == "correct")


@pytest.mark.parametrize(("name", "way"), ASKED)
def test_the_reference_in_the_tasks_own_words_follows_the_format(name: str, way: Elicitation) -> None:
    check(scored(name), f"right {way}", lambda reply: reply.score.metadata["followed_format"] is True)


@pytest.mark.parametrize(("name", "way"), ASKED)
def test_a_corrupted_reference_scores_less(name: str, way: Elicitation) -> None:
    check(scored(name), f"wrong {way}", lambda reply: reply.value < 1.0 and reply.outcome == "wrong")


@pytest.mark.parametrize("kind", NO_ANSWER)
@pytest.mark.parametrize("name", HERE)
def test_no_answer_is_wrong_and_says_why(name: str, kind: str) -> None:
    _, stop, outcome, reason = NO_ANSWER[kind]
    summary = DEFINITIONS[name].card.answer is AnswerKind.SUMMARY  # that was cut off still is one
    if (kind == "no answer" and DEFINITIONS[name].card.answer in FREE) or (
        summary and stop in ("max_tokens", "model_length")
    ):
        check(
            scored(name),
            kind,
            lambda reply: is_met(name, reply) or (reply.value < 1, reply.outcome) == (True, "wrong"),
        )
        return
    check(
        scored(name),
        kind,
        lambda reply: is_met(name, reply) or (reply.value, reply.outcome, reply.score.reason) == (0.0, outcome, reason),
    )


@pytest.mark.parametrize("name", HERE)
def test_an_answer_that_was_found_counts_even_if_the_text_was_cut(name: str) -> None:
    check(scored(name), "right, then cut", lambda reply: reply.value == 1.0 and reply.outcome == "correct")


def is_large(name: str) -> bool:
    """Whether only a part of a task's rows is read by the tests above."""
    folder = folder_of(name)
    if folder is None:
        return False
    with (folder / f"{DEFINITIONS[name].card.split}.jsonl").open(encoding="utf-8") as lines:
        return sum(1 for _ in lines) > LARGE


@pytest.mark.parametrize("name", [name for name in HERE if not is_large(name)])
def test_the_smaller_sets_are_read_whole(name: str) -> None:
    """Together with the slow test below, no row of any set is left out."""
    assert {reply.item.body for reply in scored(name)} == {item.body for item in items_of(name).values()}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in HERE if is_large(name)])
def test_every_row_of_the_large_sets(name: str) -> None:
    replies = scored(name, step=1)
    assert len({id(reply.item) for reply in replies}) == len(items_of(name))
    for way in ways(name):
        check(replies, f"right {way}", lambda reply: reply.value == 1.0 and reply.outcome == "correct")
        check(replies, f"wrong {way}", lambda reply: reply.value < 1.0 and reply.outcome == "wrong")
    for kind in ("empty", "refusal", "cut"):
        check(replies, kind, lambda reply, outcome=NO_ANSWER[kind][2]: reply.outcome == outcome)


@pytest.mark.parametrize("name", HERE)
def test_a_score_leaves_metadata_that_log_summaries_keep(name: str) -> None:
    """Inspect drops a field of 1 kB from summaries; results and statistics read nothing else."""
    for reply in scored(name):
        for key, value in (reply.score.metadata or {}).items():
            assert len(json.dumps(value)) < 1000, (key, reply.text[:80])


@pytest.mark.parametrize("name", HERE)
def test_inspect_hands_the_scorer_what_this_oracle_hands_to_it(name: str) -> None:
    items = items_of(name)
    task = DEFINITIONS[name].task(items=subset(items, kind="package", place="here", official=False))
    samples: list[Sample] = list(task.dataset)
    assert [sample.id for sample in samples] == list(items)
    for sample, item in zip(samples, items.values(), strict=True):
        assert sample.target == item.gold
        assert (sample.choices or []) == list(item.choices)
        assert sample.metadata == dict(item.metadata)
