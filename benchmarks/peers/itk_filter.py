"""ITK's morphological contour interpolator, muscle after muscle: python itk_filter.py FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

import itk  # pyright: ignore
import numpy as np

folder = Path(sys.argv[1])
labels = np.load(folder / "labels.npy")
found = np.zeros_like(labels)
for value in np.unique(labels[labels > 0]):
    image = itk.image_from_array((labels == value).astype(np.int16))
    interpolator = itk.MorphologicalContourInterpolator[type(image)].New(Input=image)
    interpolator.SetAxis(2)
    interpolator.Update()
    found[itk.array_from_image(interpolator.GetOutput()) > 0] = value
np.save(folder / "found.npy", found)
