"""Where the frames of a DICOM image lie: by functional groups, by slice positions, or by ultrasound regions alone."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float, Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.io.volumes.disagreement import Statement, settle
from ifssnet.io.volumes.placement import grid_from

T = TypeVar("T")

_CM = 3
"""Code of centimetres in PhysicalUnitsXDirection (PS3.3, C.8.5.5.1.15)."""
_UNEVEN, _TOO_UNEVEN = 0.01, 0.1
"""Share of the slice spacing by which gaps may differ: silently, and at all."""


def place_of_frames(
    data: Any, array: Shaped[np.ndarray, "z y x"], path: Path, frame_distance_mm: float | None = None
) -> tuple[Shaped[np.ndarray, "z y x"], Grid]:
    """The frames of one file in the order in which they lie, and their grid.

    Args:
        data: The file.
        array: Its frames.
        path: Where it is.
        frame_distance_mm: From one frame to the next, of a loop that does not say it.

    Raises:
        InputError: No pixel spacing, frames that form no regular stack, or a distance for frames that say where they lie.
    """
    shape = (array.shape[0], array.shape[1], array.shape[2])
    try:
        frames = functional_groups(data, shape[0])
        if frames is not None:
            _refuse_distance(frame_distance_mm, path)
            order, grid = _stacked(frames, shape, path, _from_groups)
            return (array if order == list(range(len(order))) else array[order]), grid
        if shape[0] == 1 and "ImagePositionPatient" in data:
            _refuse_distance(frame_distance_mm, path)
            return array, _stacked([data], shape, path, _from_slice)[1]
        return array, _by_regions([data], shape, path, frame_distance_mm)
    except (TypeError, ValueError, AttributeError, IndexError, KeyError, ArithmeticError) as error:
        raise _broken(path, error) from error


def plane_groups(data: Any, frames: int, path: Path) -> list[Plane]:
    """The plane of each frame of a file with functional groups.

    Raises:
        InputError: No functional groups, or groups without a place.
    """
    groups = functional_groups(data, frames)
    if groups is None:
        raise InputError(f"a place for each frame of {path.name}", "none", "Export the segmentation again.")
    return [_from_groups(group, path) for group in groups]


def place_of_slices(
    slices: Sequence[Any], shape: tuple[int, ...], folder: Path, frame_distance_mm: float | None = None
) -> tuple[list[int], Grid]:
    """The order of single slices, and their grid.

    Raises:
        InputError: As `place_of_frames`.
    """
    full = (len(slices), int(shape[-2]), int(shape[-1]))
    try:
        placed = sum("ImagePositionPatient" in data for data in slices)
        if placed == len(slices):
            _refuse_distance(frame_distance_mm, folder)
            return _stacked(slices, full, folder, _from_slice)
        if placed:
            what = f"none in {len(slices) - placed} of {len(slices)}"
            remedy = "Export the series again, or put what does not belong to it elsewhere."
            raise InputError(f"a position in each slice of {folder.name}", what, remedy)
        order, by, between = _order_without_positions(slices, folder)
        warnings.warn(InputWarning(f"{folder.name}: slices say no position; they were ordered by {by}."), stacklevel=3)
        return order, _by_regions(slices, full, folder, frame_distance_mm, located_mm=between)
    except (TypeError, ValueError, AttributeError, IndexError, KeyError, ArithmeticError) as error:
        raise _broken(folder, error) from error


def _order_without_positions(slices: Sequence[Any], folder: Path) -> tuple[list[int], str, float | None]:
    """Slices by their location, else by instance number, where each has its own, else as their files are named.

    Returns:
        The order, what it was made by, and the distance of slices in mm where their locations say it.
    """
    for name, words in (("SliceLocation", "slice location"), ("InstanceNumber", "instance number")):
        said = [data.get(name) for data in slices]
        values = [float(value) for value in said if value not in (None, "")]
        if len(set(values)) < len(slices) or not all(map(math.isfinite, values)):
            continue
        order = sorted(range(len(values)), key=values.__getitem__)
        if name == "InstanceNumber":
            return order, words, None
        along = np.array([[0.0, 0.0, values[i]] for i in order])
        return order, words, _even_step(along, folder)[1]
    return list(range(len(slices))), "the names of their files", None


class Plane:
    """Position and axes of one frame; spacing along y and x as DICOM has it (row spacing first)."""

    def __init__(self, position: Any, orientation: Any, pixel_spacing: Any, measures: Any) -> None:
        self.position = np.array([float(v) for v in position])
        self.axes = np.array([float(v) for v in orientation]).reshape(2, 3)
        self.spacing_yx = (float(pixel_spacing[0]), float(pixel_spacing[1]))
        self.said_between = _length(measures, "SpacingBetweenSlices")
        self.between = self.said_between or _length(measures, "SliceThickness")


def _from_slice(data: Any, path: Path) -> Plane:
    _need(data, "ImageOrientationPatient", path)
    x, y = _pixel_spacing_xy(data, path)
    return Plane(data.ImagePositionPatient, data.ImageOrientationPatient, (y, x), data)


def _from_groups(group: Any, path: Path) -> Plane:
    measures = group("PixelMeasuresSequence")
    if measures is None or "PixelSpacing" not in measures:
        raise InputError(f"PixelSpacing in the pixel measures of {path.name}", "none", "Export the image again.")
    position, orientation = group("PlanePositionSequence"), group("PlaneOrientationSequence")
    if position is not None and orientation is not None:
        return Plane(position.ImagePositionPatient, orientation.ImageOrientationPatient, measures.PixelSpacing, measures)
    position, orientation = group("PlanePositionVolumeSequence"), group("PlaneOrientationVolumeSequence")
    if position is None or orientation is None:
        raise InputError(f"a plane position and orientation for each frame of {path.name}", "none", "Export the image again.")
    return Plane(position.ImagePositionVolume, orientation.ImageOrientationVolume, measures.PixelSpacing, measures)


def functional_groups(data: Any, frames: int) -> list[Any] | None:
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
    planes: list[Plane] = _said_once(items, path, plane_of)
    first = planes[0]
    for plane in planes:
        if not np.allclose(plane.axes, first.axes, atol=1e-4) or plane.spacing_yx != first.spacing_yx:
            raise InputError(f"parallel slices of one pixel size in {path.name}", "others", "Resample them to one stack first.")
    normal = np.cross(first.axes[0], first.axes[1])
    along = np.array([float(plane.position @ normal) for plane in planes])
    order = [int(i) for i in np.argsort(along, kind="stable")]
    positions = np.array([planes[i].position for i in order])
    step, spacing_z = _step(positions, normal, first, path)
    if len(planes) > 1 and first.said_between and not math.isclose(first.said_between, spacing_z, rel_tol=_UNEVEN):
        said = f"slices {spacing_z:.4g} mm apart by their positions and {first.said_between:.4g} mm by SpacingBetweenSlices"
        warnings.warn(InputWarning(f"{path.name} says {said}. The positions were taken."), stacklevel=4)
    sy, sx = first.spacing_yx
    direction = np.column_stack([first.axes[0], first.axes[1], step])
    if plane_of is _from_groups and (items[0]("PlanePositionSequence") is None or items[0]("PlaneOrientationSequence") is None):
        warnings.warn(
            InputWarning(f"{path.name} places its frames about the transducer, not the patient; its axes were taken as LPS."),
            stacklevel=4,
        )
    return order, grid_from(shape, (sx, sy, spacing_z), [float(v) for v in positions[0]], direction, path.name)


def _said_once(items: Sequence[Any], path: Path, read: Callable[[Any, Path], T]) -> list[T]:
    """What is read of each item; what is remarked of several is remarked once."""
    with warnings.catch_warnings(record=True) as said_by_each:
        warnings.simplefilter("always")
        found = [read(item, path) for item in items]
    for text in dict.fromkeys(str(each.message) for each in said_by_each):
        warnings.warn(InputWarning(text), stacklevel=5)
    return found


def _step(
    positions: Float[np.ndarray, "z 3"], normal: Float[np.ndarray, " 3"], first: Plane, path: Path
) -> tuple[Float[np.ndarray, " 3"], float]:
    """Unit vector and length of the step from one slice to the next."""
    if len(positions) == 1:
        if first.between is None:
            warnings.warn(InputWarning(f"{path.name} says no slice thickness; 1 mm was assumed."), stacklevel=5)
        return normal, first.between or 1.0
    return _even_step(positions, path)


def _even_step(positions: Float[np.ndarray, "z 3"], path: Path) -> tuple[Float[np.ndarray, " 3"], float]:
    """Unit vector and length of the step between two or more slices, which must be even."""
    gaps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
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


def _by_regions(
    files: Sequence[Any],
    shape: tuple[int, int, int],
    path: Path,
    frame_distance_mm: float | None,
    *,
    located_mm: float | None = None,
) -> Grid:
    """A grid at the origin: pixels by the ultrasound regions' calibration, slices by the user or what the files say of them."""
    data = files[0]
    sizes = _said_once(files, path, _pixel_spacing_xy)
    sx, sy = sizes[0]
    other = next((each for each in sizes if not np.allclose(each, sizes[0], rtol=1e-3)), None)
    if other is not None:
        what = f"{sx:g} x {sy:g} mm in one and {other[0]:g} x {other[1]:g} mm in another"
        raise InputError(f"one size of a pixel in all slices of {path.name}", what, "Resample them to one stack first.")
    between, thickness = _length(data, "SpacingBetweenSlices"), _length(data, "SliceThickness")
    if located_mm and between and not math.isclose(located_mm, between, rel_tol=_UNEVEN):
        said = f"slices {located_mm:.4g} mm apart by their locations and {between:.4g} mm by SpacingBetweenSlices"
        warnings.warn(InputWarning(f"{path.name} says {said}. The locations were taken."), stacklevel=4)
    between = located_mm or between
    spacing_z = frame_distance_mm or between or thickness
    if frame_distance_mm and between and not math.isclose(frame_distance_mm, between, rel_tol=_UNEVEN):
        said = f"{between:g} mm between its slices, and {frame_distance_mm:g} mm was given as the distance of frames"
        warnings.warn(InputWarning(f"{path.name} says {said}. The given one was taken."), stacklevel=4)
    if spacing_z is None:
        spacing_z = 1.0
        said = "says no spacing between its frames; 1 mm was assumed: volumes depend on it"
        remedy = "Give it when you convert the loop: ifss convert --frame-distance MM."
        warnings.warn(InputWarning(f"{path.name} {said}. {remedy}"), stacklevel=4)
    elif frame_distance_mm is None and between is None:
        said = f"says no spacing between slices; their thickness, {spacing_z:g} mm, was taken"
        warnings.warn(InputWarning(f"{path.name} {said}."), stacklevel=4)
    return grid_from(shape, (sx, sy, spacing_z), (0.0, 0.0, 0.0), np.eye(3), path.name)


def _refuse_distance(frame_distance_mm: float | None, path: Path) -> None:
    if frame_distance_mm is not None:
        raise InputError(
            "a distance of frames for images that do not say where they lie",
            f"one of {frame_distance_mm:g} mm for {path.name}, which says it",
            "Leave the distance out.",
        )


def _length(data: Any, name: str) -> float | None:
    """A length in mm, whatever its sign; None where it is absent, blank or 0."""
    value = data.get(name)
    return None if value in (None, "") else abs(float(value)) or None


def _pixel_spacing_xy(data: Any, path: Path) -> tuple[float, float]:
    """Width and height of a pixel: by the ultrasound regions, where the standard puts it, else by PixelSpacing."""
    regions: list[Any] = list(filter(_is_spatial, data.get("SequenceOfUltrasoundRegions") or ()))
    by_header = None
    if data.get("PixelSpacing"):
        row, column = data.PixelSpacing
        by_header = (float(column), float(row))
    if not regions:
        if by_header is not None:
            return by_header
        raise InputError(
            f"a pixel spacing in {path.name} (an ultrasound region calibrated in cm, or PixelSpacing)",
            "none",
            "Export the image with its calibration, or convert it to .mha with the spacing that you know.",
        )
    largest: Any = max(regions, key=_area)
    taken = _of_region(largest)
    other = next((each for each in map(_of_region, regions) if not np.allclose(each, taken, rtol=1e-3)), None)
    if other is not None:
        said = f"{taken[0]:g} x {taken[1]:g} mm a pixel in its largest region and {other[0]:g} x {other[1]:g} mm in another"
        remedy = "Cut it to one region if the other one is wanted."
        warnings.warn(InputWarning(f"{path.name} says {said}. The largest one's was taken. {remedy}"), stacklevel=5)
    if by_header is not None:
        settle(Statement("the ultrasound region", taken), Statement("PixelSpacing", by_header), path.name, labels=False)
    return taken


def _of_region(region: Any) -> tuple[float, float]:
    return abs(float(region.PhysicalDeltaX)) * 10, abs(float(region.PhysicalDeltaY)) * 10


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
