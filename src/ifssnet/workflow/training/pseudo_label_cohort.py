"""A cohort of which an expert has drawn a few slices of each training leg, and a method all others: labels to train on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ifssnet.core.cohort import TRAIN, Case, Cohort
from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap
from ifssnet.core.progress import Progress, drain
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.grey_levels import on_grey_scale
from ifssnet.io.cohorts.cohort_folder import DESCRIPTION, NNUNET_DESCRIPTION, open_cohort
from ifssnet.io.open import open_grid, open_volume
from ifssnet.io.plain_data import Json, plain, structure
from ifssnet.io.save import save
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.storage.plain_files import read_json
from ifssnet.io.storage.toml_text import toml
from ifssnet.measurement.reference.overlap import overlap, total
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.network_input.trained_pixels import on_trained_pixels
from ifssnet.train.data.budget import ENDS, AnnotationBudget, Annotations, Range, with_ends
from ifssnet.workflow.cohorts.many_legs import legs_of
from ifssnet.workflow.evaluation.compared_methods import ComparedMethod, check_methods
from ifssnet.workflow.evaluation.evaluate import open_truth
from ifssnet.workflow.evaluation.run_files import method_table
from ifssnet.workflow.files.provenance import software, source
from ifssnet.workflow.files.result_files import write_json
from ifssnet.workflow.jobs.run import Machines, run_all
from ifssnet.workflow.training.results import PseudoLabelledLeg, PseudoLabels

FORMAT = "ifssnet-pseudo-labels/1"
RECORD = "pseudo-labels.json"


@dataclass(frozen=True)
class PseudoLabelling:
    """How a cohort's training legs are labelled anew.

    Attributes:
        method: The method for the slices that the expert has not drawn.
        budget: Which slices the expert has drawn (paper, III-C2 and III-C3).
        workers: Legs at a time, in this number of processes; 0 for this process.
        cluster: The address of a Ray cluster that is used instead; None for none.
    """

    method: ComparedMethod
    budget: AnnotationBudget = field(default_factory=AnnotationBudget)
    workers: int = 1
    cluster: str | None = None


@dataclass(frozen=True)
class _Basis:
    """All that the new labels of a leg depend on.

    Attributes:
        files: The hashes of its volume and its labels.
        drawn: Muscle to the slices that the expert has judged.
        method: What the method's results depend on, as plain data.
        version: The version of this package.
    """

    files: tuple[str, ...]
    drawn: Mapping[str, tuple[int, ...]]
    method: Mapping[str, Json]
    version: str


@dataclass(frozen=True)
class _LabellingRecord:
    """The file that says that a leg's new labels are whole: what they depend on, and how well they agree."""

    key: _Basis
    dice: Mapping[str, float]


@dataclass(frozen=True)
class _LegToLabel:
    """One training leg to be labelled.

    Attributes:
        case: The leg's files.
        names: What the cohort's labels mean.
        method: The method for the slices that the expert has not drawn.
        target: The file of the new labels.
        record: The file that says that they are whole.
        basis: All that the labels depend on.
    """

    case: Case
    names: Mapping[int, str]
    method: ComparedMethod
    target: Path
    record: Path
    basis: _Basis

    @property
    def done(self) -> bool:
        """Whether the labels are there, and depend on the same."""
        try:
            return self.target.is_file() and plain(self.read_record().key) == plain(self.basis)
        except InputError:
            return False

    def read_record(self) -> _LabellingRecord:
        """What was found when the leg was labelled.

        Raises:
            InputError: It has not been, or not by this version.
        """
        return structure(_LabellingRecord, read_json(self.record, "the record of a labelled leg"), str(self.record))


def pseudo_label(root: Path, target: Path, how: PseudoLabelling) -> Generator[Progress, None, PseudoLabels]:
    """Write a cohort beside another whose training labels are an expert's on few slices, and a method's on all others.

    No more is used of a training leg's own labels than the slices of the budget; the first recording of each is taken.
    Validation and test legs stay as they are (linked, or copied where links cannot be). Stopped at any moment, it goes on.

    Args:
        root: The cohort's folder.
        target: The new cohort's folder; what it holds of an earlier run is kept where nothing has changed.
        how: The method and the budget.

    Returns:
        What was done, also in `pseudo-labels.json` of the new folder: slices drawn, and the agreement of the new labels
        with the old ones on all others.

    Raises:
        InputError: A method that cannot be built, a leg that cannot be read or labelled, or a target that holds
            something else.
    """
    check_methods((how.method,))
    machines = Machines.of(how.workers, how.cluster)
    cohort = open_cohort(root)
    cases = legs_of(cohort, TRAIN)
    _prepare(root, target)
    ranges: dict[str, dict[str, Range]] = {}
    for place, case in enumerate(cases):
        yield Progress("reading the labels", place, len(cases), case.name)
        ranges[case.name] = _ranges(case, cohort)
    annotations = how.budget.annotated(ranges)
    legs = [_leg(case, cohort, annotations, how, target) for case in cases]
    missing = [leg for leg in legs if not leg.done]
    outcomes = yield from run_all(missing, label_leg, machines, "labelling", (target,))
    if failed := [outcome for outcome in outcomes if outcome.error]:
        raise InputError(
            f"{len(legs)} training legs that can be labelled",
            f"{len(failed)} that cannot: " + "; ".join(f"{outcome.work.case.name}: {outcome.error}" for outcome in failed[:10]),
            "Mend or remove them, and start again: what was done is kept.",
        )
    others = [case for case in cohort.cases if case.split != TRAIN]
    for place, case in enumerate(others):
        yield Progress("copying the other legs", place, len(others), case.name)
        for path in (case.volume_path, case.labels_path):
            if path is not None:
                _link_or_copy(path, target / path.relative_to(root), link=path == case.volume_path)
    labels = _pseudo_labels(cohort, how, annotations, legs)
    with atomic_path(target / DESCRIPTION, force=True) as partial:
        partial.write_text(toml(_description(cohort, [*cases, *others], labels)), encoding="utf-8", newline="\n")
    write_json(plain(labels), target / RECORD, force=True)
    return labels


def label_leg(leg: _LegToLabel) -> None:
    """Label one leg; another process may do this. The record is written last: it says that the labels are whole."""
    truth = open_truth(leg.case, leg.names)
    propagator = leg.method.build()
    seeds = seeds_of(truth, leg.basis.drawn)
    volume = None
    if propagator.needs_volume:
        assert leg.case.volume_path is not None
        volume = on_grey_scale(open_volume(leg.case.volume_path))[0]
    prepared = on_trained_pixels(propagator, seeds.grid).prepare(volume, seeds)
    found = drain(assemble(prepared.steps(), seeds))
    dice: dict[str, float] = {}
    for label in seeds.labels:
        open_slices = np.setdiff1d(np.arange(truth.grid.slices), seeds.slices(label))
        parts = [overlap(found.labels.array[z] == label, truth.array[z] == label) for z in open_slices.tolist()]
        dice[seeds.name(label)] = round(total(parts).dice, 4)
    leg.target.parent.mkdir(parents=True, exist_ok=True)
    save(LabelMap(found.labels.array, truth.grid, truth.names, truth.colors), leg.target, force=True, compress=True)
    write_json(plain(_LabellingRecord(leg.basis, dice)), leg.record, force=True)


def seeds_of(labels: LabelMap, drawn: Mapping[str, tuple[int, ...]]) -> Seeds:
    """The slices that an expert is taken to have drawn; where a muscle is absent on one, that was said too."""
    masks = {
        value: {z: np.asarray(labels.array[z] == value) for z in drawn[name] if z < labels.grid.slices}
        for value, name in sorted(labels.names.items())
        if drawn.get(name)
    }
    return Seeds(masks, labels.grid, {value: labels.names[value] for value in masks})


def _leg(case: Case, cohort: Cohort, annotations: Annotations, how: PseudoLabelling, target: Path) -> _LegToLabel:
    assert case.volume_path is not None
    assert case.labels_path is not None
    drawn = dict(annotations.slices[case.name])
    if how.budget.spread == ENDS:
        # Whoever draws a muscle's outermost slices has seen that it is absent beside them.
        ranges = annotations.ranges[case.name]
        drawn = {name: with_ends(ranges[name], slices) for name, slices in drawn.items()}
    files = tuple(source(path)["sha256"] for path in (case.volume_path, case.labels_path))
    basis = _Basis(files, drawn, method_table(how.method.facts()), software()["ifssnet"])
    # The volume stays as it is.
    _link_or_copy(case.volume_path, target / case.volume_path.relative_to(cohort.root), link=True)
    new = target / case.labels_path.relative_to(cohort.root)
    return _LegToLabel(case, dict(cohort.label_names), how.method, new, new.with_name(f".{new.name}.json"), basis)


def _ranges(case: Case, cohort: Cohort) -> dict[str, Range]:
    """Each muscle's first and last slice."""
    if case.volume_path is None or case.labels_path is None:
        raise InputError(f"a volume and labels of {case.name}", "one of them only", "Complete the cohort.")
    truth = open_truth(case, cohort.label_names)
    if not open_grid(case.volume_path).matches(truth.grid):
        raise InputError(f"labels of {case.name} on their volume's grid", "another grid", "Resample the labels onto it.")
    found: dict[str, Range] = {}
    for value, name in truth.names.items():
        at = np.flatnonzero((truth.array == value).any(axis=(1, 2)))
        if at.size:
            found[name] = (int(at[0]), int(at[-1]))
    return found


def _prepare(root: Path, target: Path) -> None:
    if (root / NNUNET_DESCRIPTION).is_file() and not (root / DESCRIPTION).is_file():
        raise InputError(
            "a cohort as <train|val|test>/<PATIENT>/x<N>.mha and masksX<N>.mha",
            f"nnU-Net's folder {root}",
            "Lay the legs out by split and patient first: docs/reference/formats.md.",
        )
    if target.resolve() == root.resolve():
        raise InputError("another folder than the cohort's own", f"{target}", "Choose another one: labels are not overwritten.")
    try:
        if target.exists() and not (target / RECORD).is_file() and (not target.is_dir() or any(target.iterdir())):
            raise InputError(f"an empty folder {target}, or one labelled earlier", "other files", "Choose another folder.")
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"a folder that can be written at {target}", f"'{error.strerror}'", "Choose another one.") from error
    if not (target / RECORD).is_file():
        # Says whose folder this is, before anything else is in it.
        write_json({"format": FORMAT}, target / RECORD, force=True)


def _link_or_copy(path: Path, target: Path, *, link: bool) -> None:
    """The same file in the new cohort; what is there of an earlier run is replaced.

    Args:
        path: The original.
        target: Where it is wanted.
        link: Make a hard link where the file system has them, for a volume, which nobody edits: no room is needed. Labels are
            copied, so that correcting the new ones leaves the old ones alone.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_file() and target.samefile(path):
        return
    with atomic_path(target, force=True) as partial:
        if link:
            with suppress(OSError):
                os.link(path.resolve(), partial)
                return
        shutil.copyfile(path, partial)


def _pseudo_labels(cohort: Cohort, how: PseudoLabelling, annotations: Annotations, legs: list[_LegToLabel]) -> PseudoLabels:
    """What was done, out of the legs' records."""
    labelled = {leg.case.name: PseudoLabelledLeg(leg.basis.drawn, leg.read_record().dice) for leg in legs}
    means = [leg.mean_dice for leg in labelled.values()]
    return PseudoLabels(
        format=FORMAT,
        made_from=cohort.name,
        method=method_table(how.method.facts()),
        budget=how.budget,
        drawn=annotations.total,
        drawn_share=annotations.share,
        dice_mean=float(np.mean(means)),
        dice_sd=float(np.std(means, ddof=1)) if len(means) > 1 else 0.0,
        legs=labelled,
        software=software(),
    )


def _description(cohort: Cohort, cases: list[Case], labels: PseudoLabels) -> Mapping[str, Json]:
    """A `cohort.toml` that says beside every number what the training labels are."""
    sentence = (
        f"Training labels are an expert's on {100 * labels.drawn_share:.1f} % of the slices, and on all "
        f"others those of the method {labels.method['method']}: {RECORD} says more."
    )
    return {
        "name": f"{cohort.name}, few slices drawn",
        "licence": cohort.licence,
        "citation": list(cohort.citation),
        "notes": [*cohort.notes, sentence],
        "labels": {str(value): name for value, name in cohort.label_names.items()},
        "acquisitions": {case.name: case.acquisition for case in cases if case.acquisition},
        "label_errors": {**cohort.label_errors, TRAIN: sentence},
    }
