"""From pages to files: templates filled, tables with their twins, and the copy that a board keeps of each state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leaderboard.changes_page import changes_page
from leaderboard.charts import Svg
from leaderboard.page import Page
from leaderboard.site import Draft
from leaderboard.states import FILE, FOLDER, State, carry_over, link_or_copy, state_json
from leaderboard.tables import to_csv, to_json

if TYPE_CHECKING:
    from jinja2 import Environment

# Comments can stand in no text of a log, since those are escaped: what replaces them differs between board and state.
_NOTICE, _PERMALINK = Svg("<!--notice-->"), Svg("<!--permalink-->")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The states of a board.

    Attributes:
        earlier: those that it had before, oldest first.
        current: the one that is being built; it may be one of the earlier ones.
    """

    earlier: tuple[State, ...]
    current: State

    @property
    def is_new(self) -> bool:
        """Whether the current state was never published."""
        return self.current not in self.earlier

    @property
    def all(self) -> tuple[State, ...]:
        """Every state, oldest first."""
        return (*self.earlier, self.current) if self.is_new else self.earlier


class Writer:
    """Writes the pages of one site."""

    def __init__(self, templates: Environment, site: dict[str, Any], history: History | None) -> None:
        self._templates = templates
        self._site = site
        self._history = history

    def write(self, draft: Draft, page: Page) -> int:
        """A page, the twins of its tables, and its copy in the folder of the state; 1, to be counted."""
        text = self._render(page)
        draft.write(page.path, self._on_board(text, page))
        if self._history is not None and self._history.is_new:
            draft.write(f"{FOLDER}/{self._history.current.id}/{page.path}", self._in_state(text, page))
        for table in page.tables:
            draft.write(f"{table.download}.csv", to_csv(table))
            draft.write(f"{table.download}.json", to_json(table))
        return 1

    def plain(self, template: str, **content: Any) -> str:
        """A text that is no page."""
        return self._templates.get_template(template).render(site=self._site, **content)

    def write_history(self, draft: Draft, site: Path) -> int:
        """Earlier states from the old site, the rest of the new state, and the page that lists them; 1, as above."""
        assert self._history is not None
        folder = draft.folder
        carry_over(site, folder, self._history.earlier)
        current = self._history.current
        own = folder / FOLDER / current.id
        if self._history.is_new:
            for path in sorted(folder.rglob("*")):
                place = path.relative_to(folder)
                if path.is_file() and place.parts[0] != FOLDER and path.suffix != ".html":
                    (own / place).parent.mkdir(parents=True, exist_ok=True)
                    link_or_copy(path, own / place)
            draft.write(f"{FOLDER}/{current.id}/{FILE}", state_json(current))
            page = changes_page(self._history.all, current, prefix="../")
            draft.write(f"{FOLDER}/{current.id}/{page.path}", self._in_state(self._render(page), page))
        page = changes_page(self._history.all, current, prefix=f"{FOLDER}/")
        draft.write(page.path, self._on_board(self._render(page), page))
        return 1

    def _render(self, page: Page) -> str:
        return self._templates.get_template(page.template).render(
            page=page,
            root=page.root,
            site=self._site,
            notice_mark=_NOTICE,
            permalink_mark=_PERMALINK,
            **page.content,
        )

    def _on_board(self, text: str, page: Page) -> str:
        link = ""
        if self._history is not None:
            to = f"{page.root}{FOLDER}/{self._history.current.id}/{page.path}"
            link = f' · <a href="{to}">Permanent address of this page</a>'
        return text.replace(f"{_NOTICE}\n", "").replace(_PERMALINK, link)

    def _in_state(self, text: str, page: Page) -> str:
        assert self._history is not None
        state = self._history.current
        notice = (
            f'<aside class="notice" aria-label="Age of this page"><p>The board as it stood with the runs up to '
            f"{state.date} (state <code>{state.id[-10:]}</code>); these pages do not change. "
            f'<a href="{page.root}../../index.html">The board now</a></p></aside>'
        )
        return text.replace(_NOTICE, notice).replace(_PERMALINK, f" · state {state.id}")
