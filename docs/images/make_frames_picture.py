"""Frames of the paper's probe, two neighbouring sweeps at three heights: python docs/images/make_frames_picture.py"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ifssnet.core.progress import drain
from ifssnet.phantom.files.cohort import plan_cohort
from ifssnet.phantom.scanner.protocol import PAPER
from ifssnet.phantom.scanner.sweep import scan

HEIGHTS = (0.25, 0.45, 0.65)
LARGEST = (940, 287)


def main() -> None:
    subject = plan_cohort(44, (29, 5, 10), seed=1).members[0].subject
    sweeps = drain(scan(subject, PAPER, seed=1))
    middle = len(sweeps) // 2
    frames = [
        sweep.frames[int(height * len(sweep.frames))] for height in HEIGHTS for sweep in (sweeps[middle - 1], sweeps[middle])
    ]
    rows = max(frame.shape[0] for frame in frames)
    picture = Image.fromarray(np.hstack([np.pad(frame, ((0, rows - frame.shape[0]), (0, 6))) for frame in frames]))
    picture.thumbnail(LARGEST)
    picture.save(Path(__file__).resolve().parents[1] / "phantom" / "frames.png", optimize=True)


if __name__ == "__main__":
    main()
