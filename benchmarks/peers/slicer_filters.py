"""3D Slicer's own filters, from the package slicer-core: python slicer_filters.py fill|fill-middle|grow FOLDER."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import slicer_core  # pyright: ignore
import vtk  # pyright: ignore
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy  # pyright: ignore


def image_of(kind, array, spacing_zyx_mm):
    image = kind()
    image.SetDimensions(*reversed(array.shape))
    image.SetSpacing(*reversed(spacing_zyx_mm))
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(array).ravel(), deep=True))
    return image


def array_of(image, shape):
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(shape).copy()


def filled(labels, spacing):
    """The effect hands the filter all segments at once, as 16-bit labels."""
    interpolator = slicer_core.vtkITKMorphologicalContourInterpolator()
    interpolator.SetInputData(image_of(vtk.vtkImageData, labels.astype(np.int16), spacing))
    interpolator.Update()
    return array_of(interpolator.GetOutput(), labels.shape)


def middles(labels, drawn):
    """The middle slice of each run of drawn slices alone."""
    runs = np.split(np.array(drawn), np.flatnonzero(np.diff(drawn) > 1) + 1)
    kept = np.zeros_like(labels)
    for run in runs:
        kept[run[len(run) // 2]] = labels[run[len(run) // 2]]
    return kept


def grown(volume, labels, drawn, background, spacing):
    """The effect's region is the box of all that is marked, on each side a tenth of its length more."""
    labels = labels.copy()
    for z in drawn:
        labels[z][labels[z] == 0] = background
    box = []
    for axis in range(3):
        places = np.flatnonzero(labels.any(axis=tuple(other for other in range(3) if other != axis)))
        margin = max(3, int(0.1 * (places[-1] - places[0])))
        box.append(slice(max(0, places[0] - margin), places[-1] + margin + 1))
    box = tuple(box)
    grow = slicer_core.vtkImageGrowCutSegment()
    grow.SetIntensityVolume(image_of(slicer_core.vtkOrientedImageData, volume[box], spacing))
    grow.SetSeedLabelVolume(image_of(slicer_core.vtkOrientedImageData, labels[box], spacing))
    grow.Update()
    found = np.zeros_like(labels)
    found[box] = array_of(grow.GetOutput(), labels[box].shape)
    return found


def main():
    what, folder = sys.argv[1], Path(sys.argv[2])
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    labels, spacing, drawn = np.load(folder / "labels.npy"), job["spacing_zyx_mm"], job["drawn_slices"]
    if what == "grow":
        found = grown(np.load(folder / "volume.npy"), labels, drawn, job["background"], spacing)
    else:
        found = filled(middles(labels, drawn) if what == "fill-middle" else labels, spacing)
    np.save(folder / "found.npy", found.astype(np.uint8))
    sys.stdout.flush()
    # The package ends Python with a crash once its filter has run.
    os._exit(0)


if __name__ == "__main__":
    main()
