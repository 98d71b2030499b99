"""The library as a user's strict type checker sees it: results have types, and units in their names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ifssnet

PAGE = """
from typing import assert_type

import numpy as np

import ifssnet

volume = ifssnet.open_volume("leg.mha")
seeds = ifssnet.open_seeds("drawn.seg.nrrd", volume)
segmentation = ifssnet.segment(volume, seeds)
assert_type(segmentation, ifssnet.Segmentation)

measures = ifssnet.measure(segmentation, volume, ifssnet.MeasureOptions(oblique=True))
soleus = measures.muscles["SOL"]
assert_type(soleus, ifssnet.MuscleMeasures)
assert_type(soleus.volume_cm3, float)
assert_type(soleus.volume_cm3 / 2, float)
assert_type(soleus.volume_mesh_cm3, float | None)
assert_type(soleus.max_acsa_z, int | None)
if soleus.profile is not None:
    assert_type(float(soleus.profile.acsa_cm2[soleus.profile.largest]), float)
for name, muscle in measures.muscles.items():
    print(f"{name}: {muscle.volume_cm3:.1f} cm3 over {muscle.length_mm:.0f} mm")

agreement = ifssnet.compare(segmentation, ifssnet.open_labels("truth.seg.nrrd"), per_slice=True)
assert_type(agreement.mean.dice, float)
assert_type(agreement.muscles["SOL"].hausdorff95_mm, float)
for each in agreement.muscles["SOL"].per_slice or ():
    assert_type(each.z, int)
    assert_type(each.area_error_percent, float)
ifssnet.save(measures, "leg.csv", force=True)
page = ifssnet.report(segmentation, "leg.html", volume, seeds=seeds, side="left", force=True)
print(page.name, volume, seeds, segmentation)

grey = np.zeros((30, 40, 50), np.uint8)
drawn = np.zeros(grey.shape, np.int16)
found = ifssnet.segment(grey, drawn, "shape-interpolation", spacing_mm=(0.5, 0.5, 1.0), names={1: "SOL"})
assert_type(found, ifssnet.Segmentation)
assert_type(ifssnet.measure(found.labels.array, grey, spacing_mm=0.5), ifssnet.LegMeasures)
assert_type(ifssnet.compare(found, drawn > 0), ifssnet.LegAgreement)
placed = ifssnet.Volume(grey, ifssnet.Grid((30, 40, 50), (0.5, 0.5, 1.0)))
masks = {1: {0: drawn[0] > 0, 20: drawn[20] > 0}}
assert_type(ifssnet.segment(placed, ifssnet.Seeds(masks, placed.grid, {1: "SOL"})), ifssnet.Segmentation)
"""

WRONG = """
import ifssnet

measures = ifssnet.measure(ifssnet.open_labels("leg.seg.nrrd"))
print(measures.muscles["SOL"].volume_mm3)
print(measures.muscles["SOL"]["volume_cm3"])
print(measures.muscles["SOL"].volume_mesh_cm3 / 2)
"""


def checked(folder: Path, page: str) -> subprocess.CompletedProcess[str]:
    """Pyright on a page, strict, with the package found as an installed one is: among the interpreter's paths."""
    (folder / "page.py").write_text(page, encoding="utf-8")
    (folder / "pyrightconfig.json").write_text('{"strict": ["page.py"], "include": ["page.py"]}', encoding="utf-8")
    package = str(Path(ifssnet.__file__).parents[1])
    paths = os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "-p", str(folder)],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        encoding="utf-8",
    )


@pytest.fixture(autouse=True)
def _needs_pyright() -> None:
    pytest.importorskip("pyright", reason="pyright is in the extra [dev]")


def test_a_page_of_user_code_is_typed_to_the_last_number(tmp_path: Path) -> None:
    done = checked(tmp_path, PAGE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_quantity_that_is_not_there_is_found_before_the_page_runs(tmp_path: Path) -> None:
    done = checked(tmp_path, WRONG)
    for line, words in (
        (5, '"volume_mm3" for class "MuscleMeasures"'),
        (6, '"__getitem__" method not'),
        (7, 'Operator "/" not'),
    ):
        assert re.search(rf"page\.py:{line}:\d+ - error: .*{re.escape(words)}", done.stdout), done.stdout
