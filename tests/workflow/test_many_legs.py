"""`ifss segment` on many legs: who belongs to whom, nothing twice, nothing lost, and the bytes of one leg by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cones import block_leg
from ifssnet.cli.commands import segment
from ifssnet.cli.main import main
from ifssnet.core.errors import InputError
from ifssnet.core.progress import drain
from ifssnet.io.open import open_labels
from ifssnet.workflow.cohorts.found_legs import FoundLeg, found_legs, is_many
from ifssnet.workflow.cohorts.segment_legs import SEGMENTED, VOLUMES, SegmentOptions, segment_legs

GUIDED = SegmentOptions("shape-interpolation", workers=0)


def files(root: Path, *names: str) -> Path:
    """Files without meaning: who belongs to whom is said by names."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"\0")
    return root


def shown(legs: tuple[FoundLeg, ...]) -> dict[str, tuple[str, str]]:
    """The files of each leg that can be segmented."""
    return {
        leg.name: ("" if leg.volume is None else leg.volume.name, "" if leg.seeds is None else leg.seeds.name)
        for leg in legs
        if not leg.problem
    }


def problems(legs: tuple[FoundLeg, ...]) -> dict[str, str]:
    return {leg.name: leg.problem for leg in legs if leg.problem}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["P1.mha", "P1.seg.nrrd", "P1.seen.mha"], {"P1": ("P1.mha", "P1.seg.nrrd")}),
        (["P1.nii.gz", "P1-seeds.nii.gz", "notes.txt"], {"P1": ("P1.nii.gz", "P1-seeds.nii.gz")}),
        (["P1.mhd", "P1.raw", "seeds_P1.mha"], {"P1": ("P1.mhd", "seeds_P1.mha")}),
        (["P1.mha", "P1.seg.nrrd", "P1-2.mha", "P1-2.seg.nrrd"], {n: (f"{n}.mha", f"{n}.seg.nrrd") for n in ("P1", "P1-2")}),
        (["P1/left/volume.mha", "P1/left/AB.seg.nrrd"], {"P1/left/volume": ("volume.mha", "AB.seg.nrrd")}),
        (
            ["P1/volume.mha", "P1/AB.seg.nrrd", "P1/CD.seg.nrrd"],
            {f"P1/volume-{rater}": ("volume.mha", f"{rater}.seg.nrrd") for rater in ("AB", "CD")},
        ),
        (["images/P1.nrrd", "seeds/P1.nrrd"], {"images/P1": ("P1.nrrd", "P1.nrrd")}),
        (["test/P1/x1.mha", "test/P1/masksX1.mha"], {"test/P1/x1": ("x1.mha", "masksX1.mha")}),
        (
            ["imagesTr/P1_0000.nii.gz", "labelsTr/P1.nii.gz"],
            {"imagesTr/P1_0000": ("P1_0000.nii.gz", "P1.nii.gz")},
        ),
        (["P1.seg.nrrd", "P2-seeds.mha"], {"P1.seg": ("", "P1.seg.nrrd"), "P2-seeds": ("", "P2-seeds.mha")}),
        (["P1.mha", "P1.seg.nrrd", f"out/{SEGMENTED}", "out/P1.seg.nrrd"], {"P1": ("P1.mha", "P1.seg.nrrd")}),
    ],
)
def test_names_say_who_belongs_to_whom(tmp_path: Path, names: list[str], expected: dict[str, tuple[str, str]]) -> None:
    legs = found_legs([str(files(tmp_path, *names))])
    assert shown(legs) == expected
    assert problems(legs) == {}


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["P1.mha", "P1.seg.nrrd", "P2.mha"], {"P2": "nothing was drawn"}),
        (["P1.mha", "P1.seg.nrrd", "P3.seg.nrrd"], {"P3.seg.nrrd": "none of the volumes"}),
        (
            ["a/x1.mha", "b/x1.mha", "x1.seg.nrrd"],
            {"x1.seg.nrrd": "a/x1.mha and b/x1.mha", "a/x1": "nothing", "b/x1": "nothing"},
        ),
        (
            ["P1/x1.mha", "P1/x2.mha", "P1/AB.seg.nrrd"],
            {"P1/AB.seg.nrrd": "x1.mha and", "P1/x1": "nothing", "P1/x2": "nothing"},
        ),
        (["P1/x1.mha", "P1/masksX2.mha"], {"P1/masksX2.mha": "none of the volumes", "P1/x1": "nothing"}),
        (["P1.mha", "P1.seg.nrrd", "P1-drawn.mha"], {"P1": "P1-drawn.mha, P1.mha, P1.seg.nrrd have one name"}),
        (["P1.mha", "P1.seg.nrrd", "P2/a.sw"], {"P2": "compound them first"}),
    ],
)
def test_what_cannot_be_segmented_says_why(tmp_path: Path, names: list[str], problem: dict[str, str]) -> None:
    found = problems(found_legs([str(files(tmp_path, *names))]))
    assert found.keys() == problem.keys()
    assert all(words in found[name] for name, words in problem.items())


@pytest.mark.posix
def test_a_link_back_to_the_folder_finds_nothing_twice(tmp_path: Path) -> None:
    root = files(tmp_path, "P1.mha", "P1.seg.nrrd")
    (root / "again").symlink_to(root)
    assert list(shown(found_legs([str(root)]))) == ["P1"]


def test_seeds_in_a_folder_of_their_own_and_by_a_pattern(tmp_path: Path) -> None:
    legs = files(tmp_path / "legs", "P1/x1.mha", "P1/masksX1.mha", "P1/x1-AB.seg.nrrd", "P2.mha")
    drawn = files(tmp_path / "drawn", "P1.mha", "P2.nii.gz")
    assert shown(found_legs([str(legs)], drawn)) == {"P1/x1": ("x1.mha", "P1.mha"), "P2": ("P2.mha", "P2.nii.gz")}
    assert shown(found_legs([str(legs)], Path("*-AB.seg.nrrd"))) == {"P1/x1": ("x1.mha", "x1-AB.seg.nrrd")}
    inside = files(tmp_path / "all", "grey/P1.mha", "expert/P1.mha")
    assert shown(found_legs([str(inside)], inside / "expert")) == {"grey/P1": ("P1.mha", "P1.mha")}
    with pytest.raises(InputError, match="folder with the seeds"):
        found_legs([str(legs)], drawn / "P1.mha")


def test_several_volumes_and_folders_are_named_from_where_they_lie(tmp_path: Path) -> None:
    root = files(tmp_path, "a/x.mha", "a/x.seg.nrrd", "a/y.mha", "a/y.seg.nrrd", "b/x.mha", "b/x.seg.nrrd", "c/z.seg.nrrd")
    found = found_legs([str(root / "a" / "x.mha"), str(root / "b"), str(root / "a" / "x.mha")])
    assert shown(found) == {"a/x": ("x.mha", "x.seg.nrrd"), "b/x": ("x.mha", "x.seg.nrrd")}
    assert problems(found) == {}
    # The other volume of the folder keeps its own seeds.
    both = files(tmp_path / "d", "P1.mha", "P1-2.mha", "P1-2.seg.nrrd", "P3.mha", "P3.seg.nrrd")
    found = found_legs([str(both / "P1.mha"), str(both / "P3.mha")])
    assert shown(found) == {"P3": ("P3.mha", "P3.seg.nrrd")}
    assert list(problems(found)) == ["P1"]


def test_what_is_no_folder_of_legs(tmp_path: Path) -> None:
    assert not is_many(str(files(tmp_path, "leg.mha") / "leg.mha"))
    assert is_many("s3://bucket/legs")
    assert is_many(str(files(tmp_path / "f", "P1.mha", "overview.png")))
    assert not is_many(str(files(tmp_path / "masks", "a.png", "b.png")))
    for words, said in (
        ([str(tmp_path / "none")], "no "),
        ([str(files(tmp_path / "g", "notes.txt"))], "seeds beside them"),
        ([str(files(tmp_path / "h", "study.toml", "P1.mha"))], "ifss study"),
        (["s3://bucket/a", "s3://bucket/b"], "one address"),
    ):
        with pytest.raises(InputError, match=said):
            found_legs(words)


@pytest.fixture
def legs(tmp_path: Path) -> Path:
    root = tmp_path / "legs"
    block_leg(root, "P1", 6)
    block_leg(root / "more", "P2", 9)
    block_leg(root, "P3", 8)
    (root / "P3.mha").write_bytes((root / "P3.mha").read_bytes()[:900])
    (root / "cohort.toml").write_text('[labels]\n7 = "SOL"\n', encoding="utf-8")
    return root


def contents(output: Path) -> dict[str, bytes]:
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in output.rglob("*.seg.nrrd")}


def times(output: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in output.rglob("*.seg.nrrd")}


def test_many_legs_from_the_command_line(legs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    words = ["segment", str(legs), "-o", str(output), "--method", "shape-interpolation", "--workers", "0"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--provenance"])
    said = " ".join(capsys.readouterr().err.split())
    assert ended.value.code == 1
    assert "failed: P3: " in said
    assert "cut short" in said
    assert set(contents(output)) == {"P1.seg.nrrd", "more/P2.seg.nrrd"}
    assert open_labels(output / "P1.seg.nrrd").names == {7: "SOL"}
    # 6 x 7 mm on ten slices of 2 mm.
    table = (output / VOLUMES).read_text(encoding="utf-8").splitlines()
    assert table[0] == "leg,seeds,rater,status,error,SOL_cm3"
    assert table[1] == "P1,P1-seeds.mha,,done,,0.84"
    assert (output / "P1.seg.nrrd.json").is_file()
    # By itself the leg has the same bytes.
    drawn = [legs / "P1-seeds.mha"]
    segment.run([str(legs / "P1.mha")], drawn, tmp_path / "one.seg.nrrd", "shape-interpolation", names="7=SOL", quiet=True)
    assert (tmp_path / "one.seg.nrrd").read_bytes() == contents(output)["P1.seg.nrrd"]
    # The bad leg is mended, and one more is drawn: what is there stays.
    block_leg(legs, "P3", 8)
    block_leg(legs, "P4", 4)
    before = times(output)
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([*words, "--json"])
    assert ended.value.code == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["kept"], answer["failed"], len(answer["legs"])) == (2, 0, 4)
    after = times(output)
    assert {name: after[name] for name in before} == before


def test_what_has_changed_is_made_again_and_what_was_edited_is_not(legs: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    run = lambda options=GUIDED: drain(segment_legs([str(legs)], None, output, options))  # noqa: E731
    run()
    before = times(output)
    block_leg(legs, "P1", 5)
    (output / "more" / "P2.seg.nrrd").unlink()
    found = run()
    assert found.kept == 0
    assert len(found.failed) == 1
    assert all(times(output)[name] > before[name] for name in before)
    # Somebody corrects a result, and then draws another slice.
    with (output / "P1.seg.nrrd").open("ab") as stream:
        stream.write(b"\0")
    edited = contents(output)["P1.seg.nrrd"]
    assert run().kept == 2
    block_leg(legs, "P1", 7)
    found = run()
    assert "was edited" in found.legs[0].error
    assert contents(output)["P1.seg.nrrd"] == edited
    with pytest.raises(InputError, match="same settings"):
        run(SegmentOptions("shape-interpolation", {"plain": True}, workers=0))
    assert run(SegmentOptions("shape-interpolation", {"plain": True}, workers=0, force=True)).kept == 0
    assert contents(output)["P1.seg.nrrd"] != edited


def test_a_folder_of_something_else_is_left_alone(legs: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").touch()
    for output in (tmp_path / "out", legs):
        with pytest.raises(InputError, match="Choose another folder"):
            drain(segment_legs([str(legs)], None, output, GUIDED))


def test_legs_behind_an_address(legs: Path, tmp_path: Path) -> None:
    pytest.importorskip("fsspec", reason="fsspec is not installed: pip install -r requirements/cluster.txt")
    here = drain(segment_legs([str(legs)], None, tmp_path / "here", GUIDED))
    there = drain(segment_legs([legs.as_uri()], None, tmp_path / "there", GUIDED))
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert [leg.status for leg in there.legs] == [leg.status for leg in here.legs] == ["done", "failed", "done"]
    assert drain(segment_legs([legs.as_uri()], None, tmp_path / "there", GUIDED)).kept == 2


@pytest.mark.slow
def test_workers_write_the_bytes_of_one_process(legs: Path, tmp_path: Path) -> None:
    one = drain(segment_legs([str(legs)], None, tmp_path / "one", GUIDED))
    two = drain(segment_legs([str(legs)], None, tmp_path / "two", SegmentOptions("shape-interpolation", workers=2)))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert one == two


@pytest.mark.parametrize(
    ("more", "option"),
    [
        (["--probability", "p.mha"], "--probability"),
        (["--corrections", "c.seg.nrrd"], "--corrections"),
        (["--rater", "AB"], "--rater"),
        (["--workers", "2", "--cluster", "auto"], "--workers"),
        (["--seeds", "a", "--seeds", "b"], "one folder"),
        (["--seeds", "P1-seeds.mha"], "folder with the seeds"),
    ],
)
def test_options_that_belong_to_one_leg(legs: Path, more: list[str], option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["segment", str(legs), "-o", str(legs.parent / "out"), *more])
    assert ended.value.code == 2
    assert option in capsys.readouterr().err
    assert not (legs.parent / "out").exists()


def test_workers_need_many_legs(legs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["segment", str(legs / "P1.mha"), "--seeds", str(legs / "P1-seeds.mha"), "-o", str(legs / "o.mha")]
    with pytest.raises(SystemExit):
        main([*words, "--workers", "2"])
    assert "several volumes or a folder" in " ".join(capsys.readouterr().err.split())
