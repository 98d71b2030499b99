"""`ifss demo`: the whole way on a digital leg whose truth is known."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ifssnet.compounding.holes.options import DistanceFilling
from ifssnet.compounding.options import CompoundOptions
from ifssnet.core.progress import Progress
from ifssnet.core.sweep import Sweep
from ifssnet.io.save import save
from ifssnet.io.seeds.seed_files import save_seeds
from ifssnet.io.storage.atomic import atomic_folder
from ifssnet.io.storage.provenance import provenance_path, provenance_table
from ifssnet.io.sweeps.sequence_writer import write_sequence
from ifssnet.io.volumes.recorded_findings import with_findings, with_pressures
from ifssnet.measurement.reference.compare import compare
from ifssnet.phantom.anatomy.labels import leg_labels
from ifssnet.phantom.anatomy.subject import draw_subject
from ifssnet.phantom.scanner.sweep import DEMO, ScanSettings, scan
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.workflow.demo.methods import DemoMethod, demo_methods
from ifssnet.workflow.demo.result import DemoResult, DemoScores
from ifssnet.workflow.files.result_files import write_json
from ifssnet.workflow.leg.case import segment
from ifssnet.workflow.leg.compounded_volume import check_before_compounding, compound
from ifssnet.workflow.report.report_files import report_files
from ifssnet.workflow.report.side_by_side import OtherSegmentation

SPACING_MM = 0.8
FILL_MM = 2.0
EVERY_MM = 27.7
"""Three slices in every hundred of the paper's 0.277 mm slices (paper, III-C2)."""

LEG_TO_PATIENT = np.diag([1.0, -1.0, -1.0, 1.0])
"""The digital leg lies prone, its z from knee to ankle; the patient's (LPS) y goes to posterior and z to superior."""

NOISE_MM = 0.5
"""How far the digital expert's hand is off, standard deviation."""


def demo(
    output: Path, seed: int = 1, *, settings: ScanSettings = DEMO, spacing_mm: float = SPACING_MM, force: bool = False
) -> Generator[Progress, None, DemoResult]:
    """Scan a digital leg, compound it, draw a few slices, propagate by three methods, compare with the truth, report.

    Args:
        output: The folder for everything; written beside it and moved into place.
        seed: Which leg, which recording, which hand.
        settings: The scanner's settings.
        spacing_mm: The volume's spacing.
        force: Replace the folder if it is there.

    Returns:
        Where everything is, and how well each method agrees with the truth.

    Raises:
        InputError: The folder is there already, or cannot be written.
    """
    with atomic_folder(output, force=force) as folder:
        methods = demo_methods()
        subject = draw_subject(seed)
        sweeps = [_in_patient_axes(sweep) for sweep in (yield from scan(subject, settings, seed))]
        for number, sweep in enumerate(sweeps, start=1):
            write_sequence(sweep, folder / f"sweep{number}.igs.mha")
            yield Progress("writing sweeps", number, len(sweeps))
        options = CompoundOptions(spacing_mm=spacing_mm, axes="sweep", holes=(DistanceFilling(FILL_MM),))
        checked = check_before_compounding(sweeps, options)
        volume = with_findings((yield from compound(sweeps, options)), checked.findings)
        volume = with_pressures(volume, checked.pressures)
        save(volume, folder / "leg.mha")
        truth = leg_labels(subject, volume.grid, leg_to_world=LEG_TO_PATIENT)
        save(truth, folder / "truth.seg.nrrd")
        seeds = sample_seeds(truth, consecutive=3, every_mm=EVERY_MM, noise_mm=NOISE_MM, seed=seed)
        save_seeds(seeds, folder / "seeds.seg.nrrd")
        compared: dict[str, dict[str, DemoScores]] = {}
        for each in methods:
            propagator = each.method.propagator
            found = yield from segment(volume if propagator.needs_volume else None, seeds, propagator)
            save(found.labels, _file(folder, each))
            provenance = each.method.complete(found.provenance)
            write_json(provenance_table(provenance), provenance_path(_file(folder, each)), force=False)
            agreement = compare(found.labels, truth)
            compared[each.title] = {name: DemoScores.of(muscle) for name, muscle in agreement.muscles.items()}
        first, *others = methods
        yield from report_files(
            _file(folder, first),
            folder / "report.html",
            folder / "leg.mha",
            folder / "truth.seg.nrrd",
            folder / "seeds.seg.nrrd",
            others=[OtherSegmentation(each.title, _file(folder, each), each.note) for each in others],
            name=first.title,
            note=first.note,
            title=f"Digital leg {seed}",
            side=subject.side,
            patient_axes=True,
        )
    notes = tuple(f"{each.title} {each.note}" for each in methods if each.note)
    return DemoResult(output, output / "report.html", compared[first.title], compared, notes)


def _in_patient_axes(sweep: Sweep) -> Sweep:
    return replace(sweep, image_to_world=LEG_TO_PATIENT @ sweep.image_to_world)


def _file(folder: Path, each: DemoMethod) -> Path:
    return folder / f"{each.file}.seg.nrrd"
