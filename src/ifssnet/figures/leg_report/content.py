"""What a report is made of: numbers, slices, surfaces and words, all found elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, UInt8

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.grid import Grid
from ifssnet.core.segmentation import Json
from ifssnet.figures.rendering.axis_letters import ANATOMICAL, Letters
from ifssnet.figures.rendering.shown_surface import ShownSurface

Mask = Bool[np.ndarray, "y x"]


@dataclass(frozen=True, eq=False)
class AcsaProfile:
    """Anatomical cross-sectional area of one muscle, slice by slice.

    Attributes:
        z: Slice numbers, ascending.
        position_mm: Where each slice lies along the slice axis.
        acsa_cm2: Area of the muscle on each slice.
        percent_of_length: Place of each slice along the muscle, 0 at its first slice and 100 at its last.
        annotated_z: Slices that an expert drew, a subset of `z`.
        reference_acsa_cm2: The same areas in the reference, where there is one.
        echo_intensity: Mean grey level of the muscle on each slice, where it was measured; NaN where it was not.
    """

    z: Sequence[int]
    position_mm: Float[np.ndarray, " slice"]
    acsa_cm2: Float[np.ndarray, " slice"]
    percent_of_length: Float[np.ndarray, " slice"]
    annotated_z: Sequence[int] = ()
    reference_acsa_cm2: Float[np.ndarray, " slice"] | None = None
    echo_intensity: Float[np.ndarray, " slice"] | None = None

    def __post_init__(self) -> None:
        if len(self.z) != len(self.position_mm):
            raise InputError(
                "a slice number for each area",
                f"{len(self.z)} numbers for {len(self.position_mm)} areas",
                "Give a profile whose parts have one length.",
            )


@dataclass(frozen=True, eq=False)
class ShownSlice:
    """One slice as the report shows it.

    Attributes:
        z: Its number.
        position_mm: Where it lies along the slice axis.
        image: Grey levels, 0 to 255.
        masks: Muscle's name to what was segmented there.
        reference_masks: Muscle's name to what the reference says.
        annotated: Names of the muscles that an expert drew on this slice.
    """

    z: int
    position_mm: float
    image: UInt8[np.ndarray, "y x"]
    masks: Mapping[str, Mask]
    reference_masks: Mapping[str, Mask] = field(default_factory=dict[str, Mask])
    annotated: Sequence[str] = ()


@dataclass(frozen=True)
class VolumeEstimate:
    """A muscle's volume from the annotated slices alone, and how far off that is likely to be.

    Attributes:
        volume_cm3: The estimate.
        leave_one_out_percent: Error when each annotated slice is left out in turn; None with too few slices.
        method: How, in a few words.
    """

    volume_cm3: float
    leave_one_out_percent: float | None = None
    method: str = ""


@dataclass(frozen=True, eq=False)
class ComparedMethod:
    """One of several methods on the same leg, from the same annotated slices.

    Attributes:
        name: For a person.
        comparison: Muscle's name to its agreement with the reference, named as in the JSON of `ifss compare`.
        slices: What it found, beside the reference; each method shows the same slices.
        note: What a reader has to know of it, such as whose place it takes; may be empty.
    """

    name: str
    comparison: Mapping[str, Mapping[str, Json]]
    slices: Sequence[ShownSlice] = ()
    note: str = ""


@dataclass(frozen=True, eq=False)
class ReportContent:
    """Everything on the page.

    Attributes:
        title: The case, as its owner calls it.
        grid: Where the segmentation's voxels lie.
        muscles: Muscle's name to its measures, named as in the JSON of `ifss measure`; what is not a number is left out.
        profiles: Muscle's name to its areas along the leg.
        slices: The slices to show, in the order to show them.
        surfaces: The surfaces to show.
        comparison: Muscle's name to its agreement with the reference, named as in the JSON of `ifss compare`.
        comparison_mean: The mean of the comparison over the muscles.
        methods: Several methods side by side, the segmentation's own first; empty where there is one only.
        colors: Muscle's name to (red, green, blue); the field's colours where a name is missing.
        annotated_slices: Muscle's name to the slices that an expert drew.
        findings: What the checks of the input found; None when nothing was checked, empty when all was well.
        estimates: Muscle's name to its volume from the annotated slices alone.
        provenance: How the segmentation came about: plain data, as deep as it likes.
        warnings: What was said while the case was read and measured.
        reference_name: What it was compared with, for a person.
        axes: What lies at +x, -x, +y, -y, +z and -z.
        side: Which leg, where known: it says which way is medial.
        made_at: Date and time as text; left out when empty, so that a page can be made twice the same.
        version: Of this package.
    """

    title: str
    grid: Grid
    muscles: Mapping[str, Mapping[str, Json]]
    profiles: Mapping[str, AcsaProfile] = field(default_factory=dict[str, AcsaProfile])
    slices: Sequence[ShownSlice] = ()
    surfaces: Sequence[ShownSurface] = ()
    comparison: Mapping[str, Mapping[str, Json]] | None = None
    comparison_mean: Mapping[str, Json] | None = None
    methods: Sequence[ComparedMethod] = ()
    colors: Mapping[str, tuple[int, int, int]] = field(default_factory=dict[str, tuple[int, int, int]])
    annotated_slices: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])
    findings: Sequence[Finding] | None = None
    estimates: Mapping[str, VolumeEstimate] = field(default_factory=dict[str, VolumeEstimate])
    provenance: Mapping[str, Json] = field(default_factory=dict[str, Json])
    warnings: Sequence[str] = ()
    reference_name: str = ""
    axes: Letters = ANATOMICAL
    side: Literal["left", "right"] | None = None
    made_at: str = ""
    version: str = ""
