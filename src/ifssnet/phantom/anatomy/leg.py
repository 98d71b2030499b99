"""From a person's parameters to the surfaces of the leg, as tables over height and angle.

The leg's frame: x to the lateral side of a left leg (to the medial side of a right one), y from the calf towards the
shin, z from the knee to the ankle, in mm; a prone leg as the probe above it sees it. Around an axis that runs through
the deep compartment, angles go from straight behind (0) to the lateral side (positive). The calf is a stack of layers
between the crural fascia and that axis: gastrocnemius (GM on the medial, GL on the lateral side of the split), the
Achilles tendon, SOL, and the deep fat of the ankle. Every layer's thickness follows from its muscle's ACSA at that
height, so areas and volumes are what the parameters say, and layers can neither overlap nor leave a hole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from ifssnet.phantom.anatomy.borders import Borders, Push
from ifssnet.phantom.anatomy.calf import ANGLES, STEP_MM, THETA, build_calf
from ifssnet.phantom.anatomy.noise import smooth_noise
from ifssnet.phantom.anatomy.other_tissues import bones, compartments, fat_thickness, vessels, visibility
from ifssnet.phantom.anatomy.parametric_borders import parametric_borders, parametric_codes
from ifssnet.phantom.anatomy.parametric_scene import render_scene, tissues
from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.anatomy.subject import Subject
from ifssnet.phantom.anatomy.tissue import Condition
from ifssnet.phantom.anatomy.view import ProbeView, Scene

SKIN, FAT, FASCIA, COVER, GASTRO, TENDON, SOLEUS, DEEP = range(8)
SEEN_GASTRO, SEEN_SOLEUS, SEEN_SPLIT, SEEN_SEPTUM = range(8, 12)
COLUMNS = 12
"""Columns of `ParametricLeg.layers`: the outer radius of skin, fat and fascia, the deep radius of the popliteal fat, the
gastrocnemius, the tendon, SOL and the deep fat, all in mm; and how visible the fascia at a border is, 0 to 1
(gastrocnemius-SOL, SOL-deep, GM-GL, and the septum inside SOL)."""


@dataclass(frozen=True, eq=False)
class ParametricLeg:
    """The surfaces of one leg.

    Attributes:
        subject: Whose.
        z_mm: Heights of the tables' rows, one a `STEP_MM`.
        layers: Radii and visibilities by height and angle; see the columns above.
        axis_xy_mm: Where the axis lies at each height.
        split_rad: Angle of the border between GM and GL.
        bones: Tibia and fibula: x and y of the centre from the axis, mean radius, amplitude and phase of the third
            harmonic.
        vessels: x, y from the axis and radius; the last is the plantaris tendon.
        compartments: Deep and anterior muscles' centres (x, y from the axis) and weights in mm2; the nearest owns a
            place.
    """

    subject: Subject
    z_mm: Float[np.ndarray, " z"]
    layers: Float[np.ndarray, "z angle column"]
    axis_xy_mm: Float[np.ndarray, "z 2"]
    split_rad: Float[np.ndarray, " z"]
    bones: Float[np.ndarray, "z 2 5"]
    vessels: Float[np.ndarray, "z vessel 3"]
    compartments: Float[np.ndarray, "z muscle 3"]

    @property
    def seed(self) -> int:
        """The seed of everything random about the leg."""
        return self.subject.seed

    @property
    def length_mm(self) -> float:
        """The length from the upper end to the ankle."""
        return self.subject.leg_mm

    @property
    def description(self) -> Subject:
        """The subject's parameters."""
        return self.subject

    def tissues(self, index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int]) -> UInt8[np.ndarray, "z y x"]:
        """The tissue's code at every index (x, y, z) of an array, through any affine."""
        return tissues(self.tables, index_to_leg, shape_zyx)

    def scene(self, view: ProbeView) -> Scene:
        """The tissue and the surfaces' echo at every pixel of a view."""
        return render_scene(self.tables, view)

    def pressed_tissues(
        self, index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int], push: Push
    ) -> UInt8[np.ndarray, "z y x"]:
        """The tissue's code at every index of an array while a probe presses the leg."""
        return parametric_codes(self.tables, index_to_leg, shape_zyx, push)

    def borders(self, view: ProbeView, push: Push) -> Borders:
        """The tissue at every pixel of a view and its nearest border while a probe presses the leg."""
        return parametric_borders(self.tables, view, push)

    def with_uneven_fat(self, sd: float) -> ParametricLeg:
        """The same muscles under fat whose thickness varies along and around the leg, by a share of this SD."""
        rng = np.random.default_rng([self.seed, 0xFA7])
        rows = len(self.z_mm)
        noise = 0.7 * smooth_noise(rng, rows, ANGLES, 25.0 / STEP_MM, 22.0) + 0.7 * smooth_noise(rng, rows, ANGLES, 9.0, 9.0)
        layers = self.layers.copy()
        fat = layers[..., FAT] - layers[..., FASCIA]
        skin = layers[..., SKIN] - layers[..., FAT]
        layers[..., FAT] = layers[..., FASCIA] + fat * np.exp(np.clip(sd * noise, -1.2, 1.0))
        layers[..., SKIN] = layers[..., FAT] + skin
        return replace(self, layers=layers)

    @property
    def lateral_sign(self) -> float:
        """Which way along x the lateral side lies."""
        return 1.0 if self.subject.side == "left" else -1.0

    @property
    def condition(self) -> Condition:
        """The state of its muscles."""
        return Condition(self.subject.seed, self.subject.infiltration, self._lesion_xyzr_mm)

    @property
    def _lesion_xyzr_mm(self) -> tuple[float, float, float, float]:
        """The injury: in the middle of GM's thickness, at 60 % of its length."""
        radius = self.subject.lesion_mm
        gm = self.subject.gm
        row = round((gm.start_mm + 0.6 * gm.length_mm) / STEP_MM)
        angle = self.split_rad[row] - np.deg2rad(35.0)
        column = int((np.rad2deg(angle) + 180.0) % ANGLES)
        r = 0.5 * (self.layers[row, column, COVER] + self.layers[row, column, GASTRO])
        x, y = r * np.sin(angle) * self.lateral_sign + self.axis_xy_mm[row, 0], -r * np.cos(angle) + self.axis_xy_mm[row, 1]
        return float(x), float(y), float(self.z_mm[row]), radius

    @property
    def tables(self) -> tuple[Any, ...]:
        """Everything that the compiled lookups need, and the largest radius at each height."""
        shapes = (self.layers, self.axis_xy_mm, self.split_rad, self.bones, self.vessels, self.compartments)
        return (*shapes, self.lateral_sign, self.layers[..., SKIN].max(axis=1))

    @property
    def outline_xy_mm(self) -> Float[np.ndarray, "z angle 2"]:
        """The skin at each of the tables' heights."""
        skin = self.layers[..., SKIN]
        x = skin * np.sin(THETA) * self.lateral_sign + self.axis_xy_mm[:, :1]
        return np.stack([x, -skin * np.cos(THETA) + self.axis_xy_mm[:, 1:]], axis=-1)


def build_leg(subject: Subject) -> ParametricLeg:
    """The surfaces of a subject's leg; the same subject always gives the same."""
    rng = np.random.default_rng([subject.seed, 0xA7A])
    z = np.arange(0.0, subject.leg_mm + STEP_MM, STEP_MM)
    s = np.minimum(z / subject.leg_mm, 1.0)
    calf = build_calf(subject, z, rng)
    fat = fat_thickness(subject, s, rng)
    layers = np.empty((len(z), ANGLES, COLUMNS))
    layers[..., FASCIA] = calf.fascia
    layers[..., FAT] = calf.fascia + fat
    layers[..., SKIN] = layers[..., FAT] + subject.skin_mm
    layers[..., COVER : DEEP + 1] = np.stack([calf.cover, calf.gastro, calf.tendon, calf.soleus, calf.deep], axis=-1)
    for column in (SEEN_GASTRO, SEEN_SOLEUS, SEEN_SPLIT, SEEN_SEPTUM):
        layers[..., column] = visibility(rng, len(z), subject.visibility)
    return ParametricLeg(
        subject=subject,
        z_mm=z,
        layers=layers,
        axis_xy_mm=_axis(subject, s, rng),
        split_rad=calf.split_rad,
        bones=bones(subject, s, calf.fascia),
        vessels=vessels(calf, s, fat),
        compartments=compartments(s, calf.fascia),
    )


def as_leg(subject: Subject | ScannableLeg) -> ScannableLeg:
    """A subject's leg, or the leg itself when it is built already."""
    return build_leg(subject) if isinstance(subject, Subject) else subject


def _axis(subject: Subject, s: Float[np.ndarray, " z"], rng: np.random.Generator) -> Float[np.ndarray, "z 2"]:
    """A leg lies askew to the sweeps by some degrees, is bowed, and its axis wanders."""
    wander = np.stack([smooth_noise(rng, len(s), 1, 45.0 / STEP_MM)[:, 0] for _ in range(2)], axis=1)
    slope = np.tan(np.deg2rad([subject.lean_deg, subject.tilt_deg])) * subject.leg_mm
    bow = np.array([0.0, 6.0]) * np.sin(np.pi * s)[:, None]
    return wander + (s[:, None] - 0.5) * slope + bow
