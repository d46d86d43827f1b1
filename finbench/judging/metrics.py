"""The metrics of judged tasks in a log's header: what a judge decided and, apart from it, what a rule did."""

from inspect_ai.scorer import Metric, SampleScore, Value, metric, value_to_float

RULE, JUDGE = "rule", "judge"
_NUMBER = value_to_float()


@metric(scores="unreduced")
def judge() -> Metric:
    """Mean of sample values, 0 to 1, at least some of which a judge decided."""

    def compute(scores: list[SampleScore]) -> float:
        return _mean([_NUMBER(score.score.value) for score in scores])

    return compute


@metric(scores="unreduced")
def numeric_accuracy() -> Metric:
    """Share right of the samples that a rule decided, without any judge."""

    def compute(scores: list[SampleScore]) -> float:
        return _mean(_by(scores, RULE))

    return compute


@metric(scores="unreduced")
def judged_accuracy() -> Metric:
    """Share right of the samples that the judge decided."""

    def compute(scores: list[SampleScore]) -> float:
        return _mean(_by(scores, JUDGE))

    return compute


@metric(scores="unreduced")
def rating() -> Metric:
    """Mean rating of a judge on its own scale, 1 to 10: over all replies, over the first and over the second ones."""

    def compute(scores: list[SampleScore]) -> Value:
        pairs = [(score.score.metadata or {}).get("ratings") or [] for score in scores]
        whole = [pair for pair in pairs if len(pair) == 2]
        return {
            "rating": _mean([(first + second) / 2 for first, second in whole]),
            "rating_first": _mean([first for first, _ in whole]),
            "rating_second": _mean([second for _, second in whole]),
        }

    return compute


def _by(scores: list[SampleScore], who: str) -> list[float]:
    chosen = [score.score for score in scores if (score.score.metadata or {}).get("scored_by") == who]
    return [_NUMBER(score.value) for score in chosen]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
