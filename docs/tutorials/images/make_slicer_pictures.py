"""The pictures of "From 3D Slicer and back", from a digital leg: python docs/tutorials/images/make_slicer_pictures.py

Left the leg along its length, right one slice across it; what is drawn or found is tinted, as 3D Slicer tints segments.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageDraw

import ifssnet
from ifssnet.core.muscles import color_of
from ifssnet.core.progress import drain
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.workflow.cohorts.phantom_files import LegOptions, make_leg

HERE = Path(__file__).resolve().parent
HEIGHT_PX = 520
GAP_PX = 12
OPACITY = 0.45


def tinted(grey: np.ndarray, labels: np.ndarray, names: Mapping[int, str], opacity: float = OPACITY) -> np.ndarray:
    """Grey levels with each label's colour over them."""
    picture = np.repeat(grey[..., None].astype(np.float64), 3, axis=2)
    for place, (value, name) in enumerate(sorted(names.items())):
        inside = labels == value
        picture[inside] = (1 - opacity) * picture[inside] + opacity * np.array(color_of(name, place), dtype=np.float64)
    return picture.clip(0, 255).astype(np.uint8)


def panel(image: np.ndarray, size_mm: tuple[float, float], mark: float | None = None) -> Image.Image:
    """A plane at its true proportions; a line marks where the other panel cuts."""
    wide = round(HEIGHT_PX * size_mm[0] / size_mm[1])
    picture = Image.fromarray(image).resize((wide, HEIGHT_PX), Image.Resampling.BILINEAR)
    if mark is not None:
        y = round(mark * HEIGHT_PX)
        ImageDraw.Draw(picture).line([(0, y), (wide, y)], fill=(255, 230, 90), width=2)
    return picture


def picture(
    volume: ifssnet.Volume, labels: np.ndarray, names: Mapping[int, str], z: int, row: int, opacity: float
) -> Image.Image:
    """Along the leg, knee above, tinted so much, and across it."""
    x_mm, y_mm, z_mm = (n * s for n, s in zip(volume.array.shape[::-1], volume.grid.spacing_xyz_mm, strict=True))
    along = tinted(volume.array[:, row], labels[:, row], names, opacity)
    across = tinted(volume.array[z], labels[z], names)
    panels = [panel(along, (x_mm, z_mm), (z + 0.5) / len(labels)), panel(across, (x_mm, y_mm))]
    sheet = Image.new("RGB", (sum(each.width for each in panels) + GAP_PX, HEIGHT_PX), "white")
    sheet.paste(panels[0], (0, 0))
    sheet.paste(panels[1], (panels[0].width + GAP_PX, 0))
    return sheet


def main() -> None:
    with TemporaryDirectory() as folder:
        leg = Path(folder) / "leg"
        drain(make_leg(leg, LegOptions(5, "quarter", "direct", "adult", None, 1)))
        volume, truth = ifssnet.open_volume(leg / "x1.mha"), ifssnet.open_labels(leg / "masksX1.mha")
    seeds = sample_seeds(truth, consecutive=3, every_mm=27.7)
    found = ifssnet.segment(volume, seeds, "shape-interpolation").labels
    drawn = np.zeros_like(truth.array)
    for label, by_slice in seeds.masks.items():
        for z, mask in by_slice.items():
            drawn[z][mask] = label
    row = int(np.argmax((truth.array > 0).sum(axis=(0, 2))))
    # The drawn slice with the most muscles on it, and the most of them.
    z = max(seeds.annotated_slices, key=lambda each: (len(np.unique(drawn[each])), np.count_nonzero(drawn[each])))
    between = min(z + round(13.85 / volume.grid.spacing_xyz_mm[2]), len(drawn) - 1)
    picture(volume, drawn, truth.names, z, row, 1.0).save(HERE / "slicer-drawn.png", optimize=True)
    picture(volume, found.array, found.names, between, row, OPACITY).save(HERE / "slicer-back.png", optimize=True)


if __name__ == "__main__":
    main()
