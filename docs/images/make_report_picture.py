"""The README's picture of the demo's report: parts of the page itself, side by side.

make demo && .venv/bin/python docs/images/make_report_picture.py out/demo/report.html docs/images/report.png
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PARTS = (".masthead", ".tiles", "#profile", "#space", "#slices")
FLAGS = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --use-angle=swiftshader"
WIDTH, GAP = 1100, 12


def parts_of(page: Path) -> dict[str, Image.Image]:
    """A screenshot of each part of the report."""
    browser_path = os.environ.get("IFSSNET_CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS.split())
        tab = browser.new_page(viewport={"width": WIDTH, "height": 1000})
        tab.goto(page.resolve().as_uri())
        tab.wait_for_timeout(1500)  # until the 3-D view has drawn
        shots = {part: Image.open(io.BytesIO(tab.locator(part).first.screenshot())) for part in PARTS}
        browser.close()
    return shots


def stacked(pictures: list[Image.Image]) -> Image.Image:
    """Pictures below each other on white."""
    height = sum(picture.height + GAP for picture in pictures)
    sheet = Image.new("RGB", (max(picture.width for picture in pictures), height), "white")
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height + GAP
    return sheet


def main(page: Path, target: Path) -> None:
    """Two columns: summary, profile and 3-D view; slices."""
    shots = parts_of(page)
    left = stacked([shots[".masthead"], shots[".tiles"], shots["#slices"]])
    right = stacked([shots["#space"], shots["#profile"]])
    sheet = Image.new("RGB", (left.width + right.width + 3 * GAP, max(left.height, right.height)), "white")
    sheet.paste(left, (GAP, 0))
    sheet.paste(right, (left.width + 2 * GAP, 0))
    sheet.thumbnail((1600, 1200))
    sheet.quantize(256, method=Image.Quantize.MEDIANCUT).save(target, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
