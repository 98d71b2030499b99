"""`ifss info`: what a file or folder is, as plain data."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, cast

import numpy as np

from ifssnet.core.images import LabelMap
from ifssnet.core.sweep import Sweep
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.kinds import IMAGES, KINDS, SURFACES, SWEEPS, kind_of
from ifssnet.io.open import open_labels, open_sweep, open_volume
from ifssnet.io.sweeps.linear_transform import read_linear_transform
from ifssnet.io.sweeps.plus_config import read_plus_configuration
from ifssnet.io.sweeps.slicer_scene import read_scene
from ifssnet.io.sweeps.slicer_sequence import TransformSequence, read_transform_sequences
from ifssnet.io.volumes.surfaces import read_surfaces
from ifssnet.workflow.leg.compound_files import grid_facts


def inspect(path: Path, config: Path | None = None) -> dict[str, Any]:
    """Everything that a person wants to know of a file before working with it.

    Raises:
        InputError: It cannot be read, or is nothing that is known.
    """
    kind = kind_of(path)
    facts: dict[str, Any] = {"path": str(path), "kind": kind, "is": KINDS[kind]}
    if kind == "slicer-scene":
        return {**facts, **_scene(path)}
    if kind == "transform-sequence":
        return {**facts, "transforms": [_transforms(each) for each in read_transform_sequences(path)]}
    if kind == "transform":
        rows = read_linear_transform(path).tolist()
        return {**facts, "matrix_to_parent": [dict(zip(("x", "y", "z", "shift_mm"), row, strict=True)) for row in rows]}
    if kind in SWEEPS:
        return {**facts, **_sweep(open_sweep(path, config))}
    if kind in ("nnunet", "cohort"):
        return {**facts, **_cohort(path)}
    if kind in SURFACES:
        return {**facts, "surfaces": [{"name": each.name, "triangles": len(each.faces)} for each in read_surfaces(path)]}
    if kind in IMAGES:
        return {**facts, **_image(path, kind)}
    return {**facts, **_configuration(path)}


def _scene(path: Path) -> dict[str, Any]:
    """What lies in a scene, and how many recordings."""
    found = read_scene(path)
    return {
        "recordings": len(found.image_sequences),
        "nodes": [
            {"kind": each.kind, "name": each.name, "holds": each.holds, "file": None if each.file is None else str(each.file)}
            for each in found.nodes
        ],
    }


def _transforms(found: TransformSequence) -> dict[str, Any]:
    times = found.times_s
    return {
        "name": "To".join(found.frames) if found.frames else found.name,
        "entries": len(found.matrices),
        "valid": int(found.valid.sum()),
        "first_s": None if times is None else float(np.nanmin(times)),
        "last_s": None if times is None else float(np.nanmax(times)),
    }


def _configuration(path: Path) -> dict[str, Any]:
    """What a PLUS configuration says: its calibration, and how volumes are to be made."""
    found = read_plus_configuration(path)
    named = {each.name: getattr(found, each.name) for each in fields(found)[1:] if each.name != "hole_filling"}
    options: dict[str, Any] = {
        name: list(cast("tuple[float, ...]", value)) if isinstance(value, tuple) else value
        for name, value in named.items()
        if value is not None
    }
    return {
        "transforms": {f"{start} to {end}": matrix.tolist() for (start, end), matrix in found.transforms.items()},
        "options": options,
        "hole_filling": [asdict(way) for way in found.hole_filling],
    }


def _image(path: Path, kind: str) -> dict[str, Any]:
    if kind == "seg-nrrd":
        labels = open_labels(path)
        return {**grid_facts(labels.grid), "voxel_type": str(labels.array.dtype), "labels": _labels(labels)}
    volume = open_volume(path)
    facts: dict[str, Any] = {**grid_facts(volume.grid), "voxel_type": str(volume.array.dtype)}
    finite = volume.array[np.isfinite(volume.array)] if volume.array.dtype.kind == "f" else volume.array
    if finite.size:
        facts |= {"minimum": float(finite.min()), "maximum": float(finite.max()), "mean": float(finite.mean())}
    facts["header"] = dict(volume.header)
    if "ifss_labels" in volume.header or path.with_name(path.name.split(".")[0] + ".json").is_file():
        facts["labels"] = _labels(open_labels(path))
    return facts


def _labels(labels: LabelMap) -> list[dict[str, Any]]:
    counts = np.bincount(labels.array.ravel()) if labels.array.size else np.zeros(1, int)
    rows: list[dict[str, Any]] = []
    for value, name in labels.names.items():
        voxels = int(counts[value]) if value < len(counts) else 0
        slices = np.flatnonzero((labels.array == value).any(axis=(1, 2)))
        rows.append(
            {
                "value": value,
                "name": name,
                "voxels": voxels,
                "volume_cm3": voxels * labels.grid.voxel_volume_mm3 / 1000,
                "first_slice": int(slices[0]) if slices.size else None,
                "last_slice": int(slices[-1]) if slices.size else None,
                "slices": int(slices.size),
            }
        )
    return rows


def _sweep(sweep: Sweep) -> dict[str, Any]:
    times = sweep.timestamps_s
    origins = sweep.image_to_world[sweep.valid][:, :3, 3]
    steps = np.linalg.norm(np.diff(origins, axis=0), axis=1)
    by_object = Counter(sweep.names.get(contour.label, str(contour.label)) for contour in sweep.contours)
    return {
        "frames": len(sweep.frames),
        "valid_frames": sweep.valid_frames,
        "frame_size_uv_px": [int(sweep.frames.shape[2]), int(sweep.frames.shape[1])],
        "pixel_spacing_uv_mm": list(sweep.pixel_spacing_uv_mm),
        "pixel_type": str(sweep.frames.dtype),
        "duration_s": float(times[-1] - times[0]) if len(times) else 0.0,
        "path_mm": float(steps.sum()),
        "median_step_mm": float(np.median(steps)) if steps.size else 0.0,
        "contours": len(sweep.contours),
        "contours_by_object": dict(by_object),
        "header": {key: value for key, value in sweep.header.items() if not key.startswith("Seq_Frame")},
    }


def _cohort(path: Path) -> dict[str, Any]:
    cohort = open_cohort(path)
    return {
        "name": cohort.name,
        "licence": cohort.licence,
        "citation": list(cohort.citation),
        "cases": [{"split": case.split, "case": case.name, "complete": case.complete} for case in cohort.cases],
    }
