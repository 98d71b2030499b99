"""Label maps as DICOM segmentations (PS3.3 A.51): binary, fractional or label map, written by highdicom."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from jaxtyping import Shaped
from pydicom.sr.coding import Code

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.machine.extras import install_command
from ifssnet.core.muscles import color_of, field_names
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.volumes.dicom_writing.codes import STRUCTURE, coded
from ifssnet.io.volumes.dicom_writing.source_series import (
    MANUFACTURER,
    SourceSeries,
    derived_uid,
    forget,
    framed,
    no_series,
    refer_to,
    software_version,
)

SegmentationKind: TypeAlias = Literal["binary", "fractional", "labelmap"]
AlgorithmType: TypeAlias = Literal["MANUAL", "SEMIAUTOMATIC"]

_MOST_FRACTION = 255
_NETWORK = Code("123110", "DCM", "Artificial Intelligence")
_INTERPOLATION = Code("123104", "DCM", "Morphological Operations")
"""Families of algorithms (PS3.16, CID 7162)."""

_REFERENCES = ("ReferencedSeriesSequence", "StudiesContainingOtherReferencedInstancesSequence", "DerivationImageSequence")


@dataclass(frozen=True)
class SegmentationOptions:
    """How a segmentation is written.

    Attributes:
        kind: "binary": a bit a voxel and segment; "fractional": a probability; "labelmap": a number a voxel, without overlaps.
        algorithm: The method that segmented; empty where a person drew everything.
        network: Whether that method is a trained network.
    """

    kind: SegmentationKind = "binary"
    algorithm: str = ""
    network: bool = False


@dataclass(frozen=True, eq=False)
class _Segment:
    name: str
    mask: Shaped[np.ndarray, "z y x"]
    color: tuple[int, int, int]


def can_write_dicom() -> bool:
    """Whether the library that writes DICOM is installed."""
    return find_spec("highdicom") is not None


def require_highdicom() -> None:
    """Refuse to go on without the library that writes DICOM.

    Raises:
        InputError: It is not installed.
    """
    if not can_write_dicom():
        raise InputError("highdicom, which writes DICOM", "an installation without it", f"Run: {install_command('dicom')}")


def write_dicom_segmentation(
    layers: Sequence[LabelMap],
    path: Path,
    options: SegmentationOptions,
    source: SourceSeries | None = None,
    probability: Volume | None = None,
    force: bool = False,
) -> None:
    """Write label maps on one grid, of which each structure is whole.

    Args:
        layers: One label map, or several where structures overlap.
        path: Where to.
        options: How.
        source: The series that was segmented; None where it never was DICOM.
        probability: The probability of each voxel's label, for fractional segmentations; None writes 0 and 1.
        force: Replace what is there.

    Raises:
        InputError: No highdicom, nothing labelled, overlaps in a label map, a probability on another grid, or a target that
            cannot be written.
    """
    require_highdicom()
    if probability is not None and (options.kind != "fractional" or not probability.grid.matches(layers[0].grid)):
        raise InputError("a probability on the grid of a fractional segmentation", "another", "Leave the probability out.")
    segments = _segments(layers)
    if not segments:
        raise InputError("at least one labelled voxel", "none", "Segment the leg first.")
    if options.kind == "labelmap" and _overlap(segments):
        raise InputError("segments that do not overlap in a label map", "some that do", "Choose binary.")
    grid = layers[0].grid
    content = _content(segments, grid, options)
    series = source or no_series(content)
    data = _build(segments, grid, options, series, content, probability)
    if not series.placed:
        forget(data, _REFERENCES)
    if series.real and not series.placed:
        refer_to(data, series)
    with atomic_path(path, force=force) as partial:
        data.save_as(partial, enforce_file_format=True)


def _segments(layers: Sequence[LabelMap]) -> list[_Segment]:
    held = [(layer, value) for layer in layers for value in sorted(layer.names)]
    called = field_names([layer.names[value] for layer, value in held])
    found: list[_Segment] = []
    for layer, value in held:
        mask = layer.array == value
        if mask.any():
            name = layer.names[value]
            color = layer.colors.get(value, color_of(called[name], len(found)))
            found.append(_Segment(name, mask, color))
    return found


def _overlap(segments: Sequence[_Segment]) -> bool:
    seen = np.zeros(segments[0].mask.shape, dtype=np.bool_)
    for each in segments:
        if bool((seen & each.mask).any()):
            return True
        seen |= each.mask
    return False


def _content(segments: Sequence[_Segment], grid: Grid, options: SegmentationOptions) -> str:
    digest = hashlib.sha256(repr((grid.shape_zyx, grid.spacing_xyz_mm, grid.origin_xyz_mm, options)).encode())
    for each in segments:
        digest.update(each.name.encode())
        digest.update(np.packbits(each.mask).tobytes())
    return digest.hexdigest()


def _build(
    segments: Sequence[_Segment],
    grid: Grid,
    options: SegmentationOptions,
    series: SourceSeries,
    content: str,
    probability: Volume | None,
) -> Any:
    library: Any = import_module("highdicom")
    direction = np.asarray(grid.direction, dtype=np.float64)
    x, y, z = grid.spacing_xyz_mm
    places = grid.points_to_mm(np.array([[0, 0, k] for k in range(grid.slices)], dtype=np.float64))
    known = series.first.SeriesInstanceUID
    return library.seg.Segmentation(
        source_images=list(series.images) if series.placed else [framed(series, grid)],
        pixel_array=_pixels(segments, options, probability),
        segmentation_type=options.kind.upper(),
        segment_descriptions=[_description(i, each, options, content) for i, each in enumerate(segments, start=1)],
        series_instance_uid=derived_uid("segmentation series", known, content),
        series_number=1000,
        sop_instance_uid=derived_uid("segmentation", known, content),
        instance_number=1,
        omit_empty_frames=False,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=software_version(),
        device_serial_number="0",
        fractional_type="OCCUPANCY" if probability is None else "PROBABILITY",
        max_fractional_value=_MOST_FRACTION,
        content_label="MUSCLES",
        content_description="Muscles",
        pixel_measures=library.PixelMeasuresSequence(pixel_spacing=(y, x), slice_thickness=z, spacing_between_slices=z),
        plane_orientation=library.PlaneOrientationSequence("PATIENT", direction[:, :2].T.ravel().tolist()),
        plane_positions=[library.PlanePositionSequence("PATIENT", place) for place in places.tolist()],
    )


def _pixels(
    segments: Sequence[_Segment], options: SegmentationOptions, probability: Volume | None
) -> Shaped[np.ndarray, "z y x *segment"]:
    if options.kind == "labelmap":
        labels = np.zeros(segments[0].mask.shape, dtype=np.uint8 if len(segments) < 256 else np.uint16)
        for number, each in enumerate(segments, start=1):
            labels[each.mask] = number
        return labels
    stacked = np.stack([each.mask for each in segments], axis=-1)
    if options.kind == "binary":
        return stacked
    share = np.ones(segments[0].mask.shape) if probability is None else probability.array.astype(np.float64)
    return stacked * np.clip(share, 0.0, 1.0)[..., np.newaxis]


def _description(number: int, segment: _Segment, options: SegmentationOptions, content: str) -> Any:
    library: Any = import_module("highdicom")
    parts = coded(segment.name)
    algorithm: AlgorithmType = "SEMIAUTOMATIC" if options.algorithm else "MANUAL"
    identification = None
    if options.algorithm:
        family = _NETWORK if options.network else _INTERPOLATION
        identification = library.AlgorithmIdentificationSequence(options.algorithm, family, software_version())
    found = library.seg.SegmentDescription(
        segment_number=number,
        segment_label=segment.name[:64],
        segmented_property_category=STRUCTURE,
        segmented_property_type=parts.type,
        algorithm_type=algorithm,
        algorithm_identification=identification,
        tracking_uid=derived_uid("segment", number, content),
        tracking_id=segment.name[:64],
        display_color=library.color.CIELabColor.from_rgb(*segment.color),
    )
    if parts.side is not None:
        side = library.sr.CodedConcept(parts.side.value, parts.side.scheme_designator, parts.side.meaning)
        found.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [side]
    return found
