"""What each rule takes for an overlap, and what it does not."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from finbench.contamination.evaluated import Evaluated, View, of_items
from finbench.contamination.index import Index, Rule
from finbench.data.items import Item
from finbench.errors import InputError

Make = Callable[..., Evaluated]
QUESTION = "Which of these lenders takes the first loss when a securitised pool of mortgages defaults?"


def test_case_punctuation_and_line_breaks_make_no_difference(a_set: Make) -> None:
    index = Index([a_set([QUESTION])])
    text = "Exam 7.\nWHICH of these lenders -- takes the\nfirst loss, when a 'securitised' pool of mortgages defaults"
    assert index.overlaps(text)[Rule.EXACT] == {"asked-0"}


def test_a_changed_word_ends_the_verbatim_copy_but_not_the_shared_runs(a_set: Make) -> None:
    index = Index([a_set([QUESTION])])
    found = index.overlaps("Which of these lenders takes the first loss when a guaranteed pool of mortgages defaults?")
    assert found[Rule.EXACT] == set()
    assert found[Rule.NGRAM8] == {"asked-0"}
    assert found[Rule.NGRAM13] == set()


@pytest.mark.parametrize("shared", [7, 8, 12, 13])
def test_a_run_of_n_words_and_no_fewer_hits_the_ngram_rules(a_set: Make, shared: int) -> None:
    words = [f"w{number}" for number in range(20)]
    index = Index([a_set([" ".join(words)])])
    found = index.overlaps("some " + " ".join(words[4 : 4 + shared]) + " others")
    assert (found[Rule.NGRAM8] == {"asked-0"}) == (shared >= 8)
    assert (found[Rule.NGRAM13] == {"asked-0"}) == (shared >= 13)


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("Inflation is a rise of the price level over time.", False),
        ("Inflation: A) a rise of prices B) a fall of prices C) a rise of wages", True),
        ("Inflation: a rise of prices, a fall of prices, a rise of wages", True),
        ("Inflation: a fall of prices, a rise of prices, a rise of wages", False),
        ("Inflation: a rise of prices and quite a few other words, a fall of prices, a rise of wages", False),
    ],
)
def test_a_short_question_counts_with_its_options_only(a_set: Make, text: str, hit: bool) -> None:
    index = Index([a_set(["Inflation:"], [("a rise of prices", "a fall of prices", "a rise of wages")])])
    assert (index.overlaps(text)[Rule.EXACT] == {"asked-0"}) is hit


def test_a_short_text_without_options_counts_where_it_is_a_field_of_its_own(a_set: Make) -> None:
    index = Index([a_set(["and in 2005?", "Lender"])])
    assert index.overlaps("And in 2005?")[Rule.EXACT] == {"asked-0"}
    assert index.overlaps("prices rose in 2004 and in 2005 they fell")[Rule.EXACT] == set()
    assert index.overlaps("Lender")[Rule.EXACT] == set()


def test_items_too_short_for_an_ngram_are_counted_as_such(a_set: Make) -> None:
    index = Index([a_set(["one two three", " ".join("abcdefghij"), " ".join("abcdefghijklmnop")])])
    assert len(index.too_short(Rule.NGRAM8)) == 1
    assert len(index.too_short(Rule.NGRAM13)) == 2


def test_near_duplicates_are_found_with_some_words_changed_and_unrelated_text_is_not(a_set: Make) -> None:
    rng = random.Random(3)
    words = [f"word{number}" for number in range(400)]
    questions = [" ".join(rng.choices(words, k=rng.randint(25, 60))) for _ in range(60)]
    index = Index([a_set(questions)], rules=[Rule.NEAR])
    found = set()
    for number, question in enumerate(questions):
        changed = question.split()
        for at in rng.sample(range(len(changed)), len(changed) // 25):
            changed[at] = "other"
        around = [" ".join(rng.choices(words, k=80)) for _ in range(2)]
        found |= {number} if index.overlaps(" ".join([around[0], *changed, around[1]]))[Rule.NEAR] else set()
    assert len(found) >= 57  # MinHash names candidates at random: a few may be missed
    assert index.overlaps(" ".join(rng.choices(words, k=20_000)))[Rule.NEAR] == set()


def test_near_duplicates_are_the_same_in_every_run(a_set: Make) -> None:
    question = (
        "The committee judged that a further firming of policy would be warranted if inflation stayed where it was."
    )
    text = question.replace("further", "modest") + " " + question.replace("inflation", "growth")
    assert len({tuple(sorted(Index([a_set([question])]).overlaps(text)[Rule.NEAR])) for _ in range(3)}) == 1


def test_a_label_before_each_item_is_none_of_its_text() -> None:
    items = {f"t-{n}": Item(body=f"Sentence: Rates rose by {n} points in the month.", gold="A") for n in range(3)}
    assert of_items("t", items).texts[View.QUESTION][1] == "Rates rose by 1 points in the month."


def test_a_passage_stands_apart_from_the_question_about_it() -> None:
    body = "Net revenue was 12.\n\n| a | b |\n\nEarlier question 1: and before?\nQuestion: what was it in all?"
    found = of_items("t", {"t-0": Item(body=body, gold="1"), "t-1": Item(body=body + " really?", gold="1")})
    assert found.texts[View.QUESTION][0] == "what was it in all?"
    assert found.texts[View.PASSAGE][0] == "Net revenue was 12.\n\n| a | b |\n\nand before?"


def test_ngrams_of_a_template_count_unless_they_are_left_out(a_set: Make) -> None:
    rows = [f"The state of the account is {n} and the purpose of the loan is number {n * 7}." for n in range(40)]
    text = "The state of the account is 999 and the purpose of the loan is number 998."
    assert len(Index([a_set(rows)], rules=["ngram8"]).overlaps(text)[Rule.NGRAM8]) == 40
    left = Index([a_set(rows)], rules=["ngram8", "exact"], templates=False)
    assert left.overlaps(text) == {Rule.EXACT: set(), Rule.NGRAM8: set()}
    assert left.overlaps(rows[3])[Rule.EXACT] == {"asked-3"}


def test_near_by_name_without_its_library_says_how_to_get_it(a_set: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finbench.contamination.index.is_available", lambda: False)
    with pytest.raises(InputError, match=r"pip install 'finbench\[audit\]'"):
        Index([a_set([QUESTION])], rules=[Rule.NEAR])
    assert Rule.NEAR not in Index([a_set([QUESTION])]).rules
