"""What a ranking table is called: whose sets, what was asked, and how it differs from the other tables of its page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from finbench.results.boards import Question
from finbench.results.rank import Ranking
from finbench.results.runs import Run
from leaderboard.tables import Badge
from leaderboard.text import clean, plural
from leaderboard.versions import other_version

UNOFFICIAL = Badge(
    text="unofficial set", kind="warn", title="The items are not the card's set: compare within this table only"
)


def unofficial_badge(run: Run) -> Badge:
    """The mark of a run that is not official: other items, or another version of the task."""
    version = clean(other_version(run), 12)
    if not version:
        return UNOFFICIAL
    title = "The benchmark has another version of this task: compare within this table only"
    return Badge(text=f"another version ({version})", kind="warn", title=title)


def standing(ranking: Ranking) -> str:
    """Whose sets a table is over: `official sets`, `unofficial sets`, `another version of the task (2)`."""
    versions = _versions(ranking)
    if ranking.official or not versions:
        return "official sets" if ranking.official else "unofficial sets"
    what = "another version of the task" if len(ranking.tasks) == 1 else "other versions of the tasks"
    return f"{what} ({', '.join(versions)})"


def page_mark(ranking: Ranking) -> str:
    """As `standing`, as short as titles of pages and rows need it; empty for official sets."""
    return "" if ranking.official else "another version" if _versions(ranking) else "unofficial set"


def heading_badge(ranking: Ranking) -> str:
    """The mark beside the heading of a table that is not official; empty for others."""
    return "" if ranking.official else f"not the cards’ {'version' if _versions(ranking) else 'items'}"


def _versions(ranking: Ranking) -> list[str]:
    """Versions of the tasks of a table that are not the cards', where none of its tasks has the card's."""
    by_task = {run.task: other_version(run) for run in _runs(ranking)}
    found = {clean(version, 12) for version in by_task.values()}
    return sorted(found) if found and "" not in found else []


def _runs(ranking: Ranking) -> list[Run]:
    return [run for mine in ranking.board.runs.values() for run in mine]


def what_is_ranked(ranking: Ranking) -> str:
    """Task and metric, or how many tasks; of unofficial sets also which one."""
    what = f"mean over {len(ranking.tasks)} tasks"
    if len(ranking.tasks) == 1:
        what = f"{clean(ranking.tasks[0])}, {ranking.metric}"
    return what if ranking.official else f"{what}, set {ranking.board.questions[0].items_sha256[:8]}"


def nth(number: int) -> str:
    """What tells the captions of several boards of one page apart."""
    return f" (table {number})" if number > 1 else ""


def question_line(question: Question, ranking: Ranking) -> str:
    """A question in words: task, comparability, items, how it was asked; all that decides who stands in a table."""
    settings = question.settings
    runs = [run for run in _runs(ranking) if run.task == question.task]
    parts = [clean(question.task), f"version {clean(question.comparability, 12)}", question.metric]
    if runs:
        parts.append(plural(len(runs[0].ids), "item"))
    parts.append(f"set {question.items_sha256[:12]}")
    parts.append(settings_text(settings.elicitation, settings.fewshot, settings.epochs))
    parts.append(_temperature(settings.temperature))
    if settings.max_tokens is not None:
        parts.append(f"at most {settings.max_tokens} tokens")
    if settings.prompt_sha256:
        parts.append(f"wording {clean(settings.prompt_sha256)[:8]}")
    if settings.arguments:
        parts.append(f"arguments {clean(settings.arguments, 120)}")
    if settings.grader:
        parts.append(f"judge {clean(settings.grader, 120)}")
    return ", ".join(part for part in parts if part)


def settings_text(elicitation: str | None, fewshot: int | None, epochs: int) -> str:
    """How a question was asked: `direct, 0 examples`."""
    parts = [clean(elicitation)] if elicitation else []
    if fewshot is not None:
        parts.append(plural(fewshot, "example"))
    if epochs > 1:
        parts.append(f"asked {epochs} times")
    return ", ".join(parts)


def differences(ranking: Ranking, before: Iterable[Ranking]) -> str:
    """How a table was asked otherwise than the first one above it on its page that shares a task: `temperature 1`.

    Empty where there is none, and where only the items or the version differ, which `standing` says.
    """
    mine = {question.task: question for question in ranking.board.questions}
    for other in before:
        shared = [(mine[theirs.task], theirs) for theirs in other.board.questions if theirs.task in mine]
        if shared:
            return ", ".join(_apart(shared))
    return ""


def _apart(pairs: Sequence[tuple[Question, Question]]) -> list[str]:
    """What the first of each two questions has that the second has not, one word group a setting."""
    found: list[str] = []
    if any(one.metric != other.metric for one, other in pairs):
        found.append("another metric")
    told = [(one.settings, other.settings) for one, other in pairs]
    groups = (
        ("way of asking", [(one.elicitation, other.elicitation, one.elicitation or "") for one, other in told]),
        (
            "number of examples",
            [(one.fewshot, other.fewshot, settings_text(None, one.fewshot, 1)) for one, other in told],
        ),
        ("temperature", [(one.temperature, other.temperature, _temperature(one.temperature)) for one, other in told]),
        ("token limit", [(one.max_tokens, other.max_tokens, _limit(one.max_tokens)) for one, other in told]),
        ("number of times", [(one.epochs, other.epochs, f"asked {_times(one.epochs)}") for one, other in told]),
        ("wording", [(one.prompt_sha256, other.prompt_sha256, "") for one, other in told]),
        ("arguments", [(one.arguments, other.arguments, "") for one, other in told]),
        ("judge", [(one.grader, other.grader, "") for one, other in told]),
    )
    for name, values in groups:
        words = {clean(said, 40) for mine, theirs, said in values if mine != theirs}
        if words:
            only = words.pop()
            found.append(only if only and not words else f"other {name}" if name == "arguments" else f"another {name}")
    return found


def _temperature(value: float | None) -> str:
    return "" if value is None else f"temperature {value:g}"


def _limit(tokens: int | None) -> str:
    return "no token limit" if tokens is None else f"at most {plural(tokens, 'token')}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
