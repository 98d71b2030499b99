"""`ifss frames`: a segmentation of the volume on every raw frame."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ifssnet.compounding.projection.frame_outlines import project_to_frames
from ifssnet.compounding.projection.overlay import overlay
from ifssnet.core.errors import InputWarning
from ifssnet.core.facts.written_files import OutlinedFrames
from ifssnet.core.progress import Progress
from ifssnet.core.sweep import Sweep
from ifssnet.io.open import open_label_layers, open_sweep
from ifssnet.io.sweeps.overlays import write_overlays
from ifssnet.io.sweeps.stradwin_writer import write_stradwin
from ifssnet.workflow.files.result_files import check_folder_name, check_target


def outline_frames(
    segmentation: Path, sweep_path: Path, output: Path, config: Path | None = None, *, force: bool = False
) -> Generator[Progress, None, OutlinedFrames]:
    """Outline each muscle on each frame; a `.sw` gets contours, anything else is a folder of PNG overlays.

    Raises:
        InputError: Something cannot be read or written.
    """
    check_target(output, force, segmentation, sweep_path, config)
    if output.suffix.lower() != ".sw":
        check_folder_name(output)
    layers = open_label_layers(segmentation)
    sweep = _valid_frames(open_sweep(sweep_path, config))
    drawn = yield from project_to_frames(layers, sweep)
    if output.suffix.lower() == ".sw":
        write_stradwin(drawn, output, force=force)
    else:
        pictures = ((frame, overlay(drawn, frame)) for frame in range(len(drawn.frames)))
        yield from write_overlays(pictures, len(drawn.frames), output, force=force)
    counts = Counter(drawn.names.get(contour.label, str(contour.label)) for contour in drawn.contours)
    showing = {contour.frame for contour in drawn.contours}
    return OutlinedFrames(output, len(drawn.frames), len(showing), dict(counts))


def _valid_frames(sweep: Sweep) -> Sweep:
    """The frames that the tracker stands for; the others have no place that a segmentation could be drawn at."""
    if sweep.valid.all():
        return sweep
    dropped = int((~sweep.valid).sum())
    warnings.warn(InputWarning(f"{dropped} of {len(sweep.frames)} frames have no valid pose and are left out."), stacklevel=2)
    number = np.cumsum(sweep.valid) - 1
    return replace(
        sweep,
        frames=sweep.frames[sweep.valid],
        image_to_world=sweep.image_to_world[sweep.valid],
        timestamps_s=sweep.timestamps_s[sweep.valid],
        valid=sweep.valid[sweep.valid],
        contours=tuple(replace(each, frame=int(number[each.frame])) for each in sweep.contours if sweep.valid[each.frame]),
    )
