"""Labels for slices that nobody drew: the paper's last prediction, or interpolation that hands over to a teacher."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ifssnet.core.errors import InputError

Window = Float[Tensor, "batch z y x"]
PLACE, SLICE = COMPARED = "place", "slice"


@dataclass(frozen=True)
class PseudoLabelConfig:
    """How pseudo-labels come about.

    Attributes:
        compared: What a window's slices are compared with under "weak-literal", in the window before (paper, Fig. 5, reads
            both ways): "place", the one at the same place of it, which lies a step earlier; "slice", the same slice, where
            the windows share it, and nothing on slices that are new.
        decay_mm: The distance from an annotated slice at which interpolation weighs exp(-1) of what an annotated slice weighs.
        least: It never weighs less.
        handover: Shares of the training at which the teacher begins to take over, and has taken over.
        confidence: The teacher counts on pixels where |2p - 1| is at least this.
        teacher_weight: The teacher's weight there; an annotated slice has the weight 1.
        teacher_guided: Share of interpolation in the masks that are fed back to the teacher, so that it cannot drift.
    """

    compared: str = PLACE
    decay_mm: float = 10.0
    least: float = 0.2
    handover: tuple[float, float] = (0.3, 0.7)
    confidence: float = 0.6
    teacher_weight: float = 0.7
    teacher_guided: float = 0.5

    def __post_init__(self) -> None:
        if self.compared not in COMPARED:
            raise InputError(f"one of {', '.join(COMPARED)} for compared", f"'{self.compared}'", "Correct it.")
        if not (math.isfinite(self.decay_mm) and self.decay_mm > 0):
            raise InputError("a positive decay_mm", f"{self.decay_mm}", "Correct it.")
        if len(self.handover) != 2 or not self.handover[0] <= self.handover[1]:
            raise InputError("two shares of the training for handover, ascending", f"{self.handover}", "Correct it.")
        for name in ("least", "confidence", "teacher_weight", "teacher_guided"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"a share from 0 to 1 for {name}", f"{getattr(self, name)}", f"Correct {name}.")

    def teachers_share(self, share: float) -> float:
        """How far the teacher has taken over, 0 to 1, when a given share of the training is done.

        >>> PseudoLabelConfig(handover=(0.25, 0.75)).teachers_share(0.5)
        0.5
        """
        begins, ends = self.handover
        if ends <= begins:
            return float(share >= ends)
        return min(1.0, max(0.0, (share - begins) / (ends - begins)))


def sequential_label(
    masks: Window, known: Bool[Tensor, "batch z"], last_prediction: Window, stride: int = 1, compared: str = PLACE
) -> tuple[Window, Window]:
    """The paper's: an expert's slices where there are any, else the prediction of the step before (III-C2, Fig. 5).

    The paper compares the window {k, k + 1, k + 2} with {k - 1, k, k + 1}. Place by place each slice has its neighbour's
    mask as a label: it asks for smooth changes. Slice by slice the two slices that both windows hold have their own, and
    nothing is said about the third.

    Args:
        masks: The expert's.
        known: Where there are any.
        last_prediction: The prediction for the window before; taken as it is, without gradient.
        stride: Slices from the window before to this one.
        compared: "place" or "slice".

    Returns:
        The label of each pixel, and its weight.
    """
    before, drawn = last_prediction.detach(), known[..., None, None]
    weight = torch.ones_like(masks)
    if compared == SLICE:
        depth = masks.shape[1]
        # Slices past the window before repeat its last mask, which then counts for nothing.
        places = torch.arange(depth, device=masks.device) + stride
        before = before[:, places.clamp_max(depth - 1)]
        weight = (places < depth).to(masks)[None, :, None, None].expand_as(masks)
    return torch.where(drawn, masks, before), torch.where(drawn, torch.ones_like(weight), weight)


def guided_label(
    masks: Window,
    known: Bool[Tensor, "batch z"],
    guided: Window,
    distance_mm: Float[Tensor, "batch z"],
    teacher: Window | None,
    share: float,
    config: PseudoLabelConfig,
) -> tuple[Window, Window]:
    """Ours: the label of each pixel and its weight.

    Interpolation counts the less the further the annotated slices are. The teacher replaces it, pixel by pixel, where
    it is sure, and the more so the more of the training is done; an expert's slices stay as they are, with weight 1.

    Args:
        masks: The expert's.
        known: Where there are any.
        guided: Guided interpolation.
        distance_mm: To the nearest annotated slice; infinite where there is no interpolation.
        teacher: The averaged network's prediction; None for none.
        share: How much of the training is done.
        config: How it is weighed.
    """
    near = torch.exp(-distance_mm / config.decay_mm).clamp_min(config.least)
    near = torch.where(torch.isinf(distance_mm), torch.zeros_like(near), near)
    label, weight = guided, near[..., None, None].expand_as(guided)
    taken = config.teachers_share(share)
    if teacher is not None and taken > 0:
        teacher = teacher.detach()
        part = taken * ((2 * teacher - 1).abs() >= config.confidence).to(teacher.dtype)
        label = (1 - part) * guided + part * teacher
        weight = (1 - part) * weight + part * config.teacher_weight
    drawn = known[..., None, None]
    return torch.where(drawn, masks, label), torch.where(drawn, torch.ones_like(weight), weight)
