"""nnU-Net 2d on drawn slices: python nnunet_2d.py train OUT MINUTES FOLDER ..., then python nnunet_2d.py FOLDER.

Trained on the drawn slices of all legs at once, each slice an image, none of them kept apart: what an expert drew is all that
there is. The number of epochs follows from the minutes, by the time that the first iterations take.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

NAME, ITERATIONS, APART_MM = "Dataset900_drawn", 10, 999.0


def homes(out: Path) -> None:
    """nnU-Net finds its folders by the environment, when it is imported."""
    for which in ("raw", "preprocessed", "results"):
        folder = out / f"nnunet_{which}"
        folder.mkdir(parents=True, exist_ok=True)
        os.environ[f"nnUNet_{which}"] = str(folder)
    os.environ.update(nnUNet_n_proc_DA="1", nnUNet_compile="false")


def write_images(out: Path, folders: list[Path]) -> None:
    import numpy as np
    import SimpleITK as sitk  # pyright: ignore

    raw = out / "nnunet_raw" / NAME
    for part in ("imagesTr", "labelsTr"):
        (raw / part).mkdir(parents=True, exist_ok=True)
    count = 0
    for folder in folders:
        job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
        volume, labels = np.load(folder / "volume.npy"), np.load(folder / "labels.npy")
        for z in job["drawn_slices"]:
            # Its labels have no holes: a muscle is its place among them.
            places = np.searchsorted([0, *job["muscles"]], labels[z]).astype(np.uint8)
            name = f"{folder.name}_{z:04d}.nii.gz"
            for path, array in (
                (raw / "imagesTr" / name.replace(".", "_0000.", 1), volume[z]),
                (raw / "labelsTr" / name, places),
            ):
                image = sitk.GetImageFromArray(array[None])
                # One slice: far from the next one, or nnU-Net takes its planes across it.
                image.SetSpacing((*job["spacing_zyx_mm"][:0:-1], APART_MM))
                sitk.WriteImage(image, str(path))
            count += 1
    about = {
        "channel_names": {"0": "ultrasound"},
        "labels": {"background": 0, **{f"muscle{value}": place for place, value in enumerate(job["muscles"], start=1)}},
        "numTraining": count,
        "file_ending": ".nii.gz",
    }
    (raw / "dataset.json").write_text(json.dumps(about), encoding="utf-8")


def train(out: Path, minutes: float, folders: list[Path]) -> None:
    homes(out)
    write_images(out, folders)
    import torch  # pyright: ignore
    from nnunetv2.experiment_planning.plan_and_preprocess_api import (  # pyright: ignore
        extract_fingerprints,
        plan_experiments,
        preprocess,
    )
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer  # pyright: ignore

    torch.set_num_threads(os.cpu_count() or 1)
    extract_fingerprints([900], num_processes=1)
    plan_experiments([900])
    preprocess([900], configurations=("2d",), num_processes=(1,))
    # Planning wants a process, training makes none.
    os.environ.update(nnUNet_n_proc_DA="0")
    kept = out / "nnunet_preprocessed" / NAME
    plans = json.loads((kept / "nnUNetPlans.json").read_text(encoding="utf-8"))
    about = json.loads((kept / "dataset.json").read_text(encoding="utf-8"))

    class Falling:
        """nnU-Net's polynomial learning rate; its own class does not start under torch 2.7 and later."""

        def __init__(self, optimizer, first: float) -> None:
            self.optimizer, self.first, self.epochs = optimizer, first, 1000

        def step(self, epoch: int) -> None:
            for group in self.optimizer.param_groups:
                group["lr"] = self.first * (1 - epoch / self.epochs) ** 0.9

    class Trainer(nnUNetTrainer):
        def configure_optimizers(self):
            optimizer = torch.optim.SGD(
                self.network.parameters(), self.initial_lr, weight_decay=self.weight_decay, momentum=0.99, nesterov=True
            )
            return optimizer, Falling(optimizer, self.initial_lr)

    Trainer.__name__ = "nnUNetTrainer"
    trainer = Trainer(plans, "2d", "all", about, device=torch.device("cpu"))
    trainer.num_iterations_per_epoch, trainer.num_val_iterations_per_epoch = ITERATIONS, 1
    trainer.initialize()
    trainer.on_train_start()
    began, epoch = time.perf_counter(), 0
    # The learning rate falls to nothing over the epochs that fit: one is taken to see how long it is.
    while epoch < trainer.num_epochs:
        trainer.on_epoch_start()
        trainer.on_train_epoch_start()
        trainer.on_train_epoch_end([trainer.train_step(next(trainer.dataloader_train)) for _ in range(ITERATIONS)])
        with torch.no_grad():
            trainer.on_validation_epoch_start()
            trainer.on_validation_epoch_end([trainer.validation_step(next(trainer.dataloader_val))])
        trainer.on_epoch_end()
        epoch += 1
        if epoch == 1:
            trainer.num_epochs = max(2, int(60 * minutes / (time.perf_counter() - began)))
            trainer.lr_scheduler.epochs = trainer.num_epochs
    trainer.save_checkpoint(str(Path(trainer.output_folder) / "checkpoint_final.pth"))
    (out / "nnunet.json").write_text(json.dumps({"epochs": epoch, "iterations": ITERATIONS * epoch}), encoding="utf-8")


def segment(folder: Path) -> None:
    out = folder.parent.parent
    homes(out)
    # What was trained here is opened whole; torch 2.6 and later would refuse its numbers of numpy's.
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
    import numpy as np
    import torch  # pyright: ignore
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor  # pyright: ignore

    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    predictor = nnUNetPredictor(tile_step_size=0.5, use_mirroring=False, device=torch.device("cpu"), allow_tqdm=False)
    trained = out / "nnunet_results" / NAME / "nnUNetTrainer__nnUNetPlans__2d"
    predictor.initialize_from_trained_model_folder(str(trained), use_folds=("all",), checkpoint_name="checkpoint_final.pth")
    volume = np.load(folder / "volume.npy").astype(np.float32)
    found = np.zeros(volume.shape, np.uint8)
    for z in range(job["drawn_slices"][0], job["drawn_slices"][-1] + 1):
        spacing = [APART_MM, *job["spacing_zyx_mm"][1:]]
        found[z] = predictor.predict_single_npy_array(volume[z][None, None], {"spacing": spacing})[0]
    np.save(folder / "found.npy", np.array([0, *job["muscles"]], np.uint8)[found])


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train(Path(sys.argv[2]).resolve(), float(sys.argv[3]), [Path(word).resolve() for word in sys.argv[4:]])
    else:
        segment(Path(sys.argv[1]).resolve())
