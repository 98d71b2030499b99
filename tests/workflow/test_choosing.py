"""Which method runs when nobody names one, and which weights are meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ifssnet.cli.method_words import methods
from ifssnet.core.errors import InputError
from ifssnet.core.machine.extras import install_command
from ifssnet.workflow.files.default_weights import (
    ELSEWHERE,
    default_weights,
    find_weights,
    shipped_weights,
    weights_to_start_from,
)
from ifssnet.workflow.leg.method_choice import choose
from weights_shelf import ENGINES, fill_shelf, without


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = fill_shelf(tmp_path / "shelf")
    monkeypatch.setenv(ELSEWHERE, str(folder))
    return folder


def test_the_network_needs_a_volume_its_weights_and_settings_that_it_knows(shelf: Path) -> None:
    chosen = choose(None, None, {"gate_mm": 4.0}, volume_given=True)
    assert (chosen.method, chosen.weights) == ("anchored", shelf / "anchored.safetensors")
    assert "come with the package" in chosen.why
    without = choose(None, None, {}, volume_given=False)
    assert (without.method, without.weights) == ("shape-interpolation", None)
    assert "volume" in without.why
    plain = choose(None, None, {"plain": True}, volume_given=True)
    assert plain.method == "shape-interpolation"
    assert "plain is no setting" in plain.why


@pytest.mark.parametrize("method", [None, "anchored"])
@pytest.mark.parametrize("given", [None, "default"])
def test_carrying_takes_the_weights_that_have_a_network_for_it(shelf: Path, method: str | None, given: str | None) -> None:
    (shelf / "anchored-both.safetensors").write_bytes((shelf / "anchored.safetensors").read_bytes())
    for direction, name in (("forward", "anchored-both"), ("both", "anchored-both"), ("between", "anchored")):
        chosen = choose(method, given, {"direction": direction}, volume_given=True)
        assert chosen.weights == shelf / f"{name}.safetensors", direction
        (compared,) = methods(["anchored"], direction=direction)
        (set_there,) = methods([f"anchored:direction={direction}"])
        assert compared.weights == set_there.weights == chosen.weights
    (shelf / "anchored-forward.safetensors").write_bytes((shelf / "anchored.safetensors").read_bytes())
    for direction, name in (("forward", "anchored-forward"), ("both", "anchored-both"), ("between", "anchored")):
        assert choose(method, given, {"direction": direction}, volume_given=True).weights == shelf / f"{name}.safetensors"
    # What somebody names is what runs, and a method without such a file has its own.
    assert choose("anchored", "anchored", {"direction": "both"}, volume_given=True).weights == shelf / "anchored.safetensors"
    assert choose("ifss-net", None, {"direction": "both"}, volume_given=True).weights == shelf / "ifss-net.safetensors"


def test_without_weights_it_is_interpolation() -> None:
    chosen = choose(None, None, {}, volume_given=True)
    assert chosen.method == "shape-interpolation"
    assert "no weights" in chosen.why


@pytest.mark.parametrize("missing", [ENGINES, ("safetensors",)])
def test_without_the_extra_it_is_interpolation(shelf: Path, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]) -> None:
    without(monkeypatch, *missing)
    chosen = choose(None, None, {}, volume_given=True)
    assert chosen.method == "shape-interpolation"
    assert install_command("run") in chosen.why
    for method, extra in (("anchored", "run"), ("ifss-net", "run"), ("pg-net", "nn")):
        with pytest.raises(InputError, match=re.escape(install_command(extra))):
            choose(method, None, {}, volume_given=True)


@pytest.mark.parametrize("there", ENGINES)
def test_one_engine_is_enough(shelf: Path, monkeypatch: pytest.MonkeyPatch, there: str) -> None:
    pytest.importorskip(there)
    without(monkeypatch, *(engine for engine in ENGINES if engine != there))
    assert choose(None, None, {}, volume_given=True).method == "anchored"


def test_a_named_method_is_taken(shelf: Path) -> None:
    for method in ("watershed", "shape-interpolation", "no-such-method"):
        assert choose(method, None, {}, volume_given=True) == choose(method, None, {}, volume_given=False)
        assert choose(method, None, {}, volume_given=True).method == method
        assert choose(method, None, {}, volume_given=True).why == ""
    assert choose("ifss-net", None, {}, volume_given=True).weights == shelf / "ifss-net.safetensors"
    assert choose("ifss-net", "ifss-net-weak", {}, volume_given=True).weights == shelf / "ifss-net-weak.safetensors"
    with pytest.raises(InputError, match="Leave out --weights"):
        choose("watershed", "default", {}, volume_given=True)
    with pytest.raises(InputError, match=r"weights for pg-net.*anchored, ifss-net, ifss-net-weak.*--weights FILE"):
        choose("pg-net", None, {}, volume_given=True)


def test_weights_alone_say_which_method(shelf: Path) -> None:
    weak = choose(None, "ifss-net-weak", {}, volume_given=True)
    assert (weak.method, weak.weights) == ("ifss-net", shelf / "ifss-net-weak.safetensors")
    assert "weights of ifss-net" in weak.why
    assert choose(None, "default", {}, volume_given=True).method == "anchored"
    assert choose(None, shelf / "ifss-net.safetensors", {}, volume_given=True).method == "ifss-net"


def test_names_and_paths(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(shipped_weights()) == ["anchored", "ifss-net", "ifss-net-weak"]
    assert default_weights("pg-net") is None
    own = tmp_path / "own.safetensors"
    assert find_weights(own, None) == own  # whether it is there, and what is in it, is told when it is opened
    monkeypatch.chdir(tmp_path)
    (tmp_path / "anchored").mkdir()  # a run of that name does not hide the weights
    assert find_weights("anchored", None) == shelf / "anchored.safetensors"
    with pytest.raises(InputError, match=r"'ancored'; those that come with this version are anchored, ifss-net, ifss-net-weak"):
        find_weights("ancored", None)


def test_what_a_training_starts_from(shelf: Path) -> None:
    for task, supervision, name in (
        ("anchored", "weak", "anchored"),
        ("anchored", "full", "anchored"),
        ("recurrent", "full", "ifss-net"),
        ("recurrent", "weak", "ifss-net-weak"),
        ("recurrent", "weak-literal", "ifss-net-weak"),
    ):
        assert weights_to_start_from("default", task, supervision) == shelf / f"{name}.safetensors"
    assert weights_to_start_from("ifss-net", "anchored", "weak") == shelf / "ifss-net.safetensors"
    with pytest.raises(InputError, match=r"weights of unet-3d to start from"):
        weights_to_start_from("default", "unet-3d", "full")
    # A network that is not shown drawn slices cannot start from one that is.
    (shelf / "anchored-weak.safetensors").write_bytes((shelf / "anchored.safetensors").read_bytes())
    for supervision in ("weak", "full"):
        for references, name in ((True, "anchored"), (False, "anchored-weak")):
            found = weights_to_start_from("default", "anchored", supervision, references)
            assert found == shelf / f"{name}.safetensors"
    (shelf / "ifss-net-weak.safetensors").unlink()
    assert weights_to_start_from("default", "recurrent", "weak") == shelf / "ifss-net.safetensors"


def test_an_empty_shelf_is_said() -> None:
    with pytest.raises(InputError, match="none come with this version"):
        find_weights("anchored", None)
    with pytest.raises(InputError, match=r"none; none come with this version"):
        weights_to_start_from("default", "anchored", "weak")
