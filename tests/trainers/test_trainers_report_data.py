"""What reports say of rows: nothing that was dropped, cut, filtered or read twice goes without saying."""

from __future__ import annotations

from typing import Any

from trainers import report, report_data


def source(**more: Any) -> dict[str, Any]:
    return {"source": "web", "taken": 3, "offered": 9, **more}


def test_sources_say_what_was_taken_and_why_the_rest_was_not() -> None:
    filtered = {"before": 20, "after": 9, "dropped": {"quality": 4, "urls": 7}}
    again = {"before": 4, "after": 3, "equal": 1, "near": 0, "threshold": 0.8}
    data = {"sources": [source(filter=filtered, deduplication=again), source(offered=None)]}
    assert report_data.sources(data) == (
        "web (3 of 9, filter 20 to 9 [quality 4, urls 7], duplicates 4 to 3); web (3 streamed)"
    )
    assert report_data.sources({"sources": []}) == "none"


def test_every_count_of_dropped_and_cut_rows_is_said() -> None:
    assert report_data.left_out({}) == "unknown"
    text = report_data.left_out(
        {"rows_dropped_as_too_long": 0, "rows_truncated": 2, "tokens_cut_off": 17, "pairs_dropped_as_equal": 4}
    )
    assert text == (
        "0 rows dropped as too long, 2 rows truncated, 4 pairs dropped as equal, 17 tokens left out or cut off"
    )


def test_a_distillation_says_what_it_left_and_no_loss() -> None:
    notes: dict[str, Any] = {
        "summary": "3 pairs",
        "corrections": {"put_to_the_genrm": 4},
        "gains": {
            "tested": 4,
            "accepted": 2,
            "expected_by_chance_at_most": 0.2,
            "wrong_rate": 0.005,
            "corrected_rate": 0.5,
        },
    }
    assert report_data.made(notes) == (
        "3 pairs; of 4 corrections 2 accepted (at most 0.2 by chance), right in 0.5 % of rollouts before and 50.0 % "
        "after them; distillation.md and pairs.html in its folder"
    )
    assert report_data.made(notes | {"gains": {"tested": 0}}) == "3 pairs; distillation.md and pairs.html in its folder"
    assert report_data.made({"loss": {"first": 1.0}}) is None


def test_a_reports_stage_holds_the_fill_and_the_shares_reached() -> None:
    part = {
        "source": "texts",
        "share": 0.471,
        "share_wanted": 0.5,
        "tokens": 632,
        "learned_tokens": 600,
        "passes": 0.486,
        "sequences": 20,
    }
    notes = {
        "tokens_planned": 1342,
        "learned_tokens_planned": 675,
        "packs": 24,
        "fill": 0.8737,
        "rows_dropped_as_too_long": 1,
        "groups": [{"group": 1, "sources": [part]}],
    }
    training = {"steps": 3, "tokens": 1342, "seconds": 4.0, "notes": notes}
    stage = {
        "stage": "s",
        "seed": 1,
        "model": "r-s",
        "folder": "0-s",
        "checkpoint": "0-s/checkpoint",
        "data": {"sources": [source()]},
        "hardware": "2 cores",
        "training": training,
        "verdicts": [],
    }
    whole = {"recipe": "r", "base": "b", "seeds": [1], "stages": [stage], "stopped": None, "complete": True}
    for text in (report.markdown(whole), report.html(whole)):
        for said in ("24 packed rows, 87.4 % full", "47.1 %", "50.0 %", "0.486", "1 rows dropped as too long"):
            assert said in text
    assert "statements on this checkpoint, not on the recipe" in report.markdown(whole)
