"""What a leg must answer to be scanned, however its anatomy is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

from ifssnet.phantom.anatomy.tissue import Condition
from ifssnet.phantom.anatomy.view import ProbeView, Scene


@runtime_checkable
class ScannableLeg(Protocol):
    """A leg in its own frame: x across, y from the calf to the shin, z from the knee to the ankle, in mm."""

    @property
    def seed(self) -> int:
        """Of everything random about the leg."""
        ...

    @property
    def length_mm(self) -> float:
        """From its upper end, z = 0, to the ankle."""
        ...

    @property
    def z_mm(self) -> Float[np.ndarray, " row"]:
        """Heights at which the outline is given."""
        ...

    @property
    def outline_xy_mm(self) -> Float[np.ndarray, "row point 2"]:
        """The skin at these heights."""
        ...

    @property
    def axis_xy_mm(self) -> Float[np.ndarray, "row 2"]:
        """The middle of the leg at these heights; what lies before it is not behind."""
        ...

    @property
    def condition(self) -> Condition:
        """The state of its muscles."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Its parameters, as plain data."""
        ...

    def tissues(self, index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int]) -> UInt8[np.ndarray, "z y x"]:
        """The tissue's code at every index (x, y, z) of an array, through any affine."""
        ...

    def scene(self, view: ProbeView) -> Scene:
        """What a view looks at."""
        ...
