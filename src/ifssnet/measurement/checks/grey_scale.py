"""What a person has to know of how grey levels became 0 to 255."""

from __future__ import annotations

from ifssnet.core.findings import Finding
from ifssnet.core.grey_scale import GreyScale


def grey_scale_findings(scale: GreyScale | None) -> tuple[Finding, ...]:
    """A note where a rule changed the grey levels; where they were estimated, a warning was given when that was done."""
    if scale is None or scale.is_identity or scale.estimated:
        return ()
    text = str(scale)
    return (Finding("note", f"{text[0].upper()}{text[1:]}."),)
