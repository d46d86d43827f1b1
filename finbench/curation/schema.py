"""The records of curation: passages in, quality scores and exercises out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from finbench.preference.schema import LogRef

#: The five statements of the quality score, one point each.
CRITERIA = ("about_finance", "informative", "explains", "clean", "teaches")
#: Why a reply gave nothing; the words are for reports.
REPLY_REASONS: Mapping[str, str] = {
    "unreadable": "the reply holds no JSON object with the fields asked for, however often it was asked",
    "refused": "the model refused",
}
#: Why an exercise was left out.
EXERCISE_REASONS: Mapping[str, str] = {
    "malformed": "a field is missing or no text",
    "question_empty": "there is no question",
    "answer_empty": "there is no answer",
    "leans_on_text": "question or scenario speaks of the passage, which who answers does not see",
    "choices_too_few": "there is one option only",
    "choices_repeat": "two options are the same",
    "answer_no_choice": "the answer is none of the options",
    "evidence_missing": "nothing is quoted",
    "evidence_short": "a quote is shorter than a phrase",
    "evidence_absent": "a quote does not stand in the passage",
    "repeated": "the same question came before",
    "too_many": "more exercises than were asked for",
}


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A stretch of a row's text.

    Attributes:
        id: unique in a run.
        row: id of the row.
        text: as it stands in the row.
        start: where it begins in the row's text, in characters.
        whole: whether it is all of the row's text.
    """

    id: str
    row: str
    text: str
    start: int = 0
    whole: bool = True


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run is told.

    Attributes:
        characters: most characters of a passage.
        per_passage: most exercises of a passage.
        attempts: how often a model is asked until its reply can be read.
        max_tokens: bound on a reply.
        structured: send a JSON schema along; None: where the provider is known to take one.
        max_connections: requests at once; the provider's own where None.
        max_retries: how often a request that fails for want of a server (429, 500) is tried again.
        time_limit: seconds that one sample may take; none where None.
    """

    characters: int = 8_000
    per_passage: int = 3
    attempts: int = 3
    max_tokens: int = 2_048
    structured: bool | None = None
    max_connections: int | None = None
    max_retries: int = 6
    time_limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class Quality:
    """The quality score of one passage, the beginning of a row.

    Attributes:
        passage: its id.
        score: 0 to 5, the sum of `points`; None where there is a `reason`.
        points: 0 or 1 for each of `CRITERIA`.
        why: the model's reason.
        reason: empty, or a key of `REPLY_REASONS`.
        source: the log sample.
    """

    passage: str
    score: int | None = None
    points: Mapping[str, int] = field(default_factory=dict)
    why: str = ""
    reason: str = ""
    source: LogRef | None = None


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise whose evidence stands in its passage.

    Attributes:
        question: alone.
        scenario: the data that it needs, or empty.
        choices: texts of the options in order; empty for an open question.
        answer: the answer; with choices, one of them.
        solution: steps before the answer, or empty.
        spans: start and end of each quote in the passage, in characters.
    """

    question: str
    answer: str
    scenario: str = ""
    choices: tuple[str, ...] = ()
    solution: str = ""
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """What one passage gave.

    Attributes:
        passage: its id.
        exercises: those accepted, as plain data (fields of `Exercise`).
        left_out: counts by key of `EXERCISE_REASONS`.
        cut: whether the reply broke off, so that only its whole exercises were read.
        reason: empty, or a key of `REPLY_REASONS`.
        source: the log sample.
    """

    passage: str
    exercises: tuple[Mapping[str, Any], ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    cut: bool = False
    reason: str = ""
    source: LogRef | None = None
