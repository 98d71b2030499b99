"""Where recurrent propagation loses: the figures of docs/experiments/first-round.md that `ifss evaluate` does not print.

    python benchmarks/recurrent_look.py drift COHORT --legs 2                       (holding the last mask)
    python benchmarks/recurrent_look.py drift COHORT RUN/last.safetensors --legs 2
    python benchmarks/recurrent_look.py step COHORT RUN/last.safetensors --legs 2

`drift`: Dice by the distance from the last given slice, on the 600 slices about the middle of each validation leg's muscles,
three slices given every 27.7 mm and at both ends of the stretch. `step`: Dice after one window whose mask is true, so many
of the network's slices back, on twelve places of each muscle, beside what holding that mask gives.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from ifssnet.cli.settings import given as settings_of
from ifssnet.core.cohort import VAL
from ifssnet.core.progress import drain
from ifssnet.core.segmentation import Propagator
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.storage.weights import open_weights
from ifssnet.nn.networks.ifss_net import IFSSNet
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.baselines.hold import Hold
from ifssnet.propagate.network_input.region import crop, normalised, region_of, slice_step
from ifssnet.propagate.recurrent.ifss_net import IFSSNetStepper, window_logit
from ifssnet.propagate.recurrent.ifss_net_method import from_weights
from ifssnet.propagate.recurrent.method import Recurrent
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.train.data.leg import LabelledLeg, load_legs
from ifssnet.train.loop.validation import middle

AWAY = ((1, 10), (10, 30), (30, 50), (50, 75), (75, 101), (1, 101))
STEPS_BACK = (3, 6, 12, 24)
PLACES = 12


def dice(found: np.ndarray, true: np.ndarray) -> float:
    return 2 * float((found & true).sum()) / max(1, int(found.sum()) + int(true.sum()))


def drift(method: Propagator, leg: LabelledLeg) -> list[list[float]]:
    """By muscle, Dice at each of the distances."""
    _, volume, labels = middle(leg, 600)
    seeds = sample_seeds(labels, consecutive=3, every_mm=27.7, ends=True)
    found = drain(assemble(method.prepare(volume, seeds).steps(), seeds)).labels.array
    rows: list[list[float]] = []
    for label in seeds.labels:
        drawn = np.array(seeds.slices(label))
        last = np.searchsorted(drawn, np.arange(len(found)), side="right") - 1
        away = np.where(last >= 0, np.arange(len(found)) - drawn[last], -1)
        within = [(away >= low) & (away < high) for low, high in AWAY]
        rows.append([dice(found[part] == label, labels.array[part] == label) for part in within])
    return rows


@torch.inference_mode()
def one_look(network: IFSSNet, method: Recurrent, image: np.ndarray, given: np.ndarray, back: int) -> np.ndarray:
    seen, masks = (torch.from_numpy(np.ascontiguousarray(planes))[None] for planes in (image, given))
    logit, _ = window_logit(network, seen, masks, None, str(method.facts["output"]), 3, float(back))
    return torch.sigmoid(logit)[0].numpy()


def step(legs: tuple[LabelledLeg, ...], weights: Path) -> None:
    method = from_weights(open_weights(weights, "ifss-net"))
    assert isinstance(method.stepper, IFSSNetStepper)
    network = method.stepper.network.eval()
    rng = np.random.default_rng(0)
    for back in STEPS_BACK:
        rows: list[tuple[float, float]] = []
        for leg in legs:
            grid, every = leg.volume.grid, slice_step(leg.volume.grid, method.sampling)
            for label in leg.labels.names:
                present = np.flatnonzero((leg.labels.array == label).any(axis=(1, 2)))
                room = back * every + 20
                for z in rng.choice(present[room:-room], PLACES):
                    now = z + every * np.arange(3)
                    before = now - back * every
                    masks = {int(k): leg.labels.array[k] == label for k in (*now, *before)}
                    region = region_of(masks, grid, method.sampling)
                    given, true = (crop(leg.labels.array[at] == label, region) for at in (before, now))
                    image = normalised(crop(leg.volume.array[now], region), method.sampling)
                    found = one_look(network, method, image, given, back)
                    held = np.repeat(given[2:], 3, axis=0)
                    rows.append((dice(held > 0.5, true > 0.5), dice(found > 0.5, true > 0.5)))
        held, found = np.mean(rows, axis=0)
        print(f"{back} network slices back: held {held:.3f}, network {found:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=("drift", "step"))
    parser.add_argument("cohort", type=Path)
    parser.add_argument("weights", type=Path, nargs="?")
    parser.add_argument("--legs", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of RecurrentInference")
    asked = parser.parse_args()
    torch.set_num_threads(2)
    legs = load_legs(open_cohort(asked.cohort), VAL, None, asked.legs)
    if asked.job == "step":
        step(legs, asked.weights)
        return
    methods: dict[str, Propagator] = {"hold": Hold()}
    if asked.weights is not None:
        weights = open_weights(asked.weights, "ifss-net")
        methods = {way: from_weights(weights, direction=way, **settings_of(asked.set)) for way in ("forward", "both")}
    print("slices from the last given one:", *(f"{low}-{high - 1}" for low, high in AWAY))
    for name, method in methods.items():
        print(name, np.mean([drift(method, leg) for leg in legs], axis=(0, 1)).round(3))


if __name__ == "__main__":
    main()
