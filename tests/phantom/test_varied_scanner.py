"""phantom/2: each ingredient does what its name says, and what is true stays true."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.phantom.anatomy.borders import no_push
from ifssnet.phantom.anatomy.labels import leg_labels, tissue_labels
from ifssnet.phantom.anatomy.leg import ParametricLeg, build_leg
from ifssnet.phantom.anatomy.subject import Subject
from ifssnet.phantom.anatomy.tissue import NAMES, Tissue
from ifssnet.phantom.files.recording import Generated
from ifssnet.phantom.scanner.protocol import SMALL, ScanSettings
from ifssnet.phantom.varied_scanner.direct import direct_varied_volume
from ifssnet.phantom.varied_scanner.draw import FAMILIES, IN_TRAINING, draw_look, second_look
from ifssnet.phantom.varied_scanner.frames import varied_sweeps
from ifssnet.phantom.varied_scanner.imaging import pressed_leg
from ifssnet.phantom.varied_scanner.look import Handling, Look, Scanner, TissueLook
from ifssnet.phantom.varied_scanner.sweeps import MOST_MM, settings_for, sweep_course

GRID = Grid((3, 80, 100), (1.1, 1.1, 1.1), (-55.0, -66.0, 160.0))
CALM = Look(
    Scanner(looks=100.0, noise_db=-60.0, shadow_db=60.0),
    TissueLook(veins=0, uneven_fat=0.0),
    Handling(misregistration_mm=0.0, seam_db=0.0, edge_db=0.0, lost_per_m=0.0, bath=False),
)
"""Nothing happens that a test does not ask for."""


@pytest.fixture(scope="module")
def leg() -> ParametricLeg:
    return build_leg(Subject(seed=1))


def course_of(leg: ParametricLeg, look: Look) -> tuple[Any, ScanSettings]:
    settings = settings_for(look, SMALL)
    return sweep_course(leg, look, settings, 3), settings


def recorded(leg: ParametricLeg, look: Look, grid: Grid = GRID, bath_y_mm: float | None = None) -> tuple[np.ndarray, LabelMap]:
    """Grey levels and the muscles' truth."""
    course, settings = course_of(leg, look)
    if bath_y_mm is not None:
        course = replace(course, bath_y_mm=bath_y_mm)
    pressed = pressed_leg(leg, course.push, look, course.bath_y_mm)
    volume: Volume = drain(direct_varied_volume(pressed, grid, course, settings, 3, np.eye(4)))
    return volume.array.astype(float), tissue_labels(pressed, grid)


@pytest.fixture(scope="module")
def calm(leg: ParametricLeg) -> tuple[np.ndarray, LabelMap]:
    return recorded(leg, CALM)


def scanner(**changed: Any) -> Look:
    return replace(CALM, scanner=replace(CALM.scanner, **changed))


def tissue(**changed: Any) -> Look:
    return replace(CALM, tissue=replace(CALM.tissue, **changed))


def handling(**changed: Any) -> Look:
    return replace(CALM, handling=replace(CALM.handling, **changed))


def test_truth_of_a_leg_that_nobody_presses_is_phantom_1s(leg: ParametricLeg) -> None:
    grid = Grid((5, 60, 60), (2.3, 2.3, 70.0), (-68.0, -68.0, 20.0))
    codes = leg.pressed_tissues(grid.index_to_mm, grid.shape_zyx, no_push())
    assert np.array_equal(codes, leg_labels(leg, grid, tuple(NAMES.values())).array)


def test_a_pressed_probe_flattens_the_leg_and_its_muscles(leg: ParametricLeg) -> None:
    _, at_rest = recorded(leg, handling(standoff_mm=0.0))
    _, pressed = recorded(leg, handling(standoff_mm=0.0, press_mm=6.0))
    assert 0.80 < np.count_nonzero(pressed.array) / np.count_nonzero(at_rest.array) < 0.97
    top = [np.argmax((labels.array > 0).any(axis=2), axis=1) * 1.1 for labels in (at_rest, pressed)]
    assert 2.0 < float((top[1] - top[0]).mean()) < 6.5


def test_a_push_wears_off_at_the_bones(leg: ParametricLeg) -> None:
    look = handling(standoff_mm=0.0, press_mm=6.0)
    course, _ = course_of(leg, look)
    codes = [leg.pressed_tissues(GRID.index_to_mm, GRID.shape_zyx, push) for push in (no_push(), course.push)]
    deepest = [np.flatnonzero((code == Tissue.TIBIA).any(axis=(0, 2)))[-1] for code in codes]
    assert abs(int(deepest[0]) - int(deepest[1])) <= 1
    assert course.push.push_mm.max() == pytest.approx(6.0, abs=1.5)


def test_a_wider_dynamic_range_takes_contrast_away(leg: ParametricLeg, calm: tuple[np.ndarray, LabelMap]) -> None:
    inside = calm[1].array > 0
    wide, narrow = (recorded(leg, scanner(dynamic_range_db=db))[0][inside].std() for db in (80.0, 45.0))
    assert wide < 0.75 * narrow


def test_compounding_takes_speckle_away(leg: ParametricLeg) -> None:
    plain = tissue(grain=0.0, septa_db=0.0).tissue
    contrast: list[float] = []
    for looks in (1.0, 4.0, 30.0):
        grey, labels = recorded(leg, replace(scanner(looks=looks), tissue=plain))
        contrast.append(float(grey[labels.array == 1].std()))
    assert contrast[0] > 1.15 * contrast[1] > 1.15 * contrast[2]


def test_the_grey_map_and_the_level_lift_the_muscles(leg: ParametricLeg, calm: tuple[np.ndarray, LabelMap]) -> None:
    inside = calm[1].array > 0
    for look in (scanner(level=0.4), scanner(gamma=0.7)):
        assert recorded(leg, look)[0][inside].mean() > calm[0][inside].mean() + 15


def test_sliders_make_bands_in_depth(leg: ParametricLeg, calm: tuple[np.ndarray, LabelMap]) -> None:
    banded, labels = recorded(leg, scanner(tgc_db=(0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 0.0)))
    change = np.where(labels.array > 0, banded - calm[0], np.nan)
    by_row = np.nanmean(change[:, 15:55], axis=(0, 2))
    assert np.nanmax(by_row) > np.nanmin(by_row) + 12


def test_a_higher_frequency_sees_finer_but_less_deep(leg: ParametricLeg) -> None:
    quiet = {"made_up": 0.6, "noise_db": -60.0}
    low, high = (recorded(leg, scanner(frequency_mhz=mhz, **quiet)) for mhz in (4.0, 14.0))
    deep = np.zeros(low[0].shape, dtype=bool)
    deep[:, 33:] = True
    means = [grey[deep & (labels.array > 0)].mean() for grey, labels in (low, high)]
    assert means[1] < means[0] - 10


def contrast_of_borders(grey: np.ndarray, labels: LabelMap) -> float:
    """Grey within a voxel of SOL's upper border against the muscles' mean."""
    sol = labels.array == 1
    edge = np.zeros_like(sol)
    edge[:, 1:] = sol[:, 1:] & ~sol[:, :-1]
    return float(np.maximum(grey, np.roll(grey, 1, axis=1))[edge].mean() - grey[labels.array > 0].mean())


def test_fascia_shows_as_much_as_its_echo_its_thickness_and_its_continuity(leg: ParametricLeg) -> None:
    strong = {"fascia_db": 22.0, "fascia_mm": 1.2, "continuity": 1.0, "least_facing": 0.6, "septa_db": 0.0}
    shown = contrast_of_borders(*recorded(leg, tissue(**strong)))
    for changed in ({"fascia_db": 8.0}, {"fascia_mm": 0.3}, {"continuity": 0.1}, {"least_facing": 0.0, "turning": 6.0}):
        assert contrast_of_borders(*recorded(leg, tissue(**{**strong, **changed}))) < shown - 8, changed


def test_septa_are_bright_strokes_inside_muscles(leg: ParametricLeg) -> None:
    grey = {db: recorded(leg, tissue(septa_db=db, septa_share=0.9)) for db in (0.0, 16.0)}
    change = (grey[16.0][0] - grey[0.0][0])[grey[0.0][1].array > 0]
    assert 0.03 < float((change > 25).mean()) < 0.6


def test_layers_of_the_fat_and_their_unevenness(leg: ParametricLeg) -> None:
    codes = leg.pressed_tissues(GRID.index_to_mm, GRID.shape_zyx, no_push())
    flat, layered = (recorded(leg, tissue(fat_layers_db=db))[0][codes == Tissue.FAT] for db in (-20.0, 16.0))
    assert layered.mean() > flat.mean() + 3
    assert layered.std() > flat.std() + 1
    uneven = leg.with_uneven_fat(0.3).pressed_tissues(GRID.index_to_mm, GRID.shape_zyx, no_push())
    assert np.array_equal(uneven == Tissue.SOL, codes == Tissue.SOL)
    assert np.count_nonzero((uneven == Tissue.FAT) != (codes == Tissue.FAT)) > 0.1 * np.count_nonzero(codes == Tissue.FAT)


def test_veins_are_dark_and_still_muscle(leg: ParametricLeg) -> None:
    grid = Grid((24, 80, 100), (1.1, 1.1, 9.0), (-55.0, -66.0, 100.0))
    (without, labels), (veined, same) = recorded(leg, CALM, grid), recorded(leg, tissue(veins=30), grid)
    assert np.array_equal(labels.array, same.array)
    assert np.count_nonzero((veined < 0.4 * without) & (without > 30)) > 40


def test_misregistration_moves_whole_sweeps_and_has_no_mean(leg: ParametricLeg) -> None:
    look = handling(misregistration_mm=0.9, steps=2)
    course, _ = course_of(leg, look)
    assert np.abs(course.shift_mm).max() <= MOST_MM
    assert 0.4 < course.shift_mm.std() < 1.5
    assert np.abs(course.shift_mm.mean(axis=0)).max() < 0.6
    assert np.abs(np.diff(course.shift_mm, axis=1)).max() > 0.3  # a step
    shifted, labels = recorded(leg, look)
    still, same = recorded(leg, CALM)
    assert np.array_equal(labels.array, same.array)  # the truth is where the leg lay
    assert np.abs(shifted - still)[labels.array > 0].mean() > 3


def test_a_lost_contact_darkens_bands_and_edges_of_sweeps_are_darker(leg: ParametricLeg) -> None:
    grid = Grid((40, 40, 50), (2.2, 2.2, 7.5), (-55.0, -66.0, 40.0))
    (whole, labels), (lost, _) = recorded(leg, CALM, grid), recorded(leg, handling(lost_per_m=60.0), grid)
    dark = (lost < whole - 25)[labels.array > 0]
    assert 0.01 < dark.mean() < 0.6
    edged, _ = recorded(leg, handling(edge_db=20.0), grid)
    assert (edged < whole - 25)[labels.array > 0].any()


def test_the_baths_bottom_is_a_line_in_the_water(leg: ParametricLeg) -> None:
    grid = Grid((3, 90, 60), (1.3, 1.3, 1.3), (-40.0, -60.0, 380.0))
    with_bath, without = recorded(leg, CALM, grid, 30.0)[0], recorded(leg, CALM, grid)[0]
    rows = np.flatnonzero((with_bath - without > 30).sum(axis=(0, 2)) > 8)
    assert 1 <= len(rows) <= 8
    assert abs(-60.0 + 1.3 * rows.mean() - 30.0) < 2.0
    baths = [course_of(leg, handling(bath=bath))[0].bath_y_mm for bath in (True, False)]
    assert baths[0] > -100.0 > baths[1]


def test_persistence_keeps_a_share_of_the_image_before(leg: ParametricLeg) -> None:
    grid = Grid((12, 60, 80), (1.1, 1.1, 0.5), (-45.0, -66.0, 160.0))
    speckled = scanner(looks=1.0, elevation_mm=0.3)
    alone, labels = recorded(leg, speckled, grid)
    kept, _ = recorded(leg, replace(speckled, scanner=replace(speckled.scanner, persistence=0.8)), grid)
    inside = labels.array[:-1] == 1
    steps = [np.abs(np.diff(grey, axis=0))[inside][-20000:].mean() for grey in (alone, kept)]
    assert steps[1] < 0.6 * steps[0]


def test_a_thick_slice_shares_more_with_its_neighbour(leg: ParametricLeg) -> None:
    grid = Grid((8, 60, 80), (1.1, 1.1, 0.4), (-45.0, -66.0, 160.0))
    alike: list[float] = []
    for elevation in (0.6, 3.0):
        grey, labels = recorded(leg, scanner(looks=1.0, elevation_mm=elevation), grid)
        inside = labels.array[:-1] == 1
        alike.append(float(np.corrcoef(grey[:-1][inside], grey[1:][inside])[0, 1]))
    assert alike[1] > alike[0] + 0.1


def test_a_family_is_left_out_of_training() -> None:
    families = {draw_look(seed).scanner.family for seed in range(60)}
    assert families == set(IN_TRAINING)
    assert set(FAMILIES) - families == {"portable"}
    assert draw_look(3, "portable").scanner.family == "portable"
    assert draw_look(3) == draw_look(3) != draw_look(4)


def test_looks_span_what_scanners_span() -> None:
    looks = [draw_look(seed) for seed in range(300)]
    spans = {
        "dynamic_range_db": (48, 78), "frequency_mhz": (4.5, 13.0), "looks": (1.3, 20.0), "persistence": (0.05, 0.5),
        "focus_mm": (18, 42), "gamma": (0.8, 1.3), "level": (0.18, 0.5),
    }  # fmt: skip
    for name, (low, high) in spans.items():
        values = [getattr(look.scanner, name) for look in looks]
        assert min(values) < low, name
        assert max(values) > high, name
    assert 0.3 < np.mean([look.handling.press_mm > 0 for look in looks]) < 0.6


def test_r2_of_a_look_has_more_gain_and_a_lower_frequency() -> None:
    look = draw_look(5)
    second = second_look(look)
    assert second.scanner.frequency_mhz == pytest.approx(0.65 * look.scanner.frequency_mhz, rel=1e-3)
    assert second.scanner.level > look.scanner.level
    assert second.tissue == look.tissue


def test_frames_and_volume_show_the_same_leg(leg: ParametricLeg) -> None:
    settings = replace(SMALL, from_mm=155.0, to_mm=165.0, frame_step_mm=2.0, jitter_mm=0.0, jitter_deg=0.0)
    settings = settings_for(CALM, settings)
    course = sweep_course(leg, CALM, settings, 3)
    pressed = pressed_leg(leg, course.push, CALM, course.bath_y_mm)
    sweep = drain(varied_sweeps(pressed, course, settings, 3, np.eye(4)))[2]
    frame, pose = sweep.frames[2], sweep.image_to_world[2]
    grid = Grid((1, *frame.shape), (0.8, 0.8, 1.0), tuple(float(v) for v in pose[:3, 3]))
    volume = drain(direct_varied_volume(pressed, grid, course, settings, 3, np.eye(4))).array[0]
    both = (frame > 0) & (volume > 0)
    assert np.corrcoef(frame[both], volume[both])[0, 1] > 0.7


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Generated("phantom/1", "portable"), "has one only"),
        (lambda: Generated("phantom/2", "toy"), "toy"),
        (lambda: draw_look(1, "toy"), "toy"),
        (lambda: Scanner(dynamic_range_db=5.0), "dynamic_range_db"),
        (lambda: TissueLook(continuity=1.5), "continuity"),
        (lambda: TissueLook(fascia_mm=0.0), "fascia_mm"),
        (lambda: Handling(sweeps=0), "sweeps"),
        (lambda: Handling(press_mm=-1.0), "press_mm"),
    ],
)
def test_what_cannot_be_is_refused(wrong: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        wrong()
