"""Rows of a set on the hub, at a pinned commit, from parquet and JSON files only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from finbench.errors import InputError
from trainers.base import first_line
from trainers.data.readers import Passes, arranged
from trainers.data.rows import Row, read_row
from trainers.recipe import DataSource


def read_hub(source: DataSource, passes: Passes | None = None) -> Iterator[Row]:
    """The rows of a set on the hub, in its order; with `stream` they are fetched as they are taken.

    Args:
        source: which set.
        passes: asked of each row as it stands in the set and as it was read; others are left out.

    Raises:
        InputError: the set cannot be had, has another format than parquet or JSON, lacks the configuration or split,
            or a row has no known form.
    """
    import datasets
    from datasets.packaged_modules.cache.cache import Cache
    from datasets.packaged_modules.json.json import Json
    from datasets.packaged_modules.parquet.parquet import Parquet

    name, _, revision = (source.hub or "").partition("@")
    if Path(name).exists():  # the library would read that folder instead, whatever it holds
        raise InputError(
            f"{name} is also a folder below the current one; run from another folder, or give it as `path`"
        )
    datasets.disable_progress_bars()
    try:
        builder = datasets.load_dataset_builder(name, source.config, revision=revision)
        if isinstance(builder, Cache):  # the library's way out; nothing ties that copy to a commit
            raise InputError(
                f"{source.label} cannot be had from the hub at this commit, and what lies of it in the cache may be of "
                "another one; it needs a network and a commit that is there"
            )
        if not isinstance(builder, Json | Parquet):
            bases = reversed(type(builder).__mro__)
            found = next((base.__name__ for base in bases if ".packaged_modules." in base.__module__), "another format")
            raise InputError(
                f"{source.label} comes as {found.lower()}; only JSON and parquet files are read: convert them and "
                "give the result as `path`"
            )
        if source.stream:
            loaded = builder.as_streaming_dataset(split=source.split)
        else:
            builder.download_and_prepare()
            loaded = builder.as_dataset(split=source.split)
    except InputError:
        raise
    except Exception as error:  # the hub's client raises many kinds, all of which mean: not to be had
        offline = os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")
        why = "HF_HUB_OFFLINE is set" if offline else f"{type(error).__name__}: {first_line(error)}"
        raise InputError(
            f"{source.label} cannot be had from the hub ({why}); look at the name, commit, `config` and `split`, and "
            "for sets with an agreement at `hf auth login`"
        ) from error
    rows = iter(loaded)
    number = 0
    while True:
        try:
            value = next(rows)
        except StopIteration:
            return
        except Exception as error:  # streamed rows are fetched here
            raise InputError(
                f"{source.label} broke off after {number} rows ({type(error).__name__}: {first_line(error)})"
            ) from error
        number += 1
        try:
            fields = arranged(dict(value), source.columns)
            row = read_row(fields, f"{source.config or name}:{number}", source.kind)
        except ValueError as error:
            raise InputError(f"{source.label}, row {number}: {error}") from error
        if passes is None or (isinstance(fields, dict) and passes(fields, row)):
            yield row
