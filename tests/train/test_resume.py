"""A run that is killed at any moment and resumed ends with the same weights, bit for bit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from tiny_task import ball_leg, tiny_trainer

from ifssnet.core.errors import InputError
from ifssnet.core.progress import drain
from ifssnet.core.segmentation import Propagator
from ifssnet.io.storage.weights import open_weights
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.nn.networks.ifss_net import IFSSNetConfig
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.train.data.sequences import SequenceConfig
from ifssnet.train.loop.checkpoint import load_checkpoint
from ifssnet.train.loop.run_folder import RunFolder
from ifssnet.train.loop.task import TrainingTask
from ifssnet.train.loop.trainer import Trainer, TrainerConfig
from ifssnet.train.loop.validation import ValidationConfig, validate
from ifssnet.train.tasks.anchored import AnchoredConfig, AnchoredTask
from ifssnet.train.tasks.anchored_samples import AnchoredSamplesConfig
from ifssnet.train.tasks.recurrent import RecurrentConfig, RecurrentTask

HERE = Path(__file__).parent
CONFIG = TrainerConfig(units=24, validations=2, checkpoint_minutes=0.0005)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums may be taken in another order by another number of threads, so all processes have one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the run ends with that nothing stopped."""
    trainer = tiny_trainer(tmp_path_factory.mktemp("whole"), CONFIG)
    trainer.folder.create({})
    drain(trainer.run())
    return contents(trainer.folder.root)


def program(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / "tiny_task.py"), str(folder), "24", *words]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, encoding="utf-8"
    )


def contents(folder: Path) -> dict[str, object]:
    """What a run ends with, times apart."""
    checkpoint = load_checkpoint(folder / "checkpoint.pt")
    tensors = [
        *_flat(checkpoint["network"]),
        *_flat(checkpoint["average"]),
        *_flat(checkpoint["optimiser"]),
        *_flat(checkpoint["loss"]),
    ]
    log = [row.split(",")[:1] + row.split(",")[2:] for row in (folder / "log.csv").read_text(encoding="utf-8").splitlines()]
    return {
        "best": open_weights(folder / "best.safetensors").sha256,
        "last": open_weights(folder / "last.safetensors").sha256,
        "tensors": [tensor.numpy().tobytes() for tensor in tensors],
        "log": log,
        "numbers": {key: checkpoint[key] for key in ("unit", "total", "steps", "dice", "best_dice", "best_unit", "waiting")},
    }


def _flat(tree: object) -> list[torch.Tensor]:
    if isinstance(tree, torch.Tensor):
        return [tree]
    entries = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list | tuple) else ()
    return [tensor for entry in entries for tensor in _flat(entry)]


@pytest.mark.posix
def test_killed_at_any_step_and_resumed(tmp_path: Path, whole: dict[str, object]) -> None:
    """SIGKILL, twice, each time at another moment of a real process; then this one goes on."""
    killed = tmp_path / "killed"
    moments = random.Random(5)
    for words in (("slow",), ("resume", "slow")):
        running = program(killed, *words)
        assert running.stdout is not None
        wanted, trained = moments.randint(2, 9), 0
        while trained < wanted and (line := running.stdout.readline()):
            trained += line.startswith("training")
        time.sleep(moments.uniform(0, 0.03))
        running.send_signal(signal.SIGKILL)
        running.communicate()
        assert running.returncode == -signal.SIGKILL
    assert 0 < load_checkpoint(killed / "checkpoint.pt")["unit"] < 24
    drain(tiny_trainer(killed, CONFIG).run(resume=True))
    assert contents(killed) == whole


def stopped_after(trainer: Trainer, units: int) -> None:
    """Let a trainer do so many units, and drop it."""
    work = trainer.run()
    for progress in work:
        if progress.stage == "training" and progress.done == units:
            work.close()
            return


@pytest.mark.parametrize("units", [1, 12, 23])
def test_every_boundary(tmp_path: Path, units: int, whole: dict[str, object]) -> None:
    trainer = tiny_trainer(tmp_path / "stopped", CONFIG)
    trainer.folder.create({})
    stopped_after(trainer, units)
    # Whoever resumes is another process, whose random numbers were somewhere else.
    torch.manual_seed(units)
    np.random.seed(units)  # noqa: NPY002
    random.seed(units)
    outcome = drain(tiny_trainer(tmp_path / "stopped", CONFIG).run(resume=True))
    assert outcome.units == 24
    assert contents(tmp_path / "stopped") == whole


def test_time_given_is_planned_once(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path / "run", CONFIG)
    trainer.folder.create({})
    work = trainer.run(minutes=0.03)
    planned = next(progress.total for progress in work if progress.stage == "training")
    work.close()
    outcome = drain(tiny_trainer(tmp_path / "run", CONFIG).run(minutes=99.0, resume=True))
    assert outcome.total == outcome.units == planned


def test_resumed_when_done_changes_nothing(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path / "run", replace(CONFIG, units=4))
    trainer.folder.create({})
    first = drain(trainer.run())
    before = contents(tmp_path / "run")
    assert drain(trainer.run(resume=True)) == first
    assert contents(tmp_path / "run") == before


def test_a_log_cut_short_is_mended(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path / "run", replace(CONFIG, units=4))
    trainer.folder.create({})
    stopped_after(trainer, 3)
    whole = trainer.folder.log.read_text(encoding="utf-8")
    done = load_checkpoint(trainer.folder.checkpoint)["unit"]
    trainer.folder.log.write_text(whole + "4,0.1,0.25", encoding="utf-8")
    trainer.folder.cut_log(done)
    assert trainer.folder.log.read_text(encoding="utf-8").splitlines() == whole.splitlines()[: done + 2]


def test_damaged_checkpoints_are_refused(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path / "run", replace(CONFIG, units=2))
    trainer.folder.create({})
    drain(trainer.run())
    file = trainer.folder.checkpoint
    whole = file.read_bytes()
    for damaged in (b"", b"nonsense", whole[: len(whole) // 2]):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match="--resume"):
            drain(tiny_trainer(tmp_path / "run", CONFIG).run(resume=True))
    torch.save({"format": "ifssnet-checkpoint/0"}, file)
    with pytest.raises(InputError, match="checkpoint/0"):
        load_checkpoint(file)
    torch.save(Path("code"), file)
    with pytest.raises(InputError):
        load_checkpoint(file)
    file.write_bytes(whole)
    other = tiny_trainer(tmp_path / "run", CONFIG)
    other.task.network[0] = torch.nn.Conv2d(1, 4, 5, padding=2)  # type: ignore[index]
    with pytest.raises(InputError, match="same network"):
        drain(other.run(resume=True))


def anchored() -> TrainingTask:
    samples = AnchoredSamplesConfig(crop_px=16, widest_gap_mm=20.0)
    network = AnchoredNetConfig(widths=(4, 4), slices=5)
    config = AnchoredConfig(
        network=network,
        samples=samples,
        sampling=Sampling(multiple_px=16, least_px=16, margin_mm=2.0),
        every=4,
        batch=2,
        updates=2,
    )
    return AnchoredTask(config, (ball_leg("A", 1),), (), 5)


def recurrent() -> TrainingTask:
    robust = RecurrentConfig.robust("weak", IFSSNetConfig.small(widths=(4, 4), matching_size=3))
    sequences = SequenceConfig(slices=(8, 12), strides=(3, 3), beyond=2, shortest=2, augment=True, corrupt=0.5)
    sampling = Sampling(multiple_px=16, least_px=16, margin_mm=2.0, slice_mm=1.0)
    return RecurrentTask(replace(robust, sequences=sequences, sampling=sampling), (ball_leg("A", 1),), (), 5)


@pytest.mark.parametrize("build", [anchored, recurrent])
def test_real_networks_resume_exactly(tmp_path: Path, build: object) -> None:
    config = TrainerConfig(units=4, validations=2, average_decay=0.9, checkpoint_minutes=0.0)

    def trainer(name: str) -> Trainer:
        def look(propagator: Propagator, unit: int):
            return (yield from validate(propagator, (ball_leg("C", 3),), ValidationConfig(every_mm=6.0)))

        return Trainer(build(), config, RunFolder(tmp_path / name), Fabric(accelerator="cpu", devices=1), look)  # type: ignore[operator]

    for name in ("whole", "stopped"):
        trainer(name).folder.create({})
    drain(trainer("whole").run())
    stopped_after(trainer("stopped"), 3)
    torch.manual_seed(99)
    drain(trainer("stopped").run(resume=True))
    assert contents(tmp_path / "stopped") == contents(tmp_path / "whole")


@pytest.mark.slow
def test_two_processes_agree(tmp_path: Path) -> None:
    """Under torchrun two processes train one network: gradients are means over both, and only the first one writes."""
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        str(HERE / "two_processes.py"),
    ]
    done = subprocess.run(
        [*command, str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    assert first["units"] == [0, 2, 4, 6]
    assert second["units"] == [1, 3, 5, 7]
    assert all(torch.equal(a, second["parameters"][name]) for name, a in first["parameters"].items())
    assert [row["unit"] for row in RunFolder(tmp_path / "run").rows()] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("build", [anchored, recurrent])
@pytest.mark.parametrize("share", [0.0, 0.9])
def test_what_is_drawn_ahead_is_learned_from_to_the_bit_as_what_is_drawn_in_turn(build: object, share: float) -> None:
    """Three units, the last one with what torch's own random numbers are after it."""

    def learned(threads: int) -> tuple[list[float], float]:
        task = build()  # type: ignore[operator]
        task.ahead.threads = threads
        task.expect((0, 1, 2), share)
        return [loss.item() for unit in range(3) for loss in task.unit(unit, share)], torch.rand(1).item()

    in_turn = learned(0)
    assert len(in_turn[0]) >= 3
    assert learned(1) == in_turn
    assert learned(3) == in_turn
