"""Writes a labels layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Integer

from ifssnet.io.save import save
from ifssnet.napari.layers import Meta, labels_of


def write_labels(path: str, data: Integer[np.ndarray, ...], meta: Meta) -> list[str]:
    """Write a labels layer with its place, names and colours; napari has asked before about a file that is there.

    Returns:
        What was written.

    Raises:
        InputError: A layer that is no label map in space, or a place that cannot be written.
    """
    save(labels_of(data, meta), Path(path), force=True)
    return [path]
