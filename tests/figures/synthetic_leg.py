"""A made-up leg for looking at figures: three muscles in anatomical order, a speckled volume, an almost right reference."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
from scipy import ndimage
from skimage.measure import marching_cubes

from ifssnet.core.findings import Finding
from ifssnet.core.grid import Grid
from ifssnet.core.images import Surface
from ifssnet.core.results.agreement import LegAgreement, MuscleAgreement
from ifssnet.core.results.measures import AcsaProfile, MuscleMeasures
from ifssnet.figures.leg_report.content import OutlinedSlice, ReportContent, VolumeEstimate
from ifssnet.figures.rendering.muscle_surface import MuscleSurface
from ifssnet.measurement.reference.compare import mean_agreement

# Ends in mm; (x, y) mm at the middle; half width and half depth at the widest; where that is; turn.
MUSCLES = {
    "SOL": ((30.0, 285.0), (0.0, -6.0), (31.0, 14.5), 0.46, 0.0),
    "GM": ((105.0, 305.0), (-17.0, 15.0), (21.0, 11.5), 0.58, -0.30),
    "GL": ((135.0, 300.0), (19.0, 14.0), (16.5, 9.0), 0.55, 0.35),
}


def level(name: str, z: np.ndarray, y: np.ndarray, x: np.ndarray, grow_mm: float = 0.0) -> np.ndarray:
    """Positive inside the muscle, about a distance in mm near its surface."""
    (first, last), (cx, cy), (a, b), widest, tilt = MUSCLES[name]
    t = np.clip((z - first) / (last - first), 1e-6, 1 - 1e-6)
    p = np.log(0.5) / np.log(widest)
    size = np.sin(np.pi * t**p) ** 0.75
    dx, dy = x - cx * (0.55 + 0.6 * t) - 4 * np.sin(3 * t), y - cy - 6 * (t - 0.5) ** 2 * 4
    u, v = dx * np.cos(tilt) - dy * np.sin(tilt), dx * np.sin(tilt) + dy * np.cos(tilt)
    v = v + 0.008 * u**2 * (1.2 if name == "SOL" else 0.6) - (2.5 if name == "SOL" else 0)
    half_u, half_v = a * size + grow_mm + 0.01, b * size + grow_mm + 0.01
    radius = np.sqrt((u / half_u) ** 2 + (v / half_v) ** 2)
    inside = np.minimum(z - first, last - z) + grow_mm
    return np.minimum((1 - radius) * np.minimum(half_u, half_v), inside)


def profile_of(
    z: np.ndarray,
    position_mm: np.ndarray,
    acsa_cm2: np.ndarray,
    percent_of_length: np.ndarray,
    echo_intensity: np.ndarray | None = None,
) -> AcsaProfile:
    """A profile whose centroids, which no figure draws, lie on a straight line."""
    line = np.zeros((len(z), 3))
    return AcsaProfile(
        np.asarray(z, dtype=np.int64), position_mm, percent_of_length, acsa_cm2, line, np.zeros(len(z)), 1.0, echo_intensity
    )


def agreement_of(**numbers: float | dict[str, float]) -> MuscleAgreement:
    """What is not said is unknown."""
    unknown = {each.name: math.nan for each in fields(MuscleAgreement) if each.name not in ("further", "per_slice")}
    return MuscleAgreement(**{**unknown, **numbers})


def leg_agreement(muscles: dict[str, MuscleAgreement]) -> LegAgreement:
    return LegAgreement(muscles, mean_agreement(list(muscles.values())), (1, 1, 1))


def on_grid(grid: Grid, grow_mm: float = 0.0) -> dict[str, np.ndarray]:
    """Levels of the three muscles, none inside another."""
    z, y, x = np.meshgrid(*(np.arange(n) for n in grid.shape_zyx), indexing="ij")
    position = grid.points_to_mm(np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(float))
    px, py, pz = (position[:, i].reshape(grid.shape_zyx) for i in range(3))
    levels = {name: level(name, pz, py, px, grow_mm) for name in MUSCLES}
    levels["SOL"] = np.minimum(levels["SOL"], -np.maximum(levels["GM"], levels["GL"]) - 0.6)
    levels["GL"] = np.minimum(levels["GL"], -levels["GM"] - 0.4)
    return levels


def grey(masks: dict[str, np.ndarray], grid: Grid, z: int, rng: np.random.Generator) -> np.ndarray:
    """A slice as an ultrasound reconstruction looks: an oval of speckle, bright borders, dark outside."""
    rows, columns = grid.shape_zyx[1:]
    y, x = np.mgrid[:rows, :columns]
    leg = ((x - columns / 2) / (columns * 0.46)) ** 2 + ((y - rows * 0.55) / (rows * 0.47)) ** 2
    tissue = np.where(leg < 1, 58.0, 6.0)
    tissue[(leg > 0.93) & (leg < 1.0)] = 150
    for name, tone in (("SOL", 64.0), ("GM", 46.0), ("GL", 50.0)):
        inside = masks[name][z]
        tissue[inside] = tone
        tissue[ndimage.binary_dilation(inside, iterations=2) & ~inside] = 140
    tissue = ndimage.gaussian_filter(tissue, 0.8)
    speckle = np.abs(rng.normal(size=(rows, columns)) + 1j * rng.normal(size=(rows, columns)))
    speckle = ndimage.gaussian_filter(speckle, (0.5, 1.2))
    depth = np.clip(1.25 - (rows - y) / rows * 0.35, 0.3, 1.2)
    return np.clip(tissue * speckle / 1.2 * depth, 0, 255).astype(np.uint8)


def content(
    spacing_mm: float = 1.2, slices: int = 12, reference: bool = True, title: str = "Synthetic leg, left"
) -> ReportContent:
    """A whole report's content; a smaller spacing makes it larger."""
    shape = (round(330 / (2 * spacing_mm)), round(76 / spacing_mm), round(104 / spacing_mm))
    grid = Grid(shape, (spacing_mm, spacing_mm, 2 * spacing_mm), (-52.0, -44.0, 0.0))
    rng = np.random.default_rng(7)
    levels, wrong = on_grid(grid), on_grid(grid, 0.7)
    masks = {name: value > 0 for name, value in levels.items()}
    truth = {name: value > 0 for name, value in wrong.items()}
    names = list(MUSCLES)
    position = np.arange(grid.slices) * grid.spacing_xyz_mm[2]

    references, muscles, surfaces, estimates, agreements, annotated = {}, {}, [], {}, {}, {}
    for name in names:
        area = masks[name].sum(axis=(1, 2)) * grid.pixel_area_mm2 / 100
        here = np.flatnonzero(area)
        drawn = sorted(
            {int(z) for start in np.linspace(here[0] + 1, here[-1] - 3, 6) for z in range(int(start), int(start) + 3)}
        )
        annotated[name] = drawn
        percent = (position[here] - position[here[0]]) / (position[here[-1]] - position[here[0]]) * 100
        profile = profile_of(
            here, position[here], area[here], percent, 62 + 8 * np.sin(position[here] / 31.0) + rng.normal(size=len(here))
        )
        if reference:
            there = (truth[name].sum(axis=(1, 2)) * grid.pixel_area_mm2 / 100)[here]
            references[name] = profile_of(here, position[here], there, percent)
        peak = int(area.argmax())
        muscles[name] = MuscleMeasures(
            volume_cm3=float(masks[name].sum() * grid.voxel_volume_mm3 / 1000),
            volume_mesh_cm3=float(masks[name].sum() * grid.voxel_volume_mm3 / 1000 * 0.998),
            length_mm=float(position[here[-1]] - position[here[0]] + grid.spacing_xyz_mm[2]),
            max_acsa_cm2=float(area.max()),
            max_acsa_z=peak,
            max_acsa_percent=float(percent[peak - here[0]]),
            echo_intensity_mean=61.4,
            echo_intensity_sd=18.2,
            profile=profile,
        )
        vertices, faces, _, _ = marching_cubes(np.pad(levels[name], 1, constant_values=-5.0), 0.0)
        index_xyz = vertices[:, ::-1].astype(np.float64) - 1
        at = grid.points_to_mm(index_xyz)
        error = -level(name, at[:, 2], at[:, 1], at[:, 0], 0.7) * (0.6 + 0.9 * np.sin(at[:, 2] / 23.0) * np.cos(at[:, 0] / 9.0))
        shown = Surface(at, faces.astype(np.int64), name)
        surfaces.append(MuscleSurface(shown, error if reference else None))
        estimates[name] = VolumeEstimate(muscles[name].volume_cm3 * 1.004, 0.6, "area curve through 6 groups of slices")
        shared = (masks[name] & truth[name]).sum()
        both = masks[name].sum() + truth[name].sum()
        agreements[name] = agreement_of(
            dice=float(2 * shared / both), miou=0.966, precision=0.981, recall=0.954, hausdorff_mm=3.42, hausdorff95_mm=1.21,
            asd_mm=0.38, volume_error_percent=float(100 * (masks[name].sum() / truth[name].sum() - 1)),
        )  # fmt: skip
    shown_z = np.linspace(0.12, 0.93, slices) * (grid.slices - 1)
    return ReportContent(
        title=title,
        grid=grid,
        muscles=muscles,
        reference_profiles=references,
        slices=[
            OutlinedSlice(
                z=int(z),
                position_mm=float(position[int(z)]),
                image=grey(masks, grid, int(z), rng),
                masks={name: masks[name][int(z)] for name in names},
                reference_masks={name: truth[name][int(z)] for name in names} if reference else {},
                annotated=[name for name in names if int(z) in annotated[name]],
            )
            for z in shown_z
        ],
        surfaces=surfaces,
        agreement=leg_agreement(agreements) if reference else None,
        annotated_slices=annotated,
        findings=[
            Finding("warning", "3.1 % of the voxels inside the leg were never seen, 4.2 mm at a stretch.", "Fill up to 5 mm."),
            Finding("note", "Neighbouring sweeps overlap by 18 % on average."),
        ],
        estimates=estimates,
        provenance={
            "method": "shape-interpolation",
            "settings": {"guided": True, "knots": "consecutive slices as one", "smoothing": "cross-validated"},
            "seeds": dict(annotated),
            "inputs": {"volume": {"file": "leg_r1.mha", "sha256": "9f2b…"}, "seeds": {"file": "seeds.nrrd", "sha256": "07aa…"}},
            "package": "ifssnet 0.1.0",
        },
        warnings=["The seeds' grid lay 0.08 mm from the volume's; they were resampled."],
        reference_name="expert, all slices" if reference else "",
        side="left",
        made_at="2026-03-02 14:05",
        version="0.1.0",
    )  # fmt: skip
