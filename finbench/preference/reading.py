"""Records read from a log of preference distillation, with what is missing and what was spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from finbench.preference.schema import REASONS, Batch, LogRef

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample

T = TypeVar("T")
_LONGEST = 200


def read_batch(log: EvalLog, record: type[T], asked: Sequence[str]) -> Batch[T]:
    """The records of a log in the order of what was asked.

    Args:
        log: with its samples.
        record: class of the records.
        asked: ids; those of tasks with epochs end in `/<k>`.
    """
    name = Path(log.location).name
    found: dict[str, T] = {}
    missing: dict[str, str] = {}
    calls = cached = 0
    tokens: Counter[str] = Counter()
    by_epoch = log.eval.task.rpartition("/")[2] in ("preference_sampling", "preference_rollouts")
    for sample in log.samples or []:
        identity = f"{sample.id}/{sample.epoch - 1}" if by_epoch else str(sample.id)
        fields = sample.metadata.get("record")
        if sample.error is None and sample.limit is None and isinstance(fields, dict):
            source = LogRef(log=name, sample=str(sample.id), epoch=sample.epoch)
            found[identity] = record(**{**fields, "source": source})
        else:
            missing[identity] = _why(sample)
        for event in sample.events:
            if event.event != "model" or event.error is not None:
                continue
            if event.cache == "read":
                cached += 1
                continue
            calls += 1
            usage = event.output.usage
            tokens[event.model] += usage.total_tokens if usage is not None else 0
    return Batch(
        records=tuple(found[identity] for identity in asked if identity in found),
        missing={one: missing.get(one, "not reached") for one in asked if one not in found},
        calls=calls,
        cached=cached,
        tokens=dict(sorted(tokens.items())),
        logs=(name,),
    )


def _why(sample: EvalSample) -> str:
    if sample.limit is not None:
        return f"limit: {sample.limit.type}"
    if sample.error is None and sample.metadata.get("lost") in REASONS:
        return str(sample.metadata["lost"])
    message = sample.error.message if sample.error is not None else "no record"
    return f"provider: {message.partition(chr(10))[0][:_LONGEST]}"
