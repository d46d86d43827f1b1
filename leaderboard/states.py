"""A board's history: dated states, each a whole site that stays as it was, and what changed between them.

A board is a site that also holds `states/<date>-<hash>/`: for every state its pages as they were built, under an
address that never changes, and `state.json`, from which the changes are told. The date is that of the newest run, and
the hash is over what the state says, so that the same logs give the same state wherever and whenever they are built.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finbench.results.rank import Ranking
from leaderboard.board_words import is_judges
from leaderboard.collect import Collection
from leaderboard.recipes import Recipe
from leaderboard.site import STATES
from leaderboard.text import clean, percent, ranks

FOLDER, FILE = STATES, "state.json"
_NAME = re.compile(r"(?:\d{4}-\d\d-\d\d|undated)-[0-9a-f]{10}")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One state of a board.

    Attributes:
        id: `<date>-<hash>`, also the name of its folder.
        number: 1 for the first state of the board.
        facts: what it says, as in `state.json`.
    """

    id: str
    number: int
    facts: Mapping[str, Any]

    @property
    def date(self) -> str:
        """The date of its newest run; `undated` if no run has one."""
        return self.id.rpartition("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One difference between two states."""

    kind: str
    what: str
    before: str
    after: str


def facts_of_state(collection: Collection, recipes: Sequence[Recipe]) -> dict[str, Any]:
    """What a state says, as JSON values: models, runs with their scores, rank intervals, recipes."""
    runs = [
        {
            "task": clean(facts.run.task),
            "model": view.label,
            "version": clean(facts.run.version, 20),
            "items_sha256": facts.run.items_sha256,
            "created": clean(facts.run.created, 40),
            "settings": hashlib.sha256(repr(facts.run.settings).encode("utf-8", "surrogatepass")).hexdigest()[:12],
            "official": facts.run.official,
            "complete": facts.run.complete,
            "metric": clean(facts.run.metric),
            "score": facts.score.estimate,
            "outcomes": facts.outcomes,
        }
        for view in collection.models
        for facts in view.runs
    ]
    boards = [
        {
            "name": view.title,
            "tasks": [clean(task) for task in ranking.tasks],
            "official": ranking.official,
            "models": [] if is_judges(ranking) else _ranked(collection, ranking),
        }
        for view in collection.capabilities
        for ranking in view.rankings
    ]
    return {
        "models": [view.label for view in collection.models],
        "tasks": [clean(view.name) for view in collection.tasks],
        "runs": runs,
        "boards": boards,
        "recipes": [[recipe.name, recipe.slug] for recipe in recipes],
    }


def state_of(facts: Mapping[str, Any], day: str, known: Sequence[State]) -> State:
    """The state that says this: a known one, or the next."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:10]
    date = day if re.fullmatch(r"\d{4}-\d\d-\d\d", day) else "undated"
    name = f"{date}-{digest}"
    same = [state for state in known if state.id == name]
    return same[0] if same else State(id=name, number=1 + max((one.number for one in known), default=0), facts=facts)


def known_states(site: Path) -> list[State]:
    """The states of a board that was built before, oldest first; damaged ones are left out."""
    found = []
    for path in sorted((site / FOLDER).glob(f"*/{FILE}")):
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            if _NAME.fullmatch(path.parent.name) and isinstance(state["facts"], dict):
                found.append(State(id=path.parent.name, number=int(state["number"]), facts=state["facts"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda state: (state.number, state.id))


def carry_over(site: Path, fresh: Path, states: Sequence[State]) -> None:
    """Bring the earlier states into a fresh folder; files are linked, not copied, where that is possible."""
    for state in states:
        source, target = site / FOLDER / state.id, fresh / FOLDER / state.id
        for path in sorted(source.rglob("*")):
            place = target / path.relative_to(source)
            if path.is_symlink():
                continue
            if path.is_dir():
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                link_or_copy(path, place)


def link_or_copy(source: Path, target: Path) -> None:
    """The same file at a second place."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def state_json(state: State) -> str:
    """The document `state.json`."""
    known = {"id": state.id, "number": state.number, "facts": state.facts}
    return json.dumps(known, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Changed]:
    """What is new, gone or different, most important first.

    Args:
        before: what the earlier state said; None where there is none.
        after: what the later state says.
    """
    if before is None:
        return []
    found = []
    for key, word in (("models", "model"), ("tasks", "task")):
        old, new = before.get(key, []), after.get(key, [])
        found += [Changed(kind=f"new {word}", what=name, before="", after="added") for name in new if name not in old]
        found += [Changed(kind=f"{word} gone", what=name, before="listed", after="") for name in old if name not in new]
    found += _rank_changes(_places(before), _places(after))
    found += _run_changes(_runs(before), _runs(after))
    old_recipes, new_recipes = ({tuple(one) for one in state.get("recipes", [])} for state in (before, after))
    found += [
        Changed(kind="recipe", what=name, before="", after="added") for name, _ in sorted(new_recipes - old_recipes)
    ]
    found += [
        Changed(kind="recipe", what=name, before="listed", after="") for name, _ in sorted(old_recipes - new_recipes)
    ]
    return found


def _ranked(collection: Collection, ranking: Ranking) -> list[dict[str, Any]]:
    several = len(ranking.models) > 1
    return [
        {
            "model": collection.model_of[model.contender].label,
            "rank_low": model.rank_low if several else None,
            "rank_high": model.rank_high if several else None,
            "score": model.score,
        }
        for model in ranking.models
    ]


def _places(state: Mapping[str, Any]) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Rank interval and number of models, by board and model; of several boards of a name the first.

    A model that is alone on its board has no rank, whatever an early state says; it stands here with zeros.
    """
    found: dict[tuple[str, str], tuple[int, int, int]] = {}
    for board in state.get("boards", []):
        name = board["name"] if board["official"] else f"{board['name']}, unofficial"
        number = len(board["models"])
        for model in board["models"]:
            place = (model["rank_low"], model["rank_high"], number) if number > 1 else (0, 0, 1)
            found.setdefault((name, model["model"]), place)
    return found


def _rank_changes(
    before: Mapping[tuple[str, str], tuple[int, int, int]], after: Mapping[tuple[str, str], tuple[int, int, int]]
) -> list[Changed]:
    return [
        Changed(
            kind="rank",
            what=f"{model} on {board}",
            before=_place(before[board, model]),
            after=_place(after[board, model]),
        )
        for board, model in after
        if (board, model) in before and before[board, model] != after[board, model]
    ]


def _place(place: tuple[int, int, int]) -> str:
    return f"{ranks(place[0], place[1])} of {place[2]}" if place[2] > 1 else "the only one"


def _runs(state: Mapping[str, Any]) -> dict[tuple[str, ...], Mapping[str, Any]]:
    keys = ("task", "model", "version", "items_sha256", "settings")
    return {tuple(str(run.get(key)) for key in keys): run for run in state.get("runs", [])}


def _run_changes(
    before: Mapping[tuple[str, ...], Mapping[str, Any]], after: Mapping[tuple[str, ...], Mapping[str, Any]]
) -> list[Changed]:
    found = []
    for key, run in after.items():
        old = before.get(key)
        if old is None:
            found.append(Changed(kind="new run", what=_run_name(run), before="", after=_score(run)))
        elif (old.get("score"), old.get("created")) != (run.get("score"), run.get("created")):
            found.append(Changed(kind="run replaced", what=_run_name(run), before=_score(old), after=_score(run)))
    found += [
        Changed(kind="run gone", what=_run_name(run), before=_score(run), after="")
        for key, run in before.items()
        if key not in after
    ]
    return found


def _run_name(run: Mapping[str, Any]) -> str:
    return f"{run['model']} on {run['task']}{'' if run['official'] else ', unofficial'}"


def _score(run: Mapping[str, Any]) -> str:
    return percent(run["score"]) if run["complete"] else "incomplete"
