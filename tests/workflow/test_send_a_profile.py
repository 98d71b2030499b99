"""Where the time of a command went, in a file that may be sent to others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.io.save import save
from ifssnet.workflow.files.profile import ENDING, STARTING
from ifssnet.workflow.leg.measure_files import measure_files
from ifssnet.workflow.leg.segment_files import segment_files
from ifssnet.workflow.report.report_files import report_files

GRID = Grid((12, 24, 20), (1.0, 1.0, 0.5))


def test_a_profile_says_what_stages_took_and_nothing_of_whose_leg_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "Jane Doe"
    folder.mkdir()
    seeds = np.zeros(GRID.shape_zyx, np.uint8)
    seeds[[0, 5, 11], 5:15, 5:15] = 1
    save(Volume(np.full(GRID.shape_zyx, 80, np.uint8), GRID), folder / "leg.mha")
    save(LabelMap(seeds, GRID, {1: "soleus of Jane"}), folder / "seeds.seg.nrrd")
    profile = tmp_path / "profile.json"

    def segment() -> None:
        work = segment_files(
            folder / "leg.mha", folder / "seeds.seg.nrrd", folder / "out.seg.nrrd", "watershed", {}, subject="Jane",
            profile=profile, force=(folder / "out.seg.nrrd").exists(),
        )  # fmt: skip
        drain(work)

    segment()
    text = profile.read_text(encoding="utf-8")
    assert "Jane" not in text
    assert str(tmp_path) not in text
    found = json.loads(text)
    stages = {stage["stage"]: stage for stage in found["stages"]}
    assert next(iter(stages)) == STARTING
    assert list(stages)[-1] == ENDING
    assert {"reading the volume", "reading what was drawn", "propagating: preparing", "propagating"} <= stages.keys()
    assert stages[STARTING]["wall_s"] is None
    assert all(stage["cpu_s"] >= 0 for stage in stages.values())
    assert sum(stage["cpu_s"] for stage in stages.values()) > 0
    assert found["work"] == {
        "method": "watershed",
        "engine": None,
        "voxels_zyx": list(GRID.shape_zyx),
        "spacing_xyz_mm": [1.0, 1.0, 0.5],
        "muscles": 1,
        "annotated_slices": 3,
    }
    assert found["machine"]["threads"] >= 1
    assert "numpy" in found["versions"]
    (folder / "out.seg.nrrd").unlink()
    with pytest.raises(InputError, match=r"profile\.json"):
        segment()
    assert not (folder / "out.seg.nrrd").exists()


@pytest.fixture(scope="module")
def measured_leg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a volume and a segmentation of somebody's leg."""
    folder = tmp_path_factory.mktemp("Jane")
    labels = np.zeros(GRID.shape_zyx, np.uint8)
    labels[2:10, 5:15, 5:15] = 1
    save(Volume(np.full(GRID.shape_zyx, 80, np.uint8), GRID), folder / "leg.mha")
    save(LabelMap(labels, GRID, {1: "soleus of Jane"}), folder / "leg.seg.nrrd")
    return folder


def stages_of(profile: Path) -> list[str]:
    """The stages of a profile that says nothing of whose leg it is."""
    text = profile.read_text(encoding="utf-8")
    assert "Jane" not in text
    found = json.loads(text)
    # The report has the slices across the leg first.
    assert sorted(found["work"]["voxels_zyx"]) == sorted(GRID.shape_zyx)
    assert found["work"]["muscles"] == 1
    assert all(stage["cpu_s"] >= 0 for stage in found["stages"])
    return [stage["stage"] for stage in found["stages"]]


def test_measuring_has_a_profile_as_well(measured_leg: Path, tmp_path: Path) -> None:
    labels, volume, profile = measured_leg / "leg.seg.nrrd", measured_leg / "leg.mha", tmp_path / "profile.json"
    measure_files(labels, volume, profile=profile)
    assert stages_of(profile) == [STARTING, "reading the segmentation", "reading the volume", "measuring", ENDING]


@pytest.mark.slow
def test_the_report_has_a_profile_as_well(measured_leg: Path, tmp_path: Path) -> None:
    labels, volume, profile = measured_leg / "leg.seg.nrrd", measured_leg / "leg.mha", tmp_path / "profile.json"
    drain(report_files(labels, tmp_path / "leg.html", volume, profile=profile, force=True, slices=1))
    stages = stages_of(profile)
    assert (stages[0], stages[-1]) == (STARTING, ENDING)
    assert {"reading the files", "measuring", "drawing the page"} <= set(stages)


def test_a_profile_takes_no_other_files_place(measured_leg: Path, tmp_path: Path) -> None:
    labels, same = measured_leg / "leg.seg.nrrd", tmp_path / "same.json"
    for profile, output in ((labels, None), (same, same)):
        with pytest.raises(InputError):
            measure_files(labels, output=output, profile=profile, force=True)
    with pytest.raises(InputError):
        drain(report_files(labels, tmp_path / "leg.html", profile=labels, force=True))
    assert not list(tmp_path.iterdir())
