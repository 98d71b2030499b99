"""`ifss train`: a recipe and a cohort in, a run folder with weights out."""

from __future__ import annotations

import hashlib
import os
import platform
import warnings
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from ifssnet.core.cohort import TRAIN, VAL, Cohort
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.progress import Progress
from ifssnet.core.segmentation import Json, Propagator
from ifssnet.io.cohorts.cohort_folder import DESCRIPTION, open_cohort
from ifssnet.io.plain_data import finite, plain_table
from ifssnet.io.storage.weights import open_weights
from ifssnet.workflow.files.default_weights import weights_to_start_from
from ifssnet.workflow.files.provenance import software, source
from ifssnet.workflow.training.pictures import draw_curves, picture_of

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed"}


@dataclass(frozen=True)
class TrainingOptions:
    """What is asked for; what is None is the recipe's, or the resumed run's.

    Attributes:
        recipe: Name of a recipe of the package, or a TOML file; may be left out to resume.
        muscles: To train on; empty for any muscle.
        resume: Go on with the run in the folder.
        start: Weights to start from: a file, the name of weights that come with the package, or "default" for those of the
            recipe's own task.
        device: One of `DEVICES`; "auto" is a GPU where there is one.
        precision: A key of `PRECISIONS`.
        minutes: About how long to train; otherwise the recipe's units.
        seed: Of the network's start and of every draw.
        changes: NAME=VALUE words that change the recipe.
        legs: At most so many training legs.
        force: Start anew in a folder that holds a run.
    """

    recipe: str | None = None
    muscles: tuple[str, ...] | None = None
    resume: bool = False
    start: Path | None = None
    device: str = "auto"
    precision: str = "32"
    minutes: float | None = None
    seed: int | None = None
    changes: tuple[str, ...] = ()
    legs: int | None = None
    force: bool = False

    def __post_init__(self) -> None:
        for name, value, known in (("device", self.device, DEVICES), ("precision", self.precision, tuple(PRECISIONS))):
            if value not in known:
                raise InputError(f"one of {', '.join(known)} as {name}", f"'{value}'", "Choose one of them.")
        if self.minutes is not None and not 0 < self.minutes < 1e6:
            raise InputError("more than 0 minutes", f"{self.minutes}", "Give the time to train in minutes.")
        if self.seed is not None and not 0 <= self.seed < 2**32:
            raise InputError("a seed from 0 to 2^32 - 1", f"{self.seed}", "Choose another one.")
        if self.legs is not None and self.legs < 1:
            raise InputError("at least 1 leg", f"{self.legs}", "Take more.")
        if self.resume and (self.start is not None or self.force):
            raise InputError("--resume, or a new run", "both", "Leave out --from and --force to go on with a run.")
        if not self.resume and self.recipe is None:
            raise InputError("a recipe", "none", "Give --recipe NAME or a TOML file; `ifss train --recipe list` shows them.")


def train_cohort(
    root: Path, output: Path, options: TrainingOptions, tasks: Mapping[str, str] | None = None
) -> Generator[Progress, None, dict[str, Json]]:
    """Train a recipe's network on the training legs of a cohort, validated on its validation legs.

    Args:
        root: The cohort's folder.
        output: The run's folder.
        options: What is asked for.
        tasks: What can be trained; None for everything that comes with the package.

    Returns:
        How it ended, as plain data.

    Raises:
        InputError: The learning extra is not installed, or anything given cannot be used.
    """
    check_learning_installed()
    from ifssnet.nn.tensors import filled
    from ifssnet.train.data.leg import load_legs
    from ifssnet.train.loop.run_folder import RunFolder
    from ifssnet.train.loop.trainer import Trainer
    from ifssnet.train.recipe import TASKS, build_task, find_recipe, read_recipe

    tasks, folder = TASKS if tasks is None else tasks, RunFolder(output)
    before = folder.described() if options.resume else {}
    asked = _asked(options, before)
    own_copy = folder.root / "recipe.toml"
    recipe = read_recipe(own_copy if options.recipe is None else find_recipe(options.recipe), asked["changes"], tasks)
    start = None
    if options.start is not None:
        start = weights_to_start_from(options.start, recipe.task, getattr(recipe.config, "supervision", ""))
        asked["from"] = source(start)
    muscles = tuple(recipe.muscles if asked["muscles"] is None else asked["muscles"])
    cohort = open_cohort(root)
    described: dict[str, Json] = {
        "recipe": {**plain_table(recipe), "name": asked["recipe"]},
        "settings": {**asked, "muscles": list(muscles)},
        "cohort": cohort_facts(cohort),
    }
    if options.resume:
        _check_same(before, described)
    fabric = _fabric(options)
    if fabric.is_global_zero and not options.resume:
        folder.check(options.force)
    yield Progress("reading legs", 0, 2)
    legs = load_legs(cohort, TRAIN, muscles or None, options.legs)
    yield Progress("reading legs", 1, 2)
    looked_at = load_legs(cohort, VAL, muscles or None, recipe.validation.legs) if cohort.of_split(VAL) else ()
    if not looked_at:
        what = f"{cohort.root} has no validation legs: the last weights will be kept as the best"
        warnings.warn(InputWarning(what), stacklevel=2)
    yield Progress("reading legs", 2, 2)
    task = build_task(recipe, legs, muscles, asked["seed"], tasks)
    if start is not None:
        filled(task.network, open_weights(start, task.weights(task.network).kind).tensors)
    if fabric.is_global_zero and not options.resume:
        folder.create({**described, "code": _code(), "environment": _environment(fabric)}, options.force)
        text = find_recipe(str(options.recipe)).read_text(encoding="utf-8")
        own_copy.write_text(text, encoding="utf-8")
    fabric.barrier()
    look = _looking(looked_at, recipe.validation, folder) if looked_at else None
    about: dict[str, Json] = {
        **described,
        "software": {**software(), **_versions()},
        "training_legs": [leg.name for leg in legs],
    }
    trainer = Trainer(task, recipe.trainer, folder, fabric, look, about)
    outcome = yield from trainer.run(asked["minutes"], options.resume)
    if fabric.is_global_zero:
        draw_curves(folder.rows(), folder.root)
    return {
        "output": str(output),
        "units": outcome.units,
        "planned_units": outcome.total,
        "steps": outcome.steps,
        "minutes": outcome.seconds / 60,
        "best_dice": outcome.best_dice,
        "best_unit": outcome.best_unit,
        "stopped_early": outcome.stopped_early,
        "weights": str(folder.best),
    }


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
        raise InputError("the learning extra", f"'{error}'", "Run: pip install 'ifssnet[nn]'") from error
    del lightning_fabric, safetensors, torch


def cohort_facts(cohort: Cohort) -> dict[str, Json]:
    """Its name, a hash of its description and of the names and sizes of its files, and how wrong its labels are known to be.

    The files are those of training and validation.
    """
    digest = hashlib.sha256()
    if (cohort.root / DESCRIPTION).is_file():
        digest.update((cohort.root / DESCRIPTION).read_bytes())
    for case in (*cohort.of_split(TRAIN), *cohort.of_split(VAL)):
        for path in (case.volume_path, case.labels_path):
            size = path.stat().st_size if path is not None else 0
            digest.update(f"{case.split} {case.name} {size}\n".encode())
    told: dict[str, Json] = {"name": cohort.name, "sha256": digest.hexdigest()}
    if cohort.label_errors:
        told["label_errors"] = {split: cohort.label_errors[split] for split in (TRAIN, VAL) if split in cohort.label_errors}
    return told


def _looking(legs: Any, config: Any, folder: Any) -> Any:
    """Validation, with pictures of some slices and the curves so far."""
    from ifssnet.train.loop.validation import validate

    def look(propagator: Propagator, unit: int) -> Generator[Progress, None, Any]:
        looked = yield from validate(propagator, legs, config)
        for sample in looked.samples:
            picture = picture_of(sample.grey, sample.found, sample.true, legs[0].labels.names)
            picture.save(folder.samples / f"unit-{unit:06d}-{sample.leg}-z{sample.z:04d}.png")
        draw_curves(folder.rows(), folder.root)
        return looked

    return look


def _asked(options: TrainingOptions, before: Mapping[str, Json]) -> dict[str, Any]:
    """What the run is told, filled up from what it was told before it was interrupted."""
    name = None if options.recipe is None else Path(options.recipe).stem
    told: dict[str, Any] = {
        "recipe": name,
        "muscles": None if options.muscles is None else list(options.muscles),
        "seed": options.seed,
        "changes": list(options.changes) or None,
        "minutes": options.minutes,
        "legs": options.legs,
        "precision": options.precision,
        "from": None,
    }
    settings = before.get("settings")
    if isinstance(settings, Mapping):
        told = {key: settings.get(key) if value is None else value for key, value in told.items()}
    return {**told, "seed": told["seed"] or 0, "changes": told["changes"] or []}


def _check_same(before: Mapping[str, Json], now: Mapping[str, Json]) -> None:
    """Refuse to go on with something else than what was begun.

    Raises:
        InputError: Which names the first difference.
    """
    for key, value in now.items():
        if difference := _difference(before.get(key), finite(value), key):
            place, old, new = difference
            raise InputError(f"{place} = {old!r}, as the run was begun", f"{new!r}", "Resume it as it was, or start a new run.")


def _difference(old: Any, new: Any, place: str) -> tuple[str, Json, Json] | None:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        olds, news = cast("Mapping[str, Json]", old), cast("Mapping[str, Json]", new)
        for key in sorted({*olds, *news}):
            if found := _difference(olds.get(key), news.get(key), f"{place}.{key}"):
                return found
        return None
    return None if old == new else (place, cast("Json", old), cast("Json", new))


def _fabric(options: TrainingOptions) -> Any:
    """Device, precision and processes; as many processes as `torchrun` has started, else one."""
    import torch
    from lightning_fabric import Fabric

    there = torch.cuda.is_available()
    if options.device == "cuda" and not there:
        raise InputError("a CUDA GPU", "none that torch can use", "Use --device cpu, or install torch for your GPU.")
    accelerator = "cuda" if there and options.device != "cpu" else "cpu"
    processes, here = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    fabric = Fabric(
        accelerator=accelerator,
        devices=here,
        num_nodes=max(1, processes // here),
        strategy="ddp" if processes > 1 else "auto",
        precision=PRECISIONS[options.precision],  # type: ignore[arg-type]
    )
    fabric.launch()
    return fabric


def _code() -> dict[str, Json]:
    """The package's version, and in a source checkout the commit that is checked out."""
    told: dict[str, Json] = {"ifssnet": version("ifssnet")}
    git = Path(str(files("ifssnet"))).parents[1] / ".git"
    with suppress(OSError):
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        told["commit"] = (git / head.removeprefix("ref: ")).read_text(encoding="utf-8").strip() if "ref:" in head else head
    return told


def _environment(fabric: Any) -> dict[str, Json]:
    import torch

    device = fabric.device
    return {
        "software": {**software(), **_versions()},
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "processes": int(fabric.world_size),
    }


def _versions() -> dict[str, Json]:
    told: dict[str, Json] = {}
    for name in ("torch", "lightning-fabric", "monai", "safetensors"):
        with suppress(PackageNotFoundError):
            told[name] = version(name)
    return told
