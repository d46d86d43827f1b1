"""The order of a distillation: sample, judge, pair answers, locate and correct, roll out, keep what is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbench.preference import running, schema
from finbench.preference.rule import has_rule
from finbench.preference.schema import Batch, PromptItem
from trainers.genrm.acceptance import Gain, judge_rollouts
from trainers.genrm.cost import Plan
from trainers.genrm.pairing import Judged, pair_answers, to_correct
from trainers.genrm.pairs import Origin, Pair, answer_pair, step_pairs
from trainers.genrm.settings import GenrmSettings

if TYPE_CHECKING:
    from finbench.evaluation.models import ModelSpec

#: What the report counts as failures of the quote.
_QUOTE = ("quote_absent", "quote_off_boundary", "quote_ambiguous")


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """What a run found.

    Attributes:
        pairs: in the order of the prompts, final answers first; each row once.
        solutions: all that were judged.
        gains: of all corrections that were rolled out.
        corrections: counts of what became of wrong solutions.
        left_out: reason to count, for pairs and for solutions that were not put to the GenRM.
        missing: why a solution is missing, by its id.
        calls: answered by models, for `sampling`, `judging`, `correcting` and `rollouts`.
        cached: replies that came from the cache.
        tokens: by model.
    """

    pairs: list[Pair]
    solutions: list[Judged]
    gains: list[Gain]
    corrections: dict[str, Any]
    left_out: dict[str, dict[str, int]]
    missing: dict[str, str]
    calls: dict[str, int]
    cached: int
    tokens: dict[str, int]


class _Ledger:
    """Adds up what batches cost."""

    def __init__(self) -> None:
        self.calls = dict.fromkeys(("sampling", "judging", "correcting", "rollouts"), 0)
        self.tokens: Counter[str] = Counter()
        self.cached = 0

    def add(self, name: str, batch: Batch[Any]) -> Batch[Any]:
        self.calls[name] += batch.calls
        self.tokens.update(batch.tokens)
        self.cached += batch.cached
        return batch


def distil(
    items: Sequence[PromptItem],
    *,
    policy: ModelSpec,
    genrm: ModelSpec | None,
    config: GenrmSettings,
    plan: Plan,
    references: Mapping[str, str],
    seed: int,
    log_dir: Path,
) -> Distillation:
    """Make the pairs; called again after a crash it goes on from the logs.

    Args:
        items: the prompts, in order.
        policy: what solutions and rollouts are sampled from.
        genrm: None for the program.
        config: of the stage.
        plan: what the bounds allow.
        references: completion of each prompt's row.
        seed: of this run.
        log_dir: where Inspect's logs go.
    """
    ledger = _Ledger()
    known = {item.id: item for item in items}
    settings = replace(generation_settings(config, seed), audit=plan.audit)
    sampled = ledger.add("sampling", running.run_sampling(items, policy, settings, log_dir / "sampling"))
    solutions: list[schema.Solution] = list(sampled.records)
    left_out: dict[str, dict[str, int]] = {}
    ruled = {item.id for item in items if has_rule(item)}
    unruled = [one for one in solutions if one.item not in ruled][plan.unruled_judged :] if genrm else []
    if unruled:
        left_out["judging"] = {"beyond the budget": len(unruled)}
    if sampled.missing:
        left_out["sampling"] = _reasons(sampled)
    beyond = {one.id for one in unruled}
    to_judge = [one for one in solutions if one.id not in beyond]
    judge = genrm if plan.judging_calls else None
    of = {one.item for one in to_judge}
    asked = [item for item in items if item.id in of]
    judged = ledger.add("judging", running.run_judging(asked, to_judge, judge, settings, log_dir / "judging"))
    if judged.missing:
        left_out["judging"] = left_out.get("judging", {}) | _reasons(judged)
    verdicts = {one.solution: one for one in judged.records}
    found = [Judged(solution=one, judgement=verdicts[one.id]) for one in solutions if one.id in verdicts]
    origin = _origin(policy, genrm, config, seed)
    pairs: list[Pair] = []
    if "fap" in config.methods:
        answers = pair_answers([item.id for item in items], found, config.pairing, references)
        left_out["fap"] = dict(answers.dropped)
        pairs += [answer_pair(known[pair.prompt], pair, origin) for pair in answers.pairs]
    gains: list[Gain] = []
    counts = _no_corrections()
    if "scp" in config.methods:
        made, gains, counts, left_out["scp"] = _steps(
            items, found, policy, genrm, config, plan, settings, log_dir, ledger, origin
        )
        pairs += made
    return Distillation(
        pairs=list({pair.row["id"]: pair for pair in pairs}.values()),
        solutions=found,
        gains=gains,
        corrections=counts,
        left_out=left_out,
        missing={**sampled.missing, **judged.missing},
        calls=ledger.calls,
        cached=ledger.cached,
        tokens=dict(sorted(ledger.tokens.items())),
    )


def generation_settings(config: GenrmSettings, seed: int) -> schema.Settings:
    """What the generation tasks are told."""
    return schema.Settings(
        samples=config.samples,
        temperature=config.temperature,
        top_p=config.top_p if config.top_p < 1 else None,
        max_tokens=config.max_tokens,
        seed=seed * 1_000_003 % 2**31,  # runs of different seeds share no seed of a sample
        rollouts=config.correcting.rollouts,
        audit=config.agreement,
        attempts=config.attempts,
        genrm_max_tokens=config.genrm_max_tokens,
        max_connections=config.batch_size,
    )


def _steps(
    items: Sequence[PromptItem],
    found: Sequence[Judged],
    policy: ModelSpec,
    genrm: ModelSpec | None,
    config: GenrmSettings,
    plan: Plan,
    settings: schema.Settings,
    log_dir: Path,
    ledger: _Ledger,
    origin: Origin,
) -> tuple[list[Pair], list[Gain], dict[str, Any], dict[str, int]]:
    """The step pairs, the gain of every correction that was rolled out, and counts."""
    rules = config.correcting
    counts = _no_corrections()
    # where no rule judges answers, each rollout would be a call of the GenRM
    ruled_items = [item for item in items if has_rule(item)]
    ruled = {item.id for item in ruled_items}
    unruled = sum(one.outcome == "wrong" and one.prompt not in ruled for one in found)
    # what the program cannot teach must not use up the limit
    taught = [item for item in ruled_items if config.can_correct(item)]
    untaught = ruled - {item.id for item in taught}
    wrong, left_out = to_correct(
        [item.id for item in taught],
        found,
        low=rules.pass_low,
        high=rules.pass_high,
        per_prompt=rules.per_prompt,
    )
    if unruled:
        left_out["no rule judges its rollouts"] = unruled
    if skipped := sum(one.outcome == "wrong" and one.prompt in untaught for one in found):
        left_out["no worked steps for the program"] = skipped
    if len(wrong) > plan.corrections:
        left_out["beyond the limit or the budget"] = len(wrong) - plan.corrections
        wrong = wrong[: plan.corrections]
    counts["asked"] = len(wrong)
    if not wrong:
        return [], [], counts, left_out
    known = {item.id: item for item in items}
    solutions = {one.solution.id: one.solution for one in wrong}
    texts = list(solutions.values())
    located = ledger.add("correcting", running.run_locating(items, texts, genrm, settings, log_dir / "locating"))
    usable = [one for one in located.records if not one.reason]
    counts["located"] = len(usable)
    reasons = Counter(one.reason for one in located.records if one.reason)
    reasons.update(_reasons(located))
    counts["quote_failures"] = sum(reasons[name] for name in _QUOTE)
    counts["location_reasons"] = dict(sorted(reasons.items()))
    if not usable:
        return [], [], counts, left_out
    written = ledger.add(
        "correcting", running.run_correcting(items, texts, usable, genrm, settings, log_dir / "correcting")
    )
    corrections = [one for one in written.records if not one.reason and one.text]
    counts["written"] = len(corrections)
    reasons = Counter(one.reason for one in written.records if one.reason)
    reasons.update(_reasons(written))
    counts["correction_reasons"] = dict(sorted(reasons.items()))
    if not corrections:
        return [], [], counts, left_out
    rolled = ledger.add(
        "rollouts", running.run_rollouts(ruled_items, corrections, policy, settings, log_dir / "rollouts", genrm=None)
    )
    counts["rollout_reasons"] = _reasons(rolled)
    why = {one.solution: one for one in usable}
    pairs: list[Pair] = []
    gains: list[Gain] = []
    for correction in corrections:
        mine = [one for one in rolled.records if one.solution == correction.solution]
        right = {arm: sum(one.outcome == "correct" for one in mine if one.arm == arm) for arm in ("corrected", "wrong")}
        if any(sum(one.arm == arm for one in mine) != rules.rollouts for arm in right):
            counts["rollouts_missing"] += 1  # a test on what happened to come through would be another test
            continue
        gain = judge_rollouts(right["corrected"], right["wrong"], rules.rollouts, alpha=rules.alpha)
        gains.append(gain)
        if not gain.accepted:
            continue
        counts["accepted"] += 1
        solution = solutions[correction.solution]
        location = why[correction.solution]
        pairs += step_pairs(
            known[solution.item],
            solution,
            correction,
            gain,
            mine,
            forms=rules.forms,
            origin=origin,
            why=location.why,
            located=location.source,
        )
    return pairs, gains, counts, left_out


def _reasons(batch: Batch[Any]) -> dict[str, int]:
    """Why records are missing, counted."""
    return dict(sorted(Counter(why.partition(":")[0] for why in batch.missing.values()).items()))


def _no_corrections() -> dict[str, Any]:
    return {
        "asked": 0,
        "located": 0,
        "quote_failures": 0,
        "location_reasons": {},
        "written": 0,
        "correction_reasons": {},
        "rollouts_missing": 0,
        "rollout_reasons": {},
        "accepted": 0,
    }


def _origin(policy: ModelSpec, genrm: ModelSpec | None, config: GenrmSettings, seed: int) -> Origin:
    return Origin(
        shared={
            "policy_sha256": policy.sha256,
            "genrm": config.genrm,
            "genrm_sha256": genrm.sha256 if genrm else None,
            "sampling": {
                "samples": config.samples,
                "temperature": config.temperature,
                "top_p": config.top_p,
                "max_tokens": config.max_tokens,
                "seed": seed,
            },
        }
    )
