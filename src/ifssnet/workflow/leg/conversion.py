"""`ifss convert`: what one format holds, in another."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.facts.file_facts import (
    CohortConversion,
    Conversion,
    Converted,
    ImageConversion,
    SurfaceConversion,
    SweepConversion,
)
from ifssnet.core.grid import Grid
from ifssnet.core.images import EMPTY_NAMES, LabelMap, Surface, Volume, renamed_layers
from ifssnet.core.muscles import color_of, field_names
from ifssnet.core.progress import Progress
from ifssnet.geometry.grids.resample import labels_on, volume_on
from ifssnet.geometry.masks.values import values_in_use
from ifssnet.geometry.surfaces.surface import surface_of
from ifssnet.geometry.surfaces.voxelise import voxelise
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.cohorts.nnunet import write_nnunet
from ifssnet.io.kinds import IMAGES, KINDS, SEGMENTATIONS, SURFACES, SWEEPS, kind_of
from ifssnet.io.open import MANY_LABELS, open_label_layers, open_labels, open_sweep, open_volume
from ifssnet.io.plain_data import Json, plain_table
from ifssnet.io.save import check_sweep_name, save, save_layers, save_sweep
from ifssnet.io.storage.atomic import atomic_folder
from ifssnet.io.volumes.dicom import DICOM, DICOM_FOLDER, read_dicom_volume
from ifssnet.io.volumes.label_names import has_names_beside
from ifssnet.io.volumes.seg_nrrd import renumbered
from ifssnet.io.volumes.surfaces import SURFACE_SUFFIXES, check_size, read_surfaces, write_surface
from ifssnet.io.volumes.values_a_voxel import LayersError
from ifssnet.workflow.files.result_files import DICOM_SUFFIX, check_folder_name, check_image_target, check_target
from ifssnet.workflow.leg.dicom_files import BINARY, DicomTarget, save_dicom_labels, save_dicom_volume

SURFACE_SPACING_MM = (0.5, 0.5, 0.5)
"""Voxels that surfaces become when nobody says otherwise."""

SHOWN_NAMES = 30
"""How many names an error lists."""

Spacing = tuple[float, float, float]


def plain_conversion(done: Conversion) -> dict[str, Json]:
    """The same on one level, as `ifss convert --json` prints it; what does not apply is left out."""
    content = plain_table(done.content)
    if isinstance(done.content, ImageConversion):
        del content["grid"]
        content = plain_table(done.content.grid) | content
    paths = {"source": str(done.source), "output": str(done.output)}
    return {**paths, **{key: value for key, value in content.items() if value is not None}}


def convert(
    source: Path,
    target: Path,
    spacing: Spacing | None = None,
    names: tuple[str, ...] | None = None,
    config: Path | None = None,
    *,
    frame_distance_mm: float | None = None,
    force: bool = False,
    called: Mapping[int, str] = EMPTY_NAMES,
    dicom: DicomTarget = BINARY,
) -> Generator[Progress, None, Conversion]:
    """Convert a volume, a label map, a sweep, surfaces or a cohort; the target's suffix chooses the format.

    Args:
        source: What there is; content decides what it is.
        target: Where to; without a suffix a folder: of surfaces from a label map, of frames from a sweep, an nnU-Net
            folder from a cohort.
        spacing: New voxel spacing in mm along x, y, z; surfaces take 0.5 mm when there is none.
        names: Structures to keep, in this order; they become label values 1, 2, ...
        config: PLUS configuration of a sweep.
        frame_distance_mm: From one frame to the next, of a DICOM loop that does not say where its frames lie.
        force: Replace the target.
        called: Names of label values, for a label map that holds none.
        dicom: How a DICOM object is written; labels become a segmentation, grey levels an Enhanced US Volume.

    Raises:
        InputError: The two do not go together, a name is not there, or something cannot be read or written.
    """
    check_target(target, force, source)
    kind = kind_of(source)
    _check_name(kind, target, force)
    of_images = {"--spacing": spacing is not None, "--labels": names is not None, "--names": bool(called)}
    _check_options(kind, target, of_images, config)
    if dicom.given and target.suffix.lower() != DICOM_SUFFIX:
        raise InputError(f"a {DICOM_SUFFIX} file as output with {dicom.given[0]}", f"{target.name}", "Name it so.")
    yield Progress("converting", 0, 2)
    if frame_distance_mm is not None:
        content: Converted = _loop(source, target, frame_distance_mm, spacing, force)
    elif kind == "cohort":
        content = _cohort(source, target, force)
    else:
        content = _one(source, target, spacing, names, config, force, called, dicom)
    yield Progress("converting", 2, 2)
    return Conversion(source, target, content)


def _check_name(kind: str, target: Path, force: bool) -> None:
    """Refuse a name that what there is cannot be written to, before it is read."""
    ending = target.suffix.lower()
    if kind in SWEEPS:
        check_sweep_name(target)
    elif kind == "cohort" or not ending:
        check_folder_name(target)
    elif (kind in IMAGES or kind in SURFACES) and ending not in (*SURFACE_SUFFIXES, DICOM_SUFFIX):
        check_image_target(target, force)


def _check_options(kind: str, target: Path, of_images: Mapping[str, bool], config: Path | None) -> None:
    """Refuse what would have no effect on such a source."""
    if config is not None and kind not in SWEEPS:
        raise InputError("a sweep with --config", KINDS[kind], "Leave --config out.")
    refused = [option for option, is_given in of_images.items() if is_given]
    if refused and (kind in SWEEPS or kind == "cohort"):
        raise InputError(f"a volume, a label map or surfaces with {refused[0]}", KINDS[kind], f"Leave {refused[0]} out.")
    if of_images["--names"] and kind in SURFACES:
        raise InputError("label values with --names", f"{KINDS[kind]}, which has names of its own", "Leave --names out.")
    if of_images["--spacing"] and kind in SURFACES and target.suffix.lower() in SURFACE_SUFFIXES:
        raise InputError("voxels as output with --spacing", f"the surface {target.name}", "Leave --spacing out.")


def _one(
    source: Path,
    target: Path,
    spacing: Spacing | None,
    names: tuple[str, ...] | None,
    config: Path | None,
    force: bool,
    called: Mapping[int, str],
    dicom: DicomTarget,
) -> Converted:
    kind = kind_of(source)
    if kind in SWEEPS:
        return _sweep(source, target, config, force)
    if kind in SURFACES:
        return _surfaces(source, target, spacing, names, force)
    if kind not in IMAGES:
        raise InputError(
            "a volume, label map, sweep or surfaces", f"{source.name}, which is {KINDS[kind]}", "Give another file."
        )
    if kind in SEGMENTATIONS or names or called or _holds_labels(target):
        return _labels(source, target, spacing, names, force, called, dicom)
    return _volume(source, target, spacing, force, dicom)


def _holds_labels(target: Path) -> bool:
    return target.name.lower().endswith((".seg.nrrd", *SURFACE_SUFFIXES)) or not target.suffix


def _volume(source: Path, target: Path, spacing: Spacing | None, force: bool, dicom: DicomTarget) -> ImageConversion:
    """Voxels as they are, unless the file itself says that they are labels, whose names then go along."""
    try:
        volume = open_volume(source)
    except LayersError:
        return _labels(source, target, spacing, None, force, dicom=dicom)
    if "ifss_labels" in volume.header or has_names_beside(source):
        return _labels(source, target, spacing, None, force, dicom=dicom)
    if spacing is not None:
        volume = volume_on(volume, respaced(volume.grid, spacing))
    if target.suffix.lower() == DICOM_SUFFIX:
        return save_dicom_volume(volume, target, dicom, force)
    save(volume, target, force=force)
    return ImageConversion(volume.grid.summary, voxel_type=str(volume.array.dtype))


def _loop(source: Path, target: Path, distance_mm: float, spacing: Spacing | None, force: bool) -> ImageConversion:
    """The frames of an ultrasound loop as slices at a distance that the user knows."""
    if not (math.isfinite(distance_mm) and distance_mm > 0):
        raise InputError("a distance of frames above 0 mm", f"{distance_mm:g}", "Give it in mm.")
    if kind_of(source) not in (DICOM.kind.name, DICOM_FOLDER.kind.name):
        raise InputError(
            "a DICOM loop with --frame-distance", f"{source.name}, which is {KINDS[kind_of(source)]}", "Leave the option out."
        )
    volume = read_dicom_volume(source, frame_distance_mm=distance_mm)
    if spacing is not None:
        volume = volume_on(volume, respaced(volume.grid, spacing))
    save(volume, target, force=force)
    return ImageConversion(volume.grid.summary, voxel_type=str(volume.array.dtype))


def _labels(
    source: Path,
    target: Path,
    spacing: Spacing | None,
    names: tuple[str, ...] | None,
    force: bool,
    called: Mapping[int, str] = EMPTY_NAMES,
    dicom: DicomTarget = BINARY,
) -> ImageConversion:
    layers = renamed_layers(open_label_layers(source), called)
    if names is not None:
        layers = only(layers, names, source)
    if spacing is not None:
        layers = tuple(labels_on(layer, respaced(layer.grid, spacing)) for layer in layers)
    structures = [(layer, value) for layer in layers for value in _used(layer)]
    held = tuple(layer.names[value] for layer, value in structures)
    if target.suffix.lower() == DICOM_SUFFIX:
        return save_dicom_labels(layers, source, target, dicom, force)
    if target.suffix.lower() in SURFACE_SUFFIXES or not target.suffix:
        _check_structures(structures, source)
    if target.suffix.lower() in SURFACE_SUFFIXES:
        if len(structures) != 1:
            raise InputError(
                f"one structure for the surface {target.name}",
                _some(held) or "none",
                "Choose one with --labels, or name a folder for all of them.",
            )
        write_surface(surface_of(*structures[0]), target, force=force)
    elif not target.suffix:
        with atomic_folder(target, force=force) as folder:
            for layer, value in structures:
                write_surface(surface_of(layer, value), folder / f"{_file_name(layer.names[value])}.stl")
    else:
        save_layers(layers, target, force=force)
    return ImageConversion(layers[0].grid.summary, labels=held)


def _check_structures(structures: Sequence[tuple[LabelMap, int]], source: Path) -> None:
    """Refuse grey levels, each of which would become a surface of its own."""
    unnamed = sum(layer.names[value] == str(value) for layer, value in structures)
    if unnamed > MANY_LABELS:
        raise InputError(
            "a label map, whose structures become surfaces",
            f"{source.name} with {unnamed} different values that have no names: grey levels",
            "Give the label map; grey levels go into an image file, such as OUT.nrrd.",
        )


def _surfaces(source: Path, target: Path, spacing: Spacing | None, names: tuple[str, ...] | None, force: bool) -> Converted:
    surfaces = read_surfaces(source)
    if names is not None:
        surfaces = [_named(surfaces, name, source) for name in names]
    if target.suffix.lower() in SURFACE_SUFFIXES:
        if len(surfaces) != 1:
            raise InputError("one surface for one file", f"{len(surfaces)} in {source.name}", "Choose one with --labels.")
        write_surface(surfaces[0], target, force=force)
        return SurfaceConversion((surfaces[0].name,))
    check_size(surfaces, source)
    voxels = voxelise(surfaces, spacing or SURFACE_SPACING_MM)
    filled = set(values_in_use(voxels.array))
    if empty := [name for value, name in voxels.names.items() if value not in filled]:
        raise InputError(
            f"surfaces that fill at least one voxel of {' x '.join(f'{s:g}' for s in spacing or SURFACE_SPACING_MM)} mm",
            f"{_some(empty)} in {source}, which fill none",
            "Are they in mm? If they are, choose a smaller --spacing.",
        )
    labels = replace(voxels, colors={value: color_of(name, value) for value, name in voxels.names.items()})
    save(labels, target, force=force)
    return ImageConversion(labels.grid.summary, labels=tuple(labels.names.values()))


def _sweep(source: Path, target: Path, config: Path | None, force: bool) -> SweepConversion:
    sweep = open_sweep(source, config)
    save_sweep(sweep, target, force=force)
    return SweepConversion(len(sweep.frames), sweep.valid_frames, len(sweep.contours))


def _cohort(source: Path, target: Path, force: bool) -> CohortConversion:
    """A cohort in our layout as an nnU-Net folder: every complete case, whatever its split."""
    cohort = open_cohort(source)
    complete = [case for case in cohort.cases if case.volume_path is not None and case.labels_path is not None]

    def cases() -> Generator[tuple[str, Volume, LabelMap], None, None]:
        for case in complete:
            if case.volume_path is not None and case.labels_path is not None:
                yield case.name, open_volume(case.volume_path), open_labels(case.labels_path)

    write_nnunet(target, cases(), force=force)
    return CohortConversion(len(complete))


def only(layers: Sequence[LabelMap], names: tuple[str, ...], source: Path) -> tuple[LabelMap, ...]:
    """The named structures alone, with values 1, 2, ... in the order asked for, each from its own layer.

    Raises:
        InputError: One of them is not there.
    """
    held = [(layer, value, name) for layer in layers for value, name in layer.names.items()]
    called = field_names([*(name for _, _, name in held), *names])
    kept: dict[int, list[tuple[int, int]]] = {}
    for new, name in enumerate(names, start=1):
        found = next(((layer, value) for layer, value, own in held if called[own] == called[name]), None)
        if found is None:
            raise InputError(f"one of {_some(own for _, _, own in held)} in {source.name}", f"'{name}'", "Correct --labels.")
        layer, value = found
        kept.setdefault(next(i for i, each in enumerate(layers) if each is layer), []).append((value, new))
    chosen: list[LabelMap] = []
    for i, values in sorted(kept.items()):
        layer = layers[i]
        array = np.zeros(layer.array.shape, dtype=np.uint8)
        for value, new in values:
            array[layer.array == value] = new
        names_kept = {new: called[names[new - 1]] for _, new in values}
        colors = {new: layer.colors.get(value, color_of(names_kept[new], new)) for value, new in values}
        chosen.append(LabelMap(array, layer.grid, names_kept, colors, renumbered(layer.header, dict(values))))
    return tuple(chosen)


def respaced(grid: Grid, spacing: Spacing) -> Grid:
    """The same field of view at another spacing: outer borders of the first voxels coincide."""
    extent = [n * s for n, s in zip(reversed(grid.shape_zyx), grid.spacing_xyz_mm, strict=True)]
    x, y, z = (max(round(length / step), 1) for length, step in zip(extent, spacing, strict=True))
    first = [(new / old - 1) / 2 for new, old in zip(spacing, grid.spacing_xyz_mm, strict=True)]
    origin = grid.points_to_mm(np.array([first], dtype=np.float64))[0]
    return Grid((z, y, x), spacing, (float(origin[0]), float(origin[1]), float(origin[2])), grid.direction)


def _named(surfaces: list[Surface], name: str, source: Path) -> Surface:
    called = field_names([*(surface.name for surface in surfaces), name])
    for surface in surfaces:
        if called[surface.name] == called[name]:
            return surface
    raise InputError(f"one of {_some(surface.name for surface in surfaces)} in {source}", f"'{name}'", "Correct --labels.")


def _used(labels: LabelMap) -> list[int]:
    present = set(values_in_use(labels.array))
    return [value for value in labels.names if value in present]


def _some(names: Iterable[str]) -> str:
    """Names to choose from; of very many the first few, which show what kind of names there are."""
    every = list(names)
    return ", ".join(every[:SHOWN_NAMES]) + (f" and {len(every) - SHOWN_NAMES} others" if len(every) > SHOWN_NAMES else "")


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_ ." else "_" for letter in name).strip(". ") or "label"
