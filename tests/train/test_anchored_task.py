"""Samples and training of the anchored network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagator
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.propagate.anchored.method import Anchored
from ifssnet.propagate.anchored.prior import Context
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.train.data.budget import with_ends
from ifssnet.train.data.leg import LabelledLeg
from ifssnet.train.data.leg_pixels import LegPixels
from ifssnet.train.data.looks import RandomLooks
from ifssnet.train.tasks.anchored import AnchoredConfig, AnchoredTask
from ifssnet.train.tasks.anchored_samples import RIM_PX, AnchoredSamplesConfig, MuscleSamples

SPACING = 1.108
SMALL = AnchoredConfig(
    network=AnchoredNetConfig(widths=(8, 12, 16)),
    sampling=Sampling(margin_mm=6.0, least_px=48),
    samples=AnchoredSamplesConfig(crop_px=48),
    every=15,
    batch=4,
    updates=2,
)


def _leg(seed: int, slices: int = 90, side: int = 64, name: str = "P1") -> LabelledLeg:
    """A bright bent tube in the dark, absent on the first and last five slices; its course wanders between anchors."""
    rng = np.random.default_rng(seed)
    z = np.arange(slices)
    course = [
        side / 2 + 7 * np.sin(2 * np.pi * z / rng.uniform(28, 40) + rng.uniform(0, 6)) + rng.uniform(-2, 2) for _ in range(2)
    ]
    radius = 9 + 2 * np.sin(2 * np.pi * z / rng.uniform(30, 60) + rng.uniform(0, 6))
    radius[:5] = radius[-5:] = 0
    y, x = np.mgrid[:side, :side]
    inside = np.stack([np.hypot(y - course[0][i], x - course[1][i]) < radius[i] for i in range(slices)])
    grey = rng.gamma(4.0, np.where(inside, 20.0, 7.0))
    grid = Grid(inside.shape, (SPACING, SPACING, SPACING))
    labels = LabelMap(inside.astype(np.uint8) * 7, grid, {7: "SOL"})
    return LabelledLeg(name, name, Volume(np.clip(grey, 1, 255).astype(np.uint8), grid), labels)


def _samples(leg: LabelledLeg, annotated: tuple[int, ...] | None, **samples: object) -> MuscleSamples:
    config = AnchoredSamplesConfig(**{"crop_px": 48, **samples})  # type: ignore[arg-type]
    return MuscleSamples(LegPixels(leg, SMALL.sampling), 7, annotated, config, Context(), (0, 0, 7))


ANNOTATED = with_ends((5, 84), (5, 6, 7, 25, 26, 27, 45, 46, 47, 65, 66, 67))


def test_a_unit_depends_on_its_number_alone() -> None:
    legs = (_leg(1), _leg(2, name="P2"))
    after, alone = AnchoredTask(SMALL, legs, (), 5), AnchoredTask(SMALL, legs, (), 5)
    torch.nn.init.normal_(after.network.backbone.last.weight)
    alone.network.load_state_dict(after.network.state_dict())
    for index in range(3):
        list(after.unit(index, 0.0))
    again = [float(loss.detach()) for loss in after.unit(3, 0.0)]
    assert [float(loss.detach()) for loss in alone.unit(3, 0.9)] == again
    assert [float(loss.detach()) for loss in alone.unit(4, 0.0)] != again
    other = AnchoredTask(SMALL, legs, (), 6)
    other.network.load_state_dict(after.network.state_dict())
    assert [float(loss.detach()) for loss in other.unit(3, 0.0)] != again


def test_weak_supervision_sees_nothing_of_slices_that_were_not_annotated() -> None:
    leg = _leg(3)
    poisoned = leg.labels.array.copy()
    rng = np.random.default_rng(0)
    for z in range(6, 84):
        if z not in ANNOTATED:
            poisoned[z] = 7 * (rng.random(poisoned[z].shape) < 0.5)
    other = replace(leg, labels=replace(leg.labels, array=poisoned))
    one, two = _samples(leg, ANNOTATED), _samples(other, ANNOTATED)
    for seed in range(60):
        a, b = one.draw(np.random.default_rng(seed)), two.draw(np.random.default_rng(seed))
        for name in ("grey", "prior_px", "label", "cues"):
            assert np.array_equal(getattr(a, name), getattr(b, name)), name


def test_hidden_slices_lie_in_gaps_of_all_widths_and_wider_ones_are_harder() -> None:
    source = _samples(_leg(4), None, hide=1.0, blend=0.0, warp=0.0, noise=0.0, beyond_end=0.0)
    cue, wrong = [], []
    for seed in range(200):
        sample = source.draw(np.random.default_rng(seed))
        cue.append(sample.cues[0])
        wrong.append(((sample.prior_px >= 0) != (sample.label > 0)).sum() / max(sample.label.sum(), 1))
    cue, wrong = np.array(cue), np.array(wrong)
    assert cue.min() < 0.2
    assert cue.max() > 0.6
    assert wrong[cue > np.median(cue)].mean() > 2 * wrong[cue <= np.median(cue)].mean()
    # Next to annotated slices interpolation is right up to the border's pixels.
    assert np.median(wrong[cue < 0.25]) < 0.1


def test_badly_drawn_seeds_move_the_prior_and_not_the_label() -> None:
    options = {
        "hide": 0.0,
        "blend": 1.0,
        "warp": 0.0,
        "beyond_end": 0.0,
        "noise_mm": (1.5,),
        "crop_px": 80,
        "widest_gap_mm": 8.0,
    }
    steady, shaky = (_samples(_leg(5), None, noise=share, **options) for share in (0.0, 1.0))
    truth = {plane.tobytes() for plane in _planes(steady)}
    wrong = {}
    for name, source in (("steady", steady), ("shaky", shaky)):
        drawn = [source.draw(np.random.default_rng(seed)) for seed in range(60)]
        assert all((sample.cues[1] > 0.5) == (name == "shaky") for sample in drawn)
        wrong[name] = np.mean([((s.prior_px >= 0) != (s.label > 0)).sum() / s.label.sum() for s in drawn])
        areas = {int(np.frombuffer(plane, dtype=bool).sum()) for plane in truth}
        assert {int(sample.label.sum()) for sample in drawn} <= areas
    assert wrong["shaky"] > 1.3 * wrong["steady"]


def _planes(source: MuscleSamples) -> list[np.ndarray]:
    return [source.leg.mask(z, 7) for z in source.present]


def test_outside_the_muscle_the_prior_goes_on_and_the_label_is_empty() -> None:
    source = _samples(_leg(6), ANNOTATED, beyond_end=1.0, hide=1.0, blend=0.0, warp=0.0)
    drawn = [source.draw(np.random.default_rng(seed)) for seed in range(40)]
    assert not any(sample.label.any() for sample in drawn)
    assert sum((sample.prior_px >= 0).any() for sample in drawn) > 10


def test_the_context_is_given_in_millimetres() -> None:
    assert Context().slices(50, 100, 0.275) == [34, 42, 50, 58, 66]
    assert Context().slices(50, 100, 1.1) == [46, 48, 50, 52, 54]
    assert Context().slices(1, 100, 1.1) == [0, 0, 1, 3, 5]


def test_small_voxels_are_averaged_to_the_networks_pixels() -> None:
    leg = _leg(7, slices=12)
    fine = np.repeat(np.repeat(leg.volume.array, 4, axis=1), 4, axis=2)
    labels = np.repeat(np.repeat(leg.labels.array, 4, axis=1), 4, axis=2)
    grid = Grid(fine.shape, (SPACING / 4, SPACING / 4, SPACING))
    large = LegPixels(LabelledLeg("P1", "P1", Volume(fine, grid), LabelMap(labels, grid, {7: "SOL"})), SMALL.sampling)
    small = LegPixels(leg, SMALL.sampling)
    assert large.shape_yx == small.shape_yx
    assert large.pixel_mm == pytest.approx(small.pixel_mm)
    for z in (0, 6):
        assert np.array_equal(large.mask(z, 7), small.mask(z, 7))
        assert np.array_equal(large.grey(z, -4, 6, 32), small.grey(z, -4, 6, 32))


def test_batches_have_the_networks_shapes_and_none_of_the_image_in_the_control() -> None:
    blind = replace(SMALL, context=Context(zero_image=True))
    for config in (SMALL, blind):
        image, prior, cues, label = AnchoredTask(config, (_leg(1),), ("SOL",), 0).batch(np.random.default_rng(0))
        assert image.shape == (4, 5, 48, 48)
        assert prior.shape == label.shape == (4, 1, 48, 48)
        assert cues.shape == (4, 2)
        assert bool(image.any()) == (config is SMALL)
    assert _samples(_leg(1), ANNOTATED).draw(np.random.default_rng(0)).label.shape == (48 + 2 * RIM_PX,) * 2


def test_weights_make_the_method_of_the_task() -> None:
    leg = _leg(8)
    task = AnchoredTask(SMALL, (leg,), (), 1)
    torch.nn.init.normal_(task.network.backbone.last.weight)
    seeds = sample_seeds(leg.labels, every_mm=25.0)
    method = Anchored.from_weights(task.weights(task.network))
    expected = task.propagator(task.network)
    found, wanted = (
        drain(assemble(each.prepare(leg.volume, seeds).steps(), seeds)).labels.array for each in (method, expected)
    )
    assert np.array_equal(found, wanted)


def test_regions_in_use_come_in_sizes_that_the_network_can_halve() -> None:
    """The twin encoders halve five times, whatever the sampling asks for."""
    network = AnchoredNetConfig.twin((4, 4, 4, 8, 8))
    context = Context((-SPACING, 0.0, SPACING))
    sampling = replace(SMALL.sampling, multiple_px=16, least_px=16, margin_mm=5.0)
    samples = replace(SMALL.samples, crop_px=64)
    task = AnchoredTask(replace(SMALL, network=network, context=context, sampling=sampling, samples=samples), (_leg(1),), (), 0)
    leg = _leg(2)
    seeds = sample_seeds(leg.labels, every_mm=28.0)
    found = drain(assemble(task.propagator(task.network).prepare(leg.volume, seeds).steps(), seeds))
    assert (found.labels.array == 7).any()
    assert task.weights(task.network).sampling["multiple_px"] == 32


def test_what_cannot_be_trained_is_refused() -> None:
    with pytest.raises(InputError, match="a leg with GM"):
        AnchoredTask(SMALL, (_leg(1),), ("GM",), 0)
    with pytest.raises(InputError, match="offsets_mm"):
        replace(SMALL, context=Context((-1.0, 0.0, 1.0)))
    with pytest.raises(InputError, match="supervision"):
        replace(SMALL, supervision="some")


def _odd(kind: str, seed: int) -> LabelledLeg:
    """A tube that ends between annotated slices, or parts in two and comes together again: no training leg does either."""
    slices, side = 90, 64
    rng = np.random.default_rng(seed)
    z = np.arange(slices)
    y, x = np.mgrid[:side, :side]
    cy, cx = (side / 2 + 5 * np.sin(2 * np.pi * z / wave + rng.uniform(0, 6)) for wave in (36, 31))
    last = 57 if kind == "ends" else 84
    inside = np.stack([(5 <= i <= last) & (np.hypot(y - cy[i], x - cx[i]) < 10) for i in range(slices)])
    if kind == "splits":
        for i in range(33, 55):
            inside[i] &= np.abs(x - cx[i]) > 3 * np.sin(np.pi * (i - 33) / 21)
    grey = rng.gamma(4.0, np.where(inside, 20.0, 7.0))
    grid = Grid(inside.shape, (SPACING, SPACING, SPACING))
    labels = LabelMap(inside.astype(np.uint8) * 7, grid, {7: "SOL"})
    return LabelledLeg(kind, kind, Volume(np.clip(grey, 1, 255).astype(np.uint8), grid), labels)


def _trained(supervision: str) -> AnchoredTask:
    """On four tubes that wander between annotated slices, which interpolation cannot know, and the image shows."""
    config = replace(SMALL, supervision=supervision, batch=8, updates=300)
    task = AnchoredTask(config, tuple(_leg(seed, name=f"P{seed}") for seed in range(10, 14)), (), 0)
    optimiser = torch.optim.AdamW(task.network.parameters(), 3e-3)
    for loss in task.unit(0, 0.0):
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return task


def _dice(method: Propagator, leg: LabelledLeg, seeds: Seeds, where: slice = slice(None)) -> float:
    """On some of the slices that nobody drew."""
    truth = leg.labels.array == 7
    free = np.zeros(len(truth), dtype=bool)
    free[where] = True
    free[list(seeds.slices(7))] = False
    found = drain(assemble(method.prepare(leg.volume, seeds).steps(), seeds)).labels.array[free] == 7
    return float(2 * (found & truth[free]).sum() / (found.sum() + truth[free].sum()))


@pytest.mark.slow
@pytest.mark.parametrize("supervision", ["weak", "full"])
def test_it_leaves_a_prior_that_the_image_contradicts(supervision: str) -> None:
    task = _trained(supervision)
    learned, guided = task.propagator(task.network), ShapeInterpolation()
    wanders = _leg(99)
    for noise_mm in (0.0, 1.0, 2.0):
        seeds = sample_seeds(wanders.labels, every_mm=28.0, consecutive=1, noise_mm=noise_mm, seed=3)
        assert _dice(guided, wanders, seeds) < 0.8
        assert _dice(learned, wanders, seeds) > 0.9
    ends = _odd("ends", 99)
    seeds = sample_seeds(ends.labels, every_mm=28.0, consecutive=1, ends=False)
    # The expert drew it on its last slice, and said on one 25 mm further down that it is absent.
    seeds = replace(seeds, masks={7: {**seeds.masks[7], 80: np.zeros((64, 64), dtype=bool)}})
    assert seeds.slices(7) == (5, 31, 57, 80)
    assert _dice(guided, ends, seeds, slice(50, None)) < 0.5
    assert _dice(learned, ends, seeds, slice(50, None)) > 0.75
    splits = _odd("splits", 99)
    seeds = sample_seeds(splits.labels, every_mm=28.0, consecutive=1)
    parted = slice(33, 55)
    assert _dice(guided, splits, seeds, parted) < 0.7
    assert _dice(learned, splits, seeds, parted) > 0.85


SEEING = replace(SMALL, network=AnchoredNetConfig(widths=(8, 12, 16), references=True, cues=4))


def test_drawn_slices_are_shown_where_the_prior_lies_and_not_the_slice_itself() -> None:
    leg = _leg(11)
    config = AnchoredSamplesConfig(crop_px=48, hide=1.0, blend=0.0, warp=0.0, noise=0.0, beyond_end=0.0, lost=0.0)
    source = MuscleSamples(LegPixels(leg, SMALL.sampling), 7, None, config, Context(), (0, 0, 7), True)
    overlap, counts = [], []
    for seed in range(40):
        sample = source.draw(np.random.default_rng(seed))
        assert sample.drawn is not None
        for side in range(2):
            if sample.drawn.counts[side] and (sample.prior_px >= 0).any():
                shape = sample.drawn.depth_px[side] >= 0
                both = (shape & (sample.prior_px >= 0)).sum()
                overlap.append(2 * both / (shape.sum() + (sample.prior_px >= 0).sum()))
                counts.append(sample.drawn.counts[side])
                # What is shown is a drawn slice, never the one that is asked for.
                assert not np.array_equal(sample.drawn.grey[side], sample.grey[2])
                assert sample.drawn.grey[side][shape].mean() > 2 * sample.drawn.grey[side][~shape].mean()
    assert np.median(overlap) > 0.8
    assert max(counts) < 1
    assert min(counts) < 0.7


def test_drawn_slices_are_lost_at_random() -> None:
    leg = _leg(12)
    config = AnchoredSamplesConfig(crop_px=48, lost=1.0)
    source = MuscleSamples(LegPixels(leg, SMALL.sampling), 7, ANNOTATED, config, Context(), (0, 0, 7), True)
    for seed in range(10):
        drawn = source.draw(np.random.default_rng(seed)).drawn
        assert drawn is not None
        assert not drawn.counts.any()
        assert not drawn.depth_px.any()


@pytest.mark.parametrize("annotated", [None, ANNOTATED])
def test_a_carried_prior_knows_one_side_alone(annotated: tuple[int, ...] | None) -> None:
    config = AnchoredSamplesConfig(
        crop_px=48, hide=0.0, blend=0.0, warp=0.0, carry=1.0, carry_mm=(1.0, 4.0), lost=0.0, noise=0.0, beyond_end=0.0
    )
    source = MuscleSamples(LegPixels(_leg(13), SMALL.sampling), 7, annotated, config, Context(), (0, 0, 7), True)
    drawn = [source.draw(np.random.default_rng(seed)) for seed in range(60)]
    one_sided = [sample for sample in drawn if sample.drawn is not None and (sample.drawn.counts > 0).sum() <= 1]
    assert len(one_sided) >= 50
    wrong = np.mean([((s.prior_px >= 0) != (s.label > 0)).sum() / max(s.label.sum(), 1) for s in one_sided])
    # Drawn slices lie 20 mm apart, and the tube turns within 30.
    assert 0.05 < wrong < (0.6 if annotated is None else 1.0)


def test_samples_come_from_near_the_ends_where_that_is_asked_for() -> None:
    leg = LegPixels(_leg(15), SMALL.sampling)
    near = AnchoredSamplesConfig(crop_px=48, near_end=1.0, near_end_mm=6.0, beyond_end=0.0)
    source = MuscleSamples(leg, 7, None, near, Context(), (0, 0, 7), True)
    first, last = source.present[0], source.present[-1]
    rng = np.random.default_rng(0)
    ends = [min(z - first, last - z) * leg.slice_mm for z in (source._target(rng) for _ in range(60))]
    assert max(ends) <= 6
    assert len(set(ends)) > 2


def test_how_wrong_a_carried_border_is_can_be_said() -> None:
    """Without error the prior is the shape of the slice that it was carried from; with it the border moves by as much."""
    leg = LegPixels(_leg(13), SMALL.sampling)
    wrong = {}
    for error_mm in ((0.0, 0.0), (0.0, 1.0), (3.0, 0.0)):
        config = AnchoredSamplesConfig(crop_px=48, carry=1.0, carry_error_mm=error_mm)
        source = MuscleSamples(leg, 7, None, config, Context(), (0, 0, 7), True)
        priors = [source._carried(np.random.default_rng(seed), 40, 0) for seed in range(20)]
        exact = [source._carried(np.random.default_rng(seed), 40, 0) for seed in range(20)]
        assert all(np.array_equal(one.depth, two.depth) for one, two in zip(priors, exact, strict=True))
        wrong[error_mm] = priors
    straight, even, uneven = wrong.values()
    moved = np.array([np.median(a.depth - b.depth) for a, b in zip(even, straight, strict=True)])
    assert 0.5 < moved.std() < 1.6
    assert all(np.ptp(a.depth - b.depth) < 1e-4 for a, b in zip(even, straight, strict=True))
    assert max(np.ptp(a.depth - b.depth) for a, b in zip(uneven, straight, strict=True)) > 1.5


def test_weak_supervision_carries_drawn_shapes_alone() -> None:
    leg = _leg(3)
    poisoned = leg.labels.array.copy()
    rng = np.random.default_rng(0)
    for z in range(6, 84):
        if z not in ANNOTATED:
            poisoned[z] = 7 * (rng.random(poisoned[z].shape) < 0.5)
    config = AnchoredSamplesConfig(crop_px=48, carry=1.0)
    one, two = (
        MuscleSamples(LegPixels(each, SMALL.sampling), 7, ANNOTATED, config, Context(), (0, 0, 7), True)
        for each in (leg, replace(leg, labels=replace(leg.labels, array=poisoned)))
    )
    for seed in range(60):
        a, b = one.draw(np.random.default_rng(seed)), two.draw(np.random.default_rng(seed))
        assert np.array_equal(a.prior_px, b.prior_px)
        assert np.array_equal(a.drawn.depth_px, b.drawn.depth_px)


def test_all_that_belongs_to_a_place_is_turned_and_bent_alike() -> None:
    """Joint flips: a gradient stays where prior, label and shapes have it."""
    leg = _leg(14)
    ramp = np.broadcast_to(np.linspace(40, 200, 64)[None, :], leg.volume.array.shape).astype(np.uint8)
    levels = np.linspace(0, 40, len(ramp))[:, None, None].astype(np.uint8)
    leg = replace(leg, volume=Volume(ramp + levels, leg.volume.grid))
    task = AnchoredTask(
        replace(SEEING, supervision="full", bent=0.0, samples=AnchoredSamplesConfig(crop_px=48, lost=0.0)), (leg,), (), 0
    )
    source = task.sources[0]
    turned = set()
    for seed in range(40):
        sample = source.draw(np.random.default_rng(seed))
        changed = task._changed(np.random.default_rng(seed + 1), sample)
        middle = slice(RIM_PX, -RIM_PX)
        prior, straight = sample.prior_px[middle, middle], sample.grey[2][middle, middle][24] > 0
        # The image itself says which way it was turned: of the two readings one falls where no scan was.
        slopes = [np.polyfit(np.flatnonzero(row), changed.grey[2][24][row], 1)[0] for row in (straight, straight[::-1])]
        flipped = max(slopes, key=abs) < 0
        sign = -1 if flipped else 1
        assert np.array_equal(changed.prior_px, prior[:, ::sign])
        assert np.array_equal(changed.label, sample.label[middle, middle][:, ::sign])
        upside = changed.grey[0].mean() > changed.grey[4].mean()
        counts = sample.drawn.counts[::-1] if upside else sample.drawn.counts
        assert np.array_equal(changed.cues[2:], counts)
        for side in range(2):
            shape = sample.drawn.depth_px[1 - side if upside else side][middle, middle][:, ::sign]
            assert np.allclose(changed.grey[7 + side], np.tanh(shape / 4) * counts[side], atol=1e-5)
        turned.add((bool(flipped), bool(upside)))
    assert len(turned) == 4


def test_a_task_that_sees_drawn_slices_learns_and_depends_on_its_number_alone() -> None:
    config = replace(SEEING, looks=RandomLooks(chance=0.7), samples=AnchoredSamplesConfig(crop_px=48, carry=0.3))
    legs = (_leg(1), _leg(2, name="P2"))
    one, two = (AnchoredTask(config, legs, (), 5) for _ in range(2))
    list(one.unit(0, 0.0))
    assert [float(loss.detach()) for loss in one.unit(1, 0.0)] == [float(loss.detach()) for loss in two.unit(1, 0.0)]
    image, prior, cues, _ = one.batch(np.random.default_rng(0))
    assert image.shape[1] == 9
    assert cues.shape[1] == 4
    assert one.network(image, prior, cues).shape == prior.shape


def test_a_blended_prior_says_that_it_is_nearer() -> None:
    """What lies part of the way to the truth is told as a gap of that part."""
    shares = {"warp": 0.0, "noise": 0.0, "beyond_end": 0.0}
    hidden, blended = (_samples(_leg(7), None, hide=hide, blend=1 - hide, **shares) for hide in (1.0, 0.0))
    for seed in range(20):
        whole, part = (2 * np.expm1(3 * source.draw(np.random.default_rng(seed)).cues[0]) for source in (hidden, blended))
        assert 0.099 < part / whole < 0.701
