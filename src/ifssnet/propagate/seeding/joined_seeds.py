"""Seeds of several files as one, and corrections over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.muscles import field_names
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.propagate.seeding.outlined_seeds import slices_named

Rule: TypeAlias = Literal["refuse", "later"]
"""What counts where two files drew one muscle on one slice differently: neither, or the one that was named later."""

COMPLETE_SLICES = 10
"""A muscle drawn on this many slices without a gap, and on no others, was not drawn by hand for this."""

_Masks = dict[int, dict[int, Mask]]


def joined(parts: Mapping[str, Seeds], rule: Rule = "refuse") -> Seeds:
    """Several seeds on one grid as one; muscles are matched by name.

    Args:
        parts: The files' names, in the order in which they were given, to what was drawn in each.
        rule: What counts where two of them drew a muscle differently on one slice. A muscle drawn in one and absent in
            another is no conflict: it was drawn.

    Raises:
        InputError: Two files drew a muscle differently on a slice, and the rule is to refuse that.
    """
    names = list(parts)
    together = parts[names[0]]
    findings = list(together.findings)
    for name in names[1:]:
        part = parts[name]
        renumbered, known, colors, terminology = _like(part, together)
        masks: _Masks = {label: dict(own) for label, own in together.masks.items()}
        for label, own in renumbered.items():
            before = masks.setdefault(label, {})
            conflicts = [z for z, mask in own.items() if z in before and _differ(before[z], mask)]
            if conflicts and rule == "refuse":
                raise InputError(
                    "one drawing of each muscle on each slice",
                    f"{known[label]} on {slices_named(conflicts)} drawn otherwise in {name} than before",
                    "Remove one of them, or add --later-wins to take the file that is named last.",
                )
            if conflicts:
                what = f"{known[label]} on {slices_named(conflicts)} was taken from {name}, which is named later."
                findings.append(Finding("note", what, "", float(len(conflicts))))
            before.update({z: mask for z, mask in own.items() if mask.any() or z not in before})
        together = Seeds(masks, together.grid, known, colors, together.axes, terminology=terminology)
        findings += part.findings
    return replace(together, findings=tuple(findings))


def corrected(seeds: Seeds, corrections: Seeds, where: str) -> Seeds:
    """Seeds with corrections over them: what is annotated there takes the place of what was drawn on these slices.

    Args:
        seeds: What was drawn.
        corrections: On the same grid; a muscle that is annotated as absent there is removed from that slice.
        where: The corrections' file, for the findings.
    """
    renumbered, known, colors, terminology = _like(corrections, seeds)
    masks: _Masks = {label: dict(own) for label, own in seeds.masks.items()}
    findings: list[Finding] = []
    for label, own in renumbered.items():
        before = masks.setdefault(label, {})
        replaced, added = [z for z in own if z in before], [z for z in own if z not in before]
        before.update(own)
        parts = [f"{slices_named(zs)} {verb}" for zs, verb in ((sorted(replaced), "replaced"), (sorted(added), "added")) if zs]
        if parts:
            findings.append(
                Finding("note", f"{known[label]}, corrections of {where}: {'; '.join(parts)}.", "", float(len(own)))
            )
    findings = [*seeds.findings, *corrections.findings, *findings]
    return Seeds(masks, seeds.grid, known, colors, seeds.axes, tuple(findings), terminology)


def is_complete(seeds: Seeds) -> bool:
    """Whether seeds are a complete segmentation: every muscle on each slice from its first to its last, and on many."""
    drawn = [seeds.present(label) for label in seeds.labels if seeds.present(label)]
    return bool(drawn) and all(map(_is_complete, drawn))


def complete_findings(seeds: Seeds, where: str) -> tuple[Finding, ...]:
    """A warning where seeds, or some muscles of them, are a complete segmentation, of which nothing is left to be carried."""
    whole = [label for label in seeds.labels if _is_complete(seeds.present(label))]
    few = [label for label in seeds.labels if seeds.present(label) and label not in whole]
    if not whole:
        return ()
    if few:
        return _complete_beside(seeds, whole, few)
    slices = max(len(seeds.present(label)) for label in whole)
    names = ", ".join(seeds.name(label) for label in whole)
    example = ",".join(str(z) for z in np.linspace(*_ends(seeds.present(whole[0])), 3).round().astype(int).tolist())
    what = f"{where} is a complete result: {names} drawn on every slice of up to {slices}. Nothing is left to be segmented."
    remedy = (
        f"To use some of its slices as seeds, choose them: ifss seeds {where} --slices {example} -o seeds.seg.nrrd. To correct "
        "seeds by them, give these as --corrections."
    )
    return (Finding("warning", what, remedy, float(slices)),)


def _complete_beside(seeds: Seeds, whole: Sequence[int], few: Sequence[int]) -> tuple[Finding, ...]:
    """A warning of muscles on every slice among others on some slices: a small one may have been drawn on other planes."""
    first, last = _ends(sorted(z for label in few for z in seeds.present(label)))
    inside = [label for label in whole if seeds.present(label)[0] < last and seeds.present(label)[-1] > first]
    if not inside:
        return ()
    names, others = (", ".join(map(seeds.name, labels)) for labels in (inside, few))
    is_drawn = "is drawn" if len(inside) == 1 else "are drawn"
    what = f"{names} {is_drawn} on every slice, and {others} on some of them only: nothing of {names} is left to be carried."
    remedy = f"If {names} was drawn on other planes than {others}, draw it on the same ones."
    return (Finding("warning", what, remedy, float(len(inside))),)


def _is_complete(present: Sequence[int]) -> bool:
    return len(present) >= COMPLETE_SLICES and present[-1] - present[0] + 1 == len(present)


def _ends(present: Sequence[int]) -> tuple[int, int]:
    return present[0], present[-1]


def _differ(one: Mask, other: Mask) -> bool:
    return bool(one.any() and other.any() and (one != other).any())


def _like(part: Seeds, known: Seeds) -> tuple[_Masks, dict[int, str], dict[int, tuple[int, int, int]], dict[int, str]]:
    """One file's masks under the labels that others have for the same muscles; names, colours and terminology of all."""
    called = field_names([*(known.name(label) for label in known.labels), *(part.name(label) for label in part.labels)])
    numbers = {called[known.name(label)]: label for label in known.labels}
    names = {label: known.name(label) for label in known.labels}
    colors, terminology = dict(known.colors), dict(known.terminology)
    masks: _Masks = {}
    for label in part.labels:
        name = called[part.name(label)]
        if name not in numbers:
            numbers[name] = label if label not in names else max(names) + 1
            names[numbers[name]] = part.name(label)
            if label in part.colors:
                colors[numbers[name]] = part.colors[label]
        if label in part.terminology:
            terminology.setdefault(numbers[name], part.terminology[label])
        masks[numbers[name]] = dict(part.masks[label])
    return masks, names, colors, terminology
