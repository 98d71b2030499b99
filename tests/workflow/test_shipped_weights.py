"""What lies in the package: small enough, whole, and each with a card of the very same numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ifssnet.io.storage.weights import open_weights
from ifssnet.propagate.methods import learned
from ifssnet.workflow.files.default_weights import PACKAGE_FOLDER
from ifssnet.workflow.training.packed_weights import MEGABYTE, PACKAGE_MB

FILES = sorted(PACKAGE_FOLDER.glob("*.safetensors"))


def test_together_they_are_small() -> None:
    assert PACKAGE_FOLDER.is_dir()
    assert sum(path.stat().st_size for path in FILES) <= PACKAGE_MB * MEGABYTE


def test_nothing_else_lies_there() -> None:
    known = {"README.md"} | {f"{path.stem}{suffix}" for path in FILES for suffix in (".safetensors", ".md")}
    assert {path.name for path in PACKAGE_FOLDER.iterdir()} <= known


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_has_a_card_and_runs(path: Path) -> None:
    weights = open_weights(path)
    assert path.stem in (weights.kind, f"{weights.kind}-weak", f"{weights.kind}-both", f"{weights.kind}-forward")
    assert learned(weights.kind, weights, "cpu").name == weights.kind
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert weights.sha256 in card
