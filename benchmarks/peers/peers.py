"""Other packages' methods beside ours, on the same digital test legs with the same drawn slices.

    python benchmarks/peers/peers.py COHORT [--legs 3] [--every-mm 27.7 | --every-slices 100] [--consecutive 1]
        [--split test] [--out FOLDER] [--slicer PYTHON] [--itk PYTHON] [--biomedisa PYTHON] [--nnunet PYTHON] [--only WORDS ...]

COHORT is one of `ifss phantom cohort`. Every muscle is drawn on the same slices, perfectly. Each peer runs from its published
package in an environment of its own, which is never one of ours: make it from the locked versions beside this file, and give
its interpreter.

    python -m venv slicer && slicer/bin/pip install -r benchmarks/peers/slicer.txt
    python benchmarks/peers/peers.py cohort --slicer slicer/bin/python

- `--slicer` (slicer-core): "Fill between slices" and "Grow from seeds" of 3D Slicer itself. Growing is given what was not drawn
  on the drawn slices as background. Where several slices in a row are drawn, 3D Slicer overlooks most of them; so a second
  filling is given their middle ones alone.
- `--itk`: ITK's morphological contour interpolator as its package sets it.
- `--biomedisa`: its interpolation by random walks, on the processor by way of OpenCL.
- `--nnunet`: nnU-Net 2d, trained on the drawn slices of all legs at once; `--nnunet-minutes` bounds its training.
  It has not been run to its end yet.
- Watershed is SimpleITK's filter from the same markers, as 3D Slicer's extension SegmentEditorExtraEffects calls it.

A peer without an interpreter, and one that fails, is named with the reason. Numbers are mean and SD over legs, each the mean of
its muscles: Dice, IoU, HD, HD95 and ASD on slices that nobody drew, the absolute error of whole volumes, minutes of wall time
with the start of the process. The paper's Table I has the same columns. Results go to OUT/peers.json, the table to standard
output.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import ifssnet
from ifssnet.core.images import LabelMap
from ifssnet.core.machine.description import machine
from ifssnet.core.seeds import Seeds
from ifssnet.io.seeds.seed_files import save_seeds
from ifssnet.measurement.reference.compare import compare

HERE = Path(__file__).resolve().parent
COLUMNS = {
    "dice": "Dice",
    "iou": "IoU",
    "hausdorff_mm": "HD mm",
    "hausdorff95_mm": "HD95 mm",
    "asd_mm": "ASD mm",
    "volume_error_percent": "volume error %",
    "minutes": "min",
}


@dataclass(frozen=True)
class Peer:
    """A method that is measured.

    Attributes:
        name: As in the table.
        command: What makes OUT from VOLUME, SEEDS and FOLDER, which stand for paths; None for a peer of another environment.
        environment: The option that names its interpreter; empty for what runs in this one.
        script: The peer's script beside this file.
        words: What the script is told.
    """

    name: str
    command: tuple[str, ...] | None = None
    environment: str = ""
    script: str = ""
    words: tuple[str, ...] = ()


def ours(name: str, *words: str) -> Peer:
    return Peer(name, (sys.executable, "-m", "ifssnet", "segment", "VOLUME", "--seeds", "SEEDS", "-o", "OUT", *words))


PEERS = (
    Peer("3D Slicer, fill between slices", None, "slicer", "slicer_filters.py", ("fill",)),
    Peer("3D Slicer, fill between slices, middle slices", None, "slicer", "slicer_filters.py", ("fill-middle",)),
    Peer("3D Slicer, grow from seeds", None, "slicer", "slicer_filters.py", ("grow",)),
    Peer("SimpleITK, watershed", (sys.executable, str(HERE / "simpleitk_watershed.py"), "FOLDER")),
    Peer("ITK, contour interpolation", None, "itk", "itk_filter.py"),
    Peer("Biomedisa, smart interpolation", None, "biomedisa", "biomedisa_walks.py"),
    Peer("nnU-Net 2d, drawn slices", None, "nnunet", "nnunet_2d.py"),
    ours("ours, fill-between-slices", "--method", "fill-between-slices", "--set", "overlap=last"),
    ours("ours, grow-from-seeds as 3D Slicer", "--method", "grow-from-seeds", "--set", "as_slicer=true"),
    ours("ours, grow-from-seeds", "--method", "grow-from-seeds"),
    ours("ours, watershed", "--method", "watershed"),
    ours("ours, guided interpolation", "--method", "shape-interpolation"),
    ours("ours, the default network", "--method", "anchored"),
)


@dataclass(frozen=True, eq=False)
class Leg:
    """A leg with what was drawn on it, and its folder for the peers."""

    name: str
    volume: Path
    truth: LabelMap
    seeds: Seeds
    folder: Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--legs", type=int, default=3)
    parser.add_argument("--split", default="test")
    apart = parser.add_mutually_exclusive_group()
    apart.add_argument("--every-mm", type=float, default=27.7, help="from the start of a group of drawn slices to the next")
    apart.add_argument("--every-slices", type=int, help="the same in slices: 100 with --consecutive 3 in the paper's protocol")
    parser.add_argument("--consecutive", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("out/peers"))
    parser.add_argument("--only", nargs="+", default=[], help="methods with one of these words alone")
    parser.add_argument("--nnunet-minutes", type=float, default=10.0)
    for name in ("slicer", "itk", "biomedisa", "nnunet"):
        parser.add_argument(f"--{name}", help="the interpreter of its environment")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    legs = list(prepared(chosen.cohort / chosen.split, chosen))
    drawn = sum(mask.any() for leg in legs for masks in leg.seeds.masks.values() for mask in masks.values()) / len(legs)
    shares = [100 * len(leg.seeds.annotated_slices) / leg.truth.grid.slices for leg in legs]
    about = {
        "machine": asdict(machine()),
        "legs": [leg.name for leg in legs],
        "size_zyx": legs[0].truth.grid.shape_zyx,
        "every": f"{chosen.every_slices} slices" if chosen.every_slices else f"{chosen.every_mm} mm",
        "consecutive": chosen.consecutive,
        "outlines_per_leg": round(float(drawn), 1),
        "drawn_slices_percent": round(statistics.mean(shares), 2),
    }
    found: dict[str, list[dict[str, float]]] = {}
    absent: dict[str, str] = {}
    for peer in PEERS:
        if chosen.only and not any(word in peer.name for word in chosen.only):
            continue
        if peer.name.endswith("middle slices") and chosen.consecutive == 1:
            continue
        interpreter = getattr(chosen, peer.environment) if peer.environment else ""
        if interpreter is None:
            absent[peer.name] = f"left out, as --{peer.environment} was not given"
            continue
        try:
            if peer.environment == "nnunet":
                trained = [str(interpreter), str(HERE / peer.script), "train", str(chosen.out), str(chosen.nnunet_minutes)]
                call([*trained, *(str(leg.folder) for leg in legs)])
            found[peer.name] = [measured(peer, interpreter, leg) for leg in legs]
        except subprocess.CalledProcessError as error:
            said = (error.stderr or "").strip().splitlines()
            absent[peer.name] = f"failed: {said[-1] if said else f'it ended with {error.returncode}'}"
        # Written after each method: what was measured stays where a later one is stopped.
        text = json.dumps({"about": about, "legs": found, "absent": absent}, indent=1)
        (chosen.out / "peers.json").write_text(text + "\n", encoding="utf-8")
        print(peer.name, absent.get(peer.name, "done"), file=sys.stderr, flush=True)
    print(table(found, absent, about))


def prepared(split: Path, chosen: argparse.Namespace) -> Iterator[Leg]:
    """The first legs of a split, drawn on and laid out for the peers."""
    for person in sorted(path for path in split.iterdir() if path.is_dir())[: chosen.legs]:
        truth = ifssnet.open_labels(person / "masksX1.mha")
        seeds = drawn_seeds(truth, chosen.every_slices or slices_in(truth, chosen.every_mm), chosen.consecutive)
        folder = chosen.out / "legs" / person.name
        folder.mkdir(parents=True, exist_ok=True)
        save_seeds(seeds, folder / "seeds.seg.nrrd", force=True)
        labels = np.zeros(truth.array.shape, np.uint8)
        for label, masks in seeds.masks.items():
            for z, mask in masks.items():
                labels[z][mask] = label
        np.save(folder / "labels.npy", labels)
        np.save(folder / "volume.npy", ifssnet.open_volume(person / "x1.mha").array)
        job = {
            "spacing_zyx_mm": truth.grid.spacing_zyx_mm,
            "drawn_slices": seeds.annotated_slices,
            "muscles": sorted(seeds.labels),
            "background": max(seeds.labels) + 1,
        }
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        yield Leg(person.name, person / "x1.mha", truth, seeds, folder)


def slices_in(truth: LabelMap, every_mm: float) -> int:
    """As many slices as cover a length."""
    return int(np.ceil(every_mm / truth.grid.spacing_zyx_mm[0]))


def drawn_seeds(truth: LabelMap, every_slices: int, consecutive: int) -> Seeds:
    """Every muscle on the same slices: groups from the first slice with a muscle to the last, and the last one."""
    present = np.flatnonzero((truth.array > 0).any(axis=(1, 2)))
    first, last = int(present[0]), int(present[-1])
    step = max(consecutive + 1, every_slices)
    at = sorted({z for start in range(first, last, step) for z in range(start, min(start + consecutive, last))} | {last})
    masks = {label: {z: truth.array[z] == label for z in at} for label in truth.names}
    return Seeds(masks, truth.grid, truth.names)


def measured(peer: Peer, interpreter: str, leg: Leg) -> dict[str, float]:
    """One leg by one method: what it is worth, and its minutes."""
    began = time.perf_counter()
    if peer.environment:
        call([interpreter, str(HERE / peer.script), *peer.words, str(leg.folder)])
    else:
        assert peer.command is not None
        paths = {
            "VOLUME": str(leg.volume),
            "SEEDS": str(leg.folder / "seeds.seg.nrrd"),
            "OUT": str(leg.folder / "found.seg.nrrd"),
            "FOLDER": str(leg.folder),
        }
        ifss = ["--force", "--quiet"] if "OUT" in peer.command else []
        call([*(paths.get(word, word) for word in peer.command), *ifss])
    minutes = (time.perf_counter() - began) / 60
    if peer.command is not None and "OUT" in peer.command:
        array = ifssnet.open_labels(leg.folder / "found.seg.nrrd").array.copy()
    else:
        array = np.load(leg.folder / "found.npy")
    return scores(leg, array) | {"minutes": minutes}


def call(words: list[str]) -> None:
    """Run to the end; what it said is in the error."""
    subprocess.run(words, check=True, capture_output=True, text=True, encoding="utf-8", errors="replace")


def scores(leg: Leg, array: np.ndarray) -> dict[str, float]:
    """Means over the muscles; the drawn slices hold what was drawn."""
    array = np.where(np.isin(array, list(leg.truth.names)), array, 0).astype(leg.truth.array.dtype)
    for z in leg.seeds.annotated_slices:
        array[z] = leg.truth.array[z]
    found = replace(leg.truth, array=array)
    unseen = compare(found, leg.truth, without=dict.fromkeys(leg.truth.names.values(), leg.seeds.annotated_slices)).muscles
    whole = compare(found, leg.truth).muscles
    values: Mapping[str, list[float]] = {
        "dice": [each.dice for each in unseen.values()],
        "iou": [each.iou for each in unseen.values()],
        "hausdorff_mm": [each.hausdorff_mm for each in unseen.values()],
        "hausdorff95_mm": [each.hausdorff95_mm for each in unseen.values()],
        "asd_mm": [each.asd_mm for each in unseen.values()],
        "volume_error_percent": [abs(each.volume_error_percent) for each in whole.values()],
    }
    return {name: statistics.mean(numbers) for name, numbers in values.items()}


def table(found: Mapping[str, list[dict[str, float]]], absent: Mapping[str, str], about: Mapping[str, Any]) -> str:
    """Markdown: a row for each method, mean and SD over legs, and what could not run."""
    size = " x ".join(map(str, about["size_zyx"]))
    rows, share = about["consecutive"], about["drawn_slices_percent"]
    drawn = f"{rows} in a row: {about['outlines_per_leg']} outlines, {share} % of the slices"
    lines = [
        f"{len(about['legs'])} digital legs of {size} voxels, drawn every {about['every']}, {drawn}.",
        "",
        "| method | " + " | ".join(COLUMNS.values()) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for name, legs in found.items():
        cells = [cell([leg[column] for leg in legs], 3 if column in ("dice", "iou") else 2) for column in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *(f"- {name}: {why}" for name, why in absent.items())])


def cell(numbers: list[float], digits: int) -> str:
    spread = f" ± {statistics.stdev(numbers):.{digits}f}" if len(numbers) > 1 else ""
    return f"{statistics.mean(numbers):.{digits}f}{spread}"


if __name__ == "__main__":
    main()
