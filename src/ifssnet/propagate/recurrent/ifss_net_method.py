"""IFSS-Net as a method, from its weights, run by whichever engine there is."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import structure
from ifssnet.nn.engines.compiled import ENGINES, REFERENCE, TORCH, Compiled
from ifssnet.nn.networks.ifss_net_config import IFSSNetConfig
from ifssnet.nn.networks.ifss_net_graph import window_graph
from ifssnet.propagate.network_input.trained_settings import (
    further_settings,
    inference_settings,
    network_settings,
    sampling_settings,
)
from ifssnet.propagate.recurrent.graph_stepper import GraphStepper
from ifssnet.propagate.recurrent.ifss_net_settings import NAME
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.recurrent.method import Recurrent
from ifssnet.propagate.recurrent.run import Stepper

LITERALLY: Mapping[str, object] = MappingProxyType({"stride": 1, "whole_slice": True})
"""What the engine "reference" does beside the network's own arithmetic (paper: every slice, whole slices)."""


def engines(weights: Weights) -> tuple[str, ...]:
    """What can run a network of this kind, the fastest first; "reference" only where it is asked for.

    Raises:
        InputError: Weights of another network.
    """
    weights.check_kind(NAME)
    return (*ENGINES, REFERENCE)


def _untrained_step(weights: Weights, stride: int) -> str:
    """What a user should know of a step that the network was not trained at; empty where it was, or where nobody says."""
    try:
        strides = structure(_Card, weights.card, "the card", ignore_unknown=True).recipe.config.sequences.strides
    except InputError:
        return ""
    if not strides or strides[0] <= stride <= strides[-1]:
        return ""
    trained = f"{strides[0]}" if strides[0] == strides[-1] else f"{strides[0]} to {strides[-1]}"
    return (
        f"The network was trained at strides of {trained} slices and goes at {stride}: on digital legs the shipped one lost "
        f"a seventh of its Dice at 1. Leave out stride, or train with --set sequences.strides=[{stride},{stride}]."
    )


@dataclass(frozen=True)
class _CardSequences:
    """The sequences of a training, as far as use has to know of them."""

    strides: tuple[int, ...] = ()


@dataclass(frozen=True)
class _CardConfig:
    """The configuration around them."""

    sequences: _CardSequences = _CardSequences()


@dataclass(frozen=True)
class _CardRecipe:
    """The recipe around it."""

    config: _CardConfig = _CardConfig()


@dataclass(frozen=True)
class _Card:
    """What the card of weights says of their training."""

    recipe: _CardRecipe = _CardRecipe()


@dataclass(frozen=True)
class _SharedWithTraining:
    """What a weights file says beside the sampling and inference."""

    output: str
    image: bool


def from_weights(weights: Weights, engine: str = TORCH, **settings: object) -> Recurrent:
    """IFSS-Net as a propagator, from its file.

    Args:
        weights: Weights of the kind "ifss-net".
        engine: What runs it, one of `engines(weights)`. "reference" is the paper's method as it reads: torch's own
            convolutions, whole slices and a step of one slice, unless the settings say otherwise.
        **settings: Fields of `RecurrentInference`; what is not given is as in training.

    Raises:
        InputError: Weights of another kind or version, or settings that cannot be.
    """
    weights.check_kind(NAME)
    shared = further_settings(_SharedWithTraining, weights, RecurrentInference)
    trained = inference_settings(RecurrentInference, weights.sampling, weights)
    if engine == REFERENCE:
        settings = {**LITERALLY, **settings}
    inference = structure(RecurrentInference, settings, NAME, base=trained)
    if doubt := _untrained_step(weights, inference.stride):
        warnings.warn(InputWarning(doubt), stacklevel=2)
    config = network_settings(IFSSNetConfig, weights)
    make = _of_torch if engine in (TORCH, REFERENCE) else _of_engine
    stepper = make(config, weights, engine, shared, inference.stride)
    facts = {"output": shared.output, "image": shared.image, "lstm_state": config.state, "engine": engine}
    return Recurrent(stepper, sampling_settings(weights), inference, NAME, facts)


def _of_torch(config: IFSSNetConfig, weights: Weights, engine: str, shared: _SharedWithTraining, stride: int) -> Stepper:
    from ifssnet.nn.networks.ifss_net import IFSSNet
    from ifssnet.nn.networks.literal import literal
    from ifssnet.nn.tensors import filled
    from ifssnet.propagate.recurrent.ifss_net import IFSSNetStepper

    network = filled(IFSSNet(config), weights.tensors)
    return IFSSNetStepper(literal(network) if engine == REFERENCE else network, shared.output, stride, shared.image)


def _of_engine(config: IFSSNetConfig, weights: Weights, engine: str, shared: _SharedWithTraining, stride: int) -> Stepper:
    network = Compiled(window_graph(config, weights.tensors), engine)
    return GraphStepper(config, network, shared.output, stride, shared.image)
