"""Opens what the package reads as layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.io.kinds import IMAGES, SEGMENTATIONS, kind_of
from ifssnet.io.open import open_label_layers, open_volume
from ifssnet.io.volumes.label_names import HEADER_KEY, has_names_beside
from ifssnet.napari.layers import Layer, labels_layer, volume_layer

Reader = Callable[[str | Sequence[str]], list[Layer]]


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """What reads a file, or None where it is none of ours, as napari asks."""
    try:
        known = all(kind_of(Path(each)) in IMAGES for each in _paths(path))
    except InputError:
        return None
    return read if known else None


def read(path: str | Sequence[str]) -> list[Layer]:
    """Layers of one file or several: grey levels as images, named labels and segments as labels.

    Raises:
        InputError: A file that is broken.
    """
    return [layer for each in _paths(path) for layer in _layers(Path(each))]


def _paths(path: str | Sequence[str]) -> Sequence[str]:
    return [path] if isinstance(path, str) else path


def _layers(path: Path) -> list[Layer]:
    if kind_of(path) not in SEGMENTATIONS:
        volume = open_volume(path)
        if HEADER_KEY not in volume.header and not has_names_beside(path):
            return [volume_layer(volume, path.stem)]
    found = open_label_layers(path)
    names = [path.name] if len(found) == 1 else [f"{path.name}, layer {number}" for number in range(1, len(found) + 1)]
    return [labels_layer(labels, name) for labels, name in zip(found, names, strict=True)]
