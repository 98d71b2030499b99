"""What was found out about the recordings that a volume was compounded from, kept in the volume's header."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ifssnet.core.errors import InputError
from ifssnet.core.facts.compounding_facts import ProbePressure
from ifssnet.core.findings import Finding
from ifssnet.core.images import Volume
from ifssnet.io.plain_data import plain, structure

KEY = "ifss_preflight"
"""The header entry: a JSON list with one table for each finding."""


PRESSURE_KEY = "ifss_probe_pressure"
"""The header entry: a JSON list with one table for each sweep; lengths to a tenth of a millimetre."""


@dataclass(frozen=True)
class _Pressure:
    """One sweep in the entry; null where the skin was not seen."""

    along_mm: tuple[float, ...]
    beside_mm: tuple[float | None, ...]
    inside_mm: tuple[float | None, ...]
    fat_mm: float | None = None
    fat_elsewhere_mm: float | None = None


@dataclass(frozen=True)
class _Pressures:
    """What the entry holds."""

    sweeps: tuple[_Pressure, ...]


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


def with_pressures(volume: Volume, pressures: Sequence[ProbePressure]) -> Volume:
    """The volume with what is known of the probe's pressure in its header; unchanged where nothing is."""
    if not pressures:
        return volume
    rows = tuple(
        _Pressure(
            tuple(round(value, 1) for value in each.along_mm),
            _tenths(each.beside_mm),
            _tenths(each.inside_mm),
            each.fat_mm,
            each.fat_elsewhere_mm,
        )
        for each in pressures
    )
    return replace(volume, header={**volume.header, PRESSURE_KEY: json.dumps(plain(rows), separators=(",", ":"))})


def recorded_pressures(volume: Volume) -> tuple[ProbePressure, ...]:
    """The pressure of the probe in each sweep; empty where there is none on record, or where it cannot be read."""
    try:
        recorded: object = json.loads(volume.header.get(PRESSURE_KEY, ""))
        rows = structure(_Pressures, {"sweeps": recorded}, PRESSURE_KEY).sweeps
    except (ValueError, RecursionError, InputError):
        return ()
    found = [
        ProbePressure(each.along_mm, _known(each.beside_mm), _known(each.inside_mm), each.fat_mm, each.fat_elsewhere_mm)
        for each in rows
        if len(each.along_mm) == len(each.beside_mm) == len(each.inside_mm)
    ]
    return tuple(found)


def _tenths(values: Sequence[float]) -> tuple[float | None, ...]:
    return tuple(round(value, 1) if math.isfinite(value) else None for value in values)


def _known(values: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(math.nan if value is None else value for value in values)
