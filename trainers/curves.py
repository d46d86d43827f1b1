"""Loss curves of a stage: the points of its `metrics.jsonl`, and their picture as SVG."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

#: Name of the log in a stage's folder, as `trainers.loop` writes it.
METRICS = "metrics.jsonl"
_MOST = 400
_WIDTH, _HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 12, 36


def losses(folder: Path) -> list[list[float]]:
    """Step and training loss of each entry in a stage's log, thinned to 400; empty where there is no log."""
    try:
        lines = (folder / METRICS).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    points = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # the line that was being written when the run was cut off
        step, loss = (entry.get("step"), entry.get("loss")) if isinstance(entry, dict) else (None, None)
        if isinstance(step, int) and isinstance(loss, int | float) and math.isfinite(loss):
            points.append([float(step), float(loss)])
    stride = math.ceil(len(points) / _MOST) if points else 1
    kept = points[::stride]
    if kept and kept[-1] != points[-1]:
        kept.append(points[-1])  # the last one is what people look for
    return kept


def svg(points: Sequence[Sequence[float]], title: str = "training loss") -> str:
    """A line of training loss over steps; the text of an SVG image that needs nothing else.

    Args:
        points: step and loss, in order of the steps.
        title: what the picture is called for people who cannot see it; written by this package only.
    """
    steps, values = [point[0] for point in points], [point[1] for point in points]
    first, last = min(steps), max(max(steps), min(steps) + 1)
    low, high = min(values), max(values)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5

    def x(step: float) -> float:
        return round(_LEFT + (step - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        return round(_TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM), 1)

    line = " ".join(f"{x(step)},{y(value)}" for step, value in zip(steps, values, strict=True))
    grid = []
    for part in range(5):
        value = low + (high - low) * part / 4
        grid.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value)}" y2="{y(value)}" stroke="#8888" '
            f'stroke-width="0.5"/><text x="{_LEFT - 6}" y="{y(value) + 4}" text-anchor="end">{value:.3g}</text>'
        )
    for step in sorted({first, round((first + last) / 2), last}):
        grid.append(f'<text x="{x(step)}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{step:g}</text>')
    mark = f'<circle cx="{x(steps[-1])}" cy="{y(values[-1])}" r="2.5" fill="#2a6fbb"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" role="img" aria-label="{title}" font-family="sans-serif" font-size="11" fill="#888">'
        f"<title>{title}</title>{''.join(grid)}"
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 4}" text-anchor="middle">step</text>'
        f'<polyline points="{line}" fill="none" stroke="#2a6fbb" stroke-width="1.5"/>{mark}</svg>\n'
    )
