"""A name that an output cannot have is refused before anything is read, let alone computed: the inputs are not even there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.sweep import Sweep
from ifssnet.io.save import save
from ifssnet.io.sweeps.sequence_writer import write_sequence

GRID = Grid((4, 8, 8))


def refused(capsys: pytest.CaptureFixture[str], words: list[str]) -> str:
    with pytest.raises(SystemExit) as leaving:
        main(words)
    assert leaving.value.code == 2
    return " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    "words",
    [
        "compound sweep.igs.mha -o leg.png",
        "compound sweep.igs.mha -o leg.seg.nrrd",
        "segment leg.mha --seeds drawn.seg.nrrd --method shape-interpolation -o leg.png",
        "segment leg.mha --seeds drawn.seg.nrrd --method shape-interpolation -o leg.mha.txt",
        "segment leg.mha --seeds drawn.seg.nrrd --method shape-interpolation -o l.seg.nrrd --probability p.seg.nrrd",
        "register a.mha b.mha -o c.jpg",
        "register a.mha b.mha --labels b.seg.nrrd -o c.jpg",
        "register a.mha b.mha -o c.mha --transform t.tfm",
        "seeds leg.seg.nrrd -o drawn.txt",
        "measure leg.seg.nrrd -o leg.xlsx",
        "compare leg.seg.nrrd truth.seg.nrrd -o leg.txt",
        "compare leg.seg.nrrd truth.seg.nrrd --per-slice leg.json",
        "agree first second -o agreement.csv",
        "report leg.seg.nrrd -o leg.pdf",
        "weights pack best.safetensors -o best.pt",
    ],
)
def test_an_ending_that_a_file_cannot_have(words: str, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    said = refused(capsys, words.split())
    assert "that ends in" in said or "labels for a .seg.nrrd" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        "demo -o demo.html",
        "evaluate legs --methods hold -o compared.html",
        "train legs --recipe full -o run.safetensors",
        "pseudo-labels legs -o few.nrrd",
        "phantom leg -o leg.mha",
        "phantom cohort -o legs.zip",
        "experiment leg-3d-us data -o paper.html",
        "frames leg.seg.nrrd sweep.igs.mha -o overlays.png",
    ],
)
def test_a_files_name_for_a_folder(words: str, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert "expected a folder got the name of a file" in refused(capsys, words.split())
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def sources(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    grey = np.arange(256, dtype=np.uint8).reshape(GRID.shape_zyx)
    save(Volume(grey, GRID), tmp_path / "grey.mha")
    save(LabelMap((grey > 200).astype(np.uint8), GRID, {1: "SOL"}), tmp_path / "labels.seg.nrrd")
    poses = np.tile(np.eye(4), (3, 1, 1))
    poses[:, 2, 3] = range(3)
    frames = np.ones((3, 5, 6), np.uint8)
    write_sequence(Sweep(frames, poses, np.arange(3.0), (1.0, 1.0), np.ones(3, bool)), tmp_path / "sweep.igs.mha")
    return tmp_path


@pytest.mark.parametrize(
    ("source", "target"),
    [("grey.mha", "x.png"), ("labels.seg.nrrd", "x.json"), ("sweep.igs.mha", "x.nii.gz"), ("labels.seg.nrrd", "x.csv")],
)
def test_convert_refuses_what_a_source_cannot_become(source: str, target: str, sources: Path, capsys) -> None:
    before = sorted(sources.iterdir())
    refused(capsys, ["convert", source, target])
    assert sorted(sources.iterdir()) == before


def test_a_sweep_becomes_a_folder_of_its_frames(sources: Path) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["convert", "sweep.igs.mha", "frames/"])
    assert leaving.value.code == 0
    assert len(list((sources / "frames").glob("*.png"))) == 3


def test_grey_levels_become_no_surface_each(sources: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, ["convert", "grey.mha", "surfaces/"])
    assert "grey levels" in said
    assert not (sources / "surfaces").exists()
