"""The preference, reinforcement, merging and outside adapters on the small real model: a few steps each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from trainers.base import Prepared
from trainers.data.sources import prepare
from trainers.recipe import DataSource

pytestmark = [pytest.mark.slow, pytest.mark.model]
WORDS = ("positive", "negative", "neutral")


def metrics(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def test_dpo_margin_rises_and_loss_falls(real_model: Path, tmp_path: Path) -> None:
    from trainers.dpo import DPO, DpoSettings

    tone = prepare([DataSource(task="fin_tone", examples=12)], tmp_path / "tone.jsonl", seed=1)
    pairs = tmp_path / "pairs.jsonl"
    with pairs.open("w") as lines:
        for index, row in enumerate(tone.read()):
            wrong = next(word for word in WORDS if word != row["completion"])
            pair = {"id": row["id"], "prompt": row["prompt"], "chosen": row["completion"], "rejected": wrong}
            if index % 3 == 2:  # as a corrected step: the turn has begun, and does not end with the step
                turn = {"role": "assistant", "content": "Reading the sentence, the tone is"}
                pair |= {"prompt": [*row["prompt"], turn]}
                pair |= {"chosen": f" {row['completion']}", "rejected": f" {wrong}"}
            lines.write(json.dumps(pair) + "\n")
    data = prepare([DataSource(path=str(pairs))], tmp_path / "data.jsonl", seed=1)
    config = DpoSettings(
        alpha=1.0, max_steps=6, batch_size=2, learning_rate=2e-5, warmup=0, max_length=160, log_steps=1, save_steps=99
    )
    done = DPO()(str(real_model), data, config, tmp_path / "out", seed=1)
    logged = [entry for entry in metrics(tmp_path / "out") if "loss" in entry]
    assert logged[0]["rewards/margins"] == pytest.approx(0, abs=1e-4)
    assert sum(entry["rewards/margins"] for entry in logged[-2:]) > 0.1
    assert sum(entry["loss"] for entry in logged[-2:]) < 0.8 * sum(entry["loss"] for entry in logged[:2])
    assert done.notes["pairs"] == 12 and done.notes["pairs_that_continue_a_turn"] == 4


def test_grpo_earns_rewards_of_the_scorer(real_model: Path, tmp_path: Path) -> None:
    from trainers.grpo import GRPO, GrpoSettings

    data = prepare([DataSource(task="fin_tone", examples=12)], tmp_path / "tone.jsonl", seed=1)
    config = GrpoSettings(
        generations=4,
        batch_size=8,
        max_steps=3,
        learning_rate=1e-5,
        warmup=0,
        max_prompt_length=160,
        max_completion_length=8,
        format_weight=0.5,
        log_steps=1,
        save_steps=99,
    )
    done = GRPO()(str(real_model), data, config, tmp_path / "out", seed=1)
    logged = [entry for entry in metrics(tmp_path / "out") if "loss" in entry]
    assert len(logged) == 3 and all(entry["grad_norm"] is not None for entry in logged)
    assert 0 < sum(entry["rewards/answer/mean"] for entry in logged) < 3
    assert any(entry["reward_std"] > 0 for entry in logged), "there is something to learn from"
    assert done.notes["replies"] == 24


def test_merging_stays_within_a_bound_of_memory(real_model: Path, tmp_path: Path) -> None:
    """The mean of the model with a changed copy, in a process of its own whose peak memory is read."""
    import shutil
    import subprocess

    from safetensors.torch import load_file, save_file

    other = shutil.copytree(real_model, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    save_file({k: v * 1.01 for k, v in weights.items()}, other / "model.safetensors", metadata={"format": "pt"})
    code = (
        "import resource, sys; from pathlib import Path; import torch, transformers, mergekit.merge;"
        "from trainers.base import Prepared; from trainers.merge import Merge, MergeSettings;"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; before = peak();"
        "c = MergeSettings.model_validate({'method': 'linear', 'models': [{'model': 'a'}, {'model': 'b'}]});"
        "Merge()(sys.argv[1], Prepared(path=Path('x'), rows=0, sha256=''), c, Path(sys.argv[3]), seed=1,"
        "inputs={'a': sys.argv[1], 'b': sys.argv[2]});"
        "print(before, peak())"
    )
    out = tmp_path / "out"
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, str(real_model), str(other), str(out)], capture_output=True, text=True, check=True
    )
    before, peak = (int(text) * 1024 for text in done.stdout.split()[-2:])
    size = (other / "model.safetensors").stat().st_size
    # two mapped inputs and the file that is being written, which is all of this small model; no further copy
    assert peak - before < 3.3 * size, f"{(peak - before) / 2**20:.0f} MiB for models of {size / 2**20:.0f} MiB"
    merged = load_file(out / "checkpoint" / "model.safetensors")
    assert all(
        float((merged[k] - v * 1.005).abs().max()) < 1e-5 * max(1.0, float(v.abs().max()))
        for k, v in weights.items()
        if k in merged
    )
    from transformers import AutoModelForCausalLM

    _, report = AutoModelForCausalLM.from_pretrained(out / "checkpoint", output_loading_info=True)
    assert not report["missing_keys"]


def test_an_outside_program_trains(real_model: Path, tmp_path: Path) -> None:
    """A script of a few lines that knows nothing of this package, through the command adapter."""
    from trainers.command import Command, CommandSettings

    script = tmp_path / "train.py"
    script.write_text(
        "import json, sys, torch\n"
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "folder, data, out = sys.argv[1:]\n"
        "torch.set_num_threads(1)\n"
        "tokenizer = AutoTokenizer.from_pretrained(folder)\n"
        "model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)\n"
        "steps = torch.optim.SGD(model.parameters(), lr=1e-2)\n"
        "for line in open(data):\n"
        "    ids = tokenizer.apply_chat_template(json.loads(line)['messages'], return_tensors='pt', return_dict=True)\n"
        "    loss = model(**ids, labels=ids['input_ids']).loss\n"
        "    loss.backward(); steps.step(); steps.zero_grad(); print(float(loss))\n"
        "model.save_pretrained(out + '/model'); tokenizer.save_pretrained(out + '/model')\n"
    )
    data: Prepared = prepare([DataSource(task="fin_tone", examples=5)], tmp_path / "tone.jsonl", seed=1)
    config = CommandSettings(
        command=(sys.executable, "./train.py", "{model}", "{data}", "{out}"),
        rows="messages",
        result="model",
        time_limit=300,
        variables={"HF_HUB_OFFLINE": "1"},
    )
    out = tmp_path / "out"
    out.mkdir()
    done = Command()(str(real_model), data, config, out, seed=1, inputs={"./train.py": str(script)})
    losses = [float(line) for line in (out / "stdout.log").read_text().split()]
    assert losses[-1] < losses[0]
    assert done.notes["result"] == "loaded"
