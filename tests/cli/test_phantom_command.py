"""`ifss phantom` in process."""

from __future__ import annotations

from pathlib import Path

import pytest

from ifssnet.cli.phantom import Size, Via, cohort, leg
from ifssnet.core.errors import InputError


def test_a_leg_and_a_cohort_are_made(tmp_path: Path) -> None:
    facts = leg(tmp_path / "leg", seed=2, size=Size.small, via=Via.direct, quiet=True)
    assert set(facts["r1"]["volumes_cm3"]) == {"SOL", "GM", "GL"}  # type: ignore[index]
    assert (tmp_path / "leg" / "x1.mha").is_file()
    with pytest.raises(InputError, match="leg"):
        leg(tmp_path / "leg", seed=2, size=Size.small, via=Via.direct, quiet=True)
    made = cohort(tmp_path / "legs", subjects=1, split="0/0/1", size=Size.small, second=0, quiet=True)
    assert made["subjects"] == made["acquisitions"] == 1
    assert (tmp_path / "legs" / "test" / "P01" / "masksX1.mha").is_file()


def test_a_split_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--split"):
        cohort(tmp_path / "legs", subjects=3, split="most/some/few", quiet=True)
