"""Near-duplicates of evaluation texts: MinHash names candidates, the Jaccard similarity itself decides.

Shingles are word 3-grams. A text counts as near-duplicated where some window of as many words holds a set of shingles
whose Jaccard similarity with the text's (Broder 1997, doi:10.1109/SEQUEN.1997.666900) is at least `THRESHOLD`.
Windows that share few shingles with all texts together are not sketched at all: they could not reach the threshold.
"""

from __future__ import annotations

from collections.abc import Container
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np

from finbench.contamination.ngrams import Hashes, Mask, NgramTable, Numbers, Texts
from finbench.contamination.tokens import BORDER, Ids

_LIBRARY = "datasketch"
_PERMUTATIONS = 64
_SEED = 1
#: Windows are tried at lengths that grow by this factor, each shifted by a quarter of its length.
_GROWTH = 1.25
_SHIFT = 4


def is_available() -> bool:
    """Whether the library for MinHash is installed."""
    return find_spec(_LIBRARY) is not None


class NearDuplicates:
    """Near-duplicates of some texts in a stream of words.

    Args:
        texts: what is looked for.
        table: all shingles of the texts.
        common: shingles that tell no text from another, by entry of the table; they are left out on both sides.
    """

    SHINGLE: ClassVar[int] = 3
    #: Least Jaccard similarity, and least number of shingles of a text that can be found at all.
    THRESHOLD: ClassVar[float] = 0.6
    LEAST: ClassVar[int] = 8
    #: Least similarity of a candidate window, which need not lie exactly where the copy does.
    _CANDIDATE: ClassVar[float] = 0.4
    #: Least share of a window's shingles that any texts hold: a window that is off by an eighth at each end loses a
    #: quarter of the 3/4 that texts at the threshold share.
    _DENSE: ClassVar[float] = 0.55

    def __init__(self, texts: Texts, table: NgramTable, common: Mask) -> None:
        library: Any = import_module(_LIBRARY)
        # drawing the permutations takes longer than using them, so all sketches are copies of this one
        self._empty: Any = library.MinHash(num_perm=_PERMUTATIONS, seed=_SEED, hashfunc=int)
        self._table = table
        self._common = common
        self._lengths = texts.lengths
        entries = np.repeat(np.arange(len(table)), table.spread)
        kept = ~common[entries]
        order = np.lexsort((entries[kept], table.texts[kept]))
        owners, held = table.texts[kept][order], entries[kept][order]
        bounds = np.searchsorted(owners, np.arange(len(texts) + 1))
        self._shingles: dict[int, Numbers] = {}
        self._lsh: Any = library.MinHashLSH(threshold=self._CANDIDATE, num_perm=_PERMUTATIONS)
        for text in range(len(texts)):
            own = held[bounds[text] : bounds[text + 1]]
            if len(own) >= self.LEAST:
                self._shingles[text] = own
                self._lsh.insert(text, self._minhash(own))
        sizes = [int(texts.lengths[text]) for text in self._shingles]
        self._windows = _ladder(min(sizes, default=0), max(sizes, default=0))

    def __contains__(self, text: int) -> bool:
        return text in self._shingles

    def find(self, ids: Ids, hashes: Hashes, known: Container[int]) -> dict[int, int]:
        """The texts that a stream holds a near-duplicate of, with the position where it begins.

        Args:
            ids: the stream.
            hashes: of its windows of `SHINGLE` words.
            known: texts that need not be found again.
        """
        positions, entries = self._table.find(ids, hashes)
        telling = ~self._common[entries]
        positions, entries = positions[telling], entries[telling]
        hit: dict[int, int] = {}
        if not len(positions):
            return hit
        tried: set[tuple[int, int]] = set()
        for size in self._windows:
            if len(positions) < self._DENSE * (size - self.SHINGLE + 1):
                break
            for first, last in self._dense(positions, size):
                if (first, last) in tried:
                    continue
                tried.add((first, last))
                own = np.unique(entries[first:last])
                for text in self._lsh.query(self._minhash(own)):
                    if text not in hit and text not in known:
                        begin = self._confirm(text, ids, positions, entries, int(positions[first]), size)
                        if begin is not None:
                            hit[text] = begin
        return hit

    def _dense(self, positions: Numbers, size: int) -> list[tuple[int, int]]:
        """Ranges of `positions` within windows that share enough shingles with the texts to be worth a look."""
        step = max(size // _SHIFT, 1)
        span = size - self.SHINGLE + 1
        begins = np.unique(positions // step) * step
        begins = np.unique(np.concatenate([begins, np.maximum(begins - step, 0), np.maximum(begins - 2 * step, 0)]))
        first = np.searchsorted(positions, begins)
        last = np.searchsorted(positions, begins + span)
        enough = (last - first) >= max(self._DENSE * span, self._DENSE * self.LEAST)
        ranges = np.unique(np.column_stack([first[enough], last[enough]]), axis=0)
        return [(int(a), int(b)) for a, b in ranges]

    def _confirm(self, text: int, ids: Ids, positions: Numbers, entries: Numbers, begin: int, size: int) -> int | None:
        """Where the window of the text's own length begins that is most like it, if it is like enough.

        The window ends where its field of the document does.
        """
        own = self._shingles[text]
        length = int(self._lengths[text])
        first, last = np.searchsorted(positions, [begin - length, begin + size + length])
        near, held = positions[first:last], entries[first:last]
        shared = np.isin(held, own, assume_unique=False)
        if not shared.any():
            return None
        starts = near[shared]
        ends = np.searchsorted(starts, starts + length - self.SHINGLE + 1)
        start = int(starts[int(np.argmax(ends - np.arange(len(starts))))])
        borders = np.flatnonzero(ids[start : start + length] == BORDER)
        span = (int(borders[0]) if len(borders) else length) - self.SHINGLE + 1
        window = held[(near >= start) & (near < start + span)]
        common = len(np.intersect1d(window, own))
        # shingles of the window that no text holds are in its set too
        whole = max(span - (len(window) - len(np.unique(window))), common)
        return start if common / (whole + len(own) - common) >= self.THRESHOLD else None

    def _minhash(self, entries: Numbers) -> Any:
        made = self._empty.copy()
        made.update_batch(entries.tolist())
        return made


def _ladder(shortest: int, longest: int) -> list[int]:
    sizes: list[int] = []
    size = float(max(shortest, 1))
    while longest and (not sizes or sizes[-1] < longest):
        sizes.append(round(size))
        size = max(size * _GROWTH, size + 1)
    return sizes
