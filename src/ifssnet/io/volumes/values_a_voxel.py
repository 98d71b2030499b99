"""Images with several values a voxel: colours, series, vectors and layers, each of which is read as what it is or refused."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
from jaxtyping import Integer, Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.volumes.placement import LARGEST_LABEL, grey_levels


class LayersError(InputError):
    """Layers of 0 and 1 where a volume of grey levels was wanted: whoever takes labels as well opens them as these."""


Meaning = Literal["colour", "list", "time", "vector", "unknown"]
"""What several values a voxel are: red, green and blue; images one after another; a direction; or nobody says."""

_MOST_LAYERS = 255


def one_value(
    array: Shaped[np.ndarray, "*size channel"], meaning: Meaning, where: str, labels: bool
) -> Shaped[np.ndarray, "*size"]:
    """One value a voxel: the luminance of colours for a volume, the number of the layer for a label map.

    Args:
        array: Values last.
        meaning: What they are, as the file says it.
        where: The file.
        labels: Whether a label map is wanted.

    Raises:
        InputError: A series, vectors, colours in place of labels, or values of which nobody says what they are.
    """
    if array.shape[-1] == 1:
        return array[..., 0]
    return _labels(array, meaning, where) if labels else _greys(array, meaning, where)


def values_of(
    array: Shaped[np.ndarray, "*size channel"], meaning: Meaning, where: str, labels: bool, apart: bool
) -> tuple[Shaped[np.ndarray, "*size"], ...]:
    """As `one_value`; with `apart`, layers of structures that overlap one by one, each with its number where it is marked.

    Raises:
        InputError: As `one_value`.
    """
    if apart and array.shape[-1] > 1 and (values := _layer_values(array, meaning)) is not None:
        marked = array != 0
        if int(np.count_nonzero(marked, axis=-1).max(initial=0)) > 1:
            dtype = np.min_scalar_type(max(values))
            return tuple(marked[..., layer] * dtype.type(value) for layer, value in enumerate(values))
    return (one_value(array, meaning, where, labels),)


def _greys(array: Shaped[np.ndarray, "*size channel"], meaning: Meaning, where: str) -> Shaped[np.ndarray, "*size"]:
    count = array.shape[-1]
    if meaning == "colour":
        return grey_levels(array, where)
    if meaning in ("vector", "unknown") and count in (3, 4) and _all_alike(array[..., :3]):
        return np.ascontiguousarray(array[..., 0])
    if meaning in ("list", "time"):
        if meaning == "list" and array.dtype.kind in "bui" and _layer_values(array, meaning) is not None:
            raise LayersError(f"one volume in {where}", f"{count} layers of one value each", "Give them as labels or as seeds.")
        remedy = "Save one of them by itself, or compound a recording with its poses (ifss compound)."
        raise InputError(f"one volume in {where}", f"a series of {count} images, one after another", remedy)
    what = "vectors, such as a displacement field" if meaning == "vector" else "and no word of what they are"
    raise InputError(
        f"one grey level a voxel in {where}",
        f"{count} values a voxel, {what}",
        "Save one channel by itself, or say that they are colours (NRRD: kinds RGB-color).",
    )


def _labels(array: Shaped[np.ndarray, "*size channel"], meaning: Meaning, where: str) -> Shaped[np.ndarray, "*size"]:
    count = array.shape[-1]
    if (values := _layer_values(array, meaning)) is not None:
        return _numbered(array, values, where)
    if meaning in ("colour", "unknown") and count in (3, 4) and _all_alike(array[..., :3]):
        return np.ascontiguousarray(array[..., 0])
    words = {"colour": "colours", "list": "images one after another", "time": "images one after another", "vector": "vectors"}
    raise InputError(
        f"one label a voxel in {where}, or one layer of 0 and 1 for each structure",
        f"{count} values a voxel ({words.get(meaning, 'of unknown meaning')})",
        "Save the label map itself, for example from 3D Slicer as .seg.nrrd.",
    )


def _layer_values(array: Shaped[np.ndarray, "*size channel"], meaning: Meaning) -> tuple[int, ...] | None:
    """The label of each layer, where each marks a structure: 1, 2 ... for layers of 0 and 1, else the layers' own values,
    where each layer has one of its own; None where they are something else.
    """
    layers = array.shape[-1]
    if meaning == "time" or layers > _MOST_LAYERS:
        return None
    if _is_binary(array):
        return tuple(range(1, layers + 1))
    if meaning != "list" or array.dtype.kind not in "iuf":
        return None
    tops = [float(array[..., layer].max(initial=0)) for layer in range(layers)]
    own = [int(top) for top in tops if top.is_integer() and 0 < top <= LARGEST_LABEL]
    if not own or len(set(own)) < layers:
        return None
    alone = all(bool(((plane == 0) | (plane == np.array(own, dtype=array.dtype))).all()) for plane in array)
    return tuple(own) if alone else None


def _numbered(layers: Shaped[np.ndarray, "*size channel"], values: tuple[int, ...], where: str) -> Integer[np.ndarray, "*size"]:
    """The label of each voxel's layer; a layer that holds what all others leave is the background, and is not counted."""
    claimed = np.count_nonzero(layers, axis=-1)
    kept = dict(enumerate(values))
    if bool((claimed == 1).all()):
        background = _background(layers)
        del kept[background]
        if _is_binary(layers):
            kept = dict(zip(kept, values, strict=False))
        warnings.warn(
            InputWarning(
                f"{where} has {layers.shape[-1]} layers that share out every voxel; layer {background + 1} was taken as the "
                f"background, the others as labels {', '.join(map(str, kept.values()))}."
            ),
            stacklevel=5,
        )
    elif overlap := int(np.count_nonzero(claimed > 1)):
        warnings.warn(
            InputWarning(f"{where}: layers overlap on {overlap:,} voxels; the later one was taken there."), stacklevel=5
        )
    labels = np.zeros(layers.shape[:-1], dtype=np.min_scalar_type(max(kept.values(), default=0)))
    for layer, value in kept.items():
        labels[layers[..., layer] != 0] = value
    return labels


def _background(layers: Shaped[np.ndarray, "*size channel"]) -> int:
    """The layer that holds most of the image's border: muscles lie inside, even where they fill most of a crop."""
    held = np.zeros(layers.shape[-1], dtype=np.int64)
    for axis in range(layers.ndim - 1):
        for end in (0, -1):
            held += np.count_nonzero(np.take(layers, end, axis=axis), axis=tuple(range(layers.ndim - 2)))
    return int(held.argmax())


def _is_binary(array: Shaped[np.ndarray, "*size channel"]) -> bool:
    """Whether every value is 0 or one other value, 1 or 255."""
    top = array.max(initial=0)
    return bool(top in (1, 255)) and all(bool(((plane == 0) | (plane == top)).all()) for plane in array)


def _all_alike(array: Shaped[np.ndarray, "*size channel"]) -> bool:
    return all(np.array_equal(array[..., 0], array[..., i]) for i in range(1, array.shape[-1]))
