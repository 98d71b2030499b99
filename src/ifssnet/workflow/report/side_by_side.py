"""Several methods' segmentations of one leg, compared with the reference on the same slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.muscles import field_names
from ifssnet.core.seeds import Seeds
from ifssnet.figures.drawing.method_theme import NAMES
from ifssnet.figures.leg_report.content import ComparedMethod
from ifssnet.geometry.grids.resample import comparable
from ifssnet.io.open import open_label_layers
from ifssnet.io.storage.provenance import RecordedProvenance
from ifssnet.measurement.layers import compare_layers
from ifssnet.workflow.report.outlined_slices import outlined_slice, places_between

SLICES = 3
"""Pictures of each method: enough to see a tendency, small enough for a row."""


@dataclass(frozen=True)
class OtherSegmentation:
    """A segmentation of the same leg by another method.

    Attributes:
        name: The method's, for a person.
        path: The label map.
        note: What a reader has to know of it; may be empty.
    """

    name: str
    path: Path
    note: str = ""


def compared_methods(
    first: ComparedMethod,
    layers: Sequence[LabelMap],
    others: Sequence[OtherSegmentation],
    references: Sequence[LabelMap],
    volume: Volume | None,
    seeds: Seeds | None,
) -> list[ComparedMethod]:
    """The methods with their agreement and their slices, far from annotated ones, where methods have most to do.

    Args:
        first: The page's own segmentation, compared already; its slices are added.
        layers: What it found, each structure whole.
        others: The other methods' files, in their order.
        references: What all of them ought to be, on the grid of `layers`.
        volume: Grey levels on that grid.
        seeds: What the expert drew.

    Raises:
        InputError: A file cannot be read, or lies on another grid.
    """
    drawn = set[int]() if seeds is None else {z for label in seeds.labels for z in seeds.slices(label)}
    places = places_between(references, drawn, SLICES)
    methods = [replace(first, slices=[outlined_slice(z, layers, volume, references, seeds) for z in places])]
    for other in others:
        opened = [comparable(each, layers[0], other.path.name) for each in open_label_layers(other.path)]
        called = field_names([name for each in (*layers, *opened) for name in each.names.values()])
        found = [replace(each, names={value: called[name] for value, name in each.names.items()}) for each in opened]
        slices = [outlined_slice(z, found, volume, references, seeds) for z in places]
        methods.append(ComparedMethod(other.name, compare_layers(found, references), slices, other.note))
    return methods


def method_name(recorded: RecordedProvenance, segmentation: Path) -> str:
    """A method's name for a person, out of a segmentation's provenance; the file's name where there is none."""
    if recorded.provenance is None:
        return segmentation.name.split(".")[0]
    return NAMES.get(recorded.provenance.method_name, recorded.provenance.method_name)
