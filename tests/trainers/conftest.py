"""Shared by the trainers' tests: a tiny random Llama with its own tokenizer, rows for it, and recipes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

TEXT = (
    "is the tone of this sentence positive negative or neutral ? profit rose fell was flat in first second third "
    "fourth quarter margin widened narrowed held sales grew shrank answer with one word . user assistant system"
)
QUESTION = "is the tone of this sentence positive negative or neutral ?"
TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + ' ' + message['content'] + '<|im_end|>' + ' ' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant ' }}{% endif %}"
)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random Llama (hidden 64, 2 layers), a word-level tokenizer and a chat template."""
    torch = pytest.importorskip("torch")
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.set_num_threads(1)
    special = ["<unk>", "<|im_start|>", "<|im_end|>"]
    vocabulary = {word: index for index, word in enumerate([*special, *dict.fromkeys(TEXT.split())])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words,
        unk_token="<unk>",
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        chat_template=TEMPLATE,
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        tie_word_embeddings=True,
    )
    folder = tmp_path_factory.mktemp("model") / "tiny"
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tone_rows() -> list[dict[str, Any]]:
    """48 rows in which one word of the sentence decides the answer."""
    tones = {"rose": "positive", "fell": "negative", "was flat": "neutral"}
    rows = []
    for quarter in ("first", "second", "third", "fourth"):
        for subject in ("profit", "margin", "sales", "this"):
            for verb, tone in tones.items():
                text = f"{QUESTION} {subject} {verb} in the {quarter} quarter ."
                rows.append({"id": f"r{len(rows)}", "prompt": [{"role": "user", "content": text}], "completion": tone})
    return rows


@pytest.fixture
def tone_file(tmp_path: Path, tone_rows: list[dict[str, Any]]) -> Path:
    """The rows as JSON lines."""
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in tone_rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def real_model() -> Path:
    """The folder of the small real model, named by FINBENCH_TEST_MODEL."""
    folder = os.environ.get("FINBENCH_TEST_MODEL")
    if not folder or not (Path(folder) / "config.json").is_file():
        pytest.skip("FINBENCH_TEST_MODEL names no folder with SmolLM2-135M-Instruct")
    return Path(folder)


PLUGIN = '''
import json, os, signal, sys, time
from pathlib import Path
from typing import Any
from pydantic import BaseModel
from trainers.base import Checkpoint, StageError

class Settings(BaseModel, extra="forbid"):
    say: str = "ok"
    fail: str = ""
    times: int = 10**6

class Echo:
    """Copies the model and writes down what it was given; fails as told, so many times."""
    settings = Settings
    def __call__(self, model, data, config, out, *, seed):
        calls = out / "calls"
        count = len(calls.read_text().splitlines()) if calls.exists() else 0
        with calls.open("a") as lines:
            lines.write("call\\n")
        print("talk on stdout")
        if config.fail and count < config.times:
            if config.fail == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if config.fail == "stage":
                raise StageError("the loss became nan; lower it")
            if config.fail == "sleep":
                time.sleep(60)
            if config.fail == "empty":
                return Checkpoint(path=out / "nothing")
            raise RuntimeError("first line\\nsecond line")
        target = out / "checkpoint"
        target.mkdir(exist_ok=True)
        rows = [row["id"] for row in data.read()]
        parent = json.loads((Path(model) / "config.json").read_text())
        seen = {"parent": parent, "say": config.say, "rows": rows, "seed": seed}
        (target / "config.json").write_text(json.dumps(seen))
        (target / "model.safetensors").write_bytes(b"")
        return Checkpoint(path=target, steps=len(rows), tokens=None, notes={"loss": {"first": 2.0, "last": 1.0}})
'''


@pytest.fixture
def echo_trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed plug-in without torch: trainer `echo`, a broken one `broken`, and one that is no trainer."""
    site = tmp_path / "plugin-site"
    info = site / "finbench_echo-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: finbench-echo\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[finbench.trainers]\necho = finbench_echo:Echo\nbroken = finbench_echo_broken:X\n"
        "lacking = finbench_echo_lacking:X\nodd = finbench_echo:PLUGIN\nsft = finbench_echo:Echo\n"
    )
    (site / "finbench_echo.py").write_text(PLUGIN + "\nPLUGIN = 3\n")
    (site / "finbench_echo_broken.py").write_text("raise RuntimeError('no such chip')\n")
    (site / "finbench_echo_lacking.py").write_text("import a_module_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(site))
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{before}" if before else str(site))
    return site


@pytest.fixture
def fake_model(tmp_path: Path) -> Path:
    """A folder that looks like a model to the runner, for trainers that load none."""
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "none"}')
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def make(tmp_path: Path, fake_model: Path, tone_file: Path) -> Callable[..., Any]:
    """Makes recipes of stages with trainer `echo`, one for each configuration."""
    from trainers.recipe import Recipe

    def build(*configs: dict[str, Any], seeds: tuple[int, ...] = (1,), **more: Any) -> Any:
        stage = {"data": [{"path": str(tone_file), "examples": 5}], **more}
        stages = [
            {"name": f"s{index}", "trainer": "echo", "config": config, **stage} for index, config in enumerate(configs)
        ]
        claims: list[dict[str, Any]] = [{"improves": "fin_tone"}] if "evaluate" in stage else []
        if "suite" in stage.get("evaluate", {}):
            claims.append({"keeps": "fin_terms", "margin": 5})
        return Recipe.model_validate(
            {"name": "r", "base": str(fake_model), "seeds": seeds, "stages": stages, "hypotheses": claims}
        )

    return build


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands in for the benchmark: remembers what was scored, and compares as told."""
    from trainers import judge

    state: dict[str, Any] = {"models": [], "change": "better", "low": 0.02, "retention": "retained", "compared": []}

    def evaluate(name: str, folder: Path, evaluation: Any, log_dir: Path) -> Path:
        assert (folder / "config.json").is_file()
        state["models"].append(name)
        return log_dir / name

    def compare(logs: list[Path], *, baseline: Any, candidate: Any, margin: float | None) -> Any:
        names = [[one] if isinstance(one, str) else one for one in (baseline, candidate)]
        assert [path.name for path in logs] == [*names[0], *names[1]]
        state["compared"].append((baseline, candidate))
        several = isinstance(candidate, list)

        def entry(name: str) -> SimpleNamespace:
            return SimpleNamespace(
                name=name, metric="accuracy", n=100, baseline=0.4, candidate=0.5, difference=0.1,
                ci_low=state["low"], ci_high=0.18, p=0.01, p_holm=0.02,
                change=state["change"], verdict=state["retention"], mde=0.11,
                n_needed=400, official=True, flags=("few_seeds",) if several else (),
            )  # fmt: skip

        return SimpleNamespace(entry=entry, capabilities=[entry("tone")], tasks=[entry("fin_tone")])

    monkeypatch.setattr(judge, "evaluate", evaluate)
    monkeypatch.setattr(judge, "compare", compare)
    return state
