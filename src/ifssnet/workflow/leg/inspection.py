"""`ifss info`: what a file or folder is."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.facts.file_facts import (
    CaseFacts,
    CohortFacts,
    ConfigurationFacts,
    Content,
    FolderEntry,
    FolderFacts,
    ImageFacts,
    Inspection,
    JsonFacts,
    KeyFacts,
    LabelFacts,
    MatrixFacts,
    MatrixRow,
    NodeFacts,
    PictureFacts,
    SceneFacts,
    SurfaceFacts,
    SurfacesFacts,
    SweepFacts,
    TransformFacts,
    TransformsFacts,
    UnplacedFrameFacts,
)
from ifssnet.core.images import LabelMap
from ifssnet.core.sweep import Sweep
from ifssnet.geometry.masks.values import counts_of_values
from ifssnet.io.codecs.numbers import shortened
from ifssnet.io.codecs.pictures import MASKS_FOLDER, PICTURE, read_grey
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.kinds import IMAGES, KINDS, SEGMENTATIONS, SURFACES, SWEEPS, is_plain_folder, kind_of
from ifssnet.io.open import open_labels, open_sweep, open_volume
from ifssnet.io.plain_data import Json, plain_table
from ifssnet.io.recognition import entries_of
from ifssnet.io.storage.json_files import JSON_FILE
from ifssnet.io.storage.plain_files import read_json
from ifssnet.io.sweeps.linear_transform import read_linear_transform
from ifssnet.io.sweeps.plus_config import PlusConfiguration, read_plus_configuration
from ifssnet.io.sweeps.sequence import read_unplaced_frames
from ifssnet.io.sweeps.sequence_writer import SEQUENCE
from ifssnet.io.sweeps.slicer_scene import read_scene
from ifssnet.io.sweeps.slicer_sequence import (
    SLICER_IMAGES,
    TransformSequence,
    read_image_sequence,
    read_transform_sequences,
)
from ifssnet.io.volumes import label_names
from ifssnet.io.volumes.surfaces import check_size, read_surfaces
from ifssnet.io.volumes.values_a_voxel import LayersError

MOST_ENTRIES = 200
"""How many of a folder's entries are read."""


def inspect(path: Path, config: Path | None = None) -> Inspection:
    """Everything that a person wants to know of a file before working with it.

    Args:
        path: A file or a folder.
        config: PLUS configuration of a sweep.

    Raises:
        InputError: It cannot be read, or is nothing that is known.
    """
    if is_plain_folder(path):
        return Inspection(path, "folder", "a folder", _folder(path))
    kind = kind_of(path)
    if config is not None and kind not in SWEEPS:
        raise InputError("a sweep with --config", f"{path.name}, which is {KINDS[kind]}", "Leave --config out.")
    return Inspection(path, kind, KINDS[kind], _content(path, kind, config))


def plain_inspection(found: Inspection) -> dict[str, Json]:
    """The same on one level, as `ifss info --json` prints it; what is not known is left out."""
    content = plain_table(found.content)
    if isinstance(found.content, ImageFacts):
        del content["grid"]
        content = plain_table(found.content.grid) | content
    about_file = {"path": str(found.path), "kind": found.kind, "is": found.words}
    return {**about_file, **{key: value for key, value in content.items() if value is not None}}


def _content(path: Path, kind: str, config: Path | None) -> Content:
    if kind == "slicer-scene":
        return _scene(path)
    if kind == "transform-sequence":
        return TransformsFacts(tuple(_transforms(each) for each in read_transform_sequences(path)))
    if kind == "transform":
        return MatrixFacts(tuple(MatrixRow(*row) for row in read_linear_transform(path).tolist()))
    if kind in SWEEPS:
        return _sweep_or_frames(path, kind, config)
    if kind in ("nnunet", "cohort"):
        return _cohort(path)
    if kind in SURFACES:
        surfaces = read_surfaces(path)
        check_size(surfaces, path)
        return SurfacesFacts(tuple(SurfaceFacts(each.name, len(each.faces)) for each in surfaces))
    if kind in IMAGES:
        return _image(path, kind)
    if kind == JSON_FILE.name:
        return _json(path)
    if kind == PICTURE.name:
        levels = read_grey(path)
        height, width = levels.shape
        return PictureFacts((width, height), str(levels.dtype), float(levels.min()), float(levels.max()))
    if kind == MASKS_FOLDER.name:
        return _folder(path)
    return _configuration(read_plus_configuration(path))


def _sweep_or_frames(path: Path, kind: str, config: Path | None) -> SweepFacts | UnplacedFrameFacts:
    """A sweep; where nobody said how its frames lie, the frames and the transforms that are there."""
    try:
        return _sweep(open_sweep(path, config))
    except InputError as error:
        if config is not None or kind not in (SEQUENCE.kind.name, SLICER_IMAGES.kind.name):
            raise
        return _unplaced(path, kind, error)


def _unplaced(path: Path, kind: str, error: InputError) -> UnplacedFrameFacts:
    transforms: tuple[TransformFacts, ...] = ()
    times_s: np.ndarray | None = None
    if kind == SLICER_IMAGES.kind.name:
        images = read_image_sequence(path)
        frames, times_s = images.frames, images.times_s
    else:
        frames = read_unplaced_frames(path)
        with contextlib.suppress(InputError):
            transforms = tuple(_transforms(each) for each in read_transform_sequences(path))
    spans = [(each.first_s, each.last_s) for each in transforms if each.first_s is not None and each.last_s is not None]
    if times_s is not None and np.isfinite(times_s).any():
        spans = [(float(np.nanmin(times_s)), float(np.nanmax(times_s)))]
    return UnplacedFrameFacts(
        frames=len(frames),
        frame_size_uv_px=(int(frames.shape[2]), int(frames.shape[1])),
        pixel_type=str(frames.dtype),
        duration_s=max((last - first for first, last in spans), default=None),
        missing=f"{error.received}. {error.remedy}",
        transforms=transforms,
    )


def _json(path: Path) -> JsonFacts:
    data = read_json(path, "a JSON file")
    if not isinstance(data, Mapping):
        return JsonFacts((KeyFacts("(no name)", _in_words(data)),))
    return JsonFacts(tuple(KeyFacts(shortened(name), _in_words(value)) for name, value in list(data.items())[:MOST_ENTRIES]))


def _in_words(value: Json) -> str:
    if isinstance(value, Mapping):
        return f"a table of {len(value):,}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        flat = all(not isinstance(each, Mapping | list) for each in value)
        return shortened(", ".join(map(str, value))) if flat and 0 < len(value) < 10 else f"a list of {len(value):,}"
    return shortened(str(value)) if value is not None else "-"


def _folder(path: Path) -> FolderFacts:
    entries = entries_of(path)
    if not entries:
        raise InputError("a folder with files", f"{path}, which is empty", "Give another folder, or a file.")
    return FolderFacts(len(entries), tuple(FolderEntry(each.name, _words_of(each)) for each in entries[:MOST_ENTRIES]))


def _words_of(path: Path) -> str:
    """What a file or a folder is, a dash where nothing is known of it."""
    try:
        return "a folder" if is_plain_folder(path) else KINDS[kind_of(path)]
    except InputError:
        return "-"


def _scene(path: Path) -> SceneFacts:
    found = read_scene(path)
    return SceneFacts(
        len(found.image_sequences),
        tuple(
            NodeFacts(each.kind, each.name, each.holds, None if each.file is None else str(each.file)) for each in found.nodes
        ),
    )


def _transforms(found: TransformSequence) -> TransformFacts:
    times = found.times_s
    return TransformFacts(
        name="To".join(found.frames) if found.frames else found.name,
        entries=len(found.matrices),
        valid=int(found.valid.sum()),
        first_s=None if times is None else float(np.nanmin(times)),
        last_s=None if times is None else float(np.nanmax(times)),
    )


def _configuration(found: PlusConfiguration) -> ConfigurationFacts:
    named = {each.name: getattr(found, each.name) for each in fields(found)[1:] if each.name != "hole_filling"}
    return ConfigurationFacts(
        {f"{start} to {end}": tuple(map(tuple, matrix.tolist())) for (start, end), matrix in found.transforms.items()},
        {name: value for name, value in named.items() if value is not None},
        tuple(asdict(element) for element in found.hole_filling),
    )


def _image(path: Path, kind: str) -> ImageFacts:
    if kind in SEGMENTATIONS:
        labels = open_labels(path)
        return ImageFacts(labels.grid.summary, str(labels.array.dtype), labels=_labels(labels))
    try:
        volume = open_volume(path)
    except LayersError:
        labels = open_labels(path)
        return ImageFacts(labels.grid.summary, str(labels.array.dtype), labels=_labels(labels))
    finite = volume.array[np.isfinite(volume.array)] if volume.array.dtype.kind == "f" else volume.array
    says_labels = label_names.HEADER_KEY in volume.header or label_names.has_names_beside(path)
    return ImageFacts(
        volume.grid.summary,
        str(volume.array.dtype),
        *((float(finite.min()), float(finite.max()), float(finite.mean())) if finite.size else (None, None, None)),
        header=dict(volume.header),
        labels=_labels(open_labels(path)) if says_labels else None,
    )


def _labels(labels: LabelMap) -> tuple[LabelFacts, ...]:
    counts = counts_of_values(labels.array)
    rows: list[LabelFacts] = []
    for value, name in labels.names.items():
        by_slice = counts.get(value, {})
        voxels = sum(by_slice.values())
        rows.append(
            LabelFacts(
                value,
                name,
                voxels,
                voxels * labels.grid.voxel_volume_mm3 / 1000,
                min(by_slice, default=None),
                max(by_slice, default=None),
                len(by_slice),
            )
        )
    return tuple(rows)


def _sweep(sweep: Sweep) -> SweepFacts:
    times = sweep.timestamps_s
    origins = sweep.image_to_world[sweep.valid][:, :3, 3]
    steps = np.linalg.norm(np.diff(origins, axis=0), axis=1)
    by_object = Counter(sweep.names.get(contour.label, str(contour.label)) for contour in sweep.contours)
    return SweepFacts(
        frames=len(sweep.frames),
        valid_frames=sweep.valid_frames,
        frame_size_uv_px=(int(sweep.frames.shape[2]), int(sweep.frames.shape[1])),
        pixel_spacing_uv_mm=sweep.pixel_spacing_uv_mm,
        pixel_type=str(sweep.frames.dtype),
        duration_s=float(times[-1] - times[0]) if len(times) else 0.0,
        path_mm=float(steps.sum()),
        median_step_mm=float(np.median(steps)) if steps.size else 0.0,
        contours=len(sweep.contours),
        contours_by_object=dict(by_object),
        header={key: value for key, value in sweep.header.items() if not key.startswith("Seq_Frame")},
        findings=sweep.findings or None,
    )


def _cohort(path: Path) -> CohortFacts:
    cohort = open_cohort(path)
    cases = tuple(CaseFacts(case.split, case.name, case.complete) for case in cohort.cases)
    return CohortFacts(cohort.name, cohort.licence, cohort.citation, cases)
