"""Low-rank adapters that are kept: scored as what they make of their base, and nothing that training goes on from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from finbench.errors import InputError
from trainers.adapters import whole
from trainers.recipe import Recipe
from trainers.run import run_recipe


def test_a_model_is_scored_as_it_lies(tiny_model: Path) -> None:
    assert whole(tiny_model, tiny_model) == whole(tiny_model, None) == tiny_model


@pytest.mark.slow
def test_a_kept_adapter_is_scored_with_its_base(
    tiny_model: Path, tone_file: Path, tmp_path: Path, scored: dict[str, Any]
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    lora = {"rank": 4, "merge": False}
    config = {"learning_rate": 1e-2, "max_steps": 2, "batch_size": 8, "lora": lora}
    stage = {"name": "s", "trainer": "sft", "data": [{"path": str(tone_file)}], "config": config}
    recipe = Recipe.model_validate(
        {"name": "r", "base": str(tiny_model), "stages": [{**stage, "evaluate": {"tasks": ["fin_tone"]}}]}
    )
    report = run_recipe(recipe, tmp_path / "out")
    assert scored["models"] == ["tiny", "r-s"] and report["complete"]
    folder = tmp_path / "out" / report["stages"][0]["folder"]
    adapter, merged = folder / "checkpoint", folder / "merged"
    assert not (adapter / "config.json").exists() and (merged / "tokenizer.json").is_file()
    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    ids = torch.arange(3, 20)[None]
    with torch.no_grad():
        before = base(ids).logits
        expected = PeftModel.from_pretrained(base, adapter)(ids).logits
        found = AutoModelForCausalLM.from_pretrained(merged)(ids).logits
    assert torch.allclose(found, expected, atol=1e-5) and not torch.allclose(found, before, atol=1e-3)
    kept = {path: path.stat().st_mtime_ns for path in merged.iterdir()}
    assert run_recipe(recipe, tmp_path / "out")["stages"][0]["reused"]
    assert {path: path.stat().st_mtime_ns for path in merged.iterdir()} == kept


def test_an_adapter_of_another_base_is_one_sentence(tiny_model: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "s" / "checkpoint"
    adapter.mkdir(parents=True)
    settings = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "target_modules": ["c_attn"]}
    (adapter / "adapter_config.json").write_text(json.dumps(settings))
    with pytest.raises(InputError, match=r"the adapter in .*checkpoint does not fit "):
        whole(adapter, tiny_model)
    assert not (tmp_path / "s" / "merged").exists()
