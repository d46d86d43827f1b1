"""Where a checkpoint comes from: the identity of a stage, and `lineage.json` beside what it leaves."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainers.base import Prepared, code_version
from trainers.files import canonical, read_json, sha256, write_json
from trainers.recipe import Stage

LINEAGE = "lineage.json"
_PACKAGES = (
    *("finbench", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers", "mergekit"),
    "inspect-ai",
)


def stage_identity(
    stage: Stage,
    *,
    config: dict[str, Any],
    data: Prepared,
    parent: str,
    seed: int,
    inputs: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """All that decides which weights a stage leaves; its hash names the stage's folder.

    Args:
        stage: the stage of the recipe.
        config: its settings with every default written out.
        data: its rows.
        parent: identity of the model it starts from: a base model's pin, or the hash of the stage before.
        seed: of this run.
        inputs: identity of each other checkpoint or file that the settings refer to.
    """
    return {
        "trainer": stage.trainer,
        "code": code_version(stage.trainer),
        "config": config,
        "data": data.sha256,
        "parent": parent,
        "seed": seed,
        "processes": stage.launch.processes if stage.launch else 1,
        **({"inputs": dict(inputs)} if inputs else {}),
    }


def identity_hash(identity: dict[str, Any]) -> str:
    """Hex SHA-256 of a stage's identity."""
    return sha256(canonical(identity))


def folder_name(index: int, stage: str, digest: str) -> str:
    """`<index>-<stage>-<first 12 digits of the hash>`, the index counted from 0 as in `stages.0`."""
    return f"{index}-{stage}-{digest[:12]}"


def write_lineage(
    folder: Path,
    stage: Stage,
    *,
    identity: dict[str, Any],
    data: Prepared,
    base: str,
    parent: str,
    result: dict[str, Any],
    overlaps: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write `lineage.json` into a stage's folder; that it is there means that the stage is finished.

    Args:
        folder: the stage's.
        stage: of the recipe.
        identity: of `stage_identity`.
        data: the rows that were trained on.
        base: public name of the recipe's base model.
        parent: public name of the model that the stage started from; what it hashes to stands in `identity`.
        result: what the worker said.
        overlaps: what was found of evaluation items in the rows; None where nothing was looked for.
    """
    lineage = {
        "stage": stage.name,
        "hash": identity_hash(identity),
        "identity": identity,
        "base": base,
        "parent": parent,
        "data": {"rows": data.rows, "sha256": data.sha256, "sources": list(data.sources)}
        | ({"decontamination": overlaps} if overlaps else {}),
        "training": {key: result.get(key) for key in ("steps", "tokens", "seconds", "peak_memory_gib", "notes")},
        "checkpoint": result["checkpoint"],
        "versions": result["versions"],
        "hardware": result["hardware"],
        "git": git_state(),
        "launch": stage.launch.line if stage.launch else None,
    }
    write_json(folder / LINEAGE, lineage)
    return lineage


def finished(folder: Path, digest: str) -> dict[str, Any] | None:
    """The lineage of a finished stage in `folder`, None where it must still be trained.

    Raises:
        InputError: there is a lineage, and it cannot be read.
    """
    if not (folder / LINEAGE).is_file():
        return None
    lineage: dict[str, Any] = read_json(folder / LINEAGE)
    whole = lineage.get("hash") == digest and (folder / str(lineage.get("checkpoint"))).is_dir()
    return lineage if whole else None


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide results, those installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def hardware() -> str:
    """Processor, memory and accelerators in words, without the machine's name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parts = [f"{cores} cores of {_processor()}", f"{platform.system()} {platform.machine()}"]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        parts.insert(1, f"{total / 2**30:.0f} GiB memory")
    torch = sys.modules.get("torch")  # only where the trainer has loaded it
    if torch is not None:
        count = torch.cuda.device_count()
        parts.append(f"{count} x {torch.cuda.get_device_name(0)}" if count else "no accelerator")
        threads = torch.get_num_threads()
        parts.append("1 thread" if threads == 1 else f"{threads} threads")
    return ", ".join(parts)


def git_state() -> dict[str, Any] | None:
    """Commit of the checkout that this code runs from and whether it has changes; None outside of one."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    commit = _git(root, "rev-parse", "HEAD")
    status = _git(root, "status", "--porcelain")
    return {"commit": commit, "changed": bool(status)} if commit else None


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "an unnamed processor"
