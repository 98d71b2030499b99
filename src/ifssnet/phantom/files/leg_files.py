"""A leg's recordings and what is true about them, as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8

from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import TRICEPS_SURAE, color_of
from ifssnet.core.sweep import Contour, Sweep
from ifssnet.geometry.untyped import contour_lines
from ifssnet.io.plain_data import plain_table
from ifssnet.io.save import save
from ifssnet.io.storage.toml_text import toml
from ifssnet.io.sweeps.sequence_writer import write_sequence
from ifssnet.io.sweeps.stradwin_writer import write_stradwin
from ifssnet.phantom.anatomy.labels import tissue_labels
from ifssnet.phantom.anatomy.scannable_leg import HasTissues, LegDescription, ScannableLeg
from ifssnet.phantom.anatomy.tissue import NAMES, Tissue
from ifssnet.phantom.files.recording import Recording
from ifssnet.phantom.scanner.acquisition import Acquisition
from ifssnet.phantom.scanner.protocol import ScanSettings
from ifssnet.phantom.scanner.sweep import scan_labels
from ifssnet.phantom.varied_scanner.look import Look

LEG_3D_US_VALUES = {1: 100, 2: 150, 3: 200}
"""SOL, GM and GL as the paper's data set labels them."""

NEIGHBOURS = (Tissue.TIBIA, Tissue.FIBULA, Tissue.TP, Tissue.FHL, Tissue.FDL, Tissue.PERONEI)
"""Bones and deep muscles that lie in the images of a calf."""

DRAWN_EVERY_MM = 27.7
"""The paper's 3 slices in every 100 (paper, III-C2)."""


def write_leg(leg: ScannableLeg, recording: Recording, folder: Path, number: int = 1) -> None:
    """Write an acquisition into a folder that is there: volume, truth, and each sweep with its truth.

    `x<N>.mha` and `masksX<N>.mha` as in LEG-3D-US; `sweep<K>.igs.mha` (frames, poses), `sweep<K>.truth.igs.mha` (the tissue of
    every pixel), `sweep<K>.sw` and `.sxi` (valid frames, with the contours that an expert would draw on every hundredth
    slice and its neighbours), `plus.xml`.
    """
    recorded = recording.acquisition
    write_case(recorded, folder, number)
    prefix = "" if number == 1 else f"r{number}-"
    for index, (sweep, truth) in enumerate(
        zip(recorded.sweeps, scan_labels(recording.tissues, list(recorded.sweeps), recorded.leg_to_world), strict=True), start=1
    ):
        name = f"{prefix}sweep{index}"
        write_sequence(with_tracker(sweep), folder / f"{name}.igs.mha")
        write_sequence(replace(truth, header={}), folder / f"{name}.truth.igs.mha")
        write_stradwin(with_contours(sweep, truth), folder / f"{name}.sw")
    if recorded.sweeps:
        pixel = recorded.settings.probe.pixel_mm
        (folder / f"{prefix}plus.xml").write_text(
            plus_xml(pixel, recorded.volume.grid.spacing_xyz_mm), encoding="utf-8", newline="\n"
        )
    (folder / f"{prefix}leg.toml").write_text(
        toml(plain_table(describe_recording(leg, recording))), encoding="utf-8", newline="\n"
    )


def write_case(recorded: Acquisition, folder: Path, number: int = 1) -> tuple[Path, Path]:
    """Write volume and labels as LEG-3D-US names and numbers them; return both paths."""
    volume, labels = folder / f"x{number}.mha", folder / f"masksX{number}.mha"
    save(recorded.volume, volume)
    save(as_leg_3d_us(recorded.truth), labels)
    return volume, labels


def with_neighbours(recorded: Acquisition, tissues: HasTissues) -> Acquisition:
    """The acquisition with bones and deep muscles in its truth; `tissues` knows every place of the leg."""
    parts = (*recorded.truth.names.values(), *(NAMES[tissue] for tissue in NEIGHBOURS))
    return replace(recorded, truth=tissue_labels(tissues, recorded.truth.grid, parts, recorded.leg_to_world))


def as_leg_3d_us(truth: LabelMap) -> LabelMap:
    """The same labels with the values 100, 150 and 200 for the three muscles."""
    values = {value: LEG_3D_US_VALUES.get(value, value) for value in truth.names}
    lookup = np.zeros(256, dtype=np.uint8)
    lookup[list(values)] = list(values.values())
    names = {values[value]: name for value, name in truth.names.items()}
    return LabelMap(lookup[truth.array], truth.grid, names, {value: color_of(name, value) for value, name in names.items()})


@dataclass(frozen=True, eq=False)
class RecordedLeg:
    """What `leg.toml` says about one recording of a leg.

    Attributes:
        generator: Name of the generator.
        subject: What the leg was made from.
        volumes_cm3: Muscle's name to its true volume, counted in voxels.
        leg_to_world: Where the leg lay, 4 x 4, mm.
        scan: How it was swept.
        look: How it looked, where the generator draws that for each leg.
    """

    generator: str
    subject: LegDescription
    volumes_cm3: Mapping[str, float]
    leg_to_world: Float[np.ndarray, "4 4"]
    scan: ScanSettings
    look: Look | None = None


def describe_recording(leg: ScannableLeg, recording: Recording) -> RecordedLeg:
    """What is known about a recorded leg."""
    recorded = recording.acquisition
    voxel_cm3 = recorded.truth.grid.voxel_volume_mm3 / 1000.0
    labels = recorded.truth.array
    counts = {name: float(np.count_nonzero(labels == value)) for value, name in recorded.truth.names.items()}
    volumes = {name: round(count * voxel_cm3, 3) for name, count in counts.items()}
    return RecordedLeg(recording.generator, leg.description, volumes, recorded.leg_to_world, recorded.settings, recording.look)


def with_tracker(sweep: Sweep) -> Sweep:
    """The sweep with its poses as trackers write them: ProbeToTracker and ReferenceToTracker, without the calibration."""
    header = dict(sweep.header)
    to_probe = np.diag([*sweep.pixel_spacing_uv_mm, 1.0, 1.0])
    for index, (pose, valid) in enumerate(zip(sweep.image_to_world, sweep.valid, strict=True)):
        probe = pose @ np.linalg.inv(to_probe)
        for name, matrix in (("ProbeToTracker", probe), ("ReferenceToTracker", np.eye(4))):
            key = f"Seq_Frame{index:04d}_{name}Transform"
            header[key] = " ".join(repr(float(value)) for value in matrix.reshape(-1))
            header[f"{key}Status"] = "OK" if valid else "INVALID"
        header[f"Seq_Frame{index:04d}_Timestamp"] = repr(float(sweep.timestamps_s[index]))
    return replace(sweep, header=header)


def with_contours(sweep: Sweep, truth: Sweep) -> Sweep:
    """The sweep's valid frames, with true outlines of the three muscles drawn on three frames in every 27.7 mm."""
    keep = np.flatnonzero(sweep.valid)
    frames, codes = sweep.frames[keep], truth.frames[keep]
    z = sweep.image_to_world[keep, 2, 3]
    period = np.floor((z - z[0]) / DRAWN_EVERY_MM)
    starts = np.flatnonzero(np.diff(period, prepend=-1) > 0)
    drawn = sorted({int(f) for start in starts for f in range(start, min(start + 3, len(keep)))})
    contours = [
        Contour(label, frame, points)
        for frame in drawn
        for label in range(1, len(TRICEPS_SURAE) + 1)
        for points in _outlines(codes[frame] == label)
    ]
    return Sweep(
        frames,
        sweep.image_to_world[keep],
        sweep.timestamps_s[keep],
        sweep.pixel_spacing_uv_mm,
        np.ones(len(keep), dtype=np.bool_),
        tuple(contours),
        dict(enumerate(TRICEPS_SURAE, start=1)),
        {value: color_of(name, value) for value, name in enumerate(TRICEPS_SURAE, start=1)},
    )


def _outlines(mask: Bool[np.ndarray, "v u"]) -> list[Float[np.ndarray, "point 2"]]:
    """Closed outlines, (u, v) in pixels, half a pixel outside the outermost centres where the frame cuts the muscle."""
    padded: UInt8[np.ndarray, "v u"] = np.pad(mask.astype(np.uint8), 1)
    rings = [ring[:-1, ::-1] - 1.0 for ring in contour_lines(padded.astype(np.float64), 0.5) if len(ring) > 8]
    return [np.ascontiguousarray(ring, dtype=np.float64) for ring in rings]


def plus_xml(pixel_mm: float, spacing_xyz_mm: tuple[float, float, float]) -> str:
    """A PLUS configuration: calibration, and the reconstruction that LEG-3D-US' volumes went through."""
    matrix = "  ".join(f"{value:g}" for value in np.diag([pixel_mm, pixel_mm, 1.0, 1.0]).reshape(-1))
    spacing = " ".join(f"{s:g}" for s in spacing_xyz_mm)
    return f"""<PlusConfiguration version="2.9">
  <CoordinateDefinitions>
    <Transform From="Image" To="Probe" Matrix="{matrix}" />
  </CoordinateDefinitions>
  <VolumeReconstruction ImageCoordinateFrame="Image" ReferenceCoordinateFrame="Reference" OutputSpacing="{spacing}"
    Interpolation="NEAREST_NEIGHBOR" CompoundingMode="MEAN" FillHoles="TRUE">
    <HoleFilling>
      <HoleFillingElement Type="GAUSSIAN" Size="5" Stdev="1.25" MinimumKnownVoxelsRatio="0.01" />
    </HoleFilling>
  </VolumeReconstruction>
</PlusConfiguration>
"""
