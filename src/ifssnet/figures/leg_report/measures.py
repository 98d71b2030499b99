"""What each number is called, its unit, and what it means: for tables that a clinician reads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ifssnet.core.segmentation import Json


@dataclass(frozen=True)
class Measure:
    """How one number is written.

    Attributes:
        key: Its name in the JSON.
        label: Its name for a person.
        unit: Of the number; empty for a pure one.
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


MEASURES: tuple[Measure, ...] = (
    Measure("volume_cm3", "Volume", "cm³", 1, "Voxels of the muscle, counted, times the volume of one."),
    Measure("volume_mesh_cm3", "Volume of the surface", "cm³", 1, "Enclosed by the smoothed surface of the muscle."),
    Measure(
        "volume_truncated_cones_cm3", "Volume by truncated cones", "cm³", 1,
        "From the areas of a few slices joined by cones, as tools for single images estimate it.",
    ),
    Measure("length_mm", "Length", "mm", 0, "From the first to the last slice on which the muscle is present."),
    Measure("max_acsa_cm2", "Largest ACSA", "cm²", 1, "Largest anatomical cross-sectional area, on one slice."),
    Measure("max_acsa_z", "Slice of the largest ACSA", "", 0, "Its number in the volume, counted from 0."),
    Measure("max_acsa_position_mm", "Place of the largest ACSA", "mm", 0, "Along the slice axis, from the first slice."),
    Measure("max_acsa_percent", "Place of the largest ACSA", "% of length", 0, "0 at its first slice, 100 at its last."),
    Measure("length_centroid_mm", "Length of the centroid line", "mm", 0, "Through the middle of the muscle, slice by slice."),
    Measure("max_acsa_across_cm2", "Largest area across the muscle", "cm²", 1, "In the plane across the muscle's own axis."),
    Measure("max_acsa_across_z", "Slice of the largest area across", "", 0, "Where that plane meets the centroid line."),
    Measure("mean_obliquity_deg", "Obliquity", "°", 0, "Mean angle between the muscle's own axis and the slice axis."),
    Measure("surface_area_cm2", "Surface area", "cm²", 0, "Of the muscle's surface."),
    Measure("echo_intensity_mean", "Echo intensity", "grey level", 1, "Mean grey level inside; depends on gain and probe."),
    Measure("echo_intensity_sd", "Echo intensity, SD", "grey level", 1, "Standard deviation of the grey level inside."),
    Measure("echo_intensity_eroded_mean", "Echo intensity, inner", "grey level", 1, "Away from the bright fascia."),
    Measure("echo_intensity_eroded_sd", "Echo intensity, inner, SD", "grey level", 1, "Its standard deviation."),
    Measure("echo_intensity_superficial_mean", "Echo intensity, superficial", "grey level", 1, "Nearest to the probe."),
    Measure("echo_intensity_superficial_sd", "Echo intensity, superficial, SD", "grey level", 1, "Its standard deviation."),
)  # fmt: skip

COMPARISONS_ELSEWHERE = frozenset({"volume_cm3"})
"""What a comparison repeats of the measures."""

COMPARISONS: tuple[Measure, ...] = (
    Measure("dice", "Dice", "", 3, "Twice the shared volume over the sum of both: 1 is perfect, 0 nothing shared."),
    Measure("iou", "IoU", "", 3, "Shared volume over that of both together (Jaccard)."),
    Measure("miou", "mIoU", "", 3, "Mean of the IoU of the muscle and of the background, as papers report it."),
    Measure("precision", "Precision", "", 3, "Share of the segmentation that is in the reference."),
    Measure("recall", "Recall", "", 3, "Share of the reference that was found."),
    Measure("hausdorff_mm", "Hausdorff distance", "mm", 2, "Largest distance between the surfaces: the single worst place."),
    Measure("hausdorff95_mm", "Hausdorff distance, 95 %", "mm", 2, "95 % of the surface points lie closer than this."),
    Measure("asd_mm", "Average surface distance", "mm", 2, "Mean distance between the surfaces, in both directions."),
    Measure("volume_error_percent", "Volume error", "%", 2, "Signed: positive where the segmentation is larger.", signed=True),
    Measure("absolute_volume_error_percent", "Absolute volume error", "%", 2, "The same without its sign."),
    Measure("reference_volume_cm3", "Volume of the reference", "cm³", 1, "To hold the segmentation's volume against."),
    Measure("volume_difference_cm3", "Volume difference", "cm³", 1, "Segmentation less reference.", signed=True),
)

_UNITS = (
    ("_cm3", "cm³", 1), ("_mm3", "mm³", 0), ("_cm2", "cm²", 1), ("_mm2", "mm²", 1), ("_mm", "mm", 1), ("_percent", "%", 1),
    ("_s", "s", 1),
)  # fmt: skip


def _unheard_of(key: str) -> Measure:
    for ending, unit, decimals in _UNITS:
        if key.endswith(ending):
            return Measure(key, key.removesuffix(ending).replace("_", " ").capitalize(), unit, decimals, "")
    return Measure(key, key.replace("_", " ").capitalize(), "", 3, "")


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def measures_in(rows: Iterable[Mapping[str, Json]], known: tuple[Measure, ...]) -> list[Measure]:
    """The measures that at least one muscle has a number for: the known in their order, then the others as they came."""
    present: dict[str, None] = {}
    for row in rows:
        present.update(dict.fromkeys(key for key, value in row.items() if _is_number(value)))
    by_key = {measure.key: measure for measure in known}
    return [m for m in known if m.key in present] + [_unheard_of(key) for key in present if key not in by_key]


def spoken(value: Json, measure: Measure) -> str:
    """A number as the page writes it, without its unit; a dash where there is none.

    >>> spoken(-0.5, COMPARISONS[-1]), spoken(320.44, MEASURES[0]), spoken(None, MEASURES[0])
    ('−0.5', '320.4', '–')
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:+.{measure.decimals}f}" if measure.signed else f"{value:.{measure.decimals}f}"
    if float(text) == 0:
        # Nothing has no sign, nor has what rounds to nothing.
        text = text.lstrip("+-")
    return text.replace("-", "−")
