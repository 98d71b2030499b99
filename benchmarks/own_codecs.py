"""What our own readers do with files that lie, against SimpleITK, nibabel and pynrrd: seconds and memory.

Each reader runs in a process of its own, with a limit to its address space.

python benchmarks/own_codecs.py
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np

MEMORY_BYTES = 10 << 30
"""Address space of each process: what a laptop has to spare."""

PATIENCE_S = 120

RUN = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
import numpy as np
{setup}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
try:
    array = {call}
    said = "opened" if array is None else "opened " + "x".join(map(str, np.asarray(array).shape))
except BaseException as error:
    said = type(error).__name__
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([time.perf_counter() - started, (peak - before) / 1024, said]))
"""
WARM = "import warnings; warnings.simplefilter('ignore'); from ifssnet.io.open import open_volume; from pathlib import Path; "
OURS = WARM + "from ifssnet.io.save import save; from ifssnet.core.images import Volume; from ifssnet.core.grid import Grid"
READERS = {
    "ours": (OURS, "open_volume(Path({path!r})).array"),
    "SimpleITK": ("import SimpleITK as sitk", "sitk.GetArrayFromImage(sitk.ReadImage({path!r}))"),
    "nibabel": ("import nibabel", "np.asarray(nibabel.load({path!r}).dataobj)"),
    "pynrrd": ("import nrrd", "nrrd.read({path!r})[0]"),
}
SUITED = {".mha": ("ours", "SimpleITK"), ".nrrd": ("ours", "SimpleITK", "pynrrd"), ".nii.gz": ("ours", "SimpleITK", "nibabel")}


def measured(setup: str, call: str) -> tuple[float, float, str]:
    """Seconds, MB more than before, and what came of it; a process that dies is said to."""
    code = RUN.format(limit=MEMORY_BYTES, setup=setup, call=call)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, check=False, encoding="utf-8"
        )
    except subprocess.TimeoutExpired:
        return float("nan"), float("nan"), f"still at it after {PATIENCE_S} s"
    if done.returncode:
        return float("nan"), float("nan"), f"died with {done.returncode}"
    seconds, mb, said = json.loads(done.stdout.strip().splitlines()[-1])
    return seconds, mb, said


def header(suffix: str, side: tuple[int, int, int]) -> bytes:
    """The header of a compressed uint8 volume of that many voxels along x, y and z; for NIfTI it is compressed too."""
    x, y, z = side
    if suffix == ".mha":
        return (
            f"ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = True\n"
            f"ElementSpacing = 1 1 1\nDimSize = {x} {y} {z}\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
        ).encode()
    if suffix == ".nrrd":
        return (
            f"NRRD0005\ntype: uint8\ndimension: 3\nsizes: {x} {y} {z}\nencoding: gzip\nspace: left-posterior-superior\n"
            "space directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\n\n"
        ).encode()
    block = bytearray(352)
    struct.pack_into("<i", block, 0, 348)
    struct.pack_into("<8h", block, 40, 3, x, y, z, 1, 1, 1, 1)
    struct.pack_into("<2h", block, 70, 2, 8)
    struct.pack_into("<8f", block, 76, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<f", block, 108, 352.0)
    block[123], block[344:348] = 2, b"n+1\0"
    struct.pack_into("<h", block, 254, 1)
    for row in range(3):
        struct.pack_into("<f", block, 280 + 16 * row + 4 * row, 1.0)
    return bytes(block)


def lying_file(path: Path, suffix: str, side: tuple[int, int, int], zeros_bytes: int) -> None:
    """A file whose header says one size and whose compressed pixels are zeros of another."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 15 if suffix == ".mha" else 31)
    with path.open("wb") as stream:
        if suffix == ".nii.gz":
            stream.write(packer.compress(header(suffix, side)))
        else:
            stream.write(header(suffix, side))
        for _ in range(zeros_bytes >> 20):
            stream.write(packer.compress(bytes(1 << 20)))
        stream.write(packer.flush())


def lies(folder: Path) -> None:
    """Headers that claim 1 TB and 4 GB over 1 MB of pixels, and 1 GiB of zeros behind a header that says 1000 voxels."""
    for title, side, zeros in (
        ("header claims 1 TB", (10_000, 10_000, 10_000), 1 << 20),
        ("header claims 4 GB", (1600, 1600, 1600), 1 << 20),
        ("1 GiB bomb", (10, 10, 10), 1 << 30),
    ):
        for suffix, names in SUITED.items():
            path = folder / f"lie{suffix}"
            lying_file(path, suffix, side, zeros)
            for name in names:
                setup, call = READERS[name]
                seconds, mb, said = measured(setup, call.format(path=str(path)))
                print(f"| {title} | {suffix} | {name} | {said} | {seconds:.2f} | {mb:.0f} |", flush=True)


def honest(folder: Path) -> None:
    """256 x 256 x 256 voxels of speckle, written uncompressed where that can be chosen, and opened."""
    speckle = np.random.default_rng(1).rayleigh(40, (256, 256, 256)).clip(0, 255).astype(np.uint8)
    np.save(folder / "speckle.npy", speckle)
    load = f"; a = np.load({str(folder / 'speckle.npy')!r})"
    writers = {
        "ours": (OURS + load, "save(Volume(a, Grid(a.shape)), Path({path!r}), force=True)"),
        "SimpleITK": ("import SimpleITK as sitk" + load, "sitk.WriteImage(sitk.GetImageFromArray(a), {path!r})"),
        "nibabel": ("import nibabel" + load, "nibabel.save(nibabel.Nifti1Image(a.T, np.eye(4)), {path!r})"),
        "pynrrd": ("import nrrd" + load, "nrrd.write({path!r}, a.T, dict(encoding='raw'))"),
    }
    for suffix, names in SUITED.items():
        suffix = suffix.removesuffix(".gz")
        for name in names:
            path = str(folder / f"{name}{suffix}")
            written, _, _ = measured(writers[name][0], writers[name][1].format(path=path))
            opened, mb, said = measured(READERS[name][0], READERS[name][1].format(path=path))
            print(
                f"| speckle 256³ | {suffix} | {name} | {said}, written in {written:.2f} s | {opened:.2f} | {mb:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    print("| file | format | reader | what came of it | s | MB |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as made:
        lies(Path(made))
        honest(Path(made))
