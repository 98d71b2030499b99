"""The page in a real browser: from an empty case to a signed one, by mouse and by keyboard, and through a power cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra `web` is not installed")
pytest.importorskip("fastapi", reason="the extra `web` is not installed")
sync_api = pytest.importorskip("playwright.sync_api")

from page_of_a_case import ARGUMENTS, CHROMIUM, Desk, Server  # noqa: E402
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


@pytest.fixture
def desk(browser: Any, server: Server, request: pytest.FixtureRequest) -> Iterator[Desk]:
    name = request.node.name.removeprefix("test_")[:40].replace("[", "-").rstrip("]")
    make_case(server.folder, name)
    found = Desk(browser, server.address, name)
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


def test_a_power_cut_takes_nothing_that_was_on_disk(desk: Desk, server: Server) -> None:
    desk.outline(6)
    desk.outline(30)
    server.kill()
    desk.page.get_by_role("alert").first.wait_for()
    desk.go(31)
    for x, y in desk.circle(radius_px(31)):
        desk.page.mouse.click(*desk.spot(x, y))
    desk.page.keyboard.press("Enter")
    server.start()
    desk.settled()
    assert sorted(state(server, desk.name).muscles[1].drawn) == [6, 30, 31]
    desk.page.reload()
    desk.page.get_by_test_id("axial").wait_for()
    assert desk.origin() == "drawn"
    desk.complaints.clear()


def test_a_second_tab_reads_until_it_takes_over(desk: Desk, server: Server, browser: Any) -> None:
    desk.outline(6)
    other = Desk(browser, server.address, desk.name)
    other.page.get_by_test_id("read-only").wait_for()
    assert other.page.get_by_test_id("undo").is_disabled()
    desk.outline(9)
    sync_api.expect(other.page.get_by_text("2 outlines")).to_be_visible()
    other.page.get_by_test_id("take-over").click()
    desk.page.get_by_test_id("read-only").wait_for()
    other.outline(20)
    assert sorted(state(server, desk.name).muscles[1].drawn) == [6, 9, 20]
    other.close()
