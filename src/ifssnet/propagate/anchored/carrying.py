"""The anchored network from slice to slice: the mask that it found last stands in for the prior.

The same network serves both uses. Between drawn slices its prior is guided interpolation; where nothing is known ahead, it is
the last mask, and the drawn slice that the run started from is the reference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32

from ifssnet.geometry.masks.soft_distance import soft_depth
from ifssnet.geometry.untyped import expit
from ifssnet.propagate.anchored.corrector import Corrector
from ifssnet.propagate.anchored.prior import FAR_MM, cues
from ifssnet.propagate.anchored.references import planes, weight
from ifssnet.propagate.network_input.region import Sampling

Planes = Float32[np.ndarray, "z v u"]

HELD_MM = 5.0
"""So close to the drawn slice a mask that vanishes is held instead. A muscle begins with a pixel or two, which a network takes
for nothing; a mask that is gone never comes back, and one that is held grows on the next slices."""


@dataclass(frozen=True, eq=False)
class GivenSlice:
    """The drawn slice that a run started from."""

    grey: Float32[np.ndarray, "v u"]
    depth_px: Float32[np.ndarray, "v u"]


@dataclass(frozen=True, eq=False)
class CarryingStepper:
    """Steps with the anchored network behind the protocol of recurrent propagation.

    A window is what the network sees of the image. What it finds is the slice in the middle; the slices ahead of it are held
    until their turn comes.

    Attributes:
        corrector: The network, its sampling and its context.
        to_ends: Masks are carried from the outermost drawn slices to where the muscle ends, and nowhere else. There they
            dwindle: none is held, and none is made larger.
    """

    corrector: Corrector
    to_ends: bool = False
    ages_from_group = True

    @property
    def window(self) -> int:
        """Slices that a step sees."""
        return len(self.corrector.context.offsets_mm)

    @property
    def ahead(self) -> int:
        """Slices of a window that are seen and not yet found."""
        return self.window // 2

    @property
    def sampling(self) -> Sampling:
        """The pixels of training, and slices as far apart as those that the network sees beside one another."""
        offsets = self.corrector.context.offsets_mm
        return replace(self.corrector.sampling, slice_mm=(offsets[-1] - offsets[0]) / (len(offsets) - 1))

    def start(self, images: Planes, masks: Planes) -> GivenSlice:
        """Keep the last given slice: it is the reference of the whole run."""
        return GivenSlice(images[-1], soft_depth(np.ascontiguousarray(masks[-1])))

    def step(self, images: Planes, previous: Planes, memory: GivenSlice, age: int) -> tuple[Planes, GivenSlice]:
        """Find the slice in the middle of a window; those behind it stay, those ahead are held.

        Beside the drawn slice the muscle does not end, see `HELD_MM`.

        Args:
            images: Normalised grey levels of the window.
            previous: The masks of the window before, one slice back.
            memory: The drawn slice.
            age: Slices from the window of given slices to this one.
        """
        middle, step_mm = self.window // 2, self.sampling.slice_mm
        # The middle of a window lies fewer slices past the last given one than the window past the given window.
        away_mm = max(age - middle, 1) * step_mm
        seen = np.zeros_like(images) if self.corrector.context.zero_image else images
        references = self.corrector.network.config.references
        image, depth_px, numbers = carried_input(seen, previous[middle], memory, away_mm, references)
        added = self.corrector.corrections(image[None], depth_px[None, None], numbers[None])[0]
        level = np.float32(0 if self.to_ends else self.corrector.inference.carried_logit)
        found = np.asarray(expit(self.corrector.prior_logit(depth_px) + added + level), np.float32)
        if away_mm <= HELD_MM and not self.to_ends and not (found >= 0.5).any():
            found = previous[middle]
        return np.stack([*previous[1 : middle + 1], *[found] * (self.window - middle)]), memory


def carried_input(
    images: Planes, mask: Float32[np.ndarray, "v u"], given: GivenSlice, away_mm: float, references: bool
) -> tuple[Float32[np.ndarray, "plane v u"], Float32[np.ndarray, "v u"], Float32[np.ndarray, " cue"]]:
    """What the network is shown of a slice that a mask is carried to; the same in training and in use.

    Args:
        images: Normalised grey levels around the wanted slice, in the order of the run.
        mask: The last mask, 0 to 1.
        given: The drawn slice that the run started from.
        away_mm: How far the wanted slice lies from that one.
        references: Whether the network sees drawn slices.

    Returns:
        Image planes, the prior's depth in pixels, and the cues.
    """
    depth_px = np.clip(soft_depth(np.ascontiguousarray(mask)), -100, 100)
    # A mask is as doubtful as its way from the drawn slice is long, not as its last step: errors add up.
    numbers = cues(away_mm * FAR_MM / (away_mm + FAR_MM), 0.0)
    if not references:
        return images, depth_px, numbers
    counts = np.array([weight(away_mm), 0.0], dtype=np.float32)
    return np.concatenate([images, _drawn(given, depth_px, counts)]), depth_px, np.concatenate([numbers, counts])


def _drawn(
    given: GivenSlice, depth_px: Float32[np.ndarray, "v u"], counts: Float32[np.ndarray, " side"]
) -> Float32[np.ndarray, "plane v u"]:
    """The drawn slice, moved to where the last mask lies; nothing on the other side."""
    down, right = _move(given.depth_px, depth_px)
    grey, shape = _moved(given.grey, down, right, 0.0), _moved(given.depth_px, down, right, None)
    nothing = np.zeros_like(grey)
    return planes(np.stack([grey, nothing]), np.stack([shape, nothing]), counts)


def _move(source: Float32[np.ndarray, "v u"], target: Float32[np.ndarray, "v u"]) -> tuple[int, int]:
    """Whole pixels from the centroid of one shape to that of another; none where either is empty."""
    one, other = np.nonzero(source >= 0), np.nonzero(target >= 0)
    if not len(one[0]) or not len(other[0]):
        return 0, 0
    return round(float(other[0].mean() - one[0].mean())), round(float(other[1].mean() - one[1].mean()))


def _moved(plane: Float32[np.ndarray, "v u"], down: int, right: int, outside: float | None) -> Float32[np.ndarray, "v u"]:
    """A plane moved by whole pixels; beyond its edge lies a value, or the edge again."""
    height, width = plane.shape
    rows, columns = (np.arange(side, dtype=np.int64) - by for side, by in ((height, down), (width, right)))
    result = plane[np.ix_(np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1))]
    if outside is not None:
        result[(rows < 0) | (rows >= height)] = outside
        result[:, (columns < 0) | (columns >= width)] = outside
    return result
