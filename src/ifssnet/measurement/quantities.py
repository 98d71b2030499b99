"""What each measure of a muscle is called, its unit, and what it means: the one table for reports and documents."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """How one number is written for a person.

    Attributes:
        key: Its name in results and files.
        label: Its name for a person.
        unit: The number's unit; empty for a pure one.
        decimals: How many are worth reading.
        meaning: One sentence.
        signed: Whether a plus sign is part of the number.
    """

    key: str
    label: str
    unit: str
    decimals: int
    meaning: str
    signed: bool = False


MEASURES: tuple[Quantity, ...] = (
    Quantity("volume_cm3", "Volume", "cm³", 1, "Voxels of the muscle, counted, times the volume of one."),
    Quantity("volume_low_cm3", "Volume, lower limit", "cm³", 1, "Of the interval that holds nine volumes in ten."),
    Quantity("volume_high_cm3", "Volume, upper limit", "cm³", 1, "An expert who always draws too much is not in it."),
    Quantity("volume_mesh_cm3", "Volume of the surface", "cm³", 1, "Enclosed by the smoothed surface of the muscle."),
    Quantity(
        "volume_truncated_cones_cm3", "Volume by truncated cones", "cm³", 1,
        "From the areas of a few slices joined by cones, as tools for single images estimate it.",
    ),
    Quantity("length_mm", "Length", "mm", 0, "From the first to the last slice on which the muscle is present."),
    Quantity(
        "max_acsa_smoothed_cm2", "Largest ACSA", "cm²", 1,
        "Largest anatomical cross-sectional area, of the profile smoothed along the muscle.",
    ),
    Quantity("max_acsa_smoothed_z", "Slice of the largest ACSA", "", 0, "Its number in the volume, counted from 0."),
    Quantity("max_acsa_smoothed_percent", "Place of the largest ACSA", "% of length", 0, "0 at its first slice, 100 at last."),
    Quantity("max_acsa_cm2", "Largest ACSA, one slice", "cm²", 1, "Largest area of a single slice, jitter included."),
    Quantity("max_acsa_z", "Slice of that area", "", 0, "Its number in the volume, counted from 0."),
    Quantity("max_acsa_position_mm", "Place of that area", "mm", 0, "Along the slice axis, from the first slice."),
    Quantity("max_acsa_percent", "Place of that area", "% of length", 0, "0 at its first slice, 100 at its last."),
    Quantity("length_centroid_mm", "Length of the centroid line", "mm", 0, "Through the middle of the muscle, slice by slice."),
    Quantity("max_acsa_across_cm2", "Largest area across the muscle", "cm²", 1, "In the plane across the muscle's own axis."),
    Quantity("max_acsa_across_z", "Slice of the largest area across", "", 0, "Where that plane meets the centroid line."),
    Quantity("mean_obliquity_deg", "Obliquity", "°", 0, "Mean angle between the muscle's own axis and the slice axis."),
    Quantity("surface_area_cm2", "Surface area", "cm²", 0, "Of the muscle's surface."),
    Quantity("echo_intensity_mean", "Echo intensity", "grey level", 1, "Mean grey level inside; depends on gain and probe."),
    Quantity("echo_intensity_sd", "Echo intensity, SD", "grey level", 1, "Standard deviation of the grey level inside."),
    Quantity("echo_intensity_eroded_mean", "Echo intensity, inner", "grey level", 1, "Away from the bright fascia."),
    Quantity("echo_intensity_eroded_sd", "Echo intensity, inner, SD", "grey level", 1, "Its standard deviation."),
    Quantity("echo_intensity_superficial_mean", "Echo intensity, superficial", "grey level", 1, "Nearest to the probe."),
    Quantity("echo_intensity_superficial_sd", "Echo intensity, superficial, SD", "grey level", 1, "Its standard deviation."),
    Quantity("never_seen_percent", "Never seen", "%", 1, "Share of the muscle's voxels where no frame shows anything."),
)  # fmt: skip
"""Every field of `MuscleMeasures` that is a number, in the order of the report."""
