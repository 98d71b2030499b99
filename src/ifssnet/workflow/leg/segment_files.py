"""`ifss segment`: files in, files out."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress
from ifssnet.core.segmentation import Json, Propagator, Segmentation
from ifssnet.core.weights import Weights
from ifssnet.io.open import open_volume
from ifssnet.io.save import save
from ifssnet.io.storage.weights import open_weights
from ifssnet.propagate.methods import learned
from ifssnet.propagate.methods import method as plain_method
from ifssnet.propagate.seeding.protocols import ALL_SEEDS, check_protocol
from ifssnet.workflow.files.opener import open_seeds
from ifssnet.workflow.files.provenance import source
from ifssnet.workflow.files.result_files import check_target, write_json
from ifssnet.workflow.leg.case import in_order, segment
from ifssnet.workflow.leg.method_choice import Choice, choose


def segment_files(
    volume_path: Path | None,
    seeds_path: Path | Sequence[Path],
    output: Path,
    method: str | None,
    settings: Mapping[str, object],
    *,
    weights: str | Path | None = None,
    protocol: str = ALL_SEEDS,
    device: str = "auto",
    probability: Path | None = None,
    with_provenance: bool = False,
    force: bool = False,
) -> Generator[Progress, None, dict[str, object]]:
    """Segment a volume from seeds and write the result.

    Args:
        volume_path: Grey levels; None for methods that do not read them.
        seeds_path: What was drawn, in one file or several.
        output: Where to write the segmentation.
        method: A key of `ifssnet.propagate.methods.METHODS`; None for the anchored network where it can run, else guided shape
            interpolation.
        settings: Of the method.
        weights: Of a learned method: a file, or a name of weights that come with the package; None for the method's own of
            these.
        protocol: How much of what was drawn the method is given.
        device: Where a learned method computes.
        probability: Where to write probabilities.
        with_provenance: Write them beside the output.
        force: Replace files.

    Returns:
        Where the result is, each muscle's volume, the provenance, and why the method was chosen where nobody named it.

    Raises:
        InputError: Something cannot be read, does not fit, or cannot be written; nothing is written then.
    """
    drawn = [seeds_path] if isinstance(seeds_path, Path) else list(seeds_path)
    check_protocol(protocol)
    choice = choose(method, weights, settings, volume_given=volume_path is not None)
    propagator, about = build(choice, settings, device)
    provenance_path = output.with_name(f"{output.name}.json")
    for target in (output, *([probability] if probability else []), *([provenance_path] if with_provenance else [])):
        check_target(target, force, volume_path, choice.weights, *drawn)
    volume = None if volume_path is None else open_volume(volume_path)
    seeds = open_seeds(drawn, None if volume is None else volume.grid)
    read = volume if propagator.needs_volume else None
    found = yield from segment(read, seeds, propagator, keep_probability=probability is not None, protocol=protocol)
    provenance: dict[str, Json] = {
        **found.provenance,
        **about,
        "seeds": source(drawn[0]) if len(drawn) == 1 else [source(path) for path in drawn],
        "volume": None if volume_path is None else source(volume_path),
    }
    save(found.labels, output, force=force)
    if probability is not None and found.probability is not None:
        save(Volume(found.probability, found.labels.grid), probability, force=force)
    if with_provenance:
        write_json(provenance, provenance_path, force)
    return {"output": str(output), "labels": _volumes(found), "provenance": provenance, "chosen_because": choice.why or None}


def build(choice: Choice, settings: Mapping[str, object], device: str = "auto") -> tuple[Propagator, dict[str, Json]]:
    """The method, and what provenance says about why it was chosen and about its weights: nothing where there is nothing.

    Raises:
        InputError: No such method or setting, or weights that are not of this method.
    """
    about: dict[str, Json] = {"chosen_because": choice.why} if choice.why else {}
    if choice.weights is None:
        return plain_method(choice.method, **settings), about
    opened = open_weights(choice.weights)
    return learned(choice.method, opened, device, **settings), {**about, "weights": _about(opened, choice.weights)}


def _about(weights: Weights, path: Path) -> Json:
    """Which weights, and where they come from."""
    plain = {name: value for name, value in weights.card.items() if isinstance(value, str | int | float | bool)}
    return {
        "file": path.name,
        "sha256": weights.sha256,
        "kind": weights.kind,
        "muscles": list(weights.muscles),
        "card": plain,
    }


def _volumes(found: Segmentation) -> dict[str, Json]:
    counts = {value: int((found.labels.array == value).sum()) for value in in_order(found.labels)}
    voxel = found.labels.grid.voxel_volume_mm3
    return {found.labels.names[value]: {"volume_cm3": count * voxel / 1000} for value, count in counts.items()}
