"""Heads of logs as JSON: what was run, how, with what result; no sample, no text of an item, no path of a machine.

They are logs of Inspect (`read_eval_log(..., header_only=True)` reads them), written from the parts that are named
here; whatever else a log says of the machine it was made on is left behind.
"""

from __future__ import annotations

import json
import math
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from finbench.errors import InputError
from finbench.files import cache_folder, write_text
from finbench.results.cache import content_sha256
from leaderboard.text import clean

_VERSION = 1
_EVAL = ("run_id", "eval_id", "task_id", "created", "task", "task_version", "task_display_name", "model", "scorers")
_CONFIG = ("limit", "epochs", "epochs_reducer", "message_limit", "token_limit", "time_limit", "fail_on_error")
_GENERATE = ("max_tokens", "temperature", "top_p", "top_k", "seed", "stop_seqs", "reasoning_effort", "num_choices")
_STATS = ("started_at", "completed_at", "model_usage")
_LONGEST = 400
_MAX_HEAD = 64 * 2**20


def head_json(path: Path) -> str | None:
    """The head of a log as one JSON document; None where the file is no log of Inspect that has one."""
    try:
        note = cache_folder() / "heads" / f"{_VERSION}-{content_sha256(path)}.json"
        if note.is_file():
            return note.read_text(encoding="utf-8")
        raw = _header(path)
    except (OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile):
        return None
    text = json.dumps(bare(raw), ensure_ascii=True, indent=1, sort_keys=True) + "\n"
    with suppress(InputError):
        write_text(note, text)
    return text


def bare(raw: dict[str, Any]) -> dict[str, Any]:
    """The parts of a header that may be published."""
    told, plan = _map(raw.get("eval")), _map(raw.get("plan"))
    dataset = _map(told.get("dataset"))
    metadata = _map(told.get("metadata"))
    evaluation = {
        **_kept(told, _EVAL),
        "dataset": _kept(dataset, ("name", "samples", "sample_ids", "shuffled")),
        "config": _kept(_map(told.get("config")), _CONFIG),
        "model_generate_config": _kept(_map(told.get("model_generate_config")), _GENERATE),
        "packages": _kept(_map(told.get("packages")), ("inspect_ai", "finbench")),
        "metadata": _kept(metadata, sorted(key for key in metadata if key.startswith("finbench."))),
    }
    head = {
        "version": raw.get("version", 2),
        "status": raw.get("status"),
        "eval": evaluation,
        "plan": {"name": "plan", "steps": [], "config": _kept(_map(plan.get("config")), _GENERATE)},
        "results": _kept(_map(raw.get("results")), ("total_samples", "completed_samples", "scores", "headline_metric")),
        "stats": _kept(_map(raw.get("stats")), _STATS),
    }
    found: dict[str, Any] = _safe(head)
    return found


def _header(path: Path) -> dict[str, Any]:
    import inspect_ai._util.zipfile  # noqa: F401  (teaches zipfile the compression that logs are written with)

    with zipfile.ZipFile(path) as archive:
        if archive.getinfo("header.json").file_size > _MAX_HEAD:
            raise ValueError("too large")
        found = json.loads(archive.read("header.json"))
    if not isinstance(found, dict):
        raise ValueError("no header")
    return found


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _kept(value: dict[str, Any], keys: Any) -> dict[str, Any]:
    return {key: value[key] for key in keys if value.get(key) is not None}


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value, _LONGEST)
    if isinstance(value, dict):
        return {clean(str(key), 100): _safe(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_safe(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
