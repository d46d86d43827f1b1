"""Badges: small SVG pictures with a model's standing, for a README or a model card."""

from __future__ import annotations

from html import escape

from leaderboard.collect import Collection, ModelView, ranked_in
from leaderboard.text import clean, interval, percent, plural, ranks
from leaderboard.tiers import NOT_REPRODUCED

#: Width of a character of 11 px Verdana, in px, on average; the text is stretched to fit what was reckoned.
_CHAR = 6.6
_PAD = 6


def badge(label: str, value: str, *, title: str, about: str) -> str:
    """A badge of two halves.

    Args:
        label: the left half.
        value: the right half.
        title: what a screen reader says.
        about: what the numbers are.
    """
    label, value = clean(label, 40), clean(value, 60)
    left, right = (round(len(text) * _CHAR) + 2 * _PAD for text in (label, value))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{escape(clean(title, 200))}">',
        f"<title>{escape(clean(title, 200))}</title><desc>{escape(clean(about, 200))}</desc>",
        f'<rect width="{left + right}" height="20" rx="3" fill="#1f4e5f"/>',
        f'<rect width="{left}" height="20" rx="3" fill="#33383d"/>',
        f'<rect x="{left - 3}" width="3" height="20" fill="#33383d"/>',
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">',
        f'<text x="{_PAD}" y="14" textLength="{left - 2 * _PAD}">{escape(label)}</text>',
        f'<text x="{left + _PAD}" y="14" textLength="{right - 2 * _PAD}">{escape(value)}</text>',
        "</g></svg>",
    ]
    return "".join(parts) + "\n"


def badges_of(collection: Collection, view: ModelView) -> dict[str, str]:
    """The badges of a model: one a capability where it is ranked on official sets, by file name.

    What was not reproduced is no score to be shown elsewhere: the badge says that alone.
    """
    found = {}
    for capability in collection.capabilities:
        for ranking in capability.rankings:
            model = ranked_in(ranking, view.contender)
            if model is None or not ranking.official:
                continue
            place = f"rank {ranks(model.rank_low, model.rank_high)} of {len(ranking.models)}"
            if len(ranking.models) == 1:
                place = "no rank"  # nothing to be ranked against
            said = f"{percent(model.score)} ({interval(model.ci_low, model.ci_high)}), {place}"
            tasks = plural(len(ranking.tasks), "task")
            about = f"Score times 100 over {tasks} with its 95 % interval; a rank is what paired tests leave open."
            tier = collection.tiers.of(model.runs)
            if tier.text == NOT_REPRODUCED:
                said, about = tier.text, tier.title
            title = f"finbench, {capability.title}, {view.label}: {said}"
            found[f"badges/{view.slug}-{capability.slug}.svg"] = badge(
                f"finbench {capability.title}", said, title=title, about=about
            )
            break
    return found
