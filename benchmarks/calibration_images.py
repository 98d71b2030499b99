"""Images: speckle, borders, grey levels, attenuation; scan against direct; pictures."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from calibration_people import people
from PIL import Image
from scipy.ndimage import binary_dilation, distance_transform_edt

from ifssnet.core.images import LabelMap
from ifssnet.core.progress import drain
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.tissue import Tissue
from ifssnet.phantom.anatomy.view import frames_view
from ifssnet.phantom.scanner.acquisition import SIZES, Acquisition, acquire
from ifssnet.phantom.scanner.beam import envelope
from ifssnet.phantom.scanner.bmode import Scatterers
from ifssnet.phantom.scanner.probe import FWHM, Probe

BORDERS = ((1, 2, "SOL-GM"), (1, 3, "SOL-GL"), (2, 3, "GM-GL"))


def half_width(correlation: np.ndarray) -> float:
    """Full width at half maximum of an autocorrelation that is 1 at lag 0, between lags by its logarithm."""
    below = int(np.argmax(correlation < 0.5))
    a, b = np.log(correlation[below - 1]), np.log(max(correlation[below], 1e-6))
    squares = (below - 1) ** 2, below**2
    return 2.0 * float(np.sqrt(squares[0] + (squares[1] - squares[0]) * (a - np.log(0.5)) / (a - b)))


def autocorrelation(values: np.ndarray, axis: int, lags: int = 12) -> np.ndarray:
    """Of values about their mean, along an axis."""
    v = np.moveaxis(values - values.mean(), axis, 0)
    return np.array([(v[: len(v) - lag] * v[lag:]).mean() for lag in range(lags)]) / (v**2).mean()


def speckle() -> None:
    """Homogeneous tissue, the paper's probe, before compression."""
    probe = Probe()
    view = frames_view(np.repeat(np.diag([probe.pixel_mm, probe.pixel_mm, 1.0, 1.0])[None], 24, axis=0), probe.shape_vu)
    white = Scatterers(np.random.default_rng(1), probe.shape_vu, 100.0, probe.elevation_mm).draw(24)
    image = envelope(white, view, probe)
    row = round(probe.focus_mm / probe.pixel_mm)
    focus = image[:, row - 40 : row + 40, 20:-20]
    intensity = focus.astype(float) ** 2
    print(f"speckle: envelope mean/SD {focus.mean() / focus.std():.3f} (fully developed: 1.913)")
    lateral = FWHM * float(probe.lateral_sd_mm(np.array([probe.focus_mm]))[0])
    for axis, name, expected in ((1, "axial", FWHM * probe.axial_sd_mm), (2, "lateral", lateral)):
        found = half_width(autocorrelation(intensity, axis)) * probe.pixel_mm
        print(f"speckle {name}: autocorrelation FWHM {found:.3f} mm, point spread function {expected:.3f} mm")


def border_contrast(recorded: Acquisition, a: int, b: int) -> np.ndarray:
    """Contrast-to-noise of a border's stretches of about 8 mm: line against both sides, over the sides' SD."""
    labels, grey = recorded.truth, recorded.volume.array.astype(float)
    pixel = labels.grid.spacing_xyz_mm[0]
    found: list[float] = []
    for z in range(0, labels.grid.slices, max(1, round(8.0 / labels.grid.spacing_xyz_mm[2]))):
        plane, image = labels.array[z], grey[z]
        line = (plane == a) & binary_dilation(plane == b) | (plane == b) & binary_dilation(plane == a)
        if np.count_nonzero(line) < 8:
            continue
        away = distance_transform_edt(~line) * pixel
        side = ((plane == a) | (plane == b)) & (away > 2.0) & (away < 5.0)
        v, u = np.nonzero(line)
        for block in {(int(y * pixel // 8), int(x * pixel // 8)) for y, x in zip(v, u, strict=True)}:
            near = (v * pixel // 8 == block[0]) & (u * pixel // 8 == block[1])
            if near.sum() < 5:
                continue
            y, x = int(v[near].mean()), int(u[near].mean())
            reach = round(8.0 / pixel)
            window = np.s_[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach]
            beside = image[window][side[window]]
            if len(beside) > 15 and beside.std() > 1:
                found.append((image[v[near], u[near]].mean() - beside.mean()) / beside.std())
    return np.array(found)


def images(asked: argparse.Namespace) -> None:
    speckle()
    for subject in people(asked):
        leg = build_leg(subject)
        began = time.perf_counter()
        recorded = drain(acquire(leg, SIZES["quarter"], "direct", 1, subject.seed))
        took = time.perf_counter() - began
        grey, labels = recorded.volume.array, recorded.truth.array
        levels = {name: (grey[labels == v].mean(), grey[labels == v].std()) for v, name in recorded.truth.names.items()}
        print(f"subject {subject.seed} ({took:.0f} s): volume {grey.mean():.1f} SD {grey.std():.1f} (LEG-3D-US 19.0 SD 34.2)")
        print("   grey", {name: (round(float(m), 1), round(float(s), 1)) for name, (m, s) in levels.items()})
        for a, b, name in BORDERS:
            cnr = border_contrast(recorded, a, b)
            if len(cnr):
                quartiles = np.quantile(cnr, [0.25, 0.5, 0.75])
                print(f"   {name}: contrast to noise {cnr.mean():.2f} SD {cnr.std():.2f}, quartiles {quartiles},", end=" ")
                print(f"invisible (below 0.5) {np.mean(cnr < 0.5):.0%} of {len(cnr)} stretches")
        if asked.pictures is not None:
            picture(recorded, asked.pictures / f"quarter-{subject.seed}.png")
    depth_profile(leg)


def depth_profile(leg: object) -> None:
    """Mean grey level of muscle by depth under the skin, and behind bone, from frames of the middle of the leg."""
    from dataclasses import replace

    from ifssnet.phantom.scanner.protocol import PAPER
    from ifssnet.phantom.scanner.sweep import scan, scan_labels

    settings = replace(PAPER.without_errors(), from_mm=150.0, to_mm=170.0, frame_step_mm=2.0, sweeps=3)
    sweeps = drain(scan(leg, settings, 1))  # type: ignore[arg-type]
    sums: dict[str, list[np.ndarray]] = {"muscle": [], "behind bone": []}
    for sweep, truth in zip(sweeps, scan_labels(leg, sweeps), strict=True):  # type: ignore[arg-type]
        codes, grey = truth.frames, sweep.frames.astype(float)
        skin = np.argmax(codes > 0, axis=1)
        depth = (np.arange(codes.shape[1])[None, :, None] - skin[:, None, :]) * settings.probe.pixel_mm
        bone = np.maximum.accumulate((codes == Tissue.TIBIA) | (codes == Tissue.FIBULA), axis=1)
        for name, mask in (("muscle", (codes >= 1) & (codes <= 3) & ~bone), ("behind bone", bone & (depth > 0))):
            bins = np.clip((depth[mask] // 10).astype(int), 0, 9)
            total = np.bincount(bins, grey[mask], 10), np.bincount(bins, minlength=10)
            sums[name].append(np.stack(total))
    for name, parts in sums.items():
        total = np.sum(parts, axis=0)
        print(
            f"grey of {name} by depth under the skin, per cm:",
            np.where(total[1] > 50, total[0] / np.maximum(total[1], 1), np.nan).round(0),
        )


def ways(asked: argparse.Namespace) -> None:
    for subject in people(asked):
        leg = build_leg(subject)
        both: dict[str, Acquisition] = {}
        for via in ("scan", "direct"):
            began = time.perf_counter()
            both[via] = drain(acquire(leg, SIZES["quarter"], via, 1, subject.seed))  # type: ignore[arg-type]
            print(f"subject {subject.seed} {via}: {time.perf_counter() - began:.0f} s")
        for via, recorded in both.items():
            grey, labels = recorded.volume.array, recorded.truth
            print(f"  {via}: volume {grey.mean():.1f} SD {grey.std():.1f};", levels_of(grey, labels), sizes(recorded))
            for a, b, name in BORDERS:
                cnr = border_contrast(recorded, a, b)
                print(f"     {name}: {cnr.mean():.2f} SD {cnr.std():.2f}, invisible {np.mean(cnr < 0.5):.0%}")
        if asked.pictures is not None:
            for via, recorded in both.items():
                picture(recorded, asked.pictures / f"{via}-{subject.seed}.png")


def levels_of(grey: np.ndarray, labels: LabelMap) -> str:
    return " ".join(
        f"{name} {grey[labels.array == v].mean():.1f} SD {grey[labels.array == v].std():.1f}"
        for v, name in labels.names.items()
    )


def sizes(recorded: Acquisition) -> str:
    """Autocorrelation at one voxel's distance inside SOL, along x, y and z."""
    grey, inside = recorded.volume.array.astype(float), recorded.truth.array == 1
    out: list[str] = []
    for axis, name in ((2, "x"), (1, "y"), (0, "z")):
        a, b = (np.moveaxis(v, axis, 0) for v in (grey, inside))
        both = b[:-1] & b[1:]
        first, second = a[:-1][both], a[1:][both]
        out.append(f"r{name} {np.corrcoef(first, second)[0, 1]:.2f}")
    return " ".join(out)


def picture(recorded: Acquisition, path: Path) -> None:
    """Eight slices from the knee to the ankle, plain above, with the true borders below."""
    grey, labels = recorded.volume.array, recorded.truth.array
    rows: list[np.ndarray] = []
    for shares in ((0.12, 0.28, 0.40, 0.52), (0.60, 0.70, 0.80, 0.92)):
        z = [int(share * len(grey)) for share in shares]
        plain = np.hstack([np.stack([grey[k]] * 3, axis=-1) for k in z])
        drawn = plain.copy()
        flat = np.hstack([labels[k] for k in z])
        for value, color in ((1, (126, 87, 194)), (2, (236, 97, 155)), (3, (76, 175, 80))):
            mask = flat == value
            drawn[mask & binary_dilation(~mask)] = color
        rows += [plain, drawn]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.vstack(rows)).save(path, optimize=True)
