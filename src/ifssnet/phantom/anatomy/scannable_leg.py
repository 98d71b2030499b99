"""What the scanner asks of a leg: the protocol of every leg, parametric or made of surfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

from ifssnet.phantom.anatomy.borders import Borders, Push
from ifssnet.phantom.anatomy.subject import Side, Subject
from ifssnet.phantom.anatomy.tissue import Condition
from ifssnet.phantom.anatomy.view import ProbeView, Scene


@dataclass(frozen=True)
class SurfaceSource:
    """Where a leg that was made of surfaces comes from.

    Attributes:
        surfaces: Name of the folder of surfaces.
        side: Which leg.
        seed: What the random numbers of its texture start from.
        leg_mm: Its length.
    """

    surfaces: str
    side: Side
    seed: int
    leg_mm: float


LegDescription: TypeAlias = Subject | SurfaceSource
"""What a leg was made from: a person's parameters, or surfaces."""


@runtime_checkable
class HasTissues(Protocol):
    """Anything that knows the tissue at a place."""

    def tissues(self, index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int]) -> UInt8[np.ndarray, "z y x"]:
        """The tissue's code at every index (x, y, z) of an array, through any affine."""
        ...


@runtime_checkable
class ScannableLeg(Protocol):
    """A leg in its own frame: x across, y from the calf to the shin, z from the knee to the ankle, in mm."""

    @property
    def seed(self) -> int:
        """The seed of everything random about the leg."""
        ...

    @property
    def length_mm(self) -> float:
        """The length from the upper end, z = 0, to the ankle."""
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

    @property
    def description(self) -> LegDescription:
        """What it was made from."""
        ...

    def tissues(self, index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int]) -> UInt8[np.ndarray, "z y x"]:
        """The tissue's code at every index (x, y, z) of an array, through any affine."""
        ...

    def scene(self, view: ProbeView) -> Scene:
        """The tissue and the surfaces' echo at every pixel of a view."""
        ...

    def pressed_tissues(
        self, index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int], push: Push
    ) -> UInt8[np.ndarray, "z y x"]:
        """The tissue's code at every index of an array while a probe presses the leg."""
        ...

    def borders(self, view: ProbeView, push: Push) -> Borders:
        """The tissue at every pixel of a view and its nearest border while a probe presses the leg."""
        ...

    def with_uneven_fat(self, sd: float) -> ScannableLeg:
        """The same muscles under fat of uneven thickness; legs of surfaces keep theirs."""
        ...
