"""The methods by the names that the command line gives them. A new method is one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from ifssnet.core.errors import InputError
from ifssnet.core.segmentation import Propagator
from ifssnet.propagate.fill_between_slices import FillBetweenSlices, FillBetweenSlicesConfig
from ifssnet.propagate.grow_from_seeds import GrowFromSeeds, GrowFromSeedsConfig
from ifssnet.propagate.shape_interpolation import ShapeInterpolation, ShapeInterpolationConfig
from ifssnet.propagate.watershed import Watershed, WatershedConfig
from ifssnet.propagate.zero_order import ZeroOrder, ZeroOrderConfig


@dataclass(frozen=True)
class MethodEntry:
    """How a method is listed and built.

    Attributes:
        summary: One line for a person.
        needs_volume: Whether it reads grey levels.
        config: The method's configuration, a frozen dataclass whose fields are its settings.
        build: The method from its configuration.
    """

    summary: str
    needs_volume: bool
    config: type
    build: Callable[..., Propagator]


METHODS: Mapping[str, MethodEntry] = MappingProxyType(
    {
        "shape-interpolation": MethodEntry(
            "signed distances guided by area and centroid curves (the default); plain=true for the unguided ones",
            False,
            ShapeInterpolationConfig,
            ShapeInterpolation,
        ),
        "zero-order": MethodEntry(
            "the smaller of the two masks, then smoothed: ZOI, which made the paper's training labels",
            False,
            ZeroOrderConfig,
            ZeroOrder,
        ),
        "fill-between-slices": MethodEntry(
            "ITK's morphological contour interpolator, as in 3D Slicer (needs the extra [itk])",
            False,
            FillBetweenSlicesConfig,
            FillBetweenSlices,
        ),
        "grow-from-seeds": MethodEntry(
            "fast GrowCut through the grey levels, as in 3D Slicer", True, GrowFromSeedsConfig, GrowFromSeeds
        ),
        "watershed": MethodEntry("watershed of the gradient from markers, as in 3D Slicer", True, WatershedConfig, Watershed),
    }
)


def method(name: str, **settings: object) -> Propagator:
    """Build a method.

    Args:
        name: A key of `METHODS`.
        **settings: Fields of the method's configuration, those that are not to stay at their defaults.

    Raises:
        InputError: No such method, no such setting, or a value that the setting cannot take.

    >>> method("shape-interpolation", plain=True).name
    'shape-interpolation'
    """
    entry = METHODS.get(name)
    if entry is None:
        raise InputError(f"one of the methods {', '.join(METHODS)}", f"'{name}'", "Choose one of them.")
    known = {field.name: field for field in fields(entry.config)}
    chosen: dict[str, object] = {}
    for setting, value in settings.items():
        if setting not in known:
            raise InputError(
                f"one of the settings {', '.join(known) or '(none)'} of {name}", f"'{setting}'", "Leave it out or correct it."
            )
        chosen[setting] = _fitting(name, setting, value, known[setting].default)
    return entry.build(entry.config(**chosen))


def _fitting(name: str, setting: str, value: object, default: object) -> object:
    """The value as the setting's type; whole numbers serve as numbers, and nothing else is bent."""
    if isinstance(default, bool):
        fits = isinstance(value, bool)
    elif isinstance(default, int):
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif isinstance(default, float):
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        # A word, or a word that may stand in for a number: the configuration itself says which.
        fits = isinstance(value, str | int | float) and not isinstance(value, bool)
    if not fits:
        raise InputError(f"a value like {default!r} for {setting} of {name}", f"{value!r}", f"Correct {setting}.")
    return float(value) if isinstance(value, int) and isinstance(default, float | str) else value
