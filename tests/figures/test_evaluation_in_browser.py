"""The evaluation's page in a real browser: nothing is cut off, on a phone either."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_evaluation_figures import results
from test_report_in_browser import ARGUMENTS, CHROMIUM

from ifssnet.figures.evaluation_report.report import evaluation_html

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}; apt-get install chromium")
sync_api = pytest.importorskip("playwright.sync_api")


@pytest.mark.parametrize("width", [390, 1280])
def test_every_number_fits_the_page(tmp_path: Path, width: int) -> None:
    path = tmp_path / "report.html"
    path.write_text(evaluation_html(results()), encoding="utf-8")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(path.as_uri())
        beyond = page.evaluate(
            "[...document.querySelectorAll('td')].filter(c => c.getBoundingClientRect().right > innerWidth).length"
        )
        scrolls = page.evaluate("[...document.querySelectorAll('.table')].filter(t => t.scrollWidth > t.clientWidth).length")
        wide = page.evaluate("document.documentElement.scrollWidth")
        cut = page.evaluate(
            """[...document.querySelectorAll('svg')].filter(s => s.clientWidth).flatMap(s => {
                const box = s.getBoundingClientRect(), edge = Math.min(box.right, innerWidth) + 1
                return [...s.querySelectorAll('text')].filter(t => {
                    const words = t.getBoundingClientRect()
                    return words.right > edge || words.left < box.left - 1
                }).map(t => t.textContent)
            })"""
        )
        shown = page.evaluate("[...document.querySelectorAll('svg')].filter(s => s.clientWidth).length")
        browser.close()
    assert (beyond, scrolls, wide) == (0, 0, width)
    assert (cut, shown) == ([], 4)
