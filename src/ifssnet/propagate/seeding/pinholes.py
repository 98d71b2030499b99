"""Holes in drawings: small ones, as a brush leaves them, are no muscle's; larger ones are kept, and said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ifssnet.core.findings import Finding
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.masks.box import bounding_box
from ifssnet.geometry.untyped import pieces, without_holes
from ifssnet.propagate.seeding.outlined_seeds import area_named, slices_named

SMALL_SHARE = 0.05
"""A hole of at most this share of the area around it is a slip of the brush; what is larger was left out by intent."""

SLIGHT_SHARE = 0.005
"""Holes below this share of all that is drawn of a muscle are a remark and no warning."""

MOST_SLICES = 200
"""A muscle with more slices was not drawn by hand."""


def without_pinholes(seeds: Seeds, fill: bool, hollow: bool = False) -> Seeds:
    """Seeds with what is said of small holes among their findings, and filled where that is wanted.

    Holes in which another muscle was drawn are none. Larger holes stay, with a warning unless drawings may
    be hollow: a thick outline has one too.
    """
    masks = {label: dict(own) for label, own in seeds.masks.items()}
    findings: list[Finding] = []
    for label in seeds.labels:
        found = dict(_holes(seeds, label))
        drawn = sum(int(np.count_nonzero(mask)) for mask in seeds.masks[label].values())
        if not hollow and (large := {z: pixels for z, (_, pixels) in found.items() if pixels}):
            findings.append(_large_words(seeds, label, large, drawn))
        holes = {z: small for z, (small, _) in found.items() if small.any()}
        if not holes:
            continue
        pixels = sum(int(np.count_nonzero(hole)) for hole in holes.values())
        findings.append(_words(seeds, label, list(holes), pixels, pixels / drawn, fill))
        if fill:
            masks[label] |= {z: masks[label][z] | hole for z, hole in holes.items()}
    return replace(seeds, masks=masks, findings=(*seeds.findings, *findings)) if findings else seeds


def _holes(seeds: Seeds, label: int) -> Iterator[tuple[int, tuple[Mask, int]]]:
    """For each slice with holes, the small ones and how many pixels the others have."""
    present = seeds.present(label)
    if len(present) > MOST_SLICES:
        return
    for z in present:
        mask = seeds.masks[label][z]
        box = bounding_box(mask)
        inner = mask[box]
        holes = without_holes(inner) & ~inner
        for other, own in seeds.masks.items():
            if other != label and z in own:
                holes &= ~own[z][box]
        if not holes.any():
            continue
        numbered, _ = pieces(holes)
        sizes = np.bincount(numbered.ravel())
        small = np.flatnonzero(sizes <= SMALL_SHARE * np.count_nonzero(inner))
        kept = np.isin(numbered, small[small > 0])
        whole = np.zeros_like(mask)
        whole[box] = kept
        yield z, (whole, int(np.count_nonzero(holes & ~kept)))


def _large_words(seeds: Seeds, label: int, large: dict[int, int], drawn: int) -> Finding:
    pixels = sum(large.values())
    area_mm2, share = pixels * seeds.grid.pixel_area_mm2, 100 * pixels / (drawn + pixels)
    what = f"{seeds.name(label)} has holes on {slices_named(list(large))}, {area_named(area_mm2)} in all, {share:.2g} % of what"
    return Finding("warning", f"{what} its borders enclose; they were kept.", "Fill them where none is meant.", area_mm2, "mm2")


def _words(seeds: Seeds, label: int, slices: list[int], pixels: int, share: float, fill: bool) -> Finding:
    area_mm2 = pixels * seeds.grid.pixel_area_mm2
    what = f"{seeds.name(label)} has small holes on {slices_named(slices)}, {area_named(area_mm2)} in all"
    if fill:
        return Finding("note", f"{what}; they were filled.", "", area_mm2, "mm2")
    if share < SLIGHT_SHARE:
        return Finding("note", f"{what}: too little to change the volume.", "", area_mm2, "mm2")
    what += f", {100 * share:.2g} % of what is drawn; the volume is smaller by as much."
    return Finding("warning", what, "Fill them, or add --clean to have them filled.", area_mm2, "mm2")
