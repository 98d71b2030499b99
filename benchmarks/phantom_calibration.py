"""How the digital legs compare with real ones: the figures of docs/experiments/digital-leg-calibration.md.

python benchmarks/phantom_calibration.py shapes --subjects 44          (interpolation between perfect seeds)
python benchmarks/phantom_calibration.py shapes --legs ../shared/data/legs
python benchmarks/phantom_calibration.py anatomy --subjects 44         (volumes, lengths, cross-sections)
python benchmarks/phantom_calibration.py images --subjects 8           (speckle, borders, grey levels, attenuation)
python benchmarks/phantom_calibration.py look --plus ../shared/data/plus --subjects 4    (beside frames of a real limb)
python benchmarks/phantom_calibration.py ways --subjects 2             (scan against direct)
python benchmarks/phantom_calibration.py methods --subjects 4          (seeds of an unsteady hand, as in Table I)
python benchmarks/phantom_calibration.py register --subjects 15        (r2 to r1, of those who were recorded twice)

Everybody is one of the cohort of 44 that `ifss phantom cohort --seed 1` makes; `--cohort DIR` takes the images from its files
instead of making them again.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from calibration_images import images, ways
from calibration_look import look
from calibration_methods import methods, register
from calibration_shapes import anatomy, shapes

JOBS: dict[str, Callable[[argparse.Namespace], None]] = {
    "shapes": shapes,
    "anatomy": anatomy,
    "images": images,
    "look": look,
    "ways": ways,
    "methods": methods,
    "register": register,
}


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=list(JOBS))
    parser.add_argument("--subjects", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1, help="of the cohort")
    parser.add_argument("--legs", type=Path, default=None, help="a folder of folders of surfaces, instead of digital legs")
    parser.add_argument("--spacing", type=float, default=1.0, help="in-plane, mm")
    parser.add_argument("--slice", type=float, default=0.554, help="along the leg, mm")
    parser.add_argument("--set", default="", help="parameters of every subject, as roughness_mm=0.5,lean_deg=3")
    parser.add_argument("--cohort", type=Path, default=None, help="the folder that `ifss phantom cohort` made, of this seed")
    parser.add_argument("--only", default="", help="methods, by name with commas")
    parser.add_argument("--thin", type=int, default=2, help="methods: every so many slices")
    parser.add_argument("--plus", type=Path, default=Path("../shared/data/plus"), help="with BoneUltrasound_L14")
    parser.add_argument("--pictures", type=Path, default=None)
    asked = parser.parse_args(list(arguments) if arguments is not None else None)
    with np.printoptions(precision=3, suppress=True, linewidth=150):
        JOBS[asked.job](asked)


if __name__ == "__main__":
    main()
