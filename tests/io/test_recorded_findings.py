"""Findings in a volume's header: written, read again, and read from volumes of older versions."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ifssnet.core.findings import Finding
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.io.open import open_volume
from ifssnet.io.save import save
from ifssnet.io.volumes.recorded_findings import KEY, recorded_findings, with_findings

GRID = Grid((3, 4, 5))
VOLUME = Volume(np.ones(GRID.shape_zyx, np.uint8), GRID)
FINDINGS = (
    Finding("error", "The probe moved 0.00 mm in all.", "Check that its marker was tracked.", 0.0, "mm"),
    Finding("note", "Frames lie “far” apart: ü."),
)


@pytest.mark.parametrize("suffix", [".mha", ".nrrd"])
def test_findings_come_back_from_a_file_as_they_were(tmp_path, suffix):
    save(with_findings(VOLUME, FINDINGS), tmp_path / f"leg{suffix}")
    assert recorded_findings(open_volume(tmp_path / f"leg{suffix}")) == FINDINGS


def test_a_volume_of_an_older_version_has_no_figures():
    older = json.dumps([{"severity": "warning", "text": "A.", "remedy": "B."}])
    assert recorded_findings(replace(VOLUME, header={KEY: older})) == (Finding("warning", "A.", "B."),)


def test_no_findings_are_not_the_same_as_none_on_record():
    assert recorded_findings(with_findings(VOLUME, ())) == ()
    assert recorded_findings(VOLUME) is None


@pytest.mark.parametrize("broken", ["", "{", "3", '[{"severity": "bad", "text": "A."}]', "[3]", "[" * 100_000])
def test_what_is_no_record_is_none(broken):
    assert recorded_findings(replace(VOLUME, header={KEY: broken})) is None
