"""Seeds whose muscles were painted as outlines: filled, with a remark that says where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np

from ifssnet.core.findings import Finding
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.masks.outlines import Outline, OutlineKind, enclosed, outline_of

MOSTLY = 0.5
"""A muscle of which at least this many drawn slices are outlines was drawn as outlines throughout."""

INSIDE = 0.9
"""A muscle of which at least this share lies inside another one's outline is inside it."""

SHOWN_SLICES = 12

_OUTLINES = (OutlineKind.CLOSED, OutlineKind.GAP)

_KEEP = "Add --keep-outlines to take the strokes as the muscle itself."


def fill_outlines(seeds: Seeds) -> Seeds:
    """Fill outlines, closed ones and those with a small gap, on each slice of each muscle.

    Returns:
        The seeds with the outlines filled. Each muscle with outlines has a note among the findings, and a warning where an
        outline cannot be closed and was left as it is.
    """
    looks = {label: {z: outline_of(seeds.masks[label][z]) for z in seeds.present(label)} for label in seeds.labels}
    if not any(look.kind is not OutlineKind.FILLED for own in looks.values() for look in own.values()):
        return seeds
    for label, own in looks.items():
        for z, look in own.items():
            # A neighbour's stroke may cover a part of an outline, which then ends in the open.
            if look.kind not in _OUTLINES and any(z in other and other[z].kind in _OUTLINES for other in looks.values()):
                own[z] = outline_of(seeds.masks[label][z], _others(looks, label, z, look.filled))
    # The same brush was used throughout: what it painted is an outline even where it encloses little.
    brush_px = float(
        np.median([look.width_px for own in looks.values() for look in own.values() if look.width_px > 0] or [0.0])
    )
    for label, own in looks.items():
        for z, look in own.items():
            if look.kind is OutlineKind.FILLED and brush_px > 0:
                own[z] = outline_of(seeds.masks[label][z], None, brush_px)
    masks: dict[int, dict[int, Mask]] = {}
    findings: list[Finding] = []
    for label, own in looks.items():
        outlines = [z for z, look in own.items() if look.kind in _OUTLINES]
        throughout = bool(own) and len(outlines) >= MOSTLY * len(own)
        masks[label] = dict(seeds.masks[label])
        for z, look in own.items():
            masks[label][z] = enclosed(look.filled) if throughout and not look.hole_px else look.filled
        findings += _findings(seeds, label, own, masks[label])
    findings += _leave_inner(seeds, masks, looks)
    return replace(seeds, masks=masks, findings=(*seeds.findings, *findings))


def _leave_inner(seeds: Seeds, masks: dict[int, dict[int, Mask]], looks: dict[int, dict[int, Outline]]) -> Iterator[Finding]:
    """Take muscles that lie inside another one's outline out of that one, where nothing had been drawn as both."""
    for outer, inner in permutations(masks, 2):
        shared: list[int] = []
        for z, look in looks[outer].items():
            whole, part = masks[outer][z], masks[inner].get(z)
            if look.kind not in _OUTLINES or part is None or not part.any() or (seeds.masks[outer][z] & part).any():
                continue
            if np.count_nonzero(whole & part) >= INSIDE * np.count_nonzero(part):
                masks[outer][z] = whole & ~part
                shared.append(z)
        if shared:
            names = seeds.name(outer), seeds.name(inner)
            what = (
                f"{names[1]} lies inside the outline of {names[0]} on {slices_named(shared)}: it is not counted as {names[0]}."
            )
            yield Finding("note", what, "Draw each of them in a layer of its own to count it for both.", float(len(shared)))


def _others(looks: dict[int, dict[int, Outline]], label: int, z: int, like: Mask) -> Mask:
    """What the other muscles cover on a slice once filled."""
    together = np.zeros_like(like)
    for other, own in looks.items():
        if other != label and z in own:
            together |= own[z].filled
    return together


def _findings(seeds: Seeds, label: int, looks: dict[int, Outline], filled: dict[int, Mask]) -> Iterable[Finding]:
    name = seeds.name(label)
    changed = [z for z in looks if (filled[z] != seeds.masks[label][z]).any()]
    if changed:
        gaps = [z for z in changed if looks[z].kind is OutlineKind.GAP]
        widest = max((looks[z].gap_px for z in gaps), default=0) * max(seeds.grid.spacing_xyz_mm[:2])
        closed = f" Gaps of up to {widest:.2g} mm were closed on {slices_named(gaps)}." if gaps else ""
        what = f"{name} was drawn as an outline on {slices_named(changed)}, which was filled.{closed}"
        yield Finding("note", what, _KEEP, float(len(changed)))
    still_open = [z for z, look in looks.items() if look.kind is OutlineKind.OPEN]
    if still_open:
        area = sum(float(np.count_nonzero(filled[z])) for z in still_open) / len(still_open) * seeds.grid.pixel_area_mm2 / 100
        what = (
            f"{name} is an open outline on {slices_named(still_open)}, with a gap that is too wide to close; only the stroke "
            f"itself counts there, {area:.2g} cm2."
        )
        yield Finding("warning", what, "Close the outline or fill it, and run this again.", area, "cm2")


def area_named(area_mm2: float) -> str:
    """An area in words, without an exponent.

    >>> area_named(1234.5), area_named(2.56)
    ('1,234 mm2', '2.6 mm2')
    """
    return f"{area_mm2:,.0f} mm2" if area_mm2 >= 100 else f"{area_mm2:.2g} mm2"


def slices_named(slices: Sequence[int]) -> str:
    """Slices in words, the first of many.

    >>> slices_named([4]), slices_named([4, 8])
    ('slice 4', 'slices 4, 8')
    """
    shown = ", ".join(str(z) for z in slices[:SHOWN_SLICES])
    more = f" and {len(slices) - SHOWN_SLICES} more" if len(slices) > SHOWN_SLICES else ""
    return f"slice{'' if len(slices) == 1 else 's'} {shown}{more}"
