"""The Inspect scorer of relations: F1 over triplets."""

from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState

from finbench.scoring.metrics import entity_f1, format_share, outcome_shares
from finbench.scoring.relations import count_triplets, extract_relations, parse_triplets
from finbench.scoring.scorers import REASONS, outcome_of

_MAX_TEXT = 400  # log summaries keep metadata under 1 kB


@scorer(metrics=[mean(), stderr(), entity_f1(), outcome_shares(), format_share()])
def relations(names: list[str]) -> Scorer:
    """Triplets of head, tail and relation: the value of a sample is its F1, the headline F1 over all triplets (micro).

    A triplet is right if head, tail and relation all are, in that direction; one with a relation that was not asked for
    is a wrong one.

    Args:
        names: the relations' names as the references spell them.
    """

    async def score(state: TaskState, target: Target) -> Score:
        extraction = extract_relations(state.output.completion, names)
        found = extraction.value or []
        true, spurious, missed = count_triplets(found, parse_triplets(target.text))
        total = 2 * true + spurious + missed
        value = 0.0 if extraction.value is None else (2 * true / total if total else 1.0)
        outcome = outcome_of(state, extraction, value == 1.0)
        return Score(
            value=value,
            answer="\n".join(" ; ".join(triplet) for triplet in found)[:_MAX_TEXT],
            explanation=state.output.completion,
            reason=REASONS.get(outcome),
            metadata={
                "outcome": outcome.value,
                "counts": {"tp": true, "fp": spurious, "fn": missed},
                "followed_format": extraction.followed_format,
            },
        )

    return score
