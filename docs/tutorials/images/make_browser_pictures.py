"""The pictures of the tutorial on the page: a digital leg, drawn on a few slices, propagated, in Chromium.

Usage: `python docs/tutorials/images/make_browser_pictures.py [CHROMIUM]`; it takes some minutes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from ifssnet.core.progress import drain
from ifssnet.workflow.arrivals.new_case import new_case
from ifssnet.workflow.cohorts.phantom_files import LegOptions, make_leg
from ifssnet.workflow.leg.compound_files import RecordingFiles
from ifssnet.workflow.leg.seed_files import SeedChoice, draw_seeds

HERE = Path(__file__).parent
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--use-angle=swiftshader")


def main() -> None:
    """Make the leg, serve it, and take the pictures."""
    chromium = sys.argv[1] if len(sys.argv) > 1 else "/usr/bin/chromium"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "cases"
        root.mkdir()
        make_cases(Path(folder), root)
        command = [sys.executable, "-m", "ifssnet", "serve", str(root), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
            try:
                assert server.stdout is not None
                address = server.stdout.readline().split()[-1]
                with sync_playwright() as play:
                    browser = play.chromium.launch(executable_path=chromium, args=[*ARGUMENTS])
                    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-US")
                    take(page, address)
                    browser.close()
            finally:
                server.terminate()


def make_cases(folder: Path, root: Path) -> None:
    """Legs at several stages, made from sweeps."""
    leg = folder / "leg"
    drain(make_leg(leg, LegOptions(seed=3, size="quarter", via="scan")))
    seeds = draw_seeds(leg / "masksX1.mha", SeedChoice(consecutive=3, every_mm=27.7))
    recording = RecordingFiles(tuple(sorted(leg.glob("sweep?.igs.mha"))), leg / "plus.xml")
    for name in ("P07 left", "P07 right", "P08 left"):
        drawn = None if name == "P08 left" else seeds
        new_case(root, name, leg / "x1.mha", seeds=drawn, recording=recording, by="A. Expert")


def take(page: Page, address: str) -> None:
    """The case while all is up to date, and the list."""
    page.goto(f"{address}#/case/P07%20left")
    page.get_by_test_id("axial").wait_for()
    page.keyboard.press("r")
    page.get_by_text("Up to date").wait_for(timeout=300_000)
    page.get_by_test_id("axial").focus()
    for _ in range(26):
        page.keyboard.press("Shift+PageDown")
    page.keyboard.press("2")
    page.wait_for_timeout(9000)
    save(page, "browser-case.png")
    page.keyboard.press("v")
    page.get_by_text("from the slice").wait_for()
    page.wait_for_timeout(3000)
    save(page, "browser-frame.png")
    page.keyboard.press("v")
    page.get_by_role("link", name="All cases").click()
    page.get_by_text("P08 left").wait_for()
    save(page, "browser-home.png")


def save(page: Page, name: str) -> None:
    """A screenshot with as few colours as it needs."""
    page.screenshot(path=str(HERE / name))
    with Image.open(HERE / name) as picture:
        picture.convert("RGB").quantize(192).save(HERE / name, optimize=True)


if __name__ == "__main__":
    main()
