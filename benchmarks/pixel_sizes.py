"""How good a network's segmentation is on pixels of other sizes than it was trained at.

    python benchmarks/pixel_sizes.py [--weights NAME]

A digital leg of phantom/1, 171 mm of it in slices of 3 mm, slices drawn every 54 mm: Dice on slices that nobody drew, mean
over the muscles, of the anchored network and of guided interpolation. The leg is scanned anew for each size of pixels.
"""

from __future__ import annotations

import argparse
import warnings
from functools import partial

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagator
from ifssnet.io.storage.weights import open_weights
from ifssnet.measurement.reference.compare import compare
from ifssnet.phantom.anatomy.labels import leg_labels
from ifssnet.phantom.anatomy.leg import as_leg
from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.anatomy.subject import draw_subject
from ifssnet.phantom.scanner.direct_volume import direct_volume
from ifssnet.propagate.methods import learned, method
from ifssnet.workflow.files.default_weights import find_weights
from ifssnet.workflow.leg.case import segment

PIXELS_MM = ((0.277, 0.277), (0.55, 0.55), (1.1, 1.1), (1.5, 1.5), (2.2, 2.2), (3.0, 3.0), (0.28, 1.1), (1.1, 0.28))
DRAWN = range(2, 57, 18)
SUBJECT = 7


def scanned(leg: ScannableLeg, x_mm: float, y_mm: float) -> tuple[Volume, LabelMap]:
    grid = Grid((57, round(90 / y_mm), round(120 / x_mm)), (x_mm, y_mm, 3.0), (-57 + x_mm / 2, -70 + y_mm / 2, 90.0))
    return drain(direct_volume(leg, grid, seed=SUBJECT)), leg_labels(leg, grid)


def dice(volume: Volume, truth: LabelMap, chosen: Propagator) -> float:
    masks = {value: {z: np.asarray(truth.array[z] == value) for z in DRAWN} for value in truth.names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = drain(segment(volume, Seeds(masks, truth.grid, truth.names), chosen))
    return compare(found.labels, truth, dict.fromkeys(truth.names.values(), DRAWN)).mean.dice


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="anchored")
    weights = open_weights(find_weights(parser.parse_args().weights, "anchored"))
    leg = as_leg(draw_subject(SUBJECT))
    legs = [scanned(leg, *pixels) for pixels in PIXELS_MM]
    methods = {
        "anchored network": partial(learned, "anchored", weights, "cpu"),
        "interpolation": partial(method, "shape-interpolation"),
    }
    sizes = [f"{x:g}" if x == y else f"{x:g} x {y:g}" for x, y in PIXELS_MM]
    print("| pixels, mm | " + " | ".join(sizes) + " |\n" + "|---" * (len(sizes) + 1) + "|")
    for name, build in methods.items():
        print(f"| {name} | " + " | ".join(f"{dice(*each, build()):.3f}".lstrip("0") for each in legs) + " |", flush=True)


if __name__ == "__main__":
    main()
