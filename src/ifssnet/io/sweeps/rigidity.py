"""Whether tracked poses can be poses: they end in 0 0 0 1, and they only turn and move."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.geometry.masks.runs import number_ranges
from ifssnet.io.codecs.numbers import COLUMN_BY_COLUMN, ends_in_unit_row

TOLERANCE = 1e-3
"""How far the three stretches (singular values) of a pose may lie from 1; numbers rounded to three digits stay below."""

SHEAR_DEG = 0.5
"""By how much the angle between a frame's rows and columns may differ from 90 degrees."""

_MOST_RANGES = 6
_FEW_FRAMES = 3
_SWEEP_MM = (5.0, 1200.0)
"""A sweep of a leg is longer than the one and shorter than the other."""

_TURNED = 0.01
"""By how much an entry of a rotation changes at least where the probe turned: about half a degree."""


def refuse_last_rows(
    matrices: Float[np.ndarray, "frame 4 4"], trusted: Bool[np.ndarray, " frame"], name: str, where: str
) -> None:
    """Refuse trusted matrices that do not end in 0 0 0 1; matrices that are not finite are nobody's poses.

    Args:
        matrices: One a frame.
        trusted: Which of them are used.
        name: The transform's name, such as "ProbeToTracker".
        where: The file.

    Raises:
        InputError: It names the frames and the first such row.
    """
    used = trusted & np.isfinite(matrices).all(axis=(1, 2))
    wrong = np.flatnonzero(used & ~ends_in_unit_row(matrices))
    if len(wrong):
        row = " ".join(f"{value:g}" for value in matrices[wrong[0], 3])
        raise InputError(
            f"4 x 4 matrices that end in 0 0 0 1 for {name} in {where}",
            f"the last row {row} in frame {wrong[0]} ({frames_text(wrong)} of {len(matrices)} frames have such a row)",
            COLUMN_BY_COLUMN,
        )


def rigidity_findings(
    matrices: Float[np.ndarray, "frame 4 4"], trusted: Bool[np.ndarray, " frame"], name: str
) -> tuple[Finding, ...]:
    """A warning for each way in which poses are not rigid: mirrored, scaled, or with axes of other lengths and angles.

    Args:
        matrices: One a frame, from one rigid thing to another.
        trusted: Which of them are used.
        name: The transform's name.
    """
    used = np.flatnonzero(trusted & np.isfinite(matrices).all(axis=(1, 2)))
    if len(used) == 0:
        return ()
    rotations = matrices[used, :3, :3]
    stretches = np.linalg.svd(rotations, compute_uv=False)
    volumes = np.linalg.det(rotations)
    mirrored = volumes < 0
    off = np.abs(stretches - 1).max(axis=1) > TOLERANCE
    even = np.ptp(stretches, axis=1) <= TOLERANCE * stretches.mean(axis=1)
    found: list[Finding] = []
    for wrong, what in (
        (mirrored, "it mirrors"),
        (off & even & ~mirrored, f"it scales by {float(np.median(stretches[off])) if off.any() else 1.0:.4g}"),
        (off & ~even & ~mirrored, "its axes are not of length 1 at right angles"),
    ):
        if wrong.any():
            found.append(_finding(used[wrong], np.abs(volumes[wrong]), name, what))
    return tuple(found)


def unit_findings(
    matrices: Float[np.ndarray, "frame 4 4"], trusted: Bool[np.ndarray, " frame"], name: str
) -> tuple[Finding, ...]:
    """An error where a probe turned, and moved one way by a length that is a sweep's in metres, and nothing in mm.

    What a probe shows moves by turning alone, so that its own place tells more than that of its images.

    Args:
        matrices: One a frame, of the probe.
        trusted: Which of them are used.
        name: The transform's name.
    """
    used = matrices[trusted & np.isfinite(matrices).all(axis=(1, 2))]
    if len(used) < _FEW_FRAMES:
        return ()
    places = used[:, :3, 3]
    steps, length_mm = np.linalg.norm(np.diff(places, axis=0), axis=1), float(np.linalg.norm(places - places[0], axis=1).max())
    turned = float(np.abs(used[:, :3, :3] - used[0, :3, :3]).max())
    shortest, longest = _SWEEP_MM
    if turned < _TURNED or not shortest < 1000 * length_mm < longest or length_mm < 0.5 * float(steps.sum()):
        return ()
    what = f"{name} turns, and moves {length_mm:.2g} mm in all; were the positions in metres, it would be"
    return (Finding("error", f"{what} {1000 * length_mm:.0f} mm.", "Write the positions in mm.", length_mm, "mm"),)


def shear_findings(matrices: Float[np.ndarray, "frame 4 4"], trusted: Bool[np.ndarray, " frame"]) -> tuple[Finding, ...]:
    """A warning where the rows and columns of frames do not meet at right angles."""
    used = np.flatnonzero(trusted & np.isfinite(matrices).all(axis=(1, 2)))
    u, v = matrices[used, :3, 0], matrices[used, :3, 1]
    lengths = np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        angles = np.degrees(np.arccos(np.clip(np.einsum("fi,fi->f", u, v) / lengths, -1, 1)))
    wrong = np.abs(angles - 90) > SHEAR_DEG
    if not wrong.any():
        return ()
    worst = float(angles[wrong][np.abs(angles[wrong] - 90).argmax()])
    return (
        Finding(
            "warning",
            f"Rows and columns of {frames_text(used[wrong])} meet at {worst:.1f} degrees instead of 90.",
            "Check the calibration from the image to the probe.",
            worst,
            "degrees",
        ),
    )


def frames_text(frames: Int[np.ndarray, " n"]) -> str:
    """Frames by number, with runs drawn together.

    >>> frames_text(np.array([3])), frames_text(np.array([0, 1, 2, 7]))
    ('frame 3', 'frames 0–2, 7')
    """
    return f"frame{'s' if len(frames) > 1 else ''} {number_ranges(frames.tolist(), _MOST_RANGES)}"


def _finding(frames: Int[np.ndarray, " n"], volumes: Float[np.ndarray, " n"], name: str, what: str) -> Finding:
    middle = float(np.median(volumes))
    size = f", and what the frames show comes out {middle:.3g} times as large" if abs(middle - 1) > TOLERANCE else ""
    return Finding(
        "warning",
        f"{name} is not a rigid motion in {frames_text(frames)}: {what}{size}.",
        "A tracked pose only turns and moves. Check how the matrices were written, and that the calibration stands apart.",
        middle,
    )
