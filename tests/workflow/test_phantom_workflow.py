"""Digital legs as files: whole or not at all."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress, drain
from ifssnet.io.open import open_labels, open_volume
from ifssnet.phantom.files.cohort import CohortPlan, WrittenMember, make_member, plan_cohort
from ifssnet.phantom.scanner import acquisition as acquire
from ifssnet.phantom.scanner.acquisition import SIZES, VolumeSize
from ifssnet.workflow.cohorts.phantom_files import LegOptions, make_cohort, make_leg

TINY = VolumeSize(16, 32, 32, replace(SIZES["small"].settings, frame_step_mm=10.0))


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acquire, "SIZES", {**SIZES, "tiny": TINY})


OPTIONS = LegOptions(seed=4, size="tiny", via="direct", acquisitions=2)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_leg_of_two_acquisitions(tmp_path: Path) -> None:
    seen: list[Progress] = []
    made = drain(make_leg(tmp_path / "leg", OPTIONS, force=False), seen.append)
    assert sorted(files(tmp_path / "leg")) == ["leg.toml", "masksX1.mha", "masksX2.mha", "r2-leg.toml", "x1.mha", "x2.mha"]
    assert seen
    assert all(0 <= step.done <= step.total for step in seen)
    for number, about in ((1, "leg.toml"), (2, "r2-leg.toml")):
        labels, facts = open_labels(tmp_path / "leg" / f"masksX{number}.mha"), made.recordings[f"r{number}"]
        said = tomllib.loads((tmp_path / "leg" / about).read_text(encoding="utf-8"))
        assert said["volumes_cm3"] == facts.volumes_cm3
        for value, name in ((100, "SOL"), (150, "GM"), (200, "GL")):
            volume = np.count_nonzero(labels.array == value) * labels.grid.voxel_volume_mm3 / 1000
            assert said["volumes_cm3"][name] == pytest.approx(volume, rel=1e-4)
            # A voxel is 0.17 cm3, and the leg has moved on the grid between both.
            assert volume == pytest.approx(said["subject"][name.lower()]["volume_cm3"], rel=0.1)
        assert facts.shape_zyx == labels.array.shape
    # r2 has 6 dB more gain, 25 of 255 grey levels, and less of them lost on the way.
    grey = [open_volume(tmp_path / "leg" / f"x{n}.mha").array for n in (1, 2)]
    inside = [open_labels(tmp_path / "leg" / f"masksX{n}.mha").array > 0 for n in (1, 2)]
    assert grey[1][inside[1]].mean() > grey[0][inside[0]].mean() + 15


def test_the_same_options_give_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 4), ("b", 4), ("c", 5)):
        drain(make_leg(tmp_path / name, LegOptions(seed=seed, size="tiny", via="scan")))
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert not set(files(tmp_path / "a").values()) & set(files(tmp_path / "c").values())


def test_a_leg_that_is_there_is_replaced_by_force_alone(tmp_path: Path) -> None:
    drain(make_leg(tmp_path / "leg", OPTIONS))
    before = files(tmp_path / "leg")
    other = LegOptions(seed=5, size="tiny", via="direct")
    with pytest.raises(InputError, match="--force"):
        drain(make_leg(tmp_path / "leg", other))
    assert files(tmp_path / "leg") == before
    drain(make_leg(tmp_path / "leg", other, force=True))
    assert sorted(files(tmp_path / "leg")) == ["leg.toml", "masksX1.mha", "x1.mha"]
    (tmp_path / "leg" / "thesis.docx").write_bytes(b"years of work")
    with pytest.raises(InputError, match=r"thesis\.docx"):
        drain(make_leg(tmp_path / "leg", other, force=True))
    assert [path.name for path in tmp_path.iterdir()] == ["leg"]


def test_a_direct_leg_takes_a_scanned_ones_place_and_back(tmp_path: Path) -> None:
    for via in ("scan", "direct", "scan"):
        drain(make_leg(tmp_path / "leg", LegOptions(seed=4, size="tiny", via=via), force=True))
        assert (tmp_path / "leg" / "plus.xml").exists() == (via == "scan")


@pytest.mark.parametrize("steps", [1, 2, 9])
def test_a_leg_that_is_stopped_leaves_nothing(tmp_path: Path, steps: int) -> None:
    work = make_leg(tmp_path / "leg", LegOptions(seed=4, size="tiny", via="scan"))
    for _ in range(steps):
        next(work)
    assert list(tmp_path.iterdir()) != []
    work.close()
    assert list(tmp_path.iterdir()) == []


def test_a_leg_that_is_stopped_keeps_what_was_there(tmp_path: Path) -> None:
    drain(make_leg(tmp_path / "leg", LegOptions(seed=5, size="tiny", via="direct")))
    before = files(tmp_path / "leg")
    work = make_leg(tmp_path / "leg", OPTIONS, force=True)
    next(work)
    work.close()
    assert files(tmp_path / "leg") == before
    assert [path.name for path in tmp_path.iterdir()] == ["leg"]


def test_a_cohort_that_is_stopped_goes_on(tmp_path: Path) -> None:
    plan = plan_cohort(2, (2, 0, 0), size="tiny", second=0)
    work = make_cohort(tmp_path / "legs", plan)
    assert [next(work) for _ in range(2)] == [Progress("making digital legs", done, 2) for done in (0, 1)]
    work.close()
    waiting = tmp_path / ".legs.making"
    assert [path.name for path in tmp_path.iterdir()] == [waiting.name]
    first = (waiting / "train" / "P01" / "x1.mha").read_bytes()
    seen: list[Progress] = []
    drain(make_cohort(tmp_path / "legs", plan), seen.append)
    assert [step.done for step in seen] == [0, 1]
    assert [path.name for path in tmp_path.iterdir()] == ["legs"]
    described = tomllib.loads((tmp_path / "legs" / "cohort.toml").read_text(encoding="utf-8"))["subjects"]
    assert list(described) == ["P01", "P02"]
    assert described["P01"]["r1"]["sha256"]["x1.mha"] == hashlib.sha256(first).hexdigest()
    # Legs of another plan are none of this one's.
    work = make_cohort(tmp_path / "other", plan)
    assert next(progress for progress in work if progress.done).done == 1
    work.close()
    seen.clear()
    drain(make_cohort(tmp_path / "other", plan_cohort(1, (1, 0, 0), size="tiny", second=0, seed=5)), seen.append)
    assert [step.done for step in seen] == [0, 1]
    assert (tmp_path / "other" / "train" / "P01" / "x1.mha").read_bytes() != first


def test_a_leg_that_cannot_be_made_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_cohort(3, (3, 0, 0), size="tiny", second=0)
    made: list[int] = []

    def fails(plan: CohortPlan, index: int, target: Path) -> Generator[Progress, None, WrittenMember]:
        made.append(index)
        if index < 2:
            raise ValueError(f"no luck with {index}")
        return make_member(plan, index, target)

    monkeypatch.setattr("ifssnet.workflow.cohorts.phantom_files.make_member", fails)
    with pytest.raises(InputError, match="P01: ValueError: no luck with 0; P02: ValueError: no luck with 1"):
        drain(make_cohort(tmp_path / "legs", plan))
    assert made == [0, 1, 2]
    assert [path.name for path in (tmp_path / ".legs.making" / "train").iterdir()] == ["P03"]


def test_what_is_said_of_a_cohort(tmp_path: Path) -> None:
    plan = plan_cohort(3, (1, 0, 2), size="tiny", second=1)
    seen: list[Progress] = []
    made = drain(make_cohort(tmp_path / "legs", plan), seen.append)
    assert (made.subjects, made.acquisitions, made.splits) == (3, 4, {"train": 1, "test": 2})
    assert [step.done for step in seen] == [0, 1, 2, 3]


@pytest.mark.parametrize("workers", [0, -1, 1000])
def test_impossible_numbers_of_workers(tmp_path: Path, workers: int) -> None:
    with pytest.raises(InputError, match="workers"):
        drain(make_cohort(tmp_path / "legs", plan_cohort(1, (1, 0, 0), size="tiny"), workers=workers))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [LegOptions(size="huge"), LegOptions(acquisitions=3), LegOptions(seed=-1, size="tiny")])
def test_impossible_options(tmp_path: Path, options: LegOptions) -> None:
    with pytest.raises(InputError):
        drain(make_leg(tmp_path / "leg", options))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        LegOptions(seed=10**22, size="small"),
        LegOptions(seed=-1, size="small"),
        LegOptions(anatomy=Path("no-such-folder"), size="small"),
        LegOptions(anatomy=Path(), variant="duchenne", size="small"),
    ],
)
def test_a_leg_that_cannot_be_made_is_refused_before_the_work(options: LegOptions, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        drain(make_leg(tmp_path / "leg", options))
    assert list(tmp_path.iterdir()) == []
