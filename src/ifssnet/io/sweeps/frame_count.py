"""How many frames a recording may have."""

from __future__ import annotations

from ifssnet.core.errors import InputError

MOST_FRAMES = 100_000
"""An hour of recording at 27 frames a second."""


def check_frames(count: int, where: str) -> None:
    """Refuse a recording that says that it has more frames than any has, before each of them is looked at.

    Raises:
        InputError: More than `MOST_FRAMES`.
    """
    if count > MOST_FRAMES:
        raise InputError(f"at most {MOST_FRAMES:,} frames in {where}", f"{count:,}", "Split the recording.")
