"""Where the frames of a DICOM image lie: by functional groups, by slice positions, or by ultrasound regions alone."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.io.volumes.placement import grid_from

_CM = 3
"""Code of centimetres in PhysicalUnitsXDirection (PS3.3, C.8.5.5.1.15)."""
_UNEVEN, _TOO_UNEVEN = 0.01, 0.1
"""Share of the slice spacing by which gaps may differ: silently, and at all."""


def place_of_frames(data: Any, array: Shaped[np.ndarray, "z y x"], path: Path) -> tuple[Shaped[np.ndarray, "z y x"], Grid]:
    """The frames of one file in the order in which they lie, and their grid.

    Raises:
        InputError: No pixel spacing, or frames that form no regular stack.
    """
    shape = (array.shape[0], array.shape[1], array.shape[2])
    try:
        frames = _functional_groups(data, shape[0])
        if frames is not None:
            order, grid = _stacked(frames, shape, path, _from_groups)
            return (array if order == list(range(len(order))) else array[order]), grid
        if shape[0] == 1 and "ImagePositionPatient" in data and "PixelSpacing" in data:
            return array, _stacked([data], shape, path, _from_slice)[1]
        return array, _by_regions(data, shape, path)
    except (TypeError, ValueError, AttributeError, IndexError, KeyError, ArithmeticError) as error:
        raise _broken(path, error) from error


def place_of_slices(slices: Sequence[Any], shape: tuple[int, ...], folder: Path) -> tuple[list[int], Grid]:
    """The order of single slices, and their grid.

    Raises:
        InputError: No pixel spacing, or slices that form no regular stack.
    """
    full = (len(slices), int(shape[-2]), int(shape[-1]))
    try:
        if all("ImagePositionPatient" in data for data in slices):
            return _stacked(slices, full, folder, _from_slice)
        order = sorted(range(len(slices)), key=lambda i: int(slices[i].get("InstanceNumber", i) or 0))
        warnings.warn(
            InputWarning(f"{folder.name}: slices say no position; they were ordered by instance number."), stacklevel=3
        )
        return order, _by_regions(slices[0], full, folder)
    except (TypeError, ValueError, AttributeError, IndexError, KeyError, ArithmeticError) as error:
        raise _broken(folder, error) from error


class _Plane:
    """Position and axes of one frame; spacing along y and x as DICOM has it (row spacing first)."""

    def __init__(self, position: Any, orientation: Any, pixel_spacing: Any, between: Any) -> None:
        self.position = np.array([float(v) for v in position])
        self.axes = np.array([float(v) for v in orientation]).reshape(2, 3)
        self.spacing_yx = (float(pixel_spacing[0]), float(pixel_spacing[1]))
        self.between = None if between in (None, "") else float(between)


def _from_slice(data: Any, path: Path) -> _Plane:
    _need(data, "PixelSpacing", path)
    _need(data, "ImageOrientationPatient", path)
    between = data.get("SpacingBetweenSlices") or data.get("SliceThickness")
    return _Plane(data.ImagePositionPatient, data.ImageOrientationPatient, data.PixelSpacing, between)


def _from_groups(group: Any, path: Path) -> _Plane:
    measures = group("PixelMeasuresSequence")
    if measures is None or "PixelSpacing" not in measures:
        raise InputError(f"PixelSpacing in the pixel measures of {path.name}", "none", "Export the image again.")
    between = measures.get("SpacingBetweenSlices") or measures.get("SliceThickness")
    position, orientation = group("PlanePositionVolumeSequence"), group("PlaneOrientationVolumeSequence")
    if position is not None and orientation is not None:
        return _Plane(position.ImagePositionVolume, orientation.ImageOrientationVolume, measures.PixelSpacing, between)
    position, orientation = group("PlanePositionSequence"), group("PlaneOrientationSequence")
    if position is None or orientation is None:
        raise InputError(f"a plane position and orientation for each frame of {path.name}", "none", "Export the image again.")
    return _Plane(position.ImagePositionPatient, orientation.ImageOrientationPatient, measures.PixelSpacing, between)


def _functional_groups(data: Any, frames: int) -> list[Any] | None:
    """One look-up a frame: name of a group to its item, its own before the shared one; None where there are no groups."""
    if "PerFrameFunctionalGroupsSequence" not in data:
        return None
    shared: Any = data.get("SharedFunctionalGroupsSequence") or [{}]
    own = data.PerFrameFunctionalGroupsSequence
    if len(own) != frames:
        raise InputError(f"functional groups for {frames} frames", f"{len(own)}", "Export the image again.")

    def look_up(frame: Any) -> Any:
        def group(name: str) -> Any:
            items: Any = frame.get(name) or shared[0].get(name)
            return items[0] if items else None

        return group

    return [look_up(frame) for frame in own]


def _stacked(items: Sequence[Any], shape: tuple[int, int, int], path: Path, plane_of: Any) -> tuple[list[int], Grid]:
    planes: list[_Plane] = [plane_of(item, path) for item in items]
    first = planes[0]
    for plane in planes:
        if not np.allclose(plane.axes, first.axes, atol=1e-4) or plane.spacing_yx != first.spacing_yx:
            raise InputError(f"parallel slices of one pixel size in {path.name}", "others", "Resample them to one stack first.")
    normal = np.cross(first.axes[0], first.axes[1])
    along = np.array([float(plane.position @ normal) for plane in planes])
    order = [int(i) for i in np.argsort(along, kind="stable")]
    positions = np.array([planes[i].position for i in order])
    step, spacing_z = _step(positions, normal, first, path)
    sy, sx = first.spacing_yx
    direction = np.column_stack([first.axes[0], first.axes[1], step])
    if plane_of is _from_groups and items[0]("PlanePositionVolumeSequence") is not None:
        warnings.warn(
            InputWarning(f"{path.name} places its frames about the transducer, not the patient; its axes were taken as LPS."),
            stacklevel=4,
        )
    return order, grid_from(shape, (sx, sy, spacing_z), [float(v) for v in positions[0]], direction, path.name)


def _step(
    positions: Float[np.ndarray, "z 3"], normal: Float[np.ndarray, " 3"], first: _Plane, path: Path
) -> tuple[Float[np.ndarray, " 3"], float]:
    """Unit vector and length of the step from one slice to the next."""
    if len(positions) == 1:
        if first.between is None:
            warnings.warn(InputWarning(f"{path.name} says no slice thickness; 1 mm was assumed."), stacklevel=5)
        return normal, first.between or 1.0
    steps = np.diff(positions, axis=0)
    gaps = np.linalg.norm(steps, axis=1)
    middle = float(np.median(gaps))
    uneven = float(np.abs(gaps - middle).max()) / middle if middle > 0 else math.inf
    if not uneven <= _TOO_UNEVEN:
        raise InputError(
            f"slices at even distances in {path.name}",
            f"distances from {gaps.min():.4g} to {gaps.max():.4g} mm",
            "Add the missing slices, or give one volume only.",
        )
    if uneven > _UNEVEN:
        warnings.warn(
            InputWarning(f"{path.name}: slice distances differ by {uneven:.0%}; {middle:.4g} mm was taken for all."),
            stacklevel=5,
        )
    whole = positions[-1] - positions[0]
    length = float(np.linalg.norm(whole))
    if not length > 0:
        raise InputError(f"slices at different positions in {path.name}", "one position", "Give one volume only.")
    return whole / length, length / (len(positions) - 1)


def _by_regions(data: Any, shape: tuple[int, int, int], path: Path) -> Grid:
    """A grid at the origin: pixels by the ultrasound regions' calibration, slices by what the file says of them."""
    sx, sy = _pixel_spacing_xy(data, path)
    between, thickness = data.get("SpacingBetweenSlices"), data.get("SliceThickness")
    if between:
        spacing_z = float(between)
    elif thickness:
        spacing_z = float(thickness)
        warnings.warn(
            InputWarning(f"{path.name} says no spacing between slices; their thickness, {spacing_z:g} mm, was taken."),
            stacklevel=4,
        )
    else:
        spacing_z = 1.0
        warnings.warn(
            InputWarning(f"{path.name} says no spacing between its frames; 1 mm was assumed: volumes depend on it."),
            stacklevel=4,
        )
    return grid_from(shape, (sx, sy, spacing_z), (0.0, 0.0, 0.0), np.eye(3), path.name)


def _pixel_spacing_xy(data: Any, path: Path) -> tuple[float, float]:
    regions: list[Any] = list(filter(_is_spatial, data.get("SequenceOfUltrasoundRegions") or ()))
    if regions:
        found = {(abs(float(r.PhysicalDeltaX)) * 10, abs(float(r.PhysicalDeltaY)) * 10) for r in regions}
        largest: Any = max(regions, key=_area)
        if len(found) > 1:
            warnings.warn(
                InputWarning(f"{path.name} has {len(regions)} regions of different calibration; the largest one's was taken."),
                stacklevel=5,
            )
        return abs(float(largest.PhysicalDeltaX)) * 10, abs(float(largest.PhysicalDeltaY)) * 10
    if data.get("PixelSpacing"):
        row, column = data.PixelSpacing
        return float(column), float(row)
    raise InputError(
        f"a pixel spacing in {path.name} (an ultrasound region calibrated in cm, or PixelSpacing)",
        "none",
        "Export the image with its calibration, or convert it to .mha with the spacing that you know.",
    )


def _is_spatial(region: Any) -> bool:
    units = (int(region.get("PhysicalUnitsXDirection", 0)), int(region.get("PhysicalUnitsYDirection", 0)))
    return units == (_CM, _CM) and "PhysicalDeltaX" in region and "PhysicalDeltaY" in region


def _area(region: Any) -> float:
    x0, x1 = float(region.get("RegionLocationMinX0", 0)), float(region.get("RegionLocationMaxX1", 0))
    y0, y1 = float(region.get("RegionLocationMinY0", 0)), float(region.get("RegionLocationMaxY1", 0))
    return abs(x1 - x0) * abs(y1 - y0)


def _need(data: Any, name: str, path: Path) -> None:
    if name not in data:
        raise InputError(f"{name} in each slice of {path.name}", "none", "Export the images again.")


def _broken(path: Path, error: Exception) -> InputError:
    text = " ".join(str(error).split())[:160]
    return InputError(f"positions that can be read in {path.name}", f"'{text}'", "Export the image again.")


def is_dicom(file: Path) -> bool:
    """Whether a file says of itself that it is DICOM."""
    try:
        if not file.is_file():
            return False
        with file.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False
