"""One method a muscle: each sees its own masks alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.seeds import Seeds
from ifssnet.core.weights import Weights
from ifssnet.io.storage.weights import save_weights
from ifssnet.propagate.baselines.hold import Hold, HoldConfig
from ifssnet.propagate.per_muscle import PerMuscle
from ifssnet.workflow.evaluation.compared_methods import ComparedMethod, weights_per_muscle


def seeds(names: dict[int, str]) -> Seeds:
    masks = {label: {1: np.full((1, 2), True)} for label in names}
    return Seeds(masks, Grid((3, 1, 2)), names)


def test_each_muscle_goes_its_own_way():
    method = PerMuscle({"SOL": Hold(HoldConfig("forward")), "GM": Hold(HoldConfig("both"))})
    drawn = seeds({1: "soleus", 2: "GM"})
    propagation = method.prepare(None, drawn)
    steps = list(propagation.steps())
    assert [(step.label, step.z) for step in steps if step.label == 1] == [(1, 2)]
    assert sorted(step.z for step in steps if step.label == 2) == [0, 2]
    assert steps[-1].done == steps[-1].total
    assert (method.name, method.needs_volume) == ("hold", False)
    assert set(propagation.describe().per_muscle) == {"SOL", "GM"}


def test_a_muscle_without_a_method_is_refused_before_anything_is_run():
    with pytest.raises(InputError, match="GL"):
        PerMuscle({"SOL": Hold()}).prepare(None, seeds({1: "SOL", 2: "GL"}))


def test_weights_of_a_folder(tmp_path: Path):
    with pytest.raises(InputError, match=r"MUSCLE\.safetensors"):
        weights_per_muscle(tmp_path)
    (tmp_path / "GM").mkdir()
    for number, path in enumerate((tmp_path / "Soleus.safetensors", tmp_path / "GM" / "best.safetensors")):
        save_weights(Weights("ifss-net", {}, {}, (), {"a": np.full(2, number, np.float32)}), path)
    assert set(weights_per_muscle(tmp_path)) == {"SOL", "GM"}
    weights = ComparedMethod("full", "ifss-net", {}, tmp_path).facts().weights_by_muscle
    assert weights is not None
    assert weights["SOL"].weights_sha256 != weights["GM"].weights_sha256
    (tmp_path / "SOL").mkdir()
    (tmp_path / "SOL" / "best.safetensors").touch()
    with pytest.raises(InputError, match="one file"):
        weights_per_muscle(tmp_path)
