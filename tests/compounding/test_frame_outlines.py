from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from ifssnet.compounding.projection.contour_seeds import contours_to_seeds
from ifssnet.compounding.projection.frame_outlines import area_px2, label_share, outlines, project_to_frames
from ifssnet.compounding.projection.overlay import overlay
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.progress import Progress, drain
from ifssnet.core.sweep import Sweep
from ifssnet.io.open import open_sweep
from ifssnet.io.sweeps.stradwin_writer import write_stradwin

SPACING = 0.5


def cylinder(radius_mm: float = 10.0, hole_mm: float = -1.0) -> LabelMap:
    """Along z through (x, y) = (15, 15), 40 mm long, label 3."""
    grid = Grid((80, 61, 61), (SPACING, SPACING, SPACING))
    y, x = np.mgrid[0:61, 0:61] * SPACING
    distance = np.hypot(x - 15, y - 15)
    disc = (distance <= radius_mm) & (distance > hole_mm)
    return LabelMap(np.repeat(disc[None], 80, axis=0).astype(np.uint8) * 3, grid, {3: "SOL"})


def frame(degrees: float, pixel_mm: float = 0.2, size: int = 160, z_mm: float = 20.0) -> np.ndarray:
    """An image tilted about x, its middle pixel on the cylinder's axis at a height."""
    t = math.radians(degrees)
    pose = np.eye(4)
    pose[:3, 0] = (pixel_mm, 0, 0)
    pose[:3, 1] = (0, pixel_mm * math.cos(t), pixel_mm * math.sin(t))
    pose[:3, 3] = np.array([15, 15, z_mm]) - (pose[:3, 0] + pose[:3, 1]) * (size / 2)
    return pose


def sweep(poses: list[np.ndarray], size: int = 160) -> Sweep:
    n = len(poses)
    frames = np.full((n, size, size), 40, dtype=np.uint8)
    return Sweep(frames, np.stack(poses), np.arange(n, dtype=float), (0.2, 0.2), np.ones(n, dtype=bool))


@pytest.mark.parametrize("degrees", [0, 15, 30, -40])
def test_a_cylinder_in_a_tilted_frame_is_an_ellipse(degrees: float):
    # Half axes: 10 mm across, 10 / cos t mm up and down; 50 and 50 / cos t pixels of 0.2 mm about the pixel (80, 80).
    result = drain(project_to_frames(cylinder(), sweep([frame(degrees)])))
    (contour,) = result.contours
    assert (contour.label, contour.frame, contour.closed) == (3, 0, True)
    assert result.names == {3: "SOL"}
    half_u, half_v = 50, 50 / math.cos(math.radians(degrees))
    u, v = (contour.points_uv_px - 80).T
    off = np.abs(np.hypot(u / half_u, v / half_v) - 1) * 10
    assert off.max() < 0.35  # mm; voxels of 0.5 mm put the border within half of their diagonal
    assert off.mean() < 0.15
    assert area_px2(contour.points_uv_px) == pytest.approx(math.pi * half_u * half_v, rel=0.01)


def test_structures_that_overlap_are_outlined_each_from_its_own_layer():
    inner, outer = cylinder(5), cylinder(10)
    layers = (LabelMap(inner.array, inner.grid, {3: "SOL"}), LabelMap(outer.array, outer.grid, {3: "triceps surae"}))
    result = drain(project_to_frames(layers, sweep([frame(0)])))
    areas = {result.names[each.label]: area_px2(each.points_uv_px) for each in result.contours}
    assert areas == pytest.approx({"SOL": math.pi * 25**2, "triceps surae": math.pi * 50**2}, rel=0.01)
    assert len(set(result.colors.values())) == 2


def test_a_tube_has_an_outline_and_a_hole_in_it():
    result = drain(project_to_frames(cylinder(10, 5), sweep([frame(10)])))
    areas = sorted(area_px2(contour.points_uv_px) for contour in result.contours)
    stretched = 1 / math.cos(math.radians(10))
    assert areas == pytest.approx([math.pi * 25**2 * stretched, math.pi * 50**2 * stretched], rel=0.03)


def test_shares_and_outlines_agree():
    labels, frames = cylinder(), sweep([frame(20)])
    mask = label_share(labels, 3, frames, 0) >= 0.5
    (points,) = (contour.points_uv_px for contour in drain(project_to_frames(labels, frames)).contours)
    assert mask.sum() == pytest.approx(area_px2(points), rel=0.01)
    assert mask[80, 80]
    assert not mask[0, 0]


def test_an_outline_that_leaves_the_image_runs_along_its_border():
    share = np.ones((5, 8), dtype=np.float32)
    (points,) = outlines(share, simplify_px=0.0)
    # The border of the outermost pixels: 8 by 5 but for the cut corners of one half of a half pixel each.
    assert points.min(axis=0).tolist() == [-0.5, -0.5]
    assert points.max(axis=0).tolist() == [7.5, 4.5]
    assert area_px2(points) == pytest.approx(40 - 4 * 0.125, abs=0.01)


def test_an_empty_share_has_no_outline():
    assert outlines(np.zeros((4, 4), dtype=np.float32)) == []


def test_there_and_back_gives_the_same_masks():
    labels = cylinder()
    poses = [frame(0, z_mm=z) for z in (5.0, 20.0, 35.0)]
    seeds = contours_to_seeds(drain(project_to_frames(labels, sweep(poses))), labels.grid)
    assert seeds.slices(3) == (10, 40, 70)
    for z in (10, 40, 70):
        mask, truth = seeds.masks[3][z], labels.array[z] == 3
        assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.99


def test_invalid_frames_get_nothing_and_progress_is_told():
    from dataclasses import replace

    told: list[Progress] = []
    frames = replace(sweep([frame(0), frame(5), frame(10)]), valid=np.array([True, False, True]))
    result = drain(project_to_frames(cylinder(), frames), told.append)
    assert [contour.frame for contour in result.contours] == [0, 2]
    assert [progress.done for progress in told] == [1, 2, 3]


def test_nothing_to_carry_back():
    empty = LabelMap(np.zeros((4, 4, 4), dtype=np.uint8), Grid((4, 4, 4)), {})
    with pytest.raises(InputError, match="empty"):
        drain(project_to_frames(empty, sweep([frame(0)])))
    with pytest.raises(InputError, match="miss"):
        drain(project_to_frames(cylinder(), sweep([frame(0, z_mm=500)])))


def test_an_overlay_shows_the_frame_in_grey_and_the_outline_in_the_muscles_colour():
    result = drain(project_to_frames(cylinder(), sweep([frame(0)])))
    picture = overlay(result, 0, width_px=1)
    assert picture.shape == (160, 160, 3)
    assert picture[80, 80].tolist() == [40, 40, 40]
    assert (picture[80, 127:134] == (126, 87, 194)).all(axis=-1).any()
    deep = overlay(Sweep(np.full((1, 4, 4), 1000, np.uint16), np.eye(4)[None], np.zeros(1), (1.0, 1.0), np.ones(1, bool)), 0)
    assert deep.dtype == np.uint8


def test_the_way_back_as_stradwins_contours(tmp_path: Path):
    # Frame, outline, file, and back into the volume: the same masks, so the file's pixels and poses mean the same.
    labels = cylinder()
    outlined = drain(project_to_frames(labels, sweep([frame(0, z_mm=z) for z in (5.0, 20.0)])))
    write_stradwin(outlined, tmp_path / "leg.sw")
    read = open_sweep(tmp_path / "leg.sw")
    assert read.names == {3: "SOL"}
    for one, other in zip(read.contours, outlined.contours, strict=True):
        np.testing.assert_array_equal(one.points_uv_px, other.points_uv_px)
    seeds, direct = contours_to_seeds(read, labels.grid), contours_to_seeds(outlined, labels.grid)
    assert seeds.slices(3) == direct.slices(3) == (10, 40)
    for z in (10, 40):
        np.testing.assert_array_equal(seeds.masks[3][z], direct.masks[3][z])
