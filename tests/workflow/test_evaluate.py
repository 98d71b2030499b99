"""An evaluation: numbers by hand, resumed after a kill, and what goes wrong on one leg stays there."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.core.results.evaluation import SeedProtocol
from ifssnet.core.results.evaluation_results import MEAN, Counts, Results, Score, Summary, slice_scores
from ifssnet.core.seeds import Seeds
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import plain_table
from ifssnet.io.save import save
from ifssnet.io.storage.weights import save_weights
from ifssnet.propagate.baselines.hold import Hold, HoldConfig
from ifssnet.workflow.cohorts.many_legs import legs_of
from ifssnet.workflow.evaluation.benchmark import benchmark, distances_to
from ifssnet.workflow.evaluation.compared_methods import ComparedMethod
from ifssnet.workflow.evaluation.evaluate import EvaluationOptions, evaluate
from ifssnet.workflow.evaluation.evaluation_folder import read_results
from ifssnet.workflow.evaluation.exhibits import draw_figures
from ifssnet.workflow.evaluation.summary import metric_summary, summarise

NAMES = {100: "SOL", 150: "GM"}
SPACING = (1.0, 1.0, 2.0)
GIVEN = SeedProtocol("all-seeds", every=10)


def cone(shift: int = 0, gm: bool = True) -> LabelMap:
    """SOL: a square that grows from 4 to 23 pixels a side over slices 2 to 21; GM: 6 x 6 pixels on slices 3 to 20."""
    array = np.zeros((24, 32, 48), dtype=np.uint8)
    for z in range(2, 22):
        array[z, 2 : 4 + z, 2 + shift : 4 + z + shift] = 100
    if gm:
        array[3:21, 4:10, 36:42] = 150
    return LabelMap(array, Grid(array.shape, SPACING), NAMES)


def leg(folder: Path, patient: str, truth: LabelMap, split: str = "test") -> None:
    place = folder / split / patient
    place.mkdir(parents=True)
    grey = np.where(truth.array > 0, 150, 40).astype(np.uint8)
    save(Volume(grey, truth.grid), place / "x1.mha")
    save(Volume(truth.array, truth.grid), place / "masksX1.mha")


@pytest.fixture
def legs(tmp_path: Path) -> Path:
    root = tmp_path / "legs"
    for number in range(2):
        leg(root, f"P{number}", cone(number))
    (root / "cohort.toml").write_text('name = "cones"\n[labels]\n100 = "SOL"\n150 = "GM"\n', encoding="utf-8")
    return root


def options(*labels: str, **more: object) -> EvaluationOptions:
    methods = tuple(ComparedMethod(label, label) for label in labels)
    return replace(EvaluationOptions(methods, given=GIVEN, workers=0), **more)  # type: ignore[arg-type]


def summary_of(results: Results) -> Summary:
    assert results.summary is not None
    return results.summary


def test_hold_repeats_the_last_mask_given_by_hand():
    masks = {1: {2: np.full((1, 2), True), 5: np.full((1, 2), False), 7: np.array([[True, False]])}}
    seeds = Seeds(masks, Grid((9, 1, 2)), {1: "SOL"})
    forward = {step.z: step.probability.sum() for step in Hold().prepare(None, seeds).steps()}
    assert forward == {3: 2, 4: 2, 8: 1}
    both = {step.z: step.probability.sum() for step in Hold(HoldConfig("both")).prepare(None, seeds).steps()}
    # Slice 4 is nearer to the empty 5; slice 6 lies as near to 5 as to 7, and takes the lower.
    assert both == {0: 2, 1: 2, 3: 2, 8: 1}


def test_distances_to_what_was_given():
    nearest, since = distances_to(np.array([0, 3, 5, 9]), np.array([2, 6]), 0.5)
    assert nearest.tolist() == [1.0, 0.5, 0.5, 1.5]
    assert math.isnan(since[0])
    assert since[1:].tolist() == [0.5, 1.5, 1.5]


def test_one_leg_by_hand():
    # SOL is given on 2-4, 12-14, 21 and beside its ends: 5-11 hold the square of slice 4 (6 x 6), 15-20 that of 14 (16 x 16).
    found = benchmark(None, cone(), Hold(), GIVEN)
    assert found.given["SOL"] == (1, 2, 3, 4, 12, 13, 14, 21, 22)
    held = dict.fromkeys(range(5, 12), 36) | dict.fromkeys(range(15, 21), 256)
    true = {z: (z + 2) ** 2 for z in held}
    mine, theirs = sum(held.values()), sum(true.values())
    sol = found.muscles["SOL"]
    assert sol["dice"] == pytest.approx(2 * mine / (mine + theirs))
    assert sol["volume_error_percent"] == pytest.approx(100 * (mine - theirs) / theirs)
    drawn = sum((z + 2) ** 2 for z in (2, 3, 4, 12, 13, 14, 21))
    assert sol["whole_dice"] == pytest.approx(2 * (mine + drawn) / (mine + theirs + 2 * drawn))
    assert sol["whole_volume_cm3"] == pytest.approx((mine + drawn) * 2 / 1000)
    assert found.muscles["GM"]["dice"] == 1.0
    assert found.muscles["GM"]["hausdorff_mm"] == 0.0
    sol = {each.z: each for each in found.slices if each.muscle == "SOL"}
    assert list(sol) == sorted(held)
    assert sol[8].since_given_mm == sol[8].nearest_given_mm == 8.0
    assert sol[8].dice == pytest.approx(2 * 36 / (36 + 100))
    assert (sol[8].found_mm2, sol[8].reference_mm2) == (36.0, 100.0)


def test_a_muscle_that_the_truth_lacks_is_not_measured_and_nothing_found_is_told():
    found = benchmark(None, cone(gm=False), Hold(), GIVEN)
    assert set(found.muscles) == {"SOL"}
    # Three slices at the start, and interpolation that never leaves them: no muscle on the rest.
    nothing = benchmark(None, cone(), ComparedMethod("guided", "guided").build(), SeedProtocol("first-three", every=10))
    assert nothing.muscles["SOL"]["dice"] == 0.0
    assert nothing.muscles["SOL"]["recall"] == 0.0


def test_an_evaluation_of_two_legs_and_its_figures(legs: Path, tmp_path: Path):
    out = tmp_path / "out"
    found = drain(evaluate(legs, out, options("hold", "plain", "guided", keep=1)))
    summary = summary_of(found)
    assert summary.counts == Counts(legs=2, muscles=("SOL", "GM"), methods=3, failed=0)
    results = read_results(out)
    assert plain_table(summarise(results, results.about.against)) == plain_table(summary)
    assert results.about == found.about
    by_hand = benchmark(None, cone(), Hold(), GIVEN).muscles
    mean = (by_hand["SOL"]["dice"] + by_hand["GM"]["dice"]) / 2
    # The second leg is the first, moved.
    assert results.values("dice")["hold"] == pytest.approx({"P0_x1": mean, "P1_x1": mean})
    assert summary.metrics["dice"][MEAN]["hold"].mean == pytest.approx(mean)
    assert summary.against.method == "guided"
    held = summary.against.of("dice", MEAN, "hold")
    assert held is not None
    assert (held.better, held.p) == (0, 0.5)
    assert set(np.unique(results.slices.case)) == {"P0_x1", "P1_x1"}
    assert (out / "cases" / "P0_x1" / "hold.seg.nrrd").is_file()
    assert not (out / "cases" / "P1_x1" / "hold.seg.nrrd").exists()
    drawn = drain(draw_figures(out))
    assert {"metrics-by-method.svg", "drift.svg", "table-1.csv", "volumes-P0_x1.svg"} <= set(drawn.files)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Muscles of P0_x1" in page
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_leg_3d_us_is_evaluated_in_processes_of_its_own(legs: Path, tmp_path: Path):
    """Without a description of its own a folder in that layout is LEG-3D-US; what tells its labels must reach a process."""
    (legs / "cohort.toml").unlink()
    found = drain(evaluate(legs, tmp_path / "out", options("hold", legs=1, workers=1)))
    assert found.absences.failed == ()
    assert {score.muscle for score in read_results(tmp_path / "out").scores} == {"SOL", "GM"}


def test_what_is_done_is_not_done_again_and_what_changed_is(legs: Path, tmp_path: Path):
    out = tmp_path / "out"
    drain(evaluate(legs, out, options("hold")))
    files = [out / "cases" / case / "hold.json" for case in ("P0_x1", "P1_x1")]
    before = [file.stat().st_mtime_ns for file in files]
    # A run that was killed leaves a half-written partial, a missing and a torn file.
    (out / "cases" / "P1_x1" / "hold.json").write_text('{"key": "', encoding="utf-8")
    (out / "cases" / "P1_x1" / ".123.partial-hold.json").write_text("{", encoding="utf-8")
    drain(evaluate(legs, out, options("hold", "plain")))
    after = [file.stat().st_mtime_ns for file in files]
    assert after[0] == before[0]
    assert json.loads(files[1].read_text(encoding="utf-8"))["status"] == "done"
    leg_file = legs / "test" / "P0" / "masksX1.mha"
    leg_file.unlink()
    truth = cone(3)
    save(Volume(truth.array, truth.grid), leg_file)
    drain(evaluate(legs, out, options("hold", "plain")))
    assert files[0].stat().st_mtime_ns > after[0]


def test_another_protocol_does_not_replace_an_evaluation(legs: Path, tmp_path: Path):
    out = tmp_path / "out"
    drain(evaluate(legs, out, options("hold")))
    with pytest.raises(InputError, match="given"):
        drain(evaluate(legs, out, options("hold", given=SeedProtocol("first-three", every=10))))
    drain(evaluate(legs, out, options("hold", given=SeedProtocol("first-three", every=10), force=True)))
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="empty folder"):
        drain(evaluate(legs, other, options("hold")))


def test_a_bad_leg_is_listed_and_the_others_go_on(legs: Path, tmp_path: Path):
    leg(legs, "P2", cone())
    (legs / "test" / "P2" / "masksX1.mha").write_bytes(b"ObjectType = Image\n")
    leg(legs, "P3", cone(gm=False))
    found = drain(evaluate(legs, tmp_path / "out", options("hold", "plain")))
    summary = summary_of(found)
    assert [(f.case, f.method) for f in summary.failed] == [("P2_x1", "hold"), ("P2_x1", "plain")]
    assert summary.counts.legs == 3
    assert found.absences.absent_muscles == {"P3_x1": ("GM",)}
    assert summary.metrics["dice"]["GM"]["hold"].legs == 2
    assert read_results(tmp_path / "out").absences == found.absences
    assert "2 of 6 runs failed" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("more", [[], ["--json", "--quiet"]])
def test_the_command_says_what_failed_and_ends_with_one_when_all_else_is_written(
    legs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
):
    words = ["evaluate", str(legs), "--methods", "hold", "-o", str(tmp_path / "out"), "--workers", "0", *more]
    leg(legs, "P2", cone())
    broken = legs / "test" / "P2" / "masksX1.mha"
    whole = broken.read_bytes()
    broken.write_bytes(b"ObjectType = Image\n")
    with pytest.raises(SystemExit, match="1"):
        main(words)
    assert "failed: hold on P2_x1: " in capsys.readouterr().err
    assert {score.case for score in read_results(tmp_path / "out").scores} == {"P0_x1", "P1_x1"}
    assert (tmp_path / "out" / "report.html").is_file()
    broken.write_bytes(whole)
    with pytest.raises(SystemExit, match="0"):
        main([*words, "--force"])


def test_splits_acquisitions_and_methods_are_checked_before_the_work(legs: Path, tmp_path: Path):
    with pytest.raises(InputError, match="val"):
        drain(evaluate(legs, tmp_path / "out", options("hold", split="val")))
    with pytest.raises(InputError, match="twice"):
        drain(evaluate(legs, tmp_path / "out", options("hold", "hold")))
    with pytest.raises(InputError, match="--against"):
        drain(evaluate(legs, tmp_path / "out", options("hold", against="guided")))
    assert not (tmp_path / "out").exists()


def tiny_network(path: Path, seed: int) -> Path:
    import torch

    from ifssnet.nn.networks.ifss_net import IFSSNet, IFSSNetConfig
    from ifssnet.propagate.network_input.region import Sampling

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    config = IFSSNetConfig.small()
    tensors = {name: tensor.numpy() for name, tensor in IFSSNet(config).state_dict().items()}
    sampling = asdict(Sampling(pixel_mm=1.0, margin_mm=4.0, multiple_px=32, least_px=32, slice_mm=2.0)) | {
        "output": "direct",
        "image": True,
    }
    save_weights(Weights("ifss-net", plain_table(config), sampling, (), tensors), path, force=True)
    return path


def test_a_tiny_network_in_both_directions_and_with_other_weights(legs: Path, tmp_path: Path):
    file = tiny_network(tmp_path / "tiny.safetensors", 1)
    methods = (
        ComparedMethod("forward", "ifss-net", weights=file).directed("forward"),
        ComparedMethod("both", "ifss-net", {"direction": "both"}, file).directed("forward"),
        ComparedMethod("hold", "hold"),
    )
    out, chosen = tmp_path / "out", EvaluationOptions(methods, GIVEN, legs=1, workers=0)
    results = drain(evaluate(legs, out, chosen))
    assert results.absences.failed == ()
    assert read_results(out).about == results.about
    assert results.kinds == {"forward": "ifss-net", "both": "ifss-net", "hold": "hold"}
    dice = results.values("dice")
    assert all(0 <= row["P0_x1"] <= 1 for row in dice.values())
    # Untrained, the two directions find different things; what is held does not depend on them.
    assert dice["forward"] != dice["both"]
    held = (out / "cases" / "P0_x1" / "hold.json").stat().st_mtime_ns
    tiny_network(file, 2)
    drain(evaluate(legs, out, chosen))
    assert read_results(out).values("dice")["forward"] != dice["forward"]
    assert (out / "cases" / "P0_x1" / "hold.json").stat().st_mtime_ns == held
    with pytest.raises(InputError, match="anchored"):
        drain(evaluate(legs, out, EvaluationOptions((ComparedMethod("a", "anchored", weights=file),), GIVEN)))
    with pytest.raises(InputError, match="weights"):
        drain(evaluate(legs, out, EvaluationOptions((ComparedMethod("a", "ifss-net"),), GIVEN)))


def test_second_acquisitions_are_no_legs(legs: Path):
    shutil.copy(legs / "test" / "P0" / "x1.mha", legs / "test" / "P0" / "x2.mha")
    shutil.copy(legs / "test" / "P0" / "masksX1.mha", legs / "test" / "P0" / "masksX2.mha")
    described_by = 'acquisition = "r1"\n[labels]\n100 = "SOL"\n150 = "GM"\n[acquisitions]\nP0_x2 = "r2"\n'
    (legs / "cohort.toml").write_text(described_by, encoding="utf-8")
    from ifssnet.io.cohorts.cohort_folder import open_cohort

    cohort = open_cohort(legs)
    assert [case.name for case in legs_of(cohort, "test")] == ["P0_x1", "P1_x1"]
    assert [case.name for case in legs_of(cohort, "test", 1)] == ["P0_x1"]


def test_infinite_and_missing_values_in_a_summary():
    assert metric_summary([1.0, 3.0]).mean == 2.0
    assert metric_summary([1.0, 3.0]).sd == pytest.approx(math.sqrt(2))
    infinite = metric_summary([1.0, 2.0, math.inf])
    assert (infinite.mean, infinite.median, infinite.infinite) == (None, 2.0, 1)
    rows = [("a", "x", 1.0), ("a", "y", math.inf), ("b", "x", 4.0), ("b", "y", 2.0)]
    scores = tuple(Score(case, "SOL", method, "all-seeds", "asd_mm", value, 1.0, 2.0) for case, method, value in rows)
    found = summarise(Results(scores, slice_scores({}), ("x", "y"), {}), "x").against.of("asd_mm", MEAN, "y")
    assert found is not None
    assert (found.better, found.mean_difference, found.p) == (1, None, 1.0)
