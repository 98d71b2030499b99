from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import structure
from ifssnet.nn.losses.dice import soft_dice_loss
from ifssnet.nn.losses.tversky import (
    BALANCE,
    BOUNDED,
    FIXED,
    FORMS,
    MIN_MAX,
    PAPER,
    TverskyConfig,
    TverskyLoss,
    sequence_loss,
    tversky_index,
)


def rows(*values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def soft(seed: int, *shape: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    said = torch.rand(*shape, dtype=torch.float64, generator=generator)
    truth = (torch.rand(*shape, dtype=torch.float64, generator=generator) > 0.6).double()
    return said, truth, torch.rand(*shape, dtype=torch.float64, generator=generator)


def test_index_by_counting() -> None:
    # 2 true, 1 false positive, 2 false negatives: 2 / (2 + 0.3 * 1 + 0.7 * 2).
    said, truth = rows([1, 1, 1, 0, 0, 0]), rows([0, 1, 1, 1, 1, 0])
    assert tversky_index(said, truth, 0.3, 0.7).item() == pytest.approx(2 / 3.7)


def test_alpha_weighs_false_positives_and_beta_false_negatives() -> None:
    truth = rows([1, 1, 0, 0])
    too_large, too_small = rows([1, 1, 1, 0]), rows([1, 0, 0, 0])
    assert tversky_index(too_large, truth, 0.0, 1.0).item() == 1
    assert tversky_index(too_small, truth, 1.0, 0.0).item() == 1


def test_the_papers_equation_term_by_term() -> None:
    """Equation (3) with both channels of prediction and truth and the sum over the window's slices, written out."""
    said, truth, _ = soft(0, 1, 3, 4, 5)
    above, below = 0.0, 0.0
    for j in range(3):
        for y in range(4):
            for x in range(5):
                p, t = said[0, j, y, x].item(), truth[0, j, y, x].item()
                above += p * t
                below += p * t + 0.2 * p * (1 - t) + 0.8 * (1 - p) * t
    window = tversky_index(said, truth, 0.2, 0.8)
    assert window.item() == pytest.approx(above / below)
    slices = tversky_index(said[0], truth[0], 0.2, 0.8)
    assert slices.shape == (3,)
    assert slices.mean().item() != pytest.approx(window.item())


def test_half_and_half_is_dice() -> None:
    said, truth, weight = soft(1, 2, 3, 8, 8)
    for form in FORMS:
        loss = TverskyLoss(TverskyConfig(form)).double()
        assert loss(said, truth, weight).item() == pytest.approx(soft_dice_loss(said, truth, weight).item(), abs=1e-12)


def test_voxels_of_weight_zero_do_not_count() -> None:
    said, truth, _ = soft(2, 2, 3, 6, 6)
    weight = torch.ones_like(said)
    weight[:, 1:] = 0
    assert tversky_index(said, truth, 0.4, 0.6, weight) == pytest.approx(tversky_index(said[:, :1], truth[:, :1], 0.4, 0.6))


def test_an_empty_slice_seen_as_empty_is_right_and_one_filled_is_wrong() -> None:
    empty = torch.zeros(1, 3, 16, 16)
    loss = TverskyLoss()
    assert loss(empty, empty).item() == 0
    assert loss(empty + 0.5, empty).item() > 0.98


@pytest.mark.parametrize("form", FORMS)
def test_weights_start_where_they_are_set_and_add_up_to_one(form: str) -> None:
    for alpha in (0.5, 0.4, 0.65):
        loss = TverskyLoss(TverskyConfig(form, alpha=alpha))
        assert loss.alpha.item() == pytest.approx(alpha, abs=1e-6)
        assert (loss.alpha + loss.beta).item() == pytest.approx(1)
    assert len(list(loss.parameters())) == (form in {PAPER, BOUNDED, MIN_MAX})


@pytest.mark.parametrize("form", FORMS)
def test_gradients_of_the_network_against_finite_differences(form: str) -> None:
    said, truth, weight = soft(3, 2, 3, 3, 4)
    loss = TverskyLoss(TverskyConfig(form, alpha=0.42)).double().eval()
    assert torch.autograd.gradcheck(lambda p: loss(p, truth, weight), said.requires_grad_())


@pytest.mark.parametrize("form", [PAPER, BOUNDED])
def test_gradients_of_alpha_and_beta_against_finite_differences(form: str) -> None:
    said, truth, _ = soft(4, 2, 3, 3, 4)
    loss = TverskyLoss(TverskyConfig(form, alpha=0.42)).double().eval()

    def with_logits(logits: Tensor) -> Tensor:
        return torch.func.functional_call(loss, {"logits": logits}, (said, truth))

    assert torch.autograd.gradcheck(with_logits, loss.logits.detach().clone().requires_grad_())


def test_min_max_ascends_where_the_bounded_form_descends() -> None:
    said, truth, _ = soft(5, 2, 3, 6, 6)
    gradients = []
    for form in (BOUNDED, MIN_MAX):
        loss = TverskyLoss(TverskyConfig(form, pull=0.0)).double()
        loss(said, truth).backward()
        gradients.append(loss.logits.grad)
    assert gradients[0].abs().max() > 1e-4
    torch.testing.assert_close(gradients[1], -gradients[0])


def test_the_pull_of_min_max_brings_alpha_back_and_leaves_the_value() -> None:
    same = torch.ones(1, 4, 4, dtype=torch.float64)
    loss = TverskyLoss(TverskyConfig(MIN_MAX)).double()
    with torch.no_grad():
        loss.logits += torch.tensor([1.0, -1.0])
    value = loss(same, same)
    value.backward()
    # There is no error, so only the pull is left: descending lowers alpha.
    assert value.item() == 0
    assert loss.logits.grad[0] > 0 > loss.logits.grad[1]


def test_balance_follows_the_errors_and_keeps_them_in_its_state() -> None:
    # One voxel of ten too many against three missing: alpha moves to 1 / (1 + 3), as far as its bound.
    said, truth = torch.zeros(1, 20), torch.zeros(1, 20)
    truth[:, :10] = 1
    said[:, 3:11] = 1
    for low, expected in ((0.3, 0.3), (0.1, 0.25)):
        loss = TverskyLoss(TverskyConfig(BALANCE, low=low, memory=0.5))
        for _ in range(40):
            loss(said, truth)
        assert loss.alpha.item() == pytest.approx(expected, abs=1e-4)
        again = TverskyLoss(TverskyConfig(BALANCE, low=low, memory=0.5))
        again.load_state_dict(loss.state_dict())
        assert again.alpha.item() == loss.alpha.item()


def test_balance_learns_nothing_from_validation_and_waits_for_late_backward_passes() -> None:
    said, truth, _ = soft(6, 2, 3, 6, 6)
    loss = TverskyLoss(TverskyConfig(BALANCE, memory=0.5))
    loss.eval()(said, truth)
    assert loss.alpha.item() == 0.5
    loss.train()
    said.requires_grad_()
    sequence_loss([loss(said, truth), loss(said * 0.9, truth)]).backward()
    assert said.grad is not None
    assert loss.alpha.item() != 0.5


def test_the_loss_of_a_sequence() -> None:
    windows = [torch.tensor(0.2), torch.tensor(0.6)]
    parameters = [torch.tensor([3.0, 4.0]), torch.tensor([[2.0]])]
    # Indices 0.8 and 0.4 have the mean 0.6; the squares add up to 29.
    assert sequence_loss(windows).item() == pytest.approx(1 - 0.6)
    assert sequence_loss(windows, parameters).item() == pytest.approx(1 - 0.6 + 1e-5 * 29)
    assert sequence_loss(windows, parameters, l2=0.1, window=3).item() == pytest.approx(1 - 0.2 + 2.9)
    with pytest.raises(InputError):
        sequence_loss([])


@pytest.mark.parametrize(
    "wrong",
    [{"form": "learned"}, {"alpha": 1.0}, {"form": "bounded", "alpha": 0.2}, {"low": 0.5}, {"memory": 1.0}, {"smooth": -1.0}],
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    # As recipes give it: the tests' type checks stand before the class's own refusal of a form that there is not.
    with pytest.raises(InputError):
        structure(TverskyConfig, wrong, "[loss]")


def optimised(form: str) -> tuple[float, float]:
    """Alpha and the segmented volume relative to the true one, after a threshold on overlapping grey levels was learned."""
    generator = torch.Generator().manual_seed(0)
    truth = (torch.rand(4096, generator=generator) < 0.25).float()
    grey = torch.randn(4096, generator=generator) + 1.5 * truth
    loss = TverskyLoss(TverskyConfig(form))
    line = torch.tensor([1.0, 0.0], requires_grad=True)
    optimiser = torch.optim.Adam([line, *loss.parameters()], lr=0.03)
    for _ in range(400):
        optimiser.zero_grad()
        loss(torch.sigmoid(line[0] * grey + line[1])[None], truth[None]).backward()
        optimiser.step()
    return loss.alpha.item(), ((line[0] * grey + line[1] > 0).sum() / truth.sum()).item()


def test_minimising_over_alpha_drifts_and_the_other_forms_do_not() -> None:
    alpha, volume = optimised(PAPER)
    # Missing is punished alone in the end, and all is muscle.
    assert alpha < 0.05
    assert volume > 3
    for form in (FIXED, MIN_MAX, BALANCE):
        alpha, volume = optimised(form)
        assert 0.4 < alpha < 0.6, form
        assert 0.9 < volume < 1.3, form
    alpha, volume = optimised(BOUNDED)
    # Drifts too, to its bound and no further.
    assert 0.3 < alpha < 0.35
    assert 1.3 < volume < 2
