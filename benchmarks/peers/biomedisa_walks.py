"""Biomedisa's interpolation by random walks, on the processor by way of OpenCL (pocl): python biomedisa_walks.py FOLDER.

It is slow so: a leg of 185 x 64 x 64 voxels had not ended after five minutes on two busy cores.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from biomedisa.interpolation import smart_interpolation  # pyright: ignore

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    volume, labels = np.load(folder / "volume.npy"), np.load(folder / "labels.npy")
    results = smart_interpolation(volume, labels, platform="opencl_Portable_CPU")
    if results is None or "regular" not in results:
        sys.exit("Biomedisa gave no result; it wants an OpenCL platform such as pocl's")
    np.save(folder / "found.npy", results["regular"].astype(np.uint8))
