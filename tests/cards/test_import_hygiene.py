"""What a start of Inspect, of the statistics and of the command may load: looked up in fresh interpreters."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

#: Writes the names on stderr when the interpreter ends, however it ends.
REPORT = "import atexit, json, sys\natexit.register(lambda: sys.stderr.write(json.dumps(sorted(sys.modules))))"
SNIPPETS = {
    "registry": "import finbench._registry",
    "stats": """
import importlib, pkgutil, finbench.stats
for module in pkgutil.iter_modules(finbench.stats.__path__):
    importlib.import_module(f"finbench.stats.{module.name}")
""",
    "help": """
from finbench.cli.main import main
main(["--help"])
""",
    "power": """
from finbench.cli.main import main
main(["power", "--items", "100", "--json"])
""",
    "card": "import finbench.card, finbench.data.loading, finbench.results.runs",
}


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """Top-level modules that each snippet leaves in `sys.modules`, each in an interpreter of its own."""
    found = {}
    for name, snippet in SNIPPETS.items():
        code = f"{REPORT}\n{snippet}"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, (name, done.stderr)
        found[name] = {module.partition(".")[0] for module in json.loads(done.stderr.splitlines()[-1])}
    return found


@pytest.mark.parametrize(
    "module", ["numpy", "scipy", "pyarrow", "datasets", "torch", "transformers", "jinja2", "pandas"]
)
def test_the_registry_loads_nothing_heavy(loaded: dict[str, set[str]], module: str) -> None:
    assert "inspect_ai" in loaded["registry"]
    assert module not in loaded["registry"]


@pytest.mark.parametrize("module", ["inspect_ai", "pydantic", "datasets", "torch", "pandas"])
def test_the_statistics_stand_on_numpy_and_scipy(loaded: dict[str, set[str]], module: str) -> None:
    assert {"numpy", "scipy"} <= loaded["stats"]
    assert module not in loaded["stats"]


@pytest.mark.parametrize("module", ["jinja2", "torch", "transformers", "trl", "numpy", "datasets", "inspect_ai"])
def test_help_loads_no_engine(loaded: dict[str, set[str]], module: str) -> None:
    assert module not in loaded["help"]


@pytest.mark.parametrize("module", ["inspect_ai", "datasets", "torch", "trainers", "leaderboard"])
def test_power_needs_no_benchmark(loaded: dict[str, set[str]], module: str) -> None:
    assert module not in loaded["power"]


@pytest.mark.parametrize("module", ["inspect_ai", "numpy", "datasets", "pyarrow"])
def test_cards_and_rows_need_neither_inspect_nor_arrays(loaded: dict[str, set[str]], module: str) -> None:
    assert module not in loaded["card"]


def test_the_registry_holds_every_task_scorer_and_metric() -> None:
    from inspect_ai._util.registry import registry_info

    import finbench._registry as registry
    from finbench.tasks.catalogue import DEFINITIONS

    names = {(info.type, info.name) for info in map(registry_info, (v for v in vars(registry).values() if callable(v)))}
    curating = {"finbench/curation_quality", "finbench/curation_exercises"}  # no exams
    distilling = {f"finbench/preference_{k}" for k in ("sampling", "judging", "locating", "correcting", "rollouts")}
    exams = {name for kind, name in names if kind == "task"} - curating - distilling
    assert exams == {f"finbench/{name}" for name in DEFINITIONS}
    assert {name for kind, name in names if kind == "scorer"} >= {
        f"finbench/{k}" for k in ("choice", "label", "number", "entities")
    }
    assert ("solver", "finbench/answer") in names
