"""The page by keyboard alone, for screen readers, in French, without WebGL 2; and a propagation that is cancelled."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra `web` is not installed")
pytest.importorskip("fastapi", reason="the extra `web` is not installed")
sync_api = pytest.importorskip("playwright.sync_api")

import uvicorn  # noqa: E402
from page_of_a_case import ARGUMENTS, CHROMIUM, Desk  # noqa: E402
from synthetic_case import COLUMNS, ROWS, disc, make_case, radius_px  # noqa: E402

from ifssnet.web.app import create_app  # noqa: E402
from ifssnet.web.cases import open_case  # noqa: E402
from ifssnet.web.security import access_for  # noqa: E402
from ifssnet.workflow.session import propagation  # noqa: E402
from ifssnet.workflow.session.session import Session  # noqa: E402

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}; apt-get install chromium")
AXE = Path(__file__).parents[2] / "frontend/app/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        running = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    """The server in this process, so that a test can slow it down."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(root, access_for("127.0.0.1")), log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server.should_exit = True
    thread.join(timeout=20)
    listening.close()


@pytest.fixture
def name(root: Path, request: pytest.FixtureRequest) -> str:
    found = request.node.name.removeprefix("test_")[:40].replace("[", "-").rstrip("]")
    make_case(root, found)
    return found


def test_an_outline_by_keyboard_alone(browser: Any, address: str, name: str, root: Path) -> None:
    desk = Desk(browser, address, name)
    page = desk.page
    page.get_by_test_id("axial").focus()
    desk.go(20)
    page.keyboard.press("p")
    at = (COLUMNS // 2, ROWS // 2)
    for x, y in desk.circle(radius_px(20), corners=10):
        step = (round(x) - at[0], round(y) - at[1])
        for length, keys in ((step[0], ("ArrowLeft", "ArrowRight")), (step[1], ("ArrowUp", "ArrowDown"))):
            tens, ones = divmod(abs(length), 10)
            for key in ["Shift+" + keys[length > 0]] * tens + [keys[length > 0]] * ones:
                page.keyboard.press(key)
        at = (round(x), round(y))
        page.keyboard.press("Space")
    page.keyboard.press("Enter")
    desk.settled()
    mask = Session.open(root / name, read_only=True).state.muscles[1].drawn[20].mask
    assert 2 * (mask.array() & disc(20)).sum() / (mask.pixels + disc(20).sum()) > 0.9
    page.keyboard.press("PageDown")
    page.keyboard.press("c")
    desk.settled()
    assert Session.open(root / name, read_only=True).state.muscles[1].drawn[21].mask == mask
    desk.close()


def test_the_magnetic_outline_finds_the_border_from_a_few_clicks(browser: Any, address: str, name: str, root: Path) -> None:
    desk = Desk(browser, address, name)
    desk.go(20)
    desk.page.wait_for_timeout(300)
    desk.page.keyboard.press("m")
    for x, y in desk.circle(radius_px(20) + 0.5, corners=4):
        desk.page.mouse.move(*desk.spot(x, y))
        desk.page.mouse.click(*desk.spot(x, y))
    desk.page.keyboard.press("Enter")
    desk.settled()
    mask = Session.open(root / name, read_only=True).state.muscles[1].drawn[20].mask
    assert 2 * (mask.array() & disc(20)).sum() / (mask.pixels + disc(20).sum()) > 0.93
    desk.close()


def test_slices_are_drawn_again_with_all_outlines_hidden(browser: Any, address: str, name: str, root: Path) -> None:
    desk = Desk(browser, address, name)
    page = desk.page
    for z in (12, 20):
        desk.outline(z)
    page.get_by_test_id("quality").click()
    page.get_by_role("combobox").first.select_option("1")
    page.get_by_test_id("redraw").click()
    for left in (2, 1):
        page.get_by_text(f"{left} left.").wait_for()
        assert desk.origin() == "nothing yet"
        sync_api.expect(page.get_by_test_id("hand-in")).to_be_disabled()
        page.keyboard.press("r")
        page.keyboard.press("c")
        sync_api.expect(page.get_by_test_id("hand-in")).to_be_disabled()
        z = int(page.get_by_test_id("strip").get_attribute("aria-valuenow")) - 1
        page.keyboard.press("p")
        for x, y in desk.circle(radius_px(z) + 1):
            page.mouse.click(*desk.spot(x, y))
        page.keyboard.press("Enter")
        page.get_by_test_id("hand-in").click()
    page.get_by_test_id("blind").wait_for(state="detached")
    desk.settled()
    desk.go(12)
    assert desk.origin() == "drawn"
    page.get_by_test_id("quality").click()
    page.get_by_test_id("twice").wait_for()
    assert "2 slices" in page.get_by_test_id("twice").inner_text()
    desk.close()
    state = Session.open(root / name, read_only=True).state
    assert sorted(each.z for each in state.redrawn) == [12, 20]
    assert all(each.second.pixels > each.first.pixels for each in state.redrawn)
    assert all(each.mask == one.first for one in state.redrawn for each in [state.muscles[1].drawn[one.z]])


def test_a_cancelled_propagation_keeps_what_is_done_and_goes_on(
    browser: Any, address: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*given: Any, **named: Any) -> Any:
        work = propagation.propagate(*given, **named)
        try:
            for progress in work:
                time.sleep(0.12)
                yield progress
        finally:
            work.close()

    monkeypatch.setattr(propagation, "BATCH_S", 0.0)
    monkeypatch.setattr(open_case, "propagate", slow)
    desk = Desk(browser, address, name)
    desk.outline(2)
    desk.outline(37)
    sync_api.expect(desk.page.get_by_test_id("volume-SOL")).to_have_text("drawn only")
    desk.page.get_by_test_id("propagate").click()
    sync_api.expect(desk.page.get_by_test_id("volume-SOL")).to_contain_text("cm³ so far", timeout=60_000)
    desk.page.keyboard.press("Escape")
    desk.page.get_by_text("1 gap to fill").wait_for()
    part = desk.volume()
    assert part > 0
    monkeypatch.setattr(open_case, "propagate", propagation.propagate)
    desk.page.keyboard.press("r")
    desk.ready()
    assert desk.volume() > part
    desk.close()


@pytest.mark.skipif(not AXE.exists(), reason=f"no {AXE.name}; npm --prefix frontend/app ci")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, address: str, name: str, scheme: str) -> None:
    desk = Desk(browser, address, name, bypass_csp=True, color_scheme=scheme)
    page = desk.page
    page.add_script_tag(path=str(AXE))

    def findings() -> list[str]:
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    desk.outline(6)
    desk.outline(20)
    assert findings() == []
    page.keyboard.press("Shift+?")
    page.get_by_role("dialog").wait_for()
    assert findings() == []
    page.keyboard.press("Escape")
    page.get_by_test_id("sign").click()
    page.get_by_role("dialog").wait_for()
    assert findings() == []
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    desk.ready()
    desk.go(12)
    page.get_by_test_id("gap-method").wait_for()
    assert findings() == []
    for dialog in ("quality", "export"):
        page.get_by_test_id(dialog).click()
        page.get_by_role("dialog").wait_for()
        assert findings() == []
        page.keyboard.press("Escape")
    page.get_by_role("link", name="All cases").click()
    page.get_by_role("link", name=name).wait_for()
    assert findings() == []
    desk.close()


def test_a_full_disk_is_said_and_what_was_drawn_is_sent_again(
    browser: Any, address: str, name: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(browser, address, name)
    desk.outline(6)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        desk.go(20)
        desk.page.keyboard.press("c")
        desk.page.get_by_role("alert").get_by_text("No space left on device").wait_for()
        assert desk.origin() == "drawn"
        assert sorted(Session.open(root / name, read_only=True).state.muscles[1].drawn) == [6]
    desk.settled()
    assert sorted(Session.open(root / name, read_only=True).state.muscles[1].drawn) == [6, 20]
    desk.complaints.clear()
    desk.close()


def test_the_page_speaks_french(browser: Any, address: str, name: str) -> None:
    desk = Desk(browser, address, name, locale="fr-FR")
    desk.page.get_by_role("link", name="Tous les cas").wait_for()
    assert desk.page.locator("html").get_attribute("lang") == "fr"
    assert desk.page.get_by_text("Magnétique").is_visible()
    desk.page.locator("details.settings summary").click()
    desk.page.get_by_test_id("language").select_option("en")
    desk.page.get_by_role("link", name="All cases").wait_for()
    desk.close()


def test_without_webgl_2_all_but_the_third_dimension_works(browser: Any, address: str, name: str) -> None:
    desk = Desk(browser, address, name, no_webgl=True)
    desk.page.get_by_text("has no WebGL 2").wait_for()
    desk.outline(6)
    assert desk.origin() == "drawn"
    desk.close()
