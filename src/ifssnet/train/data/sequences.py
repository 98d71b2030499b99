"""Sequences of windows to train a recurrent network on: drawn as propagation runs, from known slices to either side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float32, Int

from ifssnet.core.errors import InputError
from ifssnet.propagate.network_input.region import Region, Sampling, normalised, pixel_mm, slice_step
from ifssnet.train.data.augment import Bends, Corruption, GreyChanges, change_grey, corrupt_mask, draw_warp
from ifssnet.train.data.tracks import Track

Windows = Float32[np.ndarray, "time batch z v u"]


@dataclass(frozen=True)
class SequenceConfig:
    """What a sequence is.

    Attributes:
        slices: Fewest and most slices that it spans (published code: 100 to 200); (0, 0) for whole muscles.
        strides: Smallest and largest step from window to window, in slices, one of them for a whole sequence (published
            code: 3 to 6; paper, III-A: 1).
        shortest: Windows of the sequences at the beginning; they grow to all of their slices.
        grown: Share of the training at which they are grown; 0 for full length from the beginning.
        flip_z: Half of the sequences run downwards (published code).
        flip_x: Half of them are mirrored left to right: a right leg is a left one in a mirror.
        from_ends: Share of the sequences that start at a muscle's outermost slices, as "first-three" does.
        beyond: Slices past a muscle's end that a sequence may run on, to learn to end.
        ends_known: Weak supervision: who draws a muscle's outermost slices has also said that it is absent past them.
        together: Sequences side by side in a batch (paper, III-C4: 1).
        shift_px: Most that a region is moved at random.
        augment: Change grey levels and bend the plane, alike over a whole sequence.
        grey: How grey levels change then.
        bends: How the plane bends then.
        lag_slices: Single windows see a mask from up to this many slices further back than the window before.
        on_drawn: With few labels, a drawn slice is the middle of the last window; the first is not a given one.
        corrupt: Share of the fed masks that are damaged, so that the network learns to recover from its own drift.
        corruption: How.
    """

    slices: tuple[int, int] = (100, 200)
    strides: tuple[int, int] = (3, 6)
    shortest: int = 8
    grown: float = 0.0
    flip_z: bool = True
    flip_x: bool = False
    from_ends: float = 0.15
    beyond: int = 24
    ends_known: bool = True
    together: int = 1
    shift_px: int = 4
    augment: bool = False
    grey: GreyChanges = field(default_factory=GreyChanges)
    bends: Bends = field(default_factory=Bends)
    lag_slices: int = 12
    on_drawn: bool = False
    corrupt: float = 0.0
    corruption: Corruption = field(default_factory=Corruption)

    def __post_init__(self) -> None:
        if len(self.slices) != 2 or not 0 <= self.slices[0] <= self.slices[1]:
            raise InputError("the fewest and the most slices of a sequence", f"{self.slices}", "Correct slices.")
        if len(self.strides) != 2 or not 1 <= self.strides[0] <= self.strides[1]:
            raise InputError("the smallest and the largest stride, from 1", f"{self.strides}", "Correct strides.")
        if min(self.shortest, self.together) < 1 or min(self.beyond, self.shift_px, self.lag_slices) < 0:
            raise InputError("shortest and together from 1; beyond, shift_px and lag_slices from 0", f"{self}", "Correct them.")
        if not all(0 <= share <= 1 for share in (self.grown, self.from_ends, self.corrupt)):
            raise InputError("shares from 0 to 1 for grown, from_ends and corrupt", f"{self}", "Correct them.")

    def singles(self, window: int, run_in: int = 0) -> SequenceConfig:
        """The same for single windows, after a run-in of some: of twice as many muscles, about a drawn slice where few are."""
        shortest = window + (run_in + 1) * self.strides[1]
        return replace(self, slices=(shortest, shortest), grown=0.0, together=2 * self.together, on_drawn=True)


@dataclass(frozen=True, eq=False)
class Batch:
    """Sequences side by side, as windows in the order of the run; the first window is the reference.

    Attributes:
        images: Normalised grey levels.
        masks: How much of each pixel the muscle covers, where that is known.
        known: Whether it is.
        guided: The same with guided interpolation where it is not known; None where everything is.
        distance_mm: To the nearest known slice; infinite past the outermost ones, where nothing says what to expect.
        lagged: What single windows are given: earlier masks, some of them damaged.
        whole: The same without damage.
        lags: How many places earlier they are.
        stride: Slices from window to window, along the run.
        unseen: How much of each pixel no frame shows; None where nobody says.
    """

    images: Windows
    masks: Windows
    known: Bool[np.ndarray, "time batch z"]
    guided: Windows | None
    distance_mm: Float32[np.ndarray, "time batch z"]
    lagged: Windows
    whole: Windows
    lags: Float32[np.ndarray, "time batch"]
    stride: int
    unseen: Windows | None = None


@dataclass(frozen=True, eq=False)
class _Way:
    """A sequence before anything of it is cut out.

    Attributes:
        track: Whose.
        origin: Slice of place 0.
        step: Slices from place to place, negative downwards.
        window: Places of the reference, which lie on neighbouring slices, as an expert draws them and as in use.
    """

    track: Track
    origin: int
    step: int
    window: int

    def slices(self, places: Int[np.ndarray, "*shape"]) -> Int[np.ndarray, "*shape"]:
        """The slices at places along it; the outermost again past the volume's ends."""
        sign = 1 if self.step > 0 else -1
        reference = np.clip(places, 0, self.window - 1)
        found = self.origin + sign * reference + self.step * (places - reference)
        return np.clip(found, 0, self.track.grid.slices - 1)

    def away(self, place: int) -> int:
        """Slices from place 0 to one past the reference."""
        return self.window - 1 + abs(self.step) * (place - self.window + 1)


def draw_batch(
    rng: np.random.Generator, tracks: Sequence[Track], config: SequenceConfig, sampling: Sampling, window: int, share: float
) -> Batch:
    """Draw sequences: of one muscle of several legs, each from a place where it is known.

    Args:
        rng: The random numbers of the unit.
        tracks: To draw from.
        config: What a sequence is.
        sampling: The network's pixels and slices.
        window: Slices of a window.
        share: How much of the training is done.
    """
    stride = int(rng.integers(config.strides[0], config.strides[1] + 1))
    chosen = [tracks[int(rng.integers(len(tracks)))]]
    # Of one muscle, whose regions are of about one size: all have to be as large as the largest.
    alike = [track for track in tracks if track.label == chosen[0].label]
    chosen += [alike[int(rng.integers(len(alike)))] for _ in range(1, config.together)]
    windows = _windows(rng, chosen, config, sampling, window, stride, share)
    ways = [_way(rng, track, config, sampling, window, stride * windows) for track in chosen]
    places = stride * np.arange(windows + 1)[:, None] + np.arange(window)
    regions = _regions(rng, [(way, way.slices(places.ravel())) for way in ways], config)
    parts = [_part(rng, way, region, places, stride, config) for way, region in zip(ways, regions, strict=True)]
    guided = [part.guided for part in parts if part.guided is not None]
    return Batch(
        np.concatenate([part.images for part in parts], axis=1),
        np.concatenate([part.masks for part in parts], axis=1),
        np.concatenate([part.known for part in parts], axis=1),
        np.concatenate(guided, axis=1) if guided else None,
        np.concatenate([part.distance_mm for part in parts], axis=1),
        np.concatenate([part.lagged for part in parts], axis=1),
        np.concatenate([part.whole for part in parts], axis=1),
        np.concatenate([part.lags for part in parts], axis=1),
        stride,
        _side_by_side([part.unseen for part in parts], parts[0].images),
    )


def _side_by_side(unseen: Sequence[Windows | None], like: Windows) -> Windows | None:
    """What was never seen of several sequences: nothing of those of which nobody says, None where nobody says of any."""
    if all(each is None for each in unseen):
        return None
    return np.concatenate([np.zeros_like(like) if each is None else each for each in unseen], axis=1)


def _windows(
    rng: np.random.Generator,
    tracks: Sequence[Track],
    config: SequenceConfig,
    sampling: Sampling,
    window: int,
    stride: int,
    share: float,
) -> int:
    """How many windows follow the reference: as many as the slices hold, fewer early in the training."""
    longest = min((t.last - t.first + 1 + config.beyond) // slice_step(t.grid, sampling) for t in tracks)
    wanted = int(rng.integers(config.slices[0], config.slices[1] + 1)) if config.slices[1] else longest
    full = max(1, (min(wanted, longest) - window) // stride)
    if config.grown <= 0 or share >= config.grown:
        return full
    return min(full, config.shortest + int((full - config.shortest) * share / config.grown))


def _way(
    rng: np.random.Generator,
    track: Track,
    config: SequenceConfig,
    sampling: Sampling,
    window: int,
    reach: int,
) -> _Way:
    """Where a sequence begins and which way it goes: it ends at most `beyond` slices past the muscle, if it can.

    `reach`: places from its first window to its last.
    """
    step = slice_step(track.grid, sampling)
    up = not config.flip_z or bool(rng.random() < 0.5)
    at_end = bool(rng.random() < config.from_ends)
    place = float(rng.random())
    ends = (track.first, track.last) if up else (track.last, track.first)
    sign = 1 if up else -1
    if track.annotated is None:
        room = max(0, (track.last - track.first) + config.beyond - step * (reach + window - 1))
        # The reference itself has to show the muscle.
        room = min(room, track.last - track.first - step * (window - 1))
        ahead = 0 if at_end or room <= 0 else int(place * (room + 1))
        return _Way(track, ends[0] + sign * ahead, sign * step, window)
    groups = track.groups if up else track.groups[::-1]
    last = len(groups) - 1
    # From the last group of all there is nothing to reach.
    index = 0 if at_end else int(place * max(1, last))
    if config.on_drawn:
        # About the first one there is nothing to come from; one more is for past the last, where the muscle has ended.
        index = 1 + int(place * (last + 1))
    if config.on_drawn and index <= last:
        # In the middle of the last window: a label without interpolation, and two beside it.
        middle = sorted(groups[index])[len(groups[index]) // 2]
        way = _Way(track, 0, sign * step, window)
        return replace(way, origin=middle - sign * way.away(reach + window // 2))
    nearest = sorted(groups[min(index, last)], reverse=not up)
    origin = nearest[max(0, len(nearest) - window)]
    return _Way(track, origin, sign * step, window)


def _regions(
    rng: np.random.Generator, ways: Sequence[tuple[_Way, Int[np.ndarray, " slice"]]], config: SequenceConfig
) -> list[Region]:
    """One box each, all of one shape, moved a little."""
    found = [way.track.region(np.unique(slices)) for way, slices in ways]
    rows, columns = (max(region.shape_yx[axis] for region in found) for axis in (0, 1))
    moved: list[Region] = []
    for region in found:
        down, right = (int(a) for a in rng.integers(-config.shift_px, config.shift_px + 1, 2))
        top = region.top + region.factor * (down - (rows - region.shape_yx[0]) // 2)
        left = region.left + region.factor * (right - (columns - region.shape_yx[1]) // 2)
        moved.append(Region(region.factor, top, left, (rows, columns)))
    return moved


def _part(
    rng: np.random.Generator,
    way: _Way,
    region: Region,
    places: Int[np.ndarray, "time z"],
    stride: int,
    config: SequenceConfig,
) -> Batch:
    """One sequence, cut out."""
    track = way.track
    lag = stride + rng.integers(0, config.lag_slices + 1, len(places))[:, None]
    slices = way.slices(places)
    # Never from beyond the muscle's ends: a mask that is empty says nothing about which muscle is meant.
    earlier = np.clip(way.slices(places - lag), track.first, track.last)
    wanted, back = np.unique(np.concatenate([slices.ravel(), earlier.ravel()]), return_inverse=True)
    now, before = (part.reshape(places.shape) for part in np.split(back, 2))
    grey, masks = track.grey(wanted, region), track.masks(wanted, region)
    guided = None if track.annotated is None else track.guided(wanted, region)
    unseen = track.unseen(wanted, region)
    size_mm = pixel_mm(track.grid, track.sampling)
    if config.augment:
        warp = draw_warp(rng, region.shape_yx, size_mm, config.bends)
        grey, masks = change_grey(rng, warp.image(grey), config.grey), warp.image(masks)
        guided = None if guided is None else warp.image(guided)
        unseen = None if unseen is None else warp.image(unseen)
    images = normalised(grey, track.sampling)
    known, distance_mm = track.is_known(slices), track.distance_mm(slices)
    past = (slices < track.first) | (slices > track.last)
    if track.annotated is not None and config.ends_known:
        known = known | past
    elif track.annotated is not None:
        distance_mm = np.where(past, np.float32(np.inf), distance_mm)
    undamaged = (masks if guided is None else guided)[before]
    lagged = undamaged.copy()
    for at in range(len(lagged)):
        if rng.random() < config.corrupt:
            lagged[at] = corrupt_mask(rng, lagged[at], size_mm, config.corruption)
    mirror = slice(None, None, -1) if config.flip_x and rng.random() < 0.5 else slice(None)

    def laid(planes: Float32[np.ndarray, "time z v u"]) -> Windows:
        return np.ascontiguousarray(planes[:, None, ..., mirror])

    return Batch(
        laid(images[now]),
        laid(masks[now]),
        known[:, None],
        None if guided is None else laid(guided[now]),
        distance_mm[:, None],
        laid(lagged),
        laid(undamaged),
        lag.astype(np.float32),
        stride,
        None if unseen is None else laid(unseen[now]),
    )
