"""The adapters cpt and joint on a tiny model: what is learned, in which shares, how it resumes, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from finbench.errors import InputError
from trainers.base import Prepared, StageError
from trainers.cpt import CPT, CptSettings
from trainers.data.sources import prepare
from trainers.data.store import IGNORED
from trainers.joint import Joint, JointSettings
from trainers.recipe import DataSource
from trainers.sft import SFT, SftSettings

WORDS = ["profit", "rose", "fell", "was", "flat", "in", "first", "second", "third", "fourth", "quarter", "margin"]
WORDS += ["widened", "narrowed", "held", "sales", "grew"]


def document(number: int, length: int) -> str:
    """A text with a pattern that can be learned: the words follow each other in a circle."""
    return " ".join(WORDS[(number + i) % len(WORDS)] for i in range(length))


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A folder of 24 documents, the longest longer than a packed row."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(24):
        (folder / f"d{number:02}.txt").write_text(document(number, 20 + 7 * number) + "\n", encoding="utf-8")
    return folder


Build = Callable[..., Prepared]


@pytest.fixture
def build(tmp_path: Path, texts: Path, tone_file: Path) -> Build:
    """Prepares text and rows with answers; keywords go to the two sources."""

    def of(text: dict[str, Any] | None = None, tones: dict[str, Any] | None = None, *more: DataSource) -> Prepared:
        sources = [DataSource(path=str(texts), **text)] if text is not None else []
        sources += [DataSource(path=str(tone_file), **tones)] if tones is not None else []
        return prepare([*sources, *more], tmp_path / "data.jsonl", seed=1)

    return of


def config(**more: Any) -> dict[str, Any]:
    return {"learning_rate": 5e-3, "batch_size": 2, "max_length": 64, "log_steps": 1, "heldout": 0, **more}


def losses(out: Path) -> list[float]:
    entries = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [entry["loss"] for entry in entries if "loss" in entry]


def batches(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The batches that training steps get from now on."""
    from trainers import loop

    seen: list[dict[str, Any]] = []
    original = loop.Careful.training_step

    def spy(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append({key: value.clone() for key, value in inputs.items() if hasattr(value, "clone")})
        return original(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(loop.Careful, "training_step", spy)
    return seen


def sequences(batch: dict[str, Any]) -> list[tuple[list[int], list[int]]]:
    """Token ids and labels of each packed sequence of a batch, padding left out."""
    found = []
    for ids, labels, positions in zip(batch["input_ids"], batch["labels"], batch["position_ids"], strict=True):
        starts = [i for i, position in enumerate(positions.tolist()) if position == 0] + [len(positions)]
        parts = [slice(a, b) for a, b in pairwise(starts)]
        found += [(ids[part].tolist(), labels[part].tolist()) for part in parts]
    return [(ids, labels) for ids, labels in found if any(label != IGNORED for label in labels)]


def test_perplexity_on_held_out_text_falls(tiny_model: Path, build: Build, tmp_path: Path) -> None:
    settings = CptSettings(**config(epochs=6, heldout=0.1))
    done = CPT()(str(tiny_model), build({}), settings, tmp_path / "out", seed=1)
    held = done.notes["held_out"]
    assert held["perplexity_after"] < 0.5 * held["perplexity_before"]
    assert held["perplexity_before"] == pytest.approx(34, rel=0.3), "a random model of 34 words knows nothing"
    assert 0 < held["tokens"] <= 0.1 * done.notes["tokens_available"] and held["documents"] >= 1
    run = losses(tmp_path / "out")
    assert sum(run[-5:]) < 0.5 * sum(run[:5])
    assert done.tokens == done.notes["tokens_planned"]
    assert 0.9 < done.notes["fill"] <= 1.0


def test_every_token_of_the_text_is_learned_once_an_epoch(
    tiny_model: Path, build: Build, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoTokenizer

    seen = batches(monkeypatch)
    done = CPT()(str(tiny_model), build({}), CptSettings(**config()), tmp_path / "out", seed=1)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    documents = [
        [*tokenizer(path.read_text())["input_ids"], tokenizer.eos_token_id] for path in sorted(texts.iterdir())
    ]
    learned = [label for batch in seen for _, labels in sequences(batch) for label in labels if label != IGNORED]
    expected = [token for ids in documents for token in ids[1:]]
    assert sorted(learned) == sorted(expected), "each token but a document's first, which nothing predicts"
    assert learned.count(tokenizer.eos_token_id) == len(documents)
    assert done.notes["rows_split"] == sum(len(ids) > 64 for ids in documents) > 0
    assert done.notes["rows_dropped_as_too_long"] == done.notes["rows_truncated"] == 0
    assert done.notes["learned_tokens_planned"] == len(learned)


def test_in_a_joint_run_only_answers_and_text_are_learned(
    tiny_model: Path, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoTokenizer

    seen = batches(monkeypatch)
    data = build({}, {})
    Joint()(str(tiny_model), data, JointSettings(**config()), tmp_path / "out", seed=1)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    answers = {row["prompt"][0]["content"]: row["completion"] for row in data.read() if "prompt" in row}
    answered = 0
    for ids, labels in (part for batch in seen for part in sequences(batch)):
        learned = [label for label in labels if label != IGNORED]
        text = tokenizer.decode(ids)
        question = next((prompt for prompt in answers if prompt in text), None)
        if question is None:
            assert labels[1:] == ids[1:], "all of a text is learned"
        else:
            assert tokenizer.decode(learned) == f"{answers[question]} <|im_end|>"
            answered += 1
    assert answered == len(answers) == 48


def test_shares_are_by_tokens_and_the_larger_source_is_sampled_down(
    tiny_model: Path, build: Build, tmp_path: Path
) -> None:
    data = build({"weight": 0.25}, {"weight": 0.75})
    done = Joint()(str(tiny_model), data, JointSettings(**config()), tmp_path / "out", seed=1)
    (group,) = done.notes["groups"]
    text, tones = group["sources"]
    assert text["share"] == pytest.approx(0.25, abs=0.06) and tones["share"] == pytest.approx(0.75, abs=0.06)
    assert text["share"] == pytest.approx(text["tokens"] / group["tokens"], abs=1e-3)
    assert tones["passes"] == 1.0 and text["passes"] < 1.0, "nothing is read twice without being asked for"
    assert done.tokens == group["tokens"] == text["tokens"] + tones["tokens"]


def test_groups_follow_each_other_with_budgets_of_their_own(
    tiny_model: Path, build: Build, tone_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoTokenizer

    seen = batches(monkeypatch)
    again = DataSource(path=str(tone_file), group=2, weight=1.0)
    data = build({"group": 2, "weight": 3.0}, {"group": 1}, again)
    settings = JointSettings(**config(tokens=[600, 800], batch_size=1))
    done = Joint()(str(tiny_model), data, settings, tmp_path / "out", seed=1)
    first, second = done.notes["groups"]
    assert [group["group"] for group in (first, second)] == [1, 2]
    assert first["tokens"] == pytest.approx(600, abs=30) and second["tokens"] == pytest.approx(800, abs=60)
    assert second["sources"][0]["share"] == pytest.approx(0.75, abs=0.08)
    assert done.steps == first["packs"] + second["packs"] == len(seen)
    question = AutoTokenizer.from_pretrained(tiny_model)("is the tone")["input_ids"]
    texts_in = [
        any(question != ids[2:5] for ids, _ in sequences(batch)) for batch in seen
    ]  # a chat row begins with <|im_start|> and its role
    assert not any(texts_in[: first["packs"]]) and any(texts_in[first["packs"] :])


def test_a_budget_above_what_there_is_reads_rows_again_and_says_so(
    tiny_model: Path, build: Build, tmp_path: Path
) -> None:
    settings = JointSettings(**config(tokens="3k", batch_size=8))
    done = Joint()(str(tiny_model), build(None, {}), settings, tmp_path / "out", seed=1)
    (group,) = done.notes["groups"]
    available = group["sources"][0]["tokens_available"]
    assert group["sources"][0]["passes"] == pytest.approx(3000 / available, rel=0.02) and available < 3000


def test_the_loss_of_packed_rows_is_that_of_the_same_rows_apart(tiny_model: Path, build: Build, tmp_path: Path) -> None:
    data = build(None, {})
    common: dict[str, Any] = {"batch_size": 48, "max_length": 64, "log_steps": 1}  # all rows in one batch
    apart = SFT()(str(tiny_model), data, SftSettings(**common), tmp_path / "apart", seed=1)
    packed = SFT()(str(tiny_model), data, SftSettings(packing=True, **common), tmp_path / "packed", seed=1)
    assert packed.steps == apart.steps == 1 and packed.tokens == apart.tokens
    assert packed.notes["packs"] < 48
    assert packed.notes["loss"]["first"] == pytest.approx(apart.notes["loss"]["first"], rel=1e-5)


def test_perplexity_is_that_of_plain_forward_passes(tiny_model: Path, build: Build, tmp_path: Path) -> None:
    import math

    import torch
    from transformers import AutoModelForCausalLM

    from trainers.data.mixing import held_out
    from trainers.data.store import open_tokens

    settings = CptSettings(**config(max_steps=1, heldout=0.3))
    done = CPT()(str(tiny_model), build({}), settings, tmp_path / "out", seed=1)
    tokens = open_tokens(tmp_path / "out" / "resume" / "tokens")
    held = held_out(tokens, share=0.3, at_most=8000, text_sources={0})
    model = AutoModelForCausalLM.from_pretrained(tiny_model).eval()
    total, count = 0.0, 0
    for number in range(len(tokens)):
        if int(tokens.documents[number]) in held:
            ids = torch.from_numpy(tokens.sequence(number)[0])[None]
            with torch.no_grad():
                total += float(model(input_ids=ids, labels=ids).loss) * (ids.shape[1] - 1)
            count += ids.shape[1] - 1
    assert len(held) > 1 and len(held) == done.notes["held_out"]["documents"]
    assert done.notes["held_out"]["perplexity_before"] == pytest.approx(math.exp(total / count), rel=1e-5)


@pytest.mark.parametrize("adapter", ["cpt", "joint"])
def test_a_broken_run_resumes_to_the_same_bits(
    adapter: str, tiny_model: Path, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainers import loop

    settings: dict[str, Any] = config(max_steps=9, save_steps=2, learning_rate=1e-3)
    data = build({}) if adapter == "cpt" else build({}, {})

    def run(folder: str, seed: int) -> Any:
        if adapter == "cpt":
            return CPT()(str(tiny_model), data, CptSettings(**settings), tmp_path / folder, seed=seed)
        return Joint()(str(tiny_model), data, JointSettings(**settings), tmp_path / folder, seed=seed)

    straight, other = run("straight", 5), run("other", 6)
    original = loop.Careful.training_step

    def falls_over(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.state.global_step == 5:
            raise KeyboardInterrupt
        return original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Careful, "training_step", falls_over)
        with pytest.raises(KeyboardInterrupt):
            run("broken", 5)
    resumed = run("broken", 5)
    assert resumed.notes["resumed_from_step"] == 4 and resumed.tokens == straight.tokens
    weights = [(done.path / "model.safetensors").read_bytes() for done in (resumed, straight, other)]
    assert weights[0] == weights[1] != weights[2]
    assert losses(tmp_path / "broken") == losses(tmp_path / "straight")


@pytest.mark.parametrize("merge", [True, False])
def test_lora_works_on_packed_rows(tiny_model: Path, build: Build, tmp_path: Path, merge: bool) -> None:
    settings = CptSettings(**config(max_steps=6, learning_rate=2e-2, heldout=0.1, lora={"rank": 4, "merge": merge}))
    done = CPT()(str(tiny_model), build({}), settings, tmp_path / "out", seed=1)
    assert (done.path / "adapter_config.json").exists() is not merge
    assert done.notes["held_out"]["perplexity_after"] < done.notes["held_out"]["perplexity_before"]


def test_the_end_of_text_is_the_token_that_the_recipe_names(
    tiny_model: Path, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = batches(monkeypatch)
    CPT()(str(tiny_model), build({}), CptSettings(**config(end_of_text="<unk>")), tmp_path / "out", seed=1)
    ends = [ids[-1] for batch in seen for ids, _ in sequences(batch)]
    assert ends.count(0) == 24
    with pytest.raises(InputError, match=r"has no token '<\|eot\|>'; `end_of_text` names one of its vocabulary"):
        CPT()(str(tiny_model), build({}), CptSettings(**config(end_of_text="<|eot|>")), tmp_path / "no", seed=1)


def test_a_model_that_carries_a_state_along_is_refused(
    tiny_model: Path, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers.models.llama import modeling_llama

    original = modeling_llama.create_causal_mask

    def blind(*args: Any, **kwargs: Any) -> Any:  # as in an architecture whose layers read no positions
        return original(*args, **{**kwargs, "position_ids": None})

    monkeypatch.setattr(modeling_llama, "create_causal_mask", blind)
    with pytest.raises(StageError, match=r"LlamaForCausalLM lets packed sequences see each other"):
        CPT()(str(tiny_model), build({}), CptSettings(**config()), tmp_path / "out", seed=1)


def test_what_does_not_fit_together_is_one_sentence(
    tiny_model: Path, build: Build, tone_file: Path, tmp_path: Path
) -> None:
    def attempt(adapter: Any, data: Prepared, settings: Any) -> str:
        with pytest.raises(InputError) as caught:
            adapter(str(tiny_model), data, settings, tmp_path / "out", seed=1)
        assert "\n" not in caught.value.message
        return caught.value.message

    assert "take `sft` for them, or `joint` for both" in attempt(CPT(), build({}, {}), CptSettings(**config()))
    one = DataSource(path=str(tone_file), weight=2.0)
    assert "has no weight and other sources" in attempt(Joint(), build({}, None, one), JointSettings(**config()))
    two_groups = build({"group": 1}, {"group": 2})
    assert "the data has 2 groups" in attempt(Joint(), two_groups, JointSettings(**config(tokens=[5])))
    assert "one number a group" in attempt(Joint(), two_groups, JointSettings(**config(max_steps=5)))
    short = JointSettings(**config(max_length=5))
    assert "none of the 48 rows fits into max_length 5" in attempt(Joint(), build(None, {}), short)
    single = tmp_path / "single"
    single.mkdir()
    (single / "a.txt").write_text(document(1, 30))
    alone = prepare([DataSource(path=str(single))], tmp_path / "one.jsonl", seed=1)
    assert "set `heldout: 0`" in attempt(CPT(), alone, CptSettings(**config(heldout=0.1)))
