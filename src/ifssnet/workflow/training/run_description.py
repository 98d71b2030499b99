"""What a run was started with: the file `run.json` of its folder, and most of the card of its weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ifssnet.core.cohort import TRAIN, VAL, Cohort
from ifssnet.core.errors import InputError
from ifssnet.core.provenance import FileSource
from ifssnet.io.cohorts.cohort_folder import DESCRIPTION
from ifssnet.io.plain_data import LEFT_OUT, Json, plain_table, structure
from ifssnet.workflow.files.provenance import software
from ifssnet.workflow.training.options import TrainingOptions

if TYPE_CHECKING:
    from ifssnet.train.recipe import Recipe

LEARNING_LIBRARIES = ("torch", "lightning-fabric", "safetensors")


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run beside its recipe.

    Attributes:
        recipe: The recipe's name.
        muscles: The muscles that are trained on, none for any; None where the recipe is to say it.
        seed: The seed of the network's start and of every draw.
        changes: NAME=VALUE words that change the recipe.
        minutes: How long to train, about; None for the recipe's units.
        legs: The most training legs; None for all.
        precision: A key of `PRECISIONS`.
        from_: The weights that the training began with; None for a fresh network.
    """

    recipe: str | None = None
    muscles: tuple[str, ...] | None = None
    seed: int = 0
    changes: tuple[str, ...] = ()
    minutes: float | None = None
    legs: int | None = None
    precision: str = "32"
    from_: FileSource | None = None


@dataclass(frozen=True)
class TrainingCohort:
    """Which legs there are.

    Attributes:
        name: The cohort's name.
        sha256: The hash of its description, and of the names and sizes of its training and validation files.
        label_errors: Split to how wrong its labels are known to be.
    """

    name: str
    sha256: str
    label_errors: Mapping[str, str] = field(default_factory=dict[str, str], metadata=LEFT_OUT)


@dataclass(frozen=True)
class Code:
    """The version of this package, and in a source checkout the commit that is checked out."""

    ifssnet: str
    commit: str = field(default="", metadata=LEFT_OUT)


@dataclass(frozen=True)
class Environment:
    """What the run computes with.

    Attributes:
        software: Libraries to their versions.
        device: The name of the GPU, or of the processor.
        threads: The threads of the processor.
        processes: The processes that train together.
    """

    software: Mapping[str, str]
    device: str
    threads: int
    processes: int


@dataclass(frozen=True)
class RunDescription:
    """What a run was started with.

    Attributes:
        recipe: Every value of the recipe, as plain data: another version may have other fields.
        settings: The settings beside it.
        cohort: The legs.
        code: This package.
        environment: The machine.
    """

    recipe: Mapping[str, Json]
    settings: RunSettings
    cohort: TrainingCohort
    code: Code | None = field(default=None, metadata=LEFT_OUT)
    environment: Environment | None = field(default=None, metadata=LEFT_OUT)


def read_description(data: Mapping[str, Json], where: str) -> RunDescription:
    """The description out of a run's folder.

    Raises:
        InputError: Another version of this package has written it, with other values.
    """
    try:
        return structure(RunDescription, data, where)
    except InputError as error:
        raise InputError(error.expected, error.received, "Resume the run with the version that began it.") from error


def settings_of(options: TrainingOptions, before: RunSettings | None) -> RunSettings:
    """The settings of a run, filled up from those that it was begun with.

    Args:
        options: The options of the command.
        before: The settings that the resumed run was begun with; None for a new run.
    """
    begun = before or RunSettings()
    return RunSettings(
        recipe=begun.recipe if options.recipe is None else Path(options.recipe).stem,
        muscles=begun.muscles if options.muscles is None else options.muscles,
        seed=begun.seed if options.seed is None else options.seed,
        changes=options.changes or begun.changes,
        minutes=begun.minutes if options.minutes is None else options.minutes,
        legs=begun.legs if options.legs is None else options.legs,
        precision=options.precision,
        from_=begun.from_,
    )


def described(recipe: Recipe, settings: RunSettings, muscles: tuple[str, ...], cohort: Cohort) -> RunDescription:
    """What a run is started with, but for the code and the machine."""
    values = {**plain_table(recipe), "name": settings.recipe}
    return RunDescription(values, replace(settings, muscles=muscles), cohort_facts(cohort))


def check_same(before: RunDescription, now: RunDescription) -> None:
    """Refuse to go on with something else than what was begun; the code and the machine may be others.

    Raises:
        InputError: It names the first difference.
    """
    olds, news = plain_table(before), plain_table(now)
    for part in ("recipe", "settings", "cohort"):
        if difference := _difference(olds[part], news[part], part):
            place, old, new = difference
            raise InputError(f"{place} = {old!r}, as the run was begun", f"{new!r}", "Resume it as it was, or start a new run.")


def _difference(old: Json, new: Json, place: str) -> tuple[str, Json, Json] | None:
    """The first place in two files' contents where they differ, and both values."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            if found := _difference(old.get(key), new.get(key), f"{place}.{key}"):
                return found
        return None
    return None if old == new else (place, old, new)


def cohort_facts(cohort: Cohort) -> TrainingCohort:
    """The cohort's name and hash, and how wrong the labels of training and validation are known to be."""
    digest = hashlib.sha256()
    if (cohort.root / DESCRIPTION).is_file():
        digest.update((cohort.root / DESCRIPTION).read_bytes())
    for case in (*cohort.of_split(TRAIN), *cohort.of_split(VAL)):
        for path in (case.volume_path, case.labels_path):
            size = path.stat().st_size if path is not None else 0
            digest.update(f"{case.split} {case.name} {size}\n".encode())
    errors = {split: cohort.label_errors[split] for split in (TRAIN, VAL) if split in cohort.label_errors}
    return TrainingCohort(cohort.name, digest.hexdigest(), errors)


def code() -> Code:
    """The version of this package, and the commit of a source checkout."""
    git, commit = Path(str(files("ifssnet"))).parents[1] / ".git", ""
    with suppress(OSError):
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        commit = (git / head.removeprefix("ref: ")).read_text(encoding="utf-8").strip() if "ref:" in head else head
    return Code(version("ifssnet"), commit)


def versions() -> dict[str, str]:
    """The versions of Python and of all libraries that training uses."""
    found = software()
    for name in LEARNING_LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def card_table(run: RunDescription, training_legs: tuple[str, ...]) -> dict[str, Any]:
    """What the card of the weights says of their run, as plain data."""
    table = plain_table(run)
    shared = {part: table[part] for part in ("recipe", "settings", "cohort")}
    return {**shared, "software": cast("Json", versions()), "training_legs": list(training_legs)}
