"""Word n-grams of many texts as one sorted table of hashes, and finding them in a stream of words.

Windows of a stream are hashed as polynomials over random 64-bit word values (Karp and Rabin 1987,
doi:10.1147/rd.312.0249), all at once; a small table of bits lets most of them go, binary search finds the others, and
the words themselves are compared last, so a hit is never a collision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finbench.contamination.tokens import Ids

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_BITS_AN_ENTRY = 16
_SMALLEST_FILTER, _LARGEST_FILTER = 12, 27


class WindowHasher:
    """Hashes of all windows of n words, for any n; the same words give the same hash.

    Args:
        size: numbers of words go from 0 to size - 1.
        seed: which random values stand for the words.
    """

    def __init__(self, size: int, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self._values = random.integers(0, 2**64, size=size, dtype=np.uint64)
        self._base = int(random.integers(0, 2**63)) * 2 + 1

    def all(self, ids: Ids, sizes: tuple[int, ...]) -> dict[int, Hashes]:
        """Hashes of the windows of each size, shape (len(ids) - n + 1,) each, or (0,) where the stream is shorter."""
        doubled: dict[int, Hashes] = {1: self._values[ids]}
        length = 1
        while 2 * length <= max(sizes, default=1):
            doubled[2 * length] = self._joined(doubled[length], doubled[length], length, length)
            length *= 2
        return {n: self._of_size(doubled, n) for n in sizes}

    def _of_size(self, doubled: dict[int, Hashes], n: int) -> Hashes:
        made: Hashes | None = None
        done = 0
        for length in sorted(doubled, reverse=True):
            if n & length:
                part = doubled[length]
                made = part if made is None else self._joined(made, part, done, length)
                done += length
        if made is None:
            raise ValueError(f"a window of {n} words makes no sense")
        return made

    def _joined(self, left: Hashes, right: Hashes, left_size: int, right_size: int) -> Hashes:
        """Hashes of windows whose first `left_size` words are hashed in `left` and the rest in `right`."""
        count = max(len(right) - left_size, 0)
        factor = np.uint64(pow(self._base, right_size, 2**64))
        return left[:count] * factor + right[left_size : left_size + count]


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Texts as one array of numbered words.

    Attributes:
        ids: all words, with one 0 after each text.
        starts: where each text begins.
        lengths: words of each text.
    """

    ids: Ids
    starts: Numbers
    lengths: Numbers

    @classmethod
    def of(cls, numbered: list[Ids]) -> Texts:
        """Texts from their words."""
        lengths = np.array([len(one) for one in numbered], dtype=np.int64)
        border = np.zeros(1, dtype=np.int32)
        parts = [part for one in numbered for part in (one, border)]
        starts = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]]) if numbered else np.zeros(0)
        return cls(
            ids=np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32),
            starts=starts.astype(np.int64),
            lengths=lengths,
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def words_of(self, text: int) -> Ids:
        """The words of one text."""
        start = self.starts[text]
        return self.ids[start : start + self.lengths[text]]


class NgramTable:
    """All distinct word n-grams of some texts, and which texts hold each.

    Args:
        n: words of an n-gram.
        texts: what is looked for.
        hasher: made for at least the words of the texts.
        only: which texts to take; all by default.

    Raises:
        HashCollision: if two different n-grams have the same hash: make the hasher with another seed.
    """

    def __init__(self, n: int, texts: Texts, hasher: WindowHasher, only: Mask | None = None) -> None:
        self.n = n
        hashes = hasher.all(texts.ids, (n,))[n]
        owner = np.repeat(np.arange(len(texts)), texts.lengths + 1)[: len(hashes)]
        place = np.arange(len(hashes)) - texts.starts[owner] if len(hashes) else np.zeros(0, dtype=np.int64)
        keep = place <= texts.lengths[owner] - n
        if only is not None:
            keep &= only[owner]
        at = np.flatnonzero(keep)
        order = np.lexsort((at, hashes[at]))
        at = at[order]
        found, first, inverse = np.unique(hashes[at], return_index=True, return_inverse=True)
        self.hashes: Hashes = found
        self._flat = texts.ids
        self._sample = at[first]
        for offset in range(n):
            if not np.array_equal(texts.ids[at + offset], texts.ids[self._sample[inverse] + offset]):
                raise HashCollision
        # one posting for each n-gram and text: the first place in the text counts
        pairs = np.column_stack([inverse, owner[at]]) if len(at) else np.zeros((0, 2), dtype=np.int64)
        fresh = np.ones(len(at), dtype=bool)
        fresh[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
        self.texts: Numbers = pairs[fresh, 1]
        self.places: Numbers = place[at][fresh]
        entries = pairs[fresh, 0]
        self.begins: Numbers = np.searchsorted(entries, np.arange(len(found) + 1))
        width = int(np.clip(np.ceil(np.log2(max(len(found), 1) * _BITS_AN_ENTRY)), _SMALLEST_FILTER, _LARGEST_FILTER))
        self._shift = np.uint64(64 - width)
        self._filter: Mask = np.zeros(2**width, dtype=bool)
        self._filter[found >> self._shift] = True

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def spread(self) -> Numbers:
        """How many texts hold each n-gram, shape (len(self),)."""
        sizes: Numbers = np.diff(self.begins)
        return sizes

    def find(self, ids: Ids, hashes: Hashes) -> tuple[Numbers, Numbers]:
        """Where n-grams of the table stand in a stream.

        Args:
            ids: the stream.
            hashes: of its windows of n words, by the hasher that the table was made with.

        Returns:
            Positions in the stream, rising, and the n-gram at each.
        """
        if not len(self.hashes):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        positions = np.flatnonzero(self._filter[hashes >> self._shift])
        entries = np.searchsorted(self.hashes, hashes[positions])
        entries = np.minimum(entries, len(self.hashes) - 1)
        same = self.hashes[entries] == hashes[positions]
        positions, entries = positions[same], entries[same]
        really = np.ones(len(positions), dtype=bool)
        for offset in range(self.n):
            really &= ids[positions + offset] == self._flat[self._sample[entries] + offset]
        return positions[really], entries[really]

    def postings(self, entries: Numbers) -> Numbers:
        """Indices into `texts` and `places` of all postings of some n-grams, in their order."""
        begins, sizes = self.begins[entries], self.begins[entries + 1] - self.begins[entries]
        total = int(sizes.sum())
        ends = np.cumsum(sizes)
        found: Numbers = np.arange(total) + np.repeat(begins - (ends - sizes), sizes)
        return found


class HashCollision(Exception):
    """Two different n-grams have the same hash."""
