"""The grpo adapter: rewards are the scorers' own, evaluation rows are refused, the reward of a tiny model rises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from pydantic import ValidationError

from finbench.errors import InputError
from finbench.tasks.catalogue import definition
from finbench.tasks.prompts import render
from trainers.base import Prepared, StageError
from trainers.data.sources import prepare
from trainers.grpo import GRPO, GrpoSettings
from trainers.grpo_rewards import Rewarder
from trainers.recipe import DataSource


@pytest.fixture
def tone(tmp_path: Path) -> Prepared:
    """Rows of the training split of fin_tone."""
    return prepare([DataSource(task="fin_tone", examples=24)], tmp_path / "tone.jsonl", seed=1)


def settings(**more: Any) -> GrpoSettings:
    plain: dict[str, Any] = {
        "generations": 8,
        "batch_size": 32,
        "max_completion_length": 3,
        "max_prompt_length": 200,
        "learning_rate": 1e-2,
        "log_steps": 1,
        "max_steps": 2,
    }
    return GrpoSettings.model_validate(plain | more)


def metrics(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def test_the_reward_rises(tiny_model: Path, tone: Prepared, tmp_path: Path) -> None:
    config = settings(max_steps=25, warmup=0)
    done = GRPO()(str(tiny_model), tone, config, tmp_path / "out", seed=1)
    reward = done.notes["reward"]
    assert reward["last_third"] > reward["first_third"] + 0.1
    assert done.steps == 25 and done.notes["replies"] == 25 * 32
    assert done.tokens and done.tokens <= 25 * 32 * 203
    assert done.notes["tasks"] == ["fin_tone"]
    from transformers import AutoModelForCausalLM

    assert AutoModelForCausalLM.from_pretrained(done.path).config.use_cache


@pytest.mark.parametrize("lora", [{"rank": 4}, {"rank": 4, "merge": False}])
def test_adapters_are_merged_or_kept(tiny_model: Path, tone: Prepared, tmp_path: Path, lora: dict[str, Any]) -> None:
    done = GRPO()(str(tiny_model), tone, settings(lora=lora, kl=0.1), tmp_path / "out", seed=1)
    assert (done.path / "adapter_config.json").exists() is (lora.get("merge") is False)
    assert metrics(tmp_path / "out")[0]["kl"] == pytest.approx(0, abs=1e-6), "the policy starts at its reference"


def test_a_broken_run_resumes_to_the_same_bits(
    tiny_model: Path, tone: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    from trainers import loop

    config = settings(max_steps=5, save_steps=2, batch_size=16, accumulate=2, warmup=0)
    straight = GRPO()(str(tiny_model), tone, config, tmp_path / "straight", seed=5)
    original = loop.Careful.training_step

    def falls_over(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.state.global_step == 3:
            raise KeyboardInterrupt
        return original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Careful, "training_step", falls_over)
        with pytest.raises(KeyboardInterrupt):
            GRPO()(str(tiny_model), tone, config, tmp_path / "broken", seed=5)
    resumed = GRPO()(str(tiny_model), tone, config, tmp_path / "broken", seed=5)
    assert resumed.notes["resumed_from_step"] == 2
    ours, theirs = (load_file(done.path / "model.safetensors") for done in (resumed, straight))
    assert all((ours[name] == theirs[name]).all() for name in ours)
    assert resumed.tokens == straight.tokens


def test_a_loss_that_is_no_number_stops(tiny_model: Path, tone: Prepared, tmp_path: Path) -> None:
    config = settings(learning_rate=1e30, max_grad_norm=1e30, max_steps=6, warmup=0, format_weight=1.0)
    with pytest.raises(StageError, match=r"at step \d+.*lower learning_rate"):
        GRPO()(str(tiny_model), tone, config, tmp_path / "out", seed=1)
    assert not (tmp_path / "out" / "checkpoint").exists()


def test_rewards_are_the_scorers_own(tone: Prepared) -> None:
    rows = list(tone.read())
    rewarder = Rewarder(rows, seed=1, drawn={})
    ids = [row["id"] for row in rows]
    assert all(reward.value == 1 for reward in rewarder.score(ids, [row["completion"] for row in rows]))
    wrong = ["positive" if row["completion"] != "positive" else "negative" for row in rows]
    assert all(reward.value == 0 for reward in rewarder.score(ids, wrong))
    assert all(reward.value == 0 for reward in rewarder.score(ids, [""] * len(ids)))
    spoken = rewarder.score(ids[:1], [f"I would say that it is {rows[0]['completion']}."])
    assert spoken[0].value == 1, "lenient extraction, as in the evaluation"
    assert rewarder.score(ids[:1], [rows[0]["completion"]])[0].followed_format
    assert rewarder.tasks == ["fin_tone"]


def test_generated_problems_are_scored_and_exam_problems_refused(tmp_path: Path) -> None:
    data = prepare([DataSource(task="fin_calc", examples=12)], tmp_path / "calc.jsonl", seed=3)
    rows = list(data.read())
    rewarder = Rewarder(rows, seed=3, drawn={"fin_calc": 12})
    ids = [row["id"] for row in rows]
    assert all(reward.value == 1 for reward in rewarder.score(ids, [row["completion"] for row in rows]))
    from finbench.tasks.generated import FIN_CALC, OFFICIAL_ITEMS, OFFICIAL_SEED, calc_items

    identity, item = next(iter(calc_items(OFFICIAL_ITEMS, OFFICIAL_SEED).items.items()))
    prompt = render(FIN_CALC.card, FIN_CALC.instruction, item, FIN_CALC.card.elicitation)
    exam = {"id": identity, "prompt": [{"role": "user", "content": prompt}], "completion": item.gold}
    with pytest.raises(InputError, match="belongs to the evaluation split of fin_calc"):
        Rewarder([*rows, exam], seed=3, drawn={"fin_calc": 12})


@pytest.mark.parametrize("task", ["fin_tone", "fin_terms"])
def test_evaluation_rows_are_refused(task: str, tone: Prepared, tiny_model: Path, tmp_path: Path) -> None:
    known = definition(task)
    identity, item = next(iter(known.evaluation_items().items()))
    prompt = [{"role": "user", "content": render(known.card, known.instruction, item, known.card.elicitation)}]
    row = {"id": identity, "prompt": prompt, "completion": item.gold}
    path = tmp_path / "mixed.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in [*tone.read(), row]), encoding="utf-8")
    data = prepare([DataSource(path=str(path))], tmp_path / "data.jsonl", seed=1)
    with pytest.raises(InputError, match=f"belongs to the evaluation split of {task}"):
        GRPO()(str(tiny_model), data, settings(), tmp_path / "out", seed=1)


def test_rows_without_a_scorer_are_refused(tone: Prepared) -> None:
    rows = list(tone.read())
    with pytest.raises(InputError, match="row 'mine-1' belongs to no task"):
        Rewarder([{**rows[0], "id": "mine-1"}], seed=1, drawn={})
    with pytest.raises(InputError, match="in no training split of fin_tone"):
        Rewarder([{**rows[0], "id": "fin_tone-0123456789abcdef"}], seed=1, drawn={})
    with pytest.raises(InputError, match="asks something else"):
        Rewarder([{**rows[0], "prompt": [{"role": "user", "content": "say it"}]}], seed=1, drawn={})
    with pytest.raises(InputError, match="scored by a judge"):
        Rewarder([{**rows[0], "id": "financebench-0123456789abcdef"}], seed=1, drawn={})


def test_prompts_that_do_not_fit_are_dropped_and_counted(tiny_model: Path, tone: Prepared, tmp_path: Path) -> None:
    done = GRPO()(str(tiny_model), tone, settings(max_steps=1), tmp_path / "a", seed=1)
    assert done.notes["rows_dropped_as_too_long"] == 0 and done.notes["prompts"] == 24
    with pytest.raises(InputError, match="a step needs 4 prompts, and 0 of the 24 rows fit into max_prompt_length 5"):
        GRPO()(str(tiny_model), tone, settings(max_prompt_length=5), tmp_path / "b", seed=1)


def test_steps_and_groups() -> None:
    assert settings(max_steps=None).steps(24) == 6
    assert settings(max_steps=None, epochs=2).steps(27) == 12
    assert settings(max_steps=None).steps(24, processes=2) == 3
    assert settings().budget(24).examples_seen == 64
    with pytest.raises(ValidationError, match="no whole number of groups of 8"):
        settings(batch_size=12)
