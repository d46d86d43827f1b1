"""The lineage of a recipe's checkpoints as a drawing: what was trained from what, on what."""

from __future__ import annotations

from html import escape

from leaderboard.charts import Svg
from leaderboard.recipes import Recipe, StageRun
from leaderboard.text import clean, count, plural

_WIDTH, _HEIGHT = 208, 62
_GAP_X, _GAP_Y = 64, 22
_LINE = 15
_SOURCES = 4


def lineage_graph(recipe: Recipe, names: dict[str, str]) -> Svg:
    """Boxes for the base model and each checkpoint, lines from parent to child, training data below each box.

    The table of stages says the same in words; title and description name it for screen readers.

    Args:
        recipe: the run.
        names: what to call each checkpoint, by its hash.
    """
    depth = _depths(recipe)
    rows = _rows(recipe, depth)
    below = max((min(len(stage.sources), _SOURCES + 1) for stage in recipe.stages), default=0)
    pitch = _HEIGHT + _GAP_Y + below * _LINE
    places = {key: (8 + depth[key] * (_WIDTH + _GAP_X), 8 + rows[key] * pitch) for key in depth}
    width = max(x for x, _ in places.values()) + _WIDTH + 8
    height = max(y for _, y in places.values()) + pitch - _GAP_Y + 10
    lines, boxes = [], [_box(places[""], clean(recipe.base, 28), "base model", "", "base")]
    for stage in recipe.stages:
        for parent in _parents(recipe, stage):
            lines.append(_line(places[parent], places[stage.hash]))
        boxes.append(_stage_box(stage, places[stage.hash], names.get(stage.hash, stage.model)))
    return Svg(
        f'<svg class="lineage" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-labelledby="lineage-title lineage-desc"><title id="lineage-title">Lineage of the checkpoints of '
        f'{escape(recipe.name)}</title><desc id="lineage-desc">{escape(description(recipe))}</desc>'
        f"{''.join(lines)}{''.join(boxes)}</svg>"
    )


def description(recipe: Recipe) -> str:
    """The graph in words."""
    models = {stage.hash: stage.model for stage in recipe.stages}
    parts = []
    for stage in recipe.stages:
        parents = " and ".join(models.get(parent, recipe.base) for parent in _parents(recipe, stage))
        data = ", ".join(source.name for source in stage.sources) or "no data of its own"
        parts.append(f"{stage.model} comes from {parents} by {stage.trainer or 'training'} on {data}.")
    return " ".join(parts) or f"No stage of {recipe.name} is finished."


def _parents(recipe: Recipe, stage: StageRun) -> tuple[str, ...]:
    """Hashes of the stages that it started from; an empty text for the base model."""
    known = {one.hash for one in recipe.stages}
    found = tuple(parent if parent in known and parent != stage.hash else "" for parent in stage.parents)
    return tuple(dict.fromkeys(found)) or ("",)


def _depths(recipe: Recipe) -> dict[str, int]:
    depth = {"": 0}
    for stage in recipe.stages:  # a report lists parents before children
        depth[stage.hash] = 1 + max(depth.get(parent, 0) for parent in _parents(recipe, stage))
    return depth


def _rows(recipe: Recipe, depth: dict[str, int]) -> dict[str, int]:
    """A row each: a child stands beside its first parent, or below what is there already."""
    rows, taken = {"": 0}, {(0, 0)}
    for stage in recipe.stages:
        if stage.hash in rows:
            continue
        row = rows.get(_parents(recipe, stage)[0], 0)
        while (depth[stage.hash], row) in taken:
            row += 1
        rows[stage.hash] = row
        taken.add((depth[stage.hash], row))
    return rows


def _stage_box(stage: StageRun, place: tuple[int, int], name: str) -> str:
    facts = [stage.trainer, f"{count(stage.tokens)} tokens" if stage.tokens is not None else ""]
    facts.append(f"seed {stage.seed}" if stage.seed is not None else "")
    held = sum(claim.holds for claim in stage.claims)
    said = f"{held} of {plural(len(stage.claims), 'claim')} held" if stage.claims else "not judged"
    tone = "held" if stage.claims and held == len(stage.claims) else "open"
    x, y = place
    texts = []
    for number, source in enumerate(stage.sources[: _SOURCES + 1]):
        rows = f" · {count(source.taken)} rows" if source.taken is not None else ""
        text = f"{clean(source.name, 22)}{rows}"
        if number == _SOURCES:
            text = f"and {len(stage.sources) - _SOURCES} more"
        texts.append(f'<text class="from" x="{x + 12}" y="{y + _HEIGHT + 14 + number * _LINE}">↑ {escape(text)}</text>')
    return _box(place, clean(name, 28), " · ".join(filter(None, facts)), said, tone) + "".join(texts)


def _box(place: tuple[int, int], first: str, second: str, third: str, tone: str) -> str:
    x, y = place
    lines = [(first, "name", 22), (second, "", 39), (third, tone, 54)]
    texts = "".join(
        f'<text class="{kind}" x="{x + 12}" y="{y + down}">{escape(text)}</text>' for text, kind, down in lines if text
    )
    return f'<g><rect class="box {tone}" x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5"/>{texts}</g>'


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    x2, y2 = end[0], end[1] + _HEIGHT // 2
    middle = (x1 + x2) // 2
    return (
        f'<path class="edge" d="M{x1} {y1}C{middle} {y1} {middle} {y2} {x2 - 6} {y2}"/>'
        f'<path class="tip" d="M{x2 - 7} {y2 - 4}L{x2 - 1} {y2}L{x2 - 7} {y2 + 4}z"/>'
    )
