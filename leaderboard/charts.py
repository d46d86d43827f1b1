"""Charts as SVG text: pure functions of numbers, styled by class so that they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leaderboard.text import interval, percent, points

WIDTH, HEIGHT = 180, 18
_INSET = 4
#: Outcomes in the order they are stacked.
OUTCOMES = ("correct", "wrong", "unparsed", "refused", "truncated", "error")


class Svg(str):
    """SVG text that a template takes as it is: the numbers and fixed words in it need no escaping."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A scale that all bars of one column share.

    Attributes:
        low: value at the left end.
        high: value at the right end.
        lines: reference values with their names, in this order.
    """

    low: float
    high: float
    lines: tuple[tuple[float, str], ...] = ()

    def x(self, value: float) -> float:
        """Place of a value in pixels, kept inside the chart."""
        if value <= self.low:
            return _INSET
        if value >= self.high:
            return WIDTH - _INSET
        return round(_INSET + (value - self.low) / (self.high - self.low) * (WIDTH - 2 * _INSET), 1)


def axis_over(spans: Sequence[tuple[float, float]], *, lines: Sequence[tuple[float, str]] = ()) -> Axis:
    """The axis in steps of ten points that holds all spans and reference lines."""
    values = [end for span in spans for end in span] + [value for value, _ in lines]
    low = math.floor(round(min(values, default=0.0) * 10, 6)) / 10
    high = math.ceil(round(max(values, default=1.0) * 10, 6)) / 10
    return Axis(low=low, high=max(high, low + 0.1), lines=tuple(lines))


def axis_around_zero(spans: Sequence[tuple[float, float]]) -> Axis:
    """A symmetric axis for differences, in steps of five points."""
    reach = max((abs(end) for span in spans for end in span), default=0.05)
    end = max(math.ceil(round(reach * 20, 6)) / 20, 0.05)
    return Axis(low=-end, high=end, lines=((0.0, "no difference"),))


def interval_bar(
    axis: Axis, estimate: float, low: float, high: float, *, signed: bool = False, titled: bool = True
) -> Svg:
    """A 95 % interval with its estimate, over the reference lines of the axis.

    The numbers stand beside it as text, so it is hidden from screen readers; a pointer gets the title.
    """
    middle = HEIGHT / 2
    number = points if signed else percent
    title = f"<title>{number(estimate)}, 95 % interval {interval(low, high)}</title>" if titled else ""
    lines = "".join(f'<path class="ref" d="M{axis.x(value):g} 1V{HEIGHT - 1}"/>' for value, _ in axis.lines)
    return Svg(
        f'<svg class="bar" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" aria-hidden="true">'
        f'{title}<path class="base" d="M{_INSET} {middle:g}H{WIDTH - _INSET}"/>{lines}'
        f'<path class="ci" d="M{axis.x(low):g} {middle:g}H{axis.x(high):g}"/>'
        f'<circle class="dot" cx="{axis.x(estimate):g}" cy="{middle:g}" r="3"/></svg>'
    )


def difference_bar(axis: Axis, estimate: float, low: float, high: float) -> str:
    """As `interval_bar`, signed and without a title, for an axis around zero: of these a large site has 50,000."""
    at = axis.x
    return (
        f'{_DIFFERENCE}<path class="ci" d="M{at(low):g} 9H{at(high):g}"/>'
        f'<circle class="dot" cx="{at(estimate):g}" cy="9" r="3"/></svg>'
    )


def baseline_mark(axis: Axis, value: float) -> Svg:
    """A score that no model has: a hollow mark, and no interval."""
    lines = "".join(f'<path class="ref" d="M{axis.x(at):g} 1V{HEIGHT - 1}"/>' for at, _ in axis.lines)
    return Svg(
        f'<svg class="bar" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" aria-hidden="true">'
        f'<path class="base" d="M{_INSET} 9H{WIDTH - _INSET}"/>{lines}'
        f'<path class="bench" d="M{axis.x(value):g} 5l4 4l-4 4l-4 -4z"/></svg>'
    )


_DIFFERENCE = (
    f'<svg class="bar" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" aria-hidden="true">'
    f'<path class="base" d="M{_INSET} 9H{WIDTH - _INSET}"/><path class="ref" d="M{WIDTH // 2} 1V{HEIGHT - 1}"/>'
)


def axis_head(axis: Axis, *, signed: bool = False) -> Svg:
    """The scale above a column of bars: its two ends, and marks at the reference lines."""
    number = points if signed else percent
    marks = "".join(f'<path class="ref" d="M{axis.x(value):g} 11V16"/>' for value, _ in axis.lines)
    return Svg(
        f'<svg class="bar" viewBox="0 0 {WIDTH} 16" width="{WIDTH}" height="16" aria-hidden="true">'
        f'<text x="{_INSET}" y="9">{number(axis.low, 0)}</text>'
        f'<text x="{WIDTH - _INSET}" y="9" text-anchor="end">{number(axis.high, 0)}</text>{marks}</svg>'
    )


def outcome_stack(outcomes: Mapping[str, int]) -> Svg:
    """How samples ended, as one bar of shares; the same numbers stand beside it as text."""
    total = sum(outcomes.values())
    parts, left = [], 0.0
    for name in OUTCOMES:
        width = round(120 * outcomes.get(name, 0) / total, 2) if total else 0.0
        if width:
            parts.append(f'<rect class="o-{name}" x="{left:g}" width="{width:g}" height="12"/>')
            left = round(left + width, 2)
    return Svg(
        f'<svg class="stack" viewBox="0 0 120 12" width="120" height="12" aria-hidden="true">'
        f"<title>{outcome_text(outcomes)}</title>{''.join(parts)}</svg>"
    )


def outcome_strip(outcomes: Sequence[str]) -> Svg:
    """One mark a model for one item, in the order given; words or the table's downloads say the same."""
    step = 6 if len(outcomes) <= 40 else 3
    paths = dict.fromkeys(OUTCOMES, "")
    for place, name in enumerate(outcomes):
        paths[name] += f"M{place * step} 0h{step - 1}v12h-{step - 1}z"
    drawn = "".join(f'<path class="o-{name}" d="{path}"/>' for name, path in paths.items() if path)
    width = max(len(outcomes) * step, 1)
    return Svg(
        f'<svg class="stack" viewBox="0 0 {width} 12" width="{width}" height="12" aria-hidden="true">{drawn}</svg>'
    )


def outcome_text(outcomes: Mapping[str, int]) -> str:
    """The counts in words: `129 correct, 48 wrong, 3 unparsed`."""
    return ", ".join(f"{outcomes[name]:,} {name}" for name in OUTCOMES if outcomes.get(name)) or "no samples"
