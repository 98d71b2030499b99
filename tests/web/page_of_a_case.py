"""`ifss serve` as a process of its own, and an expert's page in Chromium: what the browser tests share."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from synthetic_case import COLUMNS, ROWS, radius_px

CHROMIUM = Path(os.environ.get("IFSSNET_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-angle=swiftshader",
]  # fmt: skip


class Server:
    """`ifss serve` on a folder of cases."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        self.folder = folder
        self._options = options
        self.port = port
        self.start()

    def start(self) -> None:
        """Start it, on the same port as before where there was one."""
        command = [sys.executable, "-m", "ifssnet", "serve", str(self.folder), "--port", str(self.port), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8")
        assert self._process.stdout is not None
        said = ""
        while not (found := re.search(r"(http://\S+)", said)):
            line = self._process.stdout.readline()
            assert line, f"the server ended: {said}"
            said += line
        self.address = found.group(1)
        port = re.search(r":(\d+)/", self.address)
        assert port is not None
        self.port = int(port.group(1))

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.send_signal(signal.SIGKILL)
        self._over()

    def close(self) -> None:
        """End it as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=15)
        finally:
            self._process.kill()
            self._over()

    def _over(self) -> None:
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Desk:
    """A page with an open case, and what an expert does there."""

    def __init__(self, browser: Any, address: str, name: str, *, no_webgl: bool = False, **options: Any) -> None:
        self.name = name
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-US", **options})
        self.page = self.context.new_page()
        # A page that another computer serves without TLS has no such function.
        self.context.add_init_script("delete Crypto.prototype.randomUUID")
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if no_webgl:
            get = "HTMLCanvasElement.prototype.getContext"
            self.page.add_init_script(f"const g={get}; {get}=function(k,...r){{return k==='webgl2'?null:g.call(this,k,...r)}}")
        self.page.goto(f"{address}#/case/{name}")
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
        from playwright.sync_api import expect

        expect(self.page.get_by_test_id("saved")).to_have_text("On disk")

    def volume(self, muscle: str = "SOL") -> float:
        """What the page shows of a muscle, in cm³; 0 where it is drawn only."""
        shown = self.page.get_by_test_id(f"volume-{muscle}").inner_text()
        return 0.0 if shown == "drawn only" else float(shown.split()[0])

    def origin(self, muscle: str = "SOL") -> str:
        """Who says what the page shows of a muscle on this slice."""
        return self.page.get_by_test_id(f"origin-{muscle}").inner_text()

    def ready(self) -> None:
        """Until a propagation is over."""
        self.page.get_by_test_id("propagate").wait_for(timeout=30_000)
        self.page.get_by_text("Up to date").wait_for(timeout=30_000)

    def close(self) -> None:
        """Nothing went wrong meanwhile."""
        self.context.close()
        assert self.complaints == [], self.complaints
