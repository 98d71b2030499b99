"""The methods by the names that the command line gives them. A new method is one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from importlib import import_module
from types import MappingProxyType
from typing import Any

from ifssnet.core.errors import InputError
from ifssnet.core.segmentation import Propagator
from ifssnet.core.weights import Weights
from ifssnet.propagate.baselines.fill_between_slices import FillBetweenSlices, FillBetweenSlicesConfig
from ifssnet.propagate.baselines.grow_from_seeds import GrowFromSeeds, GrowFromSeedsConfig
from ifssnet.propagate.baselines.watershed import Watershed, WatershedConfig
from ifssnet.propagate.baselines.zero_order import ZeroOrder, ZeroOrderConfig
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation, ShapeInterpolationConfig


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


@dataclass(frozen=True)
class LearnedEntry:
    """How a method with a trained network is listed and built; only building it imports torch.

    Attributes:
        summary: One line for a person.
        build_from: Module in this room, and what in it makes the method from its weights and settings.
        settings: Module in this room, and its configuration there, a frozen dataclass whose fields are its settings.
        directed: Whether it runs in a direction, which then is one of its settings.
        needs_volume: Whether it reads grey levels.
    """

    summary: str
    build_from: str
    settings: str
    directed: bool = False
    needs_volume: bool = True

    @cached_property
    def config(self) -> type:
        """The configuration; for some methods this imports torch."""
        return _named(self.settings)

    @cached_property
    def build(self) -> Callable[..., Propagator]:
        """The method from its weights and settings; this imports torch."""
        return _named(self.build_from)


def _named(path: str) -> Any:
    """What a module of this room holds under a name."""
    module, _, names = path.partition(":")
    try:
        found: Any = import_module(f"ifssnet.propagate.{module}")
    except ModuleNotFoundError:
        require_torch()
        raise
    for name in names.split("."):
        found = getattr(found, name)
    return found


LEARNED: Mapping[str, LearnedEntry] = MappingProxyType(
    {
        "ifss-net": LearnedEntry(
            "the paper's network, its own masks fed back from window to window; direction=forward for the paper's way",
            "recurrent.ifss_net:from_weights",
            "recurrent.method:RecurrentInference",
            directed=True,
        ),
        "anchored": LearnedEntry(
            "a network that corrects guided interpolation by what the image shows",
            "anchored.method:Anchored.from_weights",
            "anchored.inference:AnchoredInference",
        ),
        "pg-net": LearnedEntry(
            "masks from slice to slice by reference, after Oh et al. 2018 (the paper's [19])",
            "recurrent.pg_net:from_weights",
            "recurrent.method:RecurrentInference",
            directed=True,
        ),
        "unet-3d": LearnedEntry(
            "3-D U-Net: segments the volume, takes only the muscles' names from the seeds",
            "baselines.unet_3d:UNet3d.from_weights",
            "baselines.unet_3d:UNet3dInference",
        ),
    }
)
"""Methods with a trained network: they need weights, and the extra [nn]."""

METHODS: Mapping[str, MethodEntry | LearnedEntry] = MappingProxyType(
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
        **LEARNED,
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
    if isinstance(entry, LearnedEntry):
        raise InputError(f"weights for {name}", "none", "Give them: --weights FILE.")
    return entry.build(entry.config(**_chosen(name, entry.config, settings)))


def learned(name: str, weights: Weights, device: str = "auto", **settings: object) -> Propagator:
    """Build a method with a trained network.

    Args:
        name: A key of `LEARNED`.
        weights: Of that kind.
        device: "auto" takes a graphics card where torch finds one; "cpu"; "cuda".
        **settings: Fields of the method's configuration, those that are not to be as in training.

    Raises:
        InputError: No such method, weights of another kind, no torch, no such device, or settings that cannot be.
    """
    entry = LEARNED.get(name)
    if entry is None:
        raise InputError(f"one of the methods with weights, {', '.join(LEARNED)}", f"'{name}'", "Leave out the weights.")
    if weights.kind != name:
        raise InputError(f"weights of {name}", f"weights of {weights.kind}", f"Use --method {weights.kind}, or other weights.")
    require_torch()
    from ifssnet.propagate.network_input.device import choose_device, moved

    place = choose_device(device)
    return moved(entry.build(weights, **_chosen(name, entry.config, settings)), place)


def require_torch() -> None:
    """Refuse to go on without the libraries of the learned methods.

    Raises:
        InputError: They are not installed.
    """
    try:
        import_module("torch")
        import_module("safetensors")
    except ImportError as error:
        raise InputError(
            "the libraries of the learned methods", f"an installation without {error.name}", "Run pip install 'ifssnet[nn]'."
        ) from error


def _chosen(name: str, config: type, settings: Mapping[str, object]) -> dict[str, object]:
    """The settings, each known to the method and of the right type.

    Raises:
        InputError: One is not.
    """
    known = {field.name: field for field in fields(config)}
    chosen: dict[str, object] = {}
    for setting, value in settings.items():
        if setting not in known:
            raise InputError(
                f"one of the settings {', '.join(known) or '(none)'} of {name}", f"'{setting}'", "Leave it out or correct it."
            )
        chosen[setting] = _fitting(name, setting, value, known[setting].default)
    return chosen


def _fitting(name: str, setting: str, value: object, default: object) -> object:
    """The value as the setting's type; whole numbers serve as numbers, and nothing else is bent."""
    if isinstance(default, bool):
        fits = isinstance(value, bool)
    elif isinstance(default, int):
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif isinstance(default, float):
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    elif isinstance(default, tuple):
        fits = isinstance(value, tuple | list)
    else:
        # A word, or a word that may stand in for a number: the configuration itself says which.
        fits = isinstance(value, str | int | float) and not isinstance(value, bool)
    if not fits and default is not MISSING:
        raise InputError(f"a value like {default!r} for {setting} of {name}", f"{value!r}", f"Correct {setting}.")
    return float(value) if isinstance(value, int) and isinstance(default, float | str) else value
