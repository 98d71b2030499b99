"""What a hurried or a hostile user does: same names twice, options that contradict each other, disks that refuse."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from ifssnet.cli.commands import agree, info, measure, seeds
from ifssnet.cli.main import main
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.facts.file_facts import ConfigurationFacts
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.sweep import Contour, Sweep
from ifssnet.io.save import save
from ifssnet.io.seeds.seed_files import open_seeds
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.sweeps.stradwin_writer import write_stradwin
from interrupting import IFSS, interrupt

GRID = Grid((30, 20, 24), (1.0, 1.0, 2.0), (5.0, -7.0, 40.0))


@pytest.fixture
def leg(tmp_path: Path) -> Path:
    array = np.zeros(GRID.shape_zyx, np.uint8)
    array[4:26, 4:16, 6:18] = 1
    save(LabelMap(array, GRID, {1: "SOL"}), tmp_path / "truth.seg.nrrd")
    # Rows 4 to 7 are bright, the others dark: what the superficial band sees says how deep it is and from where.
    grey = np.full(GRID.shape_zyx, 10, np.uint8)
    grey[:, 4:8] = 110
    save(Volume(grey, GRID), tmp_path / "leg.mha")
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """The words of an error; exit code 2 and no traceback are part of it."""
    with pytest.raises(SystemExit) as leaving:
        main([str(word) for word in words])
    assert leaving.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return " ".join(said.split())


@pytest.mark.posix
def test_no_input_is_replaced_even_by_force(leg: Path, capsys: pytest.CaptureFixture[str]):
    truth, volume, drawn = leg / "truth.seg.nrrd", leg / "leg.mha", leg / "s.seg.nrrd"
    seeds.run([truth], drawn, every=8, quiet=True)
    (leg / "other name.mha").symlink_to(volume)
    before = {path: path.read_bytes() for path in leg.iterdir()}
    for words in (
        ("seeds", truth, "-o", truth),
        ("convert", volume, volume),
        ("convert", volume, leg / "other name.mha"),
        ("segment", "--seeds", drawn, "-o", drawn),
        ("segment", volume, "--seeds", drawn, "-o", volume),
        ("compound", volume, "-o", volume),
        ("register", volume, volume, "-o", volume),
        ("frames", truth, volume, "-o", truth),
    ):
        assert "none of the inputs" in refused(capsys, *words, "--force"), words
    assert {path: path.read_bytes() for path in leg.iterdir()} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seed", "-1", "--noise-mm", "1"), "--seed"),
        (("--first-only", "--every", "5"), "Give one of them"),
        (("--every-mm", "5", "--every", "5"), "Give one of them"),
        (("--volume", "leg.mha", "--every", "5"), "--every"),
        (("--volume", "leg.mha", "--noise-mm", "1"), "--noise-mm"),
    ],
)
def test_seeds_by_options_that_cannot_be(
    leg: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
):
    monkeypatch.chdir(leg)
    assert said in refused(capsys, "seeds", "truth.seg.nrrd", "-o", "s.mha", *words)
    assert not (leg / "s.mha").exists()


def test_names_that_promise_another_format_are_refused_before_the_work(leg: Path, capsys: pytest.CaptureFixture[str]):
    truth = leg / "truth.seg.nrrd"
    assert ".html" in refused(capsys, "report", truth, "-o", leg / "r.txt")
    assert ".csv" in refused(capsys, "compare", truth, truth, "--per-slice", leg / "slices.txt")
    assert ".json or .csv" in refused(capsys, "measure", truth, "-o", leg / "m.docx")
    assert len(list(leg.iterdir())) == 2


def test_the_band_is_as_deep_as_asked_and_on_the_side_of_the_probe(leg: Path):
    truth, volume = leg / "truth.seg.nrrd", leg / "leg.mha"
    # SOL begins at row 4: 4 of its rows are bright, so 2 mm see 110 alone, 8 mm half of each; from below, only 10.
    for depth, side, level in ((2.0, None, 110.0), (8.0, None, 60.0), (2.0, measure.Side.bottom, 10.0)):
        found = measure.run(truth, volume, band_mm=depth, probe_side=side, json=True).muscles["SOL"]
        assert found.echo_intensity_superficial_mean == pytest.approx(level)


def test_a_plus_configuration_is_told_and_a_text_is_none(tmp_path: Path):
    told = tmp_path / "plus.xml"
    told.write_text(
        '<PlusConfiguration><CoordinateDefinitions><Transform From="Image" To="Probe" '
        'Matrix="0.1 0 0 5 0 0.1 0 0 0 0 0.1 0 0 0 0 1"/>'
        "</CoordinateDefinitions>"
        '<VolumeReconstruction OutputSpacing="0.5 0.5 0.7" Interpolation="LINEAR"/></PlusConfiguration>',
        encoding="utf-8",
    )
    found = info.run(told, json=True).content
    assert isinstance(found, ConfigurationFacts)
    assert found.transforms["Image to Probe"][0] == (0.1, 0, 0, 5)
    assert found.options["output_spacing_mm"] == (0.5, 0.5, 0.7)
    assert found.options["interpolation"] == "linear"
    (tmp_path / "no.xml").write_text("hello", encoding="utf-8")
    with pytest.raises(InputError, match="PLUS configuration"):
        info.run(tmp_path / "no.xml")


def test_a_read_only_disk_is_said(tmp_path: Path):
    # No one can remove the partial file there either, and that it cannot be is not what goes wrong.
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    with (
        mock.patch.object(Path, "unlink", refuse),
        pytest.raises(InputError, match="Read-only file system"),
        atomic_path(tmp_path / "x.mha"),
    ):
        refuse()


def test_tables_fit_80_columns_with_every_letter(leg: Path):
    done = subprocess.run(
        [*IFSS, "info", "truth.seg.nrrd"],
        cwd=leg,
        env={**os.environ, "COLUMNS": "40"},
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    assert "…" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 40


def test_an_interrupt_leaves_nothing(leg: Path):
    code, said = interrupt(["demo", "-o", "demo"], leg, lambda: len(list(leg.iterdir())) > 2)
    assert code == 130
    assert b"Traceback" not in said
    assert sorted(path.name for path in leg.iterdir()) == ["leg.mha", "truth.seg.nrrd"]


def measured(folder: Path, values: dict[str, float]) -> None:
    folder.mkdir()
    for subject, volume in values.items():
        (folder / f"{subject}.json").write_text(json.dumps({"muscles": {"SOL": {"volume_cm3": volume}}}), encoding="utf-8")


def test_agreement_of_two_folders(tmp_path: Path):
    measured(tmp_path / "first", {"a": 310.0, "b": 320.0, "c": 330.0})
    measured(tmp_path / "second", {"a": 310.5, "b": 320.0, "c": 330.5})
    found = agree.run([tmp_path / "first", tmp_path / "second"], output=tmp_path / "agree.json", quiet=True).muscles["SOL"]
    (pair,) = found.pairs
    # Differences of -0.5, 0 and -0.5: mean -1/3, variance (2 (1/6)^2 + (1/3)^2) / 2 = 1/12.
    assert (pair.first, pair.second, found.reliability.subjects) == ("first", "second", 3)
    assert pair.difference.bias == pytest.approx(-1 / 3)
    assert pair.difference.sd == pytest.approx((1 / 12) ** 0.5)
    assert found.reliability.sem_consistency == pytest.approx((1 / 24) ** 0.5)  # half the variance of the differences
    written = json.loads((tmp_path / "agree.json").read_text(encoding="utf-8"))["muscles"]["SOL"]
    assert written["bland_altman"][0]["bias"] == pair.difference.bias
    assert written["icc_2_1"]["interval"] == list(found.reliability.icc_2_1.interval)
    assert written["measurements"] == ["first", "second"]


def test_agreement_of_a_table_is_that_of_its_folders(tmp_path: Path):
    measured(tmp_path / "r1", {"a": 1.0, "b": 3.0, "c": 6.0})
    measured(tmp_path / "r2", {"a": 2.0, "b": 3.5, "c": 7.0})
    (tmp_path / "t.csv").write_text("subject,muscle,r1,r2\na,SOL,1,2\nb,SOL,3,3.5\nc,SOL,6,7\n", encoding="utf-8")
    folders = agree.run([tmp_path / "r1", tmp_path / "r2"], quiet=True).muscles
    assert agree.run([tmp_path / "t.csv"], quiet=True).muscles == folders


@pytest.mark.parametrize(
    "text",
    [
        "",
        "subject,a,b\n",
        "who,a,b\nx,1,2\n",
        "subject,a,a\nx,1,2\n",
        "subject,a,b\nx,1\n",
        "subject,a,b\nx,1,two\ny,1,2\n",
        "subject,a,b\nx,1,2\nx,1,2\n",
        "subject,a\nx,1\ny,2\n",
        "subject,a,b\nx,1,nan\ny,1,2\n",
    ],
)
def test_tables_that_say_nothing_are_refused(tmp_path: Path, text: str):
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        agree.run([tmp_path / "t.csv"], quiet=True)


def test_subjects_measured_once_are_refused(tmp_path: Path):
    measured(tmp_path / "first", {"a": 1.0, "b": 2.0, "c": 3.0})
    measured(tmp_path / "second", {"a": 1.0, "b": 2.0})
    with pytest.raises(InputError, match="c in one of them only"):
        agree.run([tmp_path / "first", tmp_path / "second"])
    measured(tmp_path / "third", {"a": 1.0, "b": 2.0})
    with pytest.raises(InputError, match="--quantity"):
        agree.run([tmp_path / "second", tmp_path / "third"], quantity="length_mm")


def test_contours_of_one_of_several_strips_are_no_whole_muscle(tmp_path: Path):
    # A probe 24 mm wide beside a muscle of 40 mm: a contour runs along the frame's side.
    heights = np.arange(4, 26, 3.0)
    poses = np.tile(np.eye(4), (len(heights), 1, 1))
    poses[:, 2, 3] = heights
    save(Volume(np.zeros((30, 20, 60), np.uint8), Grid((30, 20, 60))), tmp_path / "leg.mha")
    for name, first, corners in (("a", 0, ((9.5, 4.5), (23.5, 14.5))), ("b", 24, ((-0.5, 4.5), (15.5, 14.5)))):
        (u0, v0), (u1, v1) = corners
        outline = np.array([[u0, v0], [u1, v0], [u1, v1], [u0, v1]])
        drawn = Sweep(
            frames=np.zeros((len(heights), 20, 24), np.uint8),
            image_to_world=poses + np.array([[0, 0, 0, first], [0] * 4, [0] * 4, [0] * 4]),
            timestamps_s=np.arange(len(heights), dtype=float),
            valid=np.ones(len(heights), bool),
            pixel_spacing_uv_mm=(1.0, 1.0),
            contours=tuple(Contour(1, frame, outline) for frame in range(len(heights))),
            names={1: "SOL"},
        )
        write_stradwin(drawn, tmp_path / f"{name}.sw")
    with pytest.warns(InputWarning, match="along the side"):
        seeds.run([tmp_path / "a.sw"], tmp_path / "half.seg.nrrd", volume=tmp_path / "leg.mha", quiet=True)
    seeds.run([tmp_path / "a.sw", tmp_path / "b.sw"], tmp_path / "both.seg.nrrd", volume=tmp_path / "leg.mha", quiet=True)
    masks = open_seeds(tmp_path / "both.seg.nrrd").masks[1]
    assert sorted(masks) == heights.astype(int).tolist()
    assert {int(mask.sum()) for mask in masks.values()} == {14 * 10 + 16 * 10}
    with pytest.raises(InputError, match="--volume"):
        seeds.run([tmp_path / "a.sw", tmp_path / "b.sw"], tmp_path / "x.seg.nrrd")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--grid", "leg.mha", "--spacing", "1"), "--grid"),
        (("--check", "--dry-run"), "one of them"),
        (("--clip", "1.5,2,30,40"), "whole pixels"),
    ],
)
def test_compounding_by_options_that_cannot_be(
    leg: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
):
    monkeypatch.chdir(leg)
    assert said in refused(capsys, "compound", "leg.mha", "-o", "out.mha", *words)
