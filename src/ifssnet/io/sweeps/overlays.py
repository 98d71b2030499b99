"""Pictures of frames, one PNG a frame."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ifssnet.core.progress import Progress
from ifssnet.io.storage.atomic import atomic_folder


def write_overlays(
    pictures: Iterable[tuple[int, UInt8[np.ndarray, "v u 3"]]], total: int, folder: Path, force: bool = False
) -> Generator[Progress, None, Path]:
    """Write pictures as `frame_0000.png` and so on into a new folder, taken one at a time as they are made.

    Args:
        pictures: Frame index and picture.
        total: How many they are, for the progress.
        folder: Where to; made anew.
        force: Whether to replace an existing folder.

    Yields:
        Progress, a picture at a time.

    Returns:
        The folder.

    Raises:
        InputError: A place that cannot be written.
    """
    with atomic_folder(folder, force) as partial:
        for done, (frame, picture) in enumerate(pictures, start=1):
            Image.fromarray(picture).save(partial / f"frame_{frame:04d}.png")
            yield Progress("writing pictures", done, total)
    return folder
