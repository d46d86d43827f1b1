"""Merging: against hand calculations, limits that give the inputs back, and models that do not fit."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mergekit")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from finbench.errors import InputError
from trainers.base import Prepared
from trainers.merge import Merge, MergeSettings
from trainers.merge_check import headers, stored_type


@pytest.fixture(scope="module")
def experts(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The tiny model and two more with the same shapes and other weights."""
    from safetensors.torch import load_file, save_file

    torch = pytest.importorskip("torch")
    root = tmp_path_factory.mktemp("experts")
    found = {"base": str(tiny_model)}
    for index, name in enumerate(("one", "two"), start=1):
        folder = shutil.copytree(tiny_model, root / name)
        generator = torch.Generator().manual_seed(index)
        weights = load_file(folder / "model.safetensors")
        changed = {k: v + 0.05 * torch.randn(v.shape, generator=generator) for k, v in sorted(weights.items())}
        save_file(changed, folder / "model.safetensors", metadata={"format": "pt"})
        found[name] = str(folder)
    return found


def weights(folder: Path | str) -> dict[str, Any]:
    from safetensors.torch import load_file

    found: dict[str, Any] = {}
    for path in sorted(Path(folder).glob("*.safetensors")):
        found |= load_file(path)
    return found


def merge(config: dict[str, Any], folders: dict[str, str], out: Path) -> dict[str, Any]:
    data = Prepared(path=out / "none", rows=0, sha256="")
    done = Merge()(folders["base"], data, MergeSettings.model_validate(config), out, seed=1, inputs=folders)
    return weights(done.path)


def models(**shares: float | None) -> list[dict[str, Any]]:
    return [{"model": name, "weight": share} for name, share in shares.items()]


def close(ours: dict[str, Any], theirs: dict[str, Any], tolerance: float = 1e-6) -> bool:
    assert ours.keys() == theirs.keys()
    return all(float((ours[name] - theirs[name]).abs().max()) <= tolerance for name in ours)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1), normalize=st.booleans())
def test_linear_is_the_weighted_mean(experts: dict[str, str], tmp_path: Path, share: float, normalize: bool) -> None:
    one, two = weights(experts["one"]), weights(experts["two"])
    config = {"method": "linear", "models": models(one=share, two=2 - share), "normalize": normalize}
    got = merge(config, experts, tmp_path)
    total = 2 if normalize else 1
    assert close(got, {name: (share * one[name] + (2 - share) * two[name]) / total for name in one}, 2e-6)


def test_linear_with_weights_one_and_zero_gives_the_first_back(experts: dict[str, str], tmp_path: Path) -> None:
    got = merge({"method": "linear", "models": models(one=1, two=0)}, experts, tmp_path)
    assert close(got, weights(experts["one"]), 0)
    again = merge({"method": "linear", "models": models(two=0, one=1)}, experts, tmp_path)
    assert close(again, got, 0)


@pytest.mark.parametrize(("t", "name"), [(0.0, "one"), (1.0, "two")])
def test_slerp_starts_and_ends_at_its_models(experts: dict[str, str], tmp_path: Path, t: float, name: str) -> None:
    got = merge({"method": "slerp", "models": models(one=None, two=None), "t": t}, experts, tmp_path)
    assert close(got, weights(experts[name]))


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(t=st.floats(0, 1))
def test_slerp_of_equal_models_is_that_model(
    experts: dict[str, str], tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, t: float
) -> None:
    copy = shutil.copytree(experts["one"], tmp_path_factory.mktemp("copy") / "twin")
    folders = experts | {"twin": str(copy)}
    got = merge({"method": "slerp", "models": models(one=None, twin=None), "t": t}, folders, tmp_path)
    assert close(got, weights(experts["one"]))


def test_slerp_goes_along_the_arc(experts: dict[str, str], tmp_path: Path) -> None:
    t = 0.3
    got = merge({"method": "slerp", "models": models(one=None, two=None), "t": t}, experts, tmp_path)
    one, two = weights(experts["one"]), weights(experts["two"])
    for name, merged in got.items():
        a, b = one[name].double().flatten(), two[name].double().flatten()
        cosine = float(a @ b / (a.norm() * b.norm()))
        if abs(cosine) > 0.9995:
            expected = (1 - t) * a + t * b
        else:
            angle = math.acos(cosine)
            expected = (math.sin((1 - t) * angle) * a + math.sin(t * angle) * b) / math.sin(angle)
        assert float((merged.flatten() - expected).abs().max()) < 1e-5


def test_ties_agrees_with_a_calculation_by_hand(tiny_model: Path, tmp_path: Path) -> None:
    """Algorithm 1 of arXiv:2306.01708 on four weights: trim half, elect the sign of the sum, mean of those with it."""
    import torch
    from safetensors.torch import load_file, save_file

    name = "model.norm.weight"  # 64 weights: the pattern of four, repeated
    changes = {
        "one": [4.0, 3.0, 0.5, -1.0],  # half are kept: 4, 3
        "two": [-1.0, 2.0, 0.1, -3.0],  # 2, -3
        "three": [-6.0, 0.2, 0.3, 5.0],  # -6, 5
    }
    # weight 0: 4 and -6 sum to -2, so -6; weight 1: mean of 3 and 2; weight 2: all trimmed; weight 3: -3 and 5 give 5
    expected = torch.tensor([-6.0, 2.5, 0.0, 5.0]).repeat(16)
    base = weights(tiny_model)
    folders = {"base": str(tiny_model)}
    for model, change in changes.items():
        folder = shutil.copytree(tiny_model, tmp_path / model)
        mine = load_file(folder / "model.safetensors")
        mine[name] = mine[name] + torch.tensor(change).repeat(16)
        save_file(mine, folder / "model.safetensors", metadata={"format": "pt"})
        folders[model] = str(folder)
    entries = [{"model": model, "density": 0.5} for model in changes]
    got = merge({"method": "ties", "models": entries}, folders, tmp_path / "a")
    assert torch.allclose(got[name], base[name] + expected, atol=1e-6)
    assert close({k: v for k, v in got.items() if k != name}, {k: v for k, v in base.items() if k != name})
    scaled = merge({"method": "ties", "models": entries, "scale": 0.5}, folders, tmp_path / "b")
    assert torch.allclose(scaled[name], base[name] + 0.5 * expected, atol=1e-6)
    alone = merge({"method": "ties", "models": [{"model": "one"}]}, folders, tmp_path / "c")
    assert close(alone, weights(folders["one"]))


def test_the_result_loads_and_has_the_tokenizer_of_its_first_model(experts: dict[str, str], tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    merge({"method": "linear", "models": models(one=1, base=1)}, experts, tmp_path)
    folder = tmp_path / "checkpoint"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.chat_template == AutoTokenizer.from_pretrained(experts["one"]).chat_template
    model, report = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    assert model.config.use_cache
    assert not [path for path in folder.iterdir() if path.suffix in {".bin", ".py", ".pkl"}]


def test_bf16_checkpoints_stay_bf16_and_are_merged_in_fp32(experts: dict[str, str], tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    folders = dict(experts)
    for name in ("one", "two"):
        folder = shutil.copytree(experts[name], tmp_path / name)
        half = {key: value.bfloat16() for key, value in weights(folder).items()}
        save_file(half, folder / "model.safetensors", metadata={"format": "pt"})
        folders[name] = str(folder)
    got = merge({"method": "linear", "models": models(one=1, two=2)}, folders, tmp_path / "out")
    one, two = weights(folders["one"]), weights(folders["two"])
    assert {value.dtype for value in got.values()} == {torch.bfloat16}
    for name, value in got.items():
        assert torch.equal(value, ((one[name].float() + 2 * two[name].float()) / 3).bfloat16())
    assert stored_type(folders["one"]) == "bfloat16"


def test_models_that_do_not_fit_are_one_sentence(experts: dict[str, str], tmp_path: Path) -> None:
    from safetensors.torch import save_file

    def attempt(change: Any) -> str:
        folder = tmp_path / "changed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(experts["two"], folder)
        change(folder)
        with pytest.raises(InputError) as caught:
            merge(
                {"method": "linear", "models": models(one=1, two=1)}, experts | {"two": str(folder)}, tmp_path / "out"
            )
        assert "\n" not in caught.value.message and not (tmp_path / "out" / "checkpoint").exists()
        return caught.value.message

    def other_config(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"num_attention_heads": 2}))

    def other_shape(folder: Path) -> None:
        changed = weights(folder)
        changed["model.norm.weight"] = changed["model.norm.weight"][:32].clone()
        save_file(changed, folder / "model.safetensors")

    def one_missing(folder: Path) -> None:
        changed = weights(folder)
        del changed["model.norm.weight"]
        save_file(changed, folder / "model.safetensors")

    def other_vocabulary(folder: Path) -> None:
        text = (folder / "tokenizer.json").read_text()
        (folder / "tokenizer.json").write_text(text.replace('"profit"', '"loss"'))

    assert "num_attention_heads 4 in one and 2 in the other" in attempt(other_config)
    assert "model.norm.weight has the shape [64] in one and [32] in the other" in attempt(other_shape)
    assert "two has no weight model.norm.weight" in attempt(one_missing)
    assert "tokenizers give different numbers" in attempt(other_vocabulary)
    assert "two is an adapter" in attempt(lambda folder: (folder / "adapter_config.json").write_text("{}"))
    assert "cannot be read as safetensors" in attempt(lambda f: (f / "model.safetensors").write_bytes(b"x" * 20))
    assert "no weights as safetensors" in attempt(lambda folder: (folder / "model.safetensors").unlink())
    with pytest.raises(InputError, match="one and again are the same checkpoint"):
        merge(
            {"method": "linear", "models": models(one=1, again=1)},
            experts | {"again": experts["one"]},
            tmp_path / "out",
        )


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"method": "linear", "models": [{"model": "a"}]}, "at least two"),
        ({"method": "linear", "models": [{"model": "a"}, {"model": "a"}]}, "each model once"),
        ({"method": "slerp", "models": [{"model": "a"}, {"model": "b"}]}, "`t` belongs"),
        ({"method": "slerp", "models": [{"model": m} for m in "abc"], "t": 0.5}, "exactly two"),
        ({"method": "slerp", "models": [{"model": "a", "weight": 1}, {"model": "b"}], "t": 0.5}, "no weights"),
        ({"method": "linear", "models": [{"model": "a"}, {"model": "b"}], "t": 0.5}, "`t` belongs"),
        ({"method": "linear", "models": [{"model": "a"}, {"model": "b"}], "base": "base"}, "belong to `ties`"),
        ({"method": "ties", "models": [{"model": "base"}]}, "cannot be one of the models"),
        ({"method": "linear", "models": [{"model": "a", "weight": 1}, {"model": "b", "weight": -1}]}, "more than 0"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(config: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        MergeSettings.model_validate(config)


def test_rows_are_refused(experts: dict[str, str], tmp_path: Path) -> None:
    config = MergeSettings.model_validate({"method": "linear", "models": models(one=1, two=1)})
    with pytest.raises(InputError, match="take its `data` away"):
        Merge()(
            experts["base"], Prepared(path=tmp_path / "x", rows=1, sha256=""), config, tmp_path, seed=1, inputs=experts
        )


def test_several_processes_are_refused(
    experts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match="one process"):
        merge({"method": "linear", "models": models(one=1, two=1)}, experts, tmp_path)


def test_headers_name_every_weight(tiny_model: Path) -> None:
    found = headers(str(tiny_model))
    assert {name: shape for name, (_, shape) in found.items()} == {
        name: tuple(value.shape) for name, value in weights(tiny_model).items()
    }
