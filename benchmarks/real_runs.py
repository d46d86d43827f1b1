"""A table of real runs from their logs: docs/real-runs.md is made by it.

Usage: python benchmarks/real_runs.py LOGS [-o docs/real-runs.md]. One row a model, task and way of asking; of several
logs the newest complete one counts, and one that is not complete is left out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from finbench.results.choosing import newest, read_runs
from finbench.results.runs import Run
from finbench.results.scores import score_interval
from finbench.scoring.outcome import Outcome
from finbench.tasks.catalogue import CARDS

HEAD = """# Real runs

Tasks run on a real, very small model, to see that all of it works; such a model answers most of this by guessing.
Scores are in percent with a 95 % interval over the items that were run, which are the first of each set, so the rows
are unofficial. The shares are of all items, in percent. "Asked" says `direct` where the answer alone is asked for,
`cot` where steps are, and `likelihood` where nothing is generated.

Made from the logs by `python benchmarks/real_runs.py LOGS`; `finbench eval --model FOLDER --limit 40 --log-dir LOGS`
makes the logs.

"""
SHOWN = (Outcome.CORRECT, Outcome.WRONG, Outcome.UNPARSED, Outcome.REFUSED, Outcome.TRUNCATED, Outcome.ERROR)


def row(run: Run) -> str:
    """One line of the table."""
    score = score_interval(run)
    total = max(1, sum(run.outcomes.values()))
    shares = [f"{100 * run.outcomes[outcome] / total:.0f}" for outcome in SHOWN]
    card = CARDS.get(run.task)
    chance = "" if card is None or card.chance is None else f"{100 * card.chance:.1f}"
    notes = ["collapsed"] if run.collapsed else []
    interval = f"{100 * score.low:.1f} to {100 * score.high:.1f}"
    cells = [
        run.model, run.task, run.settings.elicitation or "", run.metric, f"{100 * score.estimate:.1f}", interval,
        chance, str(score.n), *shares, ", ".join(notes),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Write the page, and the table to stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent.parent / "docs" / "real-runs.md")
    given = parser.parse_args()
    runs = [run for run in read_runs([given.logs], skip_bad=True) if run.complete]
    keys = sorted({(run.model, run.task, run.settings.elicitation or "") for run in runs})
    chosen = [newest(r for r in runs if (r.model, r.task, r.settings.elicitation or "") == key) for key in keys]
    names = ["model", "task", "asked", "metric", "score", "95 % interval", "chance", "n", *SHOWN, "notes"]
    table = [f"| {' | '.join(names)} |", "|" + "---|" * len(names), *(row(run) for run in chosen)]
    missing = sorted(name for name, card in CARDS.items() if card.implemented and name not in {r.task for r in chosen})
    tail = (
        f"\nNot in the table (no rows or no judge here, or the run is not complete): {', '.join(missing)}.\n"
        if missing
        else ""
    )
    text = "\n".join(table) + "\n"
    given.output.write_text(HEAD + text + tail, encoding="utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
