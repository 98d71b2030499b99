"""PLUS toolkit configurations: where the image lies on the probe, and how a volume is to be reconstructed.

Every option of the `VolumeReconstruction` element is read, under its present name and under the names that older
configurations use. What is not understood is reported by name, never dropped in silence.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
import numpy as np
from defusedxml import DefusedXmlException
from jaxtyping import Float

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.codecs.header_text import plain_xml
from ifssnet.io.codecs.numbers import rigid_or_affine
from ifssnet.io.codecs.xml_attributes import ElementAttributes
from ifssnet.io.recognition import FileStart, Kind, plain_start
from ifssnet.io.storage.existing_file import existing_file

Matrix4 = Float[np.ndarray, "4 4"]

_KERNELS = ("GAUSSIAN", "GAUSSIAN_ACCUMULATION", "DISTANCE_WEIGHT_INVERSE", "NEAREST_NEIGHBOR")
_LARGEST = 1 << 24
_MOST_ELEMENTS = 1000
_TURNS, _ZEROS = 12, frozenset({"0", "0.0", "-0", "0."})
_HOLE_TYPES = (*_KERNELS, "STICK")


@dataclass(frozen=True)
class HoleFillingElement:
    """One way of filling holes; PLUS tries them in turn until one succeeds.

    Attributes:
        kind: "gaussian", "gaussian-accumulation", "distance-weight-inverse", "nearest-neighbor" or "stick".
        size: Diameter of the cubic neighbourhood in voxels, odd; None for sticks.
        stdev: Standard deviation of the Gaussian in voxels; None where there is none.
        minimum_known_ratio: Share of the neighbourhood that must be known, 0 to 1; None for sticks.
        stick_length_limit: Longest stick in voxels; None but for sticks.
        sticks_to_use: How many of the shortest sticks are averaged; None but for sticks.
    """

    kind: str
    size: int | None = None
    stdev: float | None = None
    minimum_known_ratio: float | None = None
    stick_length_limit: int | None = None
    sticks_to_use: int | None = None


@dataclass(frozen=True, eq=False)
class PlusConfiguration:
    """What a PLUS configuration file says about coordinates and reconstruction. None: the file does not name it.

    Attributes:
        transforms: (from, to) to the 4 x 4 matrix, mm, of the `CoordinateDefinitions`.
        image_frame: `ImageCoordinateFrame`.
        reference_frame: `ReferenceCoordinateFrame`.
        output_spacing_mm: `OutputSpacing`, x y z.
        output_origin_mm: `OutputOrigin`, x y z.
        output_extent: `OutputExtent`, first and last index along x, y and z.
        clip_origin_px: `ClipRectangleOrigin`, u v.
        clip_size_px: `ClipRectangleSize`, width and height; 0 0 is the whole frame.
        fan_angles_deg: `FanAnglesDeg` (older: `FanAngles`); 0 0 is no fan.
        fan_origin_px: `FanOriginPixel` (older: `FanOrigin`), u v.
        fan_radius_start_px: `FanRadiusStartPixel`.
        fan_radius_stop_px: `FanRadiusStopPixel` (older: `FanDepth`).
        fan_angles_auto_detect: `EnableFanAnglesAutoDetect`.
        fan_auto_detect_threshold: `FanAnglesAutoDetectBrightnessThreshold`, grey level.
        fan_auto_detect_filter_radius_px: `FanAnglesAutoDetectFilterRadiusPixel`.
        pixel_rejection_threshold: `PixelRejectionThreshold`: darker pixels are not inserted.
        interpolation: "nearest" or "linear"; PLUS takes nearest when it is not named.
        optimization: "full", "partial" or "none": how PLUS rounds, kept for the record.
        compounding: "latest", "maximum" or "mean", from `CompoundingMode` or the older `Compounding` and `Calculation`;
            PLUS takes the mean when it is not named.
        fill_holes: `FillHoles`.
        hole_filling: The elements of `HoleFilling`, in the order in which they are tried.
        skip_interval: `SkipInterval`: 1 for every frame, 2 for every second one.
        recompute_output_spacing: `RecomputeOutputSpacing`: z spacing such that whole voxels span the frames.
        threads: `NumberOfThreads`; 0 is one a processor.
    """

    transforms: Mapping[tuple[str, str], Matrix4]
    image_frame: str | None = None
    reference_frame: str | None = None
    output_spacing_mm: tuple[float, float, float] | None = None
    output_origin_mm: tuple[float, float, float] | None = None
    output_extent: tuple[int, int, int, int, int, int] | None = None
    clip_origin_px: tuple[int, int] | None = None
    clip_size_px: tuple[int, int] | None = None
    fan_angles_deg: tuple[float, float] | None = None
    fan_origin_px: tuple[float, float] | None = None
    fan_radius_start_px: float | None = None
    fan_radius_stop_px: float | None = None
    fan_angles_auto_detect: bool | None = None
    fan_auto_detect_threshold: float | None = None
    fan_auto_detect_filter_radius_px: int | None = None
    pixel_rejection_threshold: float | None = None
    interpolation: str | None = None
    optimization: str | None = None
    compounding: str | None = None
    fill_holes: bool | None = None
    hole_filling: tuple[HoleFillingElement, ...] = ()
    skip_interval: int | None = None
    recompute_output_spacing: bool | None = None
    threads: int | None = None


def read_plus_configuration(path: Path) -> PlusConfiguration:
    """Read a PLUS configuration file.

    Args:
        path: The XML file.

    Raises:
        InputError: Not XML, not a PLUS configuration, or an option with a value that cannot be used.
    """
    root = _parse(path)
    transforms: dict[tuple[str, str], Matrix4] = {}
    for definitions in _all(root, "CoordinateDefinitions"):
        for key, matrix in _transforms(definitions, path):
            if (before := transforms.get(key)) is not None and not np.allclose(before, matrix, rtol=1e-6, atol=1e-6):
                what = f"{path.name} says two transforms from {key[0]} to {key[1]}, {before.tolist()} and {matrix.tolist()}"
                warnings.warn(InputWarning(f"{what}; the last one was taken, as PLUS does."), stacklevel=2)
            transforms[key] = matrix
    reconstructions = _all(root, "VolumeReconstruction")
    if not reconstructions:
        return PlusConfiguration(MappingProxyType(transforms))
    if len(reconstructions) > 1:
        warnings.warn(
            InputWarning(f"{path.name} holds {len(reconstructions)} VolumeReconstruction elements; the first is used."),
            stacklevel=2,
        )
    return _reconstruction(reconstructions[0], transforms, path)


def _parse(path: Path) -> Element:
    if existing_file(path, "a PLUS configuration") > _LARGEST:
        raise InputError(
            f"a PLUS configuration of at most {_LARGEST:,} bytes", path.name, "Give the XML file that PLUS was run with."
        )
    try:
        root = defusedxml.ElementTree.fromstring(plain_xml(path.read_bytes()))
    except OSError as error:
        raise InputError(
            "a readable PLUS configuration", f"{path} ({error.strerror or error})", "Check the path and its permissions."
        ) from error
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise InputError(
            "a PLUS configuration (XML)", f"{path.name}: {error}", "Give the XML file that PLUS was run with."
        ) from error
    for element in root.iter():
        # Names count without the namespace that some editors add.
        element.tag = element.tag.rpartition("}")[2]
    if root.tag != "PlusConfiguration":
        raise InputError(
            "a PLUS configuration, whose outermost element is PlusConfiguration",
            f"{path.name} with {root.tag}",
            "Give the XML file that PLUS was run with.",
        )
    return root


def _all(root: Element, tag: str) -> list[Element]:
    """Elements of a name, those right under the root first: server configurations nest them in a device."""
    direct = root.findall(tag)
    seen = {id(element) for element in direct}
    found = direct + [element for element in root.iter(tag) if id(element) not in seen]
    if len(found) > _MOST_ELEMENTS:
        raise InputError(f"at most {_MOST_ELEMENTS} elements {tag}", f"{len(found):,}", "Give the file that PLUS was run with.")
    return found


def _transforms(definitions: Element, path: Path) -> list[tuple[tuple[str, str], Matrix4]]:
    found: list[tuple[tuple[str, str], Matrix4]] = []
    for element in definitions.findall("Transform"):
        source, target, text = (element.get(name, "").strip() for name in ("From", "To", "Matrix"))
        if not text or set(text.split()[:_TURNS]) <= _ZEROS:
            fault = "a Matrix of zeros" if text else "no Matrix"
            what = f"{path.name}: the Transform from {source or '?'} to {target or '?'} has {fault} and is left out"
            warnings.warn(InputWarning(f"{what}; it may not be calibrated yet."), stacklevel=2)
            continue
        if not source or not target:
            raise InputError(
                "a Transform with From, To and Matrix",
                f"{path.name}: {dict(element.attrib)}",
                "Complete the CoordinateDefinitions.",
            )
        found.append(((source, target), rigid_or_affine(text, f"{path.name}: the transform from {source} to {target}")))
    return found


def _reconstruction(element: Element, transforms: Mapping[tuple[str, str], Matrix4], path: Path) -> PlusConfiguration:
    options = ElementAttributes(element, path)
    spacing, origin = options.numbers(3, "OutputSpacing"), options.numbers(3, "OutputOrigin")
    if spacing is not None and min(spacing) <= 0:
        raise InputError("an OutputSpacing above 0", f"{spacing} in {path.name}", "Correct the configuration.")
    extent = options.integers(6, "OutputExtent")
    clip_origin, clip_size = options.integers(2, "ClipRectangleOrigin"), options.integers(2, "ClipRectangleSize")
    if clip_size is not None and min(clip_size) < 0:
        raise InputError("a ClipRectangleSize of 0 or more", f"{clip_size} in {path.name}", "Correct the configuration.")
    fan_angles = options.numbers(2, "FanAnglesDeg", "FanAngles")
    fan_origin = options.numbers(2, "FanOriginPixel", "FanOrigin")
    skip = options.integer("SkipInterval")
    if skip is not None and skip < 1:
        warnings.warn(
            InputWarning(f"{path.name}: SkipInterval {skip} is below 1 and is taken as 1, as PLUS does."), stacklevel=2
        )
        skip = 1
    fill_holes = options.flag("FillHoles")
    hole_filling = _hole_filling(element, path)
    if fill_holes and not hole_filling:
        raise InputError(
            "a HoleFilling element with at least one HoleFillingElement, as FillHoles is ON",
            f"{path.name} without one",
            "Add the element, or set FillHoles to OFF.",
        )
    configuration = PlusConfiguration(
        transforms=MappingProxyType(dict(transforms)),
        image_frame=options.text("ImageCoordinateFrame"),
        reference_frame=options.text("ReferenceCoordinateFrame"),
        output_spacing_mm=None if spacing is None else (spacing[0], spacing[1], spacing[2]),
        output_origin_mm=None if origin is None else (origin[0], origin[1], origin[2]),
        output_extent=None if extent is None else (extent[0], extent[1], extent[2], extent[3], extent[4], extent[5]),
        clip_origin_px=None if clip_origin is None else (clip_origin[0], clip_origin[1]),
        clip_size_px=None if clip_size is None else (clip_size[0], clip_size[1]),
        fan_angles_deg=None if fan_angles is None else (fan_angles[0], fan_angles[1]),
        fan_origin_px=None if fan_origin is None else (fan_origin[0], fan_origin[1]),
        fan_radius_start_px=options.number("FanRadiusStartPixel"),
        fan_radius_stop_px=options.number("FanRadiusStopPixel", "FanDepth"),
        fan_angles_auto_detect=options.flag("EnableFanAnglesAutoDetect"),
        fan_auto_detect_threshold=options.number("FanAnglesAutoDetectBrightnessThreshold"),
        fan_auto_detect_filter_radius_px=options.integer("FanAnglesAutoDetectFilterRadiusPixel"),
        pixel_rejection_threshold=options.number("PixelRejectionThreshold"),
        interpolation=options.choice({"NEAREST_NEIGHBOR": "nearest", "LINEAR": "linear"}, "Interpolation"),
        optimization=options.choice({"FULL": "full", "PARTIAL": "partial", "NONE": "none"}, "Optimization"),
        compounding=_compounding(options, path),
        fill_holes=fill_holes,
        hole_filling=hole_filling,
        skip_interval=skip,
        recompute_output_spacing=options.flag("RecomputeOutputSpacing"),
        threads=options.integer("NumberOfThreads"),
    )
    options.report_rest()
    return configuration


def _compounding(options: ElementAttributes, path: Path) -> str | None:
    """The mode, or what the two older switches amount to: without compounding, the latest."""
    modes = {"LATEST": "latest", "MAXIMUM": "maximum", "MEAN": "mean", "IMPORTANCE_MASK": "importance"}
    mode = options.choice(modes, "CompoundingMode")
    older = options.flag("Compounding")
    calculation = options.choice({"WEIGHTED_AVERAGE": "mean", "MAXIMUM": "maximum"}, "Calculation")
    if mode == "importance":
        raise InputError(
            "CompoundingMode LATEST, MAXIMUM or MEAN",
            f"IMPORTANCE_MASK in {path.name}",
            "Choose one of these; importance masks are not supported.",
        )
    if mode is not None:
        return mode
    if calculation == "maximum":
        return "maximum"
    if older is not None:
        return "mean" if older else "latest"
    return calculation


def _hole_filling(element: Element, path: Path) -> tuple[HoleFillingElement, ...]:
    found: list[HoleFillingElement] = []
    for child in element:
        if child.tag != "HoleFilling":
            warnings.warn(
                InputWarning(f"{path.name}: the element {child.tag} of VolumeReconstruction is not understood."), stacklevel=2
            )
            continue
        for part in child:
            if part.tag != "HoleFillingElement":
                warnings.warn(
                    InputWarning(f"{path.name}: the element {part.tag} of HoleFilling is not understood."), stacklevel=2
                )
                continue
            found.append(_hole_filling_element(part, path))
    return tuple(found)


def _hole_filling_element(element: Element, path: Path) -> HoleFillingElement:
    options = ElementAttributes(element, path)
    kind = options.choice({name: name for name in _HOLE_TYPES}, "Type")
    size, stdev = options.integer("Size"), options.number("Stdev")
    ratio = options.number("MinimumKnownVoxelsRatio")
    length, sticks = options.integer("StickLengthLimit"), options.integer("NumberOfSticksToUse")
    wanted: dict[str, object] = {"Type": kind}
    if kind == "STICK":
        wanted |= {"StickLengthLimit": length, "NumberOfSticksToUse": sticks}
    if kind in _KERNELS:
        wanted |= {"Size": size, "MinimumKnownVoxelsRatio": ratio}
    if kind in _KERNELS[:2]:
        wanted["Stdev"] = stdev
    missing = [name for name, value in wanted.items() if value is None]
    if missing:
        raise InputError(
            f"a HoleFillingElement with {', '.join(missing)}", f"{path.name}: {dict(element.attrib)}", "Complete the element."
        )
    options.report_rest()
    return HoleFillingElement(str(kind).lower().replace("_", "-"), size, stdev, ratio, length, sticks)


_PAGES = (b"<!doctype html", b"<html")
"""How web pages begin, in lower case: a report is no XML."""


def _is_xml(start: FileStart) -> bool:
    text = plain_start(start.content).lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(b"<") and not text[:32].lower().startswith(_PAGES)


XML_FILE = Kind("xml", "an XML file, as a PLUS configuration is", recognises=_is_xml, suffixes=(".xml",))
