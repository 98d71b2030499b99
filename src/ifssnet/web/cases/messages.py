"""What a page sends, checked; and what a session tells a page, as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.progress import Progress
from ifssnet.io.plain_data import Json
from ifssnet.workflow.session import events
from ifssnet.workflow.session.quality_control import chosen_again
from ifssnet.workflow.session.session import now
from ifssnet.workflow.session.state import SessionState
from ifssnet.workflow.training.adapted_network import AdaptedNetwork
from ifssnet.workflow.viewing.marks import Mark
from ifssnet.workflow.viewing.raw_frames import NearFrame

Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Seconds = Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)]
MOST_TEXT = 4_000_000


class Message(BaseModel):
    """A message without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SentMask(Message):
    """A packed mask, of a slice whose shape the server knows."""

    top: Whole
    left: Whole
    height: Whole
    width: Whole
    pixels: Whole
    text: Annotated[str, Field(max_length=MOST_TEXT)]


class Draw(Message):
    """The expert drew a slice."""

    kind: Literal["draw"]
    label: Whole
    z: Whole
    mask: SentMask
    how: Literal["drawn", "corrected"] = "drawn"
    seconds: Seconds = 0.0


class Erase(Message):
    """What was drawn is taken back."""

    kind: Literal["erase"]
    label: Whole
    z: Whole


class Absent(Message):
    """A muscle is nowhere in the volume, or is after all."""

    kind: Literal["absent"]
    label: Whole
    absent: bool


class Ends(Message):
    """The first and last slice of a muscle."""

    kind: Literal["ends"]
    label: Whole
    first: Whole | None
    last: Whole | None


class Accept(Message):
    """Slices are taken as they are, or no longer."""

    kind: Literal["accept"]
    label: Whole
    slices: Annotated[list[Whole], Field(max_length=100_000)]
    accepted: bool = True


class Seen(Message):
    """Slices that were looked at."""

    kind: Literal["seen"]
    slices: Annotated[list[Whole], Field(max_length=100_000)]


class AddMuscle(Message):
    """One more muscle."""

    kind: Literal["add-muscle"]
    name: Name


class Undo(Message):
    """The last step back."""

    kind: Literal["undo"]


class Redo(Message):
    """The last step back, forward again."""

    kind: Literal["redo"]


class Sign(Message):
    """The expert vouches for the result."""

    kind: Literal["sign"]
    statement: Annotated[str, Field(max_length=2000)] = ""


class AskAgain(Message):
    """Drawn slices are to be drawn again, blind; a share of 0 ends that."""

    kind: Literal["ask-again"]
    share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Redrawn(Message):
    """A slice was drawn again, blind."""

    kind: Literal["redrawn"]
    label: Whole
    z: Whole
    mask: SentMask
    seconds: Seconds = 0.0


class Reopen(Message):
    """Work goes on."""

    kind: Literal["reopen"]


Wish = Annotated[
    Draw | Erase | Absent | Ends | Accept | Seen | AddMuscle | Undo | Redo | Sign | Reopen | AskAgain | Redrawn,
    Field(discriminator="kind"),
]


class Wished(Message):
    """A wish, with who has it and in which tab."""

    tab: Name
    by: Name
    wish: Wish


class Propagate(Message):
    """What to propagate: all that needs it, one muscle or one interval of it; every gap anew; or methods compared first."""

    tab: Name
    by: Name
    label: Whole | None = None
    low: Whole | None = None
    high: Whole | None = None
    near: Whole | None = None
    front: Whole | None = None
    method: Annotated[str, Field(max_length=60)] | None = None
    compare: bool = False
    again: bool = False


class Tune(Message):
    """The network is to be tuned on what is drawn, or what was tuned is to be forgotten."""

    tab: Name
    by: Name
    forget: bool = False


class Place(Message):
    """A muscle on a slice."""

    label: Whole
    z: Whole


class Export(Message):
    """What to write."""

    tab: Name
    by: Name
    kind: Name


class By(Message):
    """Who asks."""

    by: Name


class Tab(Message):
    """Which tab asks."""

    tab: Name


class Rest(Tab):
    """A tab went into the background and keeps what it may; or, not resting, it is gone."""

    resting: bool


def event_of(wished: Wished, state: SessionState) -> events.Event:
    """A wish as an event of the session.

    Raises:
        InputError: A mask that does not fit the slices.
    """
    at, by, wish = now(), wished.by, wished.wish
    match wish:
        case Draw():
            mask = _mask(wish.mask, state)
            return events.SliceDrawn(at, by, wish.label, wish.z, mask, wish.how, wish.seconds)
        case Erase():
            return events.SliceErased(at, by, wish.label, wish.z)
        case Absent():
            return events.MuscleAbsent(at, by, wish.label, wish.absent)
        case Ends():
            return events.EndsMarked(at, by, wish.label, wish.first, wish.last)
        case Accept():
            return events.SlicesAccepted(at, by, wish.label, tuple(wish.slices), wish.accepted)
        case Seen():
            return events.SlicesSeen(at, by, tuple(wish.slices))
        case AddMuscle():
            return events.MuscleAdded(at, by, new_muscle(wish.name, state))
        case Undo():
            return events.Undone(at, by)
        case Redo():
            return events.Redone(at, by)
        case Sign():
            return events.Signed(at, by, wish.statement)
        case Reopen():
            return events.Reopened(at, by)
        case AskAgain():
            return events.RedrawAsked(at, by, chosen_again(state, wish.share) if wish.share else ())
        case Redrawn():
            return events.SliceRedrawn(at, by, wish.label, wish.z, _mask(wish.mask, state), wish.seconds)


def new_muscle(name: str, state: SessionState) -> events.MuscleName:
    """A muscle with the next free label, in its own colour."""
    from ifssnet.core.muscles import color_of, field_name

    label = max(state.muscles, default=0) + 1
    return events.MuscleName(label, field_name(name.strip()), color_of(field_name(name.strip()), label - 1))


def _mask(sent: SentMask, state: SessionState) -> PackedMask:
    shape = (state.grid.shape_zyx[1], state.grid.shape_zyx[2])
    mask = PackedMask(shape, sent.top, sent.left, sent.height, sent.width, sent.pixels, sent.text)
    # Damaged pixels are refused here, before they are written to the log.
    return PackedMask.of(mask.array())


def mask_json(mask: PackedMask) -> list[Json]:
    """A packed mask as the page reads it."""
    return [mask.top, mask.left, mask.height, mask.width, mask.pixels, mask.text]


def mark_json(mark: Mark) -> dict[str, Json]:
    """A mark as the page reads it; short names, for there are thousands."""
    packed = None if mark.mask is None else mask_json(mark.mask)
    found: dict[str, Json] = {"l": mark.label, "z": mark.z, "o": mark.origin, "m": packed}
    if mark.confidence is not None:
        found["c"] = round(mark.confidence, 4)
    if mark.corrected:
        found["x"] = True
    return found


def progress_json(progress: Progress) -> dict[str, Json]:
    """How far work is."""
    return {"stage": progress.stage, "done": progress.done, "total": progress.total, "note": progress.note}


def tuned_json(found: AdaptedNetwork) -> dict[str, Json]:
    """What tuning came to: Dice on the slices that were kept back."""
    return {
        "kept": found.kept,
        "slices": len(found.kept_back),
        "interpolation": found.dice_interpolation,
        "before": found.dice_before,
        "after": found.dice_after,
        "seconds": found.seconds,
    }


def near_json(near: NearFrame) -> dict[str, Json]:
    """A raw frame as it lies to a slice."""
    return {
        "sweep": near.sweep,
        "frame": near.frame,
        "size": list(near.size_uv),
        "toIndex": [[float(value) for value in row] for row in near.to_index],
        "away": near.away_mm,
        "tilt": near.tilt_degrees,
    }
