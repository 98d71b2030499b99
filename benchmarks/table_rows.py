"""The rows of the one table: each a piece of work, ours and as other packages do it, on the same digital leg."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from limits import Limits

import ifssnet
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.core.sweep import Sweep

SIZES = {"small": (96, 128), "quarter": (350, 256), "paper": (1400, 512)}
"""Slices, and pixels of a slice's side."""

PARTS = ("files", "measures", "compounding", "network", "commands")
"""The groups of rows."""

SPACING = (0.277, 0.277, 0.277)
MM = 1.0
"""How far apart surfaces may be that count as equal (NSD)."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: The work.
        ours: Does it.
        peers: Other packages, and other ways of ours, that do the same or nearly the same.
        limit_s: The least that the machine could take; None where nobody can say.
        limit: What that least is, in words.
        amount: How much there is to do, and its unit, where the table is to say what is done in a second.
        once: The work is long and starts a process of its own: no round goes ahead that does not count.
    """

    what: str
    ours: Callable[[], object]
    peers: dict[str, Callable[[], object]] = field(default_factory=dict[str, Callable[[], object]])
    limit_s: float | None = None
    limit: str = ""
    amount: tuple[float, str] | None = None
    once: bool = False


def rows(size: str, folder: Path, machine: Limits, parts: Sequence[str] = PARTS) -> Iterator[Row]:
    """All rows of these groups; files are written into a folder."""
    from bench_measure import leg as spindles

    slices, side = SIZES[size]
    found = spindles(slices, side, 0.0)
    grey = np.random.default_rng(0).integers(20, 60, found.array.shape, np.uint8)
    grey[found.array > 0] += 90
    volume = Volume(grey, Grid(grey.shape, SPACING))
    if "files" in parts:
        yield from files(volume, found, folder, machine)
    if "measures" in parts:
        yield from measures(found, spindles(slices, side, 3.0), machine)
    if "compounding" in parts:
        yield from compounding(slices, side, machine)
    if "network" in parts and find_spec("torch"):
        yield from network(side, machine)
    if "commands" in parts:
        yield from commands(folder / "leg", size)


def files(volume: Volume, labels: LabelMap, folder: Path, machine: Limits) -> Iterator[Row]:
    """Opening and writing, in the formats that others have as well."""
    least, words = machine.copying(volume.array.nbytes), "copying the voxels"
    for ending in (".mha", ".nii.gz", ".nrrd"):
        path, own = folder / f"volume{ending}", folder / f"own{ending}"
        ifssnet.save(volume, path, force=True)
        readers, writers = others(path, volume.array, folder)
        yield Row(f"open a volume, {ending}", lambda path=path: ifssnet.open_volume(path).array.max(), readers, least, words)
        yield Row(f"write a volume, {ending}", lambda own=own: ifssnet.save(volume, own, force=True), writers, least, words)
    path, own = folder / "labels.seg.nrrd", folder / "own.seg.nrrd"
    ifssnet.save(labels, path, force=True)
    readers, writers = others(path, labels.array, folder)
    yield Row("open a segmentation, .seg.nrrd", lambda path=path: ifssnet.open_labels(path).array.max(), readers, least, words)
    yield Row("write a segmentation, .seg.nrrd", lambda: ifssnet.save(labels, own, force=True), writers, least, words)


def others(path: Path, array: np.ndarray, folder: Path) -> tuple[dict[str, Callable[[], object]], ...]:
    """How other packages read this file, and write one like it."""
    readers: dict[str, Callable[[], object]] = {}
    writers: dict[str, Callable[[], object]] = {}
    target = str(folder / f"peer-{path.name}")
    packed = path.name.endswith(("gz", ".seg.nrrd"))
    if find_spec("SimpleITK"):
        import SimpleITK as sitk

        image: Any = sitk.GetImageFromArray(array)
        readers["SimpleITK"] = lambda: sitk.GetArrayFromImage(sitk.ReadImage(str(path))).max()
        writers["SimpleITK"] = lambda: sitk.WriteImage(image, target, packed)
    if find_spec("nibabel") and ".nii" in path.name:
        import nibabel as nib

        readers["nibabel"] = lambda: np.asarray(nib.load(path).dataobj).max()  # pyright: ignore
        writers["nibabel"] = lambda: nib.save(nib.Nifti1Image(array.T, np.eye(4)), target)  # pyright: ignore
    if find_spec("nrrd") and path.suffix == ".nrrd":
        import nrrd

        readers["pynrrd"] = lambda path=path: nrrd.read(str(path))[0].max()
        encoding = {"encoding": "gzip" if packed else "raw"}
        writers["pynrrd"] = lambda: nrrd.write(target, array, encoding, index_order="C")
    return readers, writers


def measures(found: LabelMap, truth: LabelMap, machine: Limits) -> Iterator[Row]:
    """Volumes, surfaces, overlap and distances."""
    from ifssnet.geometry.masks.distance import signed_distance

    least, words = machine.copying(found.array.nbytes), "reading the labels once"
    peers: dict[str, Callable[[], object]] = {}
    if find_spec("skimage"):
        peers["scikit-image, surfaces"] = lambda: marching(found)
    yield Row("measure three muscles", lambda: ifssnet.measure(found), peers, least / 2, words)
    peers = {"surface-distance": lambda: by_surface_distance(found, truth)} if find_spec("surface_distance") else {}
    yield Row("Dice, HD, HD95, ASD, NSD", lambda: ifssnet.compare(found, truth), peers, least, "reading both once")
    masks = [found.array[z] == 1 for z in range(0, found.grid.slices, 4)]
    peers = {}
    if find_spec("scipy"):
        from scipy import ndimage

        edt: Any = ndimage.distance_transform_edt
        peers["scipy"] = lambda: [edt(~mask) - edt(mask) for mask in masks]
    if find_spec("SimpleITK"):
        import SimpleITK as sitk

        peers["SimpleITK"] = lambda: [
            sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(sitk.GetImageFromArray(mask.astype(np.uint8)), False, False))
            for mask in masks
        ]
    bytes_ = sum(mask.size for mask in masks) * 5 / 2
    yield Row(
        "signed distances of slices",
        lambda: [signed_distance(mask, (1.0, 1.0)) for mask in masks],
        peers,
        machine.copying(bytes_),
        "a byte read and four written for each pixel",
    )


def marching(labels: LabelMap) -> None:
    from skimage.measure import marching_cubes, mesh_surface_area

    for value in labels.names:
        points, faces, *_ = marching_cubes(labels.array == value, 0.5, spacing=SPACING)
        mesh_surface_area(points, faces)


def by_surface_distance(found: LabelMap, truth: LabelMap) -> None:
    import surface_distance as others_way

    for value in truth.names:
        one, other = truth.array == value, found.array == value
        distances = others_way.compute_surface_distances(one, other, SPACING)
        for percent in (95, 100):
            others_way.compute_robust_hausdorff(distances, percent)
        others_way.compute_average_surface_distance(distances)
        others_way.compute_surface_dice_at_tolerance(distances, MM)
        others_way.compute_dice_coefficient(one, other)


def compounding(slices: int, side: int, machine: Limits) -> Iterator[Row]:
    """Frames into voxels, and holes between them."""
    from ifssnet.compounding.compound import compound_sweeps
    from ifssnet.compounding.holes.fill import fill_holes
    from ifssnet.compounding.holes.options import DistanceFilling
    from ifssnet.compounding.options import CompoundOptions

    frames = np.random.default_rng(0).integers(1, 256, (slices, side, side), np.uint8)
    poses = np.tile(np.diag([SPACING[0], SPACING[1], 1.0, 1.0]), (slices, 1, 1))
    poses[:, 2, 3] = SPACING[2] * np.arange(slices)
    sweep = Sweep(frames, poses, np.arange(slices) / 30, SPACING[:2], np.ones(slices, dtype=bool))
    least, words = machine.copying(frames.nbytes * 5 / 2), "a byte read and four written for each pixel"
    for interpolation in ("nearest", "linear"):
        options = CompoundOptions(interpolation=interpolation)
        done = drain(compound_sweeps([sweep], options))
        yield Row(
            f"compound, {interpolation}",
            lambda options=options: drain(compound_sweeps([sweep], options)),
            {},
            least,
            words,
            (done.plan.pixels / 1e6, "Mpixel/s"),
        )
    seen = drain(compound_sweeps([sweep], CompoundOptions(skip_interval=3)))
    array, empty = seen.volume.array, seen.weights == 0
    peers: dict[str, Callable[[], object]] = {}
    if find_spec("scipy"):
        from scipy import ndimage

        edt: Any = ndimage.distance_transform_edt

        def nearest() -> object:
            distance, at = edt(empty, return_indices=True)
            return np.where(empty & (distance <= 3), array[tuple(at)], array)

        peers["scipy, nearest"] = nearest
    yield Row(
        "fill holes by distance",
        lambda: drain(fill_holes(array, seen.weights, [DistanceFilling(1.0)], seen.volume.grid)),
        peers,
        machine.copying(array.nbytes),
        "copying the voxels",
        (array.size / 1e6, "Mvoxel/s"),
    )


def network(side: int, machine: Limits) -> Iterator[Row]:
    """A window of the paper's network, with random weights: time does not depend on them."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from ifssnet.nn.engines.compiled import Compiled
    from ifssnet.nn.networks.ifss_net import IFSSNet
    from ifssnet.nn.networks.ifss_net_config import IFSSNetConfig
    from ifssnet.nn.networks.ifss_net_graph import window_graph
    from ifssnet.nn.networks.literal import literal

    config = IFSSNetConfig(blocks="light")
    torch.manual_seed(0)
    plain = IFSSNet(config).eval()
    graph = window_graph(config, {name: tensor.numpy().copy() for name, tensor in plain.state_dict().items()})
    random = np.random.default_rng(0)
    image = random.normal(size=(1, 1, config.window, side, side)).astype(np.float32)
    mask = random.random((1, 1, config.window, side, side), dtype=np.float32)
    state = [np.zeros((1, config.widths[-1], side // config.multiple, side // config.multiple), np.float32)] * 2
    engines = [name for name in ("onnxruntime", "openvino") if find_spec(name)]
    if not engines:
        return

    def by_torch(which: Any) -> object:
        with torch.inference_mode():
            return which(torch.as_tensor(image), torch.as_tensor(mask))

    as_written = literal(plain)
    ways: dict[str, Callable[[], object]] = {
        name: partial(Compiled(graph, name).run, [image, mask, *state]) for name in engines
    }
    first, *rest = ways
    peers = {name: ways[name] for name in rest} | {
        "torch": lambda: by_torch(plain),
        "as written": lambda: by_torch(as_written),
    }
    with FlopCounterMode(display=False) as counted:
        by_torch(plain)
    yield Row(
        f"the paper's network, {first}",
        ways[first],
        peers,
        counted.get_total_flops() / machine.sgemm_gflops / 1e9,
        "matrix products of torch's convolutions",
    )


def commands(folder: Path, size: str) -> Iterator[Row]:
    """Whole commands, from files to files, each in a process of its own."""
    from full_size_leg import full_size_leg

    slices, side = SIZES[size]
    volume, seeds = full_size_leg(folder, side, slices)
    ways = {"guided": ["--method", "shape-interpolation"], "plain": ["--method", "shape-interpolation", "--plain"]}
    networks = {engine: ["--method", "anchored", "--engine", engine] for engine in ("onnxruntime", "openvino", "torch")}
    networks = {engine: words for engine, words in networks.items() if find_spec(engine)}

    def segment(words: list[str]) -> Callable[[], object]:
        def run() -> None:
            with tempfile.TemporaryDirectory() as place:
                ifss("segment", volume, "--seeds", seeds, "-o", f"{place}/found.seg.nrrd", "--quiet", *words)

        return run

    yield Row("ifss segment, guided", segment(ways["guided"]), {"plain": segment(ways["plain"])}, once=True)
    if networks:
        first, *rest = networks
        peers = {engine: segment(networks[engine]) for engine in rest}
        yield Row(f"ifss segment, default network, {first}", segment(networks[first]), peers, once=True)
    found = folder / "found.seg.nrrd"
    ifss("segment", volume, "--seeds", seeds, "-o", found, "--quiet", "--force", *ways["guided"])
    yield Row("ifss measure", lambda: ifss("measure", found, "--volume", volume, "--quiet"), once=True)


def ifss(*words: object) -> None:
    """Run the command as a user does."""
    subprocess.run([sys.executable, "-m", "ifssnet", *map(str, words)], check=True, stdout=subprocess.DEVNULL)
