"""Which option a model holds most likely: the answer of a choice or label task without a word being generated.

The rule is that of a harness's multiple choice by log-likelihood without length normalisation (`acc` of the EleutherAI
evaluation harness, Gao et al. 2021, doi:10.5281/zenodo.5371628): the option with the highest sum of token
log-probabilities after the prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def after_common_prefix(sequences: Sequence[Sequence[T]]) -> tuple[tuple[T, ...], list[tuple[T, ...]]]:
    """What sequences begin with in common, and the rest of each, which is never empty.

    Raises:
        ValueError: if a sequence is empty or there is none.
    """
    if not sequences or not all(sequences):
        raise ValueError("there is nothing to compare: no sequence, or an empty one")
    shortest = min(len(sequence) for sequence in sequences)
    same = 0
    while same < shortest - 1 and len({sequence[same] for sequence in sequences}) == 1:
        same += 1
    return tuple(sequences[0][:same]), [tuple(sequence[same:]) for sequence in sequences]


def distinct_ends(options: Sequence[str]) -> list[str]:
    """Options as they are weighed: with a line's end each, where one is the beginning of another.

    A model that goes on with "no gain" has gone on with "no" too, so the shorter could never lose.
    """
    clash = any(first != second and second.startswith(first) for first in options for second in options)
    return [f"{option}\n" for option in options] if clash else list(options)


def most_likely(options: Sequence[str], logprobs: Sequence[float]) -> str:
    """The option of the highest log-probability; the first of equals.

    Raises:
        ValueError: if there is not one number for each option, or one of them is no number.
    """
    if len(options) != len(logprobs) or not options:
        raise ValueError(f"{len(logprobs)} log-probabilities for {len(options)} options")
    if any(value != value for value in logprobs):
        raise ValueError("a log-probability is not a number")
    return options[max(range(len(options)), key=lambda index: logprobs[index])]
