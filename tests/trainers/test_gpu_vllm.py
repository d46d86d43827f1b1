"""A real vLLM in an environment of its own, in place of transformers: started by a recipe, and really greedy.

FINBENCH_TEST_VLLM names that environment's Python (docs/gpu.md), FINBENCH_TEST_MODEL the small real model.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("torch")

from inspect_ai.log import EvalSample, list_eval_logs, read_eval_log

from trainers.judge import evaluate
from trainers.recipe import Evaluation

# other settings of the user's are taken out of the environment before a test runs, so this one is read here
PYTHON = os.environ.get("FINBENCH_TEST_VLLM")
TASKS = ("fin_tone", "fin_terms")

pytestmark = [pytest.mark.slow, pytest.mark.model]


@pytest.fixture
def served() -> Evaluation:
    """Twelve items of two tasks, answered by vLLM."""
    if not PYTHON or not Path(PYTHON).is_file():
        pytest.skip("FINBENCH_TEST_VLLM names no Python with vLLM, such as /opt/vllm/bin/python")
    server = [
        "env", "VLLM_CPU_KVCACHE_SPACE=2", PYTHON, "-m", "vllm.entrypoints.openai.api_server", "--model", "{model}",
        "--served-model-name", "{name}", "--port", "{port}", "--dtype", "float32", "--max-model-len", "4096",
        "--enforce-eager",
    ]  # fmt: skip
    return Evaluation.model_validate({"tasks": TASKS, "limit": 12, "batch_size": 12, "server": {"command": server}})


def samples(folder: Path) -> dict[tuple[str, str], EvalSample]:
    """The samples of all logs in a folder, by task and id."""
    found = {}
    for info in list_eval_logs(str(folder)):
        log = read_eval_log(info)
        assert log.status == "success"
        found.update({(log.eval.task, str(sample.id)): sample for sample in log.samples or []})
    return found


def test_vllm_gives_the_replies_of_transformers(real_model: Path, served: Evaluation, tmp_path: Path) -> None:
    there = evaluate("smol", real_model, served, tmp_path / "vllm")
    here = evaluate("smol", real_model, served.model_copy(update={"server": None}), tmp_path / "checkpoint")
    by_vllm, by_transformers = samples(there), samples(here)
    assert set(by_vllm) == set(by_transformers) and len(by_vllm) == 12 * len(TASKS)
    assert {str(read_eval_log(log).eval.model) for log in list_eval_logs(str(there))} == {"vllm/smol"}
    same = sum(by_vllm[key].output.completion == by_transformers[key].output.completion for key in by_vllm)
    assert same > 0.9 * len(by_vllm), "greedy on both sides; sums in another order may tip a word now and then"
    assert list(tmp_path.glob("server-smol-*.log")), "what the server printed stays beside the logs"
