"""SimpleITK's watershed from markers, set as 3D Slicer's extension SegmentEditorExtraEffects sets it: ... FOLDER."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK

sitk: Any = SimpleITK
FEATURE_MM = 2.0

folder = Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
labels = np.load(folder / "labels.npy")
for z in job["drawn_slices"]:
    labels[z][labels[z] == 0] = job["background"]
grey, markers = sitk.GetImageFromArray(np.load(folder / "volume.npy")), sitk.GetImageFromArray(labels)
for image in (grey, markers):
    image.SetSpacing(job["spacing_zyx_mm"][::-1])
gradient = sitk.GradientMagnitudeRecursiveGaussian(sitk.Cast(grey, sitk.sitkFloat32), FEATURE_MM)
found = sitk.GetArrayFromImage(sitk.MorphologicalWatershedFromMarkers(gradient, markers, False, False))
np.save(folder / "found.npy", found.astype(np.uint8))
