"""`ifss segment`: files in, files out."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding, worst_first
from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress
from ifssnet.core.provenance import BodySide, Provenance, WeightsSource
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagator, Segmentation
from ifssnet.geometry.masks.values import counts_of_values
from ifssnet.io.open import open_volume
from ifssnet.io.plain_data import Json, plain
from ifssnet.io.save import save
from ifssnet.io.storage.provenance import provenance_path, provenance_table
from ifssnet.io.storage.weights import open_weights
from ifssnet.measurement.checks.completeness import completeness_findings
from ifssnet.measurement.checks.grey_scale import grey_scale_findings
from ifssnet.nn.engines.compiled import AUTO
from ifssnet.propagate.methods import learned
from ifssnet.propagate.methods import method as plain_method
from ifssnet.propagate.network_input.trained_pixels import pixel_findings
from ifssnet.propagate.seeding.protocols import ALL_SEEDS, check_protocol, distance_findings
from ifssnet.workflow.files.opener import AS_DRAWN, SeedReading, open_seeds
from ifssnet.workflow.files.profile import Stopwatch, profiled, size_of
from ifssnet.workflow.files.provenance import case_facts, file_source, weights_source
from ifssnet.workflow.files.result_files import check_apart, check_image_target, check_target, write_json
from ifssnet.workflow.leg.case import estimates_from_slices, in_order, segment
from ifssnet.workflow.leg.method_choice import Choice, choose


@dataclass(frozen=True)
class SegmentedFile:
    """A segmentation that was written.

    Attributes:
        output: Where.
        volume_cm3: The volume of each muscle, by name, those of the triceps surae first.
        provenance: How it came about.
        findings: What a person has to know before using it, such as a muscle whose ends were not drawn.
    """

    output: Path
    volume_cm3: Mapping[str, float]
    provenance: Provenance
    findings: tuple[Finding, ...] = ()

    def table(self) -> dict[str, Json]:
        """As a program reads it."""
        table: dict[str, Json] = {
            "output": str(self.output),
            "labels": {name: {"volume_cm3": volume} for name, volume in self.volume_cm3.items()},
            "provenance": provenance_table(self.provenance),
            "chosen_because": self.provenance.chosen_because or None,
        }
        return {**table, "findings": plain(self.findings)} if self.findings else table


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
    engine: str = AUTO,
    probability: Path | None = None,
    with_provenance: bool = False,
    subject: str = "",
    side: BodySide | None = None,
    rater: str = "",
    force: bool = False,
    reading: SeedReading = AS_DRAWN,
    profile: Path | None = None,
) -> Generator[Progress, None, SegmentedFile]:
    """Segment a volume from seeds and write the result.

    Args:
        volume_path: Grey levels; None for methods that do not read them.
        seeds_path: What was drawn, in one file or several.
        output: Where to write the segmentation.
        method: A key of `ifssnet.propagate.methods.METHODS`; None for the anchored network where it can run, else guided shape
            interpolation.
        settings: The method's settings.
        weights: The weights of a learned method: a file, or the name of weights in the package; None for
            the method's own of these.
        protocol: How much of what was drawn the method is given.
        device: Where a learned method computes.
        engine: What runs its network: "auto", "openvino", "onnxruntime" or "torch".
        probability: Where to write probabilities.
        with_provenance: Write it beside the output.
        subject: Whose leg it is, for provenance.
        side: Which leg.
        rater: Who drew.
        force: Replace files.
        reading: How the seeds are taken, corrections among them.
        profile: Where to write what each stage took.

    Returns:
        Where the result is, each muscle's volume, and the provenance.

    Raises:
        InputError: Something cannot be read, does not fit, or cannot be written; nothing is written then.
    """
    watch = Stopwatch("segment")
    drawn = [seeds_path] if isinstance(seeds_path, Path) else list(seeds_path)
    check_protocol(protocol)
    choice = choose(method, weights, settings, volume_given=volume_path is not None)
    beside = provenance_path(output)
    read = (volume_path, choice.weights, *drawn, *reading.corrections)
    check_apart(output, probability, profile)
    check_image_target(output, force, *read)
    if probability is not None:
        check_image_target(probability, force, *read, labels=False)
    if with_provenance:
        check_target(beside, force, *read)
    if profile is not None:
        check_target(profile, force, *read)

    def work() -> Generator[Progress, None, SegmentedFile]:
        built = build(choice, settings, device, engine)
        volume = None if volume_path is None else open_volume(volume_path)
        if volume is not None:
            yield Progress("reading the volume", 1, 1)
        seeds = open_seeds(drawn, None if volume is None else volume.grid, reading=reading)
        counted = distance_findings(protocol, seeds.grid.spacing_xyz_mm[2])
        yield Progress("reading what was drawn", 1, 1, findings=worst_first([*seeds.findings, *counted]))
        watch.work |= _amount(seeds, built.propagator)
        seen = volume if built.propagator.needs_volume else None
        found = yield from segment(seen, seeds, built.propagator, keep_probability=probability is not None, protocol=protocol)
        # Nothing below looks at grey levels: their memory is free for what is written.
        volume, looked = None, seen is not None
        del seen
        provenance = replace(
            built.complete(found.provenance),
            seeds=tuple(file_source(path) for path in (*drawn, *reading.corrections)),
            volume=None if volume_path is None else file_source(volume_path),
            case=case_facts(subject, side, rater),
        )
        if with_provenance and not provenance.method.volume_estimates():
            provenance = replace(provenance, estimates=estimates_from_slices(seeds, protocol))
        save(found.labels, output, force=force)
        if probability is not None and found.probability is not None:
            save(Volume(found.probability, found.labels.grid), probability, force=force)
        if with_provenance:
            write_json(provenance_table(provenance), beside, force)
        unlike = () if not looked else pixel_findings(built.propagator, seeds.grid)
        remarks = (*seeds.findings, *completeness_findings(found.labels), *counted)
        findings = worst_first([*grey_scale_findings(provenance.grey_scale), *unlike, *remarks])
        return SegmentedFile(output, _volumes_cm3(found), provenance, findings)

    return (yield from (work() if profile is None else profiled(work(), watch, profile, force)))


def _amount(seeds: Seeds, propagator: Propagator) -> dict[str, object]:
    """How much there is to do, without a word of whose leg it is."""
    return {
        "method": propagator.name,
        "engine": getattr(getattr(propagator, "network", None), "engine", None),
        **size_of(seeds.grid, len(seeds.labels)),
        "annotated_slices": len(seeds.annotated_slices),
    }


@dataclass(frozen=True, eq=False)
class BuiltMethod:
    """A method that is ready to run.

    Attributes:
        propagator: The method.
        why: Why it was chosen; empty where somebody named it.
        weights: Its trained network; None for methods without one.
    """

    propagator: Propagator
    why: str = ""
    weights: WeightsSource | None = None

    def complete(self, provenance: Provenance | None) -> Provenance:
        """The provenance of a segmentation by this method, with why it was chosen and which weights it used."""
        assert provenance is not None, "workflow.leg.case.segment keeps account"
        return replace(provenance, chosen_because=self.why, weights=self.weights)


def build(choice: Choice, settings: Mapping[str, object], device: str = "auto", engine: str = AUTO) -> BuiltMethod:
    """The method that was chosen.

    Raises:
        InputError: No such method or setting, or weights that are not of this method.
    """
    if choice.weights is None:
        if device != "auto":
            raise InputError(
                f"a method with a network for the device '{device}'", f"{choice.method}, which has none", "Leave --device out."
            )
        if engine != AUTO:
            raise InputError(
                f"a method with a network for the engine '{engine}'", f"{choice.method}, which has none", "Leave --engine out."
            )
        return BuiltMethod(plain_method(choice.method, **settings), choice.why)
    opened = open_weights(choice.weights)
    method = learned(choice.method, opened, device, engine, **settings)
    return BuiltMethod(method, choice.why, weights_source(opened, choice.weights))


def _volumes_cm3(found: Segmentation) -> dict[str, float]:
    by_slice = counts_of_values(found.labels.array)
    counts = {value: sum(by_slice.get(value, {}).values()) for value in in_order(found.labels)}
    voxel_mm3 = found.labels.grid.voxel_volume_mm3
    return {found.labels.names[value]: count * voxel_mm3 / 1000 for value, count in counts.items()}
