"""Preference rows for TRL's formats, each with the record of where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from finbench.preference.schema import Correction, LogRef, PromptItem, Rollout, Solution
from trainers.files import canonical, sha256
from trainers.genrm.acceptance import TEST, Gain
from trainers.genrm.pairing import AnswerPair
from trainers.genrm.prompts import messages_of

#: Names of the files below `pairs/`, without `.jsonl`: one for each kind of pair.
PARTS = ("fap", "scp", "scp_next_step")
NEXT_STEP = "What is the next reasoning step?"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A preference pair.

    Attributes:
        part: `fap`, `scp` (continues the assistant's turn) or `scp_next_step` (asks for the next step).
        row: `id`, `prompt`, `chosen` and `rejected`, as trainer `dpo` reads them.
        origin: judge, seeds, rollouts and log samples; JSON values.
    """

    part: str
    row: dict[str, Any]
    origin: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What all pairs of a run share: the policy, the GenRM, and how solutions were sampled; JSON values."""

    shared: Mapping[str, Any]

    def of(self, **more: Any) -> dict[str, Any]:
        """The origin of one pair."""
        return {**self.shared, **more}


def answer_pair(item: PromptItem, pair: AnswerPair, origin: Origin) -> Pair:
    """A FAP pair: two whole answers to one prompt."""
    by = pair.by
    wrong = pair.rejected
    return _pair(
        "fap",
        messages_of(item),
        [_assistant(pair.chosen)],
        [_assistant(wrong.text)],
        origin.of(
            item=item.id,
            pass_rate=pair.pass_rate,
            on_policy=by is not None,
            judge={
                "chosen": by.judgement.by if by else "reference",
                "rejected": wrong.judgement.by,
            },
            answers={"chosen": by.judgement.pred if by else None, "rejected": wrong.judgement.pred, "gold": item.gold},
            seeds={"chosen": by.solution.seed if by else None, "rejected": wrong.solution.seed},
            solutions={"chosen": by.solution.id if by else None, "rejected": wrong.solution.id},
            logs=_refs(
                *([by.solution.source, by.judgement.source] if by else []),
                wrong.solution.source,
                wrong.judgement.source,
            ),
        ),
    )


def step_pairs(
    item: PromptItem,
    solution: Solution,
    correction: Correction,
    gain: Gain,
    rollouts: Sequence[Rollout],
    *,
    forms: Sequence[str],
    origin: Origin,
    why: str,
    located: LogRef | None,
) -> list[Pair]:
    """The SCP pairs of an accepted correction, one for each form.

    The space between prefix and step goes to the step: templates strip what a turn ends with.
    """
    prefix = correction.prefix.rstrip()
    space = correction.prefix[len(prefix) :]
    told = origin.of(
        item=item.id,
        solution=solution.id,
        step=correction.step,
        why=why,
        teacher=correction.by,
        test=TEST,
        rollouts=asdict(gain),
        seeds={"solution": solution.seed},
        logs=_refs(solution.source, located, correction.source, *(one.source for one in rollouts)),
    )
    made = []
    if "continuation" in forms:
        prompt = [*messages_of(item), _assistant(prefix)]
        made.append(_pair("scp", prompt, space + correction.text, space + correction.wrong, told))
    if "next_step" in forms:
        asked = item.prompt + (f"\n\nReasoning so far:\n{prefix}" if prefix else "") + f"\n\n{NEXT_STEP}"
        prompt = [*messages_of(item)[:-1], {"role": "user", "content": asked}]
        chosen, rejected = [_assistant(correction.text)], [_assistant(correction.wrong)]
        made.append(_pair("scp_next_step", prompt, chosen, rejected, told))
    return made


def _pair(part: str, prompt: Any, chosen: Any, rejected: Any, origin: dict[str, Any]) -> Pair:
    row = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    identity = f"{part}-{sha256(canonical(row))[:16]}"
    return Pair(part=part, row={"id": identity, **row}, origin={"id": identity, "part": part, **origin})


def _assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def _refs(*refs: LogRef | None) -> list[dict[str, Any]]:
    seen = {canonical(asdict(ref)): asdict(ref) for ref in refs if ref is not None}
    return list(seen.values())
