"""Sweeps as sequence metafiles that PLUS and 3D Slicer read."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.sweep import Sweep
from ifssnet.io.codecs.metaimage import write_metaimage
from ifssnet.io.codecs.nrrd import write_nrrd
from ifssnet.io.recognition import Kind
from ifssnet.io.storage.atomic import atomic_path, atomic_paths
from ifssnet.io.sweeps.sequence import (
    DEFAULT_IMAGE,
    DEFAULT_REFERENCES,
    FRAME_FIELD,
    REFERENCE_FIELD,
    frame_fields,
    graph_of,
    header_constants,
    is_sequence,
    read_sequence,
)
from ifssnet.io.sweeps.sweep_format import SweepFormat
from ifssnet.io.sweeps.transform_graph import image_to_reference

_META_LAYOUT: Mapping[str, str] = {
    "AnatomicalOrientation": "RAI",
    "CenterOfRotation": "0 0 0",
    "ElementSpacing": "1 1 1",
    "Offset": "0 0 0",
    "TransformMatrix": "1 0 0 0 1 0 0 0 1",
    "Kinds": "domain domain list",
}
"""PLUS counts positions in pixels: where the frames lie is said by their transforms alone."""


def write_sequence(sweep: Sweep, path: Path, *, force: bool = False, compress: bool = True) -> None:
    """Write a sweep as `.mha`, `.mhd` or `.nrrd` (`.igs.mha` and so on).

    Every frame gets `ImageTo<Reference>Transform` with its status, its time and the status of its image, so that no PLUS
    configuration is needed to read it. Other fields of the header go along, the other transforms of the frames too as
    long as the frames are still those that the header tells of.

    Args:
        sweep: Any sweep; contours have no place in these files.
        path: Where to; the suffix says the format.
        force: Whether to replace an existing file.
        compress: Whether to compress the pixels.

    Raises:
        InputError: Another suffix, a type of pixel that cannot be stored, or a place that cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".mha", ".mhd", ".nrrd"):
        raise InputError("a name that ends in .mha, .mhd or .nrrd", path.name, "Name the output so.")
    if sweep.contours:
        warnings.warn(InputWarning(f"{path.name}: a sequence holds no contours; write a .sw to keep them."), stacklevel=2)
    fields = _fields(sweep, path)
    if suffix == ".nrrd":
        with atomic_path(path, force) as partial:
            write_nrrd(partial, {"kinds": "domain domain list"} | fields, sweep.frames, compress)
        return
    layout = {key: fields.get(key, said) for key, said in _META_LAYOUT.items()}
    # What a file of another shape said of its axes does not fit these three.
    fields |= {
        key: said if len(said.split()) == len(_META_LAYOUT[key].split()) else _META_LAYOUT[key] for key, said in layout.items()
    }
    if suffix == ".mha":
        with atomic_path(path, force) as partial:
            write_metaimage(partial, fields, sweep.frames, compress)
        return
    pixels = path.with_suffix(".zraw" if compress else ".raw")
    with atomic_paths([pixels, path], force) as (pixels_partial, partial):
        write_metaimage(partial, fields, sweep.frames, compress, data_path=pixels_partial, data_name=pixels.name)


def _fields(sweep: Sweep, path: Path) -> dict[str, str]:
    reference = sweep.header.get(REFERENCE_FIELD, DEFAULT_REFERENCES[0])
    general = {
        key: value
        for key, value in sweep.header.items()
        if not FRAME_FIELD.match(key) and not set(key) & set("=:\n\r") and not set(value) & set("\n\r")
    }
    fields = {"UltrasoundImageOrientation": "MF", "UltrasoundImageType": "BRIGHTNESS"} | general | {REFERENCE_FIELD: reference}
    lines = _frame_lines(sweep, f"{DEFAULT_IMAGE}To{reference}Transform")
    carried = _carried_frames(sweep, path)
    fields |= _numbered([each | own for each, own in zip(carried, lines, strict=True)])
    try:
        graph = graph_of(frame_fields(fields), len(sweep.frames), header_constants(fields, path), path)
        image_to_reference(graph, DEFAULT_IMAGE, (reference,), path.name)
    except InputError as error:
        what = f"{path.name}: the header's further transforms tell of other poses than the sweep has"
        warnings.warn(InputWarning(f"{what} ({error.received}); they are left out."), stacklevel=3)
        kept = {key: value for key, value in fields.items() if not key.endswith("Transform") and not FRAME_FIELD.match(key)}
        return kept | _numbered(lines)
    return fields


def _frame_lines(sweep: Sweep, own: str) -> list[dict[str, str]]:
    """What is written of each frame: its pose, called `own`, its status, and its time."""
    frames: list[dict[str, str]] = []
    for pose, time, valid in zip(sweep.image_to_world, sweep.timestamps_s, sweep.valid, strict=True):
        matrix = pose if np.isfinite(pose).all() else np.eye(4)
        lines = {
            own: " ".join(repr(float(value)) for value in matrix.reshape(-1)),
            f"{own}Status": "OK" if valid else "INVALID",
            "ImageStatus": "OK",
        }
        if np.isfinite(time):
            lines["Timestamp"] = repr(float(time))
        frames.append(lines)
    return frames


def _numbered(frames: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {f"Seq_Frame{i:04d}_{name}": value for i, each in enumerate(frames) for name, value in each.items()}


def _carried_frames(sweep: Sweep, path: Path) -> list[dict[str, str]]:
    """What the header tells of each frame; nothing where it tells of other frames than the sweep has now."""
    frames: list[dict[str, str]] = [{} for _ in sweep.frames]
    beyond = 0
    for key, value in sweep.header.items():
        if (match := FRAME_FIELD.match(key)) and not set(value) & set("\n\r"):
            if int(match[1]) < len(frames):
                frames[int(match[1])][match[2]] = value
            else:
                beyond += 1
    moved = any(
        "Timestamp" in fields and np.isfinite(time) and not _reads_as(fields["Timestamp"], float(time))
        for fields, time in zip(frames, sweep.timestamps_s, strict=True)
    )
    if beyond or moved:
        warnings.warn(
            InputWarning(f"{path.name}: the header tells of other frames than these; their further transforms are left out."),
            stacklevel=3,
        )
        return [{} for _ in sweep.frames]
    return frames


def _reads_as(text: str, number: float) -> bool:
    try:
        return float(text) == number
    except ValueError:
        return False


def _write(sweep: Sweep, path: Path, force: bool) -> None:
    write_sequence(sweep, path, force=force)


SEQUENCE = SweepFormat(
    Kind("sequence", "a tracked sweep of PLUS or 3D Slicer (.igs.mha, .igs.nrrd)", recognises=is_sequence),
    read_sequence,
    takes_configuration=True,
    tried_for=("metaimage", "nrrd"),
    writers={".mha": _write, ".mhd": _write, ".nrrd": _write},
)
