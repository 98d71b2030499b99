"""How two masks overlap: one count of voxels, and everything that follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Int, Integer
from numba import njit


@dataclass(frozen=True)
class Overlap:
    """Voxels of a mask against a reference.

    Attributes:
        both: In the mask and in the reference (true positives).
        only_mask: In the mask alone (false positives).
        only_reference: In the reference alone (false negatives).
        neither: In neither (true negatives), over the whole grid.
    """

    both: int
    only_mask: int
    only_reference: int
    neither: int

    @property
    def mask(self) -> int:
        """Voxels of the mask."""
        return self.both + self.only_mask

    @property
    def reference(self) -> int:
        """Voxels of the reference."""
        return self.both + self.only_reference

    @property
    def dice(self) -> float:
        """2 |A ∩ B| / (|A| + |B|); 1 where both are empty (Dice 1945)."""
        total = self.mask + self.reference
        return 2 * self.both / total if total else 1.0

    @property
    def iou(self) -> float:
        """|A ∩ B| / |A ∪ B|; 1 where both are empty (Jaccard 1912)."""
        union = self.both + self.only_mask + self.only_reference
        return self.both / union if union else 1.0

    @property
    def background_iou(self) -> float:
        """The same of what is not the muscle."""
        union = self.neither + self.only_mask + self.only_reference
        return self.neither / union if union else 1.0

    @property
    def miou(self) -> float:
        """Mean of the IoU of the muscle and of the background, the two classes of a binary segmentation.

        The background counts over the whole grid, so that mIoU depends on how much empty space surrounds the muscle:
        compare it only on the same grid.
        """
        return (self.iou + self.background_iou) / 2

    @property
    def precision(self) -> float:
        """|A ∩ B| / |A|. An empty mask: 1 where the reference is empty too, else 0."""
        return self.both / self.mask if self.mask else float(self.reference == 0)

    @property
    def recall(self) -> float:
        """|A ∩ B| / |B|. An empty reference: 1 where the mask is empty too, else 0."""
        return self.both / self.reference if self.reference else float(self.mask == 0)

    @property
    def volume_error_percent(self) -> float:
        """100 (|A| - |B|) / |B|, positive where the mask is larger.

        An empty reference: 0 where the mask is empty too, else infinite.
        """
        if self.reference == 0:
            return 0.0 if self.mask == 0 else math.inf
        return 100 * (self.mask - self.reference) / self.reference

    def numbers(self) -> dict[str, float]:
        """All of them by name."""
        return {
            "dice": self.dice,
            "iou": self.iou,
            "miou": self.miou,
            "precision": self.precision,
            "recall": self.recall,
            "volume_error_percent": self.volume_error_percent,
            "absolute_volume_error_percent": abs(self.volume_error_percent),
        }


def overlap(mask: Bool[np.ndarray, "*axes"], reference: Bool[np.ndarray, "*axes"]) -> Overlap:
    """Count two masks of one shape against each other."""
    both = int(np.count_nonzero(mask & reference))
    only_mask, only_reference = int(np.count_nonzero(mask)) - both, int(np.count_nonzero(reference)) - both
    return Overlap(both, only_mask, only_reference, mask.size - both - only_mask - only_reference)


def joint_counts(
    labels: Integer[np.ndarray, "z y x"],
    reference: Integer[np.ndarray, "z y x"],
    values: Sequence[int],
    reference_values: Sequence[int],
) -> JointCounts:
    """Count, in one pass over both maps, how many voxels of each slice have each pair of labels.

    Args:
        labels: The label map.
        reference: Another one on the same grid.
        values: The labels of the first that matter; all else is background.
        reference_values: The same for the second.
    """
    first, second = np.array(sorted(values), dtype=np.int64), np.array(sorted(reference_values), dtype=np.int64)
    return JointCounts(
        counts=_count_pairs(labels, reference, first, second),
        rows={value: row + 1 for row, value in enumerate(first.tolist())},
        columns={value: column + 1 for column, value in enumerate(second.tolist())},
    )


@dataclass(frozen=True, eq=False)
class JointCounts:
    """How often each pair of labels occurs on each slice.

    Attributes:
        counts: Voxels; row 0 and column 0 are background.
        rows: Label value of the first map to its row.
        columns: Label value of the second to its column.
    """

    counts: Int[np.ndarray, "z row column"]
    rows: Mapping[int, int]
    columns: Mapping[int, int]

    def by_slice(self, value: int | None, reference_value: int | None) -> list[Overlap]:
        """One muscle's overlap on each slice; None stands for a map that lacks the muscle."""
        voxels = self.counts.sum(axis=(1, 2))
        mask = np.zeros_like(voxels) if value is None else self.counts[:, self.rows[value], :].sum(axis=1)
        reference = (
            np.zeros_like(voxels) if reference_value is None else self.counts[:, :, self.columns[reference_value]].sum(axis=1)
        )
        if value is None or reference_value is None:
            both = np.zeros_like(voxels)
        else:
            both = self.counts[:, self.rows[value], self.columns[reference_value]]
        neither = voxels - mask - reference + both
        table = np.stack([both, mask - both, reference - both, neither], axis=1)
        return [Overlap(*(int(count) for count in row)) for row in table]


def total(parts: Sequence[Overlap]) -> Overlap:
    """The overlap over several slices together."""
    return Overlap(
        both=sum(part.both for part in parts),
        only_mask=sum(part.only_mask for part in parts),
        only_reference=sum(part.only_reference for part in parts),
        neither=sum(part.neither for part in parts),
    )


@no_type_check
@njit(cache=True)
def _row_of(value: Any, ascending: Any) -> Any:
    row = np.searchsorted(ascending, value)
    return row + 1 if row < ascending.size and ascending[row] == value else 0


@no_type_check
@njit(cache=True)
def _count_pairs(labels: Any, reference: Any, first: Any, second: Any) -> Any:
    counts = np.zeros((labels.shape[0], first.size + 1, second.size + 1), dtype=np.int64)
    for z in range(labels.shape[0]):
        for y in range(labels.shape[1]):
            # Runs of one pair are long: look a pair up only where it changes.
            start = 0
            for x in range(1, labels.shape[2] + 1):
                if (
                    x == labels.shape[2]
                    or labels[z, y, x] != labels[z, y, start]
                    or reference[z, y, x] != reference[z, y, start]
                ):
                    row = _row_of(np.int64(labels[z, y, start]), first)
                    column = _row_of(np.int64(reference[z, y, start]), second)
                    counts[z, row, column] += x - start
                    start = x
    return counts
