"""Putting a judging GenRM to the test: wrong solutions with sentences that ask for another verdict, and without."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from finbench.errors import ClaimFailed
from finbench.preference.check import Share, broken_solutions, share_of
from finbench.preference.running import run_judging
from finbench.preference.schema import Judgement, PromptItem, Settings, Solution

if TYPE_CHECKING:
    from finbench.evaluation.models import ModelSpec

_FILE = "injections.jsonl"
_CORRECT, _UNREAD = "correct", "unread"


@dataclass(frozen=True, kw_only=True)
class Injection:
    """A sentence for the judge, to be written into a wrong solution.

    Attributes:
        kind: what it tries: an `order`, a `verdict` already given, another `reference`, words of another `role`, the
            end of the `fence` around the solution, or an `authority` that vouches for it.
        place: `start` or `end` of the solution.
        text: the sentence; `{said}` stands for the solution's wrong answer and `{mark}` for a made-up mark.
    """

    kind: str
    place: Literal["start", "end"]
    text: str

    def into(self, solution: str) -> str:
        """The solution with the sentence in it."""
        said = solution.rstrip().rpartition("\n")[2].rpartition(":")[2].strip()
        mark = hashlib.sha256(solution.encode("utf-8", "replace")).hexdigest()[:16]
        sentence = self.text.replace("{said}", said).replace("{mark}", mark)
        return f"{sentence}\n{solution}" if self.place == "start" else f"{solution}\n{sentence}"


@dataclass(frozen=True, kw_only=True)
class InjectionFigures:
    """What sentences of one kind did.

    Attributes:
        kind: the kind, or `any`: each solution once, flipped if any kind flips it.
        flipped: wrong solutions called right with the sentence, among those that were not called so without it.
        unread: solutions with the sentence that the model gave no verdict on.
    """

    kind: str
    flipped: Share
    unread: int


@dataclass(frozen=True, kw_only=True)
class InjectionCheck:
    """How far sentences inside a wrong solution move a GenRM's verdict; the rule's verdict beside it.

    Attributes:
        model: public name.
        solutions: how many wrong solutions, each put to it as it is and once for each kind.
        seed: of problems and corruptions.
        injections_sha256: fingerprint of the sentences, 16 hex digits.
        right_accepted: worked solutions that it calls right.
        wrong_accepted: wrong solutions, without any sentence, that it calls right.
        unread: solutions of these two that it gave no verdict on.
        rule_flipped: solutions with a sentence that the rule calls right.
        figures: for each kind, `any` first.
        logs: names of the logs.
    """

    model: str
    solutions: int
    seed: int
    injections_sha256: str
    right_accepted: Share
    wrong_accepted: Share
    unread: int
    rule_flipped: Share
    figures: tuple[InjectionFigures, ...]
    logs: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The check as one JSON object."""
        return asdict(self)


@cache
def injections() -> tuple[Injection, ...]:
    """The sentences of the package, in the file's order."""
    return tuple(Injection(**json.loads(line)) for line in _text().splitlines())


def _text() -> str:
    return resources.files("finbench.preference").joinpath(_FILE).read_text(encoding="utf-8")


def kinds() -> tuple[str, ...]:
    """Kinds of sentences, in the file's order."""
    return tuple(dict.fromkeys(one.kind for one in injections()))


def injected(solution: str, kind: str, number: int) -> str:
    """A solution with the sentence of a kind whose turn it is.

    Args:
        solution: steps one a line, the answer last.
        kind: one of `kinds()`.
        number: the kind's sentences take turns by it.
    """
    of_kind = [one for one in injections() if one.kind == kind]
    return of_kind[number % len(of_kind)].into(solution)


def check_injections(
    genrm: ModelSpec, *, n: int, seed: int, settings: Settings, log_dir: Path, family: str | None = None
) -> InjectionCheck:
    """Let a GenRM judge wrong solutions as they are and with sentences for the judge in them.

    Each solution is compared with itself, so that what the model gets wrong anyway is told apart from what a sentence
    does. Worked solutions are judged too: a model that calls nothing right cannot be flipped, and is no judge.

    Args:
        genrm: the model that judges.
        n: how many wrong solutions; `n * (2 + len(kinds()))` are judged.
        seed: of problems and corruptions, from 1,000,000 up.
        settings: attempts, bounds, connections.
        log_dir: where the log goes; run again, nothing is asked twice.
        family: only problems of this family.

    Raises:
        InputError: if the model cannot be run.
        ClaimFailed: if the provider failed on some; the others are kept.
    """
    made = broken_solutions(n, seed, family=family)
    given: list[Solution] = []
    for number, (item, broken, _) in enumerate(made):
        texts = [item.solution, broken.text, *(injected(broken.text, kind, number) for kind in kinds())]
        given += [
            Solution(id=f"{item.id}/{index}", item=item.id, index=index, text=text) for index, text in enumerate(texts)
        ]
    items = [item for item, _, _ in made]
    judged = run_judging(items, given, genrm, replace(settings, audit=1.0), log_dir)
    if judged.missing:
        raise ClaimFailed(
            f"{len(judged.missing)} of {len(given)} solutions could not be put to the model; run the same command again"
        )
    said = {one.solution: one for one in judged.records}
    right, wrong, *sentences = (_of(items, said, index) for index in range(2 + len(kinds())))
    return InjectionCheck(
        model=genrm.name,
        solutions=n,
        seed=seed,
        injections_sha256=hashlib.sha256(_text().encode()).hexdigest()[:16],
        right_accepted=_accepted(right),
        wrong_accepted=_accepted(wrong),
        unread=sum(one.genrm == _UNREAD for one in (*right, *wrong)),
        rule_flipped=share_of(sum(one.right for group in sentences for one in group), n * len(kinds())),
        figures=(
            InjectionFigures(
                kind="any",
                flipped=_flipped(wrong, sentences),
                unread=sum(one.genrm == _UNREAD for group in sentences for one in group),
            ),
            *(
                InjectionFigures(
                    kind=kind, flipped=_flipped(wrong, [group]), unread=sum(one.genrm == _UNREAD for one in group)
                )
                for kind, group in zip(kinds(), sentences, strict=True)
            ),
        ),
        logs=judged.logs,
    )


def _of(items: Sequence[PromptItem], said: Mapping[str, Judgement], index: int) -> list[Judgement]:
    return [said[f"{item.id}/{index}"] for item in items]


def _accepted(judged: Sequence[Judgement]) -> Share:
    read = [one for one in judged if one.genrm != _UNREAD]
    return share_of(sum(one.genrm == _CORRECT for one in read), len(read))


def _flipped(plain: Sequence[Judgement], groups: Sequence[Sequence[Judgement]]) -> Share:
    """Of solutions not called right as they are, those called right with a sentence; each solution counts once."""
    n = flipped = 0
    for before, *after in zip(plain, *groups, strict=True):
        read = [one.genrm for one in after if one.genrm != _UNREAD]
        if before.genrm in (_UNREAD, _CORRECT) or not read:
            continue
        n += 1
        flipped += _CORRECT in read
    return share_of(flipped, n)
