"""The cache of logs stays below its bound."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from finbench.errors import InputError
from finbench.results.eviction import BOUND, Sweeper, bound, sweep


def entry(folder: Path, name: str, size: int, age: float) -> Path:
    path = folder / name[:2] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def test_what_was_longest_unused_goes_until_four_fifths_are_left(tmp_path: Path) -> None:
    paths = [entry(tmp_path, f"{i:02d}.parquet", 100, age=1000 - i) for i in range(12)]
    sweep(tmp_path, 1200)
    assert all(path.exists() for path in paths)
    sweep(tmp_path, 1000)
    assert [path.exists() for path in paths] == [False] * 4 + [True] * 8


def test_stale_parts_go_and_fresh_ones_stay(tmp_path: Path) -> None:
    stale, fresh = entry(tmp_path, ".a.part", 10, age=9999), entry(tmp_path, ".b.part", 10, age=1)
    sweep(tmp_path, 1000)
    assert not stale.exists()
    assert fresh.exists()


def test_a_sweep_comes_at_first_and_then_with_a_twentieth_of_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINBENCH_CACHE_MB", "1")
    sweeper, swept = Sweeper(), []
    monkeypatch.setattr("finbench.results.eviction.sweep", lambda folder, limit: swept.append(limit))
    for size in (10, 20_000, 20_000, 20_000):
        sweeper.added(tmp_path, size)
    assert swept == [1_000_000, 1_000_000]


def test_the_bound_is_a_number_of_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FINBENCH_CACHE_MB", raising=False)
    assert bound() == BOUND
    monkeypatch.setenv("FINBENCH_CACHE_MB", "250")
    assert bound() == 250_000_000
    monkeypatch.setenv("FINBENCH_CACHE_MB", "much")
    with pytest.raises(InputError, match="FINBENCH_CACHE_MB is 'much'"):
        bound()
