"""How well a segmentation agrees with a reference, muscle by muscle and slice by slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from ifssnet.core.images import first_names


@dataclass(frozen=True, eq=False, kw_only=True)
class SliceAgreement:
    """Agreement on one slice: overlaps and areas are the slice's, distances lead to the other surface in 3-D.

    Attributes:
        z: The slice.
        dice: 2 |A ∩ B| / (|A| + |B|).
        iou: |A ∩ B| / |A ∪ B|.
        miou: Mean of the IoU of the muscle and of the background.
        precision: Share of the segmentation that is in the reference.
        recall: Share of the reference that was found.
        area_error_percent: 100 (|A| - |B|) / |B|; infinite where only the reference is empty.
        absolute_area_error_percent: The same without its sign.
        hausdorff_mm: Largest distance from this slice's surface voxels to the other surface; infinite where that is empty.
        hausdorff95_mm: The larger of the two directed 95th percentiles.
        asd_mm: Mean distance, both directions together.
    """

    z: int
    dice: float
    iou: float
    miou: float
    precision: float
    recall: float
    area_error_percent: float
    absolute_area_error_percent: float
    hausdorff_mm: float
    hausdorff95_mm: float
    asd_mm: float

    def __repr__(self) -> str:
        return f"SliceAgreement(slice {self.z}, Dice {self.dice:.4f})"

    def numbers(self) -> dict[str, int | float]:
        """All of them by name, the slice first."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, eq=False, kw_only=True)
class MuscleAgreement:
    """Agreement of one muscle with its reference; definitions and sources are in docs/reference/measures.md.

    Attributes:
        dice: 2 |A ∩ B| / (|A| + |B|); 1 where both are empty.
        iou: |A ∩ B| / |A ∪ B|; 1 where both are empty.
        miou: Mean of the IoU of the muscle and of the background, over the whole grid.
        precision: Share of the segmentation that is in the reference.
        recall: Share of the reference that was found.
        volume_error_percent: 100 (|A| - |B|) / |B|, positive where the segmentation is larger; infinite where only the
            reference is empty.
        absolute_volume_error_percent: The same without its sign.
        hausdorff_mm: Largest distance between the two surfaces; infinite where one of the two is empty.
        hausdorff95_mm: The larger of the two directed 95th percentiles.
        asd_mm: Average symmetric surface distance.
        surface_dice_1mm: Share of both surfaces' area that lies within 1 mm of the other one; 1 where both are empty.
        surface_dice_2mm: The same within 2 mm.
        volume_cm3: The segmentation's volume on the slices that count.
        reference_volume_cm3: The reference's.
        volume_difference_cm3: The first less the second.
        further: Metrics of `ifssnet.measurement.reference.metrics` that have no field here, by name.
        per_slice: One entry for each slice on which either map has the muscle; None where it was not asked for.
    """

    dice: float
    iou: float
    miou: float
    precision: float
    recall: float
    volume_error_percent: float
    absolute_volume_error_percent: float
    hausdorff_mm: float
    hausdorff95_mm: float
    asd_mm: float
    surface_dice_1mm: float
    surface_dice_2mm: float
    volume_cm3: float
    reference_volume_cm3: float
    volume_difference_cm3: float
    further: Mapping[str, float] = field(default_factory=dict[str, float])
    per_slice: Sequence[SliceAgreement] | None = None

    def __repr__(self) -> str:
        away = f"HD95 {self.hausdorff95_mm:.4g} mm, volume error {self.volume_error_percent:+.4g} %"
        return f"MuscleAgreement(Dice {self.dice:.4f}, {away})"

    def numbers(self) -> dict[str, float]:
        """Every metric by name, in the order of every table."""
        own: dict[str, float] = {
            each.name: getattr(self, each.name) for each in fields(self) if each.name not in ("further", "per_slice")
        }
        return own | dict(self.further)


@dataclass(frozen=True, eq=False)
class LegAgreement:
    """Agreement of a leg with its reference.

    Attributes:
        muscles: Muscle's name, as the field has it, to its agreement; in the reference's order.
        mean: The mean over the muscles; a distance or an error that is infinite for one muscle is infinite here.
        grid_shape_zyx: Voxels of the reference's grid, which background counts depend on.
        left_out_slices: Muscle's name to the slices that did not count.
    """

    muscles: Mapping[str, MuscleAgreement]
    mean: MuscleAgreement
    grid_shape_zyx: tuple[int, int, int]
    left_out_slices: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])

    def __repr__(self) -> str:
        return f"LegAgreement({first_names([f'{name} Dice {each.dice:.4f}' for name, each in self.muscles.items()])})"
