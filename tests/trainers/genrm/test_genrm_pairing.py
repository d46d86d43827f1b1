"""Which right solution stands against which wrong one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finbench.preference.schema import Judgement, Solution
from trainers.genrm.pairing import Judged, pair_answers, pass_rates, to_correct
from trainers.genrm.settings import Correcting, GenrmSettings, Pairing


def judged(prompt: str, index: int, text: str, outcome: str, pred: str | None = None) -> Judged:
    return Judged(
        solution=Solution(id=f"{prompt}/{index}", item=prompt, index=index, text=text),
        judgement=Judgement(solution=f"{prompt}/{index}", outcome=outcome, by="rule", pred=pred),
    )


SOME = [
    judged("a", 0, "right and short", "correct", "5"),
    judged("a", 1, "wrong, six", "wrong", "6"),
    judged("a", 2, "wrong, seven.....", "wrong", "7"),
    judged("a", 3, "wrong again, 7", "wrong", "7"),
    judged("b", 0, "all right", "correct", "1"),
    judged("c", 0, "no number", "unparsed"),
    judged("c", 1, "right", "correct", "2"),
]


def texts(rules: Pairing) -> list[tuple[str, str]]:
    return [(one.chosen, one.rejected.text) for one in pair_answers(["a", "b", "c"], SOME, rules).pairs]


def test_one_pair_a_prompt_is_the_one_nearest_in_length() -> None:
    assert texts(Pairing(rule="one")) == [("right and short", "wrong again, 7")]


def test_hardest_rejects_the_wrong_answer_given_most_often_and_puts_hard_prompts_first() -> None:
    found = pair_answers(
        ["c", "a"], SOME, Pairing(rule="hardest", rejected=("wrong", "unparsed"), max_length_ratio=None)
    ).pairs
    assert [one.prompt for one in found] == ["a", "c"]
    assert found[0].rejected.judgement.pred == "7"


def test_all_pairs_and_their_limits() -> None:
    assert len(texts(Pairing(rule="all"))) == 3
    assert len(texts(Pairing(rule="all", per_prompt=2))) == 2
    assert len(texts(Pairing(rule="all", limit=1))) == 1


def test_pairs_of_too_different_length_are_left_out_and_counted() -> None:
    long = [judged("a", 0, "x" * 50, "correct"), judged("a", 1, "y" * 10, "wrong")]
    found = pair_answers(["a"], long, Pairing())
    assert found.pairs == ()
    assert found.dropped == {"pair of too different length": 1}


def test_the_reference_is_chosen_only_where_asked() -> None:
    found = pair_answers(["a"], SOME, Pairing(chosen="reference"), {"a": "the reference"}).pairs
    assert [(one.chosen, one.by) for one in found] == [("the reference", None)]


def test_prompts_without_both_kinds_are_counted() -> None:
    found = pair_answers(["a", "b", "c", "d"], SOME, Pairing())
    assert found.dropped["prompt without a wrong solution"] == 2
    assert found.dropped["prompt without solutions"] == 1


def test_only_prompts_between_all_right_and_all_wrong_are_corrected() -> None:
    more = [*SOME, judged("d", 0, "bad", "wrong"), judged("d", 1, "bad too", "wrong")]
    taken, left = to_correct(["a", "b", "c", "d"], more, low=0, high=1, per_prompt=2)
    assert [one.solution.id for one in taken] == ["a/1", "a/2"]
    assert left == {"beyond the prompt's number": 1, "prompt all right, all wrong or outside the pass rates": 2}
    assert len(taken) <= len(more) / 3


OUTCOMES = st.sampled_from(["correct", "wrong", "unparsed", "truncated"])
SOLUTIONS = st.lists(st.tuples(st.sampled_from("abc"), st.text("xy .", max_size=8), OUTCOMES), max_size=20).map(
    lambda rows: [judged(prompt, index, text, outcome, text[:1]) for index, (prompt, text, outcome) in enumerate(rows)]
)


@given(SOLUTIONS, st.sampled_from(["all", "one", "hardest"]), st.randoms())
def test_a_right_solution_is_never_rejected_and_order_does_not_matter(
    solutions: list[Judged], rule: str, random: object
) -> None:
    rules = Pairing(rule=rule)  # type: ignore[arg-type]
    found = pair_answers(list("abc"), solutions, rules)
    for pair in found.pairs:
        assert pair.by is not None and pair.by.right and pair.by.prompt == pair.rejected.prompt == pair.prompt
        assert pair.rejected.outcome == "wrong"
        assert pair.chosen != pair.rejected.text
        assert 0 < pass_rates(solutions)[pair.prompt] < 1
    shuffled = list(solutions)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert pair_answers(list("abc"), shuffled, rules) == found
    if rule != "all":
        assert len({pair.prompt for pair in found.pairs}) == len(found.pairs)


def test_settings_that_can_accept_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="take more rollouts"):
        Correcting(rollouts=2)
    with pytest.raises(ValueError, match="is no GenRM"):
        GenrmSettings(genrm="teacher")
    with pytest.raises(ValueError, match="belong to a model"):
        GenrmSettings(agreement=0.5)
