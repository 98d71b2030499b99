"""A view: which pixels look at which places, from which line of the probe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int32


@dataclass(frozen=True, eq=False)
class View:
    """A stack of images with the beam down their rows.

    A frame of a sweep is one image whose lines all begin at its first row. A slice of a volume shows several sweeps side
    by side: its columns belong to different positions of the probe, whose lines begin at different rows, and between
    whose recordings the leg moved.

    Attributes:
        image_to_leg: Takes (u, v, 0, 1) in pixels to mm in the leg's frame.
        shape_vu: Rows and columns.
        first_row: Where each column's line begins; before it and from `last_row` nothing is seen.
        last_row: Where each column's line ends.
        shift_mm: By how much the leg had moved when a column was recorded.
        line_db: Gain of each line of each image: loss of contact, bubbles.
    """

    image_to_leg: Float[np.ndarray, "image 4 4"]
    shape_vu: tuple[int, int]
    first_row: Int32[np.ndarray, "image u"]
    last_row: Int32[np.ndarray, "image u"]
    shift_mm: Float[np.ndarray, "image u 3"]
    line_db: Float32[np.ndarray, "image u"]

    @property
    def images(self) -> int:
        """How many."""
        return len(self.image_to_leg)

    @property
    def spacing_vu_mm(self) -> tuple[float, float]:
        """Height and width of a pixel."""
        first = self.image_to_leg[0]
        return float(np.linalg.norm(first[:3, 1])), float(np.linalg.norm(first[:3, 0]))

    def part(self, start: int, stop: int) -> View:
        """Some of the images."""
        cut = slice(start, stop)
        return View(
            self.image_to_leg[cut],
            self.shape_vu,
            self.first_row[cut],
            self.last_row[cut],
            self.shift_mm[cut],
            self.line_db[cut],
        )


def frames_view(
    image_to_leg: Float[np.ndarray, "image 4 4"],
    shape_vu: tuple[int, int],
    line_db: Float32[np.ndarray, "image u"] | None = None,
) -> View:
    """The view of ordinary frames: every line from the first row to the last, nothing moved."""
    n, (rows, columns) = len(image_to_leg), shape_vu
    return View(
        image_to_leg,
        shape_vu,
        np.zeros((n, columns), dtype=np.int32),
        np.full((n, columns), rows, dtype=np.int32),
        np.zeros((n, columns, 3)),
        np.zeros((n, columns), dtype=np.float32) if line_db is None else line_db,
    )
