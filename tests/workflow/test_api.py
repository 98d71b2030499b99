"""The library's verbs as a script uses them: in any order, and more than once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.save import save

SCRIPT = """
import sys
import ifssnet
assert not {"scipy", "numba", "SimpleITK"} & set(sys.modules)
volume = ifssnet.open_volume("leg.mha")
seeds = ifssnet.open_seeds("seeds.seg.nrrd", volume)
for _ in range(2):
    segmentation = ifssnet.segment(volume, seeds)
    print(ifssnet.measure(segmentation, volume).muscles["SOL"].volume_cm3)
    print(ifssnet.compare(segmentation, ifssnet.open_labels("truth.seg.nrrd")).mean.dice)
    try:
        ifssnet.compound([])
    except Exception as error:
        print(type(error).__name__)
import ifssnet.measurement.leg.muscles as muscles
import ifssnet.compounding.options as options
from ifssnet import compound, measure
assert callable(measure) and callable(compound)
assert measure(segmentation).muscles["SOL"].volume_cm3 == 1.0
print(muscles.measure.__name__, options.CompoundOptions.__name__)
"""


def test_verbs_that_have_the_name_of_a_package_can_be_called_twice(tmp_path: Path):
    box = np.zeros((12, 12, 12), np.uint8)
    box[1:11, 1:11, 1:11] = 1
    grid = Grid((12, 12, 12))
    save(LabelMap(box, grid, {1: "SOL"}), tmp_path / "truth.seg.nrrd")
    sparse = box.copy()
    sparse[3:9] = 0
    save(LabelMap(sparse, grid, {1: "SOL"}), tmp_path / "seeds.seg.nrrd")
    save(Volume(box * 100, grid), tmp_path / "leg.mha")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=False, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1.0", "1.0", "InputError"] * 2 + ["measure", "CompoundOptions"]
