"""What the look at a recording found before it became the volume of a case."""

from __future__ import annotations

from ifssnet.core.findings import Finding, worst_first
from ifssnet.core.images import Volume
from ifssnet.io.volumes.recorded_findings import recorded_findings


def recording_findings(volume: Volume) -> tuple[Finding, ...]:
    """The worst first; empty where all was well, and for a volume that does not say where it comes from."""
    return tuple(worst_first(list(recorded_findings(volume) or ())))
