"""A person's leg as a handful of readable parameters, and how a person is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from ifssnet.core.errors import InputError

Side = Literal["left", "right"]
Sex = Literal["female", "male"]


@dataclass(frozen=True)
class Muscle:
    """One calf muscle: how big it is and how its cross-section rises and falls along the leg.

    Its anatomical cross-sectional area (ACSA) goes as u^rise (1 - u)^fall along its length, u from 0 at its upper end
    to 1 at its lower end; the area's scale follows from the volume.

    Attributes:
        volume_cm3: Volume aimed at; roughness of the borders moves the real one by some percent.
        start_mm: Its upper end, along z from the leg's upper end.
        length_mm: Along z.
        rise: Exponent at the upper end.
        fall: Exponent at the lower end.
    """

    volume_cm3: float
    start_mm: float
    length_mm: float
    rise: float
    fall: float

    @property
    def end_mm(self) -> float:
        """Its lower end, along z."""
        return self.start_mm + self.length_mm


@dataclass(frozen=True)
class Subject:
    """A lower leg, from just above the knee's joint line to the ankle.

    Attributes:
        seed: Everything random about the anatomy (roughness of borders, harmonics of the outline) follows from it.
        side: Which leg.
        sex: The person's sex.
        height_cm: The person's height.
        mass_kg: The person's mass.
        leg_mm: Length of the leg from z = 0 to the ankle.
        sol: Soleus.
        gm: Gastrocnemius medialis.
        gl: Gastrocnemius lateralis.
        rest_scale: Area of everything else inside the fascia (bones, deep and anterior muscles), 1 for the typical
            adult of 173 cm.
        fat_mm: Mean thickness of the subcutaneous fat at the calf.
        skin_mm: Thickness of the skin.
        flatness: How much wider than deep the section is, as the amplitude of its second harmonic.
        split_deg: Where GM meets GL, in degrees from straight behind, positive to the lateral side.
        twist_deg: How far the calf turns about its axis from the knee to the ankle.
        lean_deg: Angle of the leg's axis to z, sideways.
        tilt_deg: The same, towards the shin.
        roughness_mm: SD of the muscles' borders about their smooth shape.
        visibility: Mean visibility of a fascia between two muscles, 0 to 1.
        infiltration: Mean share of fat between the muscles' fibres, 0 to 1.
        lesion_mm: Radius of an injury in GM; 0 for none.

    Raises:
        InputError: A length, an area or a thickness that no leg can have; a muscle that leaves the leg.
    """

    seed: int = 0
    side: Side = "left"
    sex: Sex = "male"
    height_cm: float = 173.0
    mass_kg: float = 64.3
    leg_mm: float = 400.0
    sol: Muscle = Muscle(404.0, 70.0, 286.0, 1.6, 2.6)
    gm: Muscle = Muscle(237.0, 8.0, 219.0, 0.92, 0.68)
    gl: Muscle = Muscle(121.0, 12.0, 190.0, 0.65, 1.05)
    rest_scale: float = 1.0
    fat_mm: float = 5.5
    skin_mm: float = 1.6
    flatness: float = 0.04
    split_deg: float = -4.0
    twist_deg: float = -14.0
    lean_deg: float = 0.0
    tilt_deg: float = 2.0
    roughness_mm: float = 0.5
    visibility: float = 0.6
    infiltration: float = 0.0
    lesion_mm: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise InputError(f"a finite {field.name}", f"{value}", "Give a number.")
        for name, low, high in (
            ("height_cm", 60, 230),
            ("mass_kg", 8, 250),
            ("leg_mm", 120, 600),
            ("rest_scale", 0.2, 3.0),
            ("fat_mm", 0.0, 60),
            ("skin_mm", 0.3, 5),
            ("flatness", -0.2, 0.2),
            ("split_deg", -40, 40),
            ("twist_deg", -60, 60),
            ("lean_deg", -20, 20),
            ("tilt_deg", -20, 20),
            ("roughness_mm", 0.0, 5),
            ("visibility", 0.0, 1.0),
            ("infiltration", 0.0, 1.0),
            ("lesion_mm", 0.0, 40),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"a {name} from {low} to {high}", f"{name} = {value}", "Give a value that a leg can have.")
        for name in ("sol", "gm", "gl"):
            muscle: Muscle = getattr(self, name)
            if not (muscle.volume_cm3 > 0 and muscle.length_mm >= 20 and muscle.rise > 0 and muscle.fall > 0):
                raise InputError(
                    f"a {name.upper()} with a positive volume and exponents and at least 20 mm long", f"{muscle}", "Correct it."
                )
            if muscle.start_mm < 0 or muscle.end_mm > self.leg_mm:
                raise InputError(
                    f"a {name.upper()} inside the leg, 0 to {self.leg_mm:.0f} mm",
                    f"one from {muscle.start_mm:.0f} to {muscle.end_mm:.0f} mm",
                    "Move or shorten the muscle, or lengthen the leg.",
                )


Variant = Literal["adult", "child", "duchenne", "pseudohypertrophy", "atrophy", "injured"]

VARIANTS: tuple[Variant, ...] = ("adult", "child", "duchenne", "pseudohypertrophy", "atrophy", "injured")
"""Adults of LEG-3D-US; healthy children of 6 to 12 years; boys with Duchenne muscular dystrophy, early (fatty, small) and
with enlarged calves; an adult after months of disuse; an adult with an injury in GM."""


LARGEST_SEED = 2**63 - 1


def check_seed(seed: int) -> None:
    """Refuse a seed that the generators of random numbers do not take.

    Raises:
        InputError: A negative seed, or one of more than 63 bits.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise InputError("a seed from 0 to 2^63 - 1", f"{seed}", "Choose another seed.")


def draw_subject(seed: int, variant: Variant = "adult", sex: Sex | None = None, side: Side | None = None) -> Subject:
    """A person, drawn at random.

    Adults' height and mass follow LEG-3D-US' people (173 ± 11 cm, 64.3 ± 12.4 kg, as many women as men, 20 left and 24
    right legs of 44). The muscles' mean volumes follow height times mass (Handsfield et al. 2014, J Biomech 47:631: the
    lower limb's muscles have 47 cm3/(kg m) + 1285 cm3, of which SOL 6.2 %, GM 3.6 % and GL 2.1 %; GL
    here 1.85 %, between that and the three legs of Andreassen et al. 2023), with a scatter of 10 %
    each and of 8 % in common.

    Args:
        seed: Any integer of 0 or more; the same seed gives the same person.
        variant: What kind of person, one of `VARIANTS`.
        sex: Drawn unless given.
        side: Drawn unless given.

    Raises:
        InputError: A negative seed, or no such variant.
    """
    check_seed(seed)
    if variant not in VARIANTS:
        raise InputError(f"a variant among {', '.join(VARIANTS)}", f"'{variant}'", "Choose one of these.")
    draw = _Draw(np.random.default_rng([seed, 0x1E6]))
    young = variant in ("child", "duchenne", "pseudohypertrophy")
    return _varied((_child if young else _adult)(seed, draw, sex, side), variant, draw)


class _Draw:
    """Normal numbers, cut at 2.2 SDs so that every drawn leg is a possible one."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def __call__(self, mean: float, sd: float) -> float:
        return float(mean + sd * np.clip(self.rng.standard_normal(), -2.2, 2.2))

    def factor(self, sd: float) -> float:
        """Around 1, never negative."""
        return math.exp(self(0.0, sd))


def _drawn_or(sex: Sex | None, side: Side | None, draw: _Draw) -> tuple[Sex, Side]:
    """Drawn in any case, so that the rest of a person does not depend on what was given."""
    chance_sex, chance_side = draw.rng.random(2)
    return sex or ("female" if chance_sex < 0.5 else "male"), side or ("left" if chance_side < 20 / 44 else "right")


def _adult(seed: int, draw: _Draw, sex: Sex | None, side: Side | None) -> Subject:
    sex, side = _drawn_or(sex, side, draw)
    # 173 ± 11 cm over both sexes: 13 cm between the sexes' means and 8.8 cm within each give it back.
    middle = 166.5 if sex == "female" else 179.5
    height = draw(middle, 8.8)
    mass = max(40.0, draw(56.5 if sex == "female" else 72.0, 9.7) + 0.45 * (height - middle))
    volume = 47.0 * mass * height / 100.0 + 1285.0
    fat = max(1.5, draw(7.5 if sex == "female" else 4.5, 1.6))
    return _person(seed, draw, (sex, side, height, mass), volume, fat)


def _child(seed: int, draw: _Draw, sex: Sex | None, side: Side | None) -> Subject:
    """A child of 6 to 12 years; height and mass after the WHO growth reference of 2007 (9 years: 133 cm, 28 kg)."""
    sex, side = _drawn_or(sex, side, draw)
    height = draw(133.0, 10.0)
    mass = max(16.0, draw(28.0, 4.0) + 0.55 * (height - 133.0))
    # The regression above is of adults; muscle's share of a child's mass is smaller.
    return _person(
        seed, draw, (sex, side, height, mass), 0.85 * (47.0 * mass * height / 100.0 + 400.0), max(1.5, draw(5.5, 1.4))
    )


def _person(seed: int, draw: _Draw, build: tuple[Sex, Side, float, float], limb_cm3: float, fat_mm: float) -> Subject:
    sex, side, height, mass = build
    size = height / 173.0
    common = draw.factor(0.08)
    leg = 400.0 * size * draw.factor(0.02)

    def muscle(share: float, start: float, length: float, rise: tuple[float, float], fall: tuple[float, float]) -> Muscle:
        start_mm = start * leg * draw.factor(0.06)
        length_mm = min(length * leg * draw.factor(0.05), 0.955 * leg - start_mm)
        volume = limb_cm3 * share * common * draw.factor(0.10)
        return Muscle(volume, start_mm, length_mm, max(0.4, draw(*rise)), max(0.6, draw(*fall)))

    return Subject(
        seed=seed,
        side=side,
        sex=sex,
        height_cm=height,
        mass_kg=mass,
        leg_mm=leg,
        sol=muscle(0.062, 0.175, 0.71, (1.6, 0.15), (2.65, 0.4)),
        gm=muscle(0.036, 0.02, 0.548, (0.92, 0.2), (0.74, 0.16)),
        gl=muscle(0.0185, 0.03, 0.52, (0.65, 0.15), (1.05, 0.15)),
        rest_scale=size**2 * common**0.5 * draw.factor(0.05),
        fat_mm=fat_mm,
        skin_mm=draw(1.6, 0.2),
        flatness=draw(0.04, 0.02),
        split_deg=draw(-4.0, 5.0),
        twist_deg=draw(-14.0, 8.0),
        lean_deg=draw(0.0, 6.2),
        tilt_deg=draw(0.0, 6.2),
        visibility=float(np.clip(draw(0.6, 0.08), 0.3, 0.85)),
    )


def _varied(subject: Subject, variant: Variant, draw: _Draw) -> Subject:
    """A healthy person of that age, changed as a variant asks."""

    def scaled(sol: float, gastrocnemius: float) -> dict[str, Muscle]:
        return {
            "sol": replace(subject.sol, volume_cm3=subject.sol.volume_cm3 * sol),
            "gm": replace(subject.gm, volume_cm3=subject.gm.volume_cm3 * gastrocnemius),
            "gl": replace(subject.gl, volume_cm3=subject.gl.volume_cm3 * gastrocnemius),
        }

    if variant == "duchenne":
        return replace(
            subject, sex="male", infiltration=abs(draw(0.35, 0.1)), visibility=0.7 * subject.visibility, **scaled(0.95, 0.85)
        )
    if variant == "pseudohypertrophy":
        return replace(
            subject, sex="male", infiltration=abs(draw(0.25, 0.07)), visibility=0.8 * subject.visibility, **scaled(1.45, 1.5)
        )
    if variant == "atrophy":
        return replace(subject, infiltration=abs(draw(0.10, 0.03)), rest_scale=0.93 * subject.rest_scale, **scaled(0.68, 0.6))
    if variant == "injured":
        return replace(subject, lesion_mm=max(5.0, draw(11.0, 2.5)))
    return subject
