"""A probe that pressed is found, how deep and where; one that did not is left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ifssnet.compounding.options import CompoundOptions, Fan
from ifssnet.compounding.preflight.compression import pressure_findings, probe_pressure, smooth_course
from ifssnet.core.facts.compounding_facts import ProbePressure
from ifssnet.core.sweep import Sweep

OPTIONS = CompoundOptions()
PIXEL_MM, ROWS, COLUMNS = 0.5, 90, 80
Z_MM = np.arange(0.0, 240.0, 2.0)
FAT_MM = 7.0


def swept(centre_mm: float, push_mm: np.ndarray, seed: int, *, standoff_mm: float = 5.0) -> Sweep:
    """A sweep over a leg of simple shape, with water above the skin and a bright line below the fat."""
    rng = np.random.default_rng(seed)
    x = centre_mm + (np.arange(COLUMNS) - (COLUMNS - 1) / 2) * PIXEL_MM
    frames = np.zeros((len(Z_MM), ROWS, COLUMNS), dtype=np.uint8)
    poses = np.tile(np.diag([PIXEL_MM, PIXEL_MM, 1.0, 1.0]), (len(Z_MM), 1, 1))
    for number, (z, push) in enumerate(zip(Z_MM, push_mm, strict=True)):
        skin = 20 + 0.008 * x**2 - 6 * np.sin(np.pi * z / 240)
        top = float(skin.min()) - standoff_mm
        below = (np.arange(ROWS)[:, None] + 0.5) * PIXEL_MM - (skin - top)[None, :]
        fat = FAT_MM - 0.3 * push
        level = np.where(below < 0, 0, np.where(np.abs(below - fat) < 0.6, 190, 70 + 12 * rng.standard_normal(below.shape)))
        frames[number] = np.clip(level, 0, 255)
        poses[number, :3, 3] = x[0], top + push, z
    times = np.arange(len(Z_MM)) * 0.05
    return Sweep(frames, poses, times, (PIXEL_MM, PIXEL_MM), np.ones(len(Z_MM), dtype=np.bool_))


def hump(depth_mm: float, length_mm: float) -> np.ndarray:
    return depth_mm * np.clip(1 - ((Z_MM - 120) / (length_mm / 2)) ** 4, 0, 1)


NOBODY = np.zeros(len(Z_MM))


def leg(push_mm: np.ndarray = NOBODY) -> list[Sweep]:
    return [swept(-26, NOBODY, 1), swept(0, push_mm, 2), swept(26, NOBODY, 3)]


def test_a_leg_that_nobody_pressed_is_silence() -> None:
    found = probe_pressure(leg(), OPTIONS)
    assert pressure_findings(found) == []
    assert max(np.nanmax(each.beside_mm) for each in found) < 1.0


@pytest.mark.parametrize("depth_mm", [3.0, 6.0])
def test_a_push_beside_other_sweeps_is_measured_where_it_is(depth_mm: float) -> None:
    found = probe_pressure(leg(hump(depth_mm, 70)), OPTIONS)
    (finding,) = pressure_findings(found)
    assert finding.text.startswith("sweep 2")
    assert finding.figure == pytest.approx(depth_mm, abs=0.6)
    assert finding.remedy
    pressed = np.array(found[1].along_mm)[np.array(found[1].beside_mm) > 0.5 * depth_mm]
    assert pressed.min() == pytest.approx(87, abs=8)
    assert pressed.max() == pytest.approx(153, abs=8)
    assert found[1].fat_mm is not None
    assert found[1].fat_elsewhere_mm == pytest.approx(FAT_MM, abs=0.6)
    assert found[1].fat_elsewhere_mm - found[1].fat_mm == pytest.approx(0.3 * depth_mm, abs=0.6)


def test_a_push_of_every_sweep_at_one_place_shows_against_the_skins_own_course() -> None:
    sweeps = [swept(centre, hump(10.0, 50), seed) for seed, centre in enumerate((-26, 0, 26))]
    texts = [finding.text for finding in pressure_findings(probe_pressure(sweeps, OPTIONS))]
    assert len(texts) == 3
    assert all("inside its own smooth course" in text for text in texts)
    alone = pressure_findings(probe_pressure(sweeps[1:2], OPTIONS))
    assert len(alone) == 1
    assert alone[0].figure is not None
    assert 4 < alone[0].figure < 10.5


def test_contact_without_water_and_rows_towards_the_probe_are_read_alike() -> None:
    touching = [swept(-26, NOBODY, 1, standoff_mm=0), swept(0, hump(5.0, 70), 2, standoff_mm=0)]
    (finding,) = pressure_findings(probe_pressure(touching, OPTIONS))
    assert finding.figure == pytest.approx(5.0, abs=0.7)
    turned = []
    for sweep in leg(hump(5.0, 70)):
        poses = sweep.image_to_world.copy()
        poses[:, :3, 3] += poses[:, :3, 1] * (ROWS - 1)
        poses[:, :3, 1] *= -1
        header = {"UltrasoundImageOrientation": "MN"}
        turned.append(replace(sweep, frames=sweep.frames[:, ::-1].copy(), image_to_world=poses, header=header))
    (finding,) = pressure_findings(probe_pressure(turned, OPTIONS))
    assert finding.figure == pytest.approx(5.0, abs=0.7)


def test_the_place_counts_the_way_the_first_sweep_went() -> None:
    push = 6.0 * np.clip(1 - ((Z_MM - 60) / 30) ** 4, 0, 1)
    forth = probe_pressure(leg(push), OPTIONS)[1]
    back = [
        replace(each, frames=each.frames[::-1].copy(), image_to_world=each.image_to_world[::-1].copy()) for each in leg(push)
    ]
    places = [each.along_mm[int(np.nanargmax(each.beside_mm))] for each in (forth, probe_pressure(back, OPTIONS)[1])]
    assert places[0] == pytest.approx(60, abs=25)
    assert places[1] == pytest.approx(178, abs=25)


def test_where_there_is_no_skin_nothing_is_claimed() -> None:
    still = leg()[1]
    poses = np.repeat(still.image_to_world[:1], len(Z_MM), axis=0)
    assert probe_pressure([replace(still, image_to_world=poses)], OPTIONS) == ()
    dark = replace(still, frames=np.zeros_like(still.frames))
    assert pressure_findings(probe_pressure([dark], OPTIONS)) == []
    fan = replace(OPTIONS, fan=Fan((-30.0, 30.0), (40.0, -20.0), 10.0, 80.0))
    assert probe_pressure(leg(), fan) == ()
    assert pressure_findings([ProbePressure((0.0, 2.0), (np.nan, np.nan), (np.nan, np.nan))]) == []


def test_the_smooth_course_follows_the_leg_and_not_the_push() -> None:
    z = np.arange(0, 300, 2.0)
    shape = 8 * np.sin(np.pi * z / 300)
    push = 5 * np.clip(1 - ((z - 150) / 20) ** 4, 0, 1)
    course = smooth_course(shape + push)
    assert np.abs(course - shape)[(z < 100) | (z > 200)].max() < 0.7
    assert (shape + push - course).max() > 3.0
