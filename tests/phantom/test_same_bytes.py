"""`phantom/1` is frozen: results on its legs were measured on these bytes."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from ifssnet.core.progress import drain
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.subject import draw_subject
from ifssnet.phantom.scanner.acquisition import SIZES, VERSION, VolumeSize, acquire

TINY = VolumeSize(16, 32, 32, replace(SIZES["small"].settings, frame_step_mm=10.0))


@pytest.fixture(scope="module")
def leg():
    return build_leg(draw_subject(7, "duchenne"))


def short_hash(leg, size: VolumeSize, via, number: int) -> str:
    found = drain(acquire(leg, size, via, number, 7))
    frames = b"".join(sweep.frames.tobytes() for sweep in found.sweeps)
    return hashlib.sha256(found.volume.array.tobytes() + found.truth.array.tobytes() + frames).hexdigest()[:16]


def test_its_name() -> None:
    assert VERSION == "phantom/1"


@pytest.mark.parametrize(
    ("via", "number", "expected"),
    [
        ("direct", 1, "382d8bcfb1a9bb08"),
        ("direct", 2, "05a176605908538d"),
        ("scan", 1, "3447e23450ce82d7"),
        ("scan", 2, "6f4e061dae571b01"),
    ],
)
def test_a_coarse_leg_has_the_same_bytes(leg, via, number: int, expected: str) -> None:
    assert short_hash(leg, TINY, via, number) == expected


@pytest.mark.slow
def test_a_small_leg_has_the_same_bytes(leg) -> None:
    assert short_hash(leg, SIZES["small"], "direct", 1) == "c6206b3172f57d80"
