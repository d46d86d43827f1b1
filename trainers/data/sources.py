"""Prepared rows for training: read, checked, sampled with a seed, counted, fingerprinted, written out.

Rows pass through a file on disk, so that a source may be larger than memory.
"""

from __future__ import annotations

import hashlib
import json
import random
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbench.errors import InputError
from finbench.files import writing
from trainers.base import Prepared
from trainers.data.readers import read_path
from trainers.data.rows import Row, characters, kind_of
from trainers.data.spool import Spool
from trainers.files import canonical
from trainers.recipe import DataSource

if TYPE_CHECKING:
    from trainers.data.filtering import Sieve

__all__ = ["Row", "measure", "prepare", "read", "sample", "sieve_of"]

#: Rows that a streamed source is shuffled over.
WINDOW = 10_000


class _Fingerprint:
    """SHA-256 of lines joined by line ends, one at a time."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._begun = False

    def add(self, line: str) -> None:
        self._hash.update((f"\n{line}" if self._begun else line).encode("utf-8"))
        self._begun = True

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def prepare(
    sources: Sequence[DataSource], out: Path, *, seed: int, count_tokens: Callable[[Row], int] | None = None
) -> Prepared:
    """Read all sources of a stage, take what their limits allow, and write the rows to `out` as JSON lines.

    Sources follow each other in the recipe's order, rows within one in their own order: shuffling is the trainer's.

    Args:
        sources: the stage's data.
        out: the file to write.
        seed: decides which rows are drawn where there is a limit.
        count_tokens: tokens of a row for the base model; needed where a source is limited by tokens.

    Raises:
        InputError: a source is missing, unreadable, empty, or a row does not have the form of `Prepared`.
    """
    if not sources:
        raise InputError("the stage has no data; give it at least one source with `task`, `path` or `hub`")
    whole = _Fingerprint()
    reports: list[dict[str, Any]] = []
    partial = out.with_name(f"{out.name}.partial")
    try:
        with writing(out):
            out.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("w", encoding="utf-8", newline="\n") as lines:
                for index, source in enumerate(sources):
                    rng = random.Random(f"{seed}/{index}")
                    sieve = sieve_of(source)
                    with Spool() as spool:
                        taken = _draw(source, spool, rng, count_tokens, seed, sieve)
                        mine = _Fingerprint()
                        kinds: dict[str, int] = {}
                        for number in taken:
                            line = spool.line(number)
                            kind = kind_of(json.loads(line))
                            kinds[kind] = kinds.get(kind, 0) + 1
                            mine.add(line)
                            whole.add(line)
                            lines.write(line + "\n")
                        report = _report(source, len(spool), len(taken), kinds, mine.hexdigest())
                        reports.append(report | ({"filter": sieve.report()} if sieve else {}))
            partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    mix = [[report["taken"], report["group"], report["weight"]] for report in reports]
    if any(source.group != 1 or source.weight is not None for source in sources):
        whole.add(canonical(mix))  # the same rows in another mix are another data set
    rows = sum(int(report["taken"]) for report in reports)
    return Prepared(path=out, rows=rows, sha256=whole.hexdigest(), sources=tuple(reports))


def sieve_of(source: DataSource) -> Sieve | None:
    """What a source's rows must pass; None where they all do.

    Raises:
        InputError: a list of domains or a classifier cannot be read.
    """
    if source.filter is None:
        return None
    from trainers.data.filtering import Sieve  # late: most sources have none

    return Sieve(source.filter)


def read(source: DataSource, seed: int = 0, sieve: Sieve | None = None) -> Iterator[Row]:
    """All rows that a source offers, in its order, one after the other; those only that pass its filter.

    Args:
        source: where they come from.
        seed: of the run; generated problems are drawn with it.
        sieve: of `sieve_of`, to have its counts afterwards.

    Raises:
        InputError: see `prepare`.
    """
    if source.stage and not source.path:
        raise InputError(f"{source.label}: its rows are known once it has run")
    sieve = sieve or sieve_of(source)
    passes = sieve.passes if sieve else None
    if source.task:
        rows: Iterable[Row] = _from_task(source, seed)
    elif source.hub:
        from trainers.data.hub_rows import read_hub

        rows = read_hub(source, passes)
    else:
        rows = read_path(Path(source.path or ""), kind=source.kind, columns=source.columns, passes=passes)
    empty = True
    for row in rows:
        empty = False
        if source.chat and isinstance(row.get("prompt"), str):
            row["prompt"] = [{"role": "user", "content": row["prompt"]}]
        yield row
    if sieve:
        sieve.check(source.label)
    if empty:
        raise InputError(f"{source.label} holds no rows")


def measure(source: DataSource) -> tuple[int, int]:
    """How many rows a source offers, and how many characters they have, without the network.

    Raises:
        InputError: see `prepare`; or the source is on the hub, or is read only in part.
    """
    if source.hub:
        raise InputError(f"{source.label} is on the hub; it is counted when it is fetched")
    if source.stream:
        raise InputError(f"{source.label} is read only as far as its limit goes")
    rows = letters = 0
    for row in read(source):
        rows += 1
        letters += characters(row)
    return rows, letters


def sample(
    rows: Spool, source: DataSource, rng: random.Random, count_tokens: Callable[[Row], int] | None
) -> Sequence[int]:
    """Numbers of the rows that a source's limit leaves, in their original order.

    Raises:
        InputError: more examples are asked for than there are, or tokens cannot be counted.
    """
    if source.examples is not None:
        if source.examples > len(rows):
            raise InputError(f"{source.label} has {len(rows)} rows, the recipe asks for {source.examples}")
        return sorted(rng.sample(range(len(rows)), source.examples))
    if source.tokens is None:
        return range(len(rows))
    count = _counter(source, count_tokens)
    order = array("Q", range(len(rows)))
    rng.shuffle(order)
    taken, total = array("Q"), 0
    for i in order:
        total += count(rows.row(i))
        if total > source.tokens:
            break  # stopping here, not skipping, keeps long rows as likely as short ones
        taken.append(i)
    if not taken:
        raise InputError(f"{source.label}: no row fits into {source.tokens} tokens; raise the limit")
    return sorted(taken)


def _draw(
    source: DataSource,
    spool: Spool,
    rng: random.Random,
    count_tokens: Callable[[Row], int] | None,
    seed: int,
    sieve: Sieve | None,
) -> Sequence[int]:
    """Fill `spool` from a source; gives the numbers of the rows to take."""
    if not source.stream:
        for row in read(source, seed, sieve):
            spool.append(row)
        return sample(spool, source, rng, count_tokens)
    rows = _shuffled(read(source, seed, sieve), rng)
    if source.examples is not None:
        for row in islice(rows, source.examples):
            spool.append(row)
        if len(spool) < source.examples:
            raise InputError(f"{source.label} has {len(spool)} rows, the recipe asks for {source.examples}")
        return range(len(spool))
    count, total = _counter(source, count_tokens), 0
    for row in rows:
        total += count(row)
        if total > (source.tokens or 0):
            break
        spool.append(row)
    if not len(spool):
        raise InputError(f"{source.label}: no row fits into {source.tokens} tokens; raise the limit")
    return range(len(spool))


def _shuffled(rows: Iterator[Row], rng: random.Random) -> Iterator[Row]:
    """Rows in random order within a moving window."""
    window = list(islice(rows, WINDOW))
    rng.shuffle(window)
    for row in rows:
        place = rng.randrange(len(window))
        window[place], row = row, window[place]
        yield row
    yield from window


def _counter(source: DataSource, count_tokens: Callable[[Row], int] | None) -> Callable[[Row], int]:
    if count_tokens is None:
        raise InputError(f"{source.label} is limited by tokens, and there is no tokenizer to count them")
    return count_tokens


def _report(source: DataSource, offered: int, taken: int, kinds: dict[str, int], sha256: str) -> dict[str, Any]:
    return {
        "source": source.label,
        "kind": ", ".join(sorted(kinds)),
        "offered": None if source.stream else offered,
        "taken": taken,
        "sha256": sha256,
        "limit": {"examples": source.examples, "tokens": source.tokens}
        | ({"skip": source.skip} if source.skip else {}),
        "group": source.group,
        "weight": source.weight,
    }


def _from_task(source: DataSource, seed: int) -> Iterator[Row]:
    from finbench.data.training import examples  # late: reading a recipe needs no rows
    from finbench.tasks.generated import FIRST_TRAINING_SEED, is_generated, official_exam

    assert source.task is not None
    if source.families:
        if source.task != "fin_calc" or source.elicitation == "direct":
            raise InputError(f"`families` are those of fin_calc with its worked solutions, not of {source.label}")
        from trainers.genrm.prompts import drawn_prompts, messages_of
        from trainers.genrm.settings import Drawing

        wanted = Drawing(examples=source.examples or 1, families=source.families)
        for item in drawn_prompts(wanted, seed=seed, known=()):
            yield {"id": item.id, "prompt": messages_of(item), "completion": item.solution}
        return
    if is_generated(source.task):
        if source.examples is None:
            raise InputError(f"{source.task} is generated; say with `examples` how many problems to draw")
        evaluated = official_exam(source.task).items
        until = source.skip + source.examples
        found = examples(
            source.task,
            source.split,
            elicitation=source.elicitation,
            n=until + until // 10 + 10,  # some come twice, and are left out
            seed=FIRST_TRAINING_SEED + 1 + seed,  # the first one draws the examples of few-shot prompts
        )
        rows = [example for example in found if example.id not in evaluated][source.skip : until]
    else:
        if source.skip:
            raise InputError(f"`skip` belongs to a generated task, and {source.task} is none; take it away")
        rows = examples(source.task, source.split, elicitation=source.elicitation)
    for example in rows:
        yield {
            "id": example.id,
            "prompt": [dict(turn) for turn in example.prompt],
            "completion": example.completion,
        }
