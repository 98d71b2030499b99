"""A small leg on disk, `ifss serve` as a process of its own, and a page in Chromium: what the browser tests share."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

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
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
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

