"""`ifss weights`: listing, cards, and packing a training's weights into a file to ship."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.commands import weights as command
from ifssnet.cli.main import main
from ifssnet.core.errors import InputError
from ifssnet.io.storage.weights import open_weights, save_weights
from ifssnet.workflow.files.default_weights import ELSEWHERE
from weights_shelf import CARD, anchored, fill_shelf, holding


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = fill_shelf(tmp_path / "shelf")
    monkeypatch.setenv(ELSEWHERE, str(folder))
    return folder


@pytest.fixture
def best(tmp_path: Path) -> Path:
    save_weights(anchored(0.3), tmp_path / "best.safetensors")
    return tmp_path / "best.safetensors"


def test_the_list_tells_what_each_file_is(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.shown(json=True)
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert list(listed) == ["anchored", "ifss-net", "ifss-net-weak"]
    assert [entry["kind"] for entry in listed.values()] == ["anchored", "ifss-net", "ifss-net"]
    first = listed["anchored"]
    assert first["bytes"] == (shelf / "anchored.safetensors").stat().st_size
    assert first["stored"] == "fp16"
    assert listed["ifss-net"]["stored"] == "fp32"
    assert first["sha256"] == open_weights(shelf / "anchored.safetensors").sha256
    assert first["trained_on"] == "2 legs of cones, recipe small"
    assert first["metrics"] == CARD["validation"]
    said = _said(["weights", "list"], capsys)
    for word in ("anchored", "ifss-net-weak", "Dice SOL", "0.9125", "1.25", "fp16", first["sha256"][:12]):
        assert word in said


def test_an_empty_list_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.shown() == []
    assert "--weights FILE" in capsys.readouterr().err


def test_a_damaged_file_is_told_by_name(shelf: Path) -> None:
    data = bytearray((shelf / "ifss-net.safetensors").read_bytes())
    data[-1] ^= 1
    (shelf / "ifss-net.safetensors").write_bytes(data)
    with pytest.raises(InputError, match=r"ifss-net\.safetensors as it was written"):
        command.shown()


def test_the_card_is_the_one_beside_the_file_else_what_the_file_tells(shelf: Path, best: Path) -> None:
    assert command.card("anchored") == "# anchored\n\nFor cones only.\n"
    told = command.card("ifss-net")
    assert told.startswith("# ifss-net\n")
    for words in (
        "| Trained on | 2 legs of cones, recipe small |", "| Supervision | weak |", "| Seed | 4 |", "| Units | 3 of 5 |",
        "| dice_SOL | 0.95 |", f"`{holding().sha256}`", f"`{'ab' * 32}`", "any: it follows the masks",
    ):  # fmt: skip
        assert words in told
    assert "Minutes" not in told  # nobody asked for any
    assert command.card(str(best)).startswith("# best\n")
    with pytest.raises(InputError, match="those that come with this version are anchored"):
        command.card("nobody")


def test_packing_keeps_the_card_and_halves_the_file(best: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "packed.safetensors"
    facts = command.pack(best, out, half=True)
    before, after = anchored(0.3), open_weights(out, "anchored")
    assert after.card == {**CARD, "stored": "fp16"}
    assert (after.network, after.sampling) == (open_weights(best).network, open_weights(best).sampling)
    for name, tensor in before.tensors.items():
        wanted = tensor.astype(np.float16).astype(np.float32) if tensor.dtype == np.float32 else tensor
        assert after.tensors[name].dtype == tensor.dtype
        np.testing.assert_array_equal(after.tensors[name], wanted)
    # 0.3 lies between 0.2998047 and 0.3000488, numbers of 11 bits; elsewhere the last layer has none but 0.
    changes = [abs(t - after.tensors[name]).max() for name, t in before.tensors.items() if t.dtype == np.float32]
    assert facts.largest_change == pytest.approx(max(changes))
    assert facts.weights.sha256 == after.sha256
    numbers = sum(t.size for t in before.tensors.values() if t.dtype == np.float32)
    # Two bytes a number less, but for the header's words on the card.
    assert best.stat().st_size - out.stat().st_size == pytest.approx(2 * numbers, abs=64)
    assert "wrote" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.safetensors", "packed.safetensors"]


def test_packed_again_it_stays_the_same_and_in_full_it_no_longer_says_half(best: Path, tmp_path: Path) -> None:
    first, second, whole = (tmp_path / f"{name}.safetensors" for name in ("first", "second", "whole"))
    command.pack(best, first, half=True, quiet=True)
    command.pack(first, second, half=True, quiet=True)
    assert second.read_bytes() == first.read_bytes()
    command.pack(first, whole, quiet=True)
    assert open_weights(whole).card == CARD
    assert open_weights(whole).sha256 == open_weights(first).sha256


def test_what_cannot_be_shipped_is_refused_and_nothing_is_left(best: Path, tmp_path: Path) -> None:
    good, out = anchored(0.3), tmp_path / "out.safetensors"
    name = next(name for name, tensor in good.tensors.items() if tensor.ndim == 4)

    def refused(changed: np.ndarray, words: str, **more: bool) -> None:
        bad = tmp_path / "bad.safetensors"
        save_weights(replace(good, tensors={**good.tensors, name: changed}), bad, force=True)
        with pytest.raises(InputError, match=words):
            command.pack(bad, out, quiet=True, **more)
        bad.unlink()

    tensor = good.tensors[name]
    refused(np.where(np.arange(tensor.size).reshape(tensor.shape) == 0, np.nan, tensor).astype(np.float32), "finite")
    refused(tensor + np.float32(1e5), "65504", half=True)
    refused(tensor[:-1], "of shape")
    for more, words in (
        ({"at_most_mb": 0.001}, r"at most 0.001 MB.*--half"),
        ({"output": tmp_path / "out.pt"}, r"\.safetensors"),
        ({"output": best}, "none of the inputs"),
    ):
        with pytest.raises(InputError, match=words):
            command.pack(best, **{"output": out, "quiet": True, **more})
    assert [path.name for path in tmp_path.iterdir()] == ["best.safetensors"]


def test_without_the_extra_it_is_named(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(InputError, match=r"pip install .*safetensors"):
        command.shown()


def _said(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as leaving:
        main(words)
    assert not leaving.value.code
    return " ".join(capsys.readouterr().out.split())


def test_the_mean_of_two_trainings_is_the_mean_of_their_numbers(tmp_path: Path, best: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_weights(anchored(0.7), other)
    command.pack(best, tmp_path / "mean.safetensors", others=[other], quiet=True)
    one, two, mean = (open_weights(path).tensors for path in (best, other, tmp_path / "mean.safetensors"))
    assert any((one[name] != two[name]).any() for name in one)
    for name, tensor in mean.items():
        np.testing.assert_allclose(tensor, (one[name] + two[name]) / 2, rtol=1e-6)


def test_weights_of_two_networks_have_no_mean(tmp_path: Path, best: Path) -> None:
    other = open_weights(best)
    save_weights(replace(other, sampling={**other.sampling, "region_mm": 1.0}), tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="weights of one network"):
        command.pack(best, tmp_path / "mean.safetensors", others=[tmp_path / "other.safetensors"])
    assert not (tmp_path / "mean.safetensors").exists()
