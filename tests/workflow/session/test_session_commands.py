"""`ifss session`, from the first slice to the signature, by commands; what is exported can be read again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from cone import GM, SOL, cone, cylinder, drawn, new_session, truth, volume

from ifssnet.cli.main import main
from ifssnet.core.images import LabelMap
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.progress import drain
from ifssnet.io.open import open_labels, open_sweep
from ifssnet.io.save import save
from ifssnet.io.storage.weights import save_weights
from ifssnet.measurement.checks.completeness import completeness_findings
from ifssnet.train.adaptation import Adaptation
from ifssnet.workflow.files.default_weights import ELSEWHERE
from ifssnet.workflow.session.events import PropagationStarted
from ifssnet.workflow.session.hidden_slices import dice_of
from ifssnet.workflow.session.log import read_log
from ifssnet.workflow.session.methods import Methods
from ifssnet.workflow.session.propagation import propagate
from ifssnet.workflow.session.session import LOG, Session
from weights_shelf import anchored, fill_shelf


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(each) for each in arguments])
    return int(ended.value.code or 0)


def enclosed_px(ring: np.ndarray) -> float:
    x, y = ring.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def some_slices(*slices: int) -> LabelMap:
    whole = truth()
    array = np.zeros_like(whole.array)
    array[list(slices)] = whole.array[list(slices)]
    return LabelMap(array, whole.grid, whole.names)


def test_what_speaks_against_a_volume_is_said_in_the_words_of_measure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with new_session(tmp_path) as session:
        session.apply(drawn(SOL, 20), *(drawn(GM, z) for z in (0, 2, 4, 6)))
        drain(propagate(session, Methods(), method="shape-interpolation"))
        expected = [each for each in completeness_findings(session.state.label_map()) if "GL" not in each.text]
        # While a gap is open there is no volume that anything could speak against.
        session.apply(drawn(GM, 10))
    assert [each.text.split()[0] for each in expected] == ["SOL", "GM"]
    capsys.readouterr()
    assert run("session", "show", tmp_path / "case", "--json") == 0
    said = [each["text"] for each in json.loads(capsys.readouterr().out)["findings"]]
    assert said == [expected[0].text]
    assert run("session", "undo", tmp_path / "case") == 0
    told = " ".join(capsys.readouterr().err.split())
    assert all(each.text in told and each.remedy in told for each in expected)


def test_a_leg_by_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(volume(), tmp_path / "leg.mha")
    save(some_slices(0, 20, 40), tmp_path / "drawn.seg.nrrd")
    save(some_slices(10, 30), tmp_path / "more.seg.nrrd")
    case = tmp_path / "anna"
    assert run("session", "new", case, tmp_path / "leg.mha", "--subject", "Anna", "--side", "left", "--by", "E") == 0
    assert run("session", "draw", case, tmp_path / "drawn.seg.nrrd", "--by", "E") == 0
    assert run("session", "propagate", case, "--method", "shape-interpolation") == 0
    assert run("session", "draw", case, tmp_path / "more.seg.nrrd", "--slices", "30", "--corrected") == 0
    assert run("session", "undo", case) == 0
    assert run("session", "redo", case) == 0
    capsys.readouterr()
    assert run("session", "show", case, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["case"]["progression"] == "drawn"
    assert shown["to_propagate"] == 4
    assert run("session", "propagate", case, "--method", "shape-interpolation") == 0
    assert run("session", "accept", case, "SOL", "--slices", "21-29") == 0
    assert run("session", "mark", case, "GL", "--absent") == 0
    assert run("session", "suggest", case) == 0
    assert "a gap of 20 mm" in capsys.readouterr().out
    assert run("session", "sign", case, "--by", "E", "--statement", "complete") == 0
    assert run("session", "erase", case, "SOL", "--slices", "0") == 2
    assert "Reopen" in capsys.readouterr().err
    assert run("session", "export", case, "--kinds", "seg.nrrd,nii.gz,dcm,stl,measures,slices,seeds,stradwin") == 0

    found = open_labels(case / "exports" / "segmentation.seg.nrrd")
    with Session.open(case, read_only=True) as session:
        assert np.array_equal(found.array, session.state.label_map().array)
    in_dicom = open_labels(case / "exports" / "segmentation.dcm")
    for name in ("SOL", "GM"):
        assert np.array_equal(in_dicom.array == in_dicom.value_of(name), found.array == found.value_of(name))
    assert set(found.names.values()) >= {"SOL", "GM"}
    # It says what found the slices that nobody drew.
    header = pydicom.dcmread(case / "exports" / "segmentation.dcm", stop_before_pixels=True)
    assert header.SegmentationType == "BINARY"
    assert "shape-interpolation" in str(header.SegmentSequence)
    # Stradwin's outlines lie where the slices do, and enclose what was drawn.
    outlined = open_sweep(case / "exports" / "outlines.sw")
    index = found.grid.mm_to_index
    drawn = {}
    for contour in outlined.contours:
        corners = np.c_[contour.points_uv_px, np.zeros(len(contour.points_uv_px)), np.ones(len(contour.points_uv_px))]
        placed = (index @ outlined.image_to_world[contour.frame] @ corners.T)[:3].T
        assert np.ptp(placed[:, 2]) < 0.01
        drawn[outlined.names[contour.label], round(float(placed[0, 2]))] = enclosed_px(placed[:, :2])
    assert {z for name, z in drawn if name == "SOL"} >= {0, 20, 30, 40}
    assert drawn["SOL", 30] == pytest.approx(cone(30).sum(), rel=0.03)
    with (case / "exports" / "slices.csv").open(encoding="utf-8") as stream:
        rows = {(row["muscle"], int(row["slice"])): row for row in csv.DictReader(stream)}
    assert rows["SOL", 0]["origin"] == "imported"
    assert rows["SOL", 30]["origin"] == "corrected"
    assert rows["SOL", 25]["origin"] == "accepted"
    assert rows["GM", 25]["origin"] == "not seen"
    assert rows["GM", 25]["method"] == "shape-interpolation"
    assert float(rows["GM", 25]["area_mm2"]) == pytest.approx(cylinder(25).sum(), rel=0.1)
    provenance = json.loads((case / "exports" / "segmentation.seg.nrrd.json").read_text(encoding="utf-8"))
    assert '"Anna"' in json.dumps(provenance)
    assert '"complete"' in json.dumps(provenance)
    assert {path.name for path in (case / "exports").iterdir()} >= {"SOL.stl", "GM.stl", "measures.csv", "seeds.seg.nrrd"}


def test_the_report_is_exported_and_redrawing_and_plans_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(volume(), tmp_path / "leg.mha")
    save(some_slices(*range(0, 41, 5)), tmp_path / "drawn.seg.nrrd")
    case = tmp_path / "anna"
    assert run("session", "new", case, tmp_path / "leg.mha", "--muscles", "SOL,GM", "--by", "E") == 0
    assert run("session", "export", case) == 2
    assert "Draw and propagate first" in capsys.readouterr().err
    assert run("session", "draw", case, tmp_path / "drawn.seg.nrrd") == 0
    assert run("session", "propagate", case, "--method", "shape-interpolation") == 0
    assert run("session", "export", case, "--kinds", "report") == 0
    report = (case / "exports" / "report.html").read_text(encoding="utf-8")
    assert "Nobody vouches for this result yet" in report
    assert "Imported" in report
    assert "Never looked at" in report
    assert "slices by shape-interpolation" in report
    assert "Looked at" not in report
    assert run("session", "accept", case, "SOL", "--slices", "21-24") == 0
    assert run("session", "sign", case, "--by", "Dr. Weber", "--statement", "whole") == 0
    assert run("session", "export", case, "--kinds", "report") == 0
    report = (case / "exports" / "report.html").read_text(encoding="utf-8")
    assert "Signed by <b>Dr. Weber</b>" in report
    assert "drawn by Dr. Weber" in report
    assert "Accepted" in report
    assert run("session", "redraw", case, "--share", "0.2", "--seed", "1", "--json") == 0
    assert run("session", "plan", case, "--most", "6") == 0
    assert run("session", "quality", case) == 0
    assert run("session", "export", case, "--kinds", "pdf") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["new", "{case}", "{leg}"], "without a session"),
        (["draw", "{case}", "{seeds}", "--slices", "7"], "seeds on slice 7"),
        (["propagate", "{case}"], "slices to propagate to"),
        (["propagate", "{case}", "--muscle", "TA"], "one of the muscles SOL, GM, GL"),
        (["accept", "{case}", "SOL", "--slices", "99"], "slices from 0 to 40"),
        (["accept", "{case}", "SOL", "--slices", "x"], "slices such as"),
        (["show", "{folder}"], "the folder of a session"),
        (["redraw", "{case}", "--share", "2"], "a share above 0"),
        (["redraw", "{case}"], "drawn slices"),
        (["sign", "{case}", "--by", "E"], "something drawn"),
    ],
)
def test_what_cannot_be_is_said_and_ends_with_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    save(volume(), tmp_path / "leg.mha")
    save(some_slices(0, 40), tmp_path / "drawn.seg.nrrd")
    places = {"case": tmp_path / "case", "leg": tmp_path / "leg.mha", "seeds": tmp_path / "drawn.seg.nrrd", "folder": tmp_path}
    assert run("session", "new", places["case"], places["leg"]) == 0
    capsys.readouterr()
    assert run("session", *(each.format(**places) for each in arguments)) == 2
    assert words in capsys.readouterr().err


def test_muscles_that_a_session_does_not_have_yet_are_added_by_their_names(tmp_path: Path) -> None:
    save(volume(), tmp_path / "leg.mha")
    whole = some_slices(0, 40)
    save(LabelMap(whole.array, whole.grid, {SOL: "soleus", GM: "TA"}), tmp_path / "drawn.seg.nrrd")
    assert run("session", "new", tmp_path / "case", tmp_path / "leg.mha") == 0
    assert run("session", "draw", tmp_path / "case", tmp_path / "drawn.seg.nrrd") == 0
    with Session.open(tmp_path / "case", read_only=True) as session:
        assert [muscle.name for muscle in session.state.muscles.values()] == ["SOL", "GM", "GL", "TA"]
        drawn = session.state.muscles[session.state.label_of("SOL")].drawn
        assert drawn[0].mask.pixels == int(cone(0).sum())


def test_outlines_that_save_the_hand_by_commands(tmp_path: Path) -> None:
    save(volume(), tmp_path / "leg.mha")
    save(some_slices(0, 10, 20, 30, 40), tmp_path / "drawn.seg.nrrd")
    case = tmp_path / "anna"
    run("session", "new", case, tmp_path / "leg.mha")
    run("session", "draw", case, tmp_path / "drawn.seg.nrrd")
    run("session", "propagate", case, "--method", "shape-interpolation")
    for z, how in ((12, "between"), (13, "copy"), (14, "grow"), (14, "snap"), (16, "trace")):
        clicks = ("--points", "5,5,15,5,15,15,5,15") if how == "trace" else ()
        assert run("session", "outline", case, "SOL", "--slice", z, "--how", how, *clicks) == 0
    with Session.open(case, read_only=True) as session:
        drawn = session.state.muscle(session.state.label_of("SOL")).drawn
    assert drawn[12].how == "corrected"
    assert dice_of(drawn[12].mask, PackedMask.of(cone(12))) > 0.95
    assert dice_of(drawn[13].mask, PackedMask.of(cone(13))) > 0.95
    # Grown by a millimetre, the border is close enough to snap back.
    assert dice_of(drawn[14].mask, PackedMask.of(cone(14))) > 0.95
    assert drawn[16].mask.pixels > 50
    for wrong in (("--how", "trace", "--points", "1,2,3"), ("--how", "trace"), ("--how", "between", "--slice", "99")):
        assert run("session", "outline", case, "SOL", "--slice", 17, *wrong) == 2


def test_a_case_keeps_a_network_of_its_own_only_where_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ELSEWHERE, str(fill_shelf(tmp_path / "shelf")))
    save(volume(), tmp_path / "leg.mha")
    save(some_slices(0, 10, 20, 30, 40), tmp_path / "drawn.seg.nrrd")
    case = tmp_path / "anna"
    assert run("session", "new", case, tmp_path / "leg.mha", "--by", "E") == 0
    assert run("session", "draw", case, tmp_path / "drawn.seg.nrrd", "--by", "E") == 0
    assert run("session", "adapt", case, "--seconds", "1e-6", "--by", "E") == 0
    assert "The tuned network is kept" in capsys.readouterr().err
    assert (case / "adapted.safetensors").is_file()
    with monkeypatch.context() as worse:
        worse.setattr(Adaptation, "kept", False)
        assert run("session", "adapt", case, "--seconds", "1e-6", "--by", "E") == 0
    assert "stays as it was" in capsys.readouterr().err
    assert not (case / "adapted.safetensors").exists()
    save_weights(anchored(bias=9.0), case / "adapted.safetensors")
    assert run("session", "propagate", case, "--method", "anchored", "--by", "E") == 0
    with Session.open(case, read_only=True) as session:
        started = [each for each in read_log(case / LOG).events if isinstance(each, PropagationStarted)]
        assert started[-1].weights.startswith("adapted.safetensors")
        assert session.state.mask(SOL, 5) != PackedMask.of(cone(5))
    # It knows drawn slices by heart, so it is not what hidden ones judge.
    assert run("session", "check", case, "--by", "E") == 0
    with Session.open(case, read_only=True) as session:
        assert all(dict(each.dice)["anchored"] > 0.9 for each in session.state.muscle(SOL).hidden)
    assert run("session", "adapt", case, "--forget", "--by", "E") == 0
    assert not (case / "adapted.safetensors").exists()
