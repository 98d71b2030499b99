"""The loop: it learns, keeps the best, stops when it should, and validates by propagation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_task import TinyConfig, TinyTask, ball_leg, tiny_trainer
from torch import nn

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress, Step, drain
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagation, Propagator, SimplePropagation
from ifssnet.io.storage.weights import open_weights
from ifssnet.nn.tensors import filled
from ifssnet.train.loop.average import start_average, update_average
from ifssnet.train.loop.schedule import OptimiserConfig, ScheduleConfig, set_rate
from ifssnet.train.loop.task import TrainingTask, unit_rng
from ifssnet.train.loop.trainer import TrainerConfig
from ifssnet.train.loop.validation import Validation, ValidationConfig, validate

FAST = TrainerConfig(
    units=150, optimiser=OptimiserConfig(learning_rate=0.03), average_decay=0.9, validations=3, checkpoint_minutes=10.0
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    trainer = tiny_trainer(tmp_path_factory.mktemp("runs") / "run", FAST)
    trainer.folder.create({"what": "a test"})
    notes: list[str] = []
    outcome = drain(trainer.run(), lambda progress: notes.append(f"{progress.stage} {progress.note}"))
    return trainer, outcome, notes


def test_it_learns_what_propagation_shows(trained) -> None:
    trainer, outcome, notes = trained
    rows = trainer.folder.rows()
    looked = [row for row in rows if "dice" in row]
    assert [row["unit"] for row in looked] == [0, 50, 100, 150]
    assert looked[0]["dice"] < 0.6
    assert outcome.best_dice == pytest.approx(max(row["dice"] for row in looked), abs=1e-5)
    assert looked[-1]["dice_SOL"] > 0.9
    assert rows[-1]["loss"] < rows[1]["loss"] / 2
    assert (outcome.units, outcome.steps, outcome.stopped_early) == (150, 450, False)
    assert any("training loss" in note and "Dice" in note and "left" in note for note in notes)
    # The share of the training done is told to the task, unit by unit.
    assert trainer.task.units == [(i, i / 150) for i in range(150)]


def test_weights_of_the_losss_own_are_trained_and_logged(trained) -> None:
    rows = trained[0].folder.rows()
    assert rows[0]["alpha"] == 0.5
    assert abs(rows[-1]["alpha"] - 0.5) > 0.01
    assert all(row["alpha"] + row["beta"] == pytest.approx(1, abs=1e-5) for row in rows)


def test_best_and_last_are_kept_with_a_card(trained) -> None:
    trainer, outcome, _ = trained
    best, last = open_weights(trainer.folder.best, "anchored"), open_weights(trainer.folder.last)
    assert last.card["unit"] == 150
    assert best.card["unit"] == outcome.best_unit
    assert best.card["validation"]["dice"] == outcome.best_dice  # type: ignore[index]
    fresh = TinyTask(TinyConfig(), trainer.task.legs, ("SOL",), 99)
    filled(fresh.network, last.tensors)
    looked = drain(
        validate(fresh.propagator(fresh.network.eval()), (ball_leg("C", 3),), ValidationConfig(every_mm=6.0, legs=1))
    )
    assert looked.mean_dice == pytest.approx(last.card["validation"]["dice"])  # type: ignore[index]


def test_average_is_the_teacher_and_differs_from_the_network(trained) -> None:
    task = trained[0].task
    assert isinstance(task, TrainingTask)
    held, moved = (dict(module.named_parameters()) for module in (task.teacher, task.network))
    assert any((held[name] != moved[name]).any() for name in held)
    assert not any(parameter.requires_grad for parameter in held.values())


def test_minutes_fix_the_units_and_units_alone_give_the_same(tmp_path: Path) -> None:
    timed = tiny_trainer(tmp_path / "timed", replace(FAST, validations=1))
    timed.folder.create({})
    outcome = drain(timed.run(minutes=0.02))
    assert outcome.total == outcome.units >= 1
    assert outcome.seconds < 10
    counted = tiny_trainer(tmp_path / "counted", replace(FAST, units=outcome.units, validations=1))
    counted.folder.create({})
    drain(counted.run())
    assert open_weights(timed.folder.last).sha256 == open_weights(counted.folder.last).sha256


def test_validation_does_not_change_training(tmp_path: Path) -> None:
    hashes: set[str] = set()
    for name, validated in (("with", True), ("without", False)):
        trainer = tiny_trainer(tmp_path / name, replace(FAST, units=6), validated=validated)
        trainer.folder.create({})
        outcome = drain(trainer.run())
        hashes.add(open_weights(trainer.folder.last).sha256)
    assert len(hashes) == 1
    assert outcome.best_dice is None
    assert open_weights(trainer.folder.best).sha256 in hashes


def test_nan_stops_and_keeps_what_was_good(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path / "run", replace(FAST, units=8, validations=4), bad=5)
    trainer.folder.create({})
    with pytest.raises(InputError, match=r"nan in unit 5.*learning_rate"):
        drain(trainer.run())
    kept = open_weights(trainer.folder.last)
    assert kept.card["unit"] == 4
    assert all(np.isfinite(tensor).all() for tensor in kept.tensors.values())
    assert [row["unit"] for row in trainer.folder.rows()] == [0, 1, 2, 3, 4, 5]
    good = tiny_trainer(tmp_path / "good", replace(FAST, units=8, validations=4))
    good.folder.create({})
    (tmp_path / "good" / "checkpoint.pt").write_bytes(trainer.folder.checkpoint.read_bytes())
    assert drain(good.run(resume=True)).units == 8


def test_infinite_steps_are_noticed(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path / "run", replace(FAST, optimiser=OptimiserConfig("adam", 1e38, clip_norm=0.0)))
    trainer.folder.create({})
    with pytest.raises(InputError, match="finite"):
        drain(trainer.run())


def test_patience_ends_it(tmp_path: Path) -> None:
    told = {0: 0.5, 2: 0.6, 4: 0.6, 6: 0.59, 8: 0.9}

    def look(propagator: Propagator, unit: int):
        yield Progress("validating", 1, 1)
        return Validation({"SOL": told[unit]}, {"SOL": 0.0})

    patient = replace(FAST, units=20, validations=10, patience=2)
    trainer = replace(tiny_trainer(tmp_path / "run", patient), validate=look)
    trainer.folder.create({})
    outcome = drain(trainer.run())
    # Better after 2 units; as good after 4 and worse after 6 are two validations without a better one.
    assert (outcome.units, outcome.best_unit, outcome.best_dice, outcome.stopped_early) == (6, 2, 0.6, True)
    assert open_weights(trainer.folder.best).card["unit"] == 2
    assert drain(trainer.run(resume=True)) == outcome


def test_schedules() -> None:
    cosine = ScheduleConfig("cosine", warm_up=0.1, least=0.01)
    factors = [cosine.factor(unit, 100) for unit in range(100)]
    assert factors[:10] == pytest.approx(np.arange(1, 11) / 10)
    assert factors[10] == 1.0
    assert factors[55] == pytest.approx(0.01 + 0.99 * 0.5)
    assert all(a >= b for a, b in pairwise(factors[10:]))
    assert 0.01 < factors[99] < 0.012
    paper = ScheduleConfig("paper", last=0.1, least=0.1)
    optimiser = OptimiserConfig("adam", 1e-4, loss_rate=10.0).build(nn.Linear(2, 1), nn.Linear(1, 1))
    rates = [set_rate(optimiser, paper.factor(unit, 580)) for unit in range(580)]
    assert rates == pytest.approx([1e-4] * 522 + [1e-5] * 58)
    assert optimiser.param_groups[1]["lr"] == pytest.approx(1e-4)
    assert ScheduleConfig("cosine", warm_up=0.0).factor(0, 1) == 1.0


def test_average_by_hand() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = start_average(network)
    for step in range(1, 4):
        nn.init.ones_(network.weight)
        update_average(average, network, 0.5, step)
    # Held shares 1/11, 2/12, 3/13 at the beginning, not yet 0.5.
    assert float(average.weight) == pytest.approx(1 - (1 / 11) * (2 / 12) * (3 / 13))
    update_average(average, network, 0.0, 99)
    assert float(average.weight) == 1.0


def test_random_numbers_of_a_unit() -> None:
    first, dropout = unit_rng(3, 7).random(), torch.rand(1)
    assert unit_rng(3, 7).random() == first
    assert torch.rand(1) == dropout
    torch.manual_seed(0)
    here = torch.rand(1)
    torch.manual_seed(0)
    assert len({unit_rng(3, 7, stream).random() for stream in (1, 2)} | {first, unit_rng(4, 7, 1).random()}) == 4
    assert torch.rand(1) == here


@dataclass(frozen=True)
class Shifted:
    """Draws a square on every slice; the truth lies a pixel beside it."""

    name: str = "shifted"
    needs_volume: bool = False

    def prepare(self, volume: Volume | None, seeds: Seeds) -> Propagation:
        assert volume is None
        return SimplePropagation(partial(self._steps, seeds), MethodDescription())

    def _steps(self, seeds: Seeds) -> Iterator[Step]:
        plane = np.zeros(seeds.grid.shape_zyx[1:])
        plane[4:8, 5:9] = 1
        for z in range(seeds.grid.slices):
            yield Step(1, z, plane, z + 1, seeds.grid.slices)


def square_leg():
    leg = ball_leg("S", 1)
    array = np.zeros_like(leg.labels.array)
    array[2:22, 4:8, 4:8] = 1
    return replace(leg, labels=replace(leg.labels, array=array))


def test_validation_by_hand() -> None:
    """4 x 4 squares a pixel apart share 12 of 16 pixels; given slices are put back and do not count."""
    looked = drain(validate(Shifted(), (square_leg(),), ValidationConfig(every_mm=6.0, consecutive=1, ends=False, pictures=2)))
    # Given: 2, 8, 14, 20. Not given: 16 slices with the square and 4 without, on which the method draws one as well.
    both, found, true = 16 * 12, 20 * 16, 16 * 16
    assert looked.dice == {"SOL": pytest.approx(2 * both / (found + true))}
    assert looked.volume_error_percent == {"SOL": pytest.approx(100 * (found - true) / true)}
    assert [sample.z for sample in looked.shown] == [7, 17]
    assert all((sample.found[4:8, 5:9] == 1).all() for sample in looked.shown)
    ends = drain(validate(Shifted(), (square_leg(),), ValidationConfig(every_mm=6.0, consecutive=1, pictures=0)))
    # With the ends 1, 2, 21 and 22 given as well, slices 0 and 23 remain as false.
    both, found, true = 15 * 12, 17 * 16, 15 * 16
    assert ends.dice["SOL"] == pytest.approx(2 * both / (found + true))


def test_validation_of_a_part_of_a_leg() -> None:
    looked = drain(validate(Shifted(), (square_leg(),), ValidationConfig(every_mm=0.0, ends=False, slices=10, pictures=1)))
    # Slices 7 to 16 of the leg, all of them with the square; the first three are given.
    assert looked.mean_dice == pytest.approx(0.75)
    assert [(sample.leg, sample.z) for sample in looked.shown] == [("S", 12)]
    empty = replace(square_leg(), labels=replace(square_leg().labels, array=np.zeros_like(square_leg().labels.array)))
    with pytest.raises(InputError, match="muscle in S"):
        drain(validate(Shifted(), (empty,), ValidationConfig()))


def test_weights_of_another_size_are_refused(trained) -> None:
    found = open_weights(trained[0].folder.last)
    other = TinyTask(TinyConfig(), trained[0].task.legs, ("SOL",), 0)
    other.network[0] = nn.Conv2d(1, 5, 3)  # type: ignore[index]
    with pytest.raises(InputError, match=r"0\.bias of shape \(5,\)"):
        filled(other.network, found.tensors)
