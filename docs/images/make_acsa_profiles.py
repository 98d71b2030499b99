"""ACSA along each muscle, the 44 legs of the cohort beside the three real ones: python docs/images/make_acsa_profiles.py DIR"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import TRICEPS_SURAE
from ifssnet.figures.evaluation_report.training_curves import Line, Panel, curves
from ifssnet.geometry.surfaces.voxelise import voxelise
from ifssnet.io.volumes.surfaces import read_surfaces
from ifssnet.phantom.anatomy.labels import leg_grid, leg_labels
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.files.cohort import plan_cohort

SPACING_MM = (1.0, 1.0, 2.0)
SHARES = np.linspace(0.0, 1.0, 61)


def profile(labels: LabelMap, name: str, from_below: bool) -> np.ndarray:
    """Share of the largest ACSA at shares of the muscle's length, from the knee."""
    areas = np.count_nonzero(labels.array == labels.value_of(name), axis=(1, 2)).astype(float)
    present = np.flatnonzero(areas)
    own = areas[present[0] : present[-1] + 1]
    own = own[::-1] if from_below else own
    return np.interp(SHARES, np.linspace(0.0, 1.0, len(own)), own / own.max())


def main() -> None:
    here = Path(__file__).resolve().parents[1]
    digital = [build_leg(member.subject) for member in plan_cohort(44, (29, 5, 10), seed=1).members]
    legs = [leg_labels(leg, leg_grid(leg, SPACING_MM)) for leg in digital]
    real: list[LabelMap] = []
    for folder in sorted({path.parent for path in Path(sys.argv[1]).rglob("*.stl")}):
        surfaces = {surface.name: surface for surface in read_surfaces(folder)}
        real.append(voxelise([surfaces[name] for name in TRICEPS_SURAE], SPACING_MM))
    panels: list[Panel] = []
    for name in TRICEPS_SURAE:
        ours = np.array([profile(labels, name, from_below=False) for labels in legs])
        # SOL reaches lower than GM: where its first slice comes before GM's, slices run from the ankle up.
        below = [first(labels, "SOL") < first(labels, "GM") and last(labels, "SOL") < last(labels, "GM") for labels in real]
        theirs = [profile(labels, name, from_below=up) for labels, up in zip(real, below, strict=True)]
        low, middle, high = ours.min(axis=0), ours.mean(axis=0), ours.max(axis=0)
        lines = [
            Line("44 legs, mean", SHARES, middle, (0, 90, 160)),
            Line("least", SHARES, low, (120, 170, 210), dash="4 3"),
            Line("most", SHARES, high, (120, 170, 210), dash="4 3"),
            *(Line(f"real {k + 1}", SHARES, values, (200, 90, 20)) for k, values in enumerate(theirs)),
        ]
        panels.append(Panel(name, "ACSA, share of the largest", lines, (0.0, 1.0), "Share of the length, from the knee"))
        peaks = SHARES[ours.argmax(axis=1)]
        outside = [np.mean((v < low) | (v > high)) for v in theirs]
        rms = [float(np.sqrt(np.mean((v - middle) ** 2))) for v in theirs]
        print(
            f"{name}: largest at {peaks.mean():.2f} SD {peaks.std():.2f} ({peaks.min():.2f}-{peaks.max():.2f}); real",
            f"{[round(float(SHARES[v.argmax()]), 2) for v in theirs]}; outside the 44 legs' range on {np.round(outside, 2)} of",
            f"the length; RMS to their mean {np.round(rms, 3)}",
        )
    target = here / "phantom" / "acsa.svg"
    target.write_text(curves(panels, "ACSA along the muscles, digital and real legs"), encoding="utf-8")


def first(labels: LabelMap, name: str) -> int:
    return int(np.flatnonzero((labels.array == labels.value_of(name)).any(axis=(1, 2)))[0])


def last(labels: LabelMap, name: str) -> int:
    return int(np.flatnonzero((labels.array == labels.value_of(name)).any(axis=(1, 2)))[-1])


if __name__ == "__main__":
    main()
