"""Weights files: what is read is what was written, and anything else is refused in words."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from ifssnet.core.errors import InputError
from ifssnet.core.weights import Weights
from ifssnet.io.storage.weights import open_weights, save_weights

TENSORS = {
    "first.weight": np.random.default_rng(1).standard_normal((4, 3, 3)).astype(np.float32),
    "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "seen": np.array(12),
}
WEIGHTS = Weights("anchored", {"widths": [4, 8]}, {"pixel_mm": 1.108}, ("SOL", "GM"), TENSORS, {"note": "Ω", "dice": 0.9})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save_weights(WEIGHTS, tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


def described(file: Path) -> dict[str, object]:
    data = file.read_bytes()
    return json.loads(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["ifssnet"])


def rewrite(file: Path, **changes: object) -> None:
    """The same tensors under another description."""
    text = json.dumps({**described(file), **changes}, sort_keys=True, ensure_ascii=False)
    tensors = safetensors.numpy.load_file(file)
    file.write_bytes(safetensors.numpy.save(tensors, metadata={"ifssnet": text}))


def test_there_and_back(file: Path) -> None:
    found = open_weights(file, "anchored")
    described = ("kind", "network", "sampling", "muscles", "card")
    assert [getattr(found, name) for name in described] == [getattr(WEIGHTS, name) for name in described]
    assert (found.muscles, found.sha256) == (("SOL", "GM"), WEIGHTS.sha256)
    for name, tensor in TENSORS.items():
        assert found.tensors[name].dtype == tensor.dtype
        np.testing.assert_array_equal(found.tensors[name], tensor)


def test_same_weights_are_the_same_bytes(file: Path, tmp_path: Path) -> None:
    turned = replace(WEIGHTS, tensors=dict(reversed(TENSORS.items())))
    save_weights(turned, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == file.read_bytes()


def test_half_is_rounded_once(file: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.safetensors"
    save_weights(WEIGHTS, half, half=True)
    found = open_weights(half)
    rounded = TENSORS["first.weight"].astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(found.tensors["first.weight"], rounded)
    assert np.abs(rounded - TENSORS["first.weight"]).max() > 0
    assert found.card == {**WEIGHTS.card, "stored": "fp16"}
    save_weights(found, tmp_path / "whole.safetensors")
    assert open_weights(tmp_path / "whole.safetensors").card == WEIGHTS.card
    assert found.tensors["first.weight"].dtype == np.float32
    np.testing.assert_array_equal(found.tensors["seen"], 12)
    save_weights(found, half, force=True, half=True)
    assert open_weights(half).sha256 == found.sha256
    with pytest.raises(InputError, match="large"):
        save_weights(replace(WEIGHTS, tensors={"large": np.array([1e5], dtype=np.float32)}), half, force=True, half=True)


def test_nothing_is_replaced_unasked(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--force"):
        save_weights(WEIGHTS, file)
    save_weights(WEIGHTS, file, force=True)
    with pytest.raises(InputError, match=r"\.safetensors"):
        save_weights(WEIGHTS, tmp_path / "w.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]


def test_another_kind(file: Path) -> None:
    with pytest.raises(InputError, match="weights of pg-net"):
        open_weights(file, "pg-net")
    rewrite(file, kind="diffusion")
    with pytest.raises(InputError, match="diffusion"):
        open_weights(file)


@pytest.mark.parametrize(
    ("version", "remedy"), [("0", "Train the network again"), ("2", "Update"), ("x", "Train"), ("", "Train")]
)
def test_another_version(file: Path, version: str, remedy: str) -> None:
    rewrite(file, format=f"ifssnet-weights/{version}")
    with pytest.raises(InputError, match=remedy):
        open_weights(file)


@pytest.mark.parametrize("change", [{"sampling": {"pixel_mm": 2.0}}, {"muscles": []}, {"card": {}}, {"sha256": None}])
def test_a_changed_description(file: Path, change: dict[str, object]) -> None:
    rewrite(file, **change)
    with pytest.raises(InputError, match="other contents"):
        open_weights(file)


@pytest.mark.parametrize("field", ["kind", "network", "sampling", "muscles", "card"])
def test_a_missing_field(file: Path, field: str) -> None:
    rewrite(file, **{field: None})
    with pytest.raises(InputError, match=field):
        open_weights(file)


def test_any_changed_or_missing_byte_is_refused(file: Path) -> None:
    """Every byte counts but those of the header's padding: flipped or cut anywhere, it is an InputError and nothing else."""
    whole = file.read_bytes()
    rng = np.random.default_rng(2)
    for at in (*range(8), *rng.integers(8, len(whole), 150).tolist(), len(whole) - 1):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << int(rng.integers(8))
        file.write_bytes(flipped)
        with pytest.raises(InputError):
            open_weights(file)
    for length in (0, 4, 8, 200, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(InputError):
            open_weights(file)
    file.write_bytes(whole)
    assert open_weights(file).sha256 == WEIGHTS.sha256


def test_something_else(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not there"):
        open_weights(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="folder"):
        open_weights(tmp_path)
    foreign = tmp_path / "foreign.safetensors"
    foreign.write_bytes(safetensors.numpy.save({"a": np.zeros(3)}))
    with pytest.raises(InputError, match="somebody else"):
        open_weights(foreign)
    foreign.write_text("<html>not found</html>", encoding="utf-8")
    with pytest.raises(InputError, match=r"foreign\.safetensors"):
        open_weights(foreign)


def test_without_the_extra(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(InputError, match=r"pip install .*safetensors"):
        open_weights(file)
