"""The dpo adapter on a tiny model: which reference counts, what is trained on, how the loss is made up."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from pydantic import ValidationError

from finbench.errors import InputError
from trainers.base import Prepared, StageError
from trainers.data.sources import prepare
from trainers.dpo import DPO, DpoSettings
from trainers.dpo_pairs import encode_pairs
from trainers.recipe import DataSource
from trainers.sft import SFT, SftSettings

OTHER = {"positive": "negative", "negative": "neutral", "neutral": "positive"}


@pytest.fixture(scope="session")
def pair_rows(tone_rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A pair for each tone row: the right word against a wrong one; every third continues a started answer."""
    rows = []
    for index, row in enumerate(tone_rows):
        prompt, right = list(row["prompt"]), row["completion"]
        wrong = OTHER[right]
        if index % 3 == 2:
            prompt.append({"role": "assistant", "content": "the tone is"})
            right, wrong = f" {right}", f" {wrong}"
        rows.append({"id": row["id"], "prompt": prompt, "chosen": right, "rejected": wrong})
    return rows


@pytest.fixture
def pairs(tmp_path: Path, pair_rows: list[dict[str, Any]]) -> Prepared:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in pair_rows), encoding="utf-8")
    return prepare([DataSource(path=str(path))], tmp_path / "data.jsonl", seed=1)


@pytest.fixture
def tuned(tiny_model: Path, tone_file: Path, tmp_path: Path) -> Path:
    """The tiny model after a few steps of finetuning: a policy that is not the base model."""
    data = prepare([DataSource(path=str(tone_file))], tmp_path / "sft.jsonl", seed=1)
    return SFT()(str(tiny_model), data, SftSettings(max_steps=4, learning_rate=5e-3), tmp_path / "sft", seed=1).path


def metrics(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def digest(folder: Path) -> str:
    from safetensors.torch import load_file

    found = hashlib.sha256()
    for name, tensor in sorted(load_file(folder / "model.safetensors").items()):
        found.update(name.encode() + tensor.numpy().tobytes())
    return found.hexdigest()


def test_the_margin_starts_at_zero_against_the_start_of_the_policy(
    tuned: Path, tiny_model: Path, pairs: Prepared, tmp_path: Path
) -> None:
    """TRL's own default would take the reference from where the weights were first loaded: the base model."""
    settings: dict[str, Any] = {"alpha": 0.0, "max_steps": 2, "log_steps": 1, "learning_rate": 1e-3, "batch_size": 8}
    DPO()(str(tuned), pairs, DpoSettings(**settings), tmp_path / "parent", seed=1)
    first = metrics(tmp_path / "parent")[0]
    assert first["rewards/margins"] == pytest.approx(0, abs=1e-6)
    assert first["loss"] == pytest.approx(math.log(2), abs=1e-6)
    config = DpoSettings(**settings, reference="base")
    done = DPO()(str(tuned), pairs, config, tmp_path / "base", seed=1, inputs={"base": str(tiny_model)})
    assert abs(metrics(tmp_path / "base")[0]["rewards/margins"]) > 1e-3
    assert done.notes["reference"] == "base" and DPO().inputs(config) == ("base",)
    assert DPO().inputs(DpoSettings(alpha=0.0)) == ()


def test_the_loss_is_the_sigmoid_one_and_alpha_times_the_likelihood(
    tuned: Path, tiny_model: Path, pairs: Prepared, tmp_path: Path
) -> None:
    """Both terms calculated with plain forward passes of the two models."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    config = DpoSettings(
        alpha=0.7, beta=0.3, reference="base", batch_size=48, max_steps=1, learning_rate=1e-3, log_steps=1
    )
    DPO()(str(tuned), pairs, config, tmp_path / "out", seed=1, inputs={"base": str(tiny_model)})
    encoded = encode_pairs(
        AutoTokenizer.from_pretrained(tuned), pairs.read(), max_length=999, overlong="drop", end="auto"
    )
    policy, reference = (AutoModelForCausalLM.from_pretrained(folder).eval() for folder in (tuned, tiny_model))

    def log_probabilities(model: Any, prompt: list[int], answer: list[int]) -> Any:
        with torch.no_grad():
            logits = model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
        places = torch.arange(len(prompt) - 1, len(prompt) + len(answer) - 1)
        return logits[places, torch.tensor(answer)]

    sigmoid, likelihood = [], []
    for row in encoded.rows:
        scores = {}
        for key in ("chosen_ids", "rejected_ids"):
            ours = log_probabilities(policy, row["prompt_ids"], row[key])
            theirs = log_probabilities(reference, row["prompt_ids"], row[key])
            scores[key] = float(ours.sum() - theirs.sum())
            if key == "chosen_ids":
                likelihood.append(ours)
        margin = 0.3 * (scores["chosen_ids"] - scores["rejected_ids"])
        sigmoid.append(-math.log(1 / (1 + math.exp(-margin))))
    expected = sum(sigmoid) / len(sigmoid) - 0.7 * float(torch.cat(likelihood).mean())
    assert metrics(tmp_path / "out")[0]["loss"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("lora", [None, {"rank": 4}, {"rank": 4, "merge": False}])
def test_margin_rises_and_the_checkpoint_prefers_the_chosen(
    tiny_model: Path, pairs: Prepared, tmp_path: Path, lora: dict[str, Any] | None
) -> None:
    from transformers import AutoModelForCausalLM

    rate = 3e-2 if lora else 3e-3
    config = DpoSettings(alpha=1.0, epochs=4, batch_size=8, learning_rate=rate, log_steps=2, lora=lora)
    done = DPO()(str(tiny_model), pairs, config, tmp_path / "out", seed=1)
    assert done.notes["margin"]["first"] == pytest.approx(0, abs=1e-5)
    # embeddings of the tiny model are tied and adapters leave them alone, so its logits move little
    assert done.notes["margin"]["last"] > (0.003 if lora else 0.1)
    assert done.notes["accuracy"]["last"] > (0.55 if lora else 0.9)
    assert done.notes["loss"]["last"] < (0.99 if lora else 0.8) * done.notes["loss"]["first"]
    assert done.steps == 24 == DPO().budget(config, pairs.rows).steps
    assert done.tokens == 4 * done.notes["tokens_per_epoch"]
    assert done.notes["pairs_that_continue_a_turn"] == 16
    assert not list(done.path.glob("*.bin"))
    assert (done.path / "adapter_config.json").exists() is bool(lora and lora.get("merge") is False)
    AutoModelForCausalLM.from_pretrained(done.path)


def test_a_broken_run_resumes_to_the_same_bits(
    tuned: Path, tiny_model: Path, pairs: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainers import loop

    config = DpoSettings(
        alpha=0.5, max_steps=7, batch_size=4, save_steps=2, log_steps=1, learning_rate=1e-3, reference="base"
    )
    inputs = {"base": str(tiny_model)}
    straight = DPO()(str(tuned), pairs, config, tmp_path / "straight", seed=5, inputs=inputs)
    original = loop.Careful.training_step

    def falls_over(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.state.global_step == 5:
            raise KeyboardInterrupt
        return original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Careful, "training_step", falls_over)
        with pytest.raises(KeyboardInterrupt):
            DPO()(str(tuned), pairs, config, tmp_path / "broken", seed=5, inputs=inputs)
    resumed = DPO()(str(tuned), pairs, config, tmp_path / "broken", seed=5, inputs=inputs)
    assert resumed.notes["resumed_from_step"] == 4
    assert digest(resumed.path) == digest(straight.path)
    assert [entry["step"] for entry in metrics(tmp_path / "broken") if "loss" in entry] == list(range(1, 8))


def test_a_loss_that_is_no_number_stops(tiny_model: Path, pairs: Prepared, tmp_path: Path) -> None:
    config = DpoSettings(alpha=1.0, learning_rate=1e30, max_grad_norm=1e30, max_steps=9, warmup=0, save_steps=1)
    with pytest.raises(StageError, match=r"at step \d+.*lower learning_rate"):
        DPO()(str(tiny_model), pairs, config, tmp_path / "out", seed=1)
    assert not (tmp_path / "out" / "checkpoint").exists()


def encoded(tiny_model: Path, rows: list[dict[str, Any]], **more: Any) -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    settings = {"max_length": 64, "overlong": "drop", "end": "auto"} | more
    return tokenizer, encode_pairs(tokenizer, rows, **settings)


def test_a_started_turn_goes_on_and_does_not_end(tiny_model: Path) -> None:
    user = {"role": "user", "content": "is the tone positive ?"}
    rows = [
        {"id": "whole", "prompt": [user], "chosen": "positive", "rejected": "negative"},
        {
            "id": "begun",
            "prompt": [user, {"role": "assistant", "content": "the tone"}],
            "chosen": " is positive",
            "rejected": [{"role": "assistant", "content": " is negative"}],
        },
        {
            "id": "ended",
            "prompt": [user, {"role": "assistant", "content": "the tone"}],
            "chosen": " is positive <|im_end|>",
            "rejected": " is negative",
        },
        {"id": "text", "prompt": "profit rose", "chosen": " positive", "rejected": " negative"},
    ]
    tokenizer, pairs = encoded(tiny_model, rows)
    text = [{key: tokenizer.decode(ids) for key, ids in row.items()} for row in pairs.rows]
    asked = "<|im_start|> user is the tone positive ? <|im_end|> <|im_start|> assistant"
    assert text[0] == {
        "prompt_ids": asked,
        "chosen_ids": "positive <|im_end|>",
        "rejected_ids": "negative <|im_end|>",
    }
    assert text[1] == {"prompt_ids": f"{asked} the tone", "chosen_ids": "is positive", "rejected_ids": "is negative"}
    assert text[2]["chosen_ids"] == "is positive <|im_end|>" and text[2]["rejected_ids"] == "is negative"
    assert text[3]["chosen_ids"] == "positive <|im_end|>"
    assert pairs.continuations == 2
    _, always = encoded(tiny_model, rows, end="always")
    assert tokenizer.decode(always.rows[1]["chosen_ids"]) == "is positive <|im_end|>"
    assert always.rows[2]["chosen_ids"] == pairs.rows[2]["chosen_ids"], "no second end"
    _, never = encoded(tiny_model, rows, end="never")
    assert tokenizer.decode(never.rows[3]["chosen_ids"]) == "positive"
    assert never.rows[0] == pairs.rows[0], "a chat template ends its own turns"


def test_pairs_are_dropped_and_cut_and_counted(tiny_model: Path) -> None:
    prompt = [{"role": "user", "content": "profit rose"}]
    rows = [
        {"id": "fits", "prompt": prompt, "chosen": "positive", "rejected": "negative"},
        {"id": "long", "prompt": prompt, "chosen": "positive", "rejected": "negative tone in the first quarter"},
        {"id": "alike when cut", "prompt": prompt, "chosen": "the tone is one", "rejected": "the tone is flat"},
        {"id": "no room", "prompt": [{"role": "user", "content": "profit " * 20}], "chosen": "a", "rejected": "answer"},
        {"id": "alike", "prompt": prompt, "chosen": "positive", "rejected": "positive"},
    ]
    _, dropped = encoded(tiny_model, rows, max_length=9)
    assert dropped.dropped == ["long", "alike when cut", "no room"] and dropped.alike == ["alike"]
    assert len(dropped.rows) == 1 and not dropped.truncated and dropped.longest == 9
    assert dropped.tokens == 18 and dropped.answer_tokens == 4
    _, cut = encoded(tiny_model, rows, max_length=9, overlong="truncate")
    assert cut.dropped == ["no room"] and cut.truncated == ["long", "alike when cut"]
    assert cut.alike == ["alike when cut", "alike"]
    assert len(cut.rows) == 2 and cut.longest == 9
    with pytest.raises(InputError, match="none of the 5 pairs can be trained on: 5 do not fit into max_length 3"):
        encoded(tiny_model, rows, max_length=3)
    with pytest.raises(InputError, match="there are no pairs"):
        encoded(tiny_model, [])
    with pytest.raises(InputError, match="row 'r' is no pair"):
        encoded(tiny_model, [{"id": "r", "prompt": "a", "completion": "b"}])


def test_the_pairs_that_are_trained_on_are_the_ones_encoded(
    tiny_model: Path, pairs: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers in real batches, read off the mask that the loss uses."""
    from transformers import AutoTokenizer

    from trainers import loop

    batches: list[dict[str, Any]] = []
    original = loop.Careful.training_step

    def spy(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        batches.append({key: value.clone() for key, value in inputs.items()})
        return original(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(loop.Careful, "training_step", spy)
    config = DpoSettings(alpha=1.0, epochs=1, batch_size=6)
    DPO()(str(tiny_model), pairs, config, tmp_path / "out", seed=1)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    seen = []
    for batch in batches:
        answers = [
            tokenizer.decode(ids[mask.bool()])
            for ids, mask in zip(batch["input_ids"], batch["completion_mask"], strict=True)
        ]
        half = len(answers) // 2
        seen += list(zip(answers[:half], answers[half:], strict=True))
    expected = []
    for row in pairs.read():
        end = "" if row["prompt"][-1]["role"] == "assistant" else " <|im_end|>"
        expected.append((row["chosen"].strip() + end, row["rejected"].strip() + end))
    assert sorted(seen) == sorted(expected)


def test_alpha_must_be_said() -> None:
    with pytest.raises(ValidationError, match="alpha"):
        DpoSettings.model_validate({})


def test_a_reference_with_another_vocabulary_is_refused(tiny_model: Path, pairs: Prepared, tmp_path: Path) -> None:
    import shutil

    other = shutil.copytree(tiny_model, tmp_path / "other")
    text = (other / "tokenizer.json").read_text()
    (other / "tokenizer.json").write_text(text.replace('"profit"', '"loss"'))
    config = DpoSettings(alpha=1.0, max_steps=1, reference="./other")
    with pytest.raises(InputError, match=r"the reference \./other has another vocabulary"):
        DPO()(str(tiny_model), pairs, config, tmp_path / "out", seed=1, inputs={"./other": str(other)})
