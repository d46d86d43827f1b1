"""The Inspect scorers that ask a judge: the model in the role `grader`, for which no other ever stands in.

A reply without any text is settled by rule and costs no call. A judge that cannot be read makes the sample an error,
which is retried and, if it stays, leaves the run incomplete: the answer is not to blame for its judge.
"""

from __future__ import annotations

import json

from inspect_ai.model import ChatMessageAssistant, get_model
from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import TaskState

from finbench.judging.asking import verdict_of
from finbench.judging.grader import ROLE
from finbench.judging.metrics import JUDGE, RULE, judge, judged_accuracy, numeric_accuracy, rating
from finbench.judging.numeric import numeric_right
from finbench.judging.verdicts import HIGHEST, LOWEST, Verdict, read_rating, read_verdict
from finbench.judging.wording import answer_prompt, chat_prompt, is_empty
from finbench.scoring.free_text import announces, extract_text
from finbench.scoring.metrics import format_share, outcome_shares
from finbench.scoring.number import extract_number
from finbench.scoring.outcome import Extraction, Outcome
from finbench.scoring.scorers import REASONS, outcome_of

_SHORT = 150  # characters: log summaries keep metadata under 1 kB, and JSON writes one character as up to six


@scorer(
    metrics=[judge(), accuracy(), stderr(), numeric_accuracy(), judged_accuracy(), outcome_shares(), format_share()]
)
def judged_answer() -> Scorer:
    """An open answer held against a reference: by rule where the reference is a bare number, else by the judge.

    The sample's metadata say which (`scored_by`), and hold the question.

    Raises:
        UnreadableJudgeError: if the judge gives no verdict; ends the sample as an error.
    """

    async def score(state: TaskState, target: Target) -> Score:
        reply, question = state.output.completion, str(state.metadata["question"])
        if state.metadata.get("scored_by") == RULE:
            number = extract_number(reply, question)
            right = number.value is not None and numeric_right(number.value, target.text, question)
            pred = None if number.value is None else f"{number.value.value:.12g} {number.value.unit}"
            return _settled(state, outcome_of(state, number, right), pred, target.text, number.followed_format, RULE)
        found = extract_text(reply, whole=True)
        if found.value is None or _was_cut(state):
            none: Extraction[str] = Extraction(None, found.outcome if found.value is None else "unparsed", False)
            return _settled(state, outcome_of(state, none, False), None, target.text, False, JUDGE)
        verdict, text = await verdict_of(
            get_model(role=ROLE, required=True), answer_prompt(question, target.text, reply), read_verdict
        )
        outcome = {Verdict.CORRECT: Outcome.CORRECT, Verdict.INCORRECT: Outcome.WRONG}.get(verdict, Outcome.REFUSED)
        return _settled(state, outcome, found.value, target.text, found.followed_format, JUDGE, verdict.value, text)

    return score


@scorer(metrics=[judge(), stderr(), rating(), outcome_shares()])
def judged_chat() -> Scorer:
    """A conversation of two turns: the mean of a judge's ratings of both replies, 1 to 10 made 0 to 1.

    The target holds the second message and, where there are any, solutions to both (see `finbench.tasks.chat`).

    Raises:
        UnreadableJudgeError: if the judge gives no rating; ends the sample as an error.
    """

    async def score(state: TaskState, target: Target) -> Score:
        gold = json.loads(target.text)
        asked = [str(state.metadata["first"]), str(gold["second"])]
        replies = [message.text for message in state.messages if isinstance(message, ChatMessageAssistant)][:2]
        replies += [""] * (2 - len(replies))
        turns = list(zip(asked, replies, strict=True))
        ratings, texts = [], []
        for number, solution in enumerate(gold.get("solutions") or [None, None], 1):
            if is_empty(replies[number - 1]):
                ratings.append(LOWEST)
                texts.append("(an empty reply has the lowest rating)")
                continue
            found, text = await verdict_of(
                get_model(role=ROLE, required=True), chat_prompt(turns[:number], solution or None), read_rating
            )
            ratings.append(found)
            texts.append(text)
        value = (sum(ratings) / 2 - LOWEST) / (HIGHEST - LOWEST)
        said = None if all(map(is_empty, replies)) else " / ".join(f"{one:g}" for one in ratings)
        extraction: Extraction[str] = Extraction(said, "unparsed" if said is None else "answered", said is not None)
        outcome = outcome_of(state, extraction, value == 1.0)
        return Score(
            value=value,
            answer=said,
            explanation="\n\n".join(f"Turn {number}: {text}" for number, text in enumerate(texts, 1)),
            reason=REASONS.get(outcome),
            metadata={
                "outcome": outcome.value,
                "pred": said,
                "ratings": ratings,
                "scored_by": JUDGE,
                "characters": [len(reply) for reply in replies],
            },
        )

    return score


def _was_cut(state: TaskState) -> bool:
    """Whether the text ended at its bound before it announced an answer: its last words are none."""
    cut = state.output.stop_reason in ("max_tokens", "model_length") or bool(state.metadata.get("filled_budget"))
    return cut and not announces(state.output.completion)


def _settled(
    state: TaskState,
    outcome: Outcome,
    pred: str | None,
    gold: str,
    followed_format: bool,
    scored_by: str,
    verdict: str | None = None,
    judge_text: str | None = None,
) -> Score:
    return Score(
        value=CORRECT if outcome is Outcome.CORRECT else INCORRECT,
        answer=pred,
        explanation=state.output.completion if judge_text is None else judge_text,
        reason=REASONS.get(outcome),
        metadata={
            "outcome": outcome.value,
            "gold": gold[:_SHORT],
            "pred": None if pred is None else pred[:_SHORT],
            "followed_format": followed_format,
            "scored_by": scored_by,
            "verdict": verdict,
        },
    )
