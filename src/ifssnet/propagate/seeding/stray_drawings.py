"""What cannot be meant in a drawing: islands apart from it, and slices that do not belong between their neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.core.findings import Finding
from ifssnet.core.images import counted
from ifssnet.core.muscles import field_names
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.masks.box import bounding_box
from ifssnet.geometry.masks.distance import signed_distance
from ifssnet.geometry.untyped import pieces
from ifssnet.measurement.checks.completeness import click_finding
from ifssnet.propagate.seeding.drawn_ends import end_findings
from ifssnet.propagate.seeding.outlined_seeds import area_named, slices_named
from ifssnet.propagate.seeding.overlapping_drawings import overlap_findings
from ifssnet.propagate.seeding.pinholes import without_pinholes

ISLAND_SHARE = 0.05
"""A part below this share of the largest one on its slice is a slip of the brush; a second head is larger."""

SLIGHT_SHARE = 0.005
"""Islands below this share of all that is drawn of a muscle are a remark and no warning: no volume changes by them."""

LEAST_DICE = 0.3
"""Dice with what the neighbours let expect: gaps of several centimetres leave well-drawn muscles above .5."""

AREA_RATIO = 2.5
"""An area this many times as large as expected, or as small, belongs to no muscle between these neighbours."""

FAR_OFF = 1.0
"""A middle further from the expected one than this share of the expected area's radius."""

FARTHEST_MM = 80.0
"""Neighbours further apart than this let nothing be expected."""

SPECK_GAPS = 2.0
"""A piece is far off where it is this many times as far from the next slice as a muscle's slices are from each other."""

MOST_SLICES = 200
"""A muscle with more slices is complete: neighbours are a fraction of a millimetre away, and nobody drew them one by one."""

_CLEAN = "Correct it, or add --clean to leave it out."


@dataclass(frozen=True)
class StraySlices:
    """Slices of one muscle, side by side, whose drawing does not belong between its neighbours.

    Attributes:
        label: The muscle.
        slices: The slices.
        area_cm2: What is drawn there, mean over them.
        expected_cm2: What the neighbours let expect.
        off_mm: How far its middle lies from where it is expected.
        volume_cm3: What follows for the volume, if it is left in: about that much more.
    """

    label: int
    slices: tuple[int, ...]
    area_cm2: float
    expected_cm2: float
    off_mm: float
    volume_cm3: float


@dataclass(frozen=True)
class Islands:
    """Small pieces apart from a muscle.

    Attributes:
        label: The muscle.
        slices: Where they are.
        pieces: How many.
        area_mm2: How large they are together.
        share: Which part of all that is drawn of the muscle they are, 0 to 1.
        farthest_mm: How far the farthest piece lies from the muscle's middle.
    """

    label: int
    slices: tuple[int, ...]
    pieces: int
    area_mm2: float
    share: float
    farthest_mm: float


def look_over(seeds: Seeds, clean: bool = False, hollow: bool = False) -> Seeds:
    """The seeds with what cannot be meant among their findings.

    Args:
        seeds: What was drawn.
        clean: Leave out islands and stray slices; the findings then say what was left out. Otherwise nothing changes.
        hollow: Drawings may be hollow, as somebody wants their strokes: nothing is said of large holes.
    """
    seeds = without_pinholes(seeds, clean, hollow)
    tidy = _without_islands(seeds)
    islands = find_islands(seeds)
    stray = find_stray_slices(tidy)
    clicks = [found for label in seeds.labels if (found := _click(seeds, label)) is not None]
    findings = [
        *_named_alike(seeds),
        *clicks,
        *(_island_words(seeds, each, clean) for each in islands),
        *(_stray_words(seeds, each, clean) for each in stray),
    ]
    away = {(each.label, z) for each in stray for z in each.slices}
    masks = seeds.masks
    if clean:
        masks = {label: {z: mask for z, mask in own.items() if (label, z) not in away} for label, own in tidy.masks.items()}
    looked = replace(seeds, masks=masks, findings=(*seeds.findings, *findings))
    # What is stray anyhow is no end of a muscle.
    left = {label: {z: mask for z, mask in own.items() if (label, z) not in away} for label, own in tidy.masks.items()}
    return replace(looked, findings=(*looked.findings, *end_findings(replace(looked, masks=left)), *overlap_findings(looked)))


def _named_alike(seeds: Seeds) -> Iterator[Finding]:
    """A warning of labels that are one muscle by their names: their volumes would be one."""
    called = field_names(seeds.name(label) for label in seeds.labels)
    by_name: dict[str, list[int]] = {}
    for label in seeds.labels:
        by_name.setdefault(called[seeds.name(label)], []).append(label)
    for name, labels in by_name.items():
        if len(labels) > 1:
            which = " and ".join(f"{label} ({seeds.name(label)})" for label in labels)
            what = f"The labels {which} are both {name}; measures and reports take one label a muscle."
            yield Finding("warning", what, "Merge them, or rename one of them.", float(len(labels)))


def _click(seeds: Seeds, label: int) -> Finding | None:
    """A warning of a muscle on which somebody clicked instead of outlining it."""
    pixels = [int(np.count_nonzero(seeds.masks[label][z])) for z in seeds.present(label)]
    return click_finding(seeds.name(label), max(pixels) * seeds.grid.pixel_area_mm2 / 100) if pixels else None


def find_islands(seeds: Seeds) -> tuple[Islands, ...]:
    """Pieces much smaller than the largest on their slice, muscle by muscle."""
    found: list[Islands] = []
    x_mm, y_mm, _ = seeds.grid.spacing_xyz_mm
    for label in seeds.labels:
        slices: list[int] = []
        count, pixels, farthest = 0, 0, 0.0
        for z in seeds.present(label):
            mask = seeds.masks[label][z]
            small = mask & ~_main(mask)
            if small.any():
                slices.append(z)
                count += pieces(small)[1]
                pixels += int(np.count_nonzero(small))
                middle = _middle(mask & ~small)
                there = np.argwhere(small) - middle
                farthest = max(farthest, float(np.hypot(there[:, 0] * y_mm, there[:, 1] * x_mm).max()))
        if slices:
            share = pixels / sum(int(np.count_nonzero(seeds.masks[label][z])) for z in seeds.present(label))
            found.append(Islands(label, tuple(slices), count, pixels * seeds.grid.pixel_area_mm2, share, farthest))
    return tuple(found)


def find_stray_slices(seeds: Seeds) -> tuple[StraySlices, ...]:
    """Slices that do not belong between their neighbours, the worst first left out before the others are judged."""
    found: list[StraySlices] = []
    for label in seeds.labels:
        present = list(seeds.present(label))
        if not 3 <= len(present) <= MOST_SLICES:
            continue
        drawn = _Drawn(seeds, label)
        specks = _specks(seeds, drawn, present)
        found += specks
        present = [z for z in present if not any(z in each.slices for each in specks)]
        while (worst := max(_strays(drawn, present), key=lambda each: each[0], default=None)) is not None:
            found.append(worst[1])
            present = [z for z in present if z not in worst[1].slices]
    return tuple(sorted(found, key=lambda each: (each.label, each.slices)))


class _Drawn:
    """One muscle's masks within their common box, and their signed distances, each computed once."""

    def __init__(self, seeds: Seeds, label: int) -> None:
        own = {z: mask for z, mask in seeds.masks[label].items() if mask.any()}
        together: Bool[np.ndarray, "y x"] = np.logical_or.reduce(list(own.values()))
        box = bounding_box(together, 2)
        self.label = label
        self.spacing_mm = seeds.grid.spacing_zyx_mm
        self.masks: Mapping[int, Mask] = {z: mask[box] for z, mask in own.items()}
        self._distances: dict[int, Float[np.ndarray, "y x"]] = {}

    def distance(self, z: int) -> Float[np.ndarray, "y x"]:
        """Distance to the border of what is drawn on a slice, negative inside."""
        if z not in self._distances:
            self._distances[z] = signed_distance(self.masks[z], self.spacing_mm[1:])
        return self._distances[z]


def _specks(seeds: Seeds, drawn: _Drawn, present: Sequence[int]) -> list[StraySlices]:
    """Small pieces on outermost slices much further from the rest than its slices are apart: clicks far from the muscle."""
    area = {z: float(np.count_nonzero(drawn.masks[z])) for z in present}
    runs = [tuple(int(z) for z in run) for run in np.split(np.array(present), np.flatnonzero(np.diff(present) > 1) + 1)]
    found: list[StraySlices] = []
    for order in (runs, [run[::-1] for run in runs[::-1]]):
        if len(order) < 4:
            continue
        gaps = [abs(after[0] - before[-1]) for before, after in pairwise(order)]
        end, beside = order[0], order[1][0]
        between = {z for z in seeds.annotated_slices if min(end[-1], beside) < z < max(end[-1], beside)}
        # Others were drawn between, and this muscle was not: nobody followed it as far as that.
        far = SPECK_GAPS * float(np.median(gaps[1:])) * (1 if between - set(seeds.masks[drawn.label]) else 2)
        if gaps[0] <= far or max(area[z] for z in end) >= ISLAND_SHARE * max(area.values()):
            continue
        off = (_middle(drawn.masks[end[-1]]) - _middle(drawn.masks[beside])) * np.array(drawn.spacing_mm[1:])
        pixel_cm2 = drawn.spacing_mm[1] * drawn.spacing_mm[2] / 100
        mean_cm2 = float(np.mean([area[z] for z in end])) * pixel_cm2
        reach_cm3 = mean_cm2 * gaps[0] * drawn.spacing_mm[0] / 10
        found.append(StraySlices(drawn.label, tuple(sorted(end)), mean_cm2, 0.0, float(np.hypot(*off)), reach_cm3))
    return found


def _strays(drawn: _Drawn, present: Sequence[int]) -> Iterator[tuple[float, StraySlices]]:
    """Single slices, and runs side by side, with how badly each fits between its neighbours."""
    runs = np.split(np.array(present), np.flatnonzero(np.diff(present) > 1) + 1)
    candidates = {(int(z),) for z in present} | {tuple(int(z) for z in run) for run in runs}
    for slices in sorted(candidates):
        below = [z for z in present if z < slices[0]]
        above = [z for z in present if z > slices[-1]]
        if not below or not above or (above[0] - below[-1]) * drawn.spacing_mm[0] > FARTHEST_MM:
            continue
        found = _judged(drawn, slices, below, above)
        if found is not None:
            yield found


def _judged(
    drawn: _Drawn, slices: tuple[int, ...], all_below: Sequence[int], all_above: Sequence[int]
) -> tuple[float, StraySlices] | None:
    below, above = all_below[-1], all_above[0]
    z = slices[len(slices) // 2]
    share = (z - below) / (above - below)
    expected = (1 - share) * drawn.distance(below) + share * drawn.distance(above) < 0
    mask = drawn.masks[z]
    pixel_mm2 = drawn.spacing_mm[1] * drawn.spacing_mm[2]
    there, want = float(np.count_nonzero(mask)), float(np.count_nonzero(expected))
    if want == 0:
        # Neighbours that do not overlap let nothing be expected; a far jump between them is judged on their own slices.
        return None
    dice = 2 * float(np.count_nonzero(mask & expected)) / (there + want)
    off = (_middle(mask) - _middle(expected)) * np.array(drawn.spacing_mm[1:])
    off_mm = float(np.hypot(*off))
    radius_mm = float(np.sqrt(max(want, there) * pixel_mm2 / np.pi))
    beside = {each: float(np.count_nonzero(drawn.masks[each])) for each in (below, above)}
    largest = max(beside, key=lambda each: beside[each])
    # What is drawn outermost may be a muscle's tip, beside which its belly is as large as it likes.
    outermost = _side_by_side(all_below if largest == below else all_above)
    too_large = not outermost and there > AREA_RATIO * beside[largest]
    wrong_size = too_large or there < min(beside.values()) / AREA_RATIO
    if _at_a_tip(drawn, there, want, beside, all_below, all_above):
        return None
    if dice >= LEAST_DICE and not (wrong_size and dice < 2 * LEAST_DICE):
        return None
    if not wrong_size and off_mm < FAR_OFF * radius_mm:
        return None
    # It counts half way to each neighbour.
    reach_mm = (above - below) / 2 * drawn.spacing_mm[0]
    change_cm3 = (there - want) * pixel_mm2 * reach_mm / 1000
    return 1 - dice, StraySlices(drawn.label, slices, there * pixel_mm2 / 100, want * pixel_mm2 / 100, off_mm, change_cm3)


def _at_a_tip(
    drawn: _Drawn,
    there: float,
    want: float,
    beside: Mapping[int, float],
    all_below: Sequence[int],
    all_above: Sequence[int],
) -> bool:
    """Whether a slice lies where a muscle runs out: tips are small, and change from slice to slice as they like."""
    largest = max(float(np.count_nonzero(mask)) for mask in drawn.masks.values())
    if max(there, want) < ISLAND_SHARE * largest:
        return True
    smaller = min(beside, key=lambda each: beside[each])
    outermost = _side_by_side(all_below if smaller == all_below[-1] else all_above)
    return outermost and beside[smaller] * AREA_RATIO < there


def _side_by_side(slices: Sequence[int]) -> bool:
    return slices[-1] - slices[0] + 1 == len(slices)


def _main(mask: Mask) -> Mask:
    """A mask without the pieces that are much smaller than its largest one."""
    numbered, count = pieces(mask)
    if count < 2:
        return mask
    sizes = np.bincount(numbered.ravel())
    sizes[0] = 0
    return np.isin(numbered, np.flatnonzero(sizes >= ISLAND_SHARE * sizes.max()))


def _without_islands(seeds: Seeds) -> Seeds:
    masks = {label: {z: _main(mask) if mask.any() else mask for z, mask in own.items()} for label, own in seeds.masks.items()}
    return replace(seeds, masks=masks)


def _middle(mask: Mask) -> Float[np.ndarray, " axis"]:
    return np.argwhere(mask).mean(axis=0)


def _island_words(seeds: Seeds, found: Islands, clean: bool) -> Finding:
    name = seeds.name(found.label)
    count = counted(found.pieces, "stray piece")
    what = f"{name} has {count} on {slices_named(found.slices)}, {area_named(found.area_mm2)} in all"
    what += f", up to {found.farthest_mm:.3g} mm from its middle"
    if clean:
        return Finding("note", f"{what}; they were left out.", "", found.area_mm2, "mm2")
    if found.share < SLIGHT_SHARE:
        return Finding("note", f"{what}: too little to change the volume.", "", found.area_mm2, "mm2")
    spread = "they are carried to the slices between, and the volume grows by as much"
    return Finding("warning", f"{what}; {spread}.", _CLEAN, found.area_mm2, "mm2")


def _stray_words(seeds: Seeds, found: StraySlices, clean: bool) -> Finding:
    name, where = seeds.name(found.label), slices_named(found.slices)
    if found.expected_cm2 == 0:
        what = f"{name} on {where} is a speck of {area_named(100 * found.area_cm2)} far from all that is drawn of it."
        if clean:
            return Finding("note", f"{what} It was left out.", "", found.area_cm2, "cm2")
        return Finding("warning", f"{what} The muscle would reach as far as that.", _CLEAN, found.area_cm2, "cm2")
    what = (
        f"{name} on {where} does not belong between its neighbours: {found.area_cm2:.2g} cm2 where they let expect "
        f"{found.expected_cm2:.2g} cm2, its middle {found.off_mm:.2g} mm off."
    )
    if clean:
        return Finding("note", f"{what} It was left out.", "", found.volume_cm3, "cm3")
    follows = f"It changes the volume by about {found.volume_cm3:+.2g} cm3."
    return Finding("warning", f"{what} {follows}", _CLEAN, found.volume_cm3, "cm3")
