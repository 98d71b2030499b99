"""Hours, memory and disk that the experiment takes, from what was measured on this machine and the cohort's sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

from ifssnet.core.cohort import SPLITS, TEST, TRAIN, VAL
from ifssnet.core.errors import InputError
from ifssnet.core.images import counted
from ifssnet.core.machine.memory import total_memory
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.cohorts.leg_3d_us import TYPICAL_SHAPE_ZYX
from ifssnet.io.open import open_grid
from ifssnet.workflow.cohorts.cropped_cohort import read_crops
from ifssnet.workflow.cohorts.many_legs import legs_of
from ifssnet.workflow.experiment.plan import ANY, LEARNED, PROTOCOLS, ExperimentOptions, Job, evaluation_folder
from ifssnet.workflow.experiment.results import ComputeDevice, Estimate, Sizes, Stage, Throughput

PUBLISHED_SPLIT: Mapping[str, int] = {TRAIN: 29, VAL: 5, TEST: 10}
"""The split of the paper's 44 legs (III, IV)."""

TIGHT = 0.9
"""Share of a memory or a disk beyond which it is called too small."""


def sizes_of(root: Path, cropped: Path, options: ExperimentOptions) -> Sizes:
    """From the cropped legs if they are there, else from headers, else as published."""
    try:
        cohort = open_cohort(root)
    except InputError:
        slices = {split: (TYPICAL_SHAPE_ZYX[0],) * count for split, count in PUBLISHED_SPLIT.items()}
        return Sizes(slices, _whole_legs(slices, options.muscles), "published averages: nothing is here yet")
    crops = {crop.case: crop for crop in read_crops(cropped, options.side_px)}
    legs = {split: legs_of(cohort, split) if cohort.of_split(split) else () for split in SPLITS}
    if crops and all(f"{split}/{case.name}" in crops for split, cases in legs.items() for case in cases):
        rows = {split: [crops[f"{split}/{case.name}"] for case in cases] for split, cases in legs.items()}
        slices = {split: tuple(row.slices for row in rows[split]) for split in SPLITS}
        lengths = {
            muscle: [last - first + 1 for row in rows[TRAIN] if muscle in row.ranges for first, last in [row.ranges[muscle]]]
            for muscle in options.muscles
        }
        means = {name: float(mean(each)) if each else 0.0 for name, each in lengths.items()}
        return Sizes(slices, means, "the cropped legs", cropped=True)
    slices = {
        split: tuple(open_grid(path).slices for case in cases if (path := case.volume_path or case.labels_path))
        for split, cases in legs.items()
    }
    return Sizes(slices, _whole_legs(slices, options.muscles), "the files' headers; muscles taken to be as long as their legs")


def estimate(
    options: ExperimentOptions,
    machine: ComputeDevice,
    sizes: Sizes,
    measured: Mapping[str, Throughput],
    jobs: Sequence[Job],
    output: Path,
    free_disk_gb: float,
) -> Estimate:
    """Hours and memory of every stage.

    Args:
        options: How to run the experiment.
        machine: Where it was measured.
        sizes: The sizes of the cohort.
        measured: By label.
        jobs: Every training; what is done takes no more time.
        output: The experiment's folder.
        free_disk_gb: Room beside the cohort.
    """
    stages = [_training(job, options, sizes, measured[job.label]) for job in jobs]
    stages += [_evaluation(protocol, options, sizes, measured, output) for protocol in PROTOCOLS]
    voxels = sum(sum(each) for each in sizes.slices.values()) * options.side_px**2
    # Volumes of a byte a voxel; compressed labels are a twentieth of that.
    disk_gb = 0.0 if sizes.cropped else 1.05 * voxels / 1e9
    found = Estimate(machine, sizes, tuple(stages), disk_gb, (), measured)
    return Estimate(machine, sizes, tuple(stages), disk_gb, tuple(_warnings(found, free_disk_gb)), measured)


def _training(job: Job, options: ExperimentOptions, sizes: Sizes, measured: Throughput) -> Stage:
    from ifssnet.train.recipe import find_recipe, read_recipe
    from ifssnet.train.tasks.recurrent_config import RecurrentConfig

    name = f"train {job.label}" + ("" if job.muscle == ANY else f", {job.muscle}")
    network = LEARNED[job.label]
    recipe = read_recipe(find_recipe(network.recipe), options.recipe_changes(job.label))
    windows = 0.0
    if isinstance(recipe.config, RecurrentConfig):
        sequences, window = recipe.config.sequences, recipe.config.network.window
        length = mean(sequences.slices) if sequences.slices[1] else sizes.muscle_slices[job.muscle] + sequences.beyond
        # The annotated window is seen too, for the state that is carried.
        windows = 1 + max(1.0, (length - window) / mean(sequences.strides))
    unit_s = measured.step_s * (windows or 1.0)
    validation, muscles = recipe.validation, 1 if network.per_muscle else len(options.muscles)
    shown = [min(slices, validation.slices or slices) for slices in sizes.slices[VAL][: validation.legs]]
    validation_s = (recipe.trainer.validations + 1) * sum(shown) * muscles * measured.use_s
    hours = (recipe.trainer.units * unit_s + validation_s) / 3600
    note = f"{recipe.trainer.units} units of about {windows:.0f} windows" if windows else f"{recipe.trainer.units} units"
    if options.minutes is not None:
        hours, note = options.minutes / 60, f"as many units as fit; the recipe's {recipe.trainer.units} take {hours:.1f} h"
    # A byte a voxel for volumes and for labels, all legs at once; sequences are cut out twice on their way to the device.
    legs_mb = 2 * (sum(sizes.slices[TRAIN]) + sum(shown)) * options.side_px**2 / 1e6
    sequence_mb = windows * measured.window_mb
    device_mb = measured.device_mb + sequence_mb if measured.device_mb else 0.0
    host_mb = measured.host_mb + legs_mb + 2.5 * sequence_mb
    if job.done:
        return Stage(name, 0.0, 0.0, 0.0, "done")
    return Stage(name, hours, device_mb / 1000, host_mb / 1000, note)


def _evaluation(
    protocol: str, options: ExperimentOptions, sizes: Sizes, measured: Mapping[str, Throughput], output: Path
) -> Stage:
    slices, muscles = sizes.slices[TEST], len(options.muscles)
    seconds = sum(slices) * muscles * sum(method.use_s for method in measured.values())
    if options.workers > 1:
        seconds /= options.workers
    host_mb = max((method.base_mb + method.use_mb * max(slices, default=0) for method in measured.values()), default=0.0)
    begun = (evaluation_folder(output, protocol) / "summary.json").is_file()
    note = f"{counted(len(slices), 'leg')}, {counted(len(measured), 'method')}"
    note += "; what is there is not done again" if begun else ""
    return Stage(f"evaluate {protocol}", seconds / 3600, 0.0, max(1, options.workers) * host_mb / 1000, note)


def _warnings(found: Estimate, free_disk_gb: float) -> list[str]:
    warnings: list[str] = []
    device_gb = max((stage.device_gb for stage in found.stages), default=0.0)
    if found.machine.on_gpu and device_gb > TIGHT * found.machine.device_mb / 1000:
        there = f"{found.machine.name} has {found.machine.device_mb / 1000:.0f} GB"
        warnings.append(
            f"Training takes about {device_gb:.0f} GB of GPU memory, {there}. --set full:tbptt=2 --set weak:tbptt=2 or "
            "--scale quarter take less."
        )
    if not found.machine.on_gpu:
        warnings.append(
            "No GPU is used: the paper's scale takes weeks to years on a processor. --scale quarter --minutes 60 does not."
        )
    host_gb, memory = max((stage.host_gb for stage in found.stages), default=0.0), total_memory()
    if memory is not None and host_gb > TIGHT * memory / 1e9:
        warnings.append(f"About {host_gb:.0f} GB of memory are needed, this machine has {memory / 1e9:.0f} GB.")
    if found.disk_gb > TIGHT * free_disk_gb:
        warnings.append(f"Cropped legs take up to {found.disk_gb:.0f} GB of disk, {free_disk_gb:.0f} GB are free.")
    return warnings


def _whole_legs(slices: Mapping[str, tuple[int, ...]], muscles: Sequence[str]) -> dict[str, float]:
    """An upper bound where nobody has looked at the labels."""
    longest = float(mean(slices[TRAIN])) if slices[TRAIN] else 0.0
    return dict.fromkeys(muscles, longest)
