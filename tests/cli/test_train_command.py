"""`ifss train`: a run folder from a tiny cohort, and what is refused in words."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cones import RECIPE, cone_cohort
from ifssnet.cli.commands.train import run
from ifssnet.cli.main import main
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.machine.extras import install_command
from ifssnet.io.storage.weights import open_weights
from ifssnet.workflow.files.default_weights import ELSEWHERE
from ifssnet.workflow.training.packed_weights import pack_weights


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cone_cohort(tmp_path_factory.mktemp("train") / "legs")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("recipes") / "small.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def trained(cohort: Path, recipe: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    facts = run(cohort, recipe=recipe, output=folder, muscles="any", seed=4, quiet=True)
    assert (facts.units, facts.planned_units, facts.steps) == (3, 3, 6)
    assert facts.weights == folder / "best.safetensors"
    return folder


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    with pytest.raises(SystemExit) as leaving:
        main([str(word) for word in words])
    assert leaving.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return " ".join(said.split())


def test_a_run_folder_holds_everything(trained: Path) -> None:
    told = json.loads((trained / "run.json").read_text(encoding="utf-8"))
    assert told["recipe"]["trainer"]["units"] == 3
    assert told["settings"]["seed"] == 4
    assert len(told["cohort"]["sha256"]) == 64
    assert {"torch", "numpy", "python"} <= set(told["environment"]["software"])
    assert told["code"]["ifssnet"]
    assert (trained / "recipe.toml").read_text(encoding="utf-8") == RECIPE
    lines = (trained / "log.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("unit,seconds,loss,learning_rate")
    assert "dice_SOL" in lines[0]
    assert "dice_GM" in lines[0]
    assert len(lines) == 5
    assert (trained / "curves.svg").read_text(encoding="utf-8").startswith("<svg")
    assert (trained / "checkpoint.pt").is_file()


def test_pictures_show_both_outlines(trained: Path) -> None:
    pictures = sorted(path.name for path in (trained / "samples").iterdir())
    assert pictures == [f"unit-{unit:06d}-P3_x1-z{z:04d}.png" for unit in (0, 3) for z in (7, 17)]
    with Image.open(trained / "samples" / pictures[0]) as image:
        pixels = np.asarray(image).reshape(-1, 3)
        assert image.size == (512, 512)
    # SOL's violet and GM's pink; grey everywhere else.
    colors = {tuple(int(c) for c in pixel) for pixel in np.unique(pixels, axis=0)}
    assert {(126, 87, 194), (236, 97, 155)} <= colors
    assert all(len(set(color)) == 1 for color in colors - {(126, 87, 194), (236, 97, 155)})


def test_weights_carry_their_card(trained: Path) -> None:
    weights = open_weights(trained / "best.safetensors", "anchored")
    assert weights.card["training_legs"] == ["P1_x1", "P2_x1"]
    assert weights.card["settings"]["seed"] == 4  # type: ignore[index]
    assert 0 < weights.card["validation"]["dice"] <= 1  # type: ignore[index,operator]


def test_resumed_and_started_from_weights(cohort: Path, recipe: str, trained: Path, tmp_path: Path) -> None:
    again = run(cohort, output=trained, resume=True, quiet=True)
    assert again.units == 3
    with pytest.raises(InputError, match="seed = 4"):
        run(cohort, output=trained, resume=True, seed=5, quiet=True)
    with pytest.raises(InputError, match=r"recipe.trainer.units = 3"):
        run(cohort, output=trained, resume=True, settings=["trainer.units=4"], quiet=True)
    with pytest.raises(InputError, match="--resume"):
        run(cohort, recipe=recipe, output=trained, quiet=True)
    with pytest.raises(InputError, match="--from and --force"):
        run(cohort, output=trained, resume=True, force=True, quiet=True)
    frozen = ["trainer.optimiser.learning_rate=0", "trainer.units=1"]
    folder = tmp_path / "second"
    run(cohort, recipe=recipe, output=folder, muscles="SOL", start=trained / "last.safetensors", settings=frozen, quiet=True)
    assert open_weights(folder / "last.safetensors").sha256 == open_weights(trained / "last.safetensors").sha256
    assert "dice_GM" not in (folder / "log.csv").read_text(encoding="utf-8")
    wider = ["network.widths=[8, 8]", *frozen]
    with pytest.raises(InputError, match="same size"):
        run(cohort, recipe=recipe, output=tmp_path / "third", start=folder / "last.safetensors", settings=wider, quiet=True)


def test_started_from_weights_that_come_with_the_package(
    cohort: Path,
    recipe: str,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shelf, out = tmp_path / "shelf", tmp_path / "run"
    shelf.mkdir()
    words = ("train", cohort, "--recipe", recipe, "-o", out, "-q", "--from")
    assert "none come with this version" in refused(capsys, *words, "default")
    monkeypatch.setenv(ELSEWHERE, str(shelf))
    pack_weights(trained / "last.safetensors", shelf / "anchored.safetensors", half=True)
    assert "'ancored'; those that come with this version are anchored" in refused(capsys, *words, "ancored")
    assert not out.exists()
    # A training that moves nothing ends where it began: at the numbers as 16 bits have them.
    frozen = ["trainer.optimiser.learning_rate=0", "trainer.units=1"]
    shipped = open_weights(shelf / "anchored.safetensors")
    for name in ("default", "anchored"):
        run(cohort, recipe=recipe, output=out, muscles="SOL", start=Path(name), settings=frozen, quiet=True, force=True)
        last = open_weights(out / "last.safetensors")
        assert last.sha256 == shipped.sha256
        assert last.card["settings"]["from"]["file"] == "anchored.safetensors"  # type: ignore[index,call-overload]
        assert "stored" not in last.card
    run(cohort, output=out, resume=True, quiet=True)


def test_refusals(cohort: Path, recipe: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("train", cohort, "--recipe", recipe, "-o", tmp_path / "run")
    assert "TA" in refused(capsys, *words, "--muscles", "TA")
    assert "more than 0 minutes" in refused(capsys, *words, "--minutes", "0")
    assert "learning_rate" in refused(capsys, *words, "--set", "trainer.optimiser.learning_rate=fast", "--force")
    assert "no -o RUN" in refused(capsys, "train", cohort, "--recipe", recipe)
    assert "anchored-full" in refused(capsys, "train", cohort, "--recipe", "ancored", "-o", tmp_path / "other")
    assert "--recipe" in refused(capsys, "train", cohort, "-o", tmp_path / "other")
    assert "run to resume" in refused(capsys, "train", cohort, "-o", tmp_path / "other", "--resume")
    assert not (tmp_path / "other").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert "something else" in refused(capsys, *words[:-1], tmp_path / "mine", "--force")
    assert "not there" in refused(capsys, *words[:-1], tmp_path / "fourth", "--from", tmp_path / "none.safetensors")


def test_without_validation_legs_the_last_is_the_best(cohort: Path, recipe: str, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(cohort / "train", alone / "train")
    shutil.copyfile(cohort / "cohort.toml", alone / "cohort.toml")
    with pytest.warns(InputWarning, match="no validation legs"):
        facts = run(alone, recipe=recipe, output=tmp_path / "run", settings=["trainer.units=1"], legs=1, quiet=True)
    assert facts.best_dice is None
    best, last = (open_weights(tmp_path / "run" / f"{name}.safetensors") for name in ("best", "last"))
    assert best.sha256 == last.sha256
    assert best.card["training_legs"] == ["P1_x1"]
    # Resumed without the word, it still trains on the one leg that it was begun with.
    (tmp_path / "run" / "checkpoint.pt").unlink()
    with pytest.warns(InputWarning, match="no validation legs"):
        run(alone, output=tmp_path / "run", resume=True, quiet=True)
    assert open_weights(tmp_path / "run" / "last.safetensors").card["training_legs"] == ["P1_x1"]


def test_a_run_of_another_version_is_refused_by_what_differs(cohort: Path, trained: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    told = json.loads((copy / "run.json").read_text(encoding="utf-8"))
    for changed, words in (
        (
            {**told, "recipe": {**told["recipe"], "config": {**told["recipe"]["config"], "gone": 1}}},
            r"recipe\.config\.gone = 1",
        ),
        ({**told, "settings": {**told["settings"], "threads": 2}}, r"some of recipe.*got 'threads'.*version that began it"),
        ({**told, "cohort": {"name": "cones"}}, "sha256 in cohort of .*run.json"),
        ([], "no run.json that can be read"),
    ):
        (copy / "run.json").write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(InputError, match=words):
            run(cohort, output=copy, resume=True, quiet=True)


def test_recipes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    names = run(recipe="list", json=True)
    assert "anchored" in names
    assert tuple(entry["name"] for entry in json.loads(capsys.readouterr().out)) == names


def test_without_the_extra(
    cohort: Path, recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert install_command("nn") in refused(capsys, "train", cohort, "--recipe", recipe, "-o", tmp_path / "run")
    assert not (tmp_path / "run").exists()
