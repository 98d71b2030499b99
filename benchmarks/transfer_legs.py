"""Rows of the transfer suite: which legs, and how one of them is made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.geometry.untyped import smoothed
from ifssnet.io.save import save
from ifssnet.io.volumes.surfaces import read_surfaces
from ifssnet.phantom.anatomy.labels import leg_labels
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.anatomy.subject import draw_subject
from ifssnet.phantom.anatomy.tissue import NAMES, Tissue
from ifssnet.phantom.anatomy.voxel_leg import leg_of_surfaces, voxel_leg
from ifssnet.phantom.files.leg_files import as_leg_3d_us
from ifssnet.phantom.files.recording import Generated, record_leg
from ifssnet.phantom.scanner.acquisition import SIZES, volume_grid

FIRST_SEED = 9_000_001
"""No cohort's persons have seeds near it: `plan_cohort` hashes its own."""

LEGS = ("VHF_surfaces/Left", "VHF_surfaces/Right", "VHM_surfaces/Left")


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        name: The folder's name.
        tells: What is unlike training, for the table.
        kind: How its legs are made: a variant of persons, "surfaces", "thigh" or "mri".
        legs: How many.
        generator: What makes the images.
        scanner: Of phantom/2.
        number: The acquisition.
        first: Seed of the first leg.
    """

    name: str
    tells: str
    kind: str
    legs: int
    generator: str = "phantom/2"
    scanner: str = "drawn"
    number: int = 1
    first: int = 0


ROWS = (
    Row("duchenne", "boys with Duchenne muscular dystrophy", "duchenne", 3, first=FIRST_SEED),
    Row("child", "healthy children", "child", 2, first=FIRST_SEED + 100),
    Row("injured", "an injury in GM", "injured", 2, first=FIRST_SEED + 200),
    Row("atrophy", "months of disuse", "atrophy", 2, first=FIRST_SEED + 300),
    Row("second", "second recordings: lower frequency, more gain, the leg moved", "adult", 2, number=2, first=FIRST_SEED + 400),
    Row("portable", "a family of scanners that training never draws", "adult", 3, scanner="portable", first=FIRST_SEED + 500),
    Row("phantom-1", "the older digital scanner", "adult", 2, generator="phantom/1", first=FIRST_SEED + 600),
    Row("real-1", "real anatomy in phantom/1", "surfaces", 3, generator="phantom/1", first=FIRST_SEED + 700),
    Row("real-2", "real anatomy in phantom/2", "surfaces", 3, first=FIRST_SEED + 800),
    Row("thigh", "three muscles of a real thigh", "thigh", 1, first=FIRST_SEED + 900),
    Row("mri", "contrast like T1-weighted MRI", "mri", 2, first=FIRST_SEED + 1000),
)

THIGH: Mapping[str, Tissue] = {
    "RectusFemoris": Tissue.GM,
    "VastusLateralis": Tissue.GL,
    "VastusIntermedius": Tissue.SOL,
    "VastusMedialis": Tissue.TP,
    "Sartorius": Tissue.FHL,
    "Gracilis": Tissue.FDL,
    "Semimembranosus": Tissue.TA,
    "Semitendonosus": Tissue.EDL,
    "BicepsFemorisShortHead": Tissue.PERONEI,
}
"""A thigh's muscles by words of their files' names, and the tissue that each of them gets; the first three are segmented."""

THIGH_LABELS = {100: "vastus intermedius", 150: "rectus femoris", 200: "vastus lateralis"}

MRI_GREY: Mapping[Tissue, float] = {
    Tissue.WATER: 6.0,
    Tissue.SKIN: 90.0,
    Tissue.FAT: 205.0,
    Tissue.DEEP_FAT: 165.0,
    Tissue.FASCIA: 45.0,
    Tissue.TENDON: 25.0,
    Tissue.PLANTARIS: 30.0,
    Tissue.TIBIA: 185.0,
    Tissue.FIBULA: 180.0,
    Tissue.VESSEL: 30.0,
}
"""Grey of tissues that are no muscle; a muscle's is drawn about `MRI_MUSCLE`."""

MRI_MUSCLE = 82.0


def definition_hash(rows: tuple[Row, ...] = ROWS) -> str:
    """What has to be the same for two tables to be compared."""
    text = json.dumps([asdict(row) for row in rows], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def needs_surfaces(row: Row) -> str | None:
    """The folder of real surfaces that a row is made of."""
    return {"surfaces": "legs", "thigh": "thighs"}.get(row.kind)


def make_leg(row: Row, index: int, data: Path, size: str = "quarter") -> tuple[Volume, LabelMap]:
    """Volume and truth (1, 2 and 3) of one leg of a row."""
    leg = _MAKERS.get(row.kind, _person)(row, index, data)
    seed = row.first + index
    if row.kind == "mri":
        return _mri_like(leg, volume_grid(leg, SIZES[size], SIZES[size].settings), seed)
    by = Generated(row.generator, row.scanner)  # type: ignore[arg-type]
    recorded = drain(record_leg(leg, SIZES[size], "direct", row.number, seed, by)).acquisition
    return recorded.volume, recorded.truth


def write_row_leg(row: Row, index: int, data: Path, folder: Path, size: str = "quarter") -> None:
    """One leg as a case of the test split."""
    volume, truth = make_leg(row, index, data, size)
    place = folder / row.name / "test" / f"L{index + 1}"
    place.mkdir(parents=True, exist_ok=True)
    save(volume, place / "x1.mha")
    save(as_leg_3d_us(truth), place / "masksX1.mha")


def labels_of(row: Row) -> dict[str, str]:
    """What the labels' values mean."""
    names = THIGH_LABELS if row.kind == "thigh" else {100: "SOL", 150: "GM", 200: "GL"}
    return {str(value): name for value, name in names.items()}


def _person(row: Row, index: int, data: Path) -> ScannableLeg:  # noqa: ARG001
    return build_leg(draw_subject(row.first + index, "adult" if row.kind == "mri" else row.kind))  # type: ignore[arg-type]


def _surfaces(row: Row, index: int, data: Path) -> ScannableLeg:
    return drain(leg_of_surfaces(data / "legs" / LEGS[index], row.first + index))


def _thigh(row: Row, index: int, data: Path) -> ScannableLeg:
    """The thigh lies on its back: the probe looks from the front."""
    found = {surface.name: surface for surface in read_surfaces(data / "thighs" / "VHF_Right")}
    by_word = {word: name for word in THIGH for name in found if word.lower() in name.lower().replace(" ", "")}
    surfaces = {by_word[word]: found[by_word[word]] for word in THIGH}
    middle = {word: surfaces[by_word[word]].vertices_mm.mean(axis=0) for word in THIGH}
    vertices = np.concatenate([surface.vertices_mm for surface in surfaces.values()])
    _, _, axes = np.linalg.svd(vertices[:: max(1, len(vertices) // 20000)] - vertices.mean(axis=0), full_matrices=False)
    # Down the leg is where the short head of biceps femoris lies, of sartorius.
    z = axes[0] * np.sign(np.dot(middle["BicepsFemorisShortHead"] - middle["Sartorius"], axes[0]) or 1.0)
    y = middle["Semimembranosus"] - middle["RectusFemoris"]
    y = y - np.dot(y, z) * z
    y /= np.linalg.norm(y)
    turn = np.stack([np.cross(y, z), y, z])
    codes = {by_word[word]: tissue for word, tissue in THIGH.items()}
    return drain(voxel_leg(surfaces, codes, turn, ("thigh", "right"), row.first + index))


_MAKERS: Mapping[str, Callable[[Row, int, Path], ScannableLeg]] = {"surfaces": _surfaces, "thigh": _thigh}


def _mri_like(leg: ScannableLeg, grid: Grid, seed: int) -> tuple[Volume, LabelMap]:
    """Grey by tissue, dark fasciae, a smooth bias of the coil, thick slices and Rician noise: no speckle, no shadow."""
    rng = np.random.default_rng([seed, 0x331])
    everything = leg_labels(leg, grid, tuple(NAMES.values())).array
    grey = np.zeros(len(Tissue), dtype=np.float32)
    for tissue in Tissue:
        grey[tissue] = MRI_GREY.get(tissue, MRI_MUSCLE + 4.0 * float(rng.standard_normal()))
    image = grey[everything]
    step = np.zeros(everything.shape, dtype=bool)
    step[:, 1:] |= everything[:, 1:] != everything[:, :-1]
    step[:, :, 1:] |= everything[:, :, 1:] != everything[:, :, :-1]
    image[step & (everything > 0) & (image < 120.0)] -= 22.0
    image = smoothed(image, (5.0, 0.5, 0.5))
    slices, rows, columns = image.shape
    z, y, x = (np.linspace(-1.0, 1.0, n, dtype=np.float32) for n in (slices, rows, columns))
    a, b, c = (float(v) for v in rng.uniform(-0.2, 0.2, 3))
    image *= 1.0 + a * z[:, None, None] + b * y[None, :, None] + c * x[None, None, :]
    noise = 4.0 * rng.standard_normal((2, *image.shape), dtype=np.float32)
    image = np.hypot(image + noise[0], noise[1])
    return Volume(np.clip(image, 0, 255).astype(np.uint8), grid), leg_labels(leg, grid)
