"""The site in a real browser, from disk: nothing fails, nothing leaves it, it sorts, and axe finds no fault."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Any, site: Path) -> Iterator[Any]:
    """A function that opens a page of the site; at the end nothing may have failed or left the site."""
    troubles: list[str] = []
    contexts = []

    def open_page(name: str, *, width: int = 1440, scheme: str = "light", script: bool = True) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
        page.on(
            "request", lambda request: None if request.url.startswith(site.as_uri()) else troubles.append(request.url)
        )
        page.goto(f"{site.as_uri()}/{name}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def names(site: Path) -> list[str]:
    """One page of each kind."""
    first = {path.parent.name: path.relative_to(site).as_posix() for path in sorted(site.glob("*/*.html"))}
    state = next(path for path in sorted((site / "states").iterdir()) if path.is_dir())
    kept = (state / "index.html").relative_to(site).as_posix()
    return [*sorted(path.name for path in site.glob("*.html")), *first.values(), kept]


def test_every_kind_of_page_is_looked_at(site: Path) -> None:
    kinds = {path.parent.relative_to(site).as_posix() for path in site.rglob("*.html") if path.parent.name != "states"}
    kinds = {kind for kind in kinds if not kind.startswith("states/")}
    assert kinds == {name.rpartition("/")[0] or "." for name in names(site) if not name.startswith("states/")}
    assert len(kinds) >= 8


def test_pages_fit_a_phone_and_a_desk_in_light_and_dark(opened: Any, site: Path) -> None:
    for name in names(site):
        for width in (360, 1440):
            page = opened(name, width=width, scheme="dark" if width == 360 else "light")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_scrolls_sideways_on_a_phone_shows_it(opened: Any, site: Path, scheme: str) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    recipe = next((site / "recipes").glob("*.html")).relative_to(site).as_posix()
    page = opened(recipe, width=360, scheme=scheme)
    figures = [*page.locator(".graph").all(), page.locator("[aria-labelledby=gave] .scroll").first]
    assert len(figures) == 2
    for figure in figures:
        figure.evaluate("one => { one.scrollIntoView(); one.scrollLeft = 0; }")
        assert figure.evaluate("one => one.scrollWidth > one.clientWidth")
        edges = []
        for left in (0, 10_000):
            figure.evaluate("(one, left) => one.scrollLeft = left", left)
            picture = image.open(io.BytesIO(figure.screenshot())).convert("L")
            # below the rule on top and above the rule and the bar at the bottom
            edges.append(picture.crop((picture.width - 2, 4, picture.width, 24)).getextrema())
        (dark, light), paper = edges[0], edges[1][1 if scheme == "light" else 0]
        assert abs((dark if scheme == "light" else light) - paper) > 40, "an edge while there is more"
        assert edges[1][0] == edges[1][1], "none at the end"


def test_light_and_dark_differ_and_styles_apply(opened: Any) -> None:
    colours = [
        opened("index.html", scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert colours[0] == "rgb(255, 255, 255)" and colours[1] != colours[0]


def test_everything_is_there_without_a_script(opened: Any) -> None:
    page = opened("tasks/fin_tone.html", script=False)
    assert page.locator("table").count() >= 2
    assert page.locator("th button").count() == 0
    assert page.locator("tbody tr").first.is_visible()


def column(page: Any, table: str, index: int) -> list[str]:
    cells = page.locator(f"#{table} tbody tr > *:nth-child({index})")
    return [text.split("\n")[0] for text in cells.all_inner_texts()]


def test_sorting_keeps_its_state_in_the_address(opened: Any) -> None:
    page = opened("capabilities/tasks.html")
    table = page.locator("table").first.get_attribute("id")
    assert page.locator(f"#{table} th[aria-sort]").count() == 0
    button = page.locator(f"#{table} th[data-key=score] button")
    button.click()
    assert page.locator(f"#{table} th[data-key=score]").get_attribute("aria-sort") == "descending"
    scores = [float(text) for text in column(page, table, 3)]
    assert scores == sorted(scores, reverse=True)
    button.focus()
    page.keyboard.press("Enter")
    assert [float(text) for text in column(page, table, 3)] == sorted(scores)
    assert f"{table}.sort=score.a" in page.url
    again = opened("capabilities/tasks.html" + page.url[page.url.index("#") :])
    assert [float(text) for text in column(again, table, 3)] == sorted(scores)


def test_filtering_hides_rows_and_says_how_many_are_left(opened: Any) -> None:
    page = opened("rights.html")
    page.get_by_label("Filter").fill("embedded fin_tone")
    assert 1 <= page.locator("#rights tbody tr:visible").count() < 5
    assert "rows" in page.locator(".tools [role=status]").inner_text()
    assert "rights.find=" in page.url
    page.get_by_label("Filter").fill("")
    assert page.locator("#rights tbody tr:visible").count() > 30


def test_columns_are_chosen_and_kept_in_the_address(opened: Any) -> None:
    page = opened("capabilities/tasks.html")
    table = page.locator("table").first.get_attribute("id")
    cells = page.locator(f"#{table} th[data-key=tokens]")
    assert cells.is_visible()
    summary = page.locator(".columns summary").first
    summary.focus()
    page.keyboard.press("Enter")
    box = page.locator(".columns").first.get_by_label("Tokens")
    box.focus()
    page.keyboard.press("Space")
    assert not box.is_checked() and not cells.is_visible()
    width = page.evaluate(
        f"[...document.querySelectorAll('#{table} tr')].map(r => [...r.cells].filter(c => !c.hidden).length)"
    )
    assert len(set(width)) == 1, "header and rows lose the same column"
    assert f"{table}.hide=tokens" in page.url
    again = opened("capabilities/tasks.html" + page.url[page.url.index("#") :])
    assert not again.locator(f"#{table} th[data-key=tokens]").is_visible()
    page.keyboard.press("Space")
    assert cells.is_visible() and "hide" not in page.url


def test_everything_can_be_reached_by_keyboard_alone(opened: Any) -> None:
    page = opened("capabilities/tasks.html")
    wanted = page.evaluate(
        "document.querySelectorAll('a[href], button, input, summary, [tabindex=\"0\"]').length"
        " - document.querySelectorAll('details:not([open]) input').length"
    )
    seen = set()
    for _ in range(wanted + 2):
        page.keyboard.press("Tab")
        path = page.evaluate(
            "(() => { const e = document.activeElement; return e === document.body ? '' :"
            " [...document.querySelectorAll('*')].indexOf(e) + ' ' +"
            " (getComputedStyle(e).outlineStyle !== 'none' || e.matches('input')) })()"
        )
        if path:
            seen.add(path)
    assert len(seen) >= wanted - 1
    assert all(one.endswith("true") for one in seen), "what has the focus shows it"


def test_print_leaves_out_what_paper_has_no_use_for(opened: Any) -> None:
    page = opened("index.html")
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible() and not page.locator(".tools").first.is_visible()
    assert page.locator("tbody tr").first.is_visible() and page.locator("h1").is_visible()


LAYOUT = Path(__file__).parent / "layout.json"
#: How far the share of ink in one of 36 fields may lie from that of the picture kept, and how far on average: fonts
#: differ a little between machines.
ONE_FIELD, ALL_FIELDS = 0.08, 0.02
LOOKED_AT = ("index.html", "capabilities/tasks.html", "recipes.html", "method.html")


def ink(page: Any) -> list[float]:
    """The first screen in few numbers: which share of each field of a 6 x 6 grid is not paper."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    picture = image.open(io.BytesIO(page.screenshot())).convert("L")
    paper = picture.getpixel((2, picture.height - 2))
    marks = picture.point(lambda value: 255 if abs(value - paper) > 40 else 0)
    return [round(value / 255, 3) for value in marks.resize((6, 6), image.Resampling.BOX).tobytes()]


def looks_alike(one: list[float], other: list[float]) -> bool:
    apart = [abs(a - b) for a, b in zip(one, other, strict=True)]
    return max(apart) <= ONE_FIELD and sum(apart) / len(apart) <= ALL_FIELDS


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_screen_looks_as_it_did(opened: Any, width: int, scheme: str) -> None:
    """WRITE_LAYOUT=1 in the environment keeps the pages as they look now."""
    known = json.loads(LAYOUT.read_text(encoding="utf-8")) if LAYOUT.is_file() else {}
    found = {f"{name} {width} {scheme}": ink(opened(name, width=width, scheme=scheme)) for name in LOOKED_AT}
    if os.environ.get("WRITE_LAYOUT"):
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted({**known, **found}.items())]
        LAYOUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    else:
        assert [key for key, value in found.items() if not looks_alike(known[key], value)] == []


def test_a_page_that_lost_its_style_does_not_look_alike(browser: Any, site: Path) -> None:
    known = json.loads(LAYOUT.read_text(encoding="utf-8"))
    for name in LOOKED_AT:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.route("**/site.css", lambda route: route.abort())
        page.goto(f"{site.as_uri()}/{name}")
        assert not looks_alike(known[f"{name} 1440 light"], ink(page)), name
        page.close()


def test_the_keyboard_reaches_the_content_first(opened: Any) -> None:
    page = opened("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_axe_finds_no_violation(opened: Any, site: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    kinds = [name for name in names(site) if "/" in name or name == "index.html"]
    for name, scheme, width in [(name, "light", 1440) for name in names(site)] + [
        (name, "dark", 360) for name in kinds
    ]:
        page = opened(name, scheme=scheme, width=width)
        # axe judges no contrast on top of a gradient
        page.evaluate("document.querySelectorAll('.scroll, .graph').forEach(one => one.style.background = 'none')")
        found = axe.Axe().run(page, options={"preload": False}).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == [], (name, scheme)
        page.context.close()
