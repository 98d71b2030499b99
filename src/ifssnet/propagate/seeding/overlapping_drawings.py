"""Muscles that were drawn over each other by more than a border: a segmentation has one muscle a voxel."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from ifssnet.core.findings import Finding
from ifssnet.core.seeds import Seeds

LARGE_SHARE = 0.1
"""Below this share of the smaller one, two muscles overlap along their border only."""


def overlap_findings(seeds: Seeds) -> Iterator[Finding]:
    """A warning for each two muscles that overlap by much; the figure is the share of the smaller one, 0 to 1."""
    for one, other in combinations(seeds.labels, 2):
        slices = [z for z in seeds.present(one) if z in seeds.masks[other]]
        both = sum(int(np.count_nonzero(seeds.masks[one][z] & seeds.masks[other][z])) for z in slices)
        sizes = [sum(int(np.count_nonzero(seeds.masks[label][z])) for z in slices) for label in (one, other)]
        if not both or both <= LARGE_SHARE * min(sizes):
            continue
        share = both / min(sizes)
        inner, outer = (one, other) if sizes[0] <= sizes[1] else (other, one)
        what = (
            f"{seeds.name(outer)} was drawn over {100 * share:.0f} % of {seeds.name(inner)}. A voxel of the result is "
            f"one muscle: what both hold goes to {seeds.name(one)}, and both volumes suffer."
        )
        yield Finding("warning", what, "Segment them one at a time, each from a file of its own.", share)
