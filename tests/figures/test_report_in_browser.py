"""The page in a real browser: no error, no request, a picture that answers."""

from __future__ import annotations

import dataclasses
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_leg import content

from ifssnet.figures.leg_report.report import report_html

CHROMIUM = Path(os.environ.get("IFSSNET_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}; apt-get install chromium")
sync_api = pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "rapport é.html"
    path.write_text(report_html(content(2.0, slices=6)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with sync_api.sync_playwright() as play:
        running = play.chromium.launch(executable_path=str(CHROMIUM), args=[*ARGUMENTS, "--use-angle=swiftshader"])
        yield running
        running.close()


class Opened:
    """A page and what it said and asked for."""

    def __init__(self, browser: object, address: str, **options: object) -> None:
        self.page = browser.new_page(viewport={"width": 1200, "height": 900}, **options)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)
        self.page.wait_for_timeout(400)

    def canvas(self) -> np.ndarray:
        self.page.wait_for_timeout(250)
        shot = self.page.locator(".canvas-box").screenshot()
        return np.array(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


@pytest.fixture
def opened(browser: object, address: str) -> Iterator[Opened]:
    page = Opened(browser, address)
    yield page
    page.page.close()
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("data:")] == [address]


def near(picture: np.ndarray, color: tuple[int, int, int]) -> int:
    """Pixels whose hue is a muscle's, whatever light falls on it."""
    wanted = np.array(color) / np.linalg.norm(color)
    length = np.linalg.norm(picture, axis=2)
    return int(((picture @ wanted > 0.985 * length) & (length > 60)).sum())


def test_the_view_shows_each_muscle_and_takes_it_away(opened: Opened) -> None:
    before = opened.canvas()
    pink, violet = near(before, (236, 97, 155)), near(before, (126, 87, 194))
    assert pink > 2000
    assert violet > 2000
    opened.page.get_by_label("GM", exact=True).uncheck()
    after = opened.canvas()
    assert near(after, (236, 97, 155)) < 0.05 * pink
    assert near(after, (126, 87, 194)) > violet


def test_opacity_lets_what_lies_behind_shine_through(opened: Opened) -> None:
    before = opened.canvas()
    opened.page.get_by_label("Opacity of GM, percent").fill("30")
    assert (np.abs(opened.canvas() - before).max(axis=2) > 20).sum() > 2000


def test_keys_turn_the_view_and_zero_brings_it_back(opened: Opened) -> None:
    before = opened.canvas()
    canvas = opened.page.locator("canvas")
    canvas.focus()
    for _ in range(6):
        opened.page.keyboard.press("ArrowRight")
    opened.page.keyboard.press("+")
    assert (np.abs(opened.canvas() - before).max(axis=2) > 20).sum() > 2000
    opened.page.keyboard.press("0")
    opened.page.wait_for_timeout(900)
    assert (np.abs(opened.canvas() - before)[40:-40, 40:-140].max(axis=2) > 20).sum() < 300


def test_dragging_turns_and_the_wheel_zooms_only_after_a_click(opened: Opened) -> None:
    opened.page.locator("#viewer").scroll_into_view_if_needed()
    box = opened.page.locator("canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    scale = opened.page.locator(".scalebar")
    before, bar = opened.canvas(), scale.inner_text()
    opened.page.mouse.move(x, y)
    opened.page.mouse.down()
    opened.page.mouse.move(x + 120, y, steps=4)
    opened.page.mouse.up()
    assert (np.abs(opened.canvas() - before).max(axis=2) > 20).sum() > 2000
    for _ in range(6):
        opened.page.mouse.wheel(0, -200)
    opened.page.wait_for_timeout(300)
    assert scale.inner_text() != bar


def test_errors_colour_the_surface_with_a_bar_in_mm(opened: Opened) -> None:
    pink = near(opened.canvas(), (236, 97, 155))
    opened.page.get_by_text("Surface error", exact=True).click()
    assert near(opened.canvas(), (236, 97, 155)) < 0.05 * pink
    assert opened.page.locator(".colorbar").is_visible()
    assert opened.page.locator(".colorbar .scale span").count() >= 3


def test_the_profile_is_read_by_key_and_marks_its_slice(opened: Opened) -> None:
    before = opened.canvas()
    opened.page.locator("#profile-all .wide svg").focus()
    opened.page.keyboard.press("ArrowRight")
    said = opened.page.locator(".readout").inner_text()
    assert re.search(r"\d+\.\d mm · slice \d+", said)
    assert "SOL" in said
    opened.page.evaluate("window.scrollTo(0, document.getElementById('viewer').offsetTop)")
    marked = opened.canvas() - before
    assert (marked[..., 2] - marked[..., 0] > 8).sum() > 500


def test_a_slice_opens_large_and_arrow_keys_go_on(opened: Opened) -> None:
    opened.page.locator("figure.slice button").first.click()
    dialog = opened.page.locator("#lightbox")
    first = dialog.locator(".caption").inner_text()
    opened.page.keyboard.press("ArrowRight")
    assert dialog.locator(".caption").inner_text() != first
    opened.page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_outlines_can_be_taken_off(opened: Opened) -> None:
    line = opened.page.locator(".slices .outline").first
    assert line.is_visible()
    opened.page.get_by_label("Outlines").uncheck()
    assert not line.is_visible()


@pytest.mark.parametrize("width", [1400, 800, 400, 320])
def test_no_width_scrolls_sideways(opened: Opened, width: int) -> None:
    opened.page.set_viewport_size({"width": width, "height": 800})
    opened.page.wait_for_timeout(150)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_the_profile_is_whole_and_read_within_the_page(opened: Opened) -> None:
    opened.page.set_viewport_size({"width": 390, "height": 800})
    chart = opened.page.locator("#profile-all .narrow svg")
    assert not opened.page.locator("#profile-all .wide").is_visible()
    box = chart.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    drawn = "[...document.querySelectorAll('#profile-all .narrow text, #profile-all .readout')]"
    for share in (0.2, 0.5, 0.9):
        chart.hover(position={"x": share * box["width"], "y": 60})
        assert opened.page.locator(".readout").is_visible()
        boxes = opened.page.evaluate(f"{drawn}.map(e => e.getBoundingClientRect()).map(r => [r.left, r.right])")
        assert all(left >= -0.5 and right <= 390.5 for left, right in boxes)


def test_the_chart_of_one_muscle_is_as_large_as_one_of_three(browser: object, address: str, tmp_path: Path) -> None:
    leg = content(4.0, slices=1)
    alone = dataclasses.replace(leg, muscles={"SOL": leg.muscles["SOL"]}, agreement=None)
    path = tmp_path / "one.html"
    path.write_text(report_html(alone), encoding="utf-8")
    widths = []
    for where in (address, path.as_uri()):
        page = Opened(browser, where).page
        widths.append(page.locator(".panels figure").first.bounding_box()["width"])
        page.close()
    assert widths[1] <= 1.1 * widths[0]


def test_it_prints_on_a4_with_the_still_picture_and_all_that_was_folded(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    assert opened.page.locator(".still").is_visible()
    assert not opened.page.locator("#viewer").is_visible()
    pdf = opened.page.pdf(prefer_css_page_size=True, print_background=True)
    pages = re.findall(rb"/Type\s*/Page\b", pdf)
    assert len(pages) <= 4
    assert re.search(rb"/MediaBox\s*\[0 0 59[45][.\d]* 84[12]", pdf)


def test_without_scripts_the_still_picture_stands(browser: object, address: str) -> None:
    page = Opened(browser, address, java_script_enabled=False)
    assert page.page.locator(".still").is_visible()
    assert not page.page.locator("#viewer").is_visible()
    assert page.page.locator("#numbers table").is_visible()
    page.page.close()


def test_without_webgl_the_still_picture_stands_and_the_page_says_why(browser: object, address: str) -> None:
    context = browser.new_context()
    context.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page = context.new_page()
    page.goto(address)
    assert page.locator(".still").is_visible()
    assert "needs WebGL" in page.locator("#viewer-note").inner_text()
    context.close()
