"""How fast the page of `ifss serve` is, and what it bears: a large leg in Chromium, and many cases asked for at once.

python benchmarks/page.py speed [--slices 1400] [--side 512]
python benchmarks/page.py task [--slices 1000] [--side 256]
python benchmarks/page.py load [--cases 20] [--rate 200] [--seconds 60]

`speed` opens a made volume with three muscles drawn every 27.7 mm, and measures in the browser what an expert waits for: the
first picture, another slice, a stroke, the first propagated slice, and the two gaps beside a correction. `task` outlines a
whole leg with the magnetic outline, from opening it to the signature, and counts clicks and keys. `load` asks for slices of
many open cases at a steady rate, and says how late the answers are and how the server's memory grows. Processor seconds of
the server stand beside those of the clock: other work on the machine moves the clock alone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.packed_mask import PackedMask
from ifssnet.io.save import save
from ifssnet.workflow.arrivals.new_case import new_case
from ifssnet.workflow.session.events import SliceDrawn
from ifssnet.workflow.session.hidden_slices import dice_of
from ifssnet.workflow.session.session import Session, now

SPACING_MM, EVERY_MM = 0.277, 27.7
BORDER = 0.008
"""Width of the bright border around a muscle as a part of a slice's side."""

CLICKS = 8
"""Clicks along the border of an outline."""

CHROMIUM = os.environ.get("IFSSNET_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--use-angle=swiftshader"]  # fmt: skip
CENTRES = {"SOL": (0.60, 0.50, 0.20), "GM": (0.30, 0.36, 0.10), "GL": (0.30, 0.66, 0.09)}
"""Middle and radius of each muscle as parts of a slice's side: row, column, radius."""

IN_THE_PAGE = """
async ([kind, count]) => {
  const canvas = document.querySelector("[data-testid=axial]");
  const picture = () => {
    const part = canvas.getContext("2d").getImageData(canvas.width / 2 - 60, canvas.height / 2 - 60, 120, 120).data;
    let sum = 0;
    for (let at = 0; at < part.length; at += 4) sum = (sum * 31 + part[at]) % 1000000007;
    return sum;
  };
  const frame = () => new Promise(requestAnimationFrame);
  const key = (name, shiftKey) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key: name, shiftKey, bubbles: true }));
  const box = canvas.getBoundingClientRect();
  const pointer = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, { clientX: box.left + x, clientY: box.top + y,
    button: type === "pointermove" ? -1 : 0, buttons: 1, pointerId: 1, pointerType: "mouse", bubbles: true }));
  const found = [];
  if (kind === "stroke") pointer("pointerdown", box.width / 2 - 80, box.height / 2);
  for (let at = 0; at < count; at++) {
    const before = picture();
    const start = performance.now();
    if (kind === "next") key("PageDown", false);
    else if (kind === "far") key(at % 2 ? "PageUp" : "PageDown", true);
    else pointer("pointermove", box.width / 2 - 80 + 160 * (at + 1) / count, box.height / 2 + 30 * Math.sin(at / 4));
    do await frame(); while (kind !== "stroke" && picture() === before && performance.now() - start < 5000);
    found.push(performance.now() - start);
    if (kind !== "stroke") await new Promise((resume) => setTimeout(resume, 60));
  }
  if (kind === "stroke") pointer("pointerup", box.width / 2 + 80, box.height / 2);
  return found;
}
"""

FIRST_PICTURE = """
async () => {
  for (;;) {
    const canvas = document.querySelector("[data-testid=axial]");
    if (canvas !== null && canvas.width > 0) {
      const part = canvas.getContext("2d").getImageData(canvas.width / 2 - 40, canvas.height / 2 - 40, 80, 80).data;
      if (part.some((value, at) => at % 4 < 3 && value > 60)) return performance.now();
    }
    await new Promise(requestAnimationFrame);
  }
}
"""


def main() -> None:
    """Measure, and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", choices=["speed", "task", "load"])
    arguments.add_argument("--slices", type=int, help="of the volume")
    arguments.add_argument("--side", type=int, help="of a slice in pixels")
    arguments.add_argument("--cases", type=int, default=20)
    arguments.add_argument("--rate", type=float, default=200.0, help="requests a second")
    arguments.add_argument("--seconds", type=float, default=60.0)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.what == "speed":
            speed(Path(folder), chosen.slices or 1400, chosen.side or 512)
        elif chosen.what == "task":
            task(Path(folder), chosen.slices or 1000, chosen.side or 256)
        else:
            asyncio.run(load(Path(folder), chosen.cases, chosen.rate, chosen.seconds))


def disc(name: str, z: int, slices: int, side: int, wider: float = 0.0) -> np.ndarray:
    """A muscle on a slice: a disc that is largest in the middle of the leg."""
    row, column, radius = CENTRES[name]
    y, x = np.ogrid[:side, :side]
    grown = radius * (0.6 + 0.4 * np.sin(np.pi * z / slices))
    return np.hypot(y - row * side, x - column * side) <= (grown + wider) * side


def make_case(root: Path, name: str, slices: int, side: int, drawn: dict[str, range]) -> None:
    """A case with speckle and brighter muscles, drawn on some slices."""
    rng = np.random.default_rng(3)
    tile = rng.integers(70, 130, (16, side, side), dtype=np.uint8)
    array = np.tile(tile, (-(-slices // 16), 1, 1))[:slices]
    for z in range(slices):
        for muscle in CENTRES:
            inside = disc(muscle, z, slices, side)
            array[z][inside] += 40
            array[z][disc(muscle, z, slices, side, BORDER) & ~inside] = 240
    path = root / f".{name}.mha"
    save(Volume(array, Grid((slices, side, side), (SPACING_MM,) * 3)), path)
    new_case(root, name, path, by="benchmark")
    path.unlink()
    if drawn:
        with Session.open(root / name, by="benchmark") as session:
            session.apply(
                *(
                    SliceDrawn(
                        now(), "benchmark", session.state.label_of(muscle), z, PackedMask.of(disc(muscle, z, slices, side))
                    )
                    for muscle, own in drawn.items()
                    for z in own
                )
            )


@contextmanager
def served(root: Path) -> Iterator[tuple[str, int]]:
    """`ifss serve` on a folder: its address and the number of its process."""
    command = [sys.executable, "-m", "ifssnet", "serve", str(root), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8") as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[-1], server.pid
        finally:
            server.terminate()


def processor_seconds(pid: int) -> float:
    """What a process has computed so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """The memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def speed(root: Path, slices: int, side: int) -> None:
    """What an expert waits for in the browser."""
    from playwright.sync_api import sync_playwright

    every = round(EVERY_MM / SPACING_MM)
    make_case(root, "leg", slices, side, dict.fromkeys(CENTRES, range(10, slices - 10, every)))
    low = slices // 2 - every // 2
    make_case(root, "gaps", slices, side, {"SOL": range(low - every, low + 2 * every + 1, every)})
    with served(root) as (address, pid), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-US")
        page.goto(address)
        page.get_by_text("leg").first.wait_for()
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-US")
        page.set_default_timeout(300_000)
        page.goto(f"{address}#/case/leg")
        say("first picture", page.evaluate(FIRST_PICTURE) / 1000, 2.0)
        page.wait_for_timeout(4000)
        for kind, name, target in (("next", "next slice", 0.1), ("far", "ten slices on", 0.1), ("stroke", "stroke", 0.05)):
            times = [ms / 1000 for ms in page.evaluate(IN_THE_PAGE, [kind, 30])]
            say(f"{name}, median of 30", statistics.median(times), target)
            say(f"{name}, longest", max(times), target)
        page.keyboard.press("Control+z")
        page.wait_for_timeout(8000)
        waited(pid, "first propagated slice", 1.0, lambda: first_slice(page))
        page.get_by_test_id("cancel").click()
        page.get_by_test_id("propagate").wait_for()
        page.goto(f"{address}#/case/gaps")
        gaps_around_a_correction(page, pid)
        browser.close()


def first_slice(page: Any) -> None:
    """From the key to an outline on the slice in front."""
    page.keyboard.press("r")
    page.wait_for_function(
        "() => document.querySelector('[data-testid=origin-SOL]').innerText.startsWith('proposed')", polling="raf"
    )


def gaps_around_a_correction(page: Any, pid: int) -> None:
    """One stroke in the middle of a gap, and both gaps beside it again."""
    page.get_by_role("heading", name="gaps").wait_for()
    page.wait_for_timeout(4000)
    page.keyboard.press("r")
    page.get_by_text("Up to date").wait_for(timeout=600_000)
    for _ in range(15):
        page.keyboard.press("Shift+PageDown")
    page.evaluate(IN_THE_PAGE, ["stroke", 5])
    page.get_by_text("gaps to fill").wait_for()

    def again() -> None:
        page.keyboard.press("r")
        page.get_by_text("Up to date").wait_for(timeout=120_000)

    waited(pid, "the gaps beside a correction", 3.0, again)


def waited(pid: int, name: str, target: float, act: Any) -> None:
    """Time of an act, on the clock and of the server's processor."""
    start, computed = time.monotonic(), processor_seconds(pid)
    act()
    say(name, time.monotonic() - start, target, processor_seconds(pid) - computed)


def say(name: str, seconds: float, target: float, computed: float | None = None) -> None:
    """One line."""
    processor = "" if computed is None else f"  processor {computed:6.2f} s"
    print(f"{name:34}{seconds:8.3f} s  (target {target:g} s){processor}", flush=True)


class Hand:
    """Mouse and keyboard on an open page, counted."""

    def __init__(self, page: Any, slices: int, side: int) -> None:
        self.page, self.slices, self.side = page, slices, side
        self.clicks = self.keys = 0
        self.box = page.get_by_test_id("axial").bounding_box()

    def key(self, name: str) -> None:
        """One key, with Shift or without."""
        self.page.keyboard.press(name)
        self.keys += 1

    def click(self, row: float, column: float) -> None:
        """One click on a pixel of the slice."""
        scale = (min(self.box["width"], self.box["height"]) - 12) / self.side
        x = self.box["x"] + self.box["width"] / 2 + (column + 0.5 - self.side / 2) * scale
        y = self.box["y"] + self.box["height"] / 2 + (row + 0.5 - self.side / 2) * scale
        self.page.mouse.move(x, y)
        self.page.mouse.click(x, y)
        self.clicks += 1

    def outline(self, muscle: str, z: int) -> None:
        """A muscle on the slice in front, by clicks along its border."""
        row, column, radius = CENTRES[muscle]
        grown = radius * (0.6 + 0.4 * np.sin(np.pi * z / self.slices)) + BORDER / 2
        for at in range(CLICKS):
            turn = 2 * np.pi * at / CLICKS
            self.click((row + grown * np.sin(turn)) * self.side, (column + grown * np.cos(turn)) * self.side)
        self.key("Enter")

    def to(self, z: int) -> None:
        """To another slice by the fewest keys."""
        away = z - int(self.page.get_by_test_id("strip").get_attribute("aria-valuenow")) + 1
        name = "PageDown" if away > 0 else "PageUp"
        for _ in range(abs(away) // 10):
            self.key(f"Shift+{name}")
        for _ in range(abs(away) % 10):
            self.key(name)


def task(root: Path, slices: int, side: int) -> None:
    """A whole leg from the open page to the signature."""
    from playwright.sync_api import sync_playwright

    every = round(EVERY_MM / SPACING_MM)
    make_case(root, "leg", slices, side, {})
    with served(root) as (address, _), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-US")
        page.goto(f"{address}#/case/leg")
        page.get_by_test_id("axial").wait_for()
        page.wait_for_timeout(3000)
        begun, hand = time.monotonic(), Hand(page, slices, side)
        hand.key("m")
        places = range(10, slices - 9, every)
        for z in places:
            hand.to(z)
            page.wait_for_timeout(150)
            for number, muscle in enumerate(CENTRES, start=1):
                hand.key(str(number))
                hand.outline(muscle, z)
        drawn, drawing = (hand.clicks, hand.keys), time.monotonic() - begun
        hand.key("r")
        page.get_by_text("Up to date").wait_for(timeout=600_000)
        page.get_by_test_id("sign").click()
        page.get_by_label("Sign as").fill("B. Enchmark")
        page.get_by_test_id("sign-now").click()
        page.get_by_test_id("signed").wait_for()
        hand.clicks += 2
        browser.close()
    outlines = len(places) * len(CENTRES)
    print(f"{outlines} outlines on {len(places)} slices: {drawn[0]} clicks and {drawn[1]} keys")
    print(
        f"an outline: {drawn[0] / outlines:.1f} clicks and {drawn[1] / outlines:.1f} keys, {drawing / outlines:.1f} s of events"
    )
    print(f"open to signature: {hand.clicks} clicks, {hand.keys} keys and a name, {time.monotonic() - begun:.0f} s")
    with Session.open(root / "leg", read_only=True) as session:
        for muscle in CENTRES:
            label = session.state.label_of(muscle)
            found = session.state.muscles[label].drawn
            # The hand follows the middle of the bright border, so that is what it can be right about.
            true = {z: disc(muscle, z, slices, side, BORDER / 2) for z in range(places[0], places[-1] + 1)}
            dice = [dice_of(found[z].mask, PackedMask.of(true[z])) for z in places]
            pixels = sum(int(each.sum()) for each in true.values())
            voxels = session.state.volume_cm3(label) * 1000 / SPACING_MM**3
            print(f"{muscle}: outlines Dice {np.mean(dice):.3f}, volume {100 * (voxels / pixels - 1):+.1f} %")


async def load(root: Path, cases: int, rate: float, seconds: float) -> None:
    """Slices of many cases at a steady rate."""
    make_case(root, "case00", 120, 256, {})
    for at in range(1, cases):
        shutil.copytree(root / "case00", root / f"case{at:02}")
    with served(root) as (address, pid):
        # The server drops a connection that was silent for 5 s. A client that asks over one just then sees an error of reading.
        limits = httpx.Limits(max_connections=40, max_keepalive_connections=40, keepalive_expiry=3)
        async with httpx.AsyncClient(base_url=address, timeout=30, limits=limits) as client:
            keys = [(await client.get(f"api/cases/case{at:02}")).json()["volume"] for at in range(cases)]
            await asyncio.sleep(5)
            late: list[float] = []
            wrong: list[int] = []

            async def ask(turn: int) -> None:
                case = turn % cases
                start = time.monotonic()
                answer = await client.get(f"api/cases/case{case:02}/slices/{keys[case]}/z/{turn * 7 % 120}")
                late.append(time.monotonic() - start)
                if answer.status_code != 200 or len(answer.content) != 256 * 256:
                    wrong.append(answer.status_code)

            begun, computed, memory = time.monotonic(), processor_seconds(pid), [resident_mb(pid)]
            waiting: set[asyncio.Task[None]] = set()
            for turn in range(round(rate * seconds)):
                await asyncio.sleep(max(0.0, begun + turn / rate - time.monotonic()))
                task = asyncio.create_task(ask(turn))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
                if turn % round(rate * 10) == 0:
                    memory.append(resident_mb(pid))
            await asyncio.gather(*waiting)
            took = time.monotonic() - begun
            memory.append(resident_mb(pid))
            late.sort()
            print(f"{len(late)} slices of {cases} cases in {took:.1f} s: {len(late) / took:.0f} a second, {len(wrong)} wrong")
            print(
                f"answers: median {1000 * late[len(late) // 2]:.1f} ms, 99 % within {1000 * late[int(0.99 * len(late))]:.1f} ms"
            )
            print(f"the server's memory in MB: {', '.join(f'{each:.0f}' for each in memory)}")
            print(f"the server's processor: {(processor_seconds(pid) - computed) / took:.2f} of one core")


if __name__ == "__main__":
    main()
