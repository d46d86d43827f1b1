"""Packing: rows are filled without cutting, no packed sequence sees another, and the loss is that of separate ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainers.data.packing import Collator, Packs, pack
from trainers.data.store import IGNORED, Tokens, TokenWriter, open_tokens

LENGTHS = st.lists(st.integers(1, 40), max_size=80)


@given(LENGTHS)
def test_every_sequence_lies_in_one_row_and_no_row_overflows(lengths: list[int]) -> None:
    rows = pack(lengths, 40)
    assert sorted(place for row in rows for place in row) == list(range(len(lengths)))
    assert all(sum(lengths[place] for place in row) <= 40 for row in rows)
    assert rows == pack(lengths, 40)


@given(LENGTHS)
def test_each_sequence_goes_where_the_least_room_is_left(lengths: list[int]) -> None:
    room: list[int] = []  # the plain algorithm, looking through all rows
    for length in sorted(lengths, reverse=True):
        fitting = [left for left in room if left >= length]
        if fitting:
            room[room.index(min(fitting))] -= length
        else:
            room.append(40 - length)
    found = [40 - sum(lengths[place] for place in row) for row in pack(lengths, 40)]
    assert sorted(found) == sorted(room)


@pytest.mark.parametrize("lengths", [[0, 3], [41]])
def test_what_cannot_be_packed_is_refused(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="a row takes 1 to 40 tokens"):
        pack(lengths, 40)


@pytest.fixture
def written(tmp_path: Path) -> Tokens:
    """Five sequences of tokens 3..23 with lengths 9, 4, 6, 2 and 5; the first tokens of the third are a prompt."""
    rng = np.random.default_rng(1)
    writer = TokenWriter(tmp_path)
    for document, length in enumerate((9, 4, 6, 2, 5)):
        learned = [document != 2 or place >= 4 for place in range(length)]
        writer.add(rng.integers(3, 24, length).tolist(), learned, source=0, document=document)
    writer.close({"key": "k"})
    return open_tokens(tmp_path)


def test_sequences_come_back_as_written_and_their_first_token_is_not_learned(written: Tokens) -> None:
    assert written.lengths.tolist() == [9, 4, 6, 2, 5]
    ids, labels = written.sequence(2)
    assert labels.tolist() == [IGNORED] * 4 + ids[4:].tolist()
    ids, labels = written.sequence(1)
    assert labels.tolist() == [IGNORED, *ids[1:].tolist()]
    assert written.learned_tokens([1, 2, 3]) == 3 + 2 + 1


def test_positions_begin_anew_with_each_sequence_and_in_the_padding(written: Tokens) -> None:
    packs = Packs(tokens=written, rows=[[0, 3], [1]])
    batch = Collator(pad=2)([packs[0], packs[1]])
    assert batch["position_ids"].tolist() == [[*range(9), 0, 1], [*range(4), *range(7)]]
    assert batch["input_ids"][1, 4:].tolist() == [2] * 7
    assert batch["labels"][1, 4:].tolist() == [IGNORED] * 7
    assert batch["tokens"] == 15 and "attention_mask" not in batch
    assert packs.fill(11) == pytest.approx(15 / 22)
    flat = Collator(pad=2, flat=True)([packs[0], packs[1]])
    assert flat["position_ids"].tolist() == [[*range(9), 0, 1, *range(4)]]


def model_of(folder: Path, attention: str) -> Any:
    pytest.importorskip("torch")
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention).eval()


def forward(model: Any, batch: dict[str, Any]) -> Any:
    return model(input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False).logits


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("flat", [False, True])
def test_packed_logits_equal_those_of_separate_sequences(
    tiny_model: Path, written: Tokens, attention: str, flat: bool
) -> None:
    import torch

    model = model_of(tiny_model, attention)
    rows = [[0, 1], [4, 3, 2]]
    packs = Packs(tokens=written, rows=rows)
    with torch.no_grad():
        logits = forward(model, Collator(pad=2, flat=flat)([packs[0], packs[1]]))
        place = 0
        for number, row in enumerate(rows):
            place = place if flat else 0
            for sequence in row:
                ids = torch.from_numpy(written.sequence(sequence)[0])[None]
                alone = model(input_ids=ids, use_cache=False).logits[0]
                packed = logits[0 if flat else number, place : place + ids.shape[1]]
                assert torch.allclose(packed, alone, atol=1e-5), (sequence, float((packed - alone).abs().max()))
                place += ids.shape[1]


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_no_gradient_leaks_from_one_packed_sequence_to_another(
    tiny_model: Path, written: Tokens, attention: str
) -> None:

    model = model_of(tiny_model, attention)
    packs = Packs(tokens=written, rows=[[0, 1], [4, 3, 2]])
    batch = Collator(pad=2)([packs[0], packs[1]])
    embedded = model.get_input_embeddings()(batch["input_ids"]).detach().requires_grad_(True)
    logits = model(inputs_embeds=embedded, position_ids=batch["position_ids"], use_cache=False).logits
    logits[1, 5:7].square().sum().backward()  # the sequence in the middle of the second row
    reached = embedded.grad.abs().sum(dim=-1) > 0
    assert reached[1, 5:7].all()
    reached[1, 5:7] = False
    assert not reached.any()


def test_attention_would_leak_with_a_mask_or_without_new_positions(tiny_model: Path, written: Tokens) -> None:
    import torch

    model = model_of(tiny_model, "sdpa")
    packs = Packs(tokens=written, rows=[[0, 1]])
    batch = Collator(pad=2)([packs[0]])
    with torch.no_grad():
        apart = forward(model, batch)[0, 9:]
        masked = model(**{k: batch[k] for k in ("input_ids", "position_ids")}, attention_mask=torch.ones(1, 13)).logits
        running = forward(model, batch | {"position_ids": torch.arange(13)[None]})
    for other in (masked, running):
        assert not torch.allclose(apart, other[0, 9:], atol=1e-3), "this is what the tests above would see"
