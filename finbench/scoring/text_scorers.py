"""The Inspect scorers of answers in free words: short answers, answers with a scale, summaries.

A sample's value is a share; it counts as correct where that is 1. As everywhere, no answer is wrong and says why.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState

from finbench.errors import InputError
from finbench.scoring import free_text, numeracy
from finbench.scoring.metrics import exact_match, f1, format_share, outcome_shares, rouge1
from finbench.scoring.outcome import Extraction, Outcome
from finbench.scoring.scorers import REASONS, outcome_of

_SHORT = 150  # characters: log summaries keep metadata under 1 kB, and JSON writes one character as up to six


@scorer(metrics=[f1(), exact_match(), mean(), stderr(), outcome_shares(), format_share()])
def text() -> Scorer:
    """A short answer in free words, held against the accepted ones (one a line of the target): word F1, exact match."""

    async def score(state: TaskState, target: Target) -> Score:
        extraction = free_text.extract_text(state.output.completion)
        extraction = _unless_cut(state, extraction)
        exact, value = (
            (False, 0.0) if extraction.value is None else free_text.compare(extraction.value, target.text.splitlines())
        )
        return _graded(state, extraction, target.text, value, {"exact": exact})

    return score


@scorer(metrics=[f1(), exact_match(), mean(), stderr(), outcome_shares(), format_share()])
def numeracy_f1() -> Scorer:
    """Spans, numbers with their scale, and lists of them: exact match and numeracy F1 of TAT-QA.

    The sample's metadata names the kind of answer (`answer_type`); calculations and counts are right or wrong.
    """

    async def score(state: TaskState, target: Target) -> Score:
        extraction = _unless_cut(state, free_text.extract_text(state.output.completion))
        calculated = state.metadata.get("answer_type") in ("arithmetic", "count")
        exact, value = False, 0.0
        if extraction.value is not None:
            exact, value = numeracy.compare(extraction.value, target.text, calculated=calculated)
        return _graded(state, extraction, target.text, 1.0 if exact else value, {"exact": exact})

    return score


@scorer(metrics=[rouge1(), mean(), stderr(), outcome_shares(), format_share()])
def summary() -> Scorer:
    """A summary: ROUGE-1 of the `rouge-score` library (F-measure, no stemming); ROUGE-2 and ROUGE-L beside it.

    Raises:
        InputError: if the library is not installed.
    """
    rouge = rouge_of()

    async def score(state: TaskState, target: Target) -> Score:
        extraction = free_text.extract_text(state.output.completion, whole=True)  # cut off, it still is a summary
        found = rouge(target.text, extraction.value or "")
        others = {name: round(found[name], 6) for name in ("rouge2", "rougeL")}
        return _graded(state, extraction, target.text, found["rouge1"], others)

    return score


def rouge_of() -> Callable[[str, str], dict[str, float]]:
    """The function from reference and summary to the F-measures of ROUGE-1, ROUGE-2 and ROUGE-L.

    Raises:
        InputError: if `rouge-score` is not installed.
    """
    names = ["rouge1", "rouge2", "rougeL"]
    try:
        library: Any = import_module("rouge_score.rouge_scorer")
    except ImportError:
        raise InputError(
            "summaries are scored by rouge-score, which is not here: pip install rouge-score, or 'finbench[summaries]'"
        ) from None
    measure = library.RougeScorer(names, use_stemmer=False)

    def rouge(reference: str, found: str) -> dict[str, float]:
        scores = measure.score(reference, found)
        return {name: float(scores[name].fmeasure) for name in names}

    return rouge


def _unless_cut(state: TaskState, extraction: Extraction[str]) -> Extraction[str]:
    """No answer where the text was cut before it announced one: its last words are no answer in free words."""
    cut = state.output.stop_reason in ("max_tokens", "model_length") or state.metadata.get("filled_budget")
    if cut and not free_text.announces(state.output.completion):
        return Extraction(None, "unparsed", False)
    return extraction


def _graded(
    state: TaskState, extraction: Extraction[str], gold: str, value: float, more: dict[str, bool | float]
) -> Score:
    outcome: Outcome = outcome_of(state, extraction, value == 1.0)
    pred = extraction.value
    return Score(
        value=value if pred is not None else 0.0,
        answer=pred,
        explanation=state.output.completion,
        reason=REASONS.get(outcome),
        metadata={
            "outcome": outcome.value,
            "gold": gold[:_SHORT],
            "pred": None if pred is None else pred[:_SHORT],
            "followed_format": extraction.followed_format,
            **more,
        },
    )
