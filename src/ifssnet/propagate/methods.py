"""The methods by the names that the command line gives them. A new method is one file, and one line in `METHODS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from types import MappingProxyType
from typing import Any, cast

from ifssnet.core.errors import InputError
from ifssnet.core.segmentation import Propagator
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import structure
from ifssnet.nn.engines.compiled import AUTO, ENGINES, REFERENCE, TORCH
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.baselines.fill_between_slices import FillBetweenSlices, FillBetweenSlicesConfig
from ifssnet.propagate.baselines.grow_from_seeds import GrowFromSeeds, GrowFromSeedsConfig
from ifssnet.propagate.baselines.unet_3d_inference import UNet3dInference
from ifssnet.propagate.baselines.watershed import Watershed, WatershedConfig
from ifssnet.propagate.baselines.zero_order import ZeroOrder, ZeroOrderConfig
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation, ShapeInterpolationConfig
from ifssnet.propagate.network_input.engines import choose_engine, require_engine
from ifssnet.propagate.recurrent.inference import RecurrentInference


@dataclass(frozen=True)
class Method:
    """How a method is listed and built.

    Attributes:
        name: As on the command line; for a learned method it is the kind of its weights, too.
        summary: One line for a person.
        config: Its configuration, a frozen dataclass whose fields are its settings.
        build: The method from its configuration. For a learned method, whose libraries are an extra, the place of the
            function that builds it from its weights and settings: "room.module:function", within this room.
        needs_volume: Whether it reads grey levels.
        engines: The place of the function that says which engines can run weights of it, or nothing where only torch can.
    """

    name: str
    summary: str
    config: type
    build: Callable[[Any], Propagator] | str
    needs_volume: bool
    engines: str = ""

    @property
    def learned(self) -> bool:
        """Whether it has a trained network: then it needs weights, and a library that runs it."""
        return isinstance(self.build, str)

    @property
    def directed(self) -> bool:
        """Whether it runs in a direction, which then is one of its settings."""
        return any(field.name == "direction" for field in fields(self.config))


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        each.name: each
        for each in (
            Method(
                "shape-interpolation",
                "signed distances guided by area and centroid curves; plain=true for the unguided ones",
                ShapeInterpolationConfig,
                ShapeInterpolation,
                needs_volume=False,
            ),
            Method(
                "zero-order",
                "the smaller of the two masks, then smoothed: ZOI, which made the paper's training labels",
                ZeroOrderConfig,
                ZeroOrder,
                needs_volume=False,
            ),
            Method(
                "fill-between-slices",
                "morphological contour interpolation, as in 3D Slicer",
                FillBetweenSlicesConfig,
                FillBetweenSlices,
                needs_volume=False,
            ),
            Method(
                "grow-from-seeds",
                "fast GrowCut through the grey levels, as in 3D Slicer",
                GrowFromSeedsConfig,
                GrowFromSeeds,
                needs_volume=True,
            ),
            Method(
                "watershed",
                "watershed of the gradient from markers, as in 3D Slicer",
                WatershedConfig,
                Watershed,
                needs_volume=True,
            ),
            Method(
                "ifss-net",
                "the paper's network, its own masks fed back from window to window; direction=forward for the paper's way",
                RecurrentInference,
                "recurrent.ifss_net_method:from_weights",
                needs_volume=True,
                engines="recurrent.ifss_net_method:engines",
            ),
            Method(
                "anchored",
                "a network that corrects guided interpolation by what the image shows",
                AnchoredInference,
                "anchored.method:Anchored.from_weights",
                needs_volume=True,
                engines="anchored.method:engines",
            ),
            Method(
                "pg-net",
                "masks from slice to slice by reference, after Oh et al. 2018 (the paper's [19])",
                RecurrentInference,
                "recurrent.pg_net:from_weights",
                needs_volume=True,
            ),
            Method(
                "unet-3d",
                "3-D U-Net: segments the volume, takes only the muscles' names from the seeds",
                UNet3dInference,
                "baselines.unet_3d:UNet3d.from_weights",
                needs_volume=True,
            ),
        )
    }
)

LEARNED: tuple[str, ...] = tuple(name for name, each in METHODS.items() if each.learned)
"""The methods with a trained network."""


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
    if isinstance(entry.build, str):
        raise InputError(f"weights for {name}", "none", "Give them: --weights FILE.")
    return entry.build(structure(entry.config, settings, name))


def learned(name: str, weights: Weights, device: str = "auto", engine: str = AUTO, **settings: object) -> Propagator:
    """Build a method with a trained network.

    Args:
        name: One of `LEARNED`.
        weights: Weights of that kind.
        device: "auto" takes a graphics card where torch finds one; "cpu"; "cuda".
        engine: What runs it: "auto" for the fastest that is installed, "openvino", "onnxruntime" or "torch";
            "reference" for ifss-net as the paper has it, with nothing done for speed.
        **settings: Fields of the method's configuration, those that are not to be as in training.

    Raises:
        InputError: No such method, weights of another kind, no such engine or device, or settings that cannot be.
    """
    entry = METHODS.get(name)
    if entry is None or not isinstance(entry.build, str):
        raise InputError(f"one of the methods with weights, {', '.join(LEARNED)}", f"'{name}'", "Leave out the weights.")
    if weights.kind != name:
        raise InputError(f"weights of {name}", f"weights of {weights.kind}", f"Use --method {weights.kind}, or other weights.")
    build = _function(entry.build)
    if not entry.engines:
        choose_engine(engine, device, (TORCH,))
        return _on_device(build(weights, **settings), device)
    engine = choose_engine(engine, device, _function(entry.engines)(weights))
    built = build(weights, engine=engine, **settings)
    return _on_device(built, device) if engine in (TORCH, REFERENCE) else built


def require_library(name: str) -> None:
    """Refuse to go on without a library that could run a learned method.

    Raises:
        InputError: None is installed.
    """
    require_engine(ENGINES if METHODS[name].engines else (TORCH,))


def _on_device(method: Propagator, device: str) -> Propagator:
    from ifssnet.propagate.network_input.device import choose_device, moved

    return moved(method, choose_device(device))


def _function(place: str) -> Callable[..., Any]:
    """What a learned method names by its place."""
    module, _, names = place.partition(":")
    found: object = import_module(f"ifssnet.propagate.{module}")
    for name in names.split("."):
        found = getattr(found, name)
    return cast("Callable[..., Any]", found)
