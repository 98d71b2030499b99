"""`ifss info` on what cannot be used yet: a recording without calibration, and a folder of many things."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ifssnet.core.errors import InputError
from ifssnet.core.facts.file_facts import FolderEntry, FolderFacts, PictureFacts, UnplacedFrameFacts
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.io.codecs.metaimage import write_metaimage
from ifssnet.io.save import save
from ifssnet.workflow.leg.inspection import inspect, plain_inspection


def uncalibrated(path: Path, frames: int = 4) -> None:
    """Frames of 6 x 5 pixels that know where the probe was, and not where the image lay at it; frame 2 is invalid."""
    fields = {"UltrasoundImageOrientation": "MF"}
    for i in range(frames):
        fields |= {
            f"Seq_Frame{i:04}_ProbeToTrackerTransform": f"1 0 0 0 0 1 0 0 0 0 1 {i} 0 0 0 1",
            f"Seq_Frame{i:04}_ProbeToTrackerTransformStatus": "INVALID" if i == 2 else "OK",
            f"Seq_Frame{i:04}_Timestamp": f"{10 + i / 4}",
        }
    write_metaimage(path, fields, np.zeros((frames, 5, 6), np.uint8), True)


def test_a_recording_without_calibration_shows_its_frames_and_what_is_missing(tmp_path: Path) -> None:
    uncalibrated(tmp_path / "sweep.igs.mha")
    found = inspect(tmp_path / "sweep.igs.mha").content
    assert isinstance(found, UnplacedFrameFacts)
    assert (found.frames, found.frame_size_uv_px, found.duration_s) == (4, (6, 5), 0.75)
    assert "ImageToProbe" in found.missing
    (transform,) = found.transforms
    assert (transform.name, transform.entries, transform.valid) == ("ProbeToTracker", 4, 3)


def test_with_a_configuration_that_lacks_the_calibration_too_it_is_an_error(tmp_path: Path) -> None:
    uncalibrated(tmp_path / "sweep.igs.mha")
    (tmp_path / "plus.xml").write_text("<PlusConfiguration><CoordinateDefinitions/></PlusConfiguration>", encoding="utf-8")
    with pytest.raises(InputError, match="ImageToProbe"):
        inspect(tmp_path / "sweep.igs.mha", tmp_path / "plus.xml")


def test_a_folder_says_what_is_in_it(tmp_path: Path) -> None:
    save(LabelMap(np.ones((3, 4, 5), np.uint8), Grid((3, 4, 5)), {1: "SOL"}), tmp_path / "leg.seg.nrrd")
    (tmp_path / "notes.txt").write_text("looked at", encoding="utf-8")
    (tmp_path / "older").mkdir()
    found = inspect(tmp_path)
    assert (found.kind, found.content) == (
        "folder",
        FolderFacts(
            3,
            (
                FolderEntry("leg.seg.nrrd", "a 3D Slicer segmentation (.seg.nrrd)"),
                FolderEntry("notes.txt", "-"),
                FolderEntry("older", "a folder"),
            ),
        ),
    )
    assert plain_inspection(found)["entries"] == 3


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="empty"):
        inspect(tmp_path)


def test_a_table_beside_an_image_shows_its_keys(tmp_path: Path) -> None:
    told = '{"Manufacturer": "Maker", "SliceTiming": [0.0, 0.5], "labels": {"1": "SOL"}, "note": null}'
    (tmp_path / "sub-01_us.json").write_text(told, encoding="utf-8-sig")
    found = plain_inspection(inspect(tmp_path / "sub-01_us.json"))
    assert found["kind"] == "json"
    assert [(row["name"], row["value"]) for row in found["keys"]] == [  # type: ignore[index,union-attr]
        ("Manufacturer", "Maker"), ("SliceTiming", "0.0, 0.5"), ("labels", "a table of 1"), ("note", "-"),
    ]  # fmt: skip
    (tmp_path / "list.json").write_text("[1, 2, {}]", encoding="utf-8")
    assert "a list of 3" in str(inspect(tmp_path / "list.json").content)
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="as JSON"):
        inspect(tmp_path / "broken.json")


def test_a_picture_and_a_folder_of_masks(tmp_path: Path) -> None:
    Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).save(tmp_path / "SOL_0001.png")
    assert inspect(tmp_path / "SOL_0001.png").content == PictureFacts((4, 3), "uint8", 0.0, 11.0)
    assert isinstance(inspect(tmp_path).content, FolderFacts)


@pytest.mark.parametrize("page", ["<!doctype html>\n<html></html>", "\ufeff<!DOCTYPE HTML>", "<html lang='en'>"])
def test_a_web_page_is_taken_for_no_configuration(tmp_path: Path, page: str) -> None:
    (tmp_path / "leg.html").write_text(page, encoding="utf-8")
    (tmp_path / "plus.xml").write_text('<?xml version="1.0"?><PlusConfiguration/>', encoding="utf-8")
    content = inspect(tmp_path).content
    assert isinstance(content, FolderFacts)
    assert {each.name: each.what for each in content.contents} == {
        "leg.html": "-",
        "plus.xml": "an XML file, as a PLUS configuration is",
    }
