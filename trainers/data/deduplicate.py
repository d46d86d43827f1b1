"""Rows that say again what a row before them says: equal ones by hash, texts that are nearly equal by MinHash.

Texts are compared by their sets of 5-word runs (shingles). MinHash signatures (Broder 1997,
doi:10.1109/SEQUEN.1997.666900; from `datasketch`) in bands (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets,
section 3.4) name candidates, the Jaccard similarity itself decides. Of what is the same the first row stays, so that
sources named first in a recipe lose nothing to later ones. The same rows give the same result: nothing is drawn.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from finbench.contamination.tokens import words
from finbench.errors import InputError
from trainers.data.filtering import parts_of
from trainers.data.rows import kind_of

SHINGLE = 5
#: Texts of fewer shingles are compared for equality only: one other word is half of them.
LEAST = 10
_PERMUTATIONS = 128
_SEED = 1
#: A pair just at the threshold becomes a candidate with at least this probability.
_FOUND = 0.95
#: Rows that a row is compared with at most in one bucket; only texts that share much and are no duplicates reach it.
_COMPARED = 64
_AT_ONCE = 20_000

Shingles = npt.NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """Which rows come again.

    Attributes:
        threshold: least Jaccard similarity; 1 where only equal rows were looked for.
        first: number of each row that comes again to the number of the row that it repeats.
        near: those of them that are nearly equal.
        looked_at: how many rows were long enough texts to be compared by shingles.
    """

    threshold: float
    first: Mapping[int, int]
    near: frozenset[int]
    looked_at: int

    def counts(self, begin: int, end: int) -> dict[str, Any]:
        """Before and after for the rows from `begin` up to `end`, as JSON values for a lineage."""
        mine = [number for number in self.first if begin <= number < end]
        near = sum(number in self.near for number in mine)
        return {
            "threshold": self.threshold,
            "before": end - begin,
            "equal": len(mine) - near,
            "near": near,
            "after": end - begin - len(mine),
        }


def duplicates(rows: Sequence[Mapping[str, Any]], threshold: float = 0.8) -> Duplicates:
    """Find the rows that come again.

    Memory: about half a kilobyte for each row; texts are read again where they are candidates.

    Args:
        rows: training rows that can be read in any order.
        threshold: least Jaccard similarity of two texts' shingles, up to 1; with 1 only equal rows are found. Rows of
            other kinds than `text` are compared for equality only: exercises of one template differ in a number.

    Raises:
        InputError: near-duplicates are asked for and `datasketch` is not installed.
    """
    near = threshold < 1
    bands, width = _bands(threshold) if near else (0, 0)
    sketch = _Sketch(bands, width) if near else None
    seen: dict[bytes, int] = {}
    first: dict[int, int] = {}
    numbers = array("Q")
    for number, row in enumerate(rows):
        key = "\0".join([kind_of(row), *(" ".join(part.split()) for part in parts_of(row))])
        same = seen.setdefault(_digest(key, 16), number)
        if same != number:
            first[number] = same
        elif sketch is not None and "text" in row and len(held := shingles(row["text"])) >= LEAST:
            sketch.add(held)
            numbers.append(number)
    again = _near(rows, np.frombuffer(numbers, dtype=np.uint64), sketch, threshold) if sketch and numbers else {}
    return Duplicates(threshold=threshold, first={**first, **again}, near=frozenset(again), looked_at=len(numbers))


def shingles(text: str) -> Shingles:
    """The distinct runs of 5 words in a text as sorted hashes; words are lower-case runs of letters and digits."""
    found = words(text)
    runs = (" ".join(found[at : at + SHINGLE]) for at in range(len(found) - SHINGLE + 1))
    hashes = (int.from_bytes(_digest(run, 8), "little") for run in runs)
    return np.unique(np.fromiter(hashes, dtype=np.uint64))


def similarity(one: Shingles, other: Shingles) -> float:
    """Jaccard similarity: shared shingles by all."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    every = len(one) + len(other) - shared
    return shared / every if every else 1.0


def _digest(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=size).digest()


class _Sketch:
    """Band keys of texts: equal keys in any band make two texts candidates."""

    def __init__(self, bands: int, width: int) -> None:
        if find_spec("datasketch") is None:
            raise InputError(
                "near-duplicates are found by datasketch: pip install 'finbench[curation]', or set "
                "`deduplicate: {threshold: 1}` for equal rows only"
            )
        library: Any = import_module("datasketch")
        # drawing the permutations takes longer than using them, so all sketches are copies of this one
        self._empty: Any = library.MinHash(num_perm=_PERMUTATIONS, seed=_SEED, hashfunc=int)
        self._bands, self._width = bands, width
        self._keys = array("Q")

    def add(self, held: Shingles) -> None:
        made = self._empty.copy()
        low = held & np.uint64(0xFFFFFFFF)  # what the library's permutations take
        for at in range(0, len(low), _AT_ONCE):
            made.update_batch(low[at : at + _AT_ONCE].tolist())
        values = np.ascontiguousarray(made.hashvalues, dtype="<u8")
        for band in range(self._bands):
            part = values[band * self._width : (band + 1) * self._width].tobytes()
            self._keys.append(int.from_bytes(hashlib.blake2b(part, digest_size=8).digest(), "little"))

    def keys(self) -> npt.NDArray[np.uint64]:
        """Shape (texts, bands)."""
        return np.frombuffer(self._keys, dtype=np.uint64).reshape(-1, self._bands)


def _near(
    rows: Sequence[Mapping[str, Any]], numbers: npt.NDArray[np.uint64], sketch: _Sketch, threshold: float
) -> dict[int, int]:
    """Number of each near-duplicate to the number of the kept row that it is nearly equal to."""
    keys = sketch.keys()
    shared = np.zeros(keys.shape, dtype=bool)
    for band in range(keys.shape[1]):
        _, inverse, counts = np.unique(keys[:, band], return_inverse=True, return_counts=True)
        shared[:, band] = counts[inverse] > 1

    @lru_cache(maxsize=64)
    def held(number: int) -> Shingles:
        return shingles(rows[number]["text"])

    kept: dict[tuple[int, int], list[int]] = defaultdict(list)
    again: dict[int, int] = {}
    for place in np.flatnonzero(shared.any(axis=1)):
        number = int(numbers[place])
        buckets = [(int(band), int(keys[place, band])) for band in np.flatnonzero(shared[place])]
        candidates = sorted({other for bucket in buckets for other in kept[bucket]})
        mine = shingles(rows[number]["text"])
        same = next((other for other in candidates if similarity(mine, held(other)) >= threshold), None)
        if same is not None:
            again[number] = same
            continue
        for bucket in buckets:
            if len(kept[bucket]) < _COMPARED:
                kept[bucket].append(number)
    return again


def _bands(threshold: float) -> tuple[int, int]:
    """How many bands of how many hash values: the widest that still find a pair at the threshold.

    Two texts of similarity s share a band of r values with probability s**r, so one of b bands with 1 - (1 - s**r)**b.
    """
    for width in range(_PERMUTATIONS, 0, -1):
        bands = _PERMUTATIONS // width
        if 1 - (1 - threshold**width) ** bands >= _FOUND:
            return bands, width
    return _PERMUTATIONS, 1
