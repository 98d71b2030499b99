"""A cohort: who is in it, that it opens as LEG-3D-US does, and that a seed is all there is to it."""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.cohort import Cohort
from ifssnet.core.errors import InputError
from ifssnet.core.progress import drain
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.open import open_labels, open_volume
from ifssnet.phantom.files.cohort import CohortPlan, plan_cohort
from ifssnet.phantom.scanner import acquisition as acquire
from ifssnet.phantom.scanner.acquisition import SIZES, VERSION, VolumeSize
from ifssnet.workflow.cohorts.phantom_files import make_cohort

TINY = VolumeSize(16, 32, 32, SIZES["small"].settings)
"""Voxels of 4.4 x 4.4 x 8.9 mm: a leg in a tenth of a second, in this process only."""


@pytest.fixture(scope="module")
def tiny():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(acquire, "SIZES", {**SIZES, "tiny": TINY})
        yield plan_cohort(3, (1, 1, 1), seed=5, size="tiny", second=1)


@pytest.fixture(scope="module")
def folder(tiny: CohortPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("cohort") / "legs"
    drain(make_cohort(target, tiny))
    return target


@pytest.fixture(scope="module")
def cohort(folder: Path) -> Cohort:
    return open_cohort(folder)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("seed", [0, 1, 77])
def test_44_people_are_those_of_the_paper(seed: int) -> None:
    """22 women and men, 20 left and 24 right legs, 59 acquisitions of which 15 second ones (paper, IV-A)."""
    members = plan_cohort(44, (29, 5, 10), seed=seed).members
    people = [member.subject for member in members]
    assert Counter(p.sex for p in people) == {"female": 22, "male": 22}
    assert Counter(p.side for p in people) == {"left": 20, "right": 24}
    assert Counter(m.acquisitions for m in members) == {1: 29, 2: 15}
    assert Counter(m.split for m in members) == {"train": 29, "val": 5, "test": 10}
    assert len({m.name for m in members}) == len({p.seed for p in people}) == 44
    # The mean of 44 has a standard error of 1.7 cm and 1.9 kg: 3 of these.
    assert np.mean([p.height_cm for p in people]) == pytest.approx(173.0, abs=5.0)
    assert np.mean([p.mass_kg for p in people]) == pytest.approx(64.3, abs=5.7)


def test_sex_side_and_second_acquisitions_say_nothing_of_each_other_or_of_the_split() -> None:
    """Over 10 cohorts each of the 8 kinds of person, and each share in the test split, is as frequent as by chance."""
    members = [m for seed in range(10) for m in plan_cohort(44, (29, 5, 10), seed=seed).members]
    kinds = Counter((m.subject.sex, m.subject.side, m.acquisitions) for m in members)
    for (_, side, twice), count in kinds.items():
        expected = len(members) / 2 * (20 if side == "left" else 24) / 44 * (15 if twice == 2 else 29) / 44
        assert count == pytest.approx(expected, rel=0.5)
    tested = [m for m in members if m.split == "test"]
    assert np.mean([m.subject.sex == "female" for m in tested]) == pytest.approx(0.5, abs=0.15)
    assert np.mean([m.acquisitions == 2 for m in tested]) == pytest.approx(15 / 44, abs=0.15)


def test_a_seed_is_a_plan_and_size_and_way_have_no_part_in_the_people() -> None:
    plan = plan_cohort(44, (29, 5, 10), seed=3)
    assert plan_cohort(44, (29, 5, 10), seed=3) == plan
    assert plan_cohort(44, (29, 5, 10), seed=4).members != plan.members
    assert plan_cohort(44, (29, 5, 10), seed=3, size="paper", via="scan").members == plan.members
    assert {m.subject.infiltration > 0 for m in plan_cohort(4, (4, 0, 0), variant="duchenne").members} == {True}


@pytest.mark.parametrize(
    ("subjects", "split", "options", "word"),
    [
        (4, (2, 1, 2), {}, "2/1/2"),
        (0, (0, 0, 0), {}, "subjects"),
        (10_001, (10_001, 0, 0), {}, "10001"),
        (3, (4, -1, 0), {}, "4/-1/0"),
        (3, (1, 1, 1), {"size": "huge"}, "huge"),
        (3, (1, 1, 1), {"second": 4}, "second acquisition"),
        (3, (1, 1, 1), {"second": -1}, "second acquisition"),
        (3, (1, 1, 1), {"seed": -1}, "seed"),
    ],
)
def test_impossible_cohorts_are_refused(subjects: int, split, options, word: str) -> None:
    with pytest.raises(InputError) as said:
        plan_cohort(subjects, split, **options)
    assert word in str(said.value)


@pytest.mark.parametrize(("subjects", "expected"), [(44, (29, 5, 10)), (6, (4, 1, 1)), (3, (1, 1, 1)), (1, (1, 0, 0))])
def test_without_a_split_persons_are_shared_out_as_in_the_papers_data(subjects: int, expected: tuple[int, int, int]) -> None:
    splits = Counter(member.split for member in plan_cohort(subjects).members)
    assert tuple(splits[name] for name in ("train", "val", "test")) == expected


@pytest.mark.parametrize(
    ("subjects", "split"),
    [(1, "1/0/0"), (2, "1/0/1"), (3, "1/1/1"), (4, "2/1/1"), (10, "7/1/2"), (44, "29/5/10"), (88, "58/10/20")],
)
def test_a_split_that_does_not_add_up_is_answered_with_one_that_does(subjects: int, split: str) -> None:
    with pytest.raises(InputError, match=f"--split {split}"):
        plan_cohort(subjects, (0, 0, 0))


def test_the_folder_opens_as_leg_3d_us_does(cohort: Cohort, tiny: CohortPlan) -> None:
    assert dict(cohort.label_names) == {100: "SOL", 150: "GM", 200: "GL"}
    expected = {(m.name, f"{m.name}_x{n}", m.split, f"r{n}") for m in tiny.members for n in range(1, m.acquisitions + 1)}
    assert {(c.patient, c.name, c.split, c.acquisition) for c in cohort.cases} == expected
    assert len(expected) == 4
    assert cohort.shared_patients == ()
    for case in cohort.cases:
        assert case.volume_path is not None
        assert case.labels_path is not None
        volume, labels = open_volume(case.volume_path), open_labels(case.labels_path)
        assert labels.grid.matches(volume.grid)
        assert volume.array.dtype == labels.array.dtype == np.uint8
        assert set(np.unique(labels.array).tolist()) == {0, 100, 150, 200}
        assert volume.array.std() > 5


def test_the_description_says_what_the_files_hold(folder: Path, cohort: Cohort, tiny: CohortPlan) -> None:
    """Hashes, true volumes and where the leg lay; enough to plan the same cohort again."""
    told = tomllib.loads((folder / "cohort.toml").read_text(encoding="utf-8"))
    assert {"version": VERSION, "seed": 5, "size": "tiny", "via": "direct", "variant": "adult"}.items() <= told[
        "generator"
    ].items()
    for member in tiny.members:
        said = told["subjects"][member.name]
        assert said["split"] == member.split
        assert said["subject"]["seed"] == member.subject.seed
        assert said["subject"]["gm"]["volume_cm3"] == member.subject.gm.volume_cm3
        for number in range(1, member.acquisitions + 1):
            about, place = said[f"r{number}"], folder / member.split / member.name
            hashes = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in place.glob(f"*{number}.mha")}
            assert about["sha256"] == hashes
            assert len(hashes) == 2
            matrix = np.array(about["leg_to_world"])
            assert np.array_equal(matrix, np.eye(4)) == (number == 1)
            assert np.allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-12)
        labels = open_labels(folder / member.split / member.name / "masksX1.mha")
        for value, name in cohort.label_names.items():
            volume = np.count_nonzero(labels.array == value) * labels.grid.voxel_volume_mm3 / 1000
            assert said["volumes_cm3"][name] == pytest.approx(volume, rel=1e-4)


def test_the_same_seed_gives_the_same_bytes_and_another_others(folder: Path, tiny: CohortPlan, tmp_path: Path) -> None:
    drain(make_cohort(tmp_path / "again", tiny))
    assert files(tmp_path / "again") == files(folder)
    other = plan_cohort(3, (1, 1, 1), seed=6, size="tiny", second=1)
    drain(make_cohort(tmp_path / "other", other))
    first, second = files(folder), files(tmp_path / "other")
    assert not set(first.values()) & set(second.values())


def test_nobodys_bytes_depend_on_who_else_is_there(folder: Path, tiny: CohortPlan, tmp_path: Path) -> None:
    """One person of the plan alone gives the files that the person has among the others."""
    alone = replace(tiny, members=tiny.members[2:])
    drain(make_cohort(tmp_path / "alone", alone))
    found = {name: content for name, content in files(tmp_path / "alone").items() if name.endswith(".mha")}
    assert found
    assert found.items() <= files(folder).items()


@pytest.mark.slow
@pytest.mark.parametrize("via", ["direct", "scan"])
def test_workers_have_no_part_in_the_bytes(tmp_path: Path, via) -> None:
    plan = plan_cohort(3, (1, 1, 1), seed=6, size="small", second=1, via=via)
    for workers in (1, 2):
        drain(make_cohort(tmp_path / str(workers), plan, workers=workers))
    assert len(files(tmp_path / "1")) == 9
    assert files(tmp_path / "1") == files(tmp_path / "2")


def test_some_of_its_persons_are_made_as_they_are_in_the_whole(folder: Path, tiny: CohortPlan, tmp_path: Path) -> None:
    drain(make_cohort(tmp_path / "some", tiny.only(["P02"])))
    assert [path.name for path in (tmp_path / "some").iterdir() if path.is_dir()] == ["val"]
    for path in (folder / "val" / "P02").iterdir():
        assert (tmp_path / "some" / "val" / "P02" / path.name).read_bytes() == path.read_bytes()
    with pytest.raises(InputError, match="P01 to P03"):
        tiny.only(["P04"])


def test_bones_and_deep_muscles_are_labelled_where_they_are_asked_for(folder: Path, tiny: CohortPlan, tmp_path: Path) -> None:
    """The images and the three muscles are the same; values and names of the rest are told with the cohort."""
    one = replace(tiny, truth="structures").only(["P02"])
    drain(make_cohort(tmp_path / "all", one))
    image, masks = (Path("val", "P02", name) for name in ("x1.mha", "masksX1.mha"))
    assert (tmp_path / "all" / image).read_bytes() == (folder / image).read_bytes()
    more, muscles = open_labels(tmp_path / "all" / masks), open_labels(folder / masks)
    ours = np.isin(more.array, (100, 150, 200))
    assert np.array_equal(np.where(ours, more.array, 0), muscles.array)
    names = open_cohort(tmp_path / "all").label_names
    assert {"SOL", "GM", "GL", "TIBIA", "FIBULA", "TP", "FHL", "FDL", "PERONEI"} == set(names.values())
    found = {names[int(value)] for value in np.unique(more.array[~ours]) if value}
    assert {"TIBIA", "FDL"} <= found
    assert open_cohort(folder).label_names == {100: "SOL", 150: "GM", 200: "GL"}
