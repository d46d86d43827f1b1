"""A snippet for a model card on the Hugging Face Hub: results as `model-index`, the format that the Hub reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from finbench.cards import cards
from finbench.results.rank import is_judged
from finbench.results.runs import Run
from leaderboard.collect import Collection, ModelView
from leaderboard.run_facts import RunFacts
from leaderboard.text import clean

#: The Hub knows metrics by these names.
_TYPES = {
    "macro_f1": "f1",
    "weighted_f1": "f1",
    "entity_f1": "f1",
    "mcc": "matthews_correlation",
    "rouge1": "rouge",
    "balanced_accuracy": "accuracy",
}
#: What follows a judge's name: hashes of its weights and of its prompt.
_HASHES = re.compile(r"(@[0-9a-f]{64})+$")


def model_card(collection: Collection, view: ModelView) -> str:
    """The front matter of a model card with the official and complete runs of a model; empty if it has none."""
    shown = [facts for facts in view.runs if facts.run.official and facts.run.complete and facts.run.task in cards()]
    if not shown:
        return ""
    content = {
        "model-index": [{"name": clean(view.contender.model), "results": [_result(collection, one) for one in shown]}]
    }
    return "---\n" + "\n".join(_yaml(content)) + "\n---\n"


def _yaml(value: Any, indent: str = "") -> Iterator[str]:
    """Lines of YAML in block style with every text in quotes: the same bytes with any YAML library, and fast."""
    for key, one in value.items():
        if isinstance(one, dict):
            yield f"{indent}{key}:"
            yield from _yaml(one, f"{indent}  ")
        elif isinstance(one, list):
            yield f"{indent}{key}:"
            for entry in one:
                first, *rest = _yaml(entry, f"{indent}  ")
                yield f"{indent}- {first[len(indent) + 2 :]}"
                yield from rest
        else:
            yield f"{indent}{key}: {_scalar(one)}"


def _scalar(value: str | bool | float) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6f}".rstrip("0").replace(".", ".0") if value == int(value) else f"{value:.6f}".rstrip("0")


def _quoted(text: str) -> str:
    """A text in double quotes; what is not plain ASCII becomes an escape that both YAML and its readers know."""
    return '"' + "".join(map(_character, text)) + '"'


def _character(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if " " <= char <= "~" else f"\\U{ord(char):08x}"


def _result(collection: Collection, facts: RunFacts) -> dict[str, Any]:
    run, score, card = facts.run, facts.score, cards()[facts.run.task]
    hub = next((source for source in card.sources if source.is_hub), None)
    name = f"{_metric(run)}, 95 % interval {score.low:.4f} to {score.high:.4f}, n = {score.n}"
    dataset: dict[str, Any] = {
        "name": clean(card.title),
        "type": hub.uri.removeprefix("hf://") if hub is not None else f"finbench/{card.name}",
        "split": card.split,
    }
    if hub is not None and hub.revision:
        dataset["revision"] = hub.revision
    return {
        "task": {"type": "text-generation", "name": f"finbench/{card.name}"},
        "dataset": dataset,
        "metrics": [
            {
                "type": _TYPES.get(run.metric, run.metric),
                "name": name,
                "value": round(score.estimate, 6),
                "verified": False,
            }
        ],
        "source": {"name": _source(collection, run), "url": "https://inspect.aisi.org.uk/"},
    }


def _metric(run: Run) -> str:
    """The metric's name; a judge's score says whose it is."""
    if not is_judged(run):
        return run.metric
    return f"{run.metric} ({clean(_HASHES.sub('', run.settings.grader or '')) or 'unknown'})"


def _source(collection: Collection, run: Run) -> str:
    tier = collection.tiers.of([run]).text
    return f"finbench {clean(run.package_version, 20)}, {run.task} {clean(run.version, 20)}, {tier}"
