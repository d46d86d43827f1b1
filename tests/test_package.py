"""The package as others meet it: entry points, exported names, what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import finbench
from finbench.tasks.catalogue import DEFINITIONS


def test_inspect_finds_the_registry_under_the_name_of_the_package() -> None:
    found = {entry.name: entry.value for entry in entry_points(group="inspect_ai") if entry.name == "finbench"}
    assert found == {"finbench": "finbench._registry"}


def test_every_task_that_runs_is_an_attribute_of_the_package() -> None:
    tasks = set(finbench.__all__) - {"__version__"}
    steps = {name for name in tasks if name.startswith(("preference_", "curation_"))} | {"judge_check"}  # have no card
    assert tasks - steps == set(DEFINITIONS)
    for name in tasks:
        assert callable(getattr(finbench, name))


def test_commands_and_trainers_come_by_entry_point() -> None:
    assert {"train", "recipes", "leaderboard"} <= set(entry_points(group="finbench.commands").names)
    assert "sft" in entry_points(group="finbench.trainers").names


def test_statistics_and_extractors_are_used_without_inspect() -> None:
    code = (
        "import sys, finbench.stats.paired, finbench.scoring;"
        "bad = [m for m in ('inspect_ai', 'torch', 'datasets') if m in sys.modules];"
        "sys.exit(', '.join(bad) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
