"""The panel: four buttons over a session. What they do is in `leg`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from ifssnet.core.errors import InputError
from ifssnet.core.machine.extras import install_command
from ifssnet.napari import leg
from ifssnet.napari.layers import Layer, labels_of

RESULT = "propagated"


def panel(napari_viewer: Any) -> Any:
    """The panel for a viewer, as napari asks for it.

    Raises:
        InputError: magicgui is not installed.
    """
    try:
        widgets = import_module("magicgui.widgets")
    except ImportError as missing:
        raise InputError("magicgui", "an installation without it", f"Install it: {install_command('napari')}") from missing

    def images(_: object) -> list[str]:
        return _named(napari_viewer, "Image")

    def drawings(_: object) -> list[str]:
        return _named(napari_viewer, "Labels")

    folder = widgets.FileEdit(label="Folder of the session", mode="d")
    image = widgets.ComboBox(label="Image", choices=images)
    drawn = widgets.ComboBox(label="Drawn slices", choices=drawings)
    words = widgets.TextEdit(value="")

    def place() -> Path:
        return Path(str(folder.value))

    def propagate() -> str:
        shown, seeds = napari_viewer.layers[image.value], napari_viewer.layers[drawn.value]
        muscles = list(labels_of(seeds.data, _meta(seeds)).names.values())
        leg.begin(place(), shown.data, _meta(shown), muscles)
        said = leg.take_drawn(place(), seeds.data, _meta(seeds))
        _show(napari_viewer, leg.propagate(place()))
        return said

    def correct() -> str:
        result = napari_viewer.layers[RESULT]
        said = leg.take_corrections(place(), result.data, _meta(result))
        _show(napari_viewer, leg.propagate(place()))
        return said

    def suggest() -> str:
        found = leg.next_slices(place())
        if found:
            napari_viewer.dims.set_current_step(0, found[0][0])
        return "\n".join(text for _, text in found) or "Nothing: what is drawn is enough."

    actions: dict[str, Callable[[], str]] = {
        "Propagate": propagate,
        "Propagate again after correction of the result": correct,
        "Which slices to draw next?": suggest,
    }
    buttons = [_button(widgets, text, action, words) for text, action in actions.items()]
    box = widgets.Container(widgets=[folder, image, drawn, *buttons, words])

    def refresh(*_: object) -> None:
        box.reset_choices()

    for event in (napari_viewer.layers.events.inserted, napari_viewer.layers.events.removed):
        event.connect(refresh)
    return box


def _button(widgets: Any, text: str, action: Callable[[], str], words: Any) -> Any:
    def pressed(*_: object) -> None:
        try:
            words.value = action()
        except InputError as refused:
            words.value = str(refused)
        except KeyError as missing:
            words.value = f"There is no layer {missing}."

    button = widgets.PushButton(text=text)
    button.changed.connect(pressed)
    return button


def _named(viewer: Any, kind: str) -> list[str]:
    return [layer.name for layer in viewer.layers if type(layer).__name__ == kind]


def _meta(layer: Any) -> dict[str, Any]:
    return {
        "scale": layer.scale,
        "translate": layer.translate,
        "rotate": layer.rotate,
        "shear": layer.shear,
        "affine": layer.affine.affine_matrix,
        "metadata": layer.metadata,
    }


def _show(viewer: Any, layer: Layer) -> None:
    data, meta, _ = layer
    if RESULT in viewer.layers:
        viewer.layers[RESULT].data = data
    else:
        viewer.add_labels(data, **meta)
