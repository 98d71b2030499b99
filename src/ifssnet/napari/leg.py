"""What the panel does, without its widgets: layers into a session, and its answers as layers and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Integer, Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap
from ifssnet.core.progress import drain
from ifssnet.geometry.grids.resample import comparable
from ifssnet.io.save import save
from ifssnet.io.seeds.seed_files import save_seeds, seeds_of
from ifssnet.napari.layers import Layer, Meta, labels_layer, labels_of, volume_of
from ifssnet.workflow.session.commands import draw, new_session, propagate_session, suggest_slices
from ifssnet.workflow.session.session import LOG, Session


def begin(folder: Path, image: Shaped[np.ndarray, ...], meta: Meta, muscles: Sequence[str] = ()) -> None:
    """Begin a session on an image layer in a new folder; one that is there already goes on.

    Args:
        folder: The session's.
        image: The image layer's voxels.
        meta: What the layer is made with.
        muscles: The muscles to draw; none for SOL, GM and GL.

    Raises:
        InputError: The session in the folder is on another grid, or the folder cannot be used.
    """
    volume = volume_of(image, meta)
    if (folder / LOG).is_file():
        with Session.open(folder, read_only=True) as session:
            grid = session.state.grid
        if not volume.grid.matches(grid):
            raise InputError("the image that the session was begun on", "another one", "Choose another folder.")
        return
    with TemporaryDirectory() as beside:
        path = Path(beside) / "volume.nrrd"
        save(volume, path)
        new_session(folder, path, muscles, None)


def take_drawn(folder: Path, labels: Integer[np.ndarray, ...], meta: Meta) -> str:
    """Take every slice of a labels layer that has labels as drawn.

    Returns:
        What was taken, in words.

    Raises:
        InputError: Nothing is drawn, or the layer does not lie on the session's grid.
    """
    return _draw(folder, labels_of(labels, meta), (), corrected=False)


def take_corrections(folder: Path, labels: Integer[np.ndarray, ...], meta: Meta) -> str:
    """Take the slices of the result's layer that were painted over as corrections.

    Raises:
        InputError: Nothing was changed, or a muscle was erased from a slice.
    """
    edited = labels_of(labels, meta)
    with Session.open(folder, read_only=True) as session:
        before = session.state.label_map()
    if not edited.grid.matches(before.grid):
        edited = comparable(edited, before, "the layer")
    changed = [z for z in range(before.grid.slices) if (edited.array[z] != before.array[z]).any()]
    if not changed:
        raise InputError("a slice of the result that was changed", "none", "Paint over a slice first.")
    return _draw(folder, edited, changed, corrected=True)


def _draw(folder: Path, labels: LabelMap, slices: Sequence[int], *, corrected: bool) -> str:
    kept = labels.array.copy()
    if slices:
        kept[[z for z in range(len(kept)) if z not in set(slices)]] = 0
    with TemporaryDirectory() as beside:
        path = Path(beside) / "drawn.seg.nrrd"
        save_seeds(seeds_of(replace(labels, array=kept), "the layer"), path)
        answer = draw(folder, [path], None, slices=list(slices), corrected=corrected)
    return f"{answer.case.name}: {answer.to_propagate} gaps to propagate."


def propagate(folder: Path, method: str | None = None) -> Layer:
    """Propagate to every gap that is not up to date.

    Returns:
        The result as a labels layer.

    Raises:
        InputError: Too little is drawn, or no such method.
    """
    drain(propagate_session(folder, None, method=method))
    with Session.open(folder, read_only=True) as session:
        return labels_layer(session.state.label_map(), "propagated")


def next_slices(folder: Path, most: int = 5) -> list[tuple[int, str]]:
    """The slices to draw next with their reasons, the most worthwhile first."""
    with Session.open(folder, read_only=True) as session:
        names = {label: muscle.name for label, muscle in session.state.muscles.items()}
    return [
        (each.z, f"slice {each.z}, {names[each.label]}: {each.gain_percent:.1f} %, {each.why}")
        for each in suggest_slices(folder, most=most)
    ]
