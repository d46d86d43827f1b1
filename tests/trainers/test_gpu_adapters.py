"""The adapters on an accelerator, in bf16: losses fall, packed sequences stay apart, broken runs go on, LoRA merges.

`make gpu-check` runs them. They skip themselves without an accelerator; `GPU_CHECK_ON_CPU=1` rehearses them there,
which shows that they run, and nothing about an accelerator. The small real model is taken where FINBENCH_TEST_MODEL
names it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch

from trainers.base import Checkpoint, Prepared
from trainers.cpt import CPT, CptSettings
from trainers.data.sources import prepare
from trainers.dpo import DPO, DpoSettings
from trainers.grpo import GRPO, GrpoSettings
from trainers.joint import Joint, JointSettings
from trainers.recipe import DataSource
from trainers.sft import SFT, SftSettings

pytestmark = pytest.mark.gpu

REHEARSED = bool(os.environ.get("GPU_CHECK_ON_CPU"))
OTHER = {"positive": "negative", "negative": "neutral", "neutral": "positive"}
WORDS = ["profit", "rose", "fell", "was", "flat", "in", "first", "second", "third", "fourth", "quarter", "margin"]
WORDS += ["widened", "narrowed", "held", "sales", "grew"]


@pytest.fixture(scope="module", autouse=True)
def device() -> Iterator[str]:
    """`cuda`; without one the tests are skipped, or rehearsed on the CPU."""
    if REHEARSED:
        yield "cpu"
        return
    if not torch.cuda.is_available():
        pytest.skip("torch sees no accelerator here; GPU_CHECK_ON_CPU=1 rehearses these tests without one")
    if not torch.cuda.is_bf16_supported():
        pytest.skip(f"{torch.cuda.get_device_name()} has no bf16, so the adapters would train in fp32 on the CPU")
    yield "cuda"
    torch.cuda.empty_cache()


@pytest.fixture(params=["tiny", "real"])
def model(request: pytest.FixtureRequest) -> Path:
    """The folder of a tiny random model, and of the small real one."""
    if request.param == "real" and REHEARSED:
        pytest.skip("the real model takes too long in a rehearsal on the CPU")
    folder: Path = request.getfixturevalue(f"{request.param}_model")
    return folder


@pytest.fixture
def rate(model: Path) -> float:
    """A learning rate that moves this model within a few steps."""
    return 5e-3 if model.name == "tiny" else 5e-5


@pytest.fixture
def tones(tmp_path: Path, tone_file: Path) -> Prepared:
    return prepare([DataSource(path=str(tone_file))], tmp_path / "tones.jsonl", seed=1)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A folder of 24 documents, the longest longer than a packed row."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(24):
        text = " ".join(WORDS[(number + i) % len(WORDS)] for i in range(20 + 7 * number))
        (folder / f"d{number:02}.txt").write_text(text + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def pairs(tmp_path: Path, tone_rows: list[dict[str, Any]]) -> Prepared:
    rows = [
        {"id": row["id"], "prompt": row["prompt"], "chosen": row["completion"], "rejected": OTHER[row["completion"]]}
        for row in tone_rows
    ]
    path = tmp_path / "given.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return prepare([DataSource(path=str(path))], tmp_path / "pairs.jsonl", seed=1)


def metrics(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def losses(out: Path) -> list[float]:
    return [entry["loss"] for entry in metrics(out) if "loss" in entry]


def has_fallen(found: list[float], to: float = 0.8) -> bool:
    """Whether the last third of the losses is below this share of the first."""
    third = max(1, len(found) // 3)
    return sum(found[-third:]) < to * sum(found[:third])


def reload(done: Checkpoint, device: str) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(done.path).to(device).eval()


def test_bf16_is_chosen_by_detection_and_weights_stay_fp32(
    model: Path, tones: Prepared, tmp_path: Path, device: str, rate: float
) -> None:
    from safetensors.torch import load_file

    from trainers.hf import has_gpu
    from trainers.memory import accelerator_here, peak_gib

    done = SFT()(str(model), tones, SftSettings(max_steps=2, learning_rate=rate), tmp_path / "out", seed=1)
    assert has_gpu() is (device == "cuda")
    assert done.notes["precision"] == ("bf16" if device == "cuda" else "fp32")
    assert {tensor.dtype for tensor in load_file(done.path / "model.safetensors").values()} == {torch.float32}
    if device == "cuda":
        assert accelerator_here(), "the driver's device file is what plans look for"
        assert torch.cuda.max_memory_allocated() > 4 * sum(p.numel() for p in reload(done, "cpu").parameters())
        assert peak_gib() == pytest.approx(torch.cuda.max_memory_reserved() / 2**30, abs=0.01)
        told = SftSettings(max_steps=2, learning_rate=rate, precision="fp32")
        assert SFT()(str(model), tones, told, tmp_path / "told", seed=1).notes["precision"] == "fp32"


@pytest.mark.parametrize("packing", [False, True])
def test_sft_learns(model: Path, tones: Prepared, tmp_path: Path, device: str, rate: float, packing: bool) -> None:
    config = SftSettings(
        learning_rate=rate, max_steps=24, batch_size=2 if packing else 8, packing=packing, max_length=128, log_steps=1
    )
    done = SFT()(str(model), tones, config, tmp_path / "out", seed=1)
    assert has_fallen(losses(tmp_path / "out"))
    assert done.steps == 24 and done.tokens
    with torch.no_grad():
        found = reload(done, device)(input_ids=torch.tensor([[1, 2, 1, 2]], device=device)).logits
    assert found.isfinite().all()


def test_cpt_lowers_the_perplexity_of_text_held_out(model: Path, texts: Path, tmp_path: Path, rate: float) -> None:
    data = prepare([DataSource(path=str(texts))], tmp_path / "data.jsonl", seed=1)
    config = CptSettings(learning_rate=rate, epochs=6, batch_size=2, max_length=64, log_steps=1, heldout=0.1)
    done = CPT()(str(model), data, config, tmp_path / "out", seed=1)
    held = done.notes["held_out"]
    assert held["perplexity_after"] < 0.7 * held["perplexity_before"]
    assert has_fallen(losses(tmp_path / "out"))
    assert done.tokens == done.notes["tokens_planned"], "padding is not counted"


def test_joint_learns_from_both(model: Path, texts: Path, tone_file: Path, tmp_path: Path, rate: float) -> None:
    sources = [DataSource(path=str(texts), weight=1), DataSource(path=str(tone_file), weight=1)]
    data = prepare(sources, tmp_path / "data.jsonl", seed=1)
    config = JointSettings(learning_rate=rate, epochs=6, batch_size=2, max_length=128, log_steps=1, heldout=0)
    done = Joint()(str(model), data, config, tmp_path / "out", seed=1)
    assert has_fallen(losses(tmp_path / "out"))
    shares = [source["share"] for source in done.notes["groups"][0]["sources"]]
    assert shares == pytest.approx([0.5, 0.5], abs=0.03)


def test_dpo_raises_the_margin_from_zero(model: Path, pairs: Prepared, tmp_path: Path, rate: float) -> None:
    config = DpoSettings(alpha=0.0, beta=0.5, learning_rate=rate, max_steps=18, batch_size=8, log_steps=1)
    DPO()(str(model), pairs, config, tmp_path / "out", seed=1)
    found = [entry for entry in metrics(tmp_path / "out") if "rewards/margins" in entry]
    # reference and policy are the same weights; in bf16 their log-probabilities differ by rounding
    assert found[0]["rewards/margins"] == pytest.approx(0, abs=0.05)
    assert found[-1]["rewards/margins"] > found[0]["rewards/margins"] + 0.02
    assert has_fallen(losses(tmp_path / "out"), to=0.95)


def test_grpo_samples_scores_and_learns(model: Path, tmp_path: Path) -> None:
    data = prepare([DataSource(task="fin_tone", examples=24)], tmp_path / "tone.jsonl", seed=1)
    tiny = model.name == "tiny"
    config = GrpoSettings(
        generations=8, batch_size=32, max_completion_length=3 if tiny else 16, max_prompt_length=256,
        learning_rate=1e-2 if tiny else 1e-6, max_steps=25 if tiny else 3, warmup=0, log_steps=1,
    )  # fmt: skip
    done = GRPO()(str(model), data, config, tmp_path / "out", seed=1)
    assert done.notes["replies"] == config.max_steps * 32 and done.tokens  # type: ignore[operator]
    if tiny:
        assert done.notes["reward"]["last_third"] > done.notes["reward"]["first_third"]


@pytest.mark.parametrize("checkpointing", [False, True])
def test_recomputed_activations_change_no_loss(
    model: Path, tones: Prepared, tmp_path: Path, rate: float, checkpointing: bool
) -> None:
    config = SftSettings(
        learning_rate=rate, max_steps=2, packing=True, batch_size=2, max_length=128, log_steps=1, warmup=0,
        activation_checkpointing=checkpointing,
    )  # fmt: skip
    done = SFT()(str(model), tones, config, tmp_path / "out", seed=1)
    plain = SFT()(
        str(model), tones, config.model_copy(update={"activation_checkpointing": False}), tmp_path / "plain", seed=1
    )
    assert done.notes["activation_checkpointing"] is checkpointing
    assert losses(tmp_path / "out") == pytest.approx(losses(tmp_path / "plain"), rel=0.02)
    assert plain.tokens == done.tokens


def test_a_broken_run_goes_on(
    model: Path, tones: Prepared, tmp_path: Path, rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not to the same bits, as on a CPU: kernels of accelerators add in an order of their own."""
    from trainers import loop

    config = SftSettings(
        learning_rate=rate, max_steps=8, batch_size=2, packing=True, max_length=128, save_steps=2, log_steps=1
    )
    straight = SFT()(str(model), tones, config, tmp_path / "straight", seed=5)
    original = loop.Careful.training_step

    def falls_over(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.state.global_step == 5:
            raise KeyboardInterrupt
        return original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Careful, "training_step", falls_over)
        with pytest.raises(KeyboardInterrupt):
            SFT()(str(model), tones, config, tmp_path / "broken", seed=5)
    resumed = SFT()(str(model), tones, config, tmp_path / "broken", seed=5)
    assert resumed.notes["resumed_from_step"] == 4
    assert resumed.tokens == straight.tokens
    steps = [entry["step"] for entry in metrics(tmp_path / "broken") if "loss" in entry]
    assert steps == list(range(1, 9)), "each step is logged once"
    assert losses(tmp_path / "broken") == pytest.approx(losses(tmp_path / "straight"), rel=0.05)


@pytest.mark.parametrize("merge", [True, False])
def test_low_rank_adapters_load_again(
    model: Path, tones: Prepared, tmp_path: Path, device: str, rate: float, merge: bool
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    lora = {"rank": 8, "merge": merge}
    config = SftSettings(learning_rate=10 * rate, max_steps=16, batch_size=8, lora=lora, log_steps=1)
    done = SFT()(str(model), tones, config, tmp_path / "out", seed=1)
    assert has_fallen(losses(tmp_path / "out"), to=0.95)
    assert (done.path / "adapter_config.json").exists() is not merge
    base = AutoModelForCausalLM.from_pretrained(model).to(device).eval()
    if merge:
        trained = reload(done, device)
    else:
        from peft import PeftModel

        trained = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(model), done.path).to(device).eval()
    tokenizer = AutoTokenizer.from_pretrained(done.path)
    row = next(tones.read())
    chat = [*row["prompt"], {"role": "assistant", "content": row["completion"]}]
    ids = tokenizer.apply_chat_template(chat, return_tensors="pt", return_dict=True)["input_ids"].to(device)
    asked = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=True)["input_ids"]
    labels = ids.clone()
    labels[:, : len(asked)] = -100
    with torch.no_grad():
        before, after = (float(one(input_ids=ids, labels=labels).loss) for one in (base, trained))
    assert after < before


@pytest.fixture
def packed(model: Path) -> Callable[[bool], tuple[dict[str, Any], list[Any]]]:
    """Two rows of five sequences of random tokens, as a batch (rows apart, or flat), and the sequences alone."""
    import numpy as np

    from trainers.data.packing import Collator

    size = json.loads((model / "config.json").read_text())["vocab_size"]
    rng = np.random.default_rng(1)
    parts = [[rng.integers(3, size, length) for length in lengths] for lengths in ((40, 21), (17, 30, 9))]
    rows = [
        {"input_ids": np.concatenate(row), "labels": np.concatenate(row), "seq_lengths": [len(one) for one in row]}
        for row in parts
    ]

    def build(flat: bool) -> tuple[dict[str, Any], list[Any]]:
        return Collator(pad=2, flat=flat)(rows), [torch.from_numpy(one)[None] for row in parts for one in row]

    return build


def attentions() -> list[str]:
    from transformers.utils import is_flash_attn_2_available

    return [
        "sdpa",
        "eager",
        *(["flash_attention_2"] if torch.cuda.is_available() and is_flash_attn_2_available() else []),
    ]


def relative(found: Any, expected: Any) -> float:
    """Root mean square of the difference over that of what is expected."""
    return float((found - expected).square().mean().sqrt() / expected.square().mean().sqrt())


@pytest.mark.parametrize("attention", attentions())
def test_packed_logits_and_loss_equal_separate_ones_in_bf16(
    model: Path, packed: Callable[[bool], tuple[dict[str, Any], list[Any]]], device: str, attention: str
) -> None:
    """Within what bf16 itself loses; a leak, made on purpose below, is far outside."""
    from transformers import AutoModelForCausalLM

    loaded = AutoModelForCausalLM.from_pretrained(model, attn_implementation=attention).to(device).eval()
    flat = "flash" in attention
    batch, alone = packed(flat)
    ids, positions = (batch[name].to(device) for name in ("input_ids", "position_ids"))

    def logits(ids: Any, positions: Any = None, dtype: Any = torch.bfloat16) -> Any:
        with torch.no_grad(), torch.autocast(device, dtype=dtype, enabled=dtype != torch.float32):
            more = {} if positions is None else {"position_ids": positions}
            return loaded(input_ids=ids, use_cache=False, **more).logits.float()

    def apart(found: Any) -> list[Any]:
        """The sequences of a batch's logits, padding left out."""
        if flat:
            return list(found[0].split([40, 21, 17, 30, 9]))
        return [*found[0].split([40, 21]), *found[1][:56].split([17, 30, 9])]

    exact = [logits(one.to(device), dtype=torch.float32 if not flat else torch.bfloat16)[0] for one in alone]
    separate = [logits(one.to(device))[0] for one in alone]
    together = apart(logits(ids, positions))
    running = torch.arange(ids.shape[1], device=device).expand_as(ids)
    leaking = apart(logits(ids, running))
    # rounding to bf16 keeps 8 bits; through the layers of a small model it adds up to a few of the last one
    bound = max(4 * max(relative(one, true) for one, true in zip(separate, exact, strict=True)), 0.02)
    assert max(relative(one, other) for one, other in zip(together, separate, strict=True)) < bound
    # sequences after the first of a row would see it
    assert max(relative(leaking[i], separate[i]) for i in (1, 3, 4)) > bound, "this is what the line above would see"

    def loss(found: list[Any]) -> float:
        parts = [
            torch.nn.functional.cross_entropy(one[:-1], ids[0, 1:].to(device), reduction="sum")
            for one, ids in zip(found, alone, strict=True)
        ]
        return float(sum(parts) / sum(one.shape[1] - 1 for one in alone))

    assert loss(together) == pytest.approx(loss(separate), rel=0.01)


@pytest.mark.parametrize("attention", attentions())
def test_no_gradient_leaks_between_packed_sequences_in_bf16(
    model: Path, packed: Callable[[bool], tuple[dict[str, Any], list[Any]]], device: str, attention: str
) -> None:
    from transformers import AutoModelForCausalLM

    loaded = AutoModelForCausalLM.from_pretrained(model, attn_implementation=attention).to(device).eval()
    flat = "flash" in attention
    batch, _ = packed(flat)
    embedded = loaded.get_input_embeddings()(batch["input_ids"].to(device)).detach().requires_grad_(True)
    with torch.autocast(device, dtype=torch.bfloat16):
        found = loaded(inputs_embeds=embedded, position_ids=batch["position_ids"].to(device), use_cache=False).logits
    row, here = (0, slice(78, 108)) if flat else (1, slice(17, 47))  # the sequence of 30 tokens
    found[row, here].float().square().sum().backward()
    reached = embedded.grad.abs().sum(dim=-1) > 0
    assert reached[row, here].all()
    reached[row, here] = False
    assert not reached.any()


def test_a_checkpoint_is_scored_where_it_was_trained(model: Path, device: str) -> None:
    import asyncio

    from inspect_ai.model import ChatMessageUser

    from finbench.evaluation.local import CheckpointAPI

    question = [ChatMessageUser(content="profit rose in the first quarter . answer with one word .")]

    def weighed(**more: Any) -> list[float]:
        served = CheckpointAPI("local", model_path=str(model), **more)
        assert served.model.device.type == more.get("device", device)
        return asyncio.run(served.option_logprobs(question, [" positive", " negative", " neutral"]))

    assert weighed() == pytest.approx(weighed(device="cpu"), abs=0.05)
