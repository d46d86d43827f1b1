"""What is trained on and in which order: sources mixed by tokens, group after group, packed."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from finbench.errors import InputError
from trainers.data.packing import Packs, pack
from trainers.data.store import Tokens


@dataclass(frozen=True, kw_only=True)
class Mix:
    """Packed rows in training order, and what they hold.

    Attributes:
        packs: the rows.
        report: one entry for each group, with the achieved shares of its sources; JSON values.
    """

    packs: Packs
    report: list[dict[str, Any]]


class _Cycle:
    """Sequences of one source in random order, drawn again in another order when all have been taken."""

    def __init__(self, sequences: npt.NDArray[np.int64], tokens: Tokens, rng: random.Random) -> None:
        self._sequences = array("q", sequences.astype(np.int64).tobytes())
        self._lengths = tokens.lengths
        self._rng = rng
        self._next = self._forever()
        self._held: int | None = None
        self.available = int(self._lengths[sequences].sum())
        self.taken = 0

    def _forever(self) -> Iterator[int]:
        while True:
            self._rng.shuffle(self._sequences)
            yield from self._sequences

    def up_to(self, total: float) -> list[int]:
        """The next sequences until those taken so far come as near to `total` tokens as whole sequences can."""
        drawn: list[int] = []
        while True:
            number = next(self._next) if self._held is None else self._held
            length = int(self._lengths[number])
            if abs(self.taken + length - total) > abs(total - self.taken) or self.taken >= total:
                self._held = number
                return drawn
            self._held = None
            drawn.append(number)
            self.taken += length


def mix(
    tokens: Tokens,
    sources: Sequence[dict[str, Any]],
    *,
    size: int,
    seed: int,
    budgets: Sequence[int] | None = None,
    epochs: float = 1.0,
    rows: int | None = None,
    without: frozenset[int] = frozenset(),
) -> Mix:
    """Choose sequences by tokens and order them: groups one after the other, packed and shuffled within each pass.

    Where the sources of a group have weights, each gets its share of the group's tokens. How many tokens the group
    has is its budget, or without one the most that lets no source be read twice: sources that offer more than their
    share are sampled down. Without weights every sequence of the group is read once, or with a budget the sources keep
    their natural shares.

    Args:
        tokens: the sequences, with the source that each comes from.
        sources: `source`, `kind`, `group` and `weight` of each source, as in `Prepared.sources`.
        size: tokens of a packed row.
        seed: decides which sequences are drawn, and their order.
        budgets: tokens of each group, in the order of the groups.
        epochs: passes over what is described above, each drawn anew.
        rows: packed rows wanted in all, instead of `epochs`; as many passes are made as they need. One group only.
        without: documents that are held out.

    Raises:
        InputError: some sources of a group have a weight and others none, the budgets are not one a group, a source
            has nothing left to train on, or `rows` is given with several groups.
    """
    groups = sorted({int(source["group"]) for source in sources})
    if budgets is not None and len(budgets) != len(groups):
        raise InputError(f"`tokens` names {len(budgets)} budgets and the data has {len(groups)} groups; give one each")
    if rows is not None and len(groups) > 1:
        raise InputError("`max_steps` would end within the groups; bound them by `tokens`, one number a group")
    left = ~np.isin(tokens.documents, sorted(without))
    packed: list[list[int]] = []
    report = []
    for place, group in enumerate(groups):
        rng = random.Random(f"{seed}/{group}")
        mine = [index for index, source in enumerate(sources) if source["group"] == group]
        cycles = {
            index: _Cycle(
                np.flatnonzero(left & (tokens.sources == index)), tokens, random.Random(f"{seed}/{group}/{index}")
            )
            for index in mine
        }
        budget = budgets[place] if budgets else None
        shares, total = _shares({index: sources[index] for index in mine}, cycles, budget)
        before, done = len(packed), 0.0
        while (len(packed) < rows) if rows is not None else (done < epochs):
            step = 1.0 if rows is not None else min(1.0, epochs - done)
            done += step
            drawn = [number for index in mine for number in cycles[index].up_to(shares[index] * total * done)]
            lengths = [int(tokens.lengths[number]) for number in drawn]
            new = [[drawn[i] for i in row] for row in pack(lengths, size)]
            if not new:
                raise InputError(f"group {group}: a budget of {budget} tokens is less than one sequence; raise it")
            rng.shuffle(new)
            packed += new
        if rows is not None:
            del packed[rows:]
        report.append(_report(group, packed[before:], tokens, sources, shares, cycles, size))
    return Mix(packs=Packs(tokens=tokens, rows=packed), report=report)


def held_out(tokens: Tokens, *, share: float, at_most: int, text_sources: set[int]) -> frozenset[int]:
    """Documents of text that are kept for measuring: drawn at random, the same for every seed of a recipe.

    Args:
        tokens: all sequences.
        share: of the tokens of text.
        at_most: tokens.
        text_sources: numbers of the sources that hold text.

    Raises:
        InputError: there is only one document of text.
    """
    is_text = np.isin(tokens.sources, sorted(text_sources))
    if share == 0 or not is_text.any():
        return frozenset()
    sizes = np.bincount(tokens.documents[is_text], weights=tokens.lengths[is_text]).astype(np.int64)
    documents = np.flatnonzero(sizes).tolist()
    if len(documents) < 2:
        raise InputError("the text is one document, so none of it can be held out; give several, or set `heldout: 0`")
    wanted = min(share * float(sizes.sum()), at_most)
    random.Random("held out").shuffle(documents)  # not the run's seed: perplexities of its runs are on the same text
    chosen: list[int] = []
    spent = 0
    for document in documents:
        if spent + sizes[document] <= wanted:
            chosen.append(document)
            spent += int(sizes[document])
    return frozenset(chosen or [min(documents, key=lambda document: int(sizes[document]))])


def _report(
    group: int,
    rows: Sequence[Sequence[int]],
    tokens: Tokens,
    sources: Sequence[dict[str, Any]],
    shares: dict[int, float],
    cycles: dict[int, _Cycle],
    size: int,
) -> dict[str, Any]:
    """What the rows of a group hold, counted in the rows themselves."""
    numbers = np.array([number for row in rows for number in row], dtype=np.int64)
    lengths, origins = tokens.lengths[numbers], tokens.sources[numbers]
    spent = int(lengths.sum())
    parts = []
    for index, cycle in cycles.items():
        mine = origins == index
        taken = int(lengths[mine].sum())
        parts.append(
            {
                "source": sources[index]["source"],
                "kind": sources[index]["kind"],
                "share_wanted": round(shares[index], 4),
                "share": round(taken / spent, 4),
                "tokens": taken,
                "learned_tokens": tokens.learned_tokens(numbers[mine]),
                "tokens_available": cycle.available,
                "passes": round(taken / cycle.available, 3),
                "sequences": int(mine.sum()),
            }
        )
    return {
        "group": group,
        "tokens": spent,
        "packs": len(rows),
        "fill": round(spent / (size * len(rows)), 4),
        "sources": parts,
    }


def _shares(
    sources: dict[int, dict[str, Any]], cycles: dict[int, _Cycle], budget: int | None
) -> tuple[dict[int, float], float]:
    """Share of the tokens that each source of a group gets, and the group's tokens in one pass."""
    for index, cycle in cycles.items():
        if not cycle.available:
            raise InputError(
                f"{sources[index]['source']} has nothing left to train on: all its rows are too long or held out"
            )
    weighted = [index for index, source in sources.items() if source["weight"] is not None]
    if weighted and len(weighted) < len(sources):
        bare = next(source["source"] for source in sources.values() if source["weight"] is None)
        raise InputError(f"{bare} has no weight and other sources of its group have one; give all of them one, or none")
    weights = {
        index: float(source["weight"]) if weighted else float(cycles[index].available)
        for index, source in sources.items()
    }
    whole = sum(weights.values())
    shares = {index: weight / whole for index, weight in weights.items()}
    total = budget if budget is not None else min(cycles[index].available / share for index, share in shares.items())
    return shares, float(total)
