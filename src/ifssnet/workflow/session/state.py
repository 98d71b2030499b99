"""The state of a session: what the log's events amount to. A value; only `reducer.reduce` makes a new one."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.workflow.session.events import HiddenSlice, How, Interval


@dataclass(frozen=True)
class DrawnSlice:
    """What the expert drew of a muscle on one slice.

    Attributes:
        mask: Where the muscle is; empty where it is absent.
        how: With an empty hand, from a file, or over a proposal.
        by: Who drew it.
        seconds: Spent on it; 0 where nobody measured.
    """

    mask: PackedMask
    how: How
    by: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Proposal:
    """A muscle on one slice as a method found it.

    Attributes:
        mask: Where the muscle is.
        confidence: 0 to 1.
        run: The run that found it.
        method: The name of the method.
        provisional: Whether the method had more to say of it.
    """

    mask: PackedMask
    confidence: float
    run: int
    method: str
    provisional: bool = False


@dataclass(frozen=True)
class MuscleState:
    """One muscle in a session.

    Attributes:
        name: Its name.
        color: Red, green and blue, 0 to 255.
        absent: Whether it is nowhere in the volume.
        first: The first slice that shows it, where the expert marked that end.
        last: The last slice that shows it, where the expert marked that end.
        drawn: Slice index to what the expert drew.
        accepted: Slice index to what the expert accepted as a method had found it.
        proposals: Slice index to what a method found.
        fresh: Intervals whose proposals are up to date, each with the basis that they were found on.
        hidden: How methods fared on hidden slices; empty until somebody tried.
    """

    name: str
    color: tuple[int, int, int]
    absent: bool = False
    first: int | None = None
    last: int | None = None
    drawn: Mapping[int, DrawnSlice] = field(default_factory=dict[int, DrawnSlice])
    accepted: Mapping[int, PackedMask] = field(default_factory=dict[int, PackedMask])
    proposals: Mapping[int, Proposal] = field(default_factory=dict[int, Proposal])
    fresh: frozenset[tuple[Interval, str]] = frozenset()
    hidden: tuple[HiddenSlice, ...] = ()

    def shown(self, z: int) -> PackedMask | None:
        """What is known of the muscle on a slice: drawn before accepted before proposed; None where nothing is.

        Outside the ends that the expert marked the muscle is absent, whatever was proposed.
        """
        if self.absent:
            return None
        if z in self.drawn:
            return self.drawn[z].mask
        if self.outside(z):
            return None
        if z in self.accepted:
            return self.accepted[z]
        return self.proposals[z].mask if z in self.proposals and self._enclosed(z) else None

    def outside(self, z: int) -> bool:
        """Whether a slice lies beyond a marked end."""
        return (self.first is not None and z < self.first) or (self.last is not None and z > self.last)

    def _enclosed(self, z: int) -> bool:
        """Whether a slice still lies between slices that enclose the muscle: what was found before may have lost its ends."""
        below = max((each for each in self.drawn if each < z), default=None)
        above = min((each for each in self.drawn if each > z), default=None)
        low = None if below is None else not self.drawn[below].mask.empty
        high = None if above is None else not self.drawn[above].mask.empty
        if (low is None and self.first is None) or (high is None and self.last is None):
            return False
        return bool(low) or bool(high)

    def reach(self, z: int) -> float:
        """How far a slice lies from those that the expert drew or marked: half the harmonic mean of both ways, in slices.

        The border that a method carries there strays in proportion to it.
        """
        place = bisect_left(self._known, z)
        if place < len(self._known) and self._known[place] == z:
            return 0.0
        if place in (0, len(self._known)):
            return math.inf
        below, above = z - self._known[place - 1], self._known[place] - z
        return below * above / (below + above)

    @cached_property
    def _known(self) -> list[int]:
        ends = (None if self.first is None else self.first - 1, None if self.last is None else self.last + 1)
        return sorted({*self.drawn, *(z for z in ends if z is not None)})

    def bounds(self, grid: Grid) -> dict[int, PackedMask]:
        """Slices between which the muscle is propagated: the drawn ones, and empty ones just past the marked ends."""
        if self.absent:
            return {}
        found = {z: drawn.mask for z, drawn in self.drawn.items()}
        shape = (grid.shape_zyx[1], grid.shape_zyx[2])
        for z in (None if self.first is None else self.first - 1, None if self.last is None else self.last + 1):
            if z is not None and 0 <= z < grid.slices and z not in found:
                found[z] = PackedMask.empty_of(shape)
        return dict(sorted(found.items()))


@dataclass(frozen=True)
class Run:
    """A propagation under way.

    Attributes:
        number: Counted from 1.
        intervals: What it fills.
        basis: What each interval depends on.
        method: The method's name.
    """

    number: int
    intervals: tuple[Interval, ...]
    basis: tuple[str, ...]
    method: str


@dataclass(frozen=True)
class Past:
    """What can be undone: muscles as they were before an event, and all that was before it."""

    muscles: Mapping[int, MuscleState]
    earlier: Past | None


@dataclass(frozen=True)
class Signature:
    """Who vouched for the result, and when."""

    by: str
    at: str
    statement: str


@dataclass(frozen=True)
class Redrawing:
    """A slice that was drawn a second time, blind.

    Attributes:
        label: Which muscle.
        z: Which slice.
        first: As it was drawn before.
        first_by: Who drew that.
        second: As it was drawn now.
        second_by: Who drew that.
    """

    label: int
    z: int
    first: PackedMask
    first_by: str
    second: PackedMask
    second_by: str


@dataclass(frozen=True)
class Effort:
    """Time that experts spent.

    Attributes:
        active_seconds: Between events of an expert that follow each other closely; longer pauses count as two minutes.
        outlines: Slices drawn.
        outline_seconds: Spent on those outlines that were timed.
        timed_outlines: How many were timed.
        last_at: When the last event of an expert was; empty before the first.
    """

    active_seconds: float = 0.0
    outlines: int = 0
    outline_seconds: float = 0.0
    timed_outlines: int = 0
    last_at: str = ""

    @property
    def minutes(self) -> float:
        """Expert time in minutes."""
        return self.active_seconds / 60

    @property
    def seconds_per_outline(self) -> float | None:
        """Mean time of the outlines that were timed; None where none was."""
        return self.outline_seconds / self.timed_outlines if self.timed_outlines else None


@dataclass(frozen=True)
class SessionState:
    """Everything that a session knows.

    Attributes:
        volume: Name of the volume's file.
        sha256: The hash of the volume's file.
        grid: The volume's grid.
        muscles: Label value to muscle.
        subject: Whose leg; may be empty.
        side: "left", "right" or empty.
        visit: When or why it was recorded; may be empty.
        run: The propagation under way; None where none is.
        runs: How many were begun.
        networks: Name and hash of the trained network of each run that had one.
        past: What can be undone.
        future: What can be redone.
        signature: Who signed; None where nobody did, or something was reopened since.
        asked: Slices that are to be drawn again, label and slice of each, in order.
        redrawn: The slices that were redrawn.
        seen: Slices that the expert had before the eyes.
        exports: Files that were written.
        effort: Time spent.
        events: How many events made this state.
    """

    volume: str
    sha256: str
    grid: Grid
    muscles: Mapping[int, MuscleState]
    subject: str = ""
    side: str = ""
    visit: str = ""
    run: Run | None = None
    runs: int = 0
    networks: Mapping[int, str] = field(default_factory=dict[int, str])
    past: Past | None = None
    future: Past | None = None
    signature: Signature | None = None
    asked: tuple[tuple[int, int], ...] = ()
    redrawn: tuple[Redrawing, ...] = ()
    seen: frozenset[int] = frozenset()
    exports: tuple[str, ...] = ()
    effort: Effort = Effort()
    events: int = 0

    def muscle(self, label: int) -> MuscleState:
        """One muscle.

        Raises:
            InputError: No muscle has this label.
        """
        if label not in self.muscles:
            known = ", ".join(f"{value} ({muscle.name})" for value, muscle in self.muscles.items())
            raise InputError(f"one of the muscles {known}", f"label {label}", "Choose one of them.")
        return self.muscles[label]

    def label_of(self, name: str) -> int:
        """The label of a muscle by its name.

        Raises:
            InputError: No muscle has this name.
        """
        for label, muscle in self.muscles.items():
            if muscle.name == name:
                return label
        names = ", ".join(muscle.name for muscle in self.muscles.values())
        raise InputError(f"one of the muscles {names}", f"'{name}'", "Choose one of them.")

    def intervals(self, label: int) -> tuple[Interval, ...]:
        """The intervals that propagation can fill: between drawn slices at least one of which shows the muscle."""
        bounds = self.muscle(label).bounds(self.grid)
        pairs = zip(bounds, list(bounds)[1:], strict=False)
        return tuple(
            Interval(label, low, high)
            for low, high in pairs
            if high - low > 1 and not (bounds[low].empty and bounds[high].empty)
        )

    def basis(self, interval: Interval) -> str:
        """What the proposals of an interval depend on; empty for an interval that there is no more."""
        bounds = self.muscle(interval.label).bounds(self.grid)
        ends = [bounds.get(interval.low), bounds.get(interval.high)]
        if any(end is None for end in ends) or any(interval.low < z < interval.high for z in bounds):
            return ""
        return "-".join(end.digest for end in ends if end is not None)

    def stale(self, label: int) -> tuple[Interval, ...]:
        """The intervals that have to be propagated, again or for the first time."""
        fresh = self.muscle(label).fresh
        return tuple(each for each in self.intervals(label) if (each, self.basis(each)) not in fresh)

    def mask(self, label: int, z: int) -> PackedMask | None:
        """What a muscle looks like on a slice; None where nothing is known of it.

        A pixel belongs to one muscle. What was drawn wins over what was accepted, and that over what was proposed. Among
        proposals the muscle wins that was drawn nearer by; among equals the one of the lower label.
        """
        mine = self.muscle(label).shown(z)
        if mine is None or mine.empty:
            return mine
        rank = self._rank(label, z)
        for other, muscle in self.muscles.items():
            if other != label and self._rank(other, z) < rank and (theirs := muscle.shown(z)) is not None:
                mine = mine.minus(theirs)
        return mine

    def _rank(self, label: int, z: int) -> tuple[int, float, int]:
        muscle = self.muscles[label]
        if z in muscle.drawn:
            return 0, 0.0, label
        if z in muscle.accepted:
            return 1, 0.0, label
        return 2, muscle.reach(z), label

    def seeds(self) -> Seeds:
        """What the expert said: drawn and accepted slices, and the marked ends, as seeds of a method."""
        masks: dict[int, dict[int, Mask]] = {}
        for label, muscle in self.muscles.items():
            known = muscle.bounds(self.grid)
            known |= {z: mask for z, mask in muscle.accepted.items() if z not in known and not muscle.outside(z)}
            if known and not muscle.absent:
                masks[label] = {z: mask.array() for z, mask in sorted(known.items())}
        names = {label: muscle.name for label, muscle in self.muscles.items()}
        return Seeds(masks, self.grid, names, {label: muscle.color for label, muscle in self.muscles.items()})

    def label_map(self) -> LabelMap:
        """Every slice as it stands."""
        array = np.zeros(self.grid.shape_zyx, dtype=np.uint8 if max(self.muscles, default=0) < 256 else np.uint16)
        for label, muscle in self.muscles.items():
            for z in {*muscle.drawn, *muscle.accepted, *muscle.proposals}:
                mask = self.mask(label, z)
                if mask is not None and not mask.empty:
                    array[z][mask.array()] = label
        names = {label: muscle.name for label, muscle in self.muscles.items()}
        return LabelMap(array, self.grid, names, {label: muscle.color for label, muscle in self.muscles.items()})

    def area_px(self, label: int) -> dict[int, int]:
        """Pixels of a muscle on every slice that something is known of, ascending."""
        muscle = self.muscle(label)
        found = {z: self.mask(label, z) for z in sorted({*muscle.drawn, *muscle.accepted, *muscle.proposals})}
        return {z: mask.pixels for z, mask in found.items() if mask is not None}

    def volume_cm3(self, label: int) -> float:
        """Volume of a muscle as it stands."""
        return sum(self.area_px(label).values()) * self.grid.voxel_volume_mm3 / 1000
