from __future__ import annotations

import pytest
import torch

from ifssnet.nn.losses.dice import generalised_dice_loss, soft_dice_loss


def planes(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)[:, None]


def test_dice_of_masks_by_counting() -> None:
    # 2 of 3 and 4 voxels in common: Dice 4/7; nothing in common: 0. Squares change neither.
    mask = planes([1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0])
    truth = planes([0, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 1])
    for squared in (False, True):
        loss = soft_dice_loss(mask, truth, smooth=0.0, squared=squared)
        assert loss.item() == pytest.approx(1 - (4 / 7 + 0) / 2)


def test_the_papers_squares_differ_for_soft_masks() -> None:
    # (1): 2 * 0.5 / (0.25 + 1); without squares 2 * 0.5 / (0.5 + 1).
    half, one = planes([0.5]), planes([1.0])
    assert soft_dice_loss(half, one, smooth=0.0, squared=True).item() == pytest.approx(1 - 1 / 1.25)
    assert soft_dice_loss(half, one, smooth=0.0).item() == pytest.approx(1 - 1 / 1.5)


def test_two_empty_masks_agree() -> None:
    empty = planes([0, 0, 0])
    assert soft_dice_loss(empty, empty).item() == 0


def test_a_voxel_of_weight_zero_does_not_count() -> None:
    mask, truth = planes([1, 1, 0, 1]), planes([1, 0, 0, 1])
    weight = planes([1, 1, 1, 0])
    assert soft_dice_loss(mask, truth, weight).item() == pytest.approx(soft_dice_loss(mask[..., :3], truth[..., :3]).item())


def test_generalised_dice_by_counting() -> None:
    # Classes of 4 and 1 voxels weigh 1/16 and 1; the prediction takes one voxel of the large class for the small one.
    truth = torch.tensor([[[1, 1, 1, 1, 0], [0, 0, 0, 0, 1]]], dtype=torch.float64)
    said = torch.tensor([[[0, 1, 1, 1, 0], [1, 0, 0, 0, 1]]], dtype=torch.float64)
    right = 3 / 16 + 1
    areas = (3 + 4) / 16 + (2 + 1)
    assert generalised_dice_loss(said, truth, smooth=0.0).item() == pytest.approx(1 - 2 * right / areas)


def test_a_class_that_is_absent_leaves_generalised_dice_finite() -> None:
    truth = torch.zeros(1, 3, 8, dtype=torch.float64)
    truth[:, 0] = 1
    assert generalised_dice_loss(truth, truth).item() == pytest.approx(0)
    said = torch.softmax(torch.randn(1, 3, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0)), 1)
    assert 0 < generalised_dice_loss(said, truth).item() < 1


def test_sums_are_not_taken_in_half_precision() -> None:
    # 2048 + 1 is 2048 in half precision, and 100,000 is infinite.
    mask = torch.ones(1, 100_000, dtype=torch.float16)
    assert soft_dice_loss(mask, mask).item() == 0


@pytest.mark.parametrize("squared", [False, True])
def test_gradients_of_dice(squared: bool) -> None:
    generator = torch.Generator().manual_seed(1)
    said = torch.rand(2, 3, 4, dtype=torch.float64, generator=generator).requires_grad_()
    truth = (torch.rand(2, 3, 4, dtype=torch.float64, generator=generator) > 0.5).double()
    weight = torch.rand(2, 3, 4, dtype=torch.float64, generator=generator)
    assert torch.autograd.gradcheck(lambda p: soft_dice_loss(p, truth, weight, squared=squared), said)


def test_gradients_of_generalised_dice() -> None:
    generator = torch.Generator().manual_seed(2)
    said = torch.rand(2, 3, 4, dtype=torch.float64, generator=generator).requires_grad_()
    truth = torch.nn.functional.one_hot(torch.randint(0, 3, (2, 4), generator=generator), 3).movedim(-1, 1).double()
    weight = torch.rand(2, 1, 4, dtype=torch.float64, generator=generator)
    assert torch.autograd.gradcheck(lambda p: generalised_dice_loss(p, truth, weight), said)
