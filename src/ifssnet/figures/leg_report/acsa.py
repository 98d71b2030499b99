"""Profiles of the anatomical cross-sectional area: all muscles along the leg, and each along its own length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ifssnet.core.results.measures import AcsaProfile
from ifssnet.figures.drawing.chart import Frame
from ifssnet.figures.drawing.label_places import CLEAR, LINE, Peak, label_places
from ifssnet.figures.drawing.svg import element, escape, nice_step, number, path_data
from ifssnet.figures.drawing.theme import DASHES, Rgb, hex_of, ordered, readable

NARROW = 360.0
"""Width of a chart on a phone, in SVG units."""

_Line = Float[np.ndarray, " slice"]


@dataclass(frozen=True, eq=False)
class ProfileCurve:
    """A muscle's areas as a chart draws them.

    Attributes:
        profile: The areas, slice by slice.
        annotated_z: Slices that an expert drew, a subset of the profile's.
        reference_acsa_cm2: The areas in the reference on the same slices, where there is one.
    """

    profile: AcsaProfile
    annotated_z: Sequence[int] = ()
    reference_acsa_cm2: _Line | None = None


def _top_of(curves: Mapping[str, ProfileCurve]) -> float:
    highest = 0.0
    for curve in curves.values():
        for areas in (curve.profile.acsa_cm2, curve.reference_acsa_cm2):
            if areas is not None and np.isfinite(areas).any():
                highest = max(highest, float(np.nanmax(areas)))
    step = nice_step(highest * 1.12 or 1.0, 5)
    return step * float(np.ceil(highest * 1.12 / step)) or 1.0


def _points(frame: Frame, x: Float[np.ndarray, " slice"], y: Float[np.ndarray, " slice"]) -> list[tuple[float, float]]:
    return [(frame.x(a), frame.y(b)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]


def _curve(frame: Frame, curve: ProfileCurve, x: Float[np.ndarray, " slice"], color: Rgb, *, dash: str, filled: float) -> str:
    """Area under the curve, the curve, and the reference's as a thin dark line."""
    points = _points(frame, x, curve.profile.acsa_cm2)
    ground = [(points[-1][0], frame.floor), (points[0][0], frame.floor)]
    shade = element("path", d=path_data(points + ground, closed=True), fill=hex_of(color), fill_opacity=filled)
    line = element("path", class_="curve", d=path_data(points), stroke=hex_of(color), stroke_dasharray=dash or None)
    reference = ""
    if curve.reference_acsa_cm2 is not None:
        reference = element("path", class_="reference", d=path_data(_points(frame, x, curve.reference_acsa_cm2)))
    return shade + reference + line


def _annotated(frame: Frame, curve: ProfileCurve, x: Float[np.ndarray, " slice"], color: Rgb, below: float) -> str:
    """A tick under the axis for each slice that an expert drew."""
    drawn = set(curve.annotated_z)
    top = frame.floor + below
    return "".join(
        element("line", class_="annotated", x1=frame.x(at), x2=frame.x(at), y1=top, y2=top + 7, stroke=hex_of(color))
        for z, at in zip(curve.profile.z.tolist(), x.tolist(), strict=True)
        if z in drawn
    )


def _largest(profile: AcsaProfile) -> tuple[int, float]:
    """Place in the profile and area of the largest cross-section: of the smoothed profile where there is one."""
    areas = profile.acsa_cm2 if profile.acsa_smoothed_cm2 is None else profile.acsa_smoothed_cm2
    peak = int(np.nanargmax(areas)) if np.isfinite(areas).any() else 0
    return peak, float(areas[peak])


def _peak(frame: Frame, curve: ProfileCurve, x: Float[np.ndarray, " slice"], words: str) -> list[Peak]:
    """The largest area and its words; none where no area is known."""
    if not np.isfinite(curve.profile.acsa_cm2).any():
        return []
    peak, largest = _largest(curve.profile)
    at_x, at_y = frame.x(float(x[peak])), frame.y(largest)
    highest = at_y
    if curve.reference_acsa_cm2 is not None:
        # The words stand clear of the reference's line too.
        near = np.abs(x - x[peak]) < 0.12 * (frame.x_range[1] - frame.x_range[0])
        highest = min(at_y, frame.y(float(np.nanmax(curve.reference_acsa_cm2[near], initial=curve.profile.acsa_cm2[peak]))))
    return [Peak(at_x, at_y, highest, words)]


def _marked(frame: Frame, peaks: Sequence[tuple[Peak, Rgb]]) -> list[str]:
    """A ring at each largest area, and its figure."""
    places = label_places([peak for peak, _ in peaks], frame.left, frame.width - frame.right)
    parts: list[str] = []
    for (peak, color), (x, y) in zip(peaks, places, strict=True):
        if abs(y - (peak.highest - CLEAR)) > LINE:
            # Words that had to make room for others: a thin line says whose they are.
            end = y + 3 if y < peak.y else y - LINE + 3
            tie = element("line", class_="tie", x1=x, y1=end, x2=peak.x, y2=peak.y, stroke=hex_of(color), stroke_width=0.8)
            parts.append(tie)
        parts.append(element("circle", class_="largest", cx=peak.x, cy=peak.y, r=4.2, stroke=hex_of(color)))
        words, shade = escape(peak.words), hex_of(readable(color))
        parts.append(element("text", words, class_="largest-label", x=x, y=y, text_anchor="middle", fill=shade))
    return parts


def _drawable(curves: Mapping[str, ProfileCurve]) -> dict[str, ProfileCurve]:
    return {name: curves[name] for name in ordered(curves) if len(curves[name].profile.z) > 0}


def profile_along_leg(curves: Mapping[str, ProfileCurve], colors: Mapping[str, Rgb], width: float = 1040.0) -> str:
    """All muscles against the position along the slice axis: an SVG; empty where there is nothing to draw.

    Args:
        curves: Name to areas.
        colors: Name to colour.
        width: In SVG units, which the page scales. One of a phone's screen has fewer numbers and a lower picture.
    """
    shown = _drawable(curves)
    if not shown:
        return ""
    first = min(float(each.profile.position_mm.min()) for each in shown.values())
    last = max(float(each.profile.position_mm.max()) for each in shown.values())
    margin = 0.03 * max(last - first, 1.0)
    rows = 12.0 * sum(bool(each.annotated_z) for each in shown.values())
    frame = Frame(
        width,
        min(340.0, 0.2 * width + 170.0) + rows,
        (first - margin, last + margin),
        (0.0, _top_of(shown)),
        left=52.0,
        right=18.0,
        top=20.0,
        bottom=46.0 + rows,
    )
    parts: list[str] = []
    peaks: list[tuple[Peak, Rgb]] = []
    row = 24.0
    for i, (name, curve) in enumerate(shown.items()):
        color = colors[name]
        _, peak = _largest(curve.profile)
        parts.append(_curve(frame, curve, curve.profile.position_mm, color, dash=DASHES[i % len(DASHES)], filled=0.10))
        peaks += [(found, color) for found in _peak(frame, curve, curve.profile.position_mm, f"{name} {peak:.1f} cm²")]
        if curve.annotated_z:
            parts.append(_annotated(frame, curve, curve.profile.position_mm, color, row))
            label = hex_of(readable(color))
            parts.append(element("text", escape(name), class_="row", x=frame.left - 8, y=frame.floor + row + 7, fill=label))
            row += 12.0
    said = "; ".join(f"{name} at most {_largest(each.profile)[1]:.1f} cm²" for name, each in shown.items())
    return element(
        "svg",
        element("title", "Cross-sectional areas along the leg"),
        element("desc", escape(f"{said}. From {first:.0f} to {last:.0f} mm.")),
        frame.axes("Position along the slice axis (mm)", "ACSA (cm²)", x_ticks=7 if width > NARROW else 4),
        *parts,
        *_marked(frame, peaks),
        class_="chart",
        viewBox=f"0 0 {number(frame.width)} {number(frame.height)}",
        role="img",
        tabindex="0",
        data_left=frame.left,
        data_right=frame.width - frame.right,
        data_low=number(frame.x_range[0], 6),
        data_high=number(frame.x_range[1], 6),
        data_top=frame.top,
        data_bottom=frame.floor,
        data_width=frame.width,
    )


def profile_along_muscle(name: str, curve: ProfileCurve, color: Rgb, width: float = 336.0) -> str:
    """One muscle against its own length in percent: an SVG; empty where there is nothing to draw.

    Args:
        name: The muscle's.
        curve: Its areas.
        color: Its colour.
        width: In SVG units, which the page scales.
    """
    if len(curve.profile.z) == 0:
        return ""
    frame = Frame(width, 220.0, (0.0, 100.0), (0.0, _top_of({name: curve})), left=52.0, right=14.0, bottom=50.0)
    peak, largest = _largest(curve.profile)
    place = float(curve.profile.percent_of_length[peak])
    words = f"{largest:.1f} cm² at {place:.0f} %"
    return element(
        "svg",
        element("title", escape(f"{name} along its length")),
        element("desc", escape(f"Largest area {largest:.1f} cm² at {place:.0f} % of its length.")),
        frame.axes("Muscle length (%)", "ACSA (cm²)", x_ticks=5, y_ticks=4),
        _curve(frame, curve, curve.profile.percent_of_length, color, dash="", filled=0.14),
        _annotated(frame, curve, curve.profile.percent_of_length, color, 22.0),
        *_marked(frame, [(found, color) for found in _peak(frame, curve, curve.profile.percent_of_length, words)]),
        class_="chart",
        viewBox=f"0 0 {number(frame.width)} {number(frame.height)}",
        role="img",
    )


def echo_along_muscle(name: str, profile: AcsaProfile, color: Rgb, width: float = 336.0) -> str:
    """Mean grey level of one muscle against its own length in percent: an SVG; empty where it was not measured."""
    echo = profile.echo_intensity
    if echo is None or not np.isfinite(echo).any():
        return ""
    low, high = float(np.nanmin(echo)), float(np.nanmax(echo))
    step = nice_step(max(high - low, 1.0) * 1.2, 3)
    frame = Frame(
        width, 150.0, (0.0, 100.0), (step * np.floor(low / step), step * np.ceil(high / step + 1e-9)), left=52.0, right=14.0
    )
    return element(
        "svg",
        element("title", escape(f"Echo intensity of {name} along its length")),
        element("desc", escape(f"Between {low:.0f} and {high:.0f} grey levels.")),
        frame.axes("Muscle length (%)", "Grey level", x_ticks=5, y_ticks=3),
        element("path", class_="curve", d=path_data(_points(frame, profile.percent_of_length, echo)), stroke=hex_of(color)),
        class_="chart",
        viewBox=f"0 0 {number(frame.width)} {number(frame.height)}",
        role="img",
    )
