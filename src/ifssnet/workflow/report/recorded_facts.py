"""What a segmentation's provenance and its seeds say to the reader of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.muscles import field_names, in_field_order
from ifssnet.core.provenance import BodySide, CaseFacts, SelfCheck
from ifssnet.core.provenance import VolumeEstimate as Estimated
from ifssnet.core.seeds import Seeds
from ifssnet.figures.leg_report.content import ExpertRecord, VolumeEstimate
from ifssnet.io.plain_data import structure
from ifssnet.io.storage.provenance import RecordedProvenance
from ifssnet.propagate.anchored.self_check import warning
from ifssnet.workflow.leg.case import estimates_from_slices

RECORDED = "guided interpolation as the segmentation recorded it, with the settings of its method"
WORKED_OUT = (
    "guided interpolation of the seeds given to this report, with its default settings; what a segmentation records "
    "(--provenance) is with the settings of its method and can be a little different"
)

SESSION = "session"
"""The method's name where an expert's session is what the result comes from."""


def case_of(recorded: RecordedProvenance, subject: str, side: BodySide | None, rater: str) -> CaseFacts:
    """What provenance and the user say of the case.

    Raises:
        InputError: They contradict each other.
    """
    known = None if recorded.provenance is None else recorded.provenance.case
    known = CaseFacts() if known is None else known
    said = {"subject": subject.strip(), "side": side, "rater": rater.strip()}
    for what, value in said.items():
        there = getattr(known, what)
        if value and there and value != there:
            raise InputError(
                f"the {what} that the segmentation's provenance names, '{there}'",
                f"'{value}'",
                f"Correct or leave out --{what}.",
            )
    return CaseFacts(known.subject or subject.strip(), known.side or side, known.rater or rater.strip(), known.analysed_at)


def estimated_volumes(recorded_provenance: RecordedProvenance, seeds: Seeds | None) -> dict[str, Estimated]:
    """The volume that the annotated slices alone suggest: as provenance has it, else by guided interpolation of the seeds."""
    recorded = recorded_provenance.provenance
    found = {} if recorded is None else recorded.volume_estimates()
    if not found and seeds is not None and any(seeds.present(label) for label in seeds.labels):
        return estimates_from_slices(seeds)
    return found


def shown_estimates(estimates: Mapping[str, Estimated], recorded_provenance: RecordedProvenance) -> dict[str, VolumeEstimate]:
    """The same as a report shows them, with how they came about."""
    recorded = recorded_provenance.provenance
    method = RECORDED if recorded is not None and recorded.volume_estimates() else WORKED_OUT
    called = field_names(estimates)
    return {
        called[name]: VolumeEstimate(each.volume_cm3, each.leave_one_out_error_percent, method, each.leave_one_out_error_cm3)
        for name, each in estimates.items()
        if each.volume_cm3 is not None
    }


def expert_record(recorded: RecordedProvenance) -> ExpertRecord | None:
    """What a human did about the result; None where it does not come from a session."""
    found = recorded.provenance
    if found is None or found.method_name != SESSION:
        return None
    return structure(ExpertRecord, found.method.details, "the session's record", ignore_unknown=True)


def network_of(recorded: RecordedProvenance) -> str:
    """The name of the network that segmented; empty where none did, or nothing says so."""
    found = recorded.provenance
    return "" if found is None or found.weights is None else found.method_name


def self_checks(recorded: RecordedProvenance) -> dict[str, SelfCheck]:
    """What networks found about themselves: muscle's name as the page has it, empty for all muscles, to its check."""
    found = {} if recorded.provenance is None else recorded.provenance.method.self_checks()
    called = field_names([*found, *(name for check in found.values() for name in check.muscles)])
    return _renamed({name: replace(check, muscles=_renamed(check.muscles, called)) for name, check in found.items()}, called)


def _renamed(checks: Mapping[str, SelfCheck], called: Mapping[str, str]) -> dict[str, SelfCheck]:
    by_name = {called[name]: check for name, check in checks.items()}
    return {name: by_name[name] for name in in_field_order(by_name)}


def doubts(recorded: RecordedProvenance) -> list[Finding]:
    """What networks found out about themselves that a user should know."""
    said = dict.fromkeys(warning(check) for check in self_checks(recorded).values())
    return [Finding("warning", text) for text in said if text]
