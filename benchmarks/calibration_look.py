"""Frames beside those of a real limb: grey levels, attenuation with depth, shadow behind bone, in numbers."""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from calibration_people import people
from scipy.ndimage import uniform_filter1d

from ifssnet.core.progress import drain
from ifssnet.core.sweep import Sweep
from ifssnet.io.sweeps.plus_config import read_plus_configuration
from ifssnet.io.sweeps.sequence import read_sequence
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.tissue import Tissue
from ifssnet.phantom.scanner.protocol import PAPER
from ifssnet.phantom.scanner.sweep import scan, scan_labels

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BONE_MM, LINE_MM, BRIGHT = 10.0, 0.5, 130.0


def look(asked: argparse.Namespace) -> None:
    """The real frames hold bone under muscle; the leg's are those of its middle, water above the skin cut off."""
    configuration = read_plus_configuration(asked.plus / "ConfigFiles" / "Testing" / "BoneUltrasound_L14_config.xml")
    real = read_sequence(asked.plus / "TestImages" / "BoneUltrasound_L14.igs.mha", configuration)
    held = real.frames[:, :, real.frames.mean(axis=(0, 1)) > 5.0]  # the image lies between black margins
    pixel_mm = real.pixel_spacing_uv_mm[1]
    told("BoneUltrasound_L14", held, pixel_mm, np.zeros(held.shape[::2], dtype=int), bone_by_eye(held, pixel_mm))
    for subject in people(asked):
        leg = build_leg(subject)
        middle = 0.5 * leg.length_mm
        settings = replace(PAPER.without_errors(), from_mm=middle - 10.0, to_mm=middle + 10.0, frame_step_mm=2.0)
        sweeps = drain(scan(leg, settings, 1))
        frames = np.concatenate([sweep.frames for sweep in sweeps])
        bone = bone_of(scan_labels(leg, sweeps))
        told(f"digital leg {subject.seed}", frames, settings.probe.pixel_mm, skin_row(frames), bone)


def skin_row(frames: np.ndarray) -> np.ndarray:
    """The first row of each line that is bright over half a millimetre."""
    return np.argmax(frames > 60, axis=1)


def told(name: str, frames: np.ndarray, pixel_mm: float, skin: np.ndarray, bone: np.ndarray) -> None:
    """Print the figures; lines that never met skin take no part."""
    image = frames.astype(float)
    depth = (np.arange(image.shape[1])[None, :, None] - skin[:, None, :]) * pixel_mm
    met = (image > 60).any(axis=1)[:, None, :]
    body = met & (depth >= 0) & (depth < 60.0)
    print(f"{name}: {frames.shape}, grey at quantiles {QUANTILES}:", np.quantile(image[body], QUANTILES).round(0))
    rows = [image[body & (depth >= a) & (depth < a + 10.0)] for a in range(0, 60, 10)]
    print("   median grey by cm of depth:", np.array([np.median(v) if len(v) else np.nan for v in rows]).round(0))
    shadow(image, bone, pixel_mm)


def shadow(image: np.ndarray, bone: np.ndarray, pixel_mm: float) -> None:
    """Grey on the bone, and from 2 to 10 mm above and behind it; `bone` is a row a line, 0 where there is none."""
    near, far = round(2.0 / pixel_mm), round(BONE_MM / pixel_mm)
    lines: list[tuple[float, float, float]] = []
    for k, u in zip(*np.nonzero((bone > far) & (bone + far < image.shape[1])), strict=True):
        at, line = bone[k, u], image[k, :, u]
        lines.append((line[at - near : at + near].max(), line[at - far : at - near].mean(), line[at + near : at + far].mean()))
    bright, above, behind = np.median(lines, axis=0)
    print(f"   {len(lines)} lines on bone: {bright:.0f}, above {above:.0f}, behind {behind:.0f}")


def bone_by_eye(frames: np.ndarray, pixel_mm: float) -> np.ndarray:
    """The bone of the real frames: the brightest half millimetre where it lies, 22 to 38 mm deep, below the last fascia."""
    smooth = uniform_filter1d(frames.astype(float), max(1, round(LINE_MM / pixel_mm)), axis=1)
    deep = slice(round(22.0 / pixel_mm), round(38.0 / pixel_mm))
    row = smooth[:, deep].argmax(axis=1) + deep.start
    return np.where(smooth[:, deep].max(axis=1) > BRIGHT, row, 0)


def bone_of(truths: list[Sweep]) -> np.ndarray:
    """The first row of tibia or fibula on each line, 0 where there is none."""
    codes = np.concatenate([truth.frames for truth in truths])
    return np.argmax((codes == Tissue.TIBIA) | (codes == Tissue.FIBULA), axis=1)
