"""From pressed sweeps to the page: the finding, the picture, and what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.facts.compounding_facts import ProbePressure
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.open import open_volume
from ifssnet.io.save import save
from ifssnet.io.volumes.recorded_findings import recorded_pressures, with_pressures
from ifssnet.phantom.anatomy.tissue import Tissue
from ifssnet.phantom.scanner.pressed_sweep import pressed

sys.path.insert(0, str(Path(__file__).parents[1] / "compounding"))
from test_compression import PIXEL_MM, Z_MM, hump, leg, swept

from ifssnet.io.sweeps.sequence_writer import write_sequence
from ifssnet.phantom.files.leg_files import plus_xml, with_tracker


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pressed")
    for number, sweep in enumerate(leg(hump(6.0, 70)), start=1):
        write_sequence(with_tracker(sweep), folder / f"sweep{number}.igs.mha")
    (folder / "plus.xml").write_text(plus_xml(PIXEL_MM, (2.0, 2.0, 2.0)), encoding="utf-8")
    return folder


def test_check_says_it_and_draws_it(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweeps = sorted(recorded.glob("sweep*.igs.mha"))
    assert run("compound", *sweeps, "--config", recorded / "plus.xml", "--check", "--chart", recorded / "push.svg") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "Sweep 2: the skin lies up to" in said
    assert "let the probe float" in said
    chart = (recorded / "push.svg").read_text(encoding="utf-8")
    assert chart.startswith("<svg")
    assert chart.count('class="line"') == 6
    assert run("compound", *sweeps, "--config", recorded / "plus.xml", "--check", "--chart", recorded / "push.png") == 2
    assert run("compound", *sweeps, "-o", recorded / "a.mha", "--chart", recorded / "b.svg") == 2
    assert "--check" in capsys.readouterr().err


def test_the_page_shows_it_with_the_edge_of_the_scan(recorded: Path) -> None:
    sweeps = sorted(recorded.glob("sweep*.igs.mha"))
    volume_path = recorded / "leg.mha"
    assert run("compound", *sweeps, "--config", recorded / "plus.xml", "--spacing", "2", "-o", volume_path, "-q") == 0
    volume = open_volume(volume_path)
    assert len(recorded_pressures(volume)) == 3
    labels = np.zeros(volume.array.shape, dtype=np.uint8)
    labels[10:100, 5:20, :10] = 1
    save(LabelMap(labels, volume.grid, {1: "SOL"}), recorded / "leg.seg.nrrd")
    assert run("report", recorded / "leg.seg.nrrd", "--volume", volume_path, "-o", recorded / "leg.html", "-q") == 0
    page = (recorded / "leg.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="acquisition"') : page.index("</section>", page.index('<section id="acquisition"'))]
    assert "Sweep 2: the skin lies up to" in section
    assert "border of SOL lies within 2 mm of the edge" in section
    assert section.count("<svg") == 2
    assert page.index("border of SOL lies") < page.index("Measures of each muscle")


def test_pressures_come_back_from_a_header() -> None:
    volume = Volume(np.ones((2, 3, 4), dtype=np.uint8), Grid((2, 3, 4)))
    found = (ProbePressure((0.0, 2.0), (1.25, np.nan), (np.nan, 0.5), 6.0, 7.5),)
    (back,) = recorded_pressures(with_pressures(volume, found))
    assert back.along_mm == (0.0, 2.0)
    np.testing.assert_allclose(back.beside_mm, (1.2, np.nan), atol=0.051)
    assert (back.fat_mm, back.fat_elsewhere_mm) == (6.0, 7.5)
    assert with_pressures(volume, ()) is volume
    assert recorded_pressures(volume) == ()


def test_a_digital_push_moves_the_skin_and_thins_the_fat() -> None:
    sweep = swept(0, np.zeros(len(Z_MM)), 1)
    codes = np.where(sweep.frames == 0, Tissue.WATER, Tissue.SOL).astype(np.uint8)
    first = (codes != Tissue.WATER).argmax(axis=1)
    for frame in range(len(codes)):
        for column in range(codes.shape[2]):
            codes[frame, first[frame, column] : first[frame, column] + 14, column] = Tissue.FAT
    truth = Volume(codes, Grid(codes.shape))
    push = np.where(np.arange(len(Z_MM)) == 5, 4.0, 0.0)
    from dataclasses import replace

    found = pressed(sweep, replace(sweep, frames=truth.array), push)
    assert found.fat_left[4] == 1.0
    assert 0.5 < found.fat_left[5] < 0.9
    np.testing.assert_array_equal(found.sweep.frames[4], sweep.frames[4])
    moved = found.sweep.image_to_world[5, :3, 3] - sweep.image_to_world[5, :3, 3]
    np.testing.assert_allclose(moved, (0, 4, 0), atol=1e-12)
    left = (found.truth.frames[5] == Tissue.FAT).sum() / (codes[5] == Tissue.FAT).sum()
    assert left == pytest.approx(found.fat_left[5], abs=0.08)
