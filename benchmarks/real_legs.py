"""Propagation without the image on real anatomy: the table of docs/experiments/real-legs.md.

Three legs, three muscles, annotated as the paper does (three consecutive slices, then a gap), by perfect and by unsteady
hands. Every run is kept in a file beside the table, so that an interrupted one goes on where it stopped.

    python benchmarks/real_legs.py [--data ../shared/data] [--spacing 0.5] [--out out/real_legs]

Takes about half an hour on one core; `--quick` runs the narrowest gap with perfect seeds only.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ifssnet.core.images import LabelMap
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.surfaces.voxelise import voxelise
from ifssnet.io.plain_data import plain_table
from ifssnet.io.result_tables import agreement_table
from ifssnet.io.volumes.surfaces import read_surfaces
from ifssnet.measurement.reference.compare import compare
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.methods import method
from ifssnet.propagate.seeding.seed_sampling import sample_seeds

LEGS = {"VHF left": "VHF_surfaces/Left", "VHF right": "VHF_surfaces/Right", "VHM left": "VHM_surfaces/Left"}
MUSCLES = ("SOL", "GM", "GL")
GAPS_MM = (27.7, 55.4, 110.8)
NOISES_MM = (0.0, 0.5, 1.0)
METHODS = {
    "guided": ("shape-interpolation", {}),
    "plain": ("shape-interpolation", {"plain": True}),
    "zero-order": ("zero-order", {}),
    "fill-between-slices": ("fill-between-slices", {}),
    "fill-by-distances": ("fill-between-slices", {"distance_transform": True}),
}
NOISE_SEED = 7


@dataclass(frozen=True)
class Run:
    leg: str
    gap_mm: float
    noise_mm: float
    method: str

    @property
    def key(self) -> str:
        return f"{self.leg} | {self.gap_mm} | {self.noise_mm} | {self.method}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("IFSSNET_DATA", "../shared/data")))
    parser.add_argument("--spacing", type=float, default=0.5, help="mm")
    parser.add_argument("--out", type=Path, default=Path("out/real_legs"))
    parser.add_argument("--methods", default="", help="some of the table's, commas between; all of them otherwise")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    kept = chosen.out / f"runs_{chosen.spacing:g}mm.json"
    done = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    gaps, noises = (GAPS_MM[:1], NOISES_MM[:1]) if chosen.quick else (GAPS_MM, NOISES_MM)
    methods = [name for name in METHODS if not chosen.methods or name in chosen.methods.split(",")]
    for leg, folder in LEGS.items():
        wanted = [run for run in runs(leg, gaps, noises, methods) if run.key not in done]
        if not wanted:
            continue
        truth = voxelise(read_surfaces(chosen.data / "legs" / folder, MUSCLES), (chosen.spacing,) * 3)
        for run in wanted:
            done[run.key] = measured(run, truth)
            partial = kept.with_suffix(".part")
            partial.write_text(json.dumps(done, indent=1), encoding="utf-8")
            partial.replace(kept)
            print(run.key, f"{done[run.key]['seconds']:.1f} s", flush=True)
    text = table(done, gaps, noises, methods)
    (chosen.out / "table.md").write_text(text, encoding="utf-8")
    print(text)


def runs(leg: str, gaps: tuple[float, ...], noises: tuple[float, ...], methods: list[str]) -> Iterator[Run]:
    for noise_mm in noises:
        for gap_mm in gaps:
            for name in methods:
                yield Run(leg, gap_mm, noise_mm, name)


def measured(run: Run, truth: LabelMap) -> dict[str, object]:
    seeds = sample_seeds(truth, consecutive=3, every_mm=run.gap_mm, noise_mm=run.noise_mm, seed=NOISE_SEED)
    known, settings = METHODS[run.method]
    propagator = method(known, **settings)
    start = time.perf_counter()
    found = drain(assemble(propagator.prepare(None, seeds).steps(), seeds)).labels
    seconds = time.perf_counter() - start
    overall = plain_table(agreement_table(compare(found, truth))["muscles"])
    unseen = compare(found, truth, without=annotated(seeds)).muscles
    for name, numbers in overall.items():
        numbers["dice_unseen"] = unseen[name].dice
    return {"seconds": seconds, "muscles": overall}


def annotated(seeds: Seeds) -> dict[str, tuple[int, ...]]:
    return {seeds.name(label): seeds.slices(label) for label in seeds.labels}


def table(done: dict, gaps: tuple[float, ...], noises: tuple[float, ...], methods: list[str]) -> str:
    """Means over the legs: Dice and volume error for each muscle, everything for the mean of the muscles."""
    lines = [
        "| noise mm | gap mm | method | Dice SOL / GM / GL | Dice | on slices not annotated | HD mm | HD95 mm | ASD mm "
        "| volume error % SOL / GM / GL | signed % | absolute % |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for noise_mm in noises:
        for gap_mm in gaps:
            for name in methods:
                own = [done.get(Run(leg, gap_mm, noise_mm, name).key) for leg in LEGS]
                if None not in own:
                    lines.append(row(noise_mm, gap_mm, name, [run["muscles"] for run in own]))
    return "\n".join(lines) + "\n"


def row(noise_mm: float, gap_mm: float, name: str, legs: list[dict]) -> str:
    def values(quantity: str) -> np.ndarray:
        found = [[leg[muscle][quantity] for muscle in MUSCLES] for leg in legs]
        return np.array([[np.inf if value is None else value for value in line] for line in found], dtype=float)

    def three(array: np.ndarray, digits: int) -> str:
        return " / ".join(f"{value:.{digits}f}".replace("0.", ".", 1 if digits == 3 else 0) for value in array.mean(axis=0))

    dice, error = values("dice"), values("volume_error_percent")
    cells = (
        f"{noise_mm:g}",
        f"{gap_mm:g}",
        name,
        three(dice, 3),
        f"{dice.mean():.4f}",
        f"{values('dice_unseen').mean():.4f}",
        f"{values('hausdorff_mm').mean():.2f}",
        f"{values('hausdorff95_mm').mean():.2f}",
        f"{values('asd_mm').mean():.3f}",
        three(np.abs(error), 2),
        f"{error.mean():+.2f}",
        f"{np.abs(error).mean():.2f}",
    )
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
