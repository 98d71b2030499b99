"""Seeds and label maps as folders of PNG masks, one muscle and slice a file, and back without loss.

SOL_0040.png      255 where the soleus is on slice 40, else 0; all black where it was looked for and is absent
slices.json       the grid, names, colours, and which slices were annotated
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from ifssnet.core.errors import InputError
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.io.seeds.png_masks import read_png_masks
from ifssnet.io.seeds.slices_file import SLICES_FILE, file_names, read_slices_file, slices_text
from ifssnet.io.storage.atomic import atomic_folder


def write_png_slices(seeds: Seeds, folder: Path, *, complete: bool, force: bool = False) -> int:
    """Write each muscle on each annotated slice as a PNG mask.

    Args:
        seeds: What to write.
        folder: Where to; it comes into place when it is whole.
        complete: Whether this is a complete label map: slices without a file are empty then, not unknown.
        force: Replace a folder that is there.

    Returns:
        The number of masks.

    Raises:
        InputError: The folder exists, or cannot be written.
    """
    files = file_names(seeds)
    digits = max(4, len(str(seeds.grid.slices - 1)))
    count = 0
    with atomic_folder(folder, force) as partial:
        for label in seeds.labels:
            for z, mask in sorted(seeds.masks[label].items()):
                picture = Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0)))
                picture.save(partial / f"{files[label]}_{z:0{digits}d}.png")
                count += 1
        (partial / SLICES_FILE).write_text(slices_text(seeds, complete), encoding="utf-8", newline="\n")
    return count


def read_png_slices(folder: Path) -> tuple[Seeds, bool]:
    """Read what `write_png_slices` wrote, as it may have been edited since.

    Returns:
        The seeds, and whether they are a complete label map.

    Raises:
        InputError: No `slices.json` in the folder, or pictures that are no masks.
    """
    described = read_slices_file(folder)
    if described is None:
        raise InputError(
            f"{SLICES_FILE} in {folder}, as ifss slices export writes it",
            "none",
            "Export the slices anew, or bring masks into a volume: ifss seeds FOLDER --volume VOLUME -o SEEDS.",
        )
    read = read_png_masks(folder, described.grid)
    nothing = np.zeros(described.grid.shape_zyx[1:], dtype=bool)
    complete = all(entry.annotated is None for entry in described.labels.values())
    masks: dict[int, dict[int, Mask]] = {}
    for label in {*described.labels, *read.drawn}:
        entry = described.labels.get(label)
        empty = () if entry is None else entry.annotated or ()
        masks[label] = {**dict.fromkeys(empty, nothing), **read.drawn.get(label, {})}
    names = {label: entry.name for label, entry in described.labels.items()} | dict(read.names)
    colors = {label: entry.color for label, entry in described.labels.items() if entry.color is not None}
    return replace(Seeds(masks, described.grid, names, colors), axes=described.axes), complete
