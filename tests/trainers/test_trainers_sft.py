"""The sft adapter on a tiny model: the loss falls, labels lie on the answer, runs resume bit for bit."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from finbench.errors import InputError
from trainers.base import Prepared, StageError
from trainers.data.sources import prepare
from trainers.recipe import DataSource
from trainers.sft import SFT, SftSettings


@pytest.fixture
def prepared(tmp_path: Path, tone_file: Path) -> Prepared:
    return prepare([DataSource(path=str(tone_file))], tmp_path / "data.jsonl", seed=1)


def weights(folder: Path) -> str:
    from safetensors.torch import load_file

    digest = hashlib.sha256()
    for name, tensor in sorted(load_file(folder / "model.safetensors").items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def metrics(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def test_loss_falls_and_the_checkpoint_answers(tiny_model: Path, prepared: Prepared, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    config = SftSettings(learning_rate=5e-3, epochs=12, batch_size=8, log_steps=6)
    done = SFT()(str(tiny_model), prepared, config, tmp_path / "out", seed=3)
    losses = [entry["loss"] for entry in metrics(tmp_path / "out") if "loss" in entry]
    assert losses[-1] < 0.2 * losses[0]
    assert done.steps == 72 == metrics(tmp_path / "out")[-1]["step"]
    assert done.tokens == 12 * done.notes["tokens_per_epoch"]
    assert done.notes["tokens_per_second"] > 0
    assert not list(done.path.glob("*.bin")), "no pickles in a checkpoint"
    tokenizer = AutoTokenizer.from_pretrained(done.path)
    assert tokenizer.chat_template == AutoTokenizer.from_pretrained(tiny_model).chat_template
    model = AutoModelForCausalLM.from_pretrained(done.path)
    assert model.config.use_cache, "a checkpoint that generates without a cache is slow to evaluate"
    right = 0
    for row in prepared.read():
        ids = tokenizer.apply_chat_template(
            row["prompt"], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        new = model.generate(**ids, max_new_tokens=2, do_sample=False)[0, ids["input_ids"].shape[1] :]
        right += tokenizer.decode(new).split()[0] == row["completion"]
    assert right >= 40  # of 48; a random model is right on none


def test_labels_of_a_real_batch_lie_on_the_answer_only(
    tiny_model: Path, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoTokenizer

    from trainers import loop

    batches = []
    original = loop.Careful.training_step

    def spy(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        batches.append({key: value.clone() for key, value in inputs.items() if hasattr(value, "clone")})
        return original(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(loop.Careful, "training_step", spy)
    SFT()(str(tiny_model), prepared, SftSettings(max_steps=2, batch_size=5), tmp_path / "out", seed=1)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    answers = {row["prompt"][0]["content"]: row["completion"] for row in prepared.read()}
    assert len(batches) == 2
    for batch in batches:
        for ids, labels, mask in zip(batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True):
            learned = labels != -100
            assert (ids[learned] == labels[learned]).all()
            assert not learned[mask == 0].any(), "padding is not learned"
            text = tokenizer.decode(ids[mask.bool()])
            question = next(prompt for prompt in answers if prompt in text)
            assert tokenizer.decode(labels[learned]) == f"{answers[question]} <|im_end|>"


def test_a_broken_run_resumes_to_the_same_bits(
    tiny_model: Path, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainers import loop

    config = SftSettings(learning_rate=1e-3, max_steps=9, batch_size=4, save_steps=2, log_steps=1)
    straight = SFT()(str(tiny_model), prepared, config, tmp_path / "straight", seed=5)
    other = SFT()(str(tiny_model), prepared, config, tmp_path / "other", seed=6)
    original = loop.Careful.training_step

    def falls_over(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.state.global_step == 5:
            raise KeyboardInterrupt
        return original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Careful, "training_step", falls_over)
        with pytest.raises(KeyboardInterrupt):
            SFT()(str(tiny_model), prepared, config, tmp_path / "broken", seed=5)
    torn = tmp_path / "broken" / "resume" / "checkpoint-8"  # one that was cut off while being saved
    torn.mkdir()
    assert loop.last_checkpoint(tmp_path / "broken" / "resume") == tmp_path / "broken" / "resume" / "checkpoint-4"
    assert not torn.exists()
    resumed = SFT()(str(tiny_model), prepared, config, tmp_path / "broken", seed=5)
    assert weights(resumed.path) == weights(straight.path) != weights(other.path)
    assert resumed.tokens == straight.tokens
    assert resumed.notes["seconds_before_resume"] > 0 == straight.notes["seconds_before_resume"]
    steps = [entry["step"] for entry in metrics(tmp_path / "broken") if "loss" in entry]
    assert steps == list(range(1, 10)), "each step is logged once"


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(
    tiny_model: Path, prepared: Prepared, tmp_path: Path
) -> None:
    from trainers.loop import last_checkpoint, weights_are_finite

    config = SftSettings(learning_rate=1e30, max_grad_norm=1e30, max_steps=20, batch_size=4, save_steps=1, warmup=0)
    with pytest.raises(StageError, match=r"at step \d+ \(learning rate 1e\+30\).*lower learning_rate"):
        SFT()(str(tiny_model), prepared, config, tmp_path / "out", seed=1)
    assert not (tmp_path / "out" / "checkpoint").exists()
    good = last_checkpoint(tmp_path / "out" / "resume")
    if good is not None:
        from transformers import AutoModelForCausalLM

        assert weights_are_finite(AutoModelForCausalLM.from_pretrained(good))


@pytest.mark.parametrize("merge", [True, False])
def test_lora_merged_or_kept_loads_again(tiny_model: Path, prepared: Prepared, tmp_path: Path, merge: bool) -> None:
    from transformers import AutoModelForCausalLM

    config = SftSettings(max_steps=3, learning_rate=1e-2, lora={"rank": 4, "merge": merge})
    done = SFT()(str(tiny_model), prepared, config, tmp_path / "out", seed=1)
    assert (done.path / "adapter_config.json").exists() is not merge
    before = AutoModelForCausalLM.from_pretrained(tiny_model)
    after = AutoModelForCausalLM.from_pretrained(done.path)
    import torch

    ids = torch.arange(20).reshape(1, 20)
    assert not torch.allclose(before(ids).logits, after(ids).logits)


def test_rows_that_do_not_fit_are_dropped_or_cut_and_counted(
    tiny_model: Path, prepared: Prepared, tmp_path: Path
) -> None:
    lengths = SFT()(str(tiny_model), prepared, SftSettings(max_steps=1), tmp_path / "a", seed=1).notes
    bound = lengths["longest_row"] - 1  # cuts the end-of-turn token of the longest rows
    dropped = SFT()(str(tiny_model), prepared, SftSettings(max_steps=1, max_length=bound), tmp_path / "b", seed=1)
    cut = SFT()(
        str(tiny_model),
        prepared,
        SftSettings(max_steps=1, max_length=bound, overlong="truncate"),
        tmp_path / "c",
        seed=1,
    )
    assert lengths["rows_dropped_as_too_long"] == lengths["rows_truncated"] == 0
    assert dropped.notes["rows_dropped_as_too_long"] == cut.notes["rows_truncated"] > 0
    assert dropped.notes["rows"] + dropped.notes["rows_dropped_as_too_long"] == prepared.rows == cut.notes["rows"]
    with pytest.raises(InputError, match="none of the 48 rows fits into max_length 5"):
        SFT()(str(tiny_model), prepared, SftSettings(max_length=5), tmp_path / "d", seed=1)


def test_unusable_model_folders_are_one_sentence(tiny_model: Path, prepared: Prepared, tmp_path: Path) -> None:
    import shutil

    def attempt(folder: Path) -> str:
        with pytest.raises(InputError) as caught:
            SFT()(str(folder), prepared, SftSettings(max_steps=1), tmp_path / "out", seed=1)
        assert "\n" not in caught.value.message
        return caught.value.message

    assert "there is no model folder" in attempt(tmp_path / "absent")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no config.json" in attempt(empty)
    torn = tmp_path / "torn"
    shutil.copytree(tiny_model, torn)
    (torn / "model.safetensors").write_bytes(b"not weights")
    assert "no usable causal language model" in attempt(torn)
    (torn / "tokenizer.json").write_text("{")
    assert "no usable tokenizer" in attempt(torn)
    (torn / "model.safetensors").unlink()
    assert "no weights as safetensors" in attempt(torn)


def test_a_model_that_does_not_fit_is_refused_before_training(
    tiny_model: Path, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainers.hf.free_memory", lambda gpu: 1000)
    with pytest.raises(StageError, match=r"needs about .* GiB more and .* GiB are free"):
        SFT()(str(tiny_model), prepared, SftSettings(max_steps=1), tmp_path / "out", seed=1)


def test_checkpointed_and_plain_steps_agree(tiny_model: Path, prepared: Prepared, tmp_path: Path) -> None:
    plain, recomputed = (
        SFT()(
            str(tiny_model),
            prepared,
            SftSettings(max_steps=4, log_steps=1, activation_checkpointing=flag),
            tmp_path / str(flag),
            seed=1,
        )
        for flag in (False, True)
    )
    assert plain.notes["activation_checkpointing"] is False
    assert recomputed.notes["activation_checkpointing"] is True
    first, second = (
        [entry["loss"] for entry in metrics(tmp_path / flag) if "loss" in entry] for flag in ("False", "True")
    )
    assert first == pytest.approx(second, rel=1e-5)


def test_budget_is_what_a_run_does(tiny_model: Path, prepared: Prepared, tmp_path: Path) -> None:
    config = SftSettings(epochs=1.5, batch_size=7, accumulate=2)
    done = SFT()(str(tiny_model), prepared, config, tmp_path / "out", seed=1)
    assert done.steps == SFT().budget(config, prepared.rows).steps


def test_sequences_beyond_a_models_positions_are_refused(
    tiny_model: Path, tmp_path: Path, tone_rows: list[dict[str, Any]]
) -> None:
    path = tmp_path / "long.jsonl"
    words = "profit rose " * 140
    path.write_text(
        "".join(json.dumps({**row, "prompt": words, "completion": " positive"}) + "\n" for row in tone_rows)
    )
    data = prepare([DataSource(path=str(path))], tmp_path / "long", seed=1)
    for packing in (False, True):
        with pytest.raises(InputError, match="was made for 256; lower `max_length`"):
            SFT()(str(tiny_model), data, SftSettings(max_steps=1, packing=packing), tmp_path / f"out{packing}", seed=1)


def test_bf16_is_refused_where_only_a_cpu_is(
    tiny_model: Path, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainers import hf

    monkeypatch.setattr(hf, "has_gpu", lambda: False)
    with pytest.raises(InputError, match="`precision: bf16` needs an accelerator"):
        SFT()(str(tiny_model), prepared, SftSettings(max_steps=1, precision="bf16"), tmp_path / "out", seed=1)
