"""Weights: what they refuse, and that their hash is of the numbers and nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.weights import Weights

TENSORS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array(7)}
WEIGHTS = Weights("anchored", {"width": 4}, {"pixel_mm": 1.1}, ("SOL",), TENSORS, {"seed": 1})


def test_hash_by_hand() -> None:
    told = b'["a", "int64", []]' + (7).to_bytes(8, "little")
    told += b'["b", "float32", [2, 3]]' + np.array([0, 1, 2, 3, 4, 5], dtype="<f4").tobytes()
    assert WEIGHTS.sha256 == hashlib.sha256(told).hexdigest()


def test_hash_is_of_values_not_of_their_order_in_memory() -> None:
    same = {"a": TENSORS["a"].astype(">i8"), "b": np.asfortranarray(TENSORS["b"])}
    assert replace(WEIGHTS, tensors=same, card={}).sha256 == WEIGHTS.sha256


@pytest.mark.parametrize(
    "other",
    [
        {"a": np.array(7), "b": TENSORS["b"].reshape(3, 2)},
        {"a": np.array(7), "c": TENSORS["b"]},
        {"a": np.array(7), "b": TENSORS["b"].astype(np.float64)},
        {"a": np.array(8), "b": TENSORS["b"]},
    ],
)
def test_hash_knows_names_shapes_types_and_values(other: dict[str, np.ndarray]) -> None:
    assert replace(WEIGHTS, tensors=other).sha256 != WEIGHTS.sha256


def test_refusals() -> None:
    with pytest.raises(InputError, match="ifss-net, anchored, pg-net, unet-3d"):
        replace(WEIGHTS, kind="other")
    with pytest.raises(InputError, match="none"):
        replace(WEIGHTS, tensors={})
    WEIGHTS.check_kind("anchored")
    with pytest.raises(InputError, match="weights of anchored"):
        WEIGHTS.check_kind("pg-net")
