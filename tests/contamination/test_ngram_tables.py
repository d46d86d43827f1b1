"""N-gram tables and the index against plain Python, on any words."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finbench.contamination.evaluated import of_items
from finbench.contamination.index import Index, Rule, joined
from finbench.contamination.ngrams import NgramTable, Texts, WindowHasher
from finbench.contamination.tokens import words
from finbench.data.items import Item

WORD = st.sampled_from(["a", "b", "c", "d", "e"])
TEXT = st.lists(WORD, max_size=40)


@given(st.lists(TEXT, min_size=1, max_size=6), TEXT, st.integers(1, 9))
def test_a_table_finds_every_ngram_where_it_stands(texts: list[list[str]], stream: list[str], n: int) -> None:
    numbers = {word: place + 1 for place, word in enumerate("abcd")}  # "e" is known to no text
    held = [[word for word in text if word != "e"] for text in texts]
    table_of = Texts.of([np.array([numbers[w] for w in text], dtype=np.int32) for text in held])
    hasher = WindowHasher(5)
    table = NgramTable(n, table_of, hasher)
    ids = np.array([numbers.get(word, 0) for word in stream], dtype=np.int32)
    positions, entries = table.find(ids, hasher.all(ids, (n,))[n])
    grams = [{tuple(text[at : at + n]) for at in range(len(text) - n + 1)} for text in held]
    expected = {
        at: {number for number, own in enumerate(grams) if tuple(stream[at : at + n]) in own}
        for at in range(len(stream) - n + 1)
    }
    expected = {at: owners for at, owners in expected.items() if owners}
    assert positions.tolist() == sorted(expected)
    for position, entry in zip(positions.tolist(), entries.tolist(), strict=True):
        begin, end = table.begins[entry], table.begins[entry + 1]
        assert set(table.texts[begin:end].tolist()) == expected[position]


@given(st.lists(st.lists(WORD, min_size=1, max_size=20), min_size=1, max_size=5), st.lists(TEXT, max_size=4))
def test_the_index_counts_as_plain_python_does(questions: list[list[str]], fields: list[list[str]]) -> None:
    items = {f"t-{number}": Item(body=" ".join(words), gold="A") for number, words in enumerate(questions)}
    index = Index([of_items("t", items)], rules=[Rule.EXACT, Rule.NGRAM8, Rule.NGRAM13])
    found = index.find(joined([index.ids(" ".join(field)) for field in fields]))
    hit = {rule: {index.texts[text].item for text in texts} for rule, texts in found.hits.items()}
    joined_fields = [" " + " ".join(field) + " " for field in fields]
    exact = set()
    for number, question in enumerate(questions):
        text = " " + " ".join(question) + " "
        inside = any(text in field for field in joined_fields)
        if (len(question) >= 8 and inside) or (len(question) >= 3 and text in joined_fields):
            exact.add(f"t-{number}")
    assert hit[Rule.EXACT] == exact
    for rule, n in ((Rule.NGRAM8, 8), (Rule.NGRAM13, 13)):
        grams = {tuple(field[at : at + n]) for field in fields for at in range(len(field) - n + 1)}
        shared = {
            f"t-{number}"
            for number, question in enumerate(questions)
            if any(tuple(question[at : at + n]) in grams for at in range(len(question) - n + 1))
        }
        assert hit[rule] == shared


@given(st.text())
def test_words_are_lower_case_letters_and_digits_whatever_the_text(text: str) -> None:
    found = words(text)
    assert all(word and all(letter.isalnum() for letter in word) for word in found)
    assert words(" ".join(found)) == found or not text.isascii()
    assert words(text.upper() if text.isascii() else text) == found


def test_ligatures_and_full_width_digits_are_what_they_stand_for() -> None:
    assert words("Pro\ufb01t of \uff11\uff12 %, don\u2019t") == ["profit", "of", "12", "don", "t"]
