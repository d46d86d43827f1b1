"""Which model is meant: strings, checkpoint folders, their names and fingerprints."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from finbench.errors import InputError
from finbench.evaluation.models import checkpoint_sha256, model_spec


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder with all that is looked for; its weights hold nothing."""
    folder = tmp_path / "runs" / "my-model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "tokenizer.json").write_text("{}")
    return folder


def test_a_checkpoint_folder_is_named_after_itself_and_runs_greedily_in_this_process(checkpoint: Path) -> None:
    spec = model_spec(str(checkpoint))
    assert (spec.model, spec.name, spec.checkpoint) == ("checkpoint/local", "my-model", checkpoint.resolve())
    assert spec.args == {}
    assert spec.sha256 and len(spec.sha256) == 64
    assert spec.slug == f"my-model-{spec.sha256[:8]}"


@pytest.mark.parametrize("form", ["{}", "{}/", "hf/{}"])
def test_a_folder_may_be_written_in_several_ways(checkpoint: Path, form: str) -> None:
    assert model_spec(form.format(checkpoint)).checkpoint == checkpoint.resolve()


def test_a_relative_folder_is_a_folder(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkpoint.parent)
    for form in ("my-model", "./my-model", "hf/./my-model", "../runs/my-model"):
        assert model_spec(form).checkpoint == checkpoint.resolve(), form


def test_a_public_name_takes_the_place_of_the_folders(checkpoint: Path) -> None:
    spec = model_spec(str(checkpoint), name="Llama-Fin 8B (SFT)")
    assert spec.name == "Llama-Fin 8B (SFT)" and spec.slug.startswith("Llama-Fin-8B-SFT-")


def test_a_model_string_stays_what_it_is() -> None:
    spec = model_spec("openai/gpt-4o-mini", args={"x": 1}, base_url="http://here/v1")
    assert (spec.model, spec.name, spec.checkpoint, spec.sha256) == (
        "openai/gpt-4o-mini",
        "openai/gpt-4o-mini",
        None,
        None,
    )
    assert spec.args == {"x": 1}


def test_the_folder_of_logs_tells_models_and_their_arguments_apart(checkpoint: Path) -> None:
    a, b = model_spec("openai/x"), model_spec("openai/x", args={"reasoning": "high"})
    assert a.slug != b.slug and a.slug == model_spec("openai/x").slug
    (checkpoint / "model.safetensors").write_bytes(b"others!")
    assert all("/" not in spec.slug for spec in (a, b))


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda folder: (folder / "config.json").unlink(), "has no readable config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "has no readable config.json"),
        (lambda folder: (folder / "config.json").write_text("[]"), "has no readable config.json"),
        (lambda folder: (folder / "config.json").write_text("{}"), "names no model_type"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no weights .*is the checkpoint complete"),
        (lambda folder: (folder / "tokenizer.json").unlink(), r"no tokenizer \(tokenizer.json\)"),
    ],
    ids=["no config", "broken config", "list", "no type", "no weights", "no tokenizer"],
)
def test_a_folder_that_is_no_model_says_what_is_missing(
    checkpoint: Path, break_it: Callable[[Path], object], says: str
) -> None:
    break_it(checkpoint)
    with pytest.raises(InputError, match=says) as caught:
        model_spec(str(checkpoint))
    assert "my-model" in caught.value.message and "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/nowhere/at/all", "the model folder /nowhere/at/all does not exist"),
        ("hf//nowhere/at/all", "the model folder /nowhere/at/all does not exist"),
        ("./absent", "the model folder absent does not exist"),
        ("gpt-4o", "'gpt-4o' is neither a model string like openai/gpt-4o-mini nor a folder"),
    ],
)
def test_a_string_that_means_no_model_is_refused(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        model_spec(text)


# --- fingerprints


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "generation_config.json", "chat_template.jinja"]
)
def test_what_decides_the_answers_decides_the_fingerprint(checkpoint: Path, name: str) -> None:
    before = checkpoint_sha256(checkpoint)
    old = (checkpoint / name).read_text() if (checkpoint / name).exists() else ""
    (checkpoint / name).write_text(old + " ")
    assert checkpoint_sha256(checkpoint) != before


@pytest.mark.parametrize("name", ["README.md", "training_args.txt", "lineage.json", "optimizer.pt"])
def test_what_does_not_is_no_part_of_it(checkpoint: Path, name: str) -> None:
    before = checkpoint_sha256(checkpoint)
    (checkpoint / name).write_text("x")
    assert checkpoint_sha256(checkpoint) == before


def test_a_copy_elsewhere_has_the_same_fingerprint(checkpoint: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    assert checkpoint_sha256(copy) == checkpoint_sha256(checkpoint)


def test_weights_are_read_once_until_size_or_time_changes(checkpoint: Path) -> None:
    first = checkpoint_sha256(checkpoint)
    weights = checkpoint / "model.safetensors"
    times = (weights.stat().st_atime_ns, weights.stat().st_mtime_ns)
    weights.write_bytes(b"WEIGHTS")
    os.utime(weights, ns=times)
    assert checkpoint_sha256(checkpoint) == first, "same size and time: the cached value"
    os.utime(weights, ns=(times[0], times[1] + 1))
    assert checkpoint_sha256(checkpoint) != first


def test_a_broken_cache_is_made_again(checkpoint: Path) -> None:
    first = checkpoint_sha256(checkpoint)
    cache = Path(os.environ["FINBENCH_CACHE"]) / "checkpoints.json"
    assert list(json.loads(cache.read_text()).values()) == [first]
    for broken in ("", "[]", '{"a'):
        cache.write_text(broken)
        assert checkpoint_sha256(checkpoint) == first


@pytest.mark.parametrize("place", ["beside", "above"])
def test_the_lineage_of_a_checkpoint_is_hashed(checkpoint: Path, place: str) -> None:
    import hashlib

    assert model_spec(str(checkpoint)).lineage_sha256 is None
    folder = checkpoint if place == "beside" else checkpoint.parent
    (folder / "lineage.json").write_text("{}")
    assert model_spec(str(checkpoint)).lineage_sha256 == hashlib.sha256(b"{}").hexdigest()
