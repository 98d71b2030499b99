"""`ifss slices`: masks out as PNG slices, for any paint program, and back."""

from __future__ import annotations

from pathlib import Path

from ifssnet.core.facts.file_facts import SliceMasks
from ifssnet.core.seeds import Seeds
from ifssnet.io.seeds.annotated_slices import without_absence
from ifssnet.io.seeds.png_slices import read_png_slices, write_png_slices
from ifssnet.io.seeds.seed_files import open_seeds, save_complete, save_seeds
from ifssnet.propagate.seeding.joined_seeds import is_complete
from ifssnet.workflow.files.result_files import check_image_target, check_target
from ifssnet.workflow.leg.seed_files import along_the_leg, chosen_slices


def export_slices(source: Path, folder: Path, slices: tuple[int, ...] | None = None, *, force: bool = False) -> SliceMasks:
    """Write a label map or seeds as PNG masks, one muscle and slice a file.

    Args:
        source: A label map or seeds.
        folder: Where to.
        slices: These slices only; the folder then holds seeds. None for every slice with something.
        force: Replace a folder that is there.

    Raises:
        InputError: The file cannot be read, or the folder cannot be written.
    """
    check_target(folder, force, source)
    seeds = open_seeds(source) if slices is None else chosen_slices(source, slices)
    complete = slices is None and is_complete(seeds)
    if complete:
        seeds = without_absence(along_the_leg(source, seeds))
    count = write_png_slices(seeds, folder, complete=complete, force=force)
    return SliceMasks(folder, count, _names(seeds), complete)


def import_slices(folder: Path, output: Path, *, force: bool = False) -> SliceMasks:
    """Bring a folder of masks that were exported, and perhaps edited, back into a file.

    Args:
        folder: What `export_slices` wrote.
        output: Where to; the suffix chooses the format.
        force: Replace what is there.

    Raises:
        InputError: No such folder, or pictures that are no masks.
    """
    check_image_target(output, force, folder)
    seeds, complete = read_png_slices(folder)
    if complete:
        save_complete(seeds, output, force=force)
    else:
        save_seeds(seeds, output, force=force)
    return SliceMasks(output, sum(len(own) for own in seeds.masks.values()), _names(seeds), complete)


def _names(seeds: Seeds) -> tuple[str, ...]:
    return tuple(seeds.name(label) for label in seeds.labels)
