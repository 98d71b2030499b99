"""How a segmentation came about: what was drawn, which method ran with which settings, and what it found out on the way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ifssnet.core.grey_scale import GreyScale

BodySide: TypeAlias = Literal["left", "right"]


@dataclass(frozen=True)
class AnnotatedSlices:
    """Which slices of one muscle an expert annotated.

    Attributes:
        annotated: Slice indices, ascending, those included on which the muscle is absent.
        present: Those on which the muscle was drawn.
    """

    annotated: tuple[int, ...]
    present: tuple[int, ...]


@dataclass(frozen=True)
class FileSource:
    """A file or a folder that went into a result.

    Attributes:
        file: Its name.
        sha256: The hash of its contents; for a folder, of the names and contents of all its files in order.
    """

    file: str
    sha256: str


@dataclass(frozen=True)
class WeightsSource:
    """The trained network that a method used.

    Attributes:
        file: The name of the file with its weights.
        sha256: The hash of the weights.
        kind: Which network.
        muscles: Which muscles it was trained on; empty when it follows any muscle.
        card: The plain values of its card: recipe, units, validation.
    """

    file: str
    sha256: str
    kind: str
    muscles: tuple[str, ...] = ()
    card: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class SmoothingChoice:
    """How far interpolation leaves what was drawn, and why.

    Attributes:
        average_consecutive: Whether slices annotated side by side are averaged, which their own scatter decides.
        spline_strength: How strongly smoothing splines smooth, which cross-validation decides; 0 for not at all.
        border_scatter_mm: SD of the drawn borders over consecutive slices; None where there are none.
        groups_left_out: How many annotated groups were left out in turn.
        error_percent: For each strength that was tried, the pixels that it gets wrong on the groups that it was not shown, in
            percent of the muscle's area there; empty where nothing could be left out.
    """

    average_consecutive: bool = False
    spline_strength: float = 0.0
    border_scatter_mm: float | None = None
    groups_left_out: int = 0
    error_percent: Mapping[float, float] = field(default_factory=dict[float, float])


@dataclass(frozen=True)
class VolumeEstimate:
    """What the annotated slices of one muscle alone say about its volume.

    Attributes:
        groups: Annotated groups that show the muscle.
        volume_cm3: Under the area curve; None where the method has no such curve.
        leave_one_out_error_cm3: Root mean square change when one group is left out; None with too few groups.
        leave_one_out_error_percent: The same in percent of the volume.
        margin_cm3: How far the volume may be from the truth for nine muscles in ten; None where nothing says so.
    """

    groups: int
    volume_cm3: float | None = None
    leave_one_out_error_cm3: float | None = None
    leave_one_out_error_percent: float | None = None
    margin_cm3: float | None = None

    def interval_cm3(self, volume_cm3: float) -> tuple[float, float] | None:
        """The 90 % interval of a muscle that a segmentation gives a volume; None where nothing says how far it may be off.

        A segmentation that goes its own way is as doubtful as it is far from the curve: both spreads add up as independent
        errors do.

        >>> VolumeEstimate(5, 100.0, margin_cm3=3.0).interval_cm3(104.0)
        (99.0, 109.0)
        """
        if self.margin_cm3 is None or self.volume_cm3 is None:
            return None
        half = math.hypot(self.margin_cm3, volume_cm3 - self.volume_cm3)
        return max(volume_cm3 - half, 0.0), volume_cm3 + half


@dataclass(frozen=True)
class SelfCheck:
    """How a network fared on annotated groups that were hidden from it.

    Attributes:
        share: The share of every correction that counts.
        dice: Mean Dice over the hidden groups by the share of the correction; empty where none could be hidden.
        hidden_groups: How many groups were hidden in turn.
        muscles: The same of each muscle by name; empty for a muscle's own check.
    """

    share: float = 1.0
    dice: Mapping[float, float] = field(default_factory=dict[float, float])
    hidden_groups: int = 0
    muscles: Mapping[str, SelfCheck] = field(default_factory=dict[str, "SelfCheck"])


@dataclass(frozen=True)
class MethodDescription:
    """One method on one leg: its settings, and what it found.

    Attributes:
        settings: Every field of its configuration by name.
        details: Whatever else belongs to this method alone, by name: plain values, or dataclasses of these.
        smoothing: The smoothing that interpolation chose; None for methods that choose none.
        muscles: The estimated volume of each muscle; empty for methods that estimate none.
        prior: For a method that corrects another one: that other one.
        self_check: What a network that checks itself found.
        per_muscle: For a method with one network a muscle: each muscle's own description.
    """

    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    details: Mapping[str, object] = field(default_factory=dict[str, object])
    smoothing: SmoothingChoice | None = None
    muscles: Mapping[str, VolumeEstimate] = field(default_factory=dict[str, VolumeEstimate])
    prior: MethodDescription | None = None
    self_check: SelfCheck | None = None
    per_muscle: Mapping[str, MethodDescription] = field(default_factory=dict[str, "MethodDescription"])

    def volume_estimates(self) -> dict[str, VolumeEstimate]:
        """The estimated volume of each muscle by name, whether the method, its prior or a muscle's own network found it."""
        found = {name: each for name, each in self.muscles.items() if each.volume_cm3 is not None}
        if self.prior is not None:
            found = {**self.prior.volume_estimates(), **found}
        for each in self.per_muscle.values():
            found = {**each.volume_estimates(), **found}
        return found

    def self_checks(self) -> dict[str, SelfCheck]:
        """What every network of the method found about itself: muscle's name, empty for all muscles, to its check."""
        found = {} if self.self_check is None else {"": self.self_check}
        if self.prior is not None:
            found = {**self.prior.self_checks(), **found}
        return found | {name: check for name, each in self.per_muscle.items() for check in each.self_checks().values()}


@dataclass(frozen=True)
class CaseFacts:
    """Whose leg was analysed, by whom and when; empty where nobody said so.

    Attributes:
        subject: The study's name or number of the person.
        side: Which leg.
        rater: Who drew.
        analysed_at: Date and time of the analysis with the offset from UTC, ISO 8601.
    """

    subject: str = ""
    side: BodySide | None = None
    rater: str = ""
    analysed_at: str = ""


@dataclass(frozen=True)
class Provenance:
    """How a segmentation came about: enough to make it again.

    Attributes:
        method_name: The method's name on the command line.
        method: Its settings, and what it found.
        protocol: How much of what was drawn the method was given.
        annotated_slices: The slices that it was given, by the muscle's name.
        software: Versions by the library's name.
        chosen_because: Why this method ran; empty where somebody named it.
        weights: The trained network; None for methods without one.
        seeds: The files with what was drawn; empty where it came from no file.
        volume: The file with the grey levels; None where there is none.
        estimates: The volume of each muscle from the annotated slices alone, by guided interpolation, for a method that
            estimates none itself.
        case: Whose leg it is, who drew, and when it was analysed; None where nobody kept account.
        grey_scale: How the grey levels became 0 to 255; None where no volume was read.
    """

    method_name: str
    method: MethodDescription
    protocol: str
    annotated_slices: Mapping[str, AnnotatedSlices]
    software: Mapping[str, str]
    chosen_because: str = ""
    weights: WeightsSource | None = None
    seeds: tuple[FileSource, ...] = ()
    volume: FileSource | None = None
    estimates: Mapping[str, VolumeEstimate] = field(default_factory=dict[str, VolumeEstimate])
    case: CaseFacts | None = None
    grey_scale: GreyScale | None = None

    def volume_estimates(self) -> dict[str, VolumeEstimate]:
        """The volume of each muscle from the annotated slices alone: the method's own, else that of `estimates`."""
        return {**self.estimates, **self.method.volume_estimates()}
