"""Recipes: a published experiment as a small TOML file. What can be trained is listed in one table."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast, get_type_hints

from ifssnet.core.errors import InputError
from ifssnet.core.report import finite
from ifssnet.core.segmentation import Json
from ifssnet.train.data.leg import Leg
from ifssnet.train.from_table import build
from ifssnet.train.loop.task import Task
from ifssnet.train.loop.trainer import TrainerConfig
from ifssnet.train.loop.validation import ValidationConfig

TaskBuilder = Callable[[Any, tuple[Leg, ...], tuple[str, ...], int], Task]
"""A task from its configuration, the legs, the muscles (none: any) and a seed; the hint of `config` says its configuration."""

TASKS: Mapping[str, str] = MappingProxyType(
    {
        "anchored": "ifssnet.train.tasks.anchored:AnchoredTask",
        "recurrent": "ifssnet.train.tasks.recurrent:RecurrentTask",
        "pg-net": "ifssnet.train.tasks.pg_net:PGNetTask",
        "unet-3d": "ifssnet.train.tasks.unet_3d:UNet3dTask",
    }
)
"""Each task's name in recipes, and where it is: imported when it is asked for."""

ANY = "any"
"""The word for a network that follows whatever muscle it is given a mask of."""


@dataclass(frozen=True)
class Recipe:
    """An experiment.

    Attributes:
        name: Of the file, without its suffix.
        about: What it is, in a line.
        task: A key of the table of tasks.
        muscles: Trained on, unless the command says otherwise; none for any muscle.
        trainer: How long, how fast.
        validation: How it is looked at.
        config: Of the task.
    """

    name: str
    about: str
    task: str
    muscles: tuple[str, ...]
    trainer: TrainerConfig
    validation: ValidationConfig
    config: Any

    def as_json(self) -> dict[str, Json]:
        """Every value, also those that the file left at their defaults."""
        return cast("dict[str, Json]", finite(asdict(self)))


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
    known = ("about", "muscles", "task", "trainer", "validation", task)
    for key, value in table.items():
        if key not in known:
            raise InputError(f"some of {', '.join(known)} in {path.name}", f"'{key}'", f"Remove or correct {key}.")
        if key in known[3:] and not isinstance(value, dict):
            raise InputError(f"a table [{key}] in {path.name}", f"{value!r}", f"Write [{key}] and its values below it.")
    about, muscles = table.get("about", ""), table.get("muscles", [])
    if not isinstance(about, str):
        raise InputError(f"a text for about in {path.name}", f"{about!r}", "Put it between quotation marks.")
    if not (isinstance(muscles, list) and all(isinstance(name, str) and name for name in muscles)):
        raise InputError(f"a list of names for muscles in {path.name}", f"{muscles!r}", 'Write for example ["SOL"].')
    return Recipe(
        path.stem,
        about,
        task,
        tuple(muscles),
        build(TrainerConfig, table.get("trainer", {}), f"[trainer] in {path.name}"),
        build(ValidationConfig, table.get("validation", {}), f"[validation] in {path.name}"),
        build(get_type_hints(_class_of(task, tasks).__init__)["config"], table.get(task, {}), f"[{task}] in {path.name}"),
    )


def build_task(
    recipe: Recipe, legs: tuple[Leg, ...], muscles: tuple[str, ...], seed: int, tasks: Mapping[str, str] = TASKS
) -> Task:
    """The task of a recipe on some legs.

    Raises:
        InputError: Legs or muscles that the task cannot take.
    """
    return cast("TaskBuilder", _class_of(recipe.task, tasks))(recipe.config, legs, muscles, seed)


def _class_of(task: str, tasks: Mapping[str, str]) -> type:
    module, name = tasks[task].split(":")
    return cast("type", getattr(import_module(module), name))


def _change(table: dict[str, Any], word: str, task: str) -> None:
    path, equals, text = word.partition("=")
    names = [name.strip() for name in path.split(".")]
    if not equals or not all(names):
        raise InputError("changes as NAME=VALUE", f"'{word}'", "Write for example --set trainer.units=500.")
    heads = {head.replace("-", "_"): head for head in ("trainer", "validation", task)}
    head = heads.get(names[0].replace("-", "_"))
    if head is None and names not in (["about"], ["muscles"]):
        names, head = [task, *names], task
    inner = table
    for name in [head or names[0], *names[1:]][:-1]:
        inner = inner.setdefault(_known_as(inner, name), {})
        if not isinstance(inner, dict):
            raise InputError("changes to a value", f"'{word}', which goes into one", "Correct the name.")
    inner[_known_as(inner, names[-1])] = _parsed(text.strip())


def _known_as(table: Mapping[str, Any], name: str) -> str:
    """The table's own spelling: '-' counts as '_'."""
    return next((key for key in table if key.replace("-", "_") == name.replace("-", "_")), name)


def _parsed(text: str) -> Any:
    """A value as TOML has it; what is none is a word."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text
