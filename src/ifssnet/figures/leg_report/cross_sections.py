"""Cross-sections along the leg and along each muscle: the charts of `acsa.py`, with their words."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from ifssnet.figures.drawing.pages import render
from ifssnet.figures.drawing.theme import Rgb, ordered
from ifssnet.figures.leg_report.acsa import NARROW, ProfileCurve, echo_along_muscle, profile_along_leg, profile_along_muscle
from ifssnet.figures.leg_report.content import ReportContent
from ifssnet.figures.leg_report.tables import PACKAGE


def profile_curves(content: ReportContent) -> dict[str, ProfileCurve]:
    """Each muscle's profile with the reference's and the annotated slices, in the order of every figure."""
    found: dict[str, ProfileCurve] = {}
    for name in ordered(content.muscles):
        profile = content.muscles[name].profile
        if profile is None:
            continue
        reference = content.reference_profiles.get(name)
        drawn = set(content.annotated_slices.get(name, ()))
        found[name] = ProfileCurve(
            profile,
            annotated_z=[z for z in profile.z.tolist() if z in drawn],
            reference_acsa_cm2=None if reference is None else reference.acsa_cm2_on(profile.z),
        )
    return found


def profiles_section(content: ReportContent, colors: Mapping[str, Rgb]) -> Markup:
    """All muscles in one chart, then each by itself; empty where no muscle was found."""
    curves = {name: curve for name, curve in profile_curves(content).items() if len(curve.profile.z) > 0}
    if not curves:
        return Markup()
    return render(
        PACKAGE,
        "cross_sections.html",
        has_annotated=any(curve.annotated_z for curve in curves.values()),
        has_reference=any(curve.reference_acsa_cm2 is not None for curve in curves.values()),
        along_leg=Markup(profile_along_leg(curves, colors)),
        on_phone=Markup(profile_along_leg(curves, colors, NARROW)),
        panels=[
            (
                name,
                Markup(profile_along_muscle(name, curve, colors[name])),
                Markup(echo_along_muscle(name, curve.profile, colors[name])),
            )
            for name, curve in curves.items()
        ],
        colors=colors,
    )
