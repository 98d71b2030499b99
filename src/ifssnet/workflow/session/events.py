"""What can happen in a session. Each event is one line of the log, and the log alone makes the state.

Every event says when it happened (`at`, ISO 8601 in UTC) and who brought it about (`by`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ifssnet.core.grid import Grid
from ifssnet.core.packed_mask import PackedMask

How: TypeAlias = Literal["drawn", "imported", "corrected"]
Outcome: TypeAlias = Literal["done", "cancelled", "failed"]


@dataclass(frozen=True)
class MuscleName:
    """A muscle that can be drawn.

    Attributes:
        label: Its value in label maps, above 0.
        name: Its name.
        color: Red, green and blue, 0 to 255.
    """

    label: int
    name: str
    color: tuple[int, int, int]


@dataclass(frozen=True)
class Opened:
    """The session begins: the first event of every log.

    Attributes:
        volume: Name of the volume's file, in the session's folder.
        sha256: The hash of the volume's file.
        grid: The volume's grid.
        muscles: The muscles to draw.
        subject: Whose leg; may be empty.
        side: "left", "right" or empty.
        visit: When or why it was recorded; may be empty.
    """

    at: str
    by: str
    volume: str
    sha256: str
    grid: Grid
    muscles: tuple[MuscleName, ...]
    subject: str = ""
    side: str = ""
    visit: str = ""
    kind: Literal["opened"] = "opened"


@dataclass(frozen=True)
class MuscleAdded:
    """One more muscle to draw."""

    at: str
    by: str
    muscle: MuscleName
    kind: Literal["muscle-added"] = "muscle-added"


@dataclass(frozen=True)
class SliceDrawn:
    """The expert drew a muscle on a slice, or says that it is absent there (an empty mask).

    Attributes:
        label: Which muscle.
        z: Which slice.
        mask: What was drawn.
        how: With an empty hand, from a file, or over what a method proposed.
        seconds: Spent on it, as the drawing program measured; 0 where nobody measured.
    """

    at: str
    by: str
    label: int
    z: int
    mask: PackedMask
    how: How = "drawn"
    seconds: float = 0.0
    kind: Literal["slice-drawn"] = "slice-drawn"


@dataclass(frozen=True)
class SliceErased:
    """What the expert drew of a muscle on a slice is taken back: it counts as never drawn."""

    at: str
    by: str
    label: int
    z: int
    kind: Literal["slice-erased"] = "slice-erased"


@dataclass(frozen=True)
class MuscleAbsent:
    """The muscle is nowhere in this volume, or it is after all."""

    at: str
    by: str
    label: int
    absent: bool = True
    kind: Literal["muscle-absent"] = "muscle-absent"


@dataclass(frozen=True)
class EndsMarked:
    """The first and the last slice that show the muscle; None for an end that is not known."""

    at: str
    by: str
    label: int
    first: int | None
    last: int | None
    kind: Literal["ends-marked"] = "ends-marked"


@dataclass(frozen=True)
class Interval:
    """The slices of one muscle between two slices that the expert drew.

    Attributes:
        label: Which muscle.
        low: The drawn slice below, which is not part of it.
        high: The drawn slice above, which is not part of it.
    """

    label: int
    low: int
    high: int

    @property
    def slices(self) -> range:
        """The slices in between."""
        return range(self.low + 1, self.high)


@dataclass(frozen=True)
class PropagationStarted:
    """A method begins to fill intervals.

    Attributes:
        run: Number of the run, counted from 1.
        intervals: What it fills.
        method: The method's name.
        basis: What each interval depends on: the drawn slices at its ends.
        weights: Name and hash of the trained network; empty without one.
    """

    at: str
    by: str
    run: int
    intervals: tuple[Interval, ...]
    method: str
    basis: tuple[str, ...]
    weights: str = ""
    kind: Literal["propagation-started"] = "propagation-started"


@dataclass(frozen=True)
class Arrived:
    """One slice of one muscle as a method found it.

    Attributes:
        label: Which muscle.
        z: Which slice.
        mask: Where it is.
        confidence: How sure the method is, 0 to 1: the expected Dice of the slice by its own probabilities.
        provisional: Whether the method will say more of the slice; a gap with such slices is not filled yet.
    """

    label: int
    z: int
    mask: PackedMask
    confidence: float
    provisional: bool = False


@dataclass(frozen=True)
class StepsArrived:
    """A method found slices."""

    at: str
    by: str
    run: int
    found: tuple[Arrived, ...]
    kind: Literal["steps-arrived"] = "steps-arrived"


@dataclass(frozen=True)
class PropagationEnded:
    """A run is over.

    Attributes:
        run: Which one.
        outcome: How.
        text: What went wrong, or a remark; may be empty.
    """

    at: str
    by: str
    run: int
    outcome: Outcome
    text: str = ""
    kind: Literal["propagation-ended"] = "propagation-ended"


@dataclass(frozen=True)
class HiddenSlice:
    """How methods fared on a drawn slice that was hidden from them.

    Attributes:
        z: Which slice.
        dice: Dice by the method's name.
        area_px: Area that was found, by the method's name.
        drawn_px: Area that was drawn.
    """

    z: int
    dice: tuple[tuple[str, float], ...]
    area_px: tuple[tuple[str, float], ...]
    drawn_px: float


@dataclass(frozen=True)
class Checked:
    """The drawn slices of a muscle were hidden in turn."""

    at: str
    by: str
    label: int
    hidden: tuple[HiddenSlice, ...]
    kind: Literal["checked"] = "checked"


@dataclass(frozen=True)
class SlicesAccepted:
    """The expert looked at slices and takes them as they are, or takes that back."""

    at: str
    by: str
    label: int
    slices: tuple[int, ...]
    accepted: bool = True
    kind: Literal["slices-accepted"] = "slices-accepted"


@dataclass(frozen=True)
class SlicesSeen:
    """The expert had these slices before the eyes."""

    at: str
    by: str
    slices: tuple[int, ...]
    kind: Literal["slices-seen"] = "slices-seen"


@dataclass(frozen=True)
class Undone:
    """The last thing that the expert did is taken back."""

    at: str
    by: str
    kind: Literal["undone"] = "undone"


@dataclass(frozen=True)
class Redone:
    """What was taken back is done again."""

    at: str
    by: str
    kind: Literal["redone"] = "redone"


@dataclass(frozen=True)
class RedrawAsked:
    """Some drawn slices are to be drawn again without seeing what was drawn, in this order.

    Attributes:
        slices: Label and slice of each.
    """

    at: str
    by: str
    slices: tuple[tuple[int, int], ...]
    kind: Literal["redraw-asked"] = "redraw-asked"


@dataclass(frozen=True)
class SliceRedrawn:
    """A slice was drawn again, blind. What was drawn before stays as it is."""

    at: str
    by: str
    label: int
    z: int
    mask: PackedMask
    seconds: float = 0.0
    kind: Literal["slice-redrawn"] = "slice-redrawn"


@dataclass(frozen=True)
class Signed:
    """The expert vouches for the result as it stands."""

    at: str
    by: str
    statement: str = ""
    kind: Literal["signed"] = "signed"


@dataclass(frozen=True)
class Reopened:
    """Work goes on after a signature, which no longer counts."""

    at: str
    by: str
    kind: Literal["reopened"] = "reopened"


@dataclass(frozen=True)
class Exported:
    """The result was written to a file."""

    at: str
    by: str
    file: str
    kind: Literal["exported"] = "exported"


Event: TypeAlias = (
    Opened
    | MuscleAdded
    | SliceDrawn
    | SliceErased
    | MuscleAbsent
    | EndsMarked
    | PropagationStarted
    | StepsArrived
    | PropagationEnded
    | Checked
    | SlicesAccepted
    | SlicesSeen
    | Undone
    | Redone
    | RedrawAsked
    | SliceRedrawn
    | Signed
    | Reopened
    | Exported
)
