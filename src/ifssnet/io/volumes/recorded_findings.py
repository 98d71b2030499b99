"""The findings about the recordings that a volume was compounded from, kept in the volume's header."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.images import Volume
from ifssnet.io.plain_data import plain, structure

KEY = "ifss_preflight"
"""The header entry: a JSON list with one table for each finding."""


@dataclass(frozen=True)
class _Record:
    """What the entry holds."""

    findings: tuple[Finding, ...]


def with_findings(volume: Volume, findings: Sequence[Finding]) -> Volume:
    """The volume with findings in its header, from where every later report can read them."""
    return replace(volume, header={**volume.header, KEY: json.dumps(plain(tuple(findings)))})


def recorded_findings(volume: Volume) -> tuple[Finding, ...] | None:
    """The findings in a volume's header; None where there are none on record, or where they cannot be read."""
    try:
        recorded: object = json.loads(volume.header.get(KEY, ""))
        return structure(_Record, {"findings": recorded}, KEY).findings
    except (ValueError, RecursionError, InputError):
        return None
