"""Weights: the numbers of a trained network, and what one has to know to use them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.errors import InputError

KINDS: tuple[str, ...] = ("ifss-net", "anchored", "pg-net", "unet-3d")
"""Kinds of networks; each is the name of a method as well."""


@dataclass(frozen=True, eq=False)
class Weights:
    """A trained network, without the code that runs it.

    Attributes:
        kind: Which network, one of `KINDS`.
        network: The network's configuration, as plain data.
        sampling: How grey levels and masks become the network's pixels, and what else use must share with training; plain
            data.
        muscles: The muscles that it was trained on; empty when it follows any muscle whose mask it is given.
        tensors: The parameters and buffers by name, as the network's `state_dict` has them.
        card: Where the weights come from: recipe, cohort, seed, versions and metrics; plain data.

    Raises:
        InputError: An unknown kind, or no tensors.
    """

    kind: str
    network: Mapping[str, object]
    sampling: Mapping[str, object]
    muscles: tuple[str, ...]
    tensors: Mapping[str, Shaped[np.ndarray, "*shape"]]
    card: Mapping[str, object] = field(default_factory=dict[str, object])

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"weights of one of {', '.join(KINDS)}", f"'{self.kind}'", "Use another version of ifssnet.")
        if not self.tensors:
            raise InputError(f"the tensors of {self.kind}", "none", "Train it, or give other weights.")

    @property
    def sha256(self) -> str:
        """The hash of the tensors: names in alphabetical order, each with its type, shape and little-endian values."""
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
