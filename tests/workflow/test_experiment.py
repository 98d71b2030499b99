"""The paper's experiment on a replica of its data set, served, fetched, cropped, trained on, evaluated and drawn; resumed."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from archive_server import Server, archives_of, impatient, mha, serving
from ifssnet.cli.commands.experiment import experiment_command
from ifssnet.cli.main import main
from ifssnet.cli.terminal import Terminal
from ifssnet.core.errors import InputError
from ifssnet.core.progress import drain
from ifssnet.core.results.evaluation import SeedProtocol
from ifssnet.io.open import open_grid
from ifssnet.io.storage.weights import open_weights
from ifssnet.workflow.cohorts.dataset import Source
from ifssnet.workflow.evaluation.compared_methods import ComparedMethod
from ifssnet.workflow.evaluation.evaluate import EvaluationOptions, evaluate
from ifssnet.workflow.experiment import throughput
from ifssnet.workflow.experiment.estimate import estimate, sizes_of
from ifssnet.workflow.experiment.experiment import run_experiment
from ifssnet.workflow.experiment.plan import ExperimentOptions, Job, jobs_of
from ifssnet.workflow.experiment.products import count_forward
from ifssnet.workflow.experiment.results import ComputeDevice, Sizes, Throughput
from replica import SIDE, leg, replica

FILES = replica()
TINY = (
    "network.widths=[4, 4, 4]",
    "network.blocks=light",
    "network.bottleneck=light",
    "network.matching_size=3",
    "sampling.pixel_mm=2.95",
    "sequences.slices=[6, 6]",
    "sequences.strides=[3, 3]",
    "inference.stride=3",
    "sampling.slice_mm=2.95",
    "trainer.units=2",
    "trainer.validations=1",
    "validation.slices=20",
    "validation.pictures=1",
)
ANCHORED = (
    "trainer.units=2",
    "trainer.validations=1",
    "validation.legs=1",
    "network.widths=[4, 4]",
    "batch=1",
    "updates=1",
    "every=10",
    "samples.crop_px=32",
    "sampling.pixel_mm=2.95",
    "samples.widest_gap_mm=200.0",
)
OPTIONS = ExperimentOptions(
    methods=("full", "weak", "anchored", "guided", "hold"),
    side_px=SIDE,
    device="cpu",
    seed=3,
    changes={"full": TINY, "weak": TINY, "anchored": ANCHORED},
    workers=0,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(FILES) as running:
        yield running


def source_of(server: Server) -> Source:
    return Source(server.url, archives_of(FILES), retry=impatient())


def test_from_the_server_to_the_figures_stopped_in_every_stage(server: Server, tmp_path: Path):
    root, out = tmp_path / "data" / "legs", tmp_path / "out"
    source = source_of(server)
    said = Terminal(err=Console(file=io.StringIO(), width=200), out=Console(file=io.StringIO(), width=200))
    told = experiment_command(root, out, OPTIONS, source, said, dry_run=True)
    shown = said.err.file.getvalue()  # type: ignore[attr-defined]
    assert "Licence: GNU General Public License" in shown
    assert "published averages" in shown
    assert re.search(r"train full, SOL: .*memory [\d.]+ GB \(2 units of about 2 windows\)", shown)
    assert re.search(r"evaluate first-three: .*10 legs, 5 methods", shown)
    assert all(stage.hours > 0 for stage in told.estimate.stages)
    assert not root.exists()
    assert not out.exists()
    with pytest.raises(InputError, match="--yes"):
        experiment_command(root, out, OPTIONS, source, said)
    # Ctrl-C, so to say, as each of these stages is met for the first time.
    for stop_at in (
        "unpacking",
        "cropping",
        "anchored any: training",
        "full GM: training",
        "weak SOL: validating",
        "first-three",
    ):
        work = run_experiment(root, out, OPTIONS, source)
        while not next(work).stage.startswith(stop_at):
            pass
        work.close()
    sol = out / "models/full/SOL/best.safetensors"
    trained_once, asked = sol.stat().st_mtime_ns, len(server.requests)
    found, evaluations = drain(run_experiment(root, out, OPTIONS, source))
    assert sol.stat().st_mtime_ns == trained_once
    assert len(server.requests) == asked
    legs = found.legs
    assert legs == tmp_path / "data" / f"legs-{SIDE}"
    for path in legs.rglob("*.mha"):
        original = open_grid(root / path.relative_to(legs))
        assert open_grid(path).shape_zyx == (original.slices, SIDE, SIDE)
        assert open_grid(path).spacing_xyz_mm == original.spacing_xyz_mm
    assert found.cropping.labelled_voxels_cut == {}
    assert set(found.trained) == {"anchored/any", *(f"{n}/{m}" for n in ("full", "weak") for m in ("SOL", "GM", "GL"))}
    assert open_weights(out / "models/weak/GL/best.safetensors").muscles == ("GL",)
    run = json.loads((out / "models/weak/GL/run.json").read_text(encoding="utf-8"))
    assert run["recipe"]["config"]["supervision"] == "weak-literal"
    assert run["recipe"]["config"]["budget"]["policy"] == "decremental"
    assert run["recipe"]["config"]["sampling"]["least_px"] == SIDE
    assert "10 % wrong" in run["cohort"]["label_errors"]["train"]
    for protocol in ("first-three", "every-100"):
        results = evaluations[protocol]
        assert results.summary is not None
        assert results.summary.failed == ()
        assert results.summary.counts.legs == 1
        assert results.about.given.protocol == protocol
        page = (out / f"test-{protocol}" / "report.html").read_text(encoding="utf-8")
        assert page.count("less than 4 % wrong. Networks learned from training labels that are about 10 % wrong") >= 3
        drawn = {path.name for path in (out / f"test-{protocol}" / "figures").iterdir()}
        assert {"table-1.md", "metrics-by-method.svg", "volume-error.svg", "drift.svg", "slice-distances-SOL.svg"} <= drawn
        assert {"volumes-P04_x4.svg", "surface-error-P04_x4.svg"} <= drawn
        assert "less than 4 % wrong" in (out / f"test-{protocol}" / "figures" / "table-1.md").read_text(encoding="utf-8")
    # What is through is not counted again, and how long the muscles are is known now.
    sizes = sizes_of(root, legs, OPTIONS)
    assert (sizes.known_from, sizes.cropped) == ("the cropped legs", True)
    assert all(job.done for job in jobs_of(OPTIONS, out))
    with pytest.raises(InputError, match="seed = 3"):
        drain(run_experiment(root, out, replace(OPTIONS, seed=4), source))


def test_hours_and_memory_by_hand(tmp_path: Path):
    options = ExperimentOptions(methods=("full", "hold"), muscles=("SOL",))
    sizes = Sizes({"train": (1000, 1000), "val": (800,), "test": (500, 700)}, {"SOL": 476.0}, "a test")
    measured = {
        "full": Throughput(0.5, 2.0, 400.0, step_s=2.0, device_mb=10_000.0, host_mb=1000.0, window_mb=10.0),
        "hold": Throughput(0.25, 1.0, 400.0),
    }
    job = Job("full", "SOL", tmp_path / "run")
    found = estimate(options, ComputeDevice("a card", True, 12_000.0), sizes, measured, [job], tmp_path, 1.0)
    train, first, hundred = found.stages
    # paper-full: 580 units, 500 slices with those past the end; 8 validations and one before, 600 slices of one leg.
    assert train.hours * 3600 == pytest.approx(580 * 498 * 2.0 + 9 * 600 * 0.5)
    assert train.device_gb == pytest.approx(10 + 498 * 0.01)
    assert train.host_gb == pytest.approx(1 + 2 * 2600 * 512**2 / 1e9 + 2.5 * 4.98)
    assert first.hours * 3600 == hundred.hours * 3600 == pytest.approx(1200 * 0.75)
    assert found.disk_gb == pytest.approx(1.05 * 4000 * 512**2 / 1e9)
    assert "15 GB of GPU memory" in found.warnings[0]
    assert any("disk" in warning for warning in found.warnings)
    timed = estimate(replace(options, minutes=30.0), found.machine, sizes, measured, [job], tmp_path, 1e3)
    assert timed.stages[0].hours == 0.5


def test_words_that_cannot_be_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["experiment", "leg-3d-us", str(tmp_path / "legs"), "-o", str(tmp_path / "out"), "--dry-run"]
    for more, answer in (
        (["--methods", "full,nonsense"], "nonsense"),
        (["--methods", "pg-net"], "pg-net"),
        (["--set", "tbptt=4"], "METHOD:NAME=VALUE"),
        (["--set", "guided:a=4"], "guided"),
        (["--side", "500"], "multiple of 16"),
    ):
        with pytest.raises(SystemExit) as leaving:
            main([*words, *more])
        assert leaving.value.code == 2
        assert answer in capsys.readouterr().err


def test_only_the_real_data_set_is_said_to_have_wrong_labels(tmp_path: Path):
    grey, truth, spacing = leg(5)
    for name, text in (("real", ""), ("digital", 'name = "digital legs"\n')):
        place = tmp_path / name / "test" / "P1"
        place.mkdir(parents=True)
        (place / "x1.mha").write_bytes(mha(grey, spacing))
        (place / "masksX1.mha").write_bytes(mha(truth, spacing))
        if text:
            (tmp_path / name / "cohort.toml").write_text(text, encoding="utf-8")
        asked = EvaluationOptions((ComparedMethod("hold", "hold"),), SeedProtocol("first-three"), workers=0, keep=0)
        told = drain(evaluate(tmp_path / name, tmp_path / f"{name}-out", asked))
        assert ("10 % wrong" in told.about.cohort.label_error) == (name == "real")
        assert ("10 % wrong" in (tmp_path / f"{name}-out" / "report.html").read_text(encoding="utf-8")) == (name == "real")


def test_a_rough_estimate_counts_a_network_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full and weak supervision train one network; a weak step has a teacher's pass more."""
    asked: list[str] = []

    def counted(label: str, *_: object) -> Throughput:
        asked.append(label)
        return Throughput(0.5, 2.0, 400.0, step_s=3.0, window_mb=9.0)

    monkeypatch.setattr(throughput, "_counted", counted)
    monkeypatch.setattr(throughput, "_use", lambda *_: Throughput(0.25, 1.0, 400.0))
    found = drain(throughput.measure_roughly(ExperimentOptions(methods=("full", "weak"), side_px=32)))
    assert asked == ["full"]
    assert found["weak"].step_s == 4.0
    assert found["weak"].use_s == 0.5


def test_a_rough_estimate_trains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forward pass of one window is timed; passes back, updates and larger slices are worked out."""

    def trained(*_: object) -> float:
        raise AssertionError("an update was computed")

    monkeypatch.setattr(throughput, "_unit_s", trained)
    monkeypatch.setattr(throughput, "_use", lambda *_: Throughput(0.25, 1.0, 400.0))
    monkeypatch.setattr(throughput, "forward_s", lambda *_: 2.0)
    small = ("network.widths=[4, 4, 4, 4, 4]", "network.blocks=light", "network.bottleneck=light")
    learned = ExperimentOptions(methods=("full", "anchored"), side_px=128, device="cpu", changes={"full": small})
    found = drain(throughput.measure_roughly(learned))
    # Slices of 128 against 64 are four times the products; regions about a muscle stay as they are.
    assert found["full"].step_s == pytest.approx(3 * 2.0 * 4, rel=0.02)
    assert found["full"].use_s == pytest.approx(0.25 * 4 + 2.0 * 4, rel=0.02)
    assert found["full"].window_mb == 3 * 128**2 * 3 * 4 / 1e6
    assert found["anchored"].step_s == pytest.approx(16 * 3 * 2.0)
    assert found["anchored"].use_s == pytest.approx(0.25 * 4 + 2.0 / 8)


def test_products_by_hand():
    """3 x 3 products and as many sums, for each of two channels and 16 pixels; the picture is kept for the way back."""
    network = torch.nn.Conv2d(1, 2, 3, padding=1, bias=False)
    found = count_forward(network, (torch.zeros(5, 1, 2, 2),), times=2)
    assert found.operations == 2 * 9 * 2 * 16 * 5
    assert found.saved_mb == 4 * 16 * 5 / 1e6
    assert found.weights_mb == 4 * 18 * 4 / 1e6
    assert found.batch == 5
