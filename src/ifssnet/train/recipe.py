"""Recipes: a published experiment as a small TOML file. What can be trained is listed in one table."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast, get_type_hints

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import structure
from ifssnet.io.storage.toml_text import set_entry
from ifssnet.train.data.leg import LabelledLeg
from ifssnet.train.loop.task import TrainingTask
from ifssnet.train.loop.trainer import TrainerConfig
from ifssnet.train.loop.validation import ValidationConfig

TaskBuilder = Callable[[Any, tuple[LabelledLeg, ...], tuple[str, ...], int], TrainingTask]
"""A task from its configuration, the legs, the muscles (none: any) and a seed; the hint of `config` says its configuration."""

TASKS: Mapping[str, str] = MappingProxyType(
    {
        "anchored": "ifssnet.train.tasks.anchored:AnchoredTask",
        "recurrent": "ifssnet.train.tasks.recurrent:RecurrentTask",
        "pg-net": "ifssnet.train.tasks.pg_net:PGNetTask",
        "unet-3d": "ifssnet.train.tasks.unet_3d:UNet3dTask",
    }
)
"""Each task's name in recipes, and its class, which is imported when a recipe names it."""

ANY = "any"
"""The word for a network that follows whatever muscle it is given a mask of."""


_SETTINGS = ("trainer", "validation")
"""Tables that a recipe has beside its task's."""


@dataclass(frozen=True)
class _Head:
    """What stands above a recipe's tables."""

    about: str = ""
    muscles: tuple[str, ...] = ()
    task: str = ""

    def __post_init__(self) -> None:
        if not all(self.muscles):
            raise InputError("names of muscles", f"{list(self.muscles)}", 'Write for example ["SOL"].')


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        name: The file's name without its suffix.
        about: What the recipe is, in a line.
        task: A key of the table of tasks.
        muscles: The muscles to train on, unless the command says otherwise; none for any muscle.
        trainer: How long the network is trained, and how fast.
        validation: How it is validated.
        config: The task's configuration.
    """

    name: str
    about: str
    task: str
    muscles: tuple[str, ...]
    trainer: TrainerConfig
    validation: ValidationConfig
    config: Any


def recipes_folder() -> Path:
    """Where the recipes that come with the package are: inside it, or at the top of a source checkout."""
    package = Path(str(files("ifssnet")))
    return package / "recipes" if (package / "recipes").is_dir() else package.parents[1] / "recipes"


def recipe_names() -> tuple[str, ...]:
    """The recipes that come with the package."""
    return tuple(sorted(path.stem for path in recipes_folder().glob("*.toml")))


def find_recipe(name: str) -> Path:
    """The file of a recipe that comes with the package, or of one's own.

    Raises:
        InputError: Neither.
    """
    own = Path(name)
    if own.suffix == ".toml" and own.is_file():
        return own
    if name in recipe_names():
        return recipes_folder() / f"{name}.toml"
    raise InputError(f"one of the recipes {', '.join(recipe_names())}, or a TOML file", f"'{name}'", "Choose one of them.")


def read_recipe(path: Path, changes: Sequence[str] = (), tasks: Mapping[str, str] = TASKS) -> Recipe:
    """Read a recipe.

    Args:
        path: A TOML file: `task`, `about`, `muscles`, the tables [trainer] and [validation], and one named like the task.
        changes: Words NAME=VALUE that replace values; NAME is a path of tables and a field with points between, and may
            leave out the task's own table.
        tasks: What can be trained.

    Raises:
        InputError: No TOML, an unknown task, table or field, or a value that cannot be.
    """
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"a recipe in TOML at {path}", f"'{error}'", "Correct the file.") from error
    task = table.get("task")
    if not isinstance(task, str) or task not in tasks:
        raise InputError(f"task = one of {', '.join(tasks)} in {path.name}", f"{task!r}", "Correct task.")
    for word in changes:
        _change(table, word, task)
    known = (*(field.name for field in fields(_Head)), *_SETTINGS, task)
    for key in table:
        if key not in known:
            raise InputError(f"some of {', '.join(known)} in {path.name}", f"'{key}'", f"Remove or correct {key}.")
    head = structure(_Head, {key: value for key, value in table.items() if key not in (*_SETTINGS, task)}, path.name)
    return Recipe(
        path.stem,
        head.about,
        task,
        head.muscles,
        structure(TrainerConfig, table.get("trainer", {}), f"[trainer] in {path.name}"),
        structure(ValidationConfig, table.get("validation", {}), f"[validation] in {path.name}"),
        structure(_configuration_of(task, tasks), table.get(task, {}), f"[{task}] in {path.name}"),
    )


def build_task(
    recipe: Recipe, legs: tuple[LabelledLeg, ...], muscles: tuple[str, ...], seed: int, tasks: Mapping[str, str] = TASKS
) -> TrainingTask:
    """The task of a recipe on some legs.

    Raises:
        InputError: Legs or muscles that the task cannot take.
    """
    return cast("TaskBuilder", _class_of(recipe.task, tasks))(recipe.config, legs, muscles, seed)


def _class_of(task: str, tasks: Mapping[str, str]) -> type:
    module, name = tasks[task].split(":")
    return cast("type", getattr(import_module(module), name))


def _configuration_of(task: str, tasks: Mapping[str, str]) -> type:
    """The dataclass that a task is configured with."""
    return get_type_hints(_class_of(task, tasks).__init__)["config"]


def _change(table: dict[str, Any], word: str, task: str) -> None:
    path, equals, text = word.partition("=")
    names = [name.strip() for name in path.split(".")]
    if not equals or not all(names):
        raise InputError("changes as NAME=VALUE", f"'{word}'", "Write for example --set trainer.units=500.")
    heads = {head.replace("-", "_"): head for head in ("trainer", "validation", task)}
    head = heads.get(names[0].replace("-", "_"))
    if head is None and names not in (["about"], ["muscles"]):
        names, head = [task, *names], task
    set_entry(table, [head or names[0], *names[1:]], text.strip())
