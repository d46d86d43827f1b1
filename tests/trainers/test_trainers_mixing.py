"""Mixing by tokens: shares come out as asked, nothing is lost or read twice in silence; splitting keeps every token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finbench.errors import InputError
from trainers.data.encoding import split
from trainers.data.mixing import Mix, held_out, mix
from trainers.data.store import Tokens

SIZE = 50
LENGTHS = st.lists(st.integers(2, SIZE), min_size=1, max_size=40)


def tokens_of(*sources: Sequence[int]) -> Tokens:
    """Sequences of these lengths, source by source, each a document of its own."""
    table, end, document = [], 0, 0
    for source, lengths in enumerate(sources):
        for length in lengths:
            table.append((end, source, document))
            end, document = end + length, document + 1
    table.append((end, -1, -1))
    ids = np.arange(end, dtype=np.int32)
    return Tokens(ids=ids, learned=np.ones(end, np.bool_), table=np.array(table, dtype=np.int64), about={})


def described(*weights: float | None, groups: Sequence[int] | None = None) -> list[dict[str, Any]]:
    return [
        {"source": f"s{i}", "kind": "text", "weight": weight, "group": groups[i] if groups else 1}
        for i, weight in enumerate(weights)
    ]


def taken(mixed: Mix) -> Counter[int]:
    return Counter(number for row in mixed.packs.rows for number in row)


@given(LENGTHS, LENGTHS, st.integers(1, 3))
def test_without_weights_every_sequence_is_read_once_a_pass(first: list[int], second: list[int], epochs: int) -> None:
    mixed = mix(tokens_of(first, second), described(None, None), size=SIZE, seed=1, epochs=epochs)
    assert taken(mixed) == dict.fromkeys(range(len(first) + len(second)), epochs)
    (group,) = mixed.report
    assert group["tokens"] == epochs * (sum(first) + sum(second)) and group["packs"] == len(mixed.packs)
    assert group["fill"] == pytest.approx(mixed.packs.fill(SIZE), abs=1e-4)


@given(LENGTHS, LENGTHS, st.floats(0.1, 10), st.integers(0, 5))
def test_with_weights_no_source_is_read_twice_and_the_scarce_one_is_used_up(
    first: list[int], second: list[int], weight: float, seed: int
) -> None:
    mixed = mix(tokens_of(first, second), described(weight, 1.0), size=SIZE, seed=seed)
    assert set(taken(mixed).values()) == {1}
    sources = mixed.report[0]["sources"]
    assert max(source["passes"] for source in sources) == 1.0
    wanted = weight / (weight + 1)
    total = min(sum(first) / wanted, sum(second) / (1 - wanted))
    for source, share in zip(sources, (wanted, 1 - wanted), strict=True):
        assert abs(source["tokens"] - share * total) <= SIZE / 2 + 1e-6, "as near as whole sequences come"


@given(LENGTHS, st.integers(SIZE, 3000))
def test_a_budget_is_met_within_half_a_sequence(lengths: list[int], budget: int) -> None:
    mixed = mix(tokens_of(lengths), described(None), size=SIZE, seed=1, budgets=[budget])
    assert abs(mixed.report[0]["tokens"] - budget) <= SIZE / 2
    counts = taken(mixed)
    assert max(counts.values()) - min(counts[number] for number in range(len(lengths))) <= 1, (
        "whole passes, then a part"
    )


def test_the_order_hangs_on_the_seed_and_groups_do_not_mix() -> None:
    tokens = tokens_of([9] * 30, [7] * 30, [5] * 30)
    sources = described(None, None, None, groups=[2, 1, 2])
    one, again, other = (mix(tokens, sources, size=SIZE, seed=seed) for seed in (1, 1, 2))
    assert one.packs.rows == again.packs.rows != other.packs.rows
    origins = [{int(tokens.sources[number]) for number in row} for row in one.packs.rows]
    first = one.report[0]["packs"]
    assert all(found == {1} for found in origins[:first]) and all(1 not in found for found in origins[first:])
    assert taken(one) == taken(other)


def test_a_number_of_rows_is_what_is_given_and_reported() -> None:
    tokens = tokens_of([20] * 10)
    mixed = mix(tokens, described(None), size=SIZE, seed=1, rows=12)
    assert len(mixed.packs) == 12 == mixed.report[0]["packs"]
    assert mixed.report[0]["tokens"] == 12 * 40 and mixed.report[0]["sources"][0]["passes"] == 2.4


def test_held_out_documents_are_not_trained_on_and_do_not_hang_on_the_seed() -> None:
    tokens = tokens_of([10] * 40, [10] * 5)
    held = held_out(tokens, share=0.1, at_most=10**6, text_sources={0})
    assert len(held) == 4 and max(held) < 40 and held == held_out(tokens, share=0.1, at_most=10**6, text_sources={0})
    assert len(held_out(tokens, share=0.5, at_most=25, text_sources={0})) == 2
    assert held_out(tokens, share=0.1, at_most=100, text_sources=set()) == frozenset()
    mixed = mix(tokens, described(None, None), size=SIZE, seed=1, without=held)
    assert set(taken(mixed)) == set(range(45)) - held
    with pytest.raises(InputError, match="all its rows are too long or held out"):
        mix(tokens, described(None, None), size=SIZE, seed=1, without=frozenset(range(40)))


def test_a_budget_below_one_sequence_is_refused() -> None:
    with pytest.raises(InputError, match="a budget of 3 tokens is less than one sequence"):
        mix(tokens_of([40, 40]), described(None), size=SIZE, seed=1, budgets=[3])


@given(st.lists(st.integers(0, 9), min_size=1, max_size=200), st.integers(2, 40))
def test_splitting_loses_no_token_and_makes_each_a_target_once(ids: list[int], size: int) -> None:
    parts = split(ids, size)
    assert all(len(part) <= size for part in parts)
    assert [*parts[0], *(token for part in parts[1:] for token in part[1:])] == ids
    assert all(after[0] == before[-1] for before, after in pairwise(parts))
    assert all(len(part) > 1 for part in parts[1:])
