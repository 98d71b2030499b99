"""`ifss segment`: files in, files out."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress
from ifssnet.core.segmentation import Json, Segmentation
from ifssnet.io.open import open_volume
from ifssnet.io.save import save
from ifssnet.propagate.methods import method as build
from ifssnet.workflow.case import in_order, segment
from ifssnet.workflow.opening import open_seeds
from ifssnet.workflow.provenance import source
from ifssnet.workflow.writing import check_target, write_json


def segment_files(
    volume_path: Path | None,
    seeds_path: Path | Sequence[Path],
    output: Path,
    method: str,
    settings: Mapping[str, object],
    *,
    probability: Path | None = None,
    with_provenance: bool = False,
    force: bool = False,
) -> Generator[Progress, None, dict[str, object]]:
    """Segment a volume from seeds and write the result.

    Raises:
        InputError: Something cannot be read, does not fit, or cannot be written; nothing is written then.
    """
    drawn = [seeds_path] if isinstance(seeds_path, Path) else list(seeds_path)
    propagator = build(method, **settings)
    provenance_path = output.with_name(f"{output.name}.json")
    for target in (output, *([probability] if probability else []), *([provenance_path] if with_provenance else [])):
        check_target(target, force, volume_path, *drawn)
    volume = None if volume_path is None else open_volume(volume_path)
    seeds = open_seeds(drawn, None if volume is None else volume.grid)
    read = volume if propagator.needs_volume else None
    found = yield from segment(read, seeds, propagator, keep_probability=probability is not None)
    provenance: dict[str, Json] = {
        **found.provenance,
        "seeds": source(drawn[0]) if len(drawn) == 1 else [source(path) for path in drawn],
        "volume": None if volume_path is None else source(volume_path),
    }
    save(found.labels, output, force=force)
    if probability is not None and found.probability is not None:
        save(Volume(found.probability, found.labels.grid), probability, force=force)
    if with_provenance:
        write_json(provenance, provenance_path, force)
    return {"output": str(output), "labels": _volumes(found), "provenance": provenance}


def _volumes(found: Segmentation) -> dict[str, Json]:
    counts = {value: int((found.labels.array == value).sum()) for value in in_order(found.labels)}
    voxel = found.labels.grid.voxel_volume_mm3
    return {found.labels.names[value]: {"volume_cm3": count * voxel / 1000} for value, count in counts.items()}
