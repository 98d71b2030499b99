"""A session's result in files: the segmentation in the formats that others read, tables, contours and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap
from ifssnet.core.progress import drain
from ifssnet.core.provenance import BodySide, CaseFacts, FileSource, MethodDescription, Provenance
from ifssnet.core.segmentation import Segmentation
from ifssnet.geometry.surfaces.surface import surface_of
from ifssnet.io.result_tables import save_measures
from ifssnet.io.save import save
from ifssnet.io.seeds.seed_files import save_seeds
from ifssnet.io.sweeps.stradwin_writer import write_stradwin
from ifssnet.io.volumes.dicom_writing.segmentation import SegmentationOptions, can_write_dicom, write_dicom_segmentation
from ifssnet.io.volumes.surfaces import write_surface
from ifssnet.measurement.leg.muscles import measure
from ifssnet.workflow.files.provenance import annotated_slices, software
from ifssnet.workflow.files.result_files import write_csv
from ifssnet.workflow.report.recorded_facts import SESSION
from ifssnet.workflow.report.report_files import report_files
from ifssnet.workflow.session.events import Exported
from ifssnet.workflow.session.outlines import outlined_sweep
from ifssnet.workflow.session.session import Session, now
from ifssnet.workflow.session.state import SessionState
from ifssnet.workflow.session.uncertainty import confidences, volume_sd_cm3

_SIDES: Mapping[str, BodySide] = MappingProxyType({"left": "left", "right": "right"})

EXPORTS = "exports"
"""The folder within the session's folder."""

Origin: TypeAlias = Literal["drawn", "imported", "corrected", "accepted", "seen", "not seen"]
"""What a human did about a slice of a muscle: drew, corrected, accepted or looked at it, or never saw it."""


@dataclass(frozen=True)
class SliceOrigin:
    """One slice of one muscle in the result.

    Attributes:
        muscle: Its name.
        z: Which slice.
        area_mm2: The muscle's area on it.
        origin: What a human did about it.
        method: What found it; empty where a human drew it.
        confidence: The Dice that it is expected to have.
    """

    muscle: str
    z: int
    area_mm2: float
    origin: Origin
    method: str
    confidence: float | None


def origins(state: SessionState) -> tuple[SliceOrigin, ...]:
    """Every slice of every muscle that something is known of, muscle after muscle."""
    found: list[SliceOrigin] = []
    for label, muscle in state.muscles.items():
        sure = confidences(state, label)
        for z, pixels in state.area_px(label).items():
            proposal = muscle.proposals.get(z)
            method = "" if z in muscle.drawn or proposal is None else proposal.method
            area = pixels * state.grid.pixel_area_mm2
            found.append(SliceOrigin(muscle.name, z, area, _origin(state, label, z), method, sure.get(z)))
    return tuple(found)


def _origin(state: SessionState, label: int, z: int) -> Origin:
    muscle = state.muscles[label]
    if z in muscle.drawn:
        return muscle.drawn[z].how
    if z in muscle.accepted:
        return "accepted"
    return "seen" if z in state.seen else "not seen"


def segmentation(state: SessionState) -> Segmentation:
    """The result as it stands, with how it came about."""
    methods = Counter(each.method for muscle in state.muscles.values() for each in muscle.proposals.values())
    details = {
        "subject": state.subject,
        "side": state.side,
        "visit": state.visit,
        "signed_by": "" if state.signature is None else state.signature.by,
        "signed_at": "" if state.signature is None else state.signature.at,
        "statement": "" if state.signature is None else state.signature.statement,
        "expert_minutes": round(state.effort.minutes, 2),
        "outlines": state.effort.outlines,
        "slices_by_origin": slices_by_origin(state),
        "slices_by_method": dict(methods),
        "networks": networks(state),
        "volume_sd_cm3": {muscle.name: volume_sd_cm3(state, label) for label, muscle in state.muscles.items()},
    }
    provenance = Provenance(
        SESSION,
        MethodDescription(details=details),
        "all-seeds",
        annotated_slices(state.seeds()),
        software(),
        volume=FileSource(state.volume, state.sha256),
        case=CaseFacts(state.subject, _SIDES.get(state.side), *_signed(state)),
    )
    return Segmentation(state.label_map(), None, provenance)


def networks(state: SessionState) -> list[str]:
    """File and hash of every trained network that found a slice of the result."""
    runs = {each.run for muscle in state.muscles.values() for each in muscle.proposals.values()}
    return sorted({state.networks[run] for run in runs if run in state.networks})


def _signed(state: SessionState) -> tuple[str, str]:
    """Who vouches for the result, and when; both empty where nobody does."""
    return ("", "") if state.signature is None else (state.signature.by, state.signature.at)


def slices_by_origin(state: SessionState) -> dict[str, dict[str, int]]:
    """For each muscle, how many of its slices a human drew, corrected, accepted, looked at or never saw."""
    found: dict[str, dict[str, int]] = {muscle.name: {} for muscle in state.muscles.values()}
    for each in origins(state):
        counts = found[each.muscle]
        counts[each.origin] = counts.get(each.origin, 0) + 1
    return found


def _save_stl(session: Session, folder: Path, labels: LabelMap) -> list[Path]:
    written: list[Path] = []
    for label, muscle in session.state.muscles.items():
        if (labels.array == label).any():
            written.append(folder / f"{muscle.name}.stl")
            write_surface(surface_of(labels, label), written[-1], force=True)
    return written


def _save_labels(name: str) -> Callable[[Session, Path, LabelMap], list[Path]]:
    def save_labels(session: Session, folder: Path, _: LabelMap) -> list[Path]:
        save(segmentation(session.state), folder / name, force=True)
        return [folder / name]

    return save_labels


def _save_dicom(session: Session, folder: Path, labels: LabelMap) -> list[Path]:
    methods = {each.method for muscle in session.state.muscles.values() for each in muscle.proposals.values()}
    how = SegmentationOptions("binary", ", ".join(sorted(methods)), network=bool(networks(session.state)))
    write_dicom_segmentation([labels], folder / "segmentation.dcm", how, force=True)
    return [folder / "segmentation.dcm"]


def _save_measures(session: Session, folder: Path, labels: LabelMap) -> list[Path]:
    save_measures(measure(labels, session.volume), folder / "measures.csv", force=True)
    return [folder / "measures.csv"]


def _save_slices(session: Session, folder: Path, _: LabelMap) -> list[Path]:
    rows = [
        (
            each.muscle,
            each.z,
            f"{each.area_mm2:.2f}",
            each.origin,
            each.method,
            "" if each.confidence is None else f"{each.confidence:.4f}",
        )
        for each in origins(session.state)
    ]
    write_csv(("muscle", "slice", "area_mm2", "origin", "method", "confidence"), rows, folder / "slices.csv", force=True)
    return [folder / "slices.csv"]


def _save_seeds(session: Session, folder: Path, _: LabelMap) -> list[Path]:
    save_seeds(session.state.seeds(), folder / "seeds.seg.nrrd", force=True)
    return [folder / "seeds.seg.nrrd"]


def _save_stradwin(session: Session, folder: Path, labels: LabelMap) -> list[Path]:
    write_stradwin(outlined_sweep(session.volume, session.state, labels), folder / "outlines.sw", force=True)
    return [folder / "outlines.sw", folder / "outlines.sxi"]


def _save_report(session: Session, folder: Path, _: LabelMap) -> list[Path]:
    labels = folder / "segmentation.seg.nrrd"
    save(segmentation(session.state), labels, force=True)
    seeds = _save_seeds(session, folder, session.state.label_map())[0]
    volume = session.folder / session.state.volume
    drain(
        report_files(
            labels,
            folder / "report.html",
            volume,
            seeds_path=seeds,
            title=session.state.subject or session.folder.name,
            force=True,
        )
    )
    return [folder / "report.html"]


EXPORTERS: Mapping[str, Callable[[Session, Path, LabelMap], list[Path]]] = MappingProxyType(
    {
        "seg.nrrd": _save_labels("segmentation.seg.nrrd"),
        "nii.gz": _save_labels("segmentation.nii.gz"),
        "dcm": _save_dicom,
        "stl": _save_stl,
        "measures": _save_measures,
        "slices": _save_slices,
        "seeds": _save_seeds,
        "stradwin": _save_stradwin,
        "report": _save_report,
    }
)
"""What can be written, by name."""


def here() -> tuple[str, ...]:
    """The kinds that can be written with what is installed."""
    return tuple(each for each in EXPORTERS if each != "dcm" or can_write_dicom())


def export(session: Session, kinds: Sequence[str] = ()) -> tuple[Path, ...]:
    """Write the result as it stands into the session's folder.

    Files of an earlier export are replaced. An export is an event of the session where the session can be changed.

    Args:
        session: What to write.
        kinds: Names in `EXPORTERS`; none for all that can be written here.

    Returns:
        The files.

    Raises:
        InputError: An unknown kind, nothing to write, or a place that cannot be written.
    """
    if unknown := [each for each in kinds if each not in EXPORTERS]:
        raise InputError(f"some of {', '.join(EXPORTERS)}", f"'{unknown[0]}'", "Choose among them.")
    labels = session.state.label_map()
    if not labels.array.any():
        raise InputError("a session with something drawn", "an empty one", "Draw and propagate first.")
    folder = session.folder / EXPORTS
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"a folder to write to, {folder}", error.strerror or str(error), "Check the folder.") from error
    written: list[Path] = []
    for kind in kinds or here():
        written += EXPORTERS[kind](session, folder, labels)
    if not session.read_only:
        session.apply(*(Exported(now(), session.by, path.name) for path in written))
    return tuple(written)
