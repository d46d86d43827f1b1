"""The scorer of fin_briefs: ROUGE as the headline, and figures that have to be those of the text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from cpu import seconds
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.scorer import SampleScore, Score

from finbench.data.items import Item
from finbench.errors import InputError
from finbench.scoring.briefs import MAX_WORDS, fact_coverage, figure_counts, figure_fidelity
from finbench.scoring.figures import faithful, figures, readings
from finbench.tasks.catalogue import DEFINITIONS

ROW = {
    "text": "Sudholm sold bonds of 250 million euros. They pay 4.5 percent, 25 basis points more than those of 2021.",
    "brief": "Sudholm sold bonds of 250 million euros that pay 4.5 percent.",
    "facts": [{"what": "amount", "figure": "250 million euros"}, {"what": "coupon", "figure": "4.5 percent"}],
}


def known(text: str) -> set[str]:
    return set(readings(figures(text)))


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("Sales of €412.5m, up 4.2%", {"412500000", "4.2%"}),
        ("1,250 million or $1.25bn", {"1.25e+09"}),
        ("by 50 basis points, half a percentage point, 0.5 percentage points", {"0.5%"}),
        ("3.75 per cent and 3.75 pct", {"3.75%"}),
        ("between 270 and 290 million crowns", {"270", "270000000", "290000000"}),
        ("from 0.5 to 1.5 percent", {"0.5", "0.5%", "1.5%"}),
        ("4.1 times EBITDA, 12-year notes, 5p, 1.8x", {"4.1", "12", "5", "1.8"}),
        ("four vessels; twenty-five thousand; nine basis points", {"4", "25000", "0.09%"}),
        ("due on 15 May 2031", {"15", "2031"}),
        ("a loss of (12.4) million, minus 3%", {"12400000", "3%"}),
        ("Q3, H1, B2B and a third of it", set()),
        ("one of the firms", set()),
        ("", set()),
    ],
)
def test_what_figures_mean(text: str, means: set[str]) -> None:
    assert known(text) == means


@pytest.mark.parametrize(
    ("brief", "right"),
    [
        ("Bonds of 0.25 billion euros.", True),
        ("A coupon of 4.50%.", True),
        ("A coupon 0.25 percentage points higher.", True),
        ("Bonds of 250 billion euros.", False),
        ("Bonds of 250 euros.", False),
        ("A coupon of 4.5.", False),
        ("About 5 percent.", False),
        ("Due in 2031.", False),
    ],
)
def test_a_figure_is_faithful_if_the_text_holds_it(brief: str, right: bool) -> None:
    found = figures(brief)
    assert len(found) == 1
    assert bool(faithful(found, readings(figures(str(ROW["text"]))))) is right


@given(st.text(max_size=300))
def test_any_text_is_faithful_to_itself(text: str) -> None:
    found = figures(text)
    assert faithful(found, readings(found)) == found


@given(st.integers(1, 10**9), st.integers(1, 99), st.sampled_from(["", " percent", " million", " billion", "bn", "%"]))
def test_a_figure_that_is_written_is_found_and_another_is_not(whole: int, cents: int, unit: str) -> None:
    [figure] = figures(f"Then came {whole:,}.{cents:02d}{unit} of it.")
    assert figure.readings == readings(figures(f"{whole}.{cents:02d}{unit}"))
    assert not faithful(figures(f"{whole + 1}.{cents:02d}{unit}"), figure.readings) or whole > 10**6


def test_reading_figures_takes_linear_time() -> None:
    def taken(size: int) -> float:
        return seconds(lambda: figures("4,200.5 million to 17% " * size))

    assert taken(8000) < 24 * max(taken(1000), 0.02), "64 times would be quadratic"


def test_counts_of_a_brief() -> None:
    row = known(str(ROW["text"]))
    assert figure_counts("250 million at 9 percent", sorted(row), ["250000000", "4.5%"]) == {
        "given": 2,
        "faithful": 1,
        "facts": 2,
        "covered": 1,
    }
    assert figure_counts("", [], ["7"]) == {"given": 0, "faithful": 0, "facts": 1, "covered": 0}


def test_metrics_are_shares_over_all_figures() -> None:
    def sample(**counts: int) -> SampleScore:
        return SampleScore(score=Score(value=0.0, metadata={"figures": counts}))

    scores = [sample(given=3, faithful=3, facts=2, covered=1), sample(given=1, faithful=0, facts=2, covered=2)]
    silent = [sample(given=0, faithful=0, facts=2, covered=0)]
    assert figure_fidelity()(scores) == 0.75  # type: ignore[arg-type]
    assert fact_coverage()(scores) == 0.75  # type: ignore[arg-type]
    assert math.isnan(figure_fidelity()(silent))  # type: ignore[arg-type]


@pytest.fixture
def items() -> list[Item]:
    pytest.importorskip("rouge_score", reason="briefs are scored by rouge-score")
    return list(DEFINITIONS["fin_briefs"].items().items.values())


def test_the_reference_is_right_faithful_and_complete(items: list[Item], score_reply: Callable[..., Score]) -> None:
    for item in items:
        for reply in (item.gold, f"First the news.\nAnswer:\n{item.gold}"):
            score = score_reply("fin_briefs", item, reply)
            counts = score.metadata["figures"]  # type: ignore[index]
            assert (score.value, score.metadata["outcome"]) == (1.0, "correct")  # type: ignore[index]
            assert score.metadata["followed_format"] is True  # type: ignore[index]
            assert counts["faithful"] == counts["given"] > 0 and counts["covered"] == counts["facts"]


def test_a_corrupted_reference_scores_less(items: list[Item], score_reply: Callable[..., Score]) -> None:
    def doubled(match: re.Match[str]) -> str:
        return match[0].replace(match[1], f"7{match[1]}", 1)

    for item in items:
        wrong_figure = re.sub(r"\b(\d[\d.,]*)", doubled, item.gold, count=1)
        score = score_reply("fin_briefs", item, wrong_figure)
        counts = score.metadata["figures"]  # type: ignore[index]
        assert 0 < score.value < 1 and counts["faithful"] < counts["given"]  # type: ignore[operator]
        half = " ".join(item.gold.split()[: len(item.gold.split()) // 2])
        assert 0 < score_reply("fin_briefs", item, half).value < 1  # type: ignore[operator]
        other = items[(items.index(item) + 1) % len(items)]
        assert score_reply("fin_briefs", item, other.gold).value < 0.5  # type: ignore[operator]


def test_longer_briefs_and_no_answers(items: list[Item], score_reply: Callable[..., Score]) -> None:
    item = items[0]
    text = item.body.removeprefix("Text:\n")
    long = score_reply("fin_briefs", item, text)
    assert long.metadata["followed_format"] is False and long.value < 0.6  # type: ignore[index, operator]
    assert long.metadata["figures"]["covered"] == long.metadata["figures"]["facts"]  # type: ignore[index]
    short = score_reply("fin_briefs", item, " ".join(text.split()[:MAX_WORDS]))
    assert short.metadata["followed_format"] is True  # type: ignore[index]
    for reply, outcome in (("", "unparsed"), ("I'm sorry, but I can't help with that.", "refused")):
        none = score_reply("fin_briefs", item, reply)
        assert (none.value, none.metadata["outcome"]) == (0.0, outcome)  # type: ignore[index]
        assert none.metadata["figures"]["given"] == 0  # type: ignore[index]


def test_the_model_sees_the_text_and_the_limit_but_neither_facts_nor_kind() -> None:
    definition = DEFINITIONS["fin_briefs"]
    [prompt] = [str(sample.input[-1].content) for sample in list(definition.task().dataset)[:1]]  # type: ignore[union-attr]
    item = next(iter(definition.items().items.values()))
    assert item.body in prompt and f"{MAX_WORDS} words" in prompt
    assert str(item.metadata["kind"]) not in prompt.replace(item.body, "")
    assert len(definition.example_items()) == 20
    assert definition.card.items_sha256 == definition.items().sha256


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"facts": []}, "facts"),
        ({"facts": ["250 million"]}, "facts"),
        ({"facts": [{"what": "amount", "figure": "260 million euros"}]}, "260 million euros"),
        ({"facts": [{"what": "amount", "figure": "of 250 million at 4.5 percent"}]}, "not one figure"),
        ({"brief": " "}, "brief"),
    ],
)
def test_rows_that_do_not_fit_are_refused(
    change: dict[str, Any], says: str, items_of_rows: Callable[[str, Iterable[dict[str, Any]]], list[Item]]
) -> None:
    [item] = items_of_rows("fin_briefs", [ROW])
    assert item.metadata["facts"] == "250000000 4.5%"
    with pytest.raises(InputError, match=says):
        items_of_rows("fin_briefs", [{**ROW, **change}])
