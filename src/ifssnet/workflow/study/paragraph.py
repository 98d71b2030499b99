"""What a methods section has to say: one paragraph to paste, made of what the results record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ifssnet.core.images import counted
from ifssnet.core.results.study import Design, DetectableChange, StudyAgreement, StudyFacts

PAPER = (
    "Al Chanti D, Gonzalez Duque V, Crouzier M, Nordez A, Lacourpaille L, Mateus D. IFSS-Net: Interactive Few-Shot Siamese "
    "Network for Faster Muscle Segmentation and Propagation in Volumetric Ultrasound. IEEE Trans Med Imaging "
    "2021;40(10):2615-2628. doi:10.1109/TMI.2021.3058303"
)

_METHODS: Mapping[str, str] = {
    "shape-interpolation": "by interpolation of signed distances guided by the curves of areas and centroids",
    "anchored": "by a neural network that corrects guided shape interpolation by the grey levels",
    "ifss-net": "by IFSS-Net, a recurrent Siamese network",
    "fill-between-slices": "by morphological contour interpolation",
    "grow-from-seeds": "by region growing (GrowCut)",
    "watershed": "by a watershed of the gradient",
    "zero-order": "by zero-order interpolation",
    "pg-net": "by a network that propagates masks from slice to slice",
    "unet-3d": "by a 3-D U-Net",
}
_SOURCES = {
    "given": "was given by the laboratory",
    "visits": "was found from the repeated visits",
    "raters": "was found from the raters of this study",
}


def methods_paragraph(
    facts: StudyFacts,
    design: Design,
    muscles: Sequence[str],
    legs: int,
    agreements: Sequence[StudyAgreement],
    detectable: Sequence[DetectableChange],
) -> str:
    """The paragraph, and the references that it needs below it.

    Args:
        facts: How the numbers came about.
        design: What the study consists of.
        muscles: The muscles' names.
        legs: The number of recordings that were measured.
        agreements: Between raters, and between repeated visits.
        detectable: Minimal detectable changes.
    """
    sentences = [
        f"The volumes of {_and(muscles)} were measured on three-dimensional ultrasound of {counted(legs, 'leg recording')} of "
        f"{counted(len(design.subjects), 'person')}.",
        *_compounding(facts),
        *_segmentation(facts, design),
        "The volume of a muscle is the number of its voxels times the volume of one; its anatomical cross-sectional area "
        "(ACSA) was measured on each slice, and the largest one on the profile smoothed along the muscle.",
        *_statistics(design, agreements, detectable),
        *_software(facts),
    ]
    return f"{' '.join(sentences)}\n\nReferences:\n{PAPER}\n"


def _compounding(facts: StudyFacts) -> list[str]:
    settings = facts.compounding
    spacing = " or ".join("x".join(f"{part:.3g}" for part in each) for each in facts.spacing_xyz_mm)
    voxels = [f"Voxels measured {spacing} mm."] if spacing else []
    if not settings:
        return voxels
    words = [
        f"{name.replace('_', ' ')} {settings[name]}" for name in ("compounding", "interpolation", "holes") if name in settings
    ]
    return [f"Tracked sweeps were compounded into volumes ({'; '.join(words)}).", *voxels]


def _segmentation(facts: StudyFacts, design: Design) -> list[str]:
    if not facts.methods:
        return ["Segmentations were made beforehand."]
    sentences: list[str] = []
    if facts.annotated_slices is not None:
        low, high = facts.annotated_slices
        who = _and(design.raters) or "An annotator"
        sentences.append(f"{who} drew each muscle on {low if low == high else f'{low} to {high}'} slices.")
    for name, legs in facts.methods.items():
        every = {**facts.settings.get(name, {})}
        settings = ", ".join(f"{key} = {_value(value)}" for key, value in every.items() if value is not None)
        words = _METHODS.get(name, f"by the method {name}")
        with_settings = f" with {settings}" if settings else ""
        share = "" if len(facts.methods) == 1 else f" ({counted(legs, 'segmentation')})"
        sentences.append(f"The other slices were segmented {words} (`{name}`{with_settings}){share}.")
    kept = "all drawn slices were given to it" if facts.protocol == "all-seeds" else f"seed protocol {facts.protocol}"
    sentences.append(f"What was drawn stays unchanged in the result; {kept}.")
    for file, sha256 in facts.weights.items():
        sentences.append(f"The network's weights were {file} (SHA-256 {sha256[:16]}).")
    return sentences


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def _statistics(design: Design, agreements: Sequence[StudyAgreement], detectable: Sequence[DetectableChange]) -> list[str]:
    percent = f"{100 * design.confidence:g} %"
    sentences: list[str] = []
    if agreements:
        between = _and(
            [{"raters": "raters", "visits": "repeated visits"}[each] for each in dict.fromkeys(a.between for a in agreements)]
        )
        sentences.append(
            f"Agreement between {between} is given by the intraclass correlation ICC(2,1) for absolute agreement (two-way "
            f"random effects, single measurements), by Bland and Altman's bias with limits of agreement (1.96 SD), and by the "
            f"standard error of measurement (SEM), with {percent} confidence intervals."
        )
    sources = dict.fromkeys(each.source for each in detectable)
    for source in sources:
        formula = "" if source == "given" else f" (SEM times the square root of 2 times the normal quantile of {percent})"
        sentences.append(f"The minimal detectable change{formula} {_SOURCES[source]}.")
    if design.before:
        sentences.append(f"Changes are those from '{design.before}' to '{design.after}', with {percent} confidence intervals.")
    return sentences


def _software(facts: StudyFacts) -> list[str]:
    versions = dict(facts.software)
    own, python = versions.pop("ifssnet", ""), versions.pop("python", "")
    versions.pop("platform", None)
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items())
    return [
        f"The software was ifssnet {own}, an implementation of IFSS-Net (Al Chanti et al., 2021) and of other methods, "
        f"with Python {python} ({libraries})."
    ]


def _and(words: Sequence[str]) -> str:
    """The words with commas, and an "and" before the last.

    >>> _and(["SOL", "GM", "GL"]), _and(["AB"])
    ('SOL, GM and GL', 'AB')
    """
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
