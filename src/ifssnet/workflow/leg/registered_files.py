"""`ifss register`: two acquisitions of one leg are registered, and one of them or its labels are resampled onto the other."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from ifssnet.compounding.registration.resampling import resample_labels, resample_volume
from ifssnet.compounding.registration.rigid import RegisterOptions, Registration, register
from ifssnet.core.facts.written_files import RegisteredFile
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import Progress
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.plain_data import plain_table
from ifssnet.io.save import save
from ifssnet.workflow.files.provenance import source
from ifssnet.workflow.files.result_files import check_apart, check_image_target, check_suffix, check_target, write_json


def register_volumes(
    fixed: Volume, moving: Volume, labels: LabelMap | None = None, options: RegisterOptions | None = None
) -> Generator[Progress, None, tuple[Volume | LabelMap, Registration]]:
    """Register `moving` to `fixed`, and resample it, or its labels, onto the grid of `fixed`.

    Args:
        fixed: The acquisition to bring things onto (r1).
        moving: The other one (r2).
        labels: Labels of `moving`; None: the grey levels are resampled.
        options: Settings of the registration.

    Raises:
        InputError: The volumes cannot be registered (`ifssnet.compounding.registration.rigid.register`).
    """
    found = yield from register(fixed, moving, options)
    header = {
        "ifss_registration_metric": f"{found.metric:.6f}",
        "ifss_registration_start_metric": f"{found.start_metric:.6f}",
        "ifss_registration_moving_to_fixed": " ".join(f"{value:.9g}" for value in found.transform.ravel()),
    }
    if labels is None:
        resampled: Volume | LabelMap = resample_volume(moving, found, fixed.grid)
    else:
        resampled = resample_labels(labels, found, fixed.grid)
    return replace(resampled, header={**resampled.header, **header}), found


def register_files(
    fixed: Path, moving: Path, output: Path, labels: Path | None, transform: Path | None, *, force: bool = False
) -> Generator[Progress, None, RegisteredFile]:
    """The same from files to files.

    Args:
        fixed: Volume to bring things onto.
        moving: The other volume.
        output: Where the resampled volume or label map goes.
        labels: Labels of `moving`, on its grid or another one in its space; None: the volume is resampled.
        transform: Where the transform and its figures go, as JSON; None: nowhere.
        force: Replace what is there.

    Raises:
        InputError: A file cannot be read or written, or the volumes cannot be registered.
    """
    check_apart(output, transform)
    check_image_target(output, force, fixed, moving, labels, labels=labels is not None)
    if transform is not None:
        check_suffix(transform, (".json",))
        check_target(transform, force, fixed, moving, labels)
    drawn = None if labels is None else open_labels(labels)
    resampled, found = yield from register_volumes(open_volume(fixed), open_volume(moving), drawn)
    read = (fixed, moving, *([labels] if labels else []))
    written = RegisteredFile(
        output=output,
        moving_to_fixed_mm=found.transform,
        mutual_information=found.metric,
        start_mutual_information=found.start_metric,
        overlap=found.overlap,
        translation_mm=found.translation_mm,
        rotation_deg=found.rotation_deg,
        sources=[source(path) for path in read],
    )
    save(resampled, output, force=force)
    if transform is not None:
        write_json(plain_table(written), transform, force)
    return written
