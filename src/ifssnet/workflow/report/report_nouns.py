"""The report of a leg that is in memory."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.core.provenance import BodySide
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Segmentation
from ifssnet.io.save import save
from ifssnet.io.seeds.seed_files import save_seeds
from ifssnet.workflow.files.result_files import check_suffix
from ifssnet.workflow.report.report_files import report_files

SUFFIXES = (".html", ".htm")


def report_nouns(
    segmentation: Segmentation | LabelMap,
    output: Path,
    volume: Volume | None = None,
    reference: LabelMap | None = None,
    seeds: Seeds | None = None,
    *,
    title: str,
    slices: int = 12,
    side: BodySide | None = None,
    force: bool = False,
) -> None:
    """Write the report of one leg: the nouns go through the same files that `ifss report` reads.

    Args:
        segmentation: What was found, with how it came about where that is known.
        output: The page.
        volume: Grey levels that the slices show.
        reference: What it ought to be.
        seeds: What the expert drew.
        title: The page's heading.
        slices: How many slices to show.
        side: Which leg, where known.
        force: Replace a page that is there.

    Raises:
        InputError: Things that do not fit each other, or a page that cannot be written.
    """
    check_suffix(output, SUFFIXES)
    with TemporaryDirectory() as folder:
        segmented = Path(folder) / "segmentation.seg.nrrd"
        save(segmentation, segmented)
        grey = None if volume is None else Path(folder) / "volume.nrrd"
        if volume is not None and grey is not None:
            save(volume, grey)
        truth = None if reference is None else Path(folder) / "reference.seg.nrrd"
        if reference is not None and truth is not None:
            save(reference, truth)
        drawn = None if seeds is None else Path(folder) / "seeds.seg.nrrd"
        if seeds is not None and drawn is not None:
            save_seeds(seeds, drawn)
        drain(report_files(segmented, output, grey, truth, drawn, title=title, slices=slices, side=side, force=force))
