"""The page by keyboard alone, for screen readers, in French, without WebGL 2; and a propagation that is cancelled."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the extra `web` is not installed")
pytest.importorskip("fastapi", reason="the extra `web` is not installed")
sync_api = pytest.importorskip("playwright.sync_api")

import uvicorn  # noqa: E402
from page_of_a_case import ARGUMENTS, CHROMIUM, Desk  # noqa: E402
from synthetic_case import COLUMNS, ROWS, disc, make_case, radius_px  # noqa: E402

from ifssnet.core.packed_mask import PackedMask  # noqa: E402
from ifssnet.core.progress import Progress  # noqa: E402
from ifssnet.core.sweep import Sweep  # noqa: E402
from ifssnet.io.sweeps.kept_frames import keep_frames  # noqa: E402
from ifssnet.web.app import create_app  # noqa: E402
from ifssnet.web.cases import open_case  # noqa: E402
from ifssnet.web.routes import case as case_routes  # noqa: E402
from ifssnet.web.security import access_for  # noqa: E402
from ifssnet.workflow.session import propagation  # noqa: E402
from ifssnet.workflow.session.events import SliceDrawn  # noqa: E402
from ifssnet.workflow.session.methods import ADAPTED, Methods  # noqa: E402
from ifssnet.workflow.session.session import Session, now  # noqa: E402
from ifssnet.workflow.session.state import SessionState  # noqa: E402
from ifssnet.workflow.training.adapted_network import AdaptedNetwork  # noqa: E402

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


def draw(case: Path, slices: Sequence[int]) -> None:
    """What an expert drew before the page is opened."""
    with Session.open(case, by="tester") as session:
        session.apply(*(SliceDrawn(now(), "tester", 1, z, PackedMask.of(disc(z))) for z in slices))


def state_of(case: Path) -> SessionState:
    """A case as it is on disk."""
    return Session.open(case, read_only=True).state


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


def test_the_network_is_tuned_on_the_leg_and_says_what_came_of_it(
    browser: Any, address: str, name: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(root / name, (4, 20, 35))
    go_on, kept = threading.Event(), [True]

    def tuned(session: Session) -> Generator[Progress, None, AdaptedNetwork]:
        yield Progress("tuning the network", 30, 150)
        go_on.wait(timeout=20)
        yield Progress("tuning the network", 150, 150)
        if kept[0]:
            (session.folder / ADAPTED).write_bytes(b"")
        return AdaptedNetwork(session.folder / ADAPTED, kept[0], (20,), 0.91, 0.95, 0.97 if kept[0] else 0.94, 150, 30.0)

    methods = Methods()
    monkeypatch.setattr(Methods, "of_case", lambda self, method, folder: methods.get(method))
    monkeypatch.setattr(open_case, "tune", tuned)
    desk = Desk(browser, address, name)
    page = desk.page
    # The button waits until the page knows that it writes; a key would come to nothing before.
    page.get_by_test_id("propagate").click()
    desk.ready()
    runs = state_of(root / name).runs
    page.get_by_test_id("tune").click()
    page.get_by_text("Tuning: step 30 of 150").wait_for()
    assert page.get_by_test_id("sign").is_disabled()
    page.get_by_test_id("cancel").click()
    go_on.set()
    page.get_by_text("The network stays as it was.").wait_for()
    assert not (root / name / ADAPTED).exists()
    page.keyboard.press("Shift+t")
    sync_api.expect(page.get_by_test_id("tuned")).to_contain_text("has Dice 0.970; before it was 0.950")
    desk.ready()
    # Every gap is filled anew by the network that was kept.
    assert state_of(root / name).runs > runs
    page.get_by_test_id("forget-tuned").click()
    page.get_by_test_id("tuned").wait_for(state="detached")
    assert not (root / name / ADAPTED).exists()
    kept[0] = False
    page.get_by_test_id("tune").click()
    sync_api.expect(page.get_by_test_id("tuned")).to_contain_text("Not kept")
    desk.close()


def test_a_border_is_dragged_by_mouse_and_by_keyboard(browser: Any, address: str, name: str, root: Path) -> None:
    draw(root / name, (20,))
    desk = Desk(browser, address, name)
    page = desk.page
    sync_api.expect(page.get_by_text("Slice 21 of")).to_be_visible()
    page.keyboard.press("d")
    edge = COLUMNS / 2 + radius_px(20)
    page.mouse.move(*desk.spot(edge, ROWS / 2))
    page.mouse.down()
    page.mouse.move(*desk.spot(edge + 6, ROWS / 2), steps=4)
    page.mouse.up()
    desk.settled()
    added = state_of(root / name).muscles[1].drawn[20].mask.array() & ~disc(20)
    assert np.flatnonzero(added.any(axis=0)).min() > COLUMNS / 2
    assert np.flatnonzero(added.any(axis=0)).max() == pytest.approx(edge + 6, abs=1.5)
    page.keyboard.press("Control+z")
    desk.settled()
    # The whole border by Shift, with the keyboard: the point is where the mouse let go.
    page.keyboard.press("Shift+Space")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    desk.settled()
    grown = state_of(root / name).muscles[1].drawn[20].mask.array()
    assert np.sqrt(grown.sum() / np.pi) == pytest.approx(radius_px(20) + 3, abs=1.2)
    desk.close()


def test_what_is_drawn_on_a_raw_frame_is_drawn_on_the_slice_where_both_are_close(
    browser: Any, address: str, name: str, root: Path
) -> None:
    # Twice as fine as the volume; the last frame is turned, so that only its middle lies near slice 35.
    poses = [np.array([[0.5, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 1, 2.0 * z], [0, 0, 0, 1]]) for z in (20, 35)]
    poses[1][2, 1], poses[1][2, 3] = 0.2, 70 - 0.2 * ROWS
    frames = np.random.default_rng(3).integers(20, 200, (2, 2 * ROWS, 2 * COLUMNS), dtype=np.uint8)
    keep_frames((Sweep(frames, np.stack(poses), np.arange(2.0), (0.5, 0.5), np.ones(2, dtype=np.bool_)),), root / name)
    desk = Desk(browser, address, name)
    page = desk.page
    desk.go(20)
    page.keyboard.press("v")
    page.get_by_text("frame 1 of sweep 1: 0.0 mm from the slice").wait_for()
    page.keyboard.press("p")
    box = page.get_by_test_id("frame").locator("canvas").bounding_box()
    scale = min((box["width"] - 8) / COLUMNS, (box["height"] - 8) / ROWS)

    def spot(x: float, y: float) -> tuple[float, float]:
        return box["x"] + box["width"] / 2 + (x - COLUMNS / 2) * scale, box["y"] + box["height"] / 2 + (y - ROWS / 2) * scale

    for x, y in desk.circle(radius_px(20)):
        page.mouse.click(*spot(x, y))
    page.keyboard.press("Enter")
    desk.settled()
    mask = state_of(root / name).muscles[1].drawn[20].mask
    assert 2 * (mask.array() & disc(20)).sum() / (mask.pixels + disc(20).sum()) > 0.95
    desk.go(35)
    page.get_by_text("frame 2 of sweep 1").wait_for()
    page.keyboard.press("b")
    page.mouse.click(*spot(COLUMNS / 2, 10))
    page.get_by_text("It can be drawn on up to 1.5 mm").wait_for()
    desk.settled()
    assert sorted(state_of(root / name).muscles[1].drawn) == [20]
    page.mouse.click(*spot(COLUMNS / 2, ROWS / 2))
    page.get_by_text("2 outlines").wait_for()
    desk.settled()
    assert sorted(state_of(root / name).muscles[1].drawn) == [20, 35]
    desk.close()


@pytest.mark.skipif(not AXE.exists(), reason=f"no {AXE.name}; npm --prefix frontend/app ci")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, address: str, name: str, root: Path, scheme: str) -> None:
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

    page.locator("details.settings summary").click()
    page.locator("details.add summary").click()
    page.get_by_text("Brightness and contrast").click()
    assert findings() == []
    page.locator("details.settings summary").click()
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
    make_case(root, f"earlier {scheme}")
    draw(root / f"earlier {scheme}", (5, 6, 7, 8))
    page.get_by_test_id("export").click()
    page.get_by_role("dialog").wait_for()
    assert findings() == []
    page.keyboard.press("Escape")
    page.get_by_test_id("quality").click()
    page.get_by_test_id("against").select_option(f"earlier {scheme}")
    page.get_by_test_id("changes").wait_for()
    assert findings() == []
    page.get_by_role("dialog").get_by_test_id("redraw").click()
    page.get_by_test_id("blind").wait_for()
    assert findings() == []
    page.get_by_text("Give up the rest").click()
    page.get_by_test_id("blind").wait_for(state="detached")
    page.get_by_test_id("sign").click()
    page.get_by_label("Sign as").fill("A. Expert")
    page.get_by_test_id("sign-now").click()
    page.get_by_test_id("signed").wait_for()
    assert findings() == []
    page.get_by_role("link", name="All cases").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name))
    row.wait_for()
    assert findings() == []
    place, badge = row.bounding_box(), row.get_by_text("signed").bounding_box()
    assert place["y"] < badge["y"] < place["y"] + place["height"]
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


def turn(desk: Desk, *, hidden: bool) -> None:
    """Put a tab into the background, or bring it back."""
    desk.page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')) }",
        hidden,
    )


def test_a_tab_in_the_background_gives_its_connection_back_and_stays_the_one_that_writes(
    browser: Any, address: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_routes, "COMES_BACK_S", 0.05)
    desk = Desk(browser, address, name)
    desk.outline(6)

    turn(desk, hidden=True)
    # As long as a tab without a stream is forgotten after.
    time.sleep(0.4)
    other = Desk(browser, address, name)
    other.page.get_by_test_id("read-only").get_by_text("Another tab writes").wait_for()
    other.page.get_by_test_id("take-over").click()
    other.page.get_by_test_id("read-only").wait_for(state="detached")
    other.outline(20)
    # Nothing comes while it is in the background, and all of it afterwards.
    assert desk.page.get_by_text("1 outline").is_visible()
    turn(desk, hidden=False)
    desk.page.get_by_text("2 outlines").wait_for()
    desk.page.get_by_test_id("read-only").wait_for()
    # A tab that was in the background and is closed keeps nothing.
    turn(other, hidden=True)
    other.page.goto("about:blank")
    desk.page.get_by_text("Nobody writes to this case any more").wait_for()
    other.close()
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
