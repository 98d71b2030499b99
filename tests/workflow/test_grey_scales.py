"""The type and scale of grey levels change no segmentation and no echo intensity, and what was done is on record."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.provenance import Provenance
from ifssnet.core.weights import Weights
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import save
from ifssnet.io.storage.provenance import read_provenance
from ifssnet.io.storage.weights import save_weights
from weights_shelf import anchored

Z, Y, X = np.mgrid[:24, :48, :48]
CONE = (np.hypot(Y - 24, X - 24) < 16 - Z / 3).astype(np.uint8)
BYTES = np.clip(40 + 60 * CONE + np.random.default_rng(3).normal(0, 12, CONE.shape), 1, 200).astype(np.uint8)
BYTES[:, :6] = 0
GRID = Grid(CONE.shape, (1.0, 1.0, 1.0))
STORED = {
    "uint16": BYTES.astype(np.uint16) * 257,
    "int16": BYTES.astype(np.int16) * 30 - 500,
    "float": BYTES.astype(np.float32) / np.float32(255),
}


def _that_reads_grey() -> Weights:
    """The anchored network with weights in its last layer, whose corrections count in full."""
    made = anchored()
    random = np.random.default_rng(1)
    tensors = dict(made.tensors)
    for name, tensor in tensors.items():
        if name.startswith("backbone.last.weight"):
            tensors[name] = random.normal(0, 2, tensor.shape).astype(np.float32)
    return replace(made, tensors=tensors)


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    save_weights(_that_reads_grey(), folder / "anchored.safetensors")
    monkeypatch.setenv("IFSSNET_WEIGHTS", str(folder))
    for name, array in {"uint8": BYTES, **STORED}.items():
        save(Volume(array, GRID), tmp_path / f"{name}.mha")
    drawn = np.where(np.isin(Z, (0, 1, 11, 12, 22, 23)), CONE, 0).astype(np.uint8)
    save(LabelMap(drawn, GRID, {1: "SOL"}), tmp_path / "seeds.seg.nrrd")
    return tmp_path


@pytest.mark.parametrize("method", ["anchored", "watershed"])
def test_every_type_is_segmented_as_bytes_are(files: Path, method: str, capsys: pytest.CaptureFixture[str]) -> None:
    found: dict[str, np.ndarray] = {}
    for name in ("uint8", *STORED):
        output = files / f"{name}.seg.nrrd"
        words = ("--seeds", files / "seeds.seg.nrrd", "--method", method, "-o", output, "--provenance")
        assert run("segment", files / f"{name}.mha", *words) == 0
        said = " ".join(capsys.readouterr().err.split())
        assert ("Grey levels (" in said) is (name != "uint8")
        found[name] = open_labels(output).array
        provenance = read_provenance(output).provenance
        assert isinstance(provenance, Provenance)
        assert provenance.grey_scale is not None
        assert provenance.grey_scale.is_identity is (name == "uint8")
    assert all(np.array_equal(found["uint8"], array) for array in found.values())


def test_echo_intensity_is_told_on_one_scale(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(LabelMap(CONE, GRID, {1: "SOL"}), files / "labels.seg.nrrd")
    found: dict[str, float] = {}
    for name in ("uint8", *STORED):
        assert run("measure", files / "labels.seg.nrrd", "--volume", files / f"{name}.mha", "--json", "-q") == 0
        table = json.loads(capsys.readouterr().out)
        found[name] = table["muscles"]["SOL"]["echo_intensity_mean"]
        assert (
            table["provenance"]["grey_scale"]["voxel_type"] == np.dtype("uint8" if name == "uint8" else STORED[name].dtype).name
        )
    assert len(set(found.values())) == 1
    assert found["uint8"] == pytest.approx(BYTES[CONE == 1].mean())


def test_levels_that_nobody_explains_are_warned_of(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = BYTES.astype(np.float32) * 7 + np.random.default_rng(0).random(BYTES.shape, dtype=np.float32)
    save(Volume(odd, GRID), files / "odd.mha")
    save(LabelMap(CONE, GRID, {1: "SOL"}), files / "labels.seg.nrrd")
    assert run("measure", files / "labels.seg.nrrd", "--volume", files / "odd.mha") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "Nothing says which grey level is black" in said
    assert "percentiles" in said


@pytest.mark.slow
def test_a_digital_leg_is_segmented_to_the_bit_by_the_default_method(tmp_path: Path) -> None:
    leg = tmp_path / "leg"
    assert run("phantom", "leg", "-o", leg, "--seed", 3, "--size", "small", "--quiet") == 0
    seeds = tmp_path / "drawn.seg.nrrd"
    assert run("seeds", leg / "masksX1.mha", "-o", seeds, "--consecutive", 3, "--every-mm", 27.7, "--quiet") == 0
    volume = open_volume(leg / "x1.mha")
    found: list[np.ndarray] = []
    for name, array in {
        "bytes": volume.array,
        "words": volume.array.astype(np.uint16) * 257,
        "shares": volume.array.astype(np.float32) / np.float32(255),
    }.items():
        save(replace(volume, array=array), tmp_path / f"{name}.mha")
        assert run("segment", tmp_path / f"{name}.mha", "--seeds", seeds, "-o", tmp_path / f"{name}.seg.nrrd", "--quiet") == 0
        found.append(open_labels(tmp_path / f"{name}.seg.nrrd").array)
    assert found[0].any()
    assert all(np.array_equal(found[0], other) for other in found[1:])
