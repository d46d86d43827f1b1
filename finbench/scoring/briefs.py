"""The Inspect scorer of short briefs: ROUGE against a reference, and whether the figures are those of the text."""

from collections.abc import Sequence

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, mean, metric, scorer, stderr
from inspect_ai.solver import TaskState

from finbench.scoring import free_text
from finbench.scoring.figures import faithful, figures, readings
from finbench.scoring.metrics import format_share, outcome_shares, rouge1
from finbench.scoring.outcome import Outcome
from finbench.scoring.scorers import REASONS, outcome_of
from finbench.scoring.text_scorers import rouge_of

MAX_WORDS = 40
_SHORT = 150  # characters: log summaries keep metadata under 1 kB, and JSON writes one character as up to six


@metric(scores="unreduced")
def figure_fidelity() -> Metric:
    """Share of the figures in all briefs that stand in their texts; not a number where no brief gives any."""

    def compute(scores: list[SampleScore]) -> float:
        return _share(scores, "faithful", "given")

    return compute


@metric(scores="unreduced")
def fact_coverage() -> Metric:
    """Share of the key figures of all texts that their briefs give."""

    def compute(scores: list[SampleScore]) -> float:
        return _share(scores, "covered", "facts")

    return compute


@scorer(metrics=[rouge1(), figure_fidelity(), fact_coverage(), mean(), stderr(), outcome_shares(), format_share()])
def brief(max_words: int = MAX_WORDS) -> Scorer:
    """A brief: ROUGE-1 of the `rouge-score` library against the reference; its figures against those of the text.

    The sample's metadata holds the readings of the text's figures (`figures`) and of its key figures (`facts`), see
    `finbench.scoring.figures`. A reply that holds no figure is neither faithful nor unfaithful, and covers no fact.

    Args:
        max_words: how long a brief may be; a longer one counts in full but has not followed the format.

    Raises:
        InputError: if the library is not installed.
    """
    rouge = rouge_of()

    async def score(state: TaskState, target: Target) -> Score:
        extraction = free_text.extract_text(state.output.completion, whole=True)  # cut off, it still is a brief
        said = extraction.value or ""
        found = rouge(target.text, said)
        outcome: Outcome = outcome_of(state, extraction, found["rouge1"] == 1.0)
        return Score(
            value=found["rouge1"],
            answer=extraction.value,
            explanation=state.output.completion,
            reason=REASONS.get(outcome),
            metadata={
                "outcome": outcome.value,
                "gold": target.text[:_SHORT],
                "pred": None if extraction.value is None else said[:_SHORT],
                "followed_format": extraction.followed_format and len(said.split()) <= max_words,
                "rouge2": round(found["rouge2"], 6),
                "rougeL": round(found["rougeL"], 6),
                "figures": figure_counts(
                    said, str(state.metadata.get("figures", "")).split(), str(state.metadata.get("facts", "")).split()
                ),
            },
        )

    return score


def figure_counts(said: str, known: Sequence[str], facts: Sequence[str]) -> dict[str, int]:
    """How the figures of a brief compare with those of its text.

    Args:
        said: the brief.
        known: readings of the text's figures.
        facts: one reading for each key figure.

    Returns:
        `given`, the figures of the brief; `faithful`, those of them that stand in the text; `facts`, the key figures;
        `covered`, those of them that the brief gives.
    """
    given = figures(said)
    means = readings(given)
    return {
        "given": len(given),
        "faithful": len(faithful(given, frozenset(known))),
        "facts": len(facts),
        "covered": sum(fact in means for fact in facts),
    }


def _share(scores: list[SampleScore], part: str, whole: str) -> float:
    counts = [(score.score.metadata or {}).get("figures") or {} for score in scores]
    total = sum(count.get(whole, 0) for count in counts)
    return sum(count.get(part, 0) for count in counts) / total if total else float("nan")
