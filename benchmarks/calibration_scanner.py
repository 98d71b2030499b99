"""Real B-mode images of muscle beside digital ones of both generators, longitudinal as the real ones are, in numbers.

    python benchmarks/calibration_scanner.py [--bmode ../shared/data/bmode] [--legs 40] [--figure FILE] [--sheet FILE]

Every image is cut to what the probe shows and brought to a depth of 55 mm and pixels of 0.15 mm. Measured in each:

- histogram: grey levels at 10, 50 and 90 % of the pixels from 4 mm down;
- fascia: by how many SDs the grey within 0.6 mm of a drawn (digital: true) aponeurosis stands above the tissue 1 to 6 mm
  away, median over the columns; and the share of columns in which it is brighter than 95 % of that tissue;
- speckle: SD over mean in squares of 3 mm between the borders, median;
- autocorrelation: half width at half maximum of the grey levels' autocorrelation in such squares, along and across the beam;
- attenuation: fall of the median grey with depth, of 255 a cm.

The digital images lie along GM of legs of the cohort of seed 1. `--sheet` writes digital images only.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import binary_dilation, binary_opening, label, uniform_filter, zoom

from ifssnet.phantom.anatomy.borders import Border
from ifssnet.phantom.anatomy.leg import ParametricLeg, build_leg
from ifssnet.phantom.anatomy.tissue import Tissue
from ifssnet.phantom.anatomy.view import frames_view
from ifssnet.phantom.files.cohort import plan_cohort
from ifssnet.phantom.scanner.bmode import Scatterers, bmode
from ifssnet.phantom.scanner.probe import Probe
from ifssnet.phantom.scanner.protocol import PAPER
from ifssnet.phantom.varied_scanner.draw import draw_look
from ifssnet.phantom.varied_scanner.imaging import Imager, pressed_leg
from ifssnet.phantom.varied_scanner.sweeps import settings_for, sweep_course

PIXEL_MM, DEPTH_MM, WIDTH_MM = 0.15, 55.0, 45.0
SQUARE = round(3.0 / PIXEL_MM)
METRICS = {
    "grey_10": "grey at 10 %",
    "grey_50": "grey at 50 %",
    "grey_90": "grey at 90 %",
    "fascia_sds": "fascia, SDs above tissue",
    "fascia_share": "fascia, share of columns seen",
    "speckle": "SD over mean of tissue",
    "along_mm": "autocorrelation along the beam, mm",
    "across_mm": "autocorrelation across the beam, mm",
    "fall_cm": "fall of grey a cm",
}


@dataclass(frozen=True, eq=False)
class Picture:
    """One image of 55 mm.

    Attributes:
        grey: Pixels of 0.15 mm.
        fascia: Where an aponeurosis is drawn.
    """

    grey: np.ndarray
    fascia: np.ndarray


def real_pictures(folder: Path) -> Iterator[Picture]:
    for path in sorted(folder.glob("*/*.png")):
        if path.name.endswith(".mask.png"):
            continue
        grey = np.asarray(Image.open(path).convert("L")).astype(float)
        mask_path = path.with_name(path.name.replace(".png", ".mask.png"))
        drawn = np.asarray(Image.open(mask_path)).astype(bool) if mask_path.exists() else np.zeros(grey.shape, dtype=bool)
        rows, columns = shown(grey)
        yield resampled(grey[rows, columns], drawn[rows, columns])


def shown(grey: np.ndarray) -> tuple[slice, slice]:
    """The part of a screen that is an image: where neighbouring pixels differ, in one piece."""
    mean = uniform_filter(grey, 15)
    varied = np.sqrt(np.maximum(uniform_filter(grey**2, 15) - mean**2, 0.0)) > 3.0
    pieces, count = label(binary_opening(varied, iterations=6))
    if count == 0:
        return slice(None), slice(None)
    largest = pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
    rows, columns = (
        largest.mean(axis=1) > 0.2 * largest.mean(axis=1).max(),
        largest.mean(axis=0) > 0.2 * largest.mean(axis=0).max(),
    )
    v, u = np.flatnonzero(rows), np.flatnonzero(columns)
    return slice(int(v[0]), int(v[-1]) + 1), slice(int(u[0]), int(u[-1]) + 1)


def resampled(grey: np.ndarray, drawn: np.ndarray) -> Picture:
    factor = DEPTH_MM / PIXEL_MM / grey.shape[0]
    return Picture(np.clip(zoom(grey, factor, order=1), 0, 255), zoom(drawn.astype(np.uint8), factor, order=0) > 0)


def digital_pictures(generator: str, count: int, scanner: str = "drawn") -> Iterator[tuple[str, Picture]]:
    """Images along GM, the probe on the skin."""
    for member in plan_cohort(max(count, 4), None, seed=1).members[:count]:
        leg = build_leg(member.subject)
        look = draw_look(leg.seed, scanner)
        varied = leg.with_uneven_fat(look.tissue.uneven_fat) if generator == "phantom/2" else leg
        pose, shape = along_gm(varied)
        view = frames_view(pose[None], shape)
        rng = np.random.default_rng([leg.seed, 0xCA1])
        course = sweep_course(varied, look, settings_for(look, PAPER), leg.seed)
        unpressed = replace(course.push, push_mm=0.0 * course.push.push_mm)
        if generator == "phantom/1":
            probe = Probe(pixel_mm=PIXEL_MM, depth_mm=shape[0] * PIXEL_MM, width_mm=WIDTH_MM)
            grey = bmode(leg, view, probe, Scatterers(rng, shape, 0.5, probe.elevation_mm).draw(1))[0].astype(float)
        else:
            imager = Imager(pressed_leg(varied, unpressed, look, -1e9), view, 0.5, (1, 1), rng)
            grey = imager.images(0, 1)[0].astype(float)
        borders = varied.borders(view, unpressed)
        # Experts drew the two aponeuroses of the muscle that an image shows; here it is GM.
        muscle = binary_dilation(borders.codes[0] == Tissue.GM, iterations=round(1.2 / PIXEL_MM))
        lines = np.isin(borders.kind[0], (Border.FASCIA, Border.MUSCLE)) & (np.abs(borders.away_mm[0]) < 0.3)
        near = lines & muscle
        yield look.scanner.family, Picture(grey, near)


def along_gm(leg: ParametricLeg) -> tuple[np.ndarray, tuple[int, int]]:
    """A frame in the plane of z, over the middle of GM at a third of the leg."""
    subject = leg.subject
    row = round(subject.gm.start_mm + 0.45 * subject.gm.length_mm)
    angle = round(np.rad2deg(leg.split_rad[row])) - 30 + 180
    x, y = leg.outline_xy_mm[row, angle]
    pose = np.zeros((4, 4))
    pose[2, 0], pose[1, 1], pose[0, 2], pose[3, 3] = PIXEL_MM, PIXEL_MM, 1.0, 1.0
    pose[:3, 3] = x, y - 0.3, row - 0.5 * WIDTH_MM
    return pose, (round(DEPTH_MM / PIXEL_MM), round(WIDTH_MM / PIXEL_MM))


def measured(picture: Picture) -> dict[str, float]:
    grey, drawn = picture.grey, picture.fascia
    top = round(4.0 / PIXEL_MM)
    body = grey[top:]
    found = {f"grey_{q}": float(np.percentile(body, q)) for q in (10, 50, 90)}
    medians = [np.median(body[k : k + SQUARE]) for k in range(0, len(body) - SQUARE, SQUARE)]
    found["fall_cm"] = float(-np.polyfit(np.arange(len(medians)) * SQUARE * PIXEL_MM / 10.0, medians, 1)[0])
    contrast, along, across = list[float](), list[float](), list[float]()
    for v in range(top, grey.shape[0] - SQUARE, SQUARE):
        for u in range(0, grey.shape[1] - SQUARE, SQUARE):
            square = grey[v : v + SQUARE, u : u + SQUARE]
            if drawn[v : v + SQUARE, u : u + SQUARE].any() or square.mean() < 8.0 or (square >= 254).mean() > 0.2:
                continue
            contrast.append(float(square.std() / square.mean()))
            along.append(half_width(square, 0))
            across.append(half_width(square, 1))
    for name, values in (("speckle", contrast), ("along_mm", along), ("across_mm", across)):
        found[name] = float(np.median(values)) if values else float("nan")
    found["fascia_sds"], found["fascia_share"] = fascia(grey, drawn)
    return found


def half_width(square: np.ndarray, axis: int) -> float:
    """Where the autocorrelation along an axis has fallen to a half, mm."""
    values = np.moveaxis(square - square.mean(), axis, 0)
    whole = float((values**2).mean())
    before = 1.0
    for lag in range(1, len(values) // 2):
        now = float((values[lag:] * values[:-lag]).mean()) / max(whole, 1e-9)
        if now < 0.5:
            return (lag - 1 + (before - 0.5) / max(before - now, 1e-9)) * PIXEL_MM
        before = now
    return len(values) // 2 * PIXEL_MM


def fascia(grey: np.ndarray, drawn: np.ndarray) -> tuple[float, float]:
    """Median over columns and aponeuroses of the SDs above the tissue, and the share that is seen."""
    sds, seen = list[float](), list[bool]()
    near, inner, outer = (round(mm / PIXEL_MM) for mm in (0.6, 1.0, 6.0))
    for u in range(0, grey.shape[1], 4):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], drawn[:, u], [False]]).astype(int)))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            middle = (first + last - 1) // 2
            if not outer <= middle < len(grey) - outer:
                continue
            line = grey[middle - near : middle + near + 1, u].max()
            tissue = np.concatenate([grey[middle - outer : middle - inner, u], grey[middle + inner : middle + outer, u]])
            sds.append(float((grey[middle - near : middle + near + 1, u].mean() - tissue.mean()) / max(tissue.std(), 1.0)))
            seen.append(bool(line > np.percentile(tissue, 95)))
    return (float(np.median(sds)), float(np.mean(seen))) if sds else (float("nan"), float("nan"))


def table(columns: dict[str, list[dict[str, float]]]) -> str:
    """5th, 50th and 95th percentile of each measure; and the share of real images within the cohort's whole range."""
    lines = ["| measure | " + " | ".join(columns) + " | real within phantom/2's range |", "|---" * (len(columns) + 2) + "|"]
    for key, words in METRICS.items():
        values = {name: np.array([row[key] for row in rows]) for name, rows in columns.items()}
        values = {name: found[np.isfinite(found)] for name, found in values.items()}
        digits = 0 if key.startswith("grey") else 2
        cells = [" / ".join(f"{v:.{digits}f}" for v in np.percentile(found, (5, 50, 95))) for found in values.values()]
        low, high = values["phantom/2"].min(), values["phantom/2"].max()
        inside = np.mean((values["real"] >= low) & (values["real"] <= high))
        lines.append(f"| {words} | " + " | ".join(cells) + f" | {inside:.0%} |")
    return "\n".join(lines)


def figure(columns: dict[str, list[dict[str, float]]], path: Path) -> None:
    """One strip a measure: a dot for each image."""
    colors = {"real": "#333333", "phantom/1": "#d55e00", "phantom/2": "#0072b2"}
    width, height, left = 720, 56, 230
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {len(METRICS) * height + 30}" role="img">']
    parts.append("<title>Real B-mode images, phantom/1 and phantom/2: one dot for each image</title>")
    parts.append('<rect width="100%" height="100%" fill="#ffffff"/><g font-family="sans-serif" font-size="12" fill="#222222">')
    for index, (key, words) in enumerate(METRICS.items()):
        y = 24 + index * height
        values = [v for rows in columns.values() for v in (row[key] for row in rows) if np.isfinite(v)]
        low, high = min(values), max(values)
        parts.append(f'<text x="8" y="{y + 16}">{words}</text>')
        parts.append(f'<text x="8" y="{y + 32}" fill="#777777">{low:.2g} to {high:.2g}</text>')
        for line, (name, rows) in enumerate(columns.items()):
            for row in rows:
                if np.isfinite(row[key]):
                    x = left + (width - left - 20) * (row[key] - low) / max(high - low, 1e-9)
                    parts.append(
                        f'<circle cx="{x:.1f}" cy="{y + 4 + 14 * line}" r="3" fill="{colors[name]}" fill-opacity=".45"/>'
                    )
    for line, name in enumerate(columns):
        parts.append(f'<circle cx="{left + 130 * line}" cy="10" r="4" fill="{colors[name]}"/>')
        parts.append(f'<text x="{left + 8 + 130 * line}" y="14">{name}</text>')
    parts.append("</g></svg>")
    path.write_text("\n".join(parts) + "\n", encoding="utf-8", newline="\n")


def sheet(pictures: list[Picture], path: Path, columns: int = 5, most: int = 20) -> None:
    pictures = pictures[:most]
    rows = [
        np.hstack([p.grey[:, :300] for p in pictures[k : k + columns]]) for k in range(0, len(pictures) - columns + 1, columns)
    ]
    image = Image.fromarray(np.clip(np.vstack(rows), 0, 255).astype(np.uint8))
    image.resize((image.width // 2, image.height // 2)).save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bmode", type=Path, default=Path("../shared/data/bmode"))
    parser.add_argument("--legs", type=int, default=40)
    parser.add_argument("--figure", type=Path, default=None)
    parser.add_argument("--sheet", type=Path, default=None)
    parser.add_argument("--values", type=Path, default=None, help="every number, as JSON")
    asked = parser.parse_args()
    columns = {"real": [measured(picture) for picture in real_pictures(asked.bmode)]}
    kept: list[Picture] = []
    for generator, count in (("phantom/1", min(12, asked.legs)), ("phantom/2", asked.legs)):
        pictures = [picture for _, picture in digital_pictures(generator, count)]
        columns[generator] = [measured(picture) for picture in pictures]
        kept = pictures
    print(table(columns))
    if asked.figure is not None:
        figure(columns, asked.figure)
    if asked.sheet is not None:
        sheet(kept, asked.sheet)
    if asked.values is not None:
        asked.values.write_text(json.dumps(columns), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
