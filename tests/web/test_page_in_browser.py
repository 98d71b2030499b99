"""The page in a real browser: from an empty case to a signed one, by mouse and by keyboard, and through a power cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra `web` is not installed")
pytest.importorskip("fastapi", reason="the extra `web` is not installed")
sync_api = pytest.importorskip("playwright.sync_api")

from page_of_a_case import ARGUMENTS, CHROMIUM, Server  # noqa: E402
from synthetic_case import COLUMNS, ROWS, disc, make_case, radius_px  # noqa: E402

from ifssnet.workflow.session.session import Session  # noqa: E402

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}; apt-get install chromium")
PX_CM3 = 1.0 * 1.0 * 2.0 / 1000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        running = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("served") / "cases")
    yield running
    running.close()


class Desk:
    """A page with an open case, and what an expert does there."""

    def __init__(self, browser: Any, server: Server, name: str) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(f"{server.address}#/case/{name}")
        self.page.get_by_test_id("axial").wait_for()

    def go(self, z: int) -> None:
        """To a slice, by keys."""
        now = int(self.page.get_by_test_id("strip").get_attribute("aria-valuenow")) - 1
        key = "PageDown" if z > now else "PageUp"
        tens, ones = divmod(abs(z - now), 10)
        for _ in range(tens):
            self.page.keyboard.press(f"Shift+{key}")
        for _ in range(ones):
            self.page.keyboard.press(key)
        self.page.get_by_text(f"Slice {z + 1} of").wait_for()

    def spot(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the slice is on the screen."""
        box = self.page.get_by_test_id("axial").bounding_box()
        scale = min((box["width"] - 12) / COLUMNS, (box["height"] - 12) / ROWS)
        left = box["x"] + (box["width"] - COLUMNS * scale) / 2
        top = box["y"] + (box["height"] - ROWS * scale) / 2
        return left + (x + 0.5) * scale, top + (y + 0.5) * scale

    def circle(self, radius: float, corners: int = 24) -> list[tuple[float, float]]:
        """Corners of a circle about the middle, in pixels of the slice."""
        import math

        turns = [2 * math.pi * at / corners for at in range(corners)]
        return [(COLUMNS / 2 + radius * math.cos(turn), ROWS / 2 + radius * math.sin(turn)) for turn in turns]

    def outline(self, z: int) -> None:
        """The muscle by polygon and mouse."""
        self.go(z)
        self.page.keyboard.press("p")
        for x, y in self.circle(radius_px(z)):
            self.page.mouse.click(*self.spot(x, y))
        self.page.keyboard.press("Enter")
        self.settled()

    def settled(self) -> None:
        """Until all that was done is on disk."""
        sync_api.expect(self.page.get_by_test_id("saved")).to_have_text("On disk")

    def volume(self, muscle: str = "SOL") -> float:
        """What the page shows of a muscle, in cm³."""
        return float(self.page.get_by_test_id(f"volume-{muscle}").inner_text().split()[0])

    def ready(self) -> None:
        """Until a propagation is over."""
        self.page.get_by_test_id("propagate").wait_for(timeout=30_000)
        self.page.get_by_text("Up to date").wait_for(timeout=30_000)

    def close(self) -> None:
        """Nothing went wrong meanwhile."""
        self.context.close()
        assert self.complaints == []


@pytest.fixture
def desk(browser: Any, server: Server, request: pytest.FixtureRequest) -> Iterator[Desk]:
    name = request.node.name.removeprefix("test_")[:40].replace("[", "-").rstrip("]")
    make_case(server.folder, name)
    found = Desk(browser, server, name)
    found.name = name
    yield found
    found.close()


def state(server: Server, name: str) -> Any:
    session = Session.open(server.folder / name, read_only=True)
    return session.state


def test_from_an_empty_case_to_a_signed_one(desk: Desk, server: Server) -> None:
    page = desk.page
    for z in (4, 20, 35):
        desk.outline(z)
    drawn = state(server, desk.name).muscles[1].drawn
    assert sorted(drawn) == [4, 20, 35]
    for z, each in drawn.items():
        truth = disc(z)
        assert 2 * (each.mask.array() & truth).sum() / (each.mask.pixels + truth.sum()) > 0.95

    page.get_by_test_id("propagate").click()
    desk.ready()
    whole = sum(disc(z).sum() for z in range(4, 36)) * PX_CM3
    assert desk.volume() == pytest.approx(whole, rel=0.06)

    desk.go(12)
    before = desk.volume()
    page.keyboard.press("b")
    for _ in range(4):
        page.keyboard.press("]")
    x, y = desk.spot(COLUMNS / 2 + radius_px(12) + 4, ROWS / 2)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 40, steps=5)
    page.mouse.up()
    desk.settled()
    assert desk.volume() > before
    assert state(server, desk.name).muscles[1].drawn[12].how == "corrected"
    page.keyboard.press("Control+z")
    desk.settled()
    sync_api.expect(page.get_by_test_id("volume-SOL")).to_have_text(f"{before:.1f} cm³")
    page.keyboard.press("a")
    desk.settled()
    page.get_by_text("accepted").first.wait_for()

    page.get_by_test_id("sign").click()
    page.get_by_label("Sign as").fill("A. Expert")
    page.get_by_test_id("sign-now").click()
    page.get_by_test_id("signed").wait_for()
    page.get_by_test_id("export").click()
    page.get_by_test_id("export-seg.nrrd").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="segmentation.seg.nrrd").click()
    assert Path(download.value.path()).read_bytes().startswith(b"NRRD")
    page.keyboard.press("Escape")

    page.reload()
    page.get_by_test_id("signed").wait_for()
    assert desk.volume() == before
    assert state(server, desk.name).signature.by == "A. Expert"
