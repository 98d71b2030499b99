"""Runs of networks whose every answer is known: what is fed, what comes out, where runs end, how two become one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from steppers import Bright, Fading, Mover

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagator
from ifssnet.geometry.masks.soft_distance import soft_depth
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.network_input.region import Region, Sampling
from ifssnet.propagate.recurrent.blend_directions import LEAST_CONFIDENCE, blend_directions
from ifssnet.propagate.recurrent.close_runs import FAR_PX, close_run, share_of_miss
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.recurrent.kept_area import with_area
from ifssnet.propagate.recurrent.method import Recurrent
from ifssnet.propagate.recurrent.planned_gaps import planned_gaps
from ifssnet.propagate.recurrent.run import FoundSlice

SIDE = 64
GRID = Grid((30, SIDE, SIDE), (1.0, 1.0, 0.5))
PIXELS = Sampling(pixel_mm=1.0, margin_mm=6.0, multiple_px=8, least_px=24, slice_mm=0.5)
ABSENT = np.zeros((SIDE, SIDE), bool)


def box(left: int, side: int = 10) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[26 : 26 + side, left : left + side] = True
    return mask


def dark(grid: Grid = GRID) -> Volume:
    return Volume(np.zeros(grid.shape_zyx, np.uint8), grid)


def seeds(masks: dict[int, np.ndarray], grid: Grid = GRID) -> Seeds:
    return Seeds({5: masks}, grid, {5: "SOL"})


def found(
    stepper, drawn: Seeds, volume: Volume | None = None, sampling: Sampling = PIXELS, **settings
) -> dict[int, np.ndarray]:
    method = Recurrent(stepper, sampling, RecurrentInference(**settings))
    return {step.z: step.probability for step in method.prepare(volume or dark(drawn.grid), drawn).steps()}


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_forward_a_moving_mask_lands_where_its_speed_says(stride):
    drawn = seeds({3: box(10), 4: box(11), 5: box(12)})
    slices = found(Mover(1, stride=stride), drawn, direction="forward", stride=stride)
    assert sorted(slices) == list(range(6, 30))
    for z, probability in slices.items():
        assert np.array_equal(probability >= 0.5, box(12 + z - 5)), z


def test_both_runs_downwards_too_and_a_run_moves_its_region_along():
    # From 12 at slice 15 it moves 24 pixels by slice 29, far beyond the first region of 10 + 2 * 6 pixels and 24 at least.
    slices = found(Mover(1), seeds({14: box(20), 15: box(20), 16: box(20)}), direction="both")
    assert sorted(slices) == [*range(14), *range(17, 30)]
    for z, probability in slices.items():
        away = z - 16 if z > 16 else 14 - z
        assert np.array_equal(probability >= 0.5, box(20 + away)), z


def test_the_first_window_is_fed_the_given_masks_in_the_order_of_the_run():
    up, down = Mover(), Mover()
    given = {14: box(20), 15: box(22), 16: box(24)}
    found(up, seeds(given), direction="forward")
    found(down, seeds({**given, 17: ABSENT}), direction="both")
    first_column = [int(np.flatnonzero(mask.any(axis=0))[0]) for mask in up.fed[0]]
    assert np.diff(first_column).tolist() == [2, 2]
    # Above it is absent, so the only run is the one downwards: its window is turned round.
    first_column = [int(np.flatnonzero(mask.any(axis=0))[0]) for mask in down.fed[0]]
    assert np.diff(first_column).tolist() == [-2, -2]


def test_the_closest_given_slices_are_the_reference_and_few_are_repeated():
    many, one = Mover(), Mover()
    found(many, seeds({z: box(10 + z) for z in range(2, 9)}), direction="forward")
    columns = [int(np.flatnonzero(mask.any(axis=0))[0]) for mask in many.starts[0]]
    assert np.diff(columns).tolist() == [1, 1]
    found(one, seeds({8: box(18)}), direction="forward")
    assert (one.starts[0] == one.starts[0][0]).all()
    assert one.starts[0][0].sum() == 100


def test_with_stride_one_given_slices_stay_given_in_what_is_fed_back():
    stepper = Mover(0, stride=1)
    found(stepper, seeds({3: box(10), 4: box(14), 5: box(18)}), direction="forward", stride=1, smooth_seeds=False)
    columns = [[int(np.flatnonzero(mask.any(axis=0))[0]) for mask in fed] for fed in stepper.fed[:3]]
    first = columns[0][0]
    # Slices 3 4 5, then 4 5 6, then 5 6 7; a holder repeats the last it is fed, which is slice 5's.
    assert columns == [[first, first + 4, first + 8], [first + 4, first + 8, first + 8], [first + 8] * 3]


def test_resupplied_groups_take_over_forward():
    slices = found(Mover(), seeds({0: box(10), 1: box(10), 2: box(10), 12: box(30), 13: box(30)}), direction="forward")
    assert all(np.array_equal(slices[z] >= 0.5, box(10)) for z in range(3, 12))
    assert all(np.array_equal(slices[z] >= 0.5, box(30)) for z in range(14, 30))


def test_between_two_groups_runs_are_blended_by_distance():
    # Held boxes that do not touch: each is alone in saying yes on its pixels, and as sure as the other, which says no.
    slices = found(Mover(), seeds({4: box(10), 14: box(30)}), direction="both", close_mm=0.0)
    for z in range(5, 14):
        assert slices[z][30, 15] == pytest.approx((14 - z) / 10, abs=1e-6)
        assert slices[z][30, 35] == pytest.approx((z - 4) / 10, abs=1e-6)
    assert all(np.array_equal(slices[z] >= 0.5, box(10)) for z in range(4))


def test_a_held_mask_closed_is_interpolation_of_signed_distances():
    below, above = box(20, side=12), box(24, side=16)
    slices = found(Mover(), seeds({4: below, 14: above}), direction="both", close_mm=1e6)
    depths = [soft_depth(mask.astype(np.float32)) for mask in (below, above)]
    for z in range(5, 14):
        depth = ((14 - z) * depths[0] + (z - 4) * depths[1]) / 10
        # What cancels to nothing may fall to either side.
        sure = np.abs(depth) > 1e-3
        assert np.array_equal((slices[z] >= 0.5)[sure], (depth > 0)[sure]), z
    assert all(np.array_equal(slices[z] >= 0.5, below) for z in range(4))


def test_a_network_that_forgets_its_errors_is_corrected_near_the_end_alone():
    assert share_of_miss(0, 10, 2.0) == 0
    assert share_of_miss(10, 10, 2.0) == pytest.approx(1)
    assert share_of_miss(4, 10, 2.0) == pytest.approx(math.sinh(2) / math.sinh(5))
    # Far more slices than the length: nothing overflows.
    assert share_of_miss(4000, 5000, 1.5) == pytest.approx(0)
    below, above = box(20, side=12), box(24, side=16)
    region = Region(1, 0, 0, (SIDE, SIDE))
    run = {z: FoundSlice(z, region, below.astype(np.float32)) for z in range(5, 15)}
    closed = close_run(run, 4, 14, above, 2.0)
    assert closed is not None
    assert sorted(closed) == list(range(5, 14))
    own, wanted = (soft_depth(mask.astype(np.float32)) for mask in (below, above))
    for z, (_, depth) in closed.items():
        share = math.sinh((z - 4) / 2) / math.sinh(5)
        assert np.allclose(depth, np.clip(own + share * (wanted - own), -FAR_PX, FAR_PX), atol=1e-4)
    # Nothing to learn from a run that lost the muscle.
    assert close_run({14: FoundSlice(14, region, np.zeros((SIDE, SIDE), np.float32))}, 4, 14, above, 2.0) is None


def test_a_run_that_misses_nothing_is_left_alone_when_it_is_closed():
    # It moves on by a pixel a slice, in the other direction as well, out of its first region.
    given = {z: box(10 + z) for z in (0, 1, 2, 24, 25, 26)}
    slices = found(Mover(1), seeds({z: given[z] for z in (0, 1, 2)} | {26: given[26]}), direction="forward")
    assert np.array_equal(slices[20] >= 0.5, box(30))

    class Knows:
        """A box where it is on each slice: the image says so."""

        window = 3
        ahead = 0
        ages_from_group = False

        def start(self, images, masks):
            return None

        def step(self, images, previous, memory, age):
            return (images > 0).astype(np.float32), None

    volume = Volume(np.array([200 * box(10 + z) for z in range(30)], np.uint8), GRID)
    slices = found(Knows(), seeds(given), volume, direction="both")
    assert all(np.array_equal(slices[z] >= 0.5, box(10 + z)) for z in range(3, 24))


def test_a_run_that_lost_the_muscle_leaves_the_say_to_the_other():
    class LosesItUpwards:
        """Holds where slices become darker along the run, and says nothing where they become brighter."""

        window = 3
        ahead = 0
        ages_from_group = False

        def start(self, images, masks):
            return None

        def step(self, images, previous, memory, age):
            return previous * np.float32(images[0].mean() > images[-1].mean()), None

    levels = (8 * np.arange(30)).astype(np.uint8)
    volume = Volume(np.broadcast_to(levels[:, None, None], GRID.shape_zyx).copy(), GRID)
    slices = found(LosesItUpwards(), seeds({4: box(20), 20: box(20)}), volume, direction="both", empty_windows=1)
    assert all(np.array_equal(slices[z] >= 0.5, box(20)) for z in range(5, 20))


def test_a_run_that_is_sure_outweighs_one_that_is_not():
    sure, unsure = np.full((1, 1), 1.0, np.float32), np.full((1, 1), 0.5, np.float32)
    # Equal distances: weights 1 + .05 and .05, so (1.05 + .05 / 2) / 1.1.
    weight = 1 + LEAST_CONFIDENCE
    expected = (weight + LEAST_CONFIDENCE / 2) / (weight + LEAST_CONFIDENCE)
    assert float(blend_directions(sure, unsure, 4.0, 4.0)[0, 0]) == pytest.approx(expected)
    assert float(blend_directions(sure, unsure, 4.0, 4.0, by_confidence=False)[0, 0]) == pytest.approx(0.75)
    assert float(blend_directions(sure, unsure, 9.0, 1.0, by_confidence=False)[0, 0]) == pytest.approx(0.55)


def test_no_run_passes_a_slice_that_was_given_as_absent():
    masks = {2: ABSENT, 6: box(10), 7: box(10), 12: ABSENT, 20: box(10), 26: ABSENT}
    assert sorted(found(Mover(), seeds(masks), direction="forward")) == [*range(8, 12), *range(21, 26)]
    assert sorted(found(Mover(), seeds(masks), direction="both")) == [3, 4, 5, *range(8, 12), *range(13, 20), *range(21, 26)]
    ends = [(gap.up, gap.down) for gap in planned_gaps(masks, 30, "both")]
    assert ends == [
        (False, True),
        (True, False),
        (False, True),
        (True, False),
    ]


def test_a_muscle_ends_when_its_prediction_stays_empty():
    # 1 at slice 2; windows 3-5 at .5, 6-8 at .25 (empty), 9-11, 12-14: the third empty one in a row ends it.
    slices = found(Fading(), seeds({0: box(20), 1: box(20), 2: box(20)}), direction="forward", empty_windows=3)
    assert sorted(slices) == list(range(3, 12))
    assert np.array_equal(slices[5] >= 0.5, box(20))
    assert not (slices[6] >= 0.5).any()


def test_feedback_is_soft_or_hard_or_only_what_was_given():
    drawn = seeds({0: box(20), 1: box(20), 2: box(20)})
    assert found(Fading(), drawn, direction="forward")[8].max() == pytest.approx(0.25)
    # Cut at a half, .5 becomes 1 again, and so it goes on.
    assert found(Fading(), drawn, direction="forward", feedback="hard")[29].max() == pytest.approx(0.5)
    assert found(Fading(), drawn, direction="forward", feedback="given")[29].max() == pytest.approx(0.5)


def test_overlapping_windows_count_as_the_last_or_as_their_mean():
    class Counting:
        """Every window says how many there were, in tenths."""

        window = 3
        ahead = 0
        ages_from_group = False

        def start(self, images, masks):
            return 0

        def step(self, images, previous, memory, age):
            return np.full_like(previous, (memory + 5) / 100), memory + 1

    drawn = seeds({0: box(20), 1: box(20), 2: box(20)})
    # With stride 1 slice 8 is in windows 6, 7 and 8 (from 0: 5, 6, 7): .10, .11, .12.
    last = found(Counting(), drawn, direction="forward", stride=1, empty_windows=99)
    mean = found(Counting(), drawn, direction="forward", stride=1, overlap="mean", empty_windows=99)
    assert last[8].max() == pytest.approx(0.12)
    assert mean[8].max() == pytest.approx(0.11)
    assert sorted(last) == list(range(3, 30))


def test_masks_are_a_stride_old_and_as_old_as_the_group_where_nothing_says_how_far_the_muscle_goes():
    class Noting:
        window = 3
        ahead = 0
        ages_from_group = False

        def start(self, images, masks):
            return None

        def step(self, images, previous, memory, age):
            ages.append(age)
            return previous, None

    group, ages = {0: box(20), 1: box(20), 2: box(20)}, []
    between = seeds({**group, 29: box(20)})
    found(Noting(), between, direction="forward", stride=3)
    assert ages == [3] * 9
    ages.clear()
    # Fed the given masks again and again.
    found(Noting(), between, direction="forward", stride=3, feedback="given")
    assert ages == list(range(3, 30, 3))
    ages.clear()
    # The last of two groups: beyond it a muscle may end.
    two = seeds({**group, 9: box(20), 10: box(20), 11: box(20)})
    found(Noting(), two, direction="forward", stride=3)
    assert ages == [3, 3, *range(3, 21, 3)]
    ages.clear()
    found(Noting(), two, direction="forward", stride=3, tapering=False)
    assert ages == [3] * 8
    ages.clear()
    # The only group of all: the whole muscle lies before it.
    found(Noting(), seeds(group), direction="forward", stride=3)
    assert ages == [3] * 9


def test_masks_of_an_unsteady_hand_are_smoothed_before_they_are_carried():
    """Three discs a place: too large, too small, and right."""
    y, x = np.indices((SIDE, SIDE))
    discs = [np.hypot(y - 32.3, x - 31.6) < radius for radius in (11, 7, 9)]
    drawn = {place + offset: disc for place in (0, 9, 18, 27) for offset, disc in enumerate(discs)}
    stepper, as_drawn = Mover(), Mover()
    found(stepper, seeds(drawn), direction="forward")
    areas = {float(plane.sum()) for plane in stepper.fed[0]}
    assert len(areas) == 1
    assert areas.pop() == pytest.approx(np.mean([disc.sum() for disc in discs]), rel=0.03)
    found(as_drawn, seeds(drawn), direction="forward", smooth_seeds=False)
    assert [float(plane.sum()) for plane in as_drawn.fed[0]] == [disc.sum() for disc in discs]
    # In the result the expert's slices stay the expert's.
    method = Recurrent(Mover(), PIXELS, RecurrentInference(direction="forward"))
    labels = drain(assemble(method.prepare(dark(), seeds(drawn)).steps(), seeds(drawn))).labels.array
    assert all(((labels[z] == 5) == mask).all() for z, mask in drawn.items())


def test_it_looks_at_the_right_slices_in_either_direction():
    truth = {z: box(8 + z) for z in range(30)}
    volume = Volume(np.array([200 * truth[z] for z in range(30)], np.uint8), GRID)
    slices = found(Bright(), seeds({z: truth[z] for z in (14, 15, 16)}), volume, direction="both")
    assert all(np.array_equal(slices[z] >= 0.5, truth[z]) for z in slices)
    assert len(slices) == 27


def test_finer_slices_are_stepped_over_and_filled_in():
    fine = Grid((31, SIDE, SIDE), (1.0, 1.0, 0.25))
    stepper = Mover(2)
    slices = found(stepper, seeds({0: box(10)}, fine), sampling=PIXELS, direction="forward")
    assert sorted(slices) == list(range(1, 31))
    assert np.array_equal(slices[6] >= 0.5, box(16))
    # Half-way between boxes 16 and 18 pixels to the right: the outer columns are half covered.
    row = slices[7][30]
    assert row[16] == pytest.approx(0.5)
    assert row[20] == pytest.approx(1)
    assert row[27] == pytest.approx(0.5)


def test_coarser_pixels_come_back_on_the_voxels():
    sampling = Sampling(pixel_mm=2.0, margin_mm=6.0, multiple_px=8, least_px=16, slice_mm=0.5)
    slices = found(Mover(), seeds({0: box(20), 1: box(20), 2: box(20)}), sampling=sampling, direction="forward")
    assert np.array_equal(slices[29] >= 0.5, box(20))


def test_guided_interpolation_is_fused_by_its_share():
    drawn = seeds({4: box(20), 14: box(20)})
    alone = found(Mover(), drawn, direction="both", close_mm=0.0)[9]
    fused = found(Mover(), drawn, direction="both", close_mm=0.0, fuse_guided=0.7)[9]
    # Outside the box, 3 mm from its border: the held mask says 0, interpolation something between.
    assert alone[30, 33] == 0
    assert 0 < fused[30, 33] < 0.7 * 0.5
    assert fused[30, 25] == pytest.approx(0.3 + 0.7, abs=0.02)
    # Where nothing is to be interpolated, nothing is fused.
    assert np.array_equal(found(Mover(), drawn, direction="both", fuse_guided=0.7)[20] >= 0.5, box(20))


def test_the_area_between_two_groups_is_that_of_the_curve_as_far_as_it_is_asked_for():
    y, x = np.indices((SIDE, SIDE))
    small, large = (np.hypot(y - 32.3, x - 31.6) < radius for radius in (7, 13))
    between = seeds({0: small, 1: small, 2: small, 27: large, 28: large, 29: large})
    # Two groups: a line between their areas.
    due = small.sum() + (large.sum() - small.sum()) * (14 - 2) / (27 - 2)
    areas = {share: int((found(Mover(), between, keep_area=share)[14] >= 0.5).sum()) for share in (0.0, 0.5, 1.0)}
    assert areas[0.0] < 0.97 * due
    # Pixels at one distance from a disc come in fours.
    assert areas[1.0] == pytest.approx(due, abs=4)
    assert areas[0.5] == pytest.approx((areas[0.0] + areas[1.0]) / 2, abs=4)
    # Past the last group there is no curve.
    alone = seeds({0: small, 1: small, 2: small})
    assert np.array_equal(found(Mover(), alone, keep_area=1.0)[14], found(Mover(), alone)[14])


@pytest.mark.parametrize("area", [0.0, 0.4, 5.0, 1e6])
def test_an_area_puts_no_muscle_where_nothing_speaks_for_it(area):
    probability = np.zeros((8, 8), np.float32)
    probability[2:5, 2:5] = [[0.2, 0.4, 0.2], [0.4, 0.9, 0.6], [0.2, 0.4, 0.2]]
    moved = with_area(probability, area, 1.0)
    assert (moved[probability == 0] == 0).all()
    assert np.isfinite(moved).all()
    assert (
        np.argsort(moved[2:5, 2:5], axis=None, kind="stable") == np.argsort(probability[2:5, 2:5], axis=None, kind="stable")
    ).all()
    assert not with_area(np.zeros((8, 8), np.float32), area, 1.0).any()


def test_a_muscle_that_dwindled_and_grows_again_has_ended():
    class Breathes:
        """Boxes whose sides follow a list, one entry a window."""

        window = 3
        ahead = 0
        ages_from_group = False

        def __init__(self, sides):
            self.sides = sides

        def start(self, images, masks):
            return 0

        def step(self, images, previous, memory, age):
            shown = np.zeros_like(previous)
            side = self.sides[min(memory, len(self.sides) - 1)]
            shown[:, 8 : 8 + side, 8 : 8 + side] = 1
            return shown, memory + 1

    drawn = seeds({0: box(20), 1: box(20), 2: box(20)})
    # 100 pixels were given. From 9 it may not grow to 16; from 64 it may.
    assert sorted(found(Breathes([8, 3, 4, 10]), drawn, direction="forward")) == list(range(3, 9))
    assert sorted(found(Breathes([8, 9, 10, 10]), drawn, direction="forward")) == list(range(3, 30))
    assert sorted(found(Breathes([8, 3, 4, 10]), drawn, direction="forward", tapering=False)) == list(range(3, 30))
    # What begins small and grows has not dwindled; what it has grown to counts.
    tip = seeds({0: box(20, side=3), 1: box(20, side=3)})
    assert sorted(found(Breathes([4, 6, 10, 10]), tip, direction="forward")) == list(range(2, 30))
    assert sorted(found(Breathes([6, 12, 4, 10]), tip, direction="forward")) == list(range(2, 11))
    # Between two groups that show the muscle it goes on.
    both = seeds({0: box(20), 2: box(20), 29: box(20)})
    assert 20 in found(Breathes([8, 3, 4, 10]), both, direction="forward")


def test_it_is_a_propagator_whose_progress_adds_up():
    method = Recurrent(Mover(), PIXELS, RecurrentInference(direction="forward"), "ifss-net", {"weights": "abc"})
    assert isinstance(method, Propagator)
    drawn = Seeds({5: {0: box(20)}, 7: {3: box(40), 20: box(40)}}, GRID, {5: "SOL", 7: "GM"})
    propagation = method.prepare(dark(), drawn)
    steps = list(propagation.steps())
    assert [step.done for step in steps] == list(range(1, len(steps) + 1))
    assert {step.total for step in steps} == {len(steps)} == {29 + 16 + 9}
    labels = drain(assemble(iter(steps), drawn)).labels.array
    assert all(np.array_equal(labels[z] == 5, box(20)) for z in range(30))
    facts = propagation.describe()
    assert facts.details["groups"] == {"SOL": [(0, 0)], "GM": [(3, 3), (20, 20)]}
    assert facts.details["weights"] == "abc"


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="volume"):
        Recurrent(Mover(), PIXELS).prepare(None, seeds({0: box(20)}))
    with pytest.raises(InputError, match="at most 3"):
        Recurrent(Mover(), PIXELS, RecurrentInference(stride=4))
    for bad in ({"direction": "sideways"}, {"feedback": "loud"}, {"fuse_guided": 1.5}, {"stride": 0}, {"close_mm": -1.0}):
        with pytest.raises(InputError):
            RecurrentInference(**bad)
