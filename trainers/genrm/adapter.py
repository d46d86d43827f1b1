"""Preference distillation as a stage: prompts and a policy in, a preference dataset out, the policy as it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbench.errors import InputError
from trainers.base import ROWS, Budget, Checkpoint, Prepared
from trainers.files import canonical, new_folder, sha256, write_json, write_text
from trainers.genrm.cost import Plan, plan
from trainers.genrm.distil import Distillation, distil
from trainers.genrm.leakage import without_leaks
from trainers.genrm.pairs import PARTS, Pair
from trainers.genrm.prompts import drawn_prompts, prompts_of, task_of
from trainers.genrm.report import agreement, gains, lengths, markdown, outcomes, page
from trainers.genrm.settings import PROGRAM, GenrmSettings
from trainers.progress import say

if TYPE_CHECKING:
    from finbench.evaluation.models import ModelSpec

REPORT, ORIGINS, PAGE, PLAN = "distillation.json", "origins.jsonl", "pairs.html", "plan.json"
#: Far from the seeds that rows of a `task` are drawn with: a policy is asked problems that it was not trained on.
OTHER_DRAW = 10_000_000
#: What the policy is called in logs: they name no folder of this machine.
POLICY = "policy"


class GenRM:
    """The adapter; see `trainers.base.Trainer`. Rows are `prompt` and `completion`.

    It trains nothing: the checkpoint it leaves is its parent. Beside it lie `rows.jsonl`, the pairs, which a later
    stage reads with `data: [{stage: NAME}]`; `pairs/fap.jsonl`, `pairs/scp.jsonl` and `pairs/scp_next_step.jsonl`, the
    same by kind; `origins.jsonl`, where each pair comes from; `distillation.json` and `distillation.md`, the report;
    `pairs.html`, random pairs; and `logs`, the logs of Inspect.
    """

    settings = GenrmSettings
    needs_data = False

    def inputs(self, config: GenrmSettings) -> tuple[str, ...]:
        """The price table, where there is one."""
        return (config.spending.prices,) if config.spending.prices else ()

    def budget(self, config: GenrmSettings, examples: int) -> Budget:
        """Calls of the policy at the most as examples; nothing is trained."""
        prompts = examples + (config.draw.examples if config.draw else 0)
        if config.spending.policy_calls is not None:
            prompts = min(prompts, config.spending.policy_calls // config.samples)
        calls = prompts * config.samples
        if "scp" in config.methods:
            wrong = prompts * min(config.correcting.per_prompt, config.samples)
            calls += 2 * config.correcting.rollouts * min(wrong, config.correcting.limit or wrong)
        if config.spending.policy_calls is not None:
            calls = min(calls, config.spending.policy_calls)
        return Budget(steps=0, examples_seen=calls)

    def __call__(
        self,
        model: str,
        data: Prepared,
        config: GenrmSettings,
        out: Path,
        *,
        seed: int,
        inputs: Mapping[str, str] | None = None,
    ) -> Checkpoint:
        """Distil; see `trainers.base.Trainer`."""
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise InputError("distillation takes one process; take `launch` away, and give it a `server` instead")
        rows = list(data.read())
        items = prompts_of(rows, seed=seed, drawn=data.drawn())
        references = {item.id: _completion(row) for item, row in zip(items, rows, strict=True)}
        if config.draw is not None:
            items += drawn_prompts(config.draw, seed=seed + OTHER_DRAW, known=set(references))
            references = {item.id: item.solution for item in items} | references
        if not items:
            raise InputError("there are no prompts; give the stage `data`, or `draw` in its config")
        prices = (inputs or {}).get(config.spending.prices or "")
        planned = plan(items, config, Path(prices) if prices else None)
        write_json(out / PLAN, planned.as_json())
        say(f"genrm: {planned.prompts} prompts, {planned.text()}")
        with _policy(model, config, out) as policy:
            done = distil(
                items[: planned.prompts],
                policy=policy,
                genrm=_genrm(config),
                config=config,
                plan=planned,
                references=references,
                seed=seed,
                log_dir=out / "logs",
            )
        tasks = {name for item in items if (name := task_of(item.id))} | set(config.evaluated)
        kept, leakage = without_leaks(done.pairs, sorted(tasks))
        report = _report(config, planned, done, kept, leakage, seed)
        _write(out, kept, report, config, seed)
        say(f"genrm: {report['summary']}")
        _pass_on(Path(model), out / "checkpoint")
        return Checkpoint(path=out / "checkpoint", steps=0, tokens=0, notes=_notes(report, out))


@contextmanager
def _policy(model: str, config: GenrmSettings, out: Path) -> Iterator[ModelSpec]:
    """The policy as a model of Inspect: the folder itself, or a server of it that ends with the stage."""
    from finbench.evaluation.models import model_spec

    spec = model_spec(model, name=POLICY)
    if config.server is None:
        yield spec
        return
    from trainers.serving import serving

    with serving(config.server, Path(model), POLICY, out / "server.log") as where:
        os.environ.setdefault("LOCAL_API_KEY", "none")  # Inspect wants one even where the server asks for none
        name = f"{config.server.provider}/{POLICY}"
        yield replace(spec, model=name, args={}, checkpoint=None, base_url=where)  # its fingerprint stays


def _genrm(config: GenrmSettings) -> ModelSpec | None:
    from finbench.evaluation.models import model_spec

    return model_spec(config.genrm, base_url=config.genrm_url) if config.asks_a_model else None


def _completion(row: Mapping[str, Any]) -> str:
    value = row["completion"]
    return value if isinstance(value, str) else str(value[-1]["content"])


def _report(
    config: GenrmSettings,
    planned: Plan,
    done: Distillation,
    kept: list[Pair],
    leakage: dict[str, Any],
    seed: int,
) -> dict[str, Any]:
    corrected = done.corrections
    parts = {part: sum(pair.part == part for pair in kept) for part in PARTS}
    steps = max(parts["scp"], parts["scp_next_step"])
    accepted = parts["fap"] + steps
    calls = {"sampling": done.calls["sampling"], "rollouts": done.calls["rollouts"]}
    asked = done.calls["judging"] + done.calls["correcting"]
    solutions = len(done.solutions)
    teacher = "the program" if config.genrm == PROGRAM else config.genrm
    summary = (
        f"{len(kept)} pairs ({parts['fap']} of final answers, {parts['scp'] + parts['scp_next_step']} of steps) from "
        f"{solutions} solutions of {planned.prompts} prompts, with {asked} calls of {teacher}"
    )
    if not kept:
        summary = f"no pair was accepted: {solutions} solutions of {planned.prompts} prompts; see what was left out"
    return {
        "summary": summary,
        "settings": config.model_dump(mode="json") | {"seed": seed},
        "counts": {
            "prompts": planned.prompts,
            "prompts_left_out_for_the_budget": planned.prompts_left_out,
            "solutions": solutions,
            "solutions_missing": len(done.missing),
            **{f"pairs_{part}": count for part, count in parts.items()},
        },
        "outcomes": outcomes(done.solutions),
        "left_out": done.left_out,
        "corrections": {
            "put_to_the_genrm": corrected["asked"],
            "located": corrected["located"],
            "quote_failures": corrected["quote_failures"],
            "not_located_by_reason": corrected["location_reasons"],
            "corrections_written": corrected["written"],
            "not_corrected_by_reason": corrected["correction_reasons"],
            "corrections_with_rollouts_missing": corrected["rollouts_missing"],
            "rollouts_missing_by_reason": corrected["rollout_reasons"],
            "accepted": corrected["accepted"],
        },
        "gains": gains(done.gains, rollouts=config.correcting.rollouts, alpha=config.correcting.alpha),
        "agreement": agreement(done.solutions),
        "lengths": lengths(kept),
        "leakage": leakage,
        "cost": {
            "plan": planned.as_json(),
            "policy_calls": calls,
            "replies_from_the_cache": done.cached,
            "genrm_calls_judging": done.calls["judging"],
            "genrm_calls_correcting": done.calls["correcting"],
            "tokens": done.tokens,
            "genrm_calls_per_solution": asked / solutions if solutions else None,
            "genrm_calls_per_accepted_pair": asked / accepted if accepted else None,
            "policy_calls_per_accepted_pair": sum(calls.values()) / accepted if accepted else None,
        },
        "rows_sha256": sha256("".join(canonical(pair.row) + "\n" for pair in kept)),
    }


def _write(out: Path, pairs: list[Pair], report: dict[str, Any], config: GenrmSettings, seed: int) -> None:
    """All files of the stage, the rows last."""
    for part in PARTS:
        mine = [pair.row for pair in pairs if pair.part == part]
        write_text(out / "pairs" / f"{part}.jsonl", "".join(canonical(row) + "\n" for row in mine))
    write_text(out / ORIGINS, "".join(canonical(pair.origin) + "\n" for pair in pairs))
    write_json(out / REPORT, report)
    write_text(out / Path(REPORT).with_suffix(".md"), markdown(report))
    write_text(out / PAGE, page(pairs, show=config.show, seed=seed))
    write_text(out / ROWS, "".join(canonical(pair.row) + "\n" for pair in pairs))


def _notes(report: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """What the lineage says."""
    names = ("summary", "counts", "corrections", "gains", "rows_sha256")
    logs = sorted(path.relative_to(out).as_posix() for path in (out / "logs").rglob("*.eval"))
    return {name: report[name] for name in names} | {"logs": logs}


def _pass_on(parent: Path, target: Path) -> None:
    """The parent's files under this stage, as links to the same bytes where the disk allows."""
    with new_folder(target) as folder:
        for file in sorted(path for path in parent.iterdir() if path.is_file()):
            try:
                os.link(file, folder / file.name)
            except OSError:
                shutil.copy2(file, folder / file.name)
