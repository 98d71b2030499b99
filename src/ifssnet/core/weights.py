"""What a training ended with: a network's numbers, and all that one has to know to use them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.report import finite
from ifssnet.core.segmentation import Json

KINDS: tuple[str, ...] = ("ifss-net", "anchored", "pg-net", "unet-3d")
"""The networks that there are weights of; each is the name of a method as well."""


@dataclass(frozen=True, eq=False)
class Weights:
    """A trained network, without the code that runs it.

    Attributes:
        kind: Which network, one of `KINDS`.
        network: Its configuration, as plain data.
        sampling: How grey levels and masks become its pixels, and whatever else use must share with training; plain data.
        muscles: Which muscles it was trained on; empty when it follows any muscle that it is given a mask of.
        tensors: Parameters and buffers by name.
        card: Where they come from: recipe, cohort, seeds, versions, metrics; plain data.

    Raises:
        InputError: An unknown kind, or no tensors.
    """

    kind: str
    network: Mapping[str, Json]
    sampling: Mapping[str, Json]
    muscles: tuple[str, ...]
    tensors: Mapping[str, Shaped[np.ndarray, "*shape"]]
    card: Mapping[str, Json] = field(default_factory=dict[str, Json])

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"weights of one of {', '.join(KINDS)}", f"'{self.kind}'", "Use another version of ifssnet.")
        if not self.tensors:
            raise InputError(f"the tensors of {self.kind}", "none", "Train it, or give other weights.")

    @property
    def sha256(self) -> str:
        """Of the tensors: names in alphabetical order, each with its type, shape and little-endian values."""
        digest = hashlib.sha256()
        for name in sorted(self.tensors):
            tensor = self.tensors[name]
            little = tensor.astype(tensor.dtype.newbyteorder("<"), order="C", copy=False)
            digest.update(json.dumps([name, tensor.dtype.name, list(tensor.shape)]).encode())
            digest.update(little.tobytes())
        return digest.hexdigest()

    def check_kind(self, kind: str) -> None:
        """Refuse weights of another network.

        Raises:
            InputError: They are.
        """
        if self.kind != kind:
            raise InputError(f"weights of {kind}", f"weights of {self.kind}", f"Give weights of {kind}, or use {self.kind}.")

    def description(self) -> dict[str, Json]:
        """Everything but the tensors, as plain data."""
        plain: dict[str, Json] = {
            "kind": self.kind,
            "network": finite(self.network),
            "sampling": finite(self.sampling),
            "muscles": list(self.muscles),
            "card": finite(self.card),
        }
        return plain
