"""The plugin for napari, without napari: its manifest, layers and files, and the panel's work on a session."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import ifssnet.napari
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import save
from ifssnet.napari import leg
from ifssnet.napari.layers import OWN, affine_of, grid_of, labels_layer, volume_layer
from ifssnet.napari.panel import RESULT, panel
from ifssnet.napari.reader import get_reader
from ifssnet.napari.writer import write_labels

MANIFEST = Path(ifssnet.napari.__file__).with_name("napari.yaml")
GRID = Grid((24, 20, 18), (0.5, 0.75, 2.0), (10.0, -20.0, 30.0), ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))
Z, Y, X = np.indices(GRID.shape_zyx)
CONE = ((6 - np.abs(Z - 12) / 4) ** 2 > (Y - 9) ** 2 + (X - 8) ** 2).astype(np.uint8)


def on_slices(*slices: int) -> np.ndarray:
    kept = np.zeros_like(CONE)
    kept[list(slices)] = CONE[list(slices)]
    return kept


# The manifest


def test_what_the_manifest_names_is_there_and_napari_finds_the_manifest():
    for module, name in re.findall(r"python_name: ([\w.]+):(\w+)", MANIFEST.read_text(encoding="utf-8")):
        assert callable(getattr(import_module(module), name))
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert '[project.entry-points."napari.manifest"]\nifssnet = "ifssnet.napari:napari.yaml"' in project


@pytest.mark.filterwarnings("ignore")
def test_npe2_accepts_the_manifest():
    npe2 = pytest.importorskip("npe2", reason="npe2 is not installed")
    manifest = npe2.PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    assert {command.id for command in manifest.contributions.commands} == {"ifssnet.read", "ifssnet.write", "ifssnet.panel"}


# Layers


def test_a_layer_lies_where_the_volume_lies_and_comes_back():
    _, meta, kind = volume_layer(Volume(CONE, GRID), "leg")
    assert kind == "image"
    corner = meta["affine"] @ (3, 5, 7, 1)
    assert np.allclose(corner[:3][::-1], GRID.points_to_mm(np.array([[7.0, 5.0, 3.0]]))[0])
    assert grid_of(GRID.shape_zyx, meta).matches(GRID)


def test_a_layer_with_scale_and_shift_alone_has_a_grid():
    assert grid_of((4, 5, 6), {"scale": (2.0, 0.5, 0.25), "translate": (10.0, 20.0, 30.0)}).matches(
        Grid((4, 5, 6), (0.25, 0.5, 2.0), (30.0, 20.0, 10.0))
    )


@pytest.mark.parametrize(
    ("shape", "meta", "expected"),
    [
        ((4, 5), {}, "three axes"),
        ((4, 5, 6), {"rotate": 30.0}, "rotation"),
        ((4, 5, 6), {"shear": (0.1, 0.0, 0.0)}, "rotation"),
        ((4, 5, 6), {"affine": np.zeros((4, 4))}, "a size"),
    ],
)
def test_layers_that_are_no_grid_are_refused(shape: tuple[int, ...], meta: dict[str, Any], expected: str):
    with pytest.raises(InputError, match=expected):
        grid_of(shape, meta)


@pytest.mark.parametrize("suffix", [".seg.nrrd", ".mha", ".nii.gz"])
def test_labels_come_back_with_names_and_colours(tmp_path: Path, suffix: str):
    data, meta, _ = labels_layer(LabelMap(CONE * np.uint8(3), GRID, {3: "SOL"}, {3: (10, 200, 30)}), "drawn")
    painted = data.astype(np.int64)
    painted[2, 1, 1] = 7
    path = tmp_path / f"leg é{suffix}"
    assert write_labels(str(path), painted, meta) == [str(path)]
    back = open_labels(path)
    assert dict(back.names) == {3: "SOL", 7: "7"}
    assert back.colors[3] == (10, 200, 30)
    assert back.grid.matches(GRID)
    reader = get_reader(str(path))
    assert reader is not None
    ((again, meta, kind),) = reader(str(path))
    assert kind == "labels"
    assert meta["metadata"][OWN]["names"][3] == "SOL"
    assert np.array_equal(again, painted)


def test_the_reader_takes_volumes_and_leaves_what_is_not_ours(tmp_path: Path):
    save(Volume(CONE, GRID), tmp_path / "leg.mha")
    (tmp_path / "notes.txt").write_text("nothing", encoding="utf-8")
    reader = get_reader([str(tmp_path / "leg.mha")])
    assert reader is not None
    assert [kind for _, _, kind in reader([str(tmp_path / "leg.mha")])] == ["image"]
    assert get_reader(str(tmp_path / "notes.txt")) is None
    assert get_reader(str(tmp_path / "absent.mha")) is None


# The panel's work


def drawn_meta() -> dict[str, Any]:
    return {"affine": affine_of(GRID), "metadata": {OWN: {"names": {1: "SOL"}}}}


def test_from_drawn_slices_to_a_result_a_correction_and_the_next_slice(tmp_path: Path):
    folder = tmp_path / "anna"
    grey = (CONE * 120 + 40).astype(np.uint8)
    leg.begin(folder, grey, {"affine": affine_of(GRID)}, ["SOL"])
    assert open_volume(folder / "volume.nrrd").grid.matches(GRID)
    assert leg.take_drawn(folder, on_slices(2, 8, 14, 21), drawn_meta()) == "anna: 3 gaps to propagate."
    found, meta, kind = leg.propagate(folder, "shape-interpolation")
    assert kind == "labels"
    assert [int(value) for value in np.unique(found)] == [0, 1]
    assert 2 * (found & CONE)[2:22].sum() / (found[2:22].sum() + CONE[2:22].sum()) > 0.93
    assert leg.next_slices(folder)[0][1].startswith(f"slice {leg.next_slices(folder)[0][0]}, SOL:")
    with pytest.raises(InputError, match="a slice of the result that was changed"):
        leg.take_corrections(folder, found, meta)
    edited = found.copy()
    edited[11, 9, 8] = 0
    assert leg.take_corrections(folder, edited, meta) == "anna: 2 gaps to propagate."
    again = leg.propagate(folder, "shape-interpolation")[0]
    assert np.array_equal(again[11], edited[11])
    # The folder's session goes on; another image is refused.
    leg.begin(folder, grey, {"affine": affine_of(GRID)})
    with pytest.raises(InputError, match="another one"):
        leg.begin(folder, grey, {})


class Widget(SimpleNamespace):
    """Stands for any widget of magicgui: keeps what it was made with, and its button can be pressed."""

    def __init__(self, **made_with: Any) -> None:
        super().__init__(**{"value": None, **made_with})
        self.pressed: list[Any] = []
        self.changed = SimpleNamespace(connect=self.pressed.append)


class Layers(dict[str, Any]):
    """Stands for a viewer's layers, which are iterated over and named."""

    events = SimpleNamespace(inserted=SimpleNamespace(connect=lambda _: None), removed=SimpleNamespace(connect=lambda _: None))

    def __iter__(self) -> Any:
        return iter(self.values())

    def __contains__(self, name: object) -> bool:
        return name in self.keys()


def shown(data: np.ndarray, meta: dict[str, Any], **more: Any) -> Any:
    own = {"scale": np.ones(3), "translate": np.zeros(3), "rotate": np.eye(3), "shear": np.zeros(3), "metadata": {}}
    return SimpleNamespace(**{**own, **meta, **more, "data": data, "affine": SimpleNamespace(affine_matrix=meta["affine"])})


def test_the_buttons_do_it_and_say_what_was_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(
        sys.modules,
        "magicgui.widgets",
        SimpleNamespace(**dict.fromkeys(("FileEdit", "ComboBox", "TextEdit", "PushButton", "Container"), Widget)),
    )
    layers = Layers(
        leg=shown((CONE * 120 + 40).astype(np.uint8), {"affine": affine_of(GRID)}),
        drawn=shown(on_slices(2, 12, 21), drawn_meta()),
    )
    steps: list[tuple[int, int]] = []
    viewer = SimpleNamespace(
        layers=layers,
        add_labels=lambda data, **meta: layers.update({RESULT: shown(data, meta)}),
        dims=SimpleNamespace(set_current_step=lambda axis, z: steps.append((axis, z))),
    )
    box = panel(viewer)
    folder, image, drawn, run, correct, suggest, words = box.widgets
    folder.value, image.value, drawn.value = tmp_path / "anna", "leg", "drawn"
    correct.pressed[0]()
    assert words.value == f"There is no layer '{RESULT}'."
    run.pressed[0]()
    assert words.value == "anna: 2 gaps to propagate."
    assert layers[RESULT].data[7].any()
    correct.pressed[0]()
    assert "a slice of the result that was changed" in words.value
    suggest.pressed[0]()
    assert words.value.startswith(f"slice {steps[0][1]}, SOL:")
    assert steps[0][0] == 0


def test_without_magicgui_the_panel_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "magicgui", None)
    monkeypatch.setitem(sys.modules, "magicgui.widgets", None)
    with pytest.raises(InputError, match="pip install"):
        panel(SimpleNamespace())
