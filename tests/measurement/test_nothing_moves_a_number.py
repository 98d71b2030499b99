"""However a leg is written down, its volumes, its agreement with a reference and its lengths stay what they are."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifssnet.core.errors import InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.grids.axis_order import Order
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import save
from ifssnet.measurement.leg.muscles import measure
from ifssnet.measurement.reference.compare import compare
from ifssnet.propagate.baselines.grow_from_seeds import GrowFromSeeds
from ifssnet.workflow.leg.case import segment
from stored_otherwise import stored_otherwise

GRID = Grid((26, 15, 18), (0.9, 1.2, 3.0), (-12.0, 40.0, 7.0))
Z, Y, X = np.mgrid[:26, :15, :18].astype(np.float64)
SOL = ((Z - 13) / 11) ** 2 + ((Y - 9) / 4) ** 2 + ((X - 9) / 6) ** 2 < 1
GM = ((Z - 15) / 8) ** 2 + ((Y - 3) / 2) ** 2 + ((X - 5) / 3) ** 2 < 1
TRUTH = LabelMap(np.where(GM, 2, SOL.astype(np.uint8)).astype(np.uint8), GRID, {1: "SOL", 2: "GM"})
FOUND = replace(TRUTH, array=TRUTH.array * (Y > 2))
"""The same, cut at the skin: SOL as it is, GM smaller."""

VOLUMES = {name: each.volume_cm3 for name, each in measure(TRUTH).muscles.items()}
LENGTHS = {name: each.length_mm for name, each in measure(TRUTH).muscles.items()}
DICE = {name: each.dice for name, each in compare(FOUND, TRUTH).muscles.items()}

ORDERS: list[Order] = [(a, b, c) for a, b, c in permutations((0, 1, 2))]
orders = st.sampled_from(ORDERS)
flips = st.sets(st.sampled_from((0, 1, 2)))
suffixes = st.sampled_from((".nrrd", ".nii.gz", ".nii", ".mha", ".mhd", ".seg.nrrd"))


ways = st.tuples(orders, flips, suffixes, st.sampled_from(("u1", "i2", "u2", "i4", "u4")))


def stored(labels: LabelMap, folder: str, way: tuple[Order, set[int], str, str]) -> LabelMap:
    """The same, written with its axes in another order and some running back, and read again."""
    order, flipped, suffix, dtype = way
    values = stored_otherwise(labels, order, flipped)
    path = Path(folder) / f"labels{suffix}"
    save(replace(values, array=values.array.astype(dtype)), path)
    return open_labels(path)


@settings(max_examples=15)
@given(one=ways, other=ways)
def test_the_way_of_storing_a_leg(one: tuple[Order, set[int], str, str], other: tuple[Order, set[int], str, str]) -> None:
    """Two files of one leg, each in its own way."""
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        truth, found = stored(TRUTH, first, one), stored(FOUND, second, other)
        measured, agreed = measure(truth), compare(found, truth)
    for name, volume in VOLUMES.items():
        assert measured.muscles[name].volume_cm3 == pytest.approx(volume, rel=1e-6)
        assert measured.muscles[name].length_mm == pytest.approx(LENGTHS[name], rel=1e-6)
        assert agreed.muscles[name].dice == pytest.approx(DICE[name], rel=1e-12)


UNITS = {"um": 1e3, "micrometers": 1e3, "mm": 1.0, "millimetres": 1.0, "cm": 0.1, "m": 1e-3, "meters": 1e-3}
"""How many of them a millimetre has."""


def write_in(unit: str, where: str, labels: LabelMap, path: Path) -> None:
    """A label map whose header says lengths in a unit, in one of the places where formats say it."""
    step = [s * UNITS[unit] for s in labels.grid.spacing_xyz_mm]
    sizes, values = " ".join(map(str, reversed(labels.array.shape))), labels.array.astype(np.uint8)
    if where == "nifti":
        image = nib.nifti1.Nifti1Image(values.transpose(), np.diag([*step, 1.0]))
        image.header.set_xyzt_units({1e3: "micron", 1.0: "mm", 1e-3: "meter"}[UNITS[unit]])
        nib.save(image, path)
        return
    if where == "DistanceUnits":
        lines = ["NDims = 3", f"DimSize = {sizes}", "ElementType = MET_UCHAR", f"DistanceUnits = {unit}"]
        lines += [f"ElementSpacing = {' '.join(map(str, step))}", "ElementDataFile = LOCAL", ""]
    else:
        lines = ["NRRD0005", "type: uint8", "dimension: 3", f"sizes: {sizes}", "encoding: raw", "space: LPS"]
        quoted = " ".join([f'"{unit}"'] * 3)
        if where == "units":
            lines[-1:] = [f"units: {quoted}", f"spacings: {' '.join(map(str, step))}"]
        else:
            vectors = " ".join(f"({','.join(str(step[i] * (i == j)) for j in range(3))})" for i in range(3))
            lines += [f"space units: {quoted}", f"space directions: {vectors}", "space origin: (0,0,0)"]
        lines += ["", ""]
    path.write_bytes("\n".join(lines).encode() + values.tobytes())


@settings(max_examples=30)
@given(unit=st.sampled_from(list(UNITS)), where=st.sampled_from(("units", "space units", "DistanceUnits", "nifti")))
def test_the_unit_that_a_header_counts_in(unit: str, where: str) -> None:
    if where == "nifti" and unit == "cm":
        unit = "mm"  # The format has no name for it.
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        suffix = {"nifti": ".nii.gz", "DistanceUnits": ".mha"}.get(where, ".nrrd")
        for name, labels in (("found", FOUND), ("truth", TRUTH)):
            write_in(unit, where, labels, Path(folder) / f"{name}{suffix}")
        found, truth = (open_labels(Path(folder) / f"{name}{suffix}") for name in ("found", "truth"))
        measured, agreed = measure(truth), compare(found, truth)
    for name, value in (("1", "SOL"), ("2", "GM")):
        assert measured.muscles[name].volume_cm3 == pytest.approx(VOLUMES[value], rel=1e-5)
        assert measured.muscles[name].length_mm == pytest.approx(LENGTHS[value], rel=1e-5)
        assert agreed.muscles[name].dice == pytest.approx(DICE[value], rel=1e-12)


WORDS = (("SOL_L", "SOL_R"), ("soleus left", "soleus right"), ("SOL left", "SOL right"))


@settings(max_examples=15)
@given(words=st.sampled_from(WORDS), apart=st.integers(1, 9), values=st.permutations((1, 2, 3)))
def test_the_side_of_the_leg(words: tuple[str, str], apart: int, values: list[int]) -> None:
    alone = measure(LabelMap(SOL.astype(np.uint8), GRID, {1: words[0]})).muscles["SOL"]
    mirrored = measure(LabelMap(np.ascontiguousarray(SOL[:, :, ::-1]).astype(np.uint8), GRID, {1: words[1]})).muscles["SOL"]
    assert mirrored.volume_cm3 == pytest.approx(alone.volume_cm3, rel=1e-12)
    assert mirrored.length_mm == pytest.approx(alone.length_mm, rel=1e-9)
    left, right, _ = values
    gap = np.zeros((*SOL.shape[:2], apart), dtype=np.uint8)
    array = np.concatenate([left * SOL, gap, right * SOL[:, :, ::-1]], axis=2).astype(np.uint8)
    both = LabelMap(array, replace(GRID, shape_zyx=array.shape), {left: words[0], right: words[1]})
    cut = replace(both, array=(array * (np.indices(array.shape)[1] > 6)).astype(np.uint8))
    measured, agreed = measure(both).muscles, compare(cut, both).muscles
    for side in ("SOL left", "SOL right"):
        assert measured[side].volume_cm3 == pytest.approx(alone.volume_cm3, rel=1e-12)
        assert measured[side].length_mm == pytest.approx(alone.length_mm, rel=1e-9)
    assert agreed["SOL left"].dice == pytest.approx(agreed["SOL right"].dice, rel=1e-12)


GREY = (20 + 9 * TRUTH.array + np.random.default_rng(0).integers(0, 8, TRUTH.array.shape) + 200 * (X == 0)).astype(np.uint8)
SCALES = {
    "bytes": lambda grey: grey,
    "x 257": lambda grey: grey.astype(np.uint16) * 257,
    "x 256": lambda grey: grey.astype(np.uint16) * 256,
    "over 255": lambda grey: (grey / 255).astype(np.float32),
    "float": lambda grey: grey.astype(np.float32),
    "int32": lambda grey: grey.astype(np.int32),
    "double": lambda grey: grey.astype(np.float64),
}
BY_BYTES: dict[str, float] = {}


@settings(max_examples=12)
@given(scale=st.sampled_from(list(SCALES)), suffix=st.sampled_from((".nrrd", ".nii.gz", ".mha")))
def test_the_scale_of_the_grey_levels(scale: str, suffix: str) -> None:
    drawn = {value: {z: np.asarray(TRUTH.array[z] == value) for z in (4, 13, 22)} for value in (1, 2)}
    with TemporaryDirectory() as folder:
        save(Volume(SCALES[scale](GREY), GRID), Path(folder) / f"leg{suffix}")
        volume = open_volume(Path(folder) / f"leg{suffix}")
    found = drain(segment(volume, Seeds(drawn, GRID, TRUTH.names), GrowFromSeeds())).labels
    told = {
        f"{name} {what}": value
        for name, each in compare(found, TRUTH).muscles.items()
        for what, value in (("dice", each.dice),)
    }
    for name, each in measure(found).muscles.items():
        told |= {f"{name} volume": each.volume_cm3, f"{name} length": each.length_mm}
    told["echo"] = measure(TRUTH, volume).muscles["SOL"].numbers()["echo_intensity_mean"]
    BY_BYTES.update({key: told[key] for key in told if key not in BY_BYTES})
    assert told == pytest.approx(BY_BYTES, rel=1e-6)


@settings(max_examples=15)
@given(order=orders, flipped=flips, other=orders, mirrored=flips)
def test_two_maps_that_are_stored_in_different_ways(order: Order, flipped: set[int], other: Order, mirrored: set[int]) -> None:
    agreed = compare(stored_otherwise(FOUND, order, flipped), stored_otherwise(TRUTH, other, mirrored))
    for name, dice in DICE.items():
        assert agreed.muscles[name].dice == pytest.approx(dice, rel=1e-12)
