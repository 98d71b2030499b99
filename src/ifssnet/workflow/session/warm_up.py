"""What a session propagates with, run once on next to nothing: what it imports, reads and compiles keeps nobody waiting."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.packed_mask import PackedMask
from ifssnet.workflow.session.events import MuscleName, Opened, SliceDrawn
from ifssnet.workflow.session.fill import fill, windows
from ifssnet.workflow.session.methods import Methods
from ifssnet.workflow.session.propagation import at_once
from ifssnet.workflow.session.reducer import replay

NOWHEN = "2000-01-01T00:00:00+00:00"
SHAPE_ZYX, SPACING_MM = (5, 96, 96), 0.55
DRAWN = (0, 2, 4)


def warm_up(methods: Methods) -> None:
    """Fill two gaps of a made leg with two muscles by the default method. What goes wrong is said where it matters.

    First one slice at once, as a propagation begins. A new installation has everything yet to compile: an expert who asks
    meanwhile waits for what that slice needs, and not for the network's part.
    """
    grid = Grid(SHAPE_ZYX, (SPACING_MM, SPACING_MM, 1.1))
    names = tuple(MuscleName(label, name, (0, 0, 0)) for label, name in ((1, "SOL"), (2, "GM")))
    y, x = np.mgrid[: SHAPE_ZYX[1], : SHAPE_ZYX[2]]
    state = replay(
        [
            Opened(NOWHEN, "", "", "", grid, names),
            *(
                SliceDrawn(NOWHEN, "", label, z, PackedMask.of(np.hypot(y - 48, x - 48 + 25 * (2 * label - 3)) < 16 + z))
                for label in (1, 2)
                for z in DRAWN
            ),
        ]
    )
    volume = Volume(np.full(SHAPE_ZYX, 80, dtype=np.uint8), grid)
    at_once(volume, state, state.intervals(1)[0], DRAWN[0] + 1)
    with suppress(InputError):
        propagator = methods.get(methods.best()).propagator
        for window in windows(state, [each for label in (1, 2) for each in state.intervals(label)]):
            for _ in fill(volume, state, window, propagator):
                pass
