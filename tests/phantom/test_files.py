"""What is written comes back: frames, poses, contours, cases, cohorts."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.progress import drain
from ifssnet.io.cohort import open_cohort
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.sweep import open_sweep
from ifssnet.phantom.acquire import SIZES, Size, acquire
from ifssnet.phantom.anatomy import build_leg
from ifssnet.phantom.cohort import cohort_table, make_member, plan_cohort
from ifssnet.phantom.files import with_contours, write_leg
from ifssnet.phantom.subject import Subject
from ifssnet.phantom.sweep import scan_labels
from ifssnet.phantom.toml import toml

TINY = Size(12, 16, 44, replace(SIZES["small"].settings, frame_step_mm=8.0, dropped=0.0))


@pytest.fixture(scope="module")
def leg():
    return build_leg(Subject(seed=1))


@pytest.fixture(scope="module")
def recorded(leg):
    return drain(acquire(leg, TINY, "scan", 1, 3))


def test_sweeps_come_back_by_either_format(leg, recorded, tmp_path: Path) -> None:
    write_leg(leg, recorded, tmp_path)
    first = recorded.sweeps[0]
    for path, config in (
        (tmp_path / "sweep1.igs.mha", None),
        (tmp_path / "sweep1.igs.mha", tmp_path / "plus.xml"),
        (tmp_path / "sweep1.sw", None),
    ):
        read = open_sweep(path, config)
        assert np.array_equal(read.frames, first.frames)
        assert np.allclose(read.image_to_world, first.image_to_world, atol=2e-3)
    truth = open_sweep(tmp_path / "sweep1.truth.igs.mha")
    assert np.array_equal(truth.frames, scan_labels(leg, [first])[0].frames)
    about = tomllib.loads((tmp_path / "leg.toml").read_text())
    assert about["subject"]["gm"]["volume_cm3"] == leg.subject.gm.volume_cm3


def test_cases_are_those_of_leg_3d_us(leg, recorded, tmp_path: Path) -> None:
    write_leg(leg, recorded, tmp_path)
    labels, volume = open_labels(tmp_path / "masksX1.mha"), open_volume(tmp_path / "x1.mha")
    assert labels.grid.matches(volume.grid)
    assert set(np.unique(labels.array)) == {0, 100, 150, 200}
    assert np.array_equal(labels.array == 150, recorded.truth.array == 2)


def test_contours_enclose_the_muscle(leg, recorded) -> None:
    """The shoelace area of a frame's contours is the muscle's pixels in it."""
    sweep = recorded.sweeps[1]
    truth = scan_labels(leg, [sweep])[0]
    drawn = with_contours(sweep, truth)
    checked = 0
    for frame in sorted({contour.frame for contour in drawn.contours}):
        for label in (1, 2, 3):
            rings = [c.points_uv_px for c in drawn.contours if c.frame == frame and c.label == label]
            pixels = np.count_nonzero(truth.frames[frame] == label)
            if not rings or pixels < 200:
                continue
            area = abs(sum(0.5 * np.sum(r[:, 0] * np.roll(r[:, 1], -1) - r[:, 1] * np.roll(r[:, 0], -1)) for r in rings))
            assert area == pytest.approx(pixels, rel=0.1)
            checked += 1
    assert checked > 5


def test_a_cohort_is_balanced_and_its_splits_are_by_person() -> None:
    plan = plan_cohort(44, (29, 5, 10), seed=3)
    people = [member.subject for member in plan.members]
    assert sum(p.sex == "female" for p in people) == 22
    assert sum(p.side == "left" for p in people) == 20
    assert [sum(m.split == s for m in plan.members) for s in ("train", "val", "test")] == [29, 5, 10]
    assert sum(m.acquisitions for m in plan.members) == 59
    assert len({p.seed for p in people}) == 44
    assert plan_cohort(44, (29, 5, 10), seed=3) == plan
    assert plan_cohort(44, (29, 5, 10), seed=4) != plan


@pytest.mark.parametrize(
    ("subjects", "split", "word"), [(4, (2, 1, 2), "adds up"), (0, (0, 0, 0), "subjects"), (3, (4, -1, 0), "adds up")]
)
def test_impossible_cohorts_are_refused(subjects, split, word) -> None:
    with pytest.raises(InputError, match=word):
        plan_cohort(subjects, split)
    with pytest.raises(InputError, match="size"):
        plan_cohort(3, (1, 1, 1), size="huge")


def test_a_written_cohort_opens_and_repeats(tmp_path: Path) -> None:
    plan = plan_cohort(3, (1, 1, 1), seed=5, size="small", second=1)
    folders = tmp_path / "a", tmp_path / "b"
    for folder in folders:
        # The second time in another order: nobody's bytes depend on who was made before.
        order = range(3) if folder is folders[0] else (2, 0, 1)
        told = {index: drain(make_member(plan, index, folder)) for index in order}
        (folder / "cohort.toml").write_text(toml(cohort_table(plan, [told[i] for i in range(3)])), encoding="utf-8")
    for path in sorted(p for p in folders[0].rglob("*") if p.is_file()):
        assert path.read_bytes() == (folders[1] / path.relative_to(folders[0])).read_bytes(), path.name
    cohort = open_cohort(folders[0])
    assert len(cohort.cases) == 4
    assert sorted(case.acquisition for case in cohort.cases) == ["r1", "r1", "r1", "r2"]
    assert dict(cohort.label_names) == {100: "SOL", 150: "GM", 200: "GL"}


@pytest.mark.slow
def test_workers_have_no_part_in_the_bytes(tmp_path: Path) -> None:
    from ifssnet.workflow.phantom import make_cohort

    plan = plan_cohort(2, (1, 0, 1), seed=6, size="small", second=0)
    for workers in (1, 2):
        drain(make_cohort(tmp_path / str(workers), plan, workers=workers))
    files = sorted(p.relative_to(tmp_path / "1") for p in (tmp_path / "1").rglob("*") if p.is_file())
    assert len(files) == 5
    assert all((tmp_path / "1" / f).read_bytes() == (tmp_path / "2" / f).read_bytes() for f in files)
