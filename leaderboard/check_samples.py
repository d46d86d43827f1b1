"""What the samples of a log say against it: other questions, other answers, other scores than they should have."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from finbench.card import TaskCard
from finbench.data.items import Item, fingerprint, item_id
from finbench.errors import InputError
from finbench.results.reading import run_of, token_counts
from finbench.results.runs import ItemResult, Run
from finbench.results.scores import score_interval
from finbench.tasks.catalogue import CARDS, DEFINITIONS
from finbench.tasks.definition import TaskDefinition
from finbench.tasks.generated import is_generated, official_exam
from finbench.tasks.prompts import prompt_sha256, render, request
from finbench.taxonomy import AnswerKind, Elicitation
from leaderboard.check_calls import call_faults
from leaderboard.text import clean

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample, EvalSampleSummary
    from inspect_ai.scorer import Scorer

_TOLERANCE = 1e-6
_REPORTED_TOLERANCE = 1e-3
#: Facts that the solver adds to a sample's metadata while it runs; all others come with the item.
_RUN_FACTS = frozenset({"prompt_format", "filled_budget"})


def sample_faults(path: Path, run: Run) -> tuple[list[str], str]:
    """Faults of the samples of a log, and a note where not all of it can be checked here.

    Args:
        path: the log.
        run: the same log as the board would read it.

    Raises:
        InputError: if the log cannot be read.
    """
    log = _read(path)
    samples = log.samples or []
    faults = _set_faults(log, samples, run)
    if faults:
        return faults, ""
    definition = DEFINITIONS[run.task]
    if definition.card.answer is AnswerKind.JUDGED:
        return call_faults(log, samples, run), f"a judge decides {run.task}: its grades could not be compared with ours"
    items = _our_items(run)
    if items is not None and run.official and fingerprint(items) != run.items_sha256:
        return [f"claims the official set of {run.task}, and its items are others"], ""
    if items is not None and not run.official and fingerprint(items) == run.items_sha256:
        return [f"holds the official set of {run.task}, and denies it"], ""
    known = items is not None and set(run.ids) <= set(items)
    faults += _item_faults(samples, items if known else None, definition, run)
    faults += _wording_faults(log, samples, run)
    faults += call_faults(log, samples, run)
    if faults:
        return faults, ""
    again, broken = _scored_again(log, samples, definition, path)
    if broken or again is None:
        return [f"{len(broken)} samples cannot be scored by our scorer, one is {clean(broken[0])}"], ""
    faults += _score_faults(run, again)
    faults += _result_faults(log, again)
    faults += _usage_faults(run, samples)
    return faults, "" if known else f"the rows of {run.task} are not here: its items could not be compared"


def _read(path: Path) -> EvalLog:
    from inspect_ai.log import read_eval_log

    try:
        return read_eval_log(str(path), resolve_attachments=True)
    except Exception as error:  # a forged file fails in as many ways as a damaged one
        raise InputError(f"{path} is not a readable log of Inspect ({type(error).__name__}); leave it out") from None


def _set_faults(log: EvalLog, samples: list[EvalSample], run: Run) -> list[str]:
    seen = Counter((str(sample.id), sample.epoch) for sample in samples)
    doubled = sorted(identity for (identity, _), number in seen.items() if number > 1)
    if doubled:
        return [f"{len(doubled)} samples are there twice, one is {clean(doubled[0])}"]
    expected = {(item.id, item.epoch) for item in run.items}
    if set(seen) != expected or fingerprint({identity for identity, _ in seen}) != run.items_sha256:
        return [f"holds {len(seen)} samples where its own list of items asks for {len(expected)}"]
    if log.eval.dataset.samples is not None and log.eval.dataset.samples < len(run.ids):
        return [f"was run on {log.eval.dataset.samples} items and lists {len(run.ids)}"]
    if len(log.eval.dataset.sample_ids or []) != len(run.ids):
        return [f"lists {len(log.eval.dataset.sample_ids or [])} items, of which {len(run.ids)} are different ones"]
    if any(sample.error is not None for sample in samples):
        return ["holds samples that ended in errors"]
    return []


def _our_items(run: Run) -> dict[str, Item] | None:
    """Our own rows of the official set; None where they are not here."""
    if is_generated(run.task):
        return official_exam(run.task).items
    try:
        loaded = DEFINITIONS[run.task].items()
    except InputError:
        return None
    return loaded.items if loaded.official else None


def _item_faults(
    samples: list[EvalSample], items: dict[str, Item] | None, definition: TaskDefinition, run: Run
) -> list[str]:
    """Samples that ask something else than their ids stand for; where our rows are here, than these."""
    changed = [
        str(sample.id)
        for sample in samples
        if not _says_its_id(sample, definition, run)
        or (items is not None and not _is_item(sample, items[str(sample.id)], definition, run))
    ]
    if not changed:
        return []
    return [f"{len(changed)} items of {run.task} are not what their ids stand for, one is {clean(changed[0])}"]


def _says_its_id(sample: EvalSample, definition: TaskDefinition, run: Run) -> bool:
    """Whether the id is the hash of what was asked: the prompt less the wording around the item, options, gold."""
    try:
        bare = Item(
            body="\x00", gold=_gold(sample), choices=tuple(sample.choices or ()), metadata=dict(sample.metadata)
        )
        before, _, after = render(definition.card, definition.instruction, bare, _way(run)).partition("\x00")
        asked = _asked(sample)
        if len(asked) < len(before) + len(after) or not (asked.startswith(before) and asked.endswith(after)):
            return False
        body = asked[len(before) : len(asked) - len(after)]
        item = Item(body=body, gold=bare.gold, choices=bare.choices)
    except (IndexError, ValueError, TypeError, AttributeError):
        return False
    return item_id(run.task, item) == str(sample.id)


def _is_item(sample: EvalSample, item: Item, definition: TaskDefinition, run: Run) -> bool:
    facts = {key: value for key, value in sample.metadata.items() if key not in _RUN_FACTS}
    return (
        _asked(sample) == render(definition.card, definition.instruction, item, _way(run))
        and _gold(sample) == item.gold
        and tuple(sample.choices or ()) == item.choices
        and facts == dict(item.metadata)
    )


def _way(run: Run) -> Elicitation:
    return Elicitation(run.settings.elicitation or CARDS[run.task].elicitation.value)


def _asked(sample: EvalSample) -> str:
    return sample.input if isinstance(sample.input, str) else sample.input[-1].text


def _gold(sample: EvalSample) -> str:
    return sample.target if isinstance(sample.target, str) else "\n".join(sample.target)


def _wording_faults(log: EvalLog, samples: list[EvalSample], run: Run) -> list[str]:
    """Whether the messages around the item are those that the settings of the run name, alike in every sample."""
    card, definition = CARDS[run.task], DEFINITIONS[run.task]
    named = str((log.eval.dataset.sample_ids or [""])[0])  # the words of a set are made from its first item
    first = next((sample for sample in samples if str(sample.id) == named), samples[0])
    around = [] if isinstance(first.input, str) else first.input[:-1]
    said = [(message.role, message.text) for message in around]
    for sample in samples:
        own = [] if isinstance(sample.input, str) else sample.input[:-1]
        if [(message.role, message.text) for message in own] != said:
            return ["does not show every item after the same examples"]
    system = [text for role, text in said if role == "system"]
    shots = [text for role, text in said if role != "system"]
    if system != ([card.generation.system] if card.generation.system else []):
        return ["has a system message that the task has not"]
    if len(shots) != 2 * (run.settings.fewshot or 0):
        return [f"shows {len(shots) // 2} examples and says that it shows {run.settings.fewshot}"]
    known = Item(body="", gold=_gold(first), choices=tuple(first.choices or ()), metadata=dict(first.metadata))
    ask = request(card, _way(run), known)
    if run.settings.prompt_sha256 != prompt_sha256(definition.instruction, ask, card.generation.system, shots):
        return ["was not asked in the words of this version of the task"]
    return []


def _scored_again(
    log: EvalLog, samples: list[EvalSample], definition: TaskDefinition, path: Path
) -> tuple[Run | None, list[str]]:
    """Our scorer on every sample. Nothing else of the log is run: no model, solver or scorer that it names."""
    card: TaskCard = definition.card
    scorer, broken = definition.scorer(card), []

    async def work() -> list[EvalSampleSummary]:
        found = []
        for sample in samples:
            try:
                found.append((await _rescored(sample, scorer)).summary())
            except Exception:  # what a forged sample makes a scorer do is not known
                broken.append(str(sample.id))
        return found

    summaries = asyncio.run(work())
    return (None, broken) if broken else (run_of(log, summaries, path), [])


async def _rescored(sample: EvalSample, scorer: Scorer) -> EvalSample:
    from inspect_ai.model import ModelName
    from inspect_ai.scorer import Target
    from inspect_ai.solver import TaskState

    target = Target(sample.target)
    state = TaskState(
        model=ModelName("none/none"),
        sample_id=sample.id,
        epoch=sample.epoch,
        input=sample.input,
        messages=sample.messages,
        target=target,
        choices=sample.choices,
        output=sample.output,
        metadata=dict(sample.metadata),
        completed=True,
    )
    found = await scorer(state, target)
    return sample.model_copy(update={"scores": {} if found is None else {"ours": found}})


def _score_faults(run: Run, again: Run) -> list[str]:
    ours = {(item.id, item.epoch): item for item in again.items}
    wrong = [item.id for item in run.items if not _agree(item, ours[item.id, item.epoch])]
    if not wrong:
        return []
    return [f"{len(wrong)} of {len(run.items)} samples are scored otherwise by our scorer, one is {clean(wrong[0])}"]


def _agree(one: ItemResult, other: ItemResult) -> bool:
    names = ("outcome", "gold", "pred", "counts", "cluster", "followed_format")
    same = all(getattr(one, name) == getattr(other, name) for name in names)
    return same and abs(one.value - other.value) <= _TOLERANCE


def _result_faults(log: EvalLog, again: Run) -> list[str]:
    """Whether the numbers in the log's head are the ones that its samples give."""
    from inspect_ai.log import headline_metric

    if log.results is None or log.results.completed_samples != len(again.items):
        return [f"does not report {len(again.items)} samples, which it holds"]
    headline = headline_metric(log)
    if headline is None or headline.metric.name.rpartition("/")[2] != again.metric:
        return [f"does not report {again.metric}, which heads {again.task}"]
    values = [float(metric.value) for score in log.results.scores for metric in score.metrics.values()]
    if not all(math.isfinite(value) and abs(value) <= 1e6 for value in values):
        return ["reports a number that cannot be"]
    reported, ours = float(headline.metric.value), score_interval(again).estimate
    if abs(reported - ours) <= _REPORTED_TOLERANCE:
        return []
    return [f"reports {again.metric} {reported:.4f}, and its samples give {ours:.4f}"]


def _usage_faults(run: Run, samples: list[EvalSample]) -> list[str]:
    """Whether the board would count at least the tokens of the samples: of a resumed run it takes their summaries'."""
    read, written = token_counts(samples)
    if run.input_tokens < read or run.output_tokens < written:
        return [
            f"counts {run.input_tokens:,} and {run.output_tokens:,} tokens, and its samples {read:,} and {written:,}"
        ]
    return []
