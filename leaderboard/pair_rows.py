"""Rows of tables of pairs, written as text at once: a board of 50 models and 30 tasks has 80,000 of them.

Downloads give the numbers of pairs to six significant digits, as the page's sort keys do.
"""

from __future__ import annotations

import csv
import io
import json
from functools import lru_cache
from html import escape

from finbench.results.rank import PairTest
from leaderboard.charts import Axis, Svg, difference_bar
from leaderboard.tables import Scalar, inert
from leaderboard.text import clean, count, interval, p_text, percent, points

_NUMBERS = "%.6g,%.6g,%.6g,%.6g,%.6g"


class PairTexts:
    """What tables say of one pair, as texts.

    Attributes:
        difference: sort key of the difference.
        flips: the items that only the first, and that only the second has right: `31 : 13`.
    """

    __slots__ = ("_high", "_low", "_mde", "_numbers", "_only", "_value", "apart", "flips", "pair")

    def __init__(self, pair: PairTest, *, turned: bool = False) -> None:
        """Prepare.

        Args:
            pair: the pair.
            turned: whether the table names its second model first.
        """
        self.pair = pair
        first, second = pair.only_first, pair.only_second
        if turned:
            self._value, self._low, self._high = -pair.difference, -pair.ci_high, -pair.ci_low
            first, second = second, first
        else:
            self._value, self._low, self._high = pair.difference, pair.ci_low, pair.ci_high
        self._numbers = _NUMBERS % (self._value, self._low, self._high, pair.p, pair.p_holm)
        self._mde = "" if pair.mde is None else f"{pair.mde:.6g}"
        self._only = (first, second)
        self.apart = (first or 0) + (second or 0)
        self.flips = flips_text(self._only)

    @property
    def first_is_better(self) -> bool | None:
        """Which of the two is significantly better; None where neither is."""
        return None if self.pair.better is None else self._value > 0

    @property
    def verdict(self) -> str:
        """The verdict on the pair in words."""
        first = self.first_is_better
        return "no evidence" if first is None else "first is better" if first else "second is better"

    def cells(self, axis: Axis, *, flipped: str | None = "", page: str = "") -> str:
        """The cells from the difference to the difference that would show, as HTML.

        Args:
            axis: the scale of the column of bars.
            flipped: what stands behind the counts of items; None where the table has no such column.
            page: where the verdict links to, from the page that the table stands on.
        """
        pair = self.pair
        numbers = self._numbers.split(",")
        words = self.verdict
        said = f'<a href="{escape(page)}">{words}</a>' if page else words
        flips = "" if flipped is None else f'<td class="num" data-v="{self.apart}">{self.flips}{flipped}</td>'
        mde = f' data-v="{self._mde}"' if self._mde else ""
        return (
            f'<td class="num" data-v="{numbers[0]}">{points(self._value)}'
            f"<small>{interval(self._low, self._high)}</small></td>"
            f'<td class="chart">{difference_bar(axis, self._value, self._low, self._high)}</td>'
            f'<td class="num" data-v="{numbers[3]}">{_p_html(pair.p)}</td>'
            f'<td class="num" data-v="{numbers[4]}">{_p_html(pair.p_holm)}</td>'
            f'<td class="{"short" if pair.better is None else "sure"}" data-v="{numbers[4]}">{said}</td>'
            f'{flips}<td class="num"{mde}>{detectable_text(pair.mde)}</td>'
        )

    @property
    def as_csv(self) -> str:
        """Difference, ends, p, p after Holm, verdict, items right by one only, and what would show."""
        first, second = ("" if number is None else number for number in self._only)
        return f"{self._numbers},{self.verdict},{first},{second},{self._mde}"

    @property
    def as_json(self) -> str:
        """The same as fields of a JSON object."""
        numbers = self._numbers.split(",")
        if "n" in self._numbers:  # nan or inf, which JSON has no form for
            numbers = ["null" if "n" in one else one for one in numbers]
        first, second = ("null" if number is None else number for number in self._only)
        return (
            f'"difference": {numbers[0]}, "ci_low": {numbers[1]}, "ci_high": {numbers[2]}, "p": {numbers[3]}, '
            f'"p_holm": {numbers[4]}, "verdict": "{self.verdict}", "only_first": {first}, "only_second": {second}, '
            f'"mde": {self._mde or "null"}'
        )


#: The fields of `as_csv` and `as_json`, in their order.
FIELDS = ("difference", "ci_low", "ci_high", "p", "p_holm", "verdict", "only_first", "only_second", "mde")


@lru_cache(maxsize=4096)
def text_csv(*values: Scalar) -> str:
    """Some fields as a part of a line of CSV, with nothing in them that a spreadsheet would run."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([inert(value) for value in values])
    return out.getvalue()


@lru_cache(maxsize=4096)
def text_json(value: Scalar) -> str:
    """A value as JSON."""
    return json.dumps(value)


@lru_cache(maxsize=4096)
def name_html(text: str, page: str = "", below: str = "") -> str:
    """A name as it stands in a cell, with a link and a second line if these are given; all of it escaped."""
    shown = f"<bdi>{escape(clean(text))}</bdi>"
    linked = f'<a href="{escape(page)}">{shown}</a>' if page else shown
    return f"{linked}<small>{escape(below)}</small>" if below else linked


def flips_text(only: tuple[int | None, int | None]) -> str:
    """Items that only the first, and that only the second has right: `31 : 13`."""
    first, second = only
    return "–" if first is None or second is None else f"{count(first)} : {count(second)}"


def detectable_text(mde: float | None) -> str:
    """A difference in points; a dash where none could show."""
    return percent(mde) if mde is not None and mde <= 1 else "–"


@lru_cache(maxsize=65536)
def _p_html(value: float) -> Svg:
    return Svg(escape(p_text(value)))
