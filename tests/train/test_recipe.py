"""Recipes: those of the package are true to what they say, and a wrong one is told where it is wrong."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import torch
from tiny_task import TinyNetConfig, ball_leg
from tubes import tube

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import plain_table
from ifssnet.nn.losses.dice import SoftDiceConfig
from ifssnet.nn.losses.tversky import TverskyConfig
from ifssnet.nn.networks.ifss_net import IFSSNetConfig
from ifssnet.train.loop.task import TrainingTask
from ifssnet.train.recipe import TASKS, build_task, find_recipe, read_recipe, recipe_names, recipes_folder

TINY = {"tiny": "tiny_task:TinyTask"}
TEXT = """task = "tiny"
about = "a test"
muscles = ["SOL"]
[trainer]
units = 7
[trainer.optimiser]
form = "adam"
betas = [0.5, 0.9]
[tiny.network]
dropout = 0
"""


def recipe(folder: Path, text: str = TEXT) -> Path:
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return folder / "mine.toml"


def test_a_recipe_of_ones_own(tmp_path: Path) -> None:
    found = read_recipe(recipe(tmp_path), tasks=TINY)
    assert (found.name, found.about, found.muscles) == ("mine", "a test", ("SOL",))
    assert (found.trainer.units, found.trainer.optimiser.betas, found.trainer.validations) == (7, (0.5, 0.9), 8)
    assert found.config.network == TinyNetConfig(dropout=0.0)
    task = build_task(found, (ball_leg("A", 1),), ("SOL",), 0, TINY)
    assert isinstance(task, TrainingTask)
    assert task.network[3].p == 0.0  # type: ignore[index]
    assert plain_table(found)["config"]["network"] == {"width": 4, "dropout": 0.0}  # type: ignore[index]


def test_changes(tmp_path: Path) -> None:
    words = ["trainer.units=9", "network.width=8", "tiny.order=first", "validation.ends=false", "muscles=['GM','GL']"]
    found = read_recipe(recipe(tmp_path), [*words, "trainer.optimiser.betas=[0.1, 0.2]"], TINY)
    assert (found.trainer.units, found.config.network.width, found.config.order) == (9, 8, "first")
    assert (found.validation.ends, found.muscles, found.trainer.optimiser.betas) == (False, ("GM", "GL"), (0.1, 0.2))
    for word, told in (
        ("units", "NAME=VALUE"),
        ("units.=3", "NAME=VALUE"),
        ("steps=x", "steps of"),
        ("network.dropout.x=3", "goes into"),
    ):
        with pytest.raises(InputError, match=told):
            read_recipe(recipe(tmp_path), [word], TINY)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('task = "tiny"', 'task = "giant"', "giant"),
        ('task = "tiny"', "", "task"),
        ("units = 7", "units = 7.5", r"a whole number for units of \[trainer\] in mine.toml"),
        ("units = 7", "unit = 7", "'unit'"),
        ("units = 7", "units = 0", "at least one unit"),
        ('form = "adam"', 'form = "sgd"', "'adam' or 'adamw'"),
        ("[tiny.network]", "[teeny.network]", "teeny"),
        ("betas = [0.5, 0.9]", "betas = [0.5, 2.0]", "betas"),
        ('muscles = ["SOL"]', 'muscles = "SOL"', "muscles"),
        ('about = "a test"', "about = 3", "about"),
        ("[trainer]\nunits = 7", "[validation]\nslices = -1\n[trainer]", "slices"),
        ("[trainer]", "[trainer", "TOML"),
    ],
)
def test_wrong_recipes_are_told_where(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError, match=words):
        read_recipe(recipe(tmp_path, TEXT.replace(old, new)), tasks=TINY)


def test_there_is_no_such_recipe(tmp_path: Path) -> None:
    assert find_recipe(str(recipe(tmp_path))) == tmp_path / "mine.toml"
    with pytest.raises(InputError, match="anchored"):
        find_recipe("anchord")
    with pytest.raises(InputError, match=r"none\.toml"):
        find_recipe(str(tmp_path / "none.toml"))


def test_the_packages_recipes() -> None:
    found = {name: read_recipe(find_recipe(name)) for name in recipe_names()}
    wanted = {"paper-full", "paper-weak", "full", "weak", "anchored", "anchored-full", "anchored-ifss", "pg-net", "unet-3d"}
    wanted |= {"anchored-references", "anchored-carrying", "unet-3d-muscle"}
    assert wanted <= set(found)
    assert {each.task for each in found.values()} == set(TASKS)
    assert all(each.about and find_recipe(name).read_text(encoding="utf-8").startswith("#") for name, each in found.items())


@pytest.mark.parametrize("name", ["paper-full", "paper-weak"])
def test_the_papers_are_the_papers(name: str) -> None:
    """Section III-C of the paper, value by value."""
    found = read_recipe(find_recipe(name))
    optimiser, schedule, config = found.trainer.optimiser, found.trainer.schedule, found.config
    assert (optimiser.form, optimiser.learning_rate, optimiser.clip_norm) == ("adam", 1e-4, 0.0)
    units = found.trainer.units
    rates = [round(1e-4 * schedule.factor(unit, units), 12) for unit in range(units)]
    epoch = 29
    assert rates[: -2 * epoch] == [1e-4] * (units - 2 * epoch)
    assert rates[-2 * epoch :] == [1e-5] * 2 * epoch
    assert found.muscles == ("SOL",)
    assert (config.loss.form, config.loss.alpha, config.l2, config.update) == ("paper", 0.5, 1e-5, "halves")
    assert (config.network.window, config.network.state, config.sequences.strides) == (3, "carried", (1, 1))
    assert (config.sequences.slices, config.sequences.together, config.inference.direction) == ((0, 0), 1, "forward")
    assert config.supervision == {"paper-full": "full", "paper-weak": "weak-literal"}[name]
    # Its width is one change away.
    full = read_recipe(find_recipe(name), ["network.widths=[30, 30, 60, 60, 120]", "network.blocks=full"])
    assert full.config.network == IFSSNetConfig()


def test_a_recipe_names_its_loss_and_the_loss_its_settings() -> None:
    """A loss is a file in `nn/losses` and a name in `RegionLossConfig`: nothing else has to know of it."""
    leg = tube()
    for name, shorter in (("full", ["recurrent.single_updates=1"]), ("anchored", ["updates=1", "batch=2"])):
        before = read_recipe(find_recipe(name))
        for words, loss in (
            (["loss={form = 'soft-dice', squared = true}"], SoftDiceConfig(squared=True)),
            (["loss={form = 'balance', alpha = 0.4}"], TverskyConfig("balance", alpha=0.4)),
        ):
            changed = read_recipe(find_recipe(name), [*words, *shorter])
            assert changed.config.loss == loss != before.config.loss
            task = build_task(changed, (leg,), (), 0)
            (value,) = task.unit(0, 0.0)
            assert torch.isfinite(value)
            assert isinstance(task.loss.region, type(loss.build()))
    with pytest.raises(InputError, match=r"form = 'paper' or .* or 'soft-dice' for loss of \[anchored\]"):
        read_recipe(find_recipe("anchored"), ["loss.form=focal"])


def test_every_ablation_is_a_recipe_with_changes_that_it_knows() -> None:
    script = (recipes_folder() / "ablations.sh").read_text(encoding="utf-8")
    shared = next(line for line in script.splitlines() if line.startswith("small="))
    always = re.findall(r"--set (\S+=[^\s\"]+)", shared)
    assert always
    seen: dict[str, object] = {}
    for line in script.splitlines():
        if line.startswith("variant "):
            name, recipe, *words = shlex.split(line)[1:]
            assert words[::2] == ["--set"] * (len(words) // 2)
            seen[name] = read_recipe(find_recipe(recipe), [*always, *words[1::2]]).config
    assert {"full", "no-feedback", "lstm-none", "tversky-min-max", "weak-expert-only"} <= set(seen)
    assert len({repr(settings) for settings in seen.values()}) == len(seen)
