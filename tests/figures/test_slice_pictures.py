from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image

from ifssnet.figures.leg_report.content import OutlinedSlice
from ifssnet.figures.leg_report.slices import IMAGE_BYTES, Window, common_window, outline, slice_pictures

COLORS = {"SOL": (126, 87, 194), "GM": (236, 97, 155)}


def points(d: str) -> np.ndarray:
    return np.array([[float(v) for v in pair.split()] for pair in re.findall(r"[ML]([^MLZ]+)", d)])


def test_an_outline_runs_between_the_pixels_in_mm() -> None:
    mask = np.zeros((10, 12), dtype=bool)
    mask[3:6, 4:8] = True
    d = outline(mask, Window(1, 10, 2, 12), (0.5, 2.0))
    corners = points(d)
    # Columns 4 to 7 of a window that begins at 2, 0.5 mm each: edges at 1 and 3 mm; rows 3 to 5 from 1, 2 mm each: 4 and 10 mm.
    assert corners[:, 0].min() == 1.0
    assert corners[:, 0].max() == 3.0
    assert corners[:, 1].min() == 4.0
    assert corners[:, 1].max() == 10.0
    assert d.endswith("Z")
    # A rectangle with its corners cut: straight runs keep no points between their ends.
    assert len(corners) == 8


def test_a_hole_is_a_loop_of_its_own() -> None:
    mask = np.ones((9, 9), dtype=bool)
    mask[4, 4] = False
    assert outline(mask, Window(0, 9, 0, 9), (1.0, 1.0)).count("Z") == 2


def test_the_window_holds_tissue_and_masks_and_a_margin() -> None:
    image = np.zeros((100, 120), dtype=np.uint8)
    image[40:60, 50:70] = 90
    mask = np.zeros((100, 120), dtype=bool)
    mask[58:64, 66:80] = True
    shown = OutlinedSlice(0, 0.0, image, {"SOL": mask})
    assert common_window([shown], (1.0, 2.0)) == Window(38, 66, 46, 84)
    assert common_window([OutlinedSlice(0, 0.0, np.zeros((9, 8), dtype=np.uint8), {})], (1.0, 1.0)) == Window(0, 9, 0, 8)


def link(svg: str) -> tuple[str, np.ndarray]:
    kind, data = re.search(r'href="data:image/(\w+);base64,([^"]+)"', svg).groups()
    return kind, np.array(Image.open(io.BytesIO(base64.b64decode(data))))


def test_grey_levels_are_carried_exactly_and_pixels_keep_their_shape() -> None:
    image = np.arange(40 * 60, dtype=np.uint32).reshape(40, 60).astype(np.uint8)
    (svg,) = slice_pictures([OutlinedSlice(7, 3.25, image, {})], COLORS, (0.5, 1.0))
    kind, carried = link(svg)
    assert kind == "png"
    np.testing.assert_array_equal(carried, image)
    assert 'viewBox="0 0 30 40"' in svg
    assert "<title>Slice 7 at 3.2 mm with no muscle</title>" in svg


def test_too_much_noise_for_png_becomes_jpeg() -> None:
    rng = np.random.default_rng(0)
    noise = [rng.integers(20, 255, (600, 700), dtype=np.uint8) for _ in range(6)]
    assert sum(image.size for image in noise) > IMAGE_BYTES
    kinds = {
        link(svg)[0]
        for svg in slice_pictures([OutlinedSlice(i, 0.0, im, {}) for i, im in enumerate(noise)], COLORS, (1.0, 1.0))
    }
    assert kinds == {"jpeg"}


def test_each_muscle_has_its_outline_its_name_and_the_reference_beneath() -> None:
    image = np.full((60, 80), 50, dtype=np.uint8)
    big, small = np.zeros((2, 60, 80), dtype=bool)
    big[10:40, 10:60] = True
    small[50:52, 70:72] = True
    shown = OutlinedSlice(3, 1.0, image, {"GM": small, "SOL": big}, {"SOL": big}, ("SOL",))
    (svg,) = slice_pictures([shown], COLORS, (1.0, 1.0))
    assert len(re.findall('class="outline"', svg)) == 2
    # A name stands only where there is room for it.
    assert re.findall(r'class="name"[^>]*>([^<]*)<', svg) == ["SOL"]
    assert svg.index('class="reference"') < svg.index('class="outline"')
    assert re.search(r'class="scale-label"[^>]*>20 mm<', svg)
