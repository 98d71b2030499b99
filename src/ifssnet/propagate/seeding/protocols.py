"""How much of what an expert drew a method is given: the paper's text, its published code, or everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.results.evaluation import ALL_SEEDS, EVERY_100, FIRST_THREE
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup, find_groups

PROTOCOLS: Mapping[str, str] = {
    FIRST_THREE: "the first group of up to three consecutive drawn slices of each muscle (the paper's text, III-A)",
    EVERY_100: "a group of up to three every 100 slices from the first on (the paper's published code)",
    ALL_SEEDS: "all that was drawn, slices without the muscle included",
}
GROUP = 3
"""Consecutive slices that a group has (paper, III)."""
PERIOD = 100
"""Slices from group to group (published code: windows, with a step of one slice)."""


PAPER_SLICE_MM = 0.277
"""Distance of slices in the paper's volumes (IV-A), on which its hundred slices are 27.7 mm."""
_ABOUT = 1.2


def distance_findings(protocol: str, slice_mm: float) -> tuple[Finding, ...]:
    """What has to be said of a protocol that counts slices, where slices are not as far apart as the paper's.

    Args:
        protocol: A key of `PROTOCOLS`.
        slice_mm: Distance from one slice to the next.

    >>> [finding.figure for finding in distance_findings("every-100", 1.108)]
    [110.8]
    """
    if protocol != EVERY_100 or 1 / _ABOUT <= slice_mm / PAPER_SLICE_MM <= _ABOUT:
        return ()
    apart_mm = round(PERIOD * slice_mm, 3)
    return (
        Finding(
            "warning",
            f"every-100 counts slices: 100 of them are {apart_mm:.4g} mm here and {100 * PAPER_SLICE_MM:.3g} mm in the paper.",
            "Annotate at a distance in mm (--every-mm) and use --protocol all-seeds for the paper's distance.",
            apart_mm,
            "mm",
        ),
    )


def restrict(seeds: Seeds, protocol: str) -> Seeds:
    """The seeds that a protocol gives to a method.

    "every-100" takes, for the first drawn slice and each 100th after it, the group there; where nothing was drawn
    there, the nearest drawn slices of at most 50 away. Neither it nor "first-three" gives slices that say "absent
    here", so a method has to find the muscle's end itself. A muscle that was drawn nowhere keeps no slices.

    Args:
        seeds: All that was drawn.
        protocol: A key of `PROTOCOLS`.

    Raises:
        InputError: No such protocol.
    """
    check_protocol(protocol)
    if protocol == ALL_SEEDS:
        return seeds
    masks: dict[int, dict[int, Mask]] = {}
    for label in seeds.labels:
        present = [group for group in find_groups(seeds.masks[label]) if group.present]
        kept = (present[0].slices[:GROUP] if present else ()) if protocol == FIRST_THREE else _periodic(present)
        masks[label] = {z: seeds.masks[label][z] for z in kept}
    return replace(seeds, masks=masks)


def check_protocol(protocol: str) -> None:
    """Refuse a word that is no protocol.

    Raises:
        InputError: It is none.
    """
    if protocol not in PROTOCOLS:
        raise InputError(f"one of the protocols {', '.join(PROTOCOLS)}", f"'{protocol}'", "Choose one of them.")


def _periodic(present: list[AnnotatedGroup]) -> tuple[int, ...]:
    """Slices of the groups that come closest to every hundredth slice from the first."""
    if not present:
        return ()
    kept: set[int] = set()
    for target in range(present[0].first, present[-1].last + 1, PERIOD):
        nearest = min(present, key=lambda group: (_distance(group, target), group.first))
        if _distance(nearest, target) <= PERIOD // 2:
            # A group starts on its slice; one that was drawn before it is taken from its end.
            start = min(max(target, nearest.first), max(nearest.last - GROUP + 1, nearest.first))
            kept.update(z for z in nearest.slices if start <= z < start + GROUP)
    return tuple(sorted(kept))


def _distance(group: AnnotatedGroup, z: int) -> int:
    return max(group.first - z, z - group.last, 0)
