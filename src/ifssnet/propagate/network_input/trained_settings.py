"""Settings out of a weights file: a network is built, and fed, exactly as it was trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from ifssnet.core.errors import InputError
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import structure

Settings = TypeVar("Settings")


def trained_settings(kind: type[Settings], table: Mapping[str, object], what: str) -> Settings:
    """Settings of which none may be missing: a default of today need not be what was trained with.

    Args:
        kind: The dataclass of the settings.
        table: A table of a weights file.
        what: What the table is called, for errors.

    Raises:
        InputError: A value is missing, unknown or of another type, or cannot be.
    """
    try:
        return structure(kind, table, what, complete=True)
    except InputError as error:
        raise InputError(error.expected, error.received, "Use weights of this version.") from error


def network_settings(kind: type[Settings], weights: Weights) -> Settings:
    """The network's configuration as it was trained.

    Raises:
        InputError: A value is missing, unknown or of another type, or cannot be.
    """
    return trained_settings(kind, weights.network, f"the network of the weights of {weights.kind}")
