"""`ifss train` under torchrun whose second process dies once, after some units: `dying_process.py CHECKPOINT WORDS...`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from ifssnet.cli.main import main
from ifssnet.core.errors import InputError
from ifssnet.train.loop.checkpoint import load_checkpoint


def die_after(checkpoint: Path, units: int) -> None:
    while True:
        time.sleep(0.01)
        if checkpoint.is_file():
            try:
                if load_checkpoint(checkpoint)["unit"] >= units:
                    os.kill(os.getpid(), signal.SIGKILL)
            except InputError:
                continue


if __name__ == "__main__":
    if os.environ["RANK"] == "1" and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        threading.Thread(target=die_after, args=(Path(sys.argv[1]), 2), daemon=True).start()
    sys.argv = ["ifss", *sys.argv[2:]]
    main()
