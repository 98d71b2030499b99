"""What an expert drew on a few slices, out of and into files: sparse label maps, 3D Slicer's segments, PNG masks.

`ifssnet.io.seeds.annotated_slices` says which slices count as annotated. Contours on the frames of a sweep are not seeds
yet: they need the volume's grid (`ifssnet.compounding.projection.contour_seeds`).
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Integer

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import EMPTY, LabelMap
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.grids.axis_order import AS_STORED, Order, axis_first, inverse, reordered, reordered_grid
from ifssnet.geometry.masks.values import counts_of_values
from ifssnet.io.kinds import SEGMENTATIONS, kind_of
from ifssnet.io.open import open_label_layers
from ifssnet.io.save import save
from ifssnet.io.seeds.annotated_slices import HEADER_KEY, add_to_sidecar, annotated, read_record, record_of, sidecar_record
from ifssnet.io.seeds.drawing_axis import drawing_axis
from ifssnet.io.seeds.png_masks import read_png_masks
from ifssnet.io.seeds.png_slices import read_png_slices
from ifssnet.io.seeds.slices_file import SLICES_FILE
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.volumes.dicom_seg import DICOM_SEG, read_dicom_segments
from ifssnet.io.volumes.seg_nrrd import (
    SegmentLayers,
    read_segment_layers,
    terminology_lines,
    terminology_of,
    write_seg_nrrd,
)


@dataclass(frozen=True, eq=False)
class _Layer:
    """One label of one array."""

    array: Integer[np.ndarray, "z y x"]
    value: int
    slices: tuple[int, ...]


def open_seeds(path: Path, volume_grid: Grid | None = None, *, absence: bool = True, order: Order | None = None) -> Seeds:
    """Read seeds.

    Args:
        path: A label map of any format in which some slices are labelled, a `.seg.nrrd` (segments that overlap stay
            apart), or a folder of PNG masks.
        volume_grid: The volume's grid, which PNG masks without a `slices.json` need; other seeds keep their own.
        absence: Whether a muscle that is not on a slice with others counts as absent there (`annotated`); otherwise that
            takes a record that says so.
        order: The order of the array's axes that puts the slices first; None finds the axis across which they were drawn.

    Returns:
        The seeds, on the grid of the file or, from PNG masks, of the volume.

    Raises:
        InputError: Nothing that can be read, nothing drawn, or PNG masks without a grid.
    """
    kind = kind_of(path)
    if kind == "masks-folder":
        return read_png_slices(path)[0] if (path / SLICES_FILE).is_file() else _from_png_masks(path, volume_grid)
    if kind in SEGMENTATIONS:
        segments = read_dicom_segments(path) if kind == DICOM_SEG.kind.name else read_segment_layers(path)
        return _from_maps(segments.layers, segments.header, path, absence, order)
    layers = open_label_layers(path)
    header = layers[0].header if HEADER_KEY in layers[0].header else {**layers[0].header, **sidecar_record(path)}
    return _from_maps(layers, header, path, absence, order)


def seeds_of(labels: LabelMap, what: str = "the label map") -> Seeds:
    """A label map as what an expert drew: slices with a label are annotated.

    Args:
        labels: The label map; where it records the annotated slices, as seeds that were saved do, the record counts.
        what: How messages call it.

    Raises:
        InputError: Nothing is drawn on it.
    """
    return _from_maps((labels,), labels.header, Path(what), True, None)


def save_seeds(seeds: Seeds, path: Path, force: bool = False) -> None:
    """Write seeds as a label map, with a record of the slices that were annotated.

    Args:
        seeds: What was drawn. Masks of several muscles that overlap stay apart in a `.seg.nrrd`; in every other format
            the muscle with the higher label wins, with a warning.
        path: Where to; the suffix says the format.
        force: Whether to replace an existing file.

    Raises:
        InputError: A format that is not known, or a place that cannot be written.
    """
    record = MappingProxyType({HEADER_KEY: as_json(record_of(seeds))})
    if path.name.lower().endswith(".seg.nrrd"):
        layers = tuple(_label_map(seeds, labels, EMPTY) for labels in _apart(seeds))
        with atomic_path(path, force) as partial:
            write_seg_nrrd(SegmentLayers(layers, record), partial, True)
        return
    overlap = sum(int(np.count_nonzero(count > 1)) for count in _counts(seeds))
    if overlap:
        message = f"{path.name}: muscles overlap on {overlap} pixels, where the later one is kept; a .seg.nrrd keeps both."
        warnings.warn(InputWarning(message), stacklevel=2)
    save(_label_map(seeds, seeds.labels, record), path, force=force)
    if path.name.lower().endswith((".nii", ".nii.gz")):
        # Most programs drop what they do not know of a NIfTI header; the file beside it stays.
        add_to_sidecar(path, record_of(seeds))


def save_complete(seeds: Seeds, path: Path, force: bool = False) -> None:
    """Write seeds that are a complete segmentation as a label map, with its axes as they were stored.

    Raises:
        InputError: Muscles overlap and the format is none that keeps them apart, or a place that cannot be written.
    """
    layers = tuple(_stored(_label_map(seeds, labels, EMPTY), seeds.axes) for labels in _apart(seeds))
    if path.name.lower().endswith(".seg.nrrd"):
        with atomic_path(path, force) as partial:
            write_seg_nrrd(SegmentLayers(layers), partial, True)
        return
    if len(layers) > 1:
        raise InputError("muscles that do not overlap", f"{len(layers)} layers of them", "Name the output .seg.nrrd.")
    for only in layers:
        save(only, path, force=force)


def _stored(labels: LabelMap, axes: Order) -> LabelMap:
    back = inverse(axes)
    return replace(labels, array=reordered(labels.array, back), grid=reordered_grid(labels.grid, back))


def as_json(record: Mapping[str, list[int]]) -> str:
    """A record on one line."""
    return json.dumps(record, ensure_ascii=True)


def _from_maps(maps: tuple[LabelMap, ...], header: Mapping[str, str], path: Path, absence: bool, order: Order | None) -> Seeds:
    """Seeds out of one label map, or of several whose labels may overlap, along the axis across which they were drawn."""
    if order is None:
        order = AS_STORED if HEADER_KEY in header else axis_first(drawing_axis(maps, path.name))
    along = tuple(replace(one, array=reordered(one.array, order), grid=reordered_grid(one.grid, order)) for one in maps)
    return replace(_along_first_axis(along, header, path, absence=absence), axes=order)


def _along_first_axis(maps: tuple[LabelMap, ...], header: Mapping[str, str], path: Path, *, absence: bool) -> Seeds:
    """Seeds out of label maps that were drawn slice by slice."""
    every = [(one, value) for one in maps for value in sorted(one.names)]
    shared = len({value for _, value in every}) < len(every)
    drawn_in = {id(one): counts_of_values(one.array) for one in maps}
    layers: dict[int, _Layer] = {}
    names: dict[int, str] = {}
    colors: dict[int, tuple[int, int, int]] = {}
    entries = {id(one): terminology_of(one.header) for one in maps}
    terminology: dict[int, str] = {}
    for number, (one, value) in enumerate(every, start=1):
        label = number if shared else value
        layers[label] = _Layer(one.array, value, tuple(drawn_in[id(one)].get(value, {})))
        names[label] = one.names[value]
        if value in one.colors:
            colors[label] = one.colors[value]
        if value in entries[id(one)]:
            terminology[label] = entries[id(one)][value]
    grid = maps[0].grid
    recorded = read_record(header[HEADER_KEY], names, grid.slices, path.name) if HEADER_KEY in header else None
    layers = {label: layer for label, layer in layers.items() if layer.slices or label in (recorded or {})}
    if not layers:
        raise InputError(
            "seeds with at least one labelled slice", f"none in {path.name}", "Draw the muscles on some slices first."
        )
    drawn = {label: layer.slices for label, layer in layers.items()}
    # A record of nothing but what was drawn says of no muscle that it is absent.
    slices = annotated(drawn, names, path.name, drawn if recorded is None and not absence else recorded)
    nothing = np.zeros(grid.shape_zyx[1:], dtype=bool)
    masks = {
        label: {z: layer.array[z] == layer.value if z in set(layer.slices) else nothing for z in slices[label]}
        for label, layer in layers.items()
    }
    colors = {label: color for label, color in colors.items() if label in masks}
    terminology = {label: entry for label, entry in terminology.items() if label in masks}
    return Seeds(masks, grid, {label: names[label] for label in masks}, colors, terminology=terminology)


def _from_png_masks(folder: Path, grid: Grid | None) -> Seeds:
    if grid is None:
        raise InputError("the volume that the PNG masks belong to", f"only {folder}", "Give the volume too.")
    read = read_png_masks(folder, grid)
    drawn = {label: [z for z, mask in by_slice.items() if mask.any()] for label, by_slice in read.drawn.items()}
    # A file of one muscle that is all black says that it is absent; a file of label values was looked at as a whole.
    slices = annotated(drawn, read.names, folder.name, None, read.looked_at)
    nothing = np.zeros(grid.shape_zyx[1:], dtype=bool)
    masks = {
        label: {z: by_slice.get(z, nothing) for z in sorted({*by_slice, *slices.get(label, ())})}
        for label, by_slice in read.drawn.items()
    }
    return Seeds(masks, grid, read.names)


def _label_map(seeds: Seeds, labels: Iterable[int], header: Mapping[str, str]) -> LabelMap:
    kept = tuple(labels)
    array = np.zeros(seeds.grid.shape_zyx, dtype=np.min_scalar_type(max(kept, default=1)))
    for label in kept:
        for z, mask in seeds.masks[label].items():
            array[z][mask] = label
    names = {label: seeds.name(label) for label in kept}
    known = terminology_lines({label: seeds.terminology[label] for label in kept if label in seeds.terminology})
    header = MappingProxyType({**header, **known})
    return LabelMap(array, seeds.grid, names, {label: seeds.colors[label] for label in kept if label in seeds.colors}, header)


def _apart(seeds: Seeds) -> list[list[int]]:
    """The labels, in as few groups as a first fit gives, so that those of a group do not overlap."""
    groups: list[list[int]] = []
    for label in seeds.labels:
        free = next((group for group in groups if not any(_overlap(seeds, label, other) for other in group)), None)
        if free is None:
            groups.append([label])
        else:
            free.append(label)
    return groups or [[]]


def _overlap(seeds: Seeds, one: int, other: int) -> bool:
    first, second = seeds.masks[one], seeds.masks[other]
    return any(bool((first[z] & second[z]).any()) for z in first.keys() & second.keys())


def _counts(seeds: Seeds) -> Iterable[Integer[np.ndarray, "y x"]]:
    """For each annotated slice, how many muscles claim each pixel."""
    for z in seeds.annotated_slices:
        drawn: list[Bool[np.ndarray, "y x"]] = [by_slice[z] for by_slice in seeds.masks.values() if z in by_slice]
        yield np.asarray(np.sum(drawn, axis=0), dtype=np.int32)
