"""What each of two processes of `torchrun` does in a test: train the tiny task together, then say what it ended with."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from lightning_fabric import Fabric
from tiny_task import TinyConfig, TinyTask, ball_leg

from ifssnet.core.progress import drain
from ifssnet.train.loop.run_folder import RunFolder
from ifssnet.train.loop.trainer import Trainer, TrainerConfig


class Uneven(TinyTask):
    """Units of the second process have fewer losses."""

    def unit(self, index: int, share: float):
        for number, loss in enumerate(super().unit(index, share)):
            if number == 0 or index % 2 == 0:
                yield loss


if __name__ == "__main__":
    root = Path(sys.argv[1])
    fabric = Fabric(accelerator="cpu", devices=2, strategy="ddp")
    fabric.launch()
    task = Uneven(TinyConfig(), (ball_leg("A", 1),), ("SOL",), 3 + fabric.global_rank)
    trainer = Trainer(task, TrainerConfig(units=4), RunFolder(root / "run"), fabric)
    if fabric.is_global_zero:
        trainer.folder.create({})
    fabric.barrier()
    drain(trainer.run())
    told = {"units": [index for index, _ in task.units], "parameters": dict(task.network.named_parameters())}
    torch.save(told, root / f"rank{fabric.global_rank}.pt")
