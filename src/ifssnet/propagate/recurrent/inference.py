"""How a recurrent network runs along a leg."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ifssnet.core.errors import InputError

FORWARD, BOTH = "forward", "both"
DIRECTIONS = (FORWARD, BOTH)


@dataclass(frozen=True)
class RecurrentInference:
    """How to run.

    Attributes:
        direction: "forward" from the first given group upwards, each further group taking over where it lies (paper,
            III-A, and its published code); "both" from every group to both sides, two runs that meet being blended.
        stride: Slices from one window to the next (paper: 1; a window's depth gives one prediction a slice).
        feedback: What the mask stream sees: "soft" the last probabilities, "hard" these cut at 0.5, "given" the last
            given masks only (an ablation: no recurrence).
        overlap: Where a slice has several predictions, the "last" one counts or their "mean".
        close_mm: Let two runs that meet go on to each other's group, and correct each by what it misses that by, over
            about this length back (`close_runs.py`); 0 leaves them as they are.
        by_confidence: Blend two runs by confidence as well as by distance, where they are not closed.
        fuse_guided: Share of guided interpolation in what is found between two given groups; 0 for none.
        keep_area: Share of the way from the area that is found on a slice between two given groups to the one that the curve
            through the given areas has there (`area_curves.py`); 0 leaves it as found.
        empty_windows: How many windows in a row without the muscle end a run.
        tapering: Past the outermost groups it ends, too, where a muscle that has dwindled grows again, and, where there is
            more than one group, masks are taken for as old as the group, not a stride, so that they are doubted.
        smooth_seeds: Given masks whose borders scatter are smoothed, as guided interpolation smooths them, before they are
            propagated and before runs are closed on them; in the result they stay as drawn.
        whole_slice: The network sees whole slices, as the paper's does, and no region around the muscle.
    """

    direction: str = BOTH
    stride: int = 3
    feedback: str = "soft"
    overlap: str = "last"
    close_mm: float = 10.0
    by_confidence: bool = True
    fuse_guided: float = 0.0
    keep_area: float = 0.0
    empty_windows: int = 4
    tapering: bool = True
    smooth_seeds: bool = True
    whole_slice: bool = False

    def __post_init__(self) -> None:
        for name, choices in (
            ("direction", DIRECTIONS),
            ("feedback", ("soft", "hard", "given")),
            ("overlap", ("last", "mean")),
        ):
            if getattr(self, name) not in choices:
                raise InputError(f"one of {', '.join(choices)} for {name}", f"'{getattr(self, name)}'", f"Correct {name}.")
        if self.stride < 1 or self.empty_windows < 1:
            raise InputError(
                "a stride and empty_windows of 1 or more", f"{self.stride} and {self.empty_windows}", "Correct them."
            )
        if not (math.isfinite(self.close_mm) and self.close_mm >= 0):
            raise InputError("a close_mm from 0", f"{self.close_mm}", "Correct it.")
        for name in ("fuse_guided", "keep_area"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"a share from 0 to 1 for {name}", f"{getattr(self, name)}", f"Correct {name}.")
