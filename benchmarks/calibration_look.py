"""Frames beside those of a real limb: grey levels, attenuation with depth, shadow behind bone, in numbers."""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from calibration_people import people

from ifssnet.core.progress import drain
from ifssnet.io.plus_xml import read_plus_configuration
from ifssnet.io.sequence import read_sequence
from ifssnet.phantom.anatomy import build_leg
from ifssnet.phantom.protocol import PAPER
from ifssnet.phantom.sweep import scan

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BONE_MM, LINE_MM = 10.0, 0.5


def look(asked: argparse.Namespace) -> None:
    """The real frames hold bone under muscle; the leg's are those of its middle, water above the skin cut off."""
    configuration = read_plus_configuration(asked.plus / "ConfigFiles" / "Testing" / "BoneUltrasound_L14_config.xml")
    real = read_sequence(asked.plus / "TestImages" / "BoneUltrasound_L14.igs.mha", configuration)
    held = real.frames[:, :, real.frames.mean(axis=(0, 1)) > 5.0]  # the image lies between black margins
    told("BoneUltrasound_L14", held, real.pixel_spacing_uv_mm[1], np.zeros(held.shape[::2], dtype=int))
    for subject in people(asked):
        leg = build_leg(subject)
        middle = 0.5 * leg.length_mm
        settings = replace(PAPER.without_errors(), from_mm=middle - 10.0, to_mm=middle + 10.0, frame_step_mm=2.0)
        sweeps = drain(scan(leg, settings, 1))
        frames = np.concatenate([sweep.frames for sweep in sweeps])
        told(f"digital leg {subject.seed}", frames, settings.probe.pixel_mm, skin_row(frames))


def skin_row(frames: np.ndarray) -> np.ndarray:
    """The first row of each line that is bright over half a millimetre."""
    return np.argmax(frames > 60, axis=1)


def told(name: str, frames: np.ndarray, pixel_mm: float, skin: np.ndarray) -> None:
    """Print the figures; the shadow's is the median of lines whose brightest line lies 1 to 4 cm below the skin."""
    image = frames.astype(float)
    depth = (np.arange(image.shape[1])[None, :, None] - skin[:, None, :]) * pixel_mm
    body = (depth >= 0) & (depth < 60.0)
    print(f"{name}: {frames.shape}, grey at quantiles {QUANTILES}:", np.quantile(image[body], QUANTILES).round(0))
    rows = [image[(depth >= a) & (depth < a + 10.0)] for a in range(0, 60, 10)]
    print("   median grey by cm of depth:", np.array([np.median(v) if len(v) else np.nan for v in rows]).round(0))
    wide = max(1, round(LINE_MM / pixel_mm))
    total = np.cumsum(image, axis=1)
    smooth = np.zeros_like(image)
    smooth[:, wide:] = (total[:, wide:] - total[:, :-wide]) / wide
    bone = np.where((depth > 10.0) & (depth < 45.0), smooth, 0).argmax(axis=1)
    ratios: list[tuple[float, float, float]] = []
    for k, u in zip(*np.nonzero(np.take_along_axis(smooth, bone[:, None], axis=1)[:, 0] > 200), strict=True):
        at, far = bone[k, u], round(BONE_MM / pixel_mm)
        if at + 1.5 * far < image.shape[1]:
            line = image[k, :, u]
            near = round(2.0 / pixel_mm)
            ratios.append((smooth[k, at, u], line[at - far : at - near].mean(), line[at + near : at + far].mean()))
    if ratios:
        bright, above, behind = np.median(ratios, axis=0)
        print(f"   {len(ratios)} bright lines of bone or fascia: {bright:.0f}, above {above:.0f}, behind {behind:.0f}")
