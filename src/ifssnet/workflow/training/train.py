"""`ifss train`: a recipe and a cohort in, a run folder with weights out."""

from __future__ import annotations

import os
import platform
import warnings
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifssnet.core.cohort import TRAIN, VAL
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.machine.extras import install_command
from ifssnet.core.progress import Progress
from ifssnet.core.segmentation import Propagator
from ifssnet.core.weights import Weights
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.plain_data import plain_table
from ifssnet.io.storage.weights import open_weights
from ifssnet.propagate.anchored.two_networks import for_use_of
from ifssnet.workflow.files.default_weights import weights_to_start_from
from ifssnet.workflow.files.provenance import file_source
from ifssnet.workflow.training.options import PRECISIONS, TrainingOptions
from ifssnet.workflow.training.pictures import draw_curves, picture_of
from ifssnet.workflow.training.results import TrainingResult
from ifssnet.workflow.training.run_description import (
    Environment,
    card_table,
    check_same,
    code,
    described,
    read_description,
    settings_of,
    versions,
)

if TYPE_CHECKING:
    from lightning_fabric import Fabric
    from torch import nn

    from ifssnet.train.data.leg import LabelledLeg
    from ifssnet.train.loop.run_folder import RunFolder
    from ifssnet.train.loop.trainer import Validate
    from ifssnet.train.loop.validation import Validation, ValidationConfig


def train_cohort(
    root: Path, output: Path, options: TrainingOptions, tasks: Mapping[str, str] | None = None
) -> Generator[Progress, None, TrainingResult]:
    """Train a recipe's network on the training legs of a cohort, validated on its validation legs.

    Args:
        root: The cohort's folder.
        output: The run's folder.
        options: How to train.
        tasks: What can be trained; None for everything that comes with the package.

    Raises:
        InputError: The learning extra is not installed, or anything given cannot be used.
    """
    check_learning_installed()
    from ifssnet.train.data.leg import load_legs
    from ifssnet.train.loop.run_folder import RunFolder
    from ifssnet.train.loop.trainer import Trainer
    from ifssnet.train.recipe import TASKS, build_task, find_recipe, read_recipe

    tasks, folder = TASKS if tasks is None else tasks, RunFolder(output)
    if _started_again() and folder.begun_by(_launch()):
        options = replace(options, resume=True, force=False, start=None)
    before = read_description(folder.described(), str(folder.description)) if options.resume else None
    settings = settings_of(options, None if before is None else before.settings)
    own_copy = folder.root / "recipe.toml"
    recipe = read_recipe(own_copy if options.recipe is None else find_recipe(options.recipe), settings.changes, tasks)
    start = None
    if options.start is not None:
        supervision, network = (getattr(recipe.config, name, None) for name in ("supervision", "network"))
        start = weights_to_start_from(options.start, recipe.task, supervision or "", getattr(network, "references", None))
        settings = replace(settings, from_=file_source(start))
    muscles = recipe.muscles if settings.muscles is None else settings.muscles
    cohort = open_cohort(root)
    run = described(recipe, settings, muscles, cohort)
    if before is not None:
        check_same(before, run)
    fabric = _fabric(options)
    if fabric.is_global_zero and not options.resume:
        folder.check(options.force)
    yield Progress("reading legs", 0, 2)
    legs = load_legs(cohort, TRAIN, muscles or None, settings.legs)
    yield Progress("reading legs", 1, 2)
    validation_legs = load_legs(cohort, VAL, muscles or None, recipe.validation.legs) if cohort.of_split(VAL) else ()
    if not validation_legs:
        what = f"{cohort.root} has no validation legs: the last weights will be kept as the best"
        warnings.warn(InputWarning(what), stacklevel=2)
    yield Progress("reading legs", 2, 2)
    task = build_task(recipe, legs, muscles, settings.seed, tasks)
    if start is not None:
        fresh = task.weights(task.network)
        _start_from(for_use_of(fresh, open_weights(start, fresh.kind)), task.network)
    if fabric.is_global_zero and not options.resume:
        folder.create(plain_table(replace(run, code=code(), environment=_environment(fabric))), options.force, _launch())
        text = find_recipe(str(options.recipe)).read_text(encoding="utf-8")
        own_copy.write_text(text, encoding="utf-8", newline="\n")
    fabric.barrier()
    validate = _validation(validation_legs, recipe.validation, folder) if validation_legs else None
    about = card_table(run, tuple(leg.name for leg in legs))
    outcome = yield from Trainer(task, recipe.trainer, folder, fabric, validate, about).run(settings.minutes, options.resume)
    if fabric.is_global_zero:
        draw_curves(folder.rows(), folder.root)
    return TrainingResult(
        output=output,
        units=outcome.units,
        planned_units=outcome.total,
        steps=outcome.steps,
        minutes=outcome.seconds / 60,
        best_dice=outcome.best_dice,
        best_unit=outcome.best_unit,
        stopped_early=outcome.stopped_early,
        weights=folder.best,
    )


def _started_again() -> bool:
    """Whether `torchrun` has started all processes again after one of them died."""
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") not in ("", "0")


def _launch() -> str:
    """What tells this `torchrun` from others, through all of its starts; empty where a person started the process.

    On one machine that is the process that starts the others: the name of a launch may be used again, or be none.
    """
    environment = os.environ
    if "TORCHELASTIC_RUN_ID" not in environment:
        return ""
    if environment.get("WORLD_SIZE") == environment.get("LOCAL_WORLD_SIZE"):
        return f"{platform.node()} {os.getppid()}"
    return environment["TORCHELASTIC_RUN_ID"]


def check_learning_installed() -> None:
    """Refuse, in words, to train without the libraries for it.

    Raises:
        InputError: They are not installed.
    """
    try:
        import lightning_fabric
        import safetensors
        import torch
    except ImportError as error:
        raise InputError("the learning extra", f"'{error}'", f"Run: {install_command('nn')}") from error
    del lightning_fabric, safetensors, torch


def _start_from(weights: Weights, network: nn.Module) -> None:
    """Put the numbers of weights into a fresh network; one that sees drawn slices as well starts from one that does not.

    Raises:
        InputError: They are of another size than the recipe's network.
    """
    from ifssnet.nn.networks.anchored import AnchoredNet, grown
    from ifssnet.nn.tensors import filled

    tensors = grown(weights.tensors, network) if isinstance(network, AnchoredNet) else weights.tensors
    try:
        filled(network, tensors)
    except InputError as error:
        remedy = "Use the recipe that the weights were trained with, or its sizes."
        raise InputError(f"weights of the same size: {error.expected}", error.received, remedy) from error


def _validation(legs: tuple[LabelledLeg, ...], config: ValidationConfig, folder: RunFolder) -> Validate:
    """Validation on some legs, which leaves pictures of some slices and the curves so far in the run's folder."""
    from ifssnet.train.loop.validation import validate

    def validated(propagator: Propagator, unit: int) -> Generator[Progress, None, Validation]:
        validation = yield from validate(propagator, legs, config)
        for shown in validation.shown:
            picture = picture_of(shown.grey, shown.found, shown.true, legs[0].labels.names)
            picture.save(folder.samples / f"unit-{unit:06d}-{shown.leg}-z{shown.z:04d}.png")
        draw_curves(folder.rows(), folder.root)
        return validation

    return validated


def _fabric(options: TrainingOptions) -> Fabric:
    """The device, the precision and the processes: as many as `torchrun` has started, else one."""
    import torch
    from lightning_fabric import Fabric

    there = torch.cuda.is_available()
    if options.device == "cuda" and not there:
        raise InputError("a CUDA GPU", "none that torch can use", "Use --device cpu, or install torch for your GPU.")
    accelerator = "cuda" if there and options.device != "cpu" else "cpu"
    processes, here = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if processes > 1 and _started_again():
        _meet_again(accelerator)
    fabric = Fabric(
        accelerator=accelerator,
        devices=here,
        num_nodes=max(1, processes // here),
        strategy="ddp" if processes > 1 else "auto",
        precision=PRECISIONS[options.precision],
    )
    fabric.launch()
    return fabric


def _meet_again(accelerator: str) -> None:
    """Meet the other processes after a new start, under names of this start.

    `torchrun` keeps one store for all starts; under the names of the first one lie the addresses of processes that are dead,
    and who reads these before they are replaced waits for ever.
    """
    import torch

    distributed: Any = torch.distributed
    environment = os.environ
    rank, count = int(environment["RANK"]), int(environment["WORLD_SIZE"])
    agent = environment.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    place = environment["MASTER_ADDR"], int(environment["MASTER_PORT"])
    store = distributed.TCPStore(*place, count, is_master=not agent and rank == 0, multi_tenant=not agent)
    names = distributed.PrefixStore(f"start-{environment['TORCHELASTIC_RESTART_COUNT']}", store)
    if accelerator == "cuda":
        torch.cuda.set_device(int(environment["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if accelerator == "cuda" else "gloo", store=names, rank=rank, world_size=count)


def _environment(fabric: Fabric) -> Environment:
    import torch

    gpu = torch.cuda.get_device_name(fabric.device) if fabric.device.type == "cuda" else ""
    device = gpu or platform.processor() or platform.machine()
    return Environment(versions(), device, torch.get_num_threads(), fabric.world_size)
