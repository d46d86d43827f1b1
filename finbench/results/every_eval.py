"""Results as documents of Every Eval Ever, schema 0.3.0: one document a model, with all its tasks.

Aggregate results only: the instance-level schema asks for the text of every item, which licences often forbid. Items
by id are in the long export (`finbench.results.export`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from finbench.results.rank import is_judged
from finbench.results.runs import Run, Settings
from finbench.results.scores import ScoreInterval, score_interval

SCHEMA_VERSION = "0.3.0"
_KINDS = {"macro_f1": "f1", "weighted_f1": "f1", "entity_f1": "f1", "balanced_accuracy": "accuracy", "rouge1": "rouge"}
_METHODS = {
    "wilson": "Wilson score",
    "wilson-clustered": "Wilson score, effective sample size of clusters",
    "cr1": "clustered t (CR1)",
    "jackknife-t": "delete-one jackknife t",
}
#: Metrics that can be negative.
_SIGNED = frozenset({"mcc"})


def documents(
    runs: Sequence[Run],
    *,
    organization: str = "unknown",
    score: Callable[[Run], ScoreInterval] = score_interval,
    tier: Callable[[Run], str] | None = None,
) -> dict[str, dict[str, Any]]:
    """One document a model and checkpoint, by the file name it should have.

    Args:
        runs: one run a model, checkpoint and task; see `finbench.results.export.one_a_task`.
        organization: who made the runs.
        score: what gives a run's score, where scores are known already.
        tier: what says who has checked a run, where somebody knows.

    Returns:
        JSON values by file name, sorted. All times are those of the runs: the same logs give the same documents.
    """
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.model, run.checkpoint or ""), []).append(run)
    found = {}
    for (model, checkpoint), own in sorted(groups.items()):
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", model).strip("._")[:60] or "model"
        short = hashlib.sha256(f"{model}\n{checkpoint}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
        found[f"{name}-{short}.json"] = _document(own, organization, score, tier)
    return found


def _document(
    runs: Sequence[Run],
    organization: str,
    score: Callable[[Run], ScoreInterval],
    tier: Callable[[Run], str] | None,
) -> dict[str, Any]:
    first, newest = runs[0], max(run.created for run in runs)
    moment = str(datetime.fromisoformat(newest).timestamp())
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"finbench/{first.model}/{moment}",
        "evaluation_timestamp": newest,
        "retrieved_timestamp": moment,
        "source_metadata": {
            "source_name": "finbench",
            "source_type": "evaluation_run",
            "source_organization_name": organization,
            "evaluator_relationship": "other",
        },
        "eval_library": {
            "name": "inspect_ai",
            "version": "unknown",  # a run does not know it, and the version here need not be that of the run
            **({"additional_details": {"finbench": first.package_version}} if first.package_version else {}),
        },
        "model_info": {
            "name": first.model,
            "id": first.model,
            "additional_details": {
                "deployment_type": "self_deployed" if first.checkpoint else "unknown",
                "model_availability": "unknown",
                **({"checkpoint_sha256": first.checkpoint} if first.checkpoint else {}),
            },
        },
        "evaluation_results": [_result(run, score(run), tier(run) if tier else None) for run in runs],
    }


def _result(run: Run, score: ScoreInterval, tier: str | None) -> dict[str, Any]:
    details = {
        "task_version": run.version,
        "items_sha256": run.items_sha256,
        "official": str(run.official).lower(),
        "complete": str(run.complete).lower(),
        "inspect_model": run.model_id,
        **_settings(run.settings),
        **({"tier": tier} if tier else {}),
        # a judge gives grades: right and wrong say nothing of them
        **({} if is_judged(run) else {f"outcome_{name}": str(count) for name, count in run.outcomes.items()}),
        **({"clusters": str(score.clusters)} if score.clusters else {}),
    }
    generation = {
        name: value
        for name, value in (("temperature", run.settings.temperature), ("max_tokens", run.settings.max_tokens))
        if value is not None
    }
    return {
        "evaluation_result_id": f"{run.task}/{run.version}/{run.metric}{'/likelihood' if run.settings.weighed else ''}",
        "evaluation_name": run.task,
        "evaluation_timestamp": run.created,
        "source_data": {
            "dataset_name": run.task,
            "source_type": "other",
            "additional_details": {"items_sha256": run.items_sha256, "items": str(score.n)},
        },
        "metric_config": _metric(run, score),
        "score_details": {
            "score": score.estimate,
            "details": details,
            "uncertainty": {
                "confidence_interval": {
                    "lower": score.low,
                    "upper": score.high,
                    "confidence_level": 0.95,
                    "method": _METHODS.get(score.method, score.method),
                },
                "num_samples": score.n,
            },
        },
        **({"generation_config": {"generation_args": generation}} if generation else {}),
    }


def _settings(settings: Settings) -> dict[str, str]:
    """What a run was made with, as far as it is known.

    The judge stands here and not under `llm_scoring`, which asks for the text of its prompt: a run knows its hash.
    """
    said = {
        "elicitation": settings.elicitation,
        "fewshot": settings.fewshot,
        "epochs": settings.epochs,
        "prompt_sha256": settings.prompt_sha256,
        "judge": settings.grader,
    }
    return {name: str(value) for name, value in said.items() if value is not None}


def _metric(run: Run, score: ScoreInterval) -> dict[str, Any]:
    shares, signed = score.bounds is None, run.metric in _SIGNED
    counted = "as a judge model graded them" if is_judged(run) else "an item without a usable answer counts as wrong"
    return {
        "evaluation_description": f"{run.metric} over {score.n} items; {counted}",
        "metric_id": run.metric,
        "metric_name": run.metric,
        "metric_kind": _KINDS.get(run.metric, run.metric),
        "metric_unit": "coefficient" if signed else "proportion" if shares else "points",
        "lower_is_better": False,
        "score_type": "continuous",
        "min_score": (-1 if signed else 0) if shares else "-Infinity",
        "max_score": 1 if shares else "Infinity",
    }
