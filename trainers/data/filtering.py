"""Rows of a source that a recipe's `filter` lets through, with counts before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finbench.errors import InputError
from trainers.data.domain_classifier import Classifier, read_classifier
from trainers.data.rows import FIELDS, Row, kind_of
from trainers.data.url_list import UrlList, read_url_list
from trainers.recipe import Filter

#: The column that each condition reads; the classifier reads the text itself.
URL, SCORE = "url", "score"


class Sieve:
    """Looks at rows one by one and counts what it lets through.

    The conditions are asked in the order of their cost (address, score, classifier), and the first that fails counts.

    Args:
        given: the recipe's conditions; all must hold.

    Raises:
        InputError: a list or classifier cannot be read.
    """

    def __init__(self, given: Filter) -> None:
        self._given = given
        self._urls: UrlList | None = None if given.urls is None else read_url_list(given.urls)
        self._classifier: Classifier | None = (
            None if given.classifier is None else read_classifier(Path(given.classifier))
        )
        self._before = self._after = 0
        self._dropped: Counter[str] = Counter()

    def passes(self, value: Mapping[str, Any], row: Row) -> bool:
        """Whether a row stays.

        Args:
            value: the row as it stands in its source, with `url` and `score` where conditions need them.
            row: what is read of it.
        """
        self._before += 1
        fault = self._fault(value, row)
        if fault:
            self._dropped[fault] += 1
        else:
            self._after += 1
        return not fault

    def check(self, label: str) -> None:
        """Refuse a source whose rows all lack what is asked about: that is a wrong recipe and not a strict one.

        Raises:
            InputError: names the column that is missing.
        """
        for reason, column in (("no_url", URL), ("no_score", SCORE)):
            if self._before and self._dropped[reason] == self._before:
                raise InputError(
                    f"none of the {self._before} rows of {label} has a `{column}` to filter by; name its column, as in "
                    f"`columns: {{{column}: ...}}`"
                )
        if self._before and not self._after:
            raise InputError(f"the filter lets none of the {self._before} rows of {label} through ({self._why()})")

    def report(self) -> dict[str, Any]:
        """Counts and what was applied, as JSON values for a lineage; no folder of this machine is named."""
        applied: dict[str, Any] = {}
        if self._urls is not None:
            applied["urls"] = {"list": self._urls.name, "entries": len(self._urls), "sha256": self._urls.sha256}
        if self._classifier is not None:
            applied["classifier"] = {
                "name": Path(self._given.classifier or "").name,
                "sha256": self._classifier.sha256,
                "at_least": self._given.at_least,
                "about": self._classifier.about,
            }
        if self._given.quality is not None:
            applied["quality"] = self._given.quality
        return {
            "before": self._before,
            "after": self._after,
            "dropped": dict(sorted(self._dropped.items())),
            **applied,
        }

    def _fault(self, value: Mapping[str, Any], row: Row) -> str:
        if self._urls is not None:
            url = value.get(URL)
            if not isinstance(url, str) or not url.strip():
                return "no_url"
            if self._urls.match(url) is None:
                return "urls"
        if self._given.quality is not None:
            score = value.get(SCORE)
            if isinstance(score, bool) or not isinstance(score, int | float):
                return "no_score"
            if not score >= self._given.quality:
                return "quality"
        if self._classifier is not None:
            found = self._classifier.probabilities([text_of(row)])
            if found[0] < self._given.at_least:
                return "classifier"
        return ""

    def _why(self) -> str:
        return ", ".join(f"{reason} {count}" for reason, count in sorted(self._dropped.items()))


def text_of(row: Mapping[str, Any]) -> str:
    """All that a row lets a model read, as one text: fields and turns after each other."""
    return "\n\n".join(parts_of(row))


def parts_of(row: Mapping[str, Any]) -> list[str]:
    """The texts of a row's fields and turns, in their order."""
    parts: list[str] = []
    for field in FIELDS[kind_of(row)]:
        value = row[field]
        parts += [value] if isinstance(value, str) else [str(turn["content"]) for turn in value]
    return parts
