"""The tests are the same ones in every process: workers that disagree run none of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
def test_two_processes_collect_the_same_tests_whatever_the_clock_and_the_hash_seed() -> None:
    processes = []
    for seed in ("1", "2"):
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", str(HERE)],
                cwd=HERE.parent,
                env={**os.environ, "PYTHONHASHSEED": seed},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        time.sleep(1.5)  # a time stamp of whole seconds differs
    first, second = ([line for line in process.communicate()[0].splitlines() if "::" in line] for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert len(first) > 1000  # a line for each test
    assert first == second
