"""A page of a site, before it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from leaderboard.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page.

    Attributes:
        path: relative to the site's root.
        template: its template.
        title: what the tab and the heading say.
        nav: path of the entry of the navigation that it belongs to.
        content: what the template is given beside the page.
        tables: tables whose CSV and JSON twins are written.
    """

    path: str
    template: str
    title: str
    nav: str
    description: str
    content: dict[str, Any] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()

    @property
    def root(self) -> str:
        """The way from the page back to the site's root."""
        return "../" * self.path.count("/")
