"""A view: the place that each pixel images, by which line of the probe; and the scene that it images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int, Int32, UInt8


@dataclass(frozen=True, eq=False)
class ProbeView:
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
        """The number of images."""
        return len(self.image_to_leg)

    @property
    def spacing_vu_mm(self) -> tuple[float, float]:
        """Height and width of a pixel."""
        first = self.image_to_leg[0]
        return float(np.linalg.norm(first[:3, 1])), float(np.linalg.norm(first[:3, 0]))

    def part(self, start: int, stop: int) -> ProbeView:
        """Some of the images, one after the other."""
        return self._only(slice(start, stop))

    def chosen(self, images: Int[np.ndarray, " chosen"]) -> ProbeView:
        """Any of the images."""
        return self._only(images)

    def _only(self, chosen: slice | Int[np.ndarray, " chosen"]) -> ProbeView:
        return ProbeView(
            self.image_to_leg[chosen],
            self.shape_vu,
            self.first_row[chosen],
            self.last_row[chosen],
            self.shift_mm[chosen],
            self.line_db[chosen],
        )


def frames_view(
    image_to_leg: Float[np.ndarray, "image 4 4"],
    shape_vu: tuple[int, int],
    line_db: Float32[np.ndarray, "image u"] | None = None,
) -> ProbeView:
    """The view of ordinary frames: every line from the first row to the last, nothing moved."""
    n, (rows, columns) = len(image_to_leg), shape_vu
    return ProbeView(
        image_to_leg,
        shape_vu,
        np.zeros((n, columns), dtype=np.int32),
        np.full((n, columns), rows, dtype=np.int32),
        np.zeros((n, columns, 3)),
        np.zeros((n, columns), dtype=np.float32) if line_db is None else line_db,
    )


@dataclass(frozen=True, eq=False)
class Scene:
    """What a view images.

    Attributes:
        codes: `Tissue` of every pixel; water where nothing is seen.
        echo: The echo of surfaces, in units of muscle's mean echo.
        skin_row: Where each line enters the leg; the number of rows where it does not.
        skin_facing: How squarely it meets the skin there, 0 to 1.
    """

    codes: UInt8[np.ndarray, "image v u"]
    echo: Float32[np.ndarray, "image v u"]
    skin_row: Int32[np.ndarray, "image u"]
    skin_facing: Float32[np.ndarray, "image u"]


def dark_scene(view: ProbeView) -> Scene:
    """Nothing but water, to be filled in."""
    shape = (view.images, *view.shape_vu)
    return Scene(
        np.zeros(shape, dtype=np.uint8),
        np.zeros(shape, dtype=np.float32),
        np.full((shape[0], shape[2]), shape[1], dtype=np.int32),
        np.ones((shape[0], shape[2]), dtype=np.float32),
    )
