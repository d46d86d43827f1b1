"""One worker's share of an evaluation, as a JSON document that passes from process to process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict


class Grader(BaseModel):
    """The judge of the tasks that need one.

    Attributes:
        model: Inspect's model string.
        name: its public name, which the logs carry.
        args: model arguments.
        base_url: server to talk to.
        checkpoint: folder of local weights.
        sha256: fingerprint of that folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    name: str
    args: dict[str, Any] = {}
    base_url: str | None = None
    checkpoint: Path | None = None
    sha256: str | None = None


class Job(BaseModel):
    """Some tasks on one model.

    Attributes:
        model: Inspect's model string.
        name: the public name that the logs carry.
        args: model arguments.
        checkpoint: folder of local weights; the worker changes into its parent, so that no path of this machine
            reaches a log.
        tasks: task name and its options; for `data` a name stands in the place of the path.
        rows: the path behind each such name.
        folders: the folder of each task's logs below `log_dir`; it carries the set, so that another set is run anew.
        log_dir: where the logs go, absolute.
        grader: the judge, for the tasks that need one.
        max_cost: ask nothing more once this many USD are spent by the whole command.
        spent: USD that the command had spent before this job.
        receipt: file that is told how much this job has spent.
        prices: YAML of prices.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    name: str
    args: dict[str, Any] = {}
    base_url: str | None = None
    checkpoint: Path | None = None
    sha256: str | None = None
    lineage_sha256: str | None = None
    tasks: dict[str, dict[str, Any]]
    rows: dict[str, Path] = {}
    folders: dict[str, str] = {}
    log_dir: Path
    grader: Grader | None = None
    limit: int | None = None
    epochs: int = 1
    max_connections: int | None = None
    max_cost: float | None = None
    spent: float = 0.0
    receipt: Path | None = None
    prices: Path | None = None
    offline: bool = False
