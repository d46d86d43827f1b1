"""The records of preference distillation: what is asked, sampled, judged, located, corrected and rolled out.

Everything is plain data, frozen, and points at the sample of the log that it was read from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, Literal, TypeVar

from finbench.generated.problem import Problem
from finbench.generated.problem import Step as WorkedStep

T = TypeVar("T")

#: Who found it: the task's own extractor and reference, a model, or the worked steps of a generated problem.
Teacher = Literal["rule", "genrm", "program"]
#: How a rollout goes on from a prefix: within the assistant's turn, or asked to in a new one.
Continuation = Literal["auto", "continue", "ask"]
#: The two beginnings that are rolled out.
Arm = Literal["corrected", "wrong"]


@dataclass(frozen=True, kw_only=True)
class PromptItem:
    """One prompt with its reference.

    Attributes:
        id: stable id, unique in a set.
        prompt: the user message, in full.
        gold: the reference answer.
        answer: kind of answer, a value of `finbench.taxonomy.AnswerKind`.
        system: the system message, if any.
        choices: texts of the options, in order, where a letter is asked for.
        labels: the labels, where one is asked for.
        unit: unit of a number, as in the card's rows.
        question: the question alone, for extraction and for the GenRM.
        solution: a reference solution, where there is one; only the GenRM sees it.
        problem: the generated problem behind the item: what the program needs to teach.
    """

    id: str
    prompt: str
    gold: str
    answer: str
    system: str | None = None
    choices: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    unit: str | None = None
    question: str = ""
    solution: str = ""
    problem: Problem | None = None

    def document(self) -> dict[str, Any]:
        """The item as JSON-able data."""
        return asdict(self)


def item_from(document: Mapping[str, Any]) -> PromptItem:
    """The item that `PromptItem.document` wrote."""
    fields = dict(document)
    problem = fields.pop("problem", None)
    if problem is not None:
        problem = dict(problem)
        problem["steps"] = tuple(WorkedStep(**step) for step in problem["steps"])
        for name in ("distractors", "mistakes"):
            problem[name] = tuple(problem[name])
    for name in ("choices", "labels"):
        fields[name] = tuple(fields.get(name, ()))
    return PromptItem(**fields, problem=None if problem is None else Problem(**problem))


@dataclass(frozen=True, kw_only=True)
class LogRef:
    """Where in a log of Inspect a record comes from.

    Attributes:
        log: name of the log file, without its folder.
        sample: id of the sample.
        epoch: its epoch, from 1.
    """

    log: str
    sample: str
    epoch: int = 1


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a solution: `text == solution.text[start:end]`, the space behind it included.

    Attributes:
        index: from 0.
        start: first character.
        end: one past the last character.
        text: the step with the space behind it.
    """

    index: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Solution:
    """One sampled solution.

    Attributes:
        id: `<item>/<k>`, with k from 0.
        item: id of the item.
        index: k.
        text: what the policy wrote.
        stop_reason: Inspect's word for why it ended (`stop`, `max_tokens`, ...).
        seed: the seed that was sent with the request.
        source: the log sample.
    """

    id: str
    item: str
    index: int
    text: str
    stop_reason: str = "stop"
    seed: int | None = None
    source: LogRef | None = None


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Whether a solution's final answer is right.

    Attributes:
        solution: id of the solution.
        outcome: a value of `finbench.scoring.outcome.Outcome`: correct, wrong, unparsed, refused or truncated.
        by: `rule`, or `genrm` where no rule applies.
        pred: the answer that was read, as text.
        genrm: what the GenRM said of the solution (`correct`, `incorrect`, `declined`), or `unread` where its replies
            gave no verdict; None where it was not asked.
        why: the GenRM's reply, as it is.
        source: the log sample.
    """

    solution: str
    outcome: str
    by: Teacher
    pred: str | None = None
    genrm: str | None = None
    why: str = ""
    source: LogRef | None = None

    @property
    def right(self) -> bool:
        """Whether it counts as right."""
        return self.outcome == "correct"


@dataclass(frozen=True, kw_only=True)
class Location:
    """The first wrong step of a wrong solution, or why there is none.

    Attributes:
        solution: id of the solution.
        by: `genrm` or `program`.
        step: index of the step; None where none was accepted.
        quote: what was quoted.
        why: what is wrong with it.
        correction: the corrected step, where the same call wrote it.
        reason: empty where accepted, else a key of `REASONS`.
        source: the log sample.
    """

    solution: str
    by: Teacher
    step: int | None = None
    quote: str = ""
    why: str = ""
    correction: str | None = None
    reason: str = ""
    source: LogRef | None = None


@dataclass(frozen=True, kw_only=True)
class Correction:
    """The corrected step that stands in for a wrong one.

    Attributes:
        solution: id of the solution.
        by: `genrm` or `program`.
        step: index of the wrong step.
        prefix: the solution before that step, verbatim.
        wrong: the wrong step, without the space around it.
        text: the corrected step, without the space around it; empty where none was accepted.
        reason: empty where accepted, else a key of `REASONS`.
        source: the log sample.
    """

    solution: str
    by: Teacher
    step: int
    prefix: str
    wrong: str
    text: str = ""
    reason: str = ""
    source: LogRef | None = None


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """One continuation of a prefix.

    Attributes:
        solution: id of the solution that the prefix was taken from.
        arm: whether the prefix ends in the corrected or in the wrong step.
        index: from 0.
        text: what the policy wrote after the prefix.
        outcome: of the whole text, prefix and continuation, by the same rule as judgements.
        continuation: how it was asked for, `continue` or `ask`.
        source: the log sample.
    """

    solution: str
    arm: Arm
    index: int
    text: str
    outcome: str
    continuation: str
    source: LogRef | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run of the five tasks is told.

    Attributes:
        samples: solutions a prompt.
        temperature: of sampling and rollouts.
        top_p: of sampling and rollouts; the provider's own where None.
        max_tokens: bound on a solution's tokens, and on prefix-less rollouts.
        seed: the k-th solution and rollout is asked for with seed + k.
        rollouts: continuations of each of the two prefixes.
        continuation: how rollouts go on; `auto` continues where the provider can.
        audit: share of the solutions that a rule judged which the GenRM judges too, chosen by hash.
        attempts: how often a GenRM is asked until its reply can be read.
        genrm_max_tokens: bound on a reply of the GenRM.
        structured: send the JSON schema to the provider; the reply is read leniently either way.
        one_call: let the call that locates write the correction too.
        max_connections: requests at once; the provider's own where None.
        max_retries: how often a request that fails for want of a server (429, 500) is tried again.
        time_limit: seconds that one sample may take; none where None.
    """

    samples: int = 4
    temperature: float = 0.8
    top_p: float | None = None
    max_tokens: int = 512
    seed: int = 0
    rollouts: int = 4
    continuation: Continuation = "auto"
    audit: float = 0.0
    attempts: int = 3
    genrm_max_tokens: int = 1024
    structured: bool = False
    one_call: bool = True
    max_connections: int | None = None
    max_retries: int = 6
    time_limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class Batch(Generic[T]):
    """What a run left in its log.

    Attributes:
        records: the records, in the order of what was asked.
        missing: why a record is missing, by its id (`<solution>` or `<solution>/<arm>/<k>`, `<item>/<k>`).
        calls: how many requests models answered, those served from the cache left out.
        cached: how many replies came from the cache.
        tokens: tokens read and written in these calls, by model.
        logs: names of the log files.
    """

    records: tuple[T, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    calls: int = 0
    cached: int = 0
    tokens: Mapping[str, int] = field(default_factory=dict)
    logs: tuple[str, ...] = ()


#: Why a location or a correction was not accepted; the words are for reports.
REASONS: Mapping[str, str] = {
    "unreadable": "the reply holds no JSON object with the fields asked for, however often it was asked",
    "refused": "the model refused",
    "cut_off": "the reply broke off at its bound on tokens: it loops, or is too long",
    "provider": "the provider failed, also when tried again",
    "no_wrong_step": "no wrong step was named",
    "quote_absent": "the quote is not in the solution",
    "quote_off_boundary": "the quote begins or ends within a step",
    "quote_ambiguous": "the quote stands in the solution more than once",
    "nothing_to_check": "no step states arithmetic that the program can check",
    "no_program": "the item has no worked steps, so the program cannot teach",
    "correction_empty": "no corrected step was written",
    "correction_same": "the corrected step is the wrong one",
    "correction_many_steps": "the correction is more than one step",
    "correction_gives_answer": "the correction gives the final answer where the wrong step did not",
}


def digest(value: object) -> str:
    """16 hex digits over JSON-able data, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
