"""Several processes that train together end where one ends that does all of it, also where one of them dies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from lightning_fabric import Fabric
from tiny_task import TinyConfig, TinyTask, ball_leg

from cones import RECIPE, cone_cohort
from ifssnet.core.errors import InputError
from ifssnet.core.progress import drain
from ifssnet.io.storage.weights import open_weights
from ifssnet.train.loop.processes import SideBySide, mean_of_all, own_units
from ifssnet.train.loop.run_folder import RunFolder
from ifssnet.workflow.training.options import TrainingOptions
from ifssnet.workflow.training.train import train_cohort

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.posix
def test_two_processes_give_the_losses_of_one_and_a_dead_one_changes_nothing(tmp_path: Path) -> None:
    cohort, recipe = cone_cohort(tmp_path / "legs"), tmp_path / "tiny.toml"
    recipe.write_text(RECIPE.replace("units = 3", "units = 12\nside_by_side = 2"), encoding="utf-8")
    words = ["train", str(cohort), "--recipe", str(recipe), "--quiet", "-o"]
    alone, together, died = (tmp_path / name for name in ("alone", "together", "died"))
    run([sys.executable, "-c", "from ifssnet.cli.main import main; main()", *words, str(alone)])
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    run([*torchrun, "-m", "ifssnet", *words, str(together)])
    script = [str(HERE / "dying_process.py"), str(died / "checkpoint.pt")]
    said = run([*torchrun, "--max-restarts", "1", *script, *words, str(died)])
    assert "exitcode: -9" in said
    first, second, third = (RunFolder(folder).rows() for folder in (alone, together, died))
    assert [row["unit"] for row in first] == list(range(13))
    losses = [[row["loss"] for row in rows[1:]] for rows in (first, second, third)]
    assert len(set(losses[0])) == 12
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
    assert losses[2] == losses[1]
    weights = [open_weights(folder / "last.safetensors") for folder in (alone, together, died)]
    assert weights[2].sha256 == weights[1].sha256
    for name, tensor in weights[0].tensors.items():
        np.testing.assert_allclose(weights[1].tensors[name], tensor, atol=1e-5, err_msg=name)


def test_a_run_knows_the_launch_that_began_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    assert not folder.begun_by("")
    folder.create({"settings": 1})
    assert not folder.begun_by("")
    folder.create({"settings": 2}, force=True, launch="node 7")
    assert folder.begun_by("node 7")
    assert not folder.begun_by("node 8")
    assert folder.described() == {"settings": 2}


@pytest.mark.slow
def test_a_new_start_goes_on_with_its_own_run_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A launch that was to replace an old run, and died before it had, does not go on with the old one."""
    cohort, recipe, folder = cone_cohort(tmp_path / "legs"), tmp_path / "tiny.toml", RunFolder(tmp_path / "run")
    recipe.write_text(RECIPE, encoding="utf-8")
    old = folder.samples / "old.png"

    def trained(force: bool) -> None:
        drain(train_cohort(cohort, folder.root, TrainingOptions(str(recipe), minutes=1e-6, device="cpu", force=force)))

    trained(force=False)
    old.touch()
    for name, value in {"RUN_ID": "none", "RESTART_COUNT": "1"}.items():
        monkeypatch.setenv(f"TORCHELASTIC_{name}", value)
    for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
        monkeypatch.setenv(name, "1")
    with pytest.raises(InputError, match="one that was begun"):
        trained(force=False)
    trained(force=True)
    assert not old.exists()
    old.touch()
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "2")
    trained(force=True)
    assert old.exists()


def run(command: list[str]) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def test_units_are_dealt_evenly() -> None:
    fabric = Fabric(accelerator="cpu", devices=1)
    assert list(own_units(3, 0, fabric)) == [3]
    assert list(own_units(3, 4, fabric)) == [12, 13, 14, 15]
    assert mean_of_all([1.0, 2.0], fabric) == 1.5
    assert mean_of_all([], fabric) == 0.0


class OneOfThree(Fabric):
    """The third of three processes, as far as dealing asks."""

    @property
    def world_size(self) -> int:
        return 3

    @property
    def global_rank(self) -> int:
        return 2


def test_processes_share_the_units_of_a_round() -> None:
    assert list(own_units(1, 0, OneOfThree(accelerator="cpu"))) == [5]
    assert list(own_units(1, 6, OneOfThree(accelerator="cpu"))) == [8, 11]
    with pytest.raises(InputError, match="multiple of 3 processes"):
        own_units(1, 4, OneOfThree(accelerator="cpu"))


def test_units_side_by_side_draw_what_each_draws_alone() -> None:
    """Of dropout too: each unit goes on with its own random numbers."""
    fabric = Fabric(accelerator="cpu", devices=1)
    task = TinyTask(TinyConfig(), (ball_leg("A", 1),), ("SOL",), 3)

    def losses(*indices: int) -> list[float]:
        found: list[float] = []
        units = SideBySide(task, indices, 0.0, fabric)
        while units.advance(lambda loss: found.append(loss.item())):
            pass
        return found

    first, second = losses(0), losses(1)
    assert losses(0, 1) == [loss for both in zip(first, second, strict=True) for loss in both]
