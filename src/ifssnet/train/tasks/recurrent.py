"""Training of IFSS-Net on its own fed-back predictions (paper, III-C), fully or weakly supervised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.core.segmentation import Propagator
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import plain_table
from ifssnet.nn.losses.tversky import sequence_loss
from ifssnet.nn.networks.ifss_net import CARRIED, IFSSNet
from ifssnet.nn.tensors import seed_torch
from ifssnet.propagate.network_input.region import pixel_mm
from ifssnet.propagate.recurrent.ifss_net import recurrent, window_logit
from ifssnet.propagate.recurrent.ifss_net_settings import NAME
from ifssnet.train.data.budget import ENDS
from ifssnet.train.data.leg import LabelledLeg
from ifssnet.train.data.sequences import Batch, draw_batch
from ifssnet.train.data.tracks import Track, find_tracks, most_drawn_first
from ifssnet.train.loop.ahead import DrawnAhead
from ifssnet.train.loop.gradients import GradientSum
from ifssnet.train.loop.task import arrays_of, drawing_rng, unit_rng
from ifssnet.train.tasks.pseudo_labels import guided_label, sequential_label
from ifssnet.train.tasks.recurrent_config import FULL, HALVES, RANDOM, WEAK, RecurrentConfig
from ifssnet.train.tasks.recurrent_windows import Carried, RecurrentLoss, Window, WindowBatch

__all__ = ["RecurrentConfig", "RecurrentTask"]


class RecurrentTask:
    """IFSS-Net on sequences of one muscle.

    Args:
        config: What it is shown.
        legs: To learn from.
        muscles: Which of their muscles, none for all; the mask alone says which one is to be followed.
        seed: The seed of the network's start and of every draw.
    """

    def __init__(self, config: RecurrentConfig, legs: Sequence[LabelledLeg], muscles: tuple[str, ...], seed: int) -> None:
        seed_torch(int(np.random.default_rng([seed]).integers(2**62)))
        self.network: nn.Module = IFSSNet(config.network)
        self.loss: nn.Module = RecurrentLoss(config.loss, config.cross_entropy)
        self.config, self.seed = config, seed
        self.muscles = tuple(muscles) or tuple(sorted({name for leg in legs for name in leg.labels.names.values()}))
        self.tracks = self._tracks(legs)
        # Runs at the beginnings of equal parts do not say where a muscle ends.
        ends = config.sequences.ends_known and config.budget.spread == ENDS
        self._sequences = replace(config.sequences, ends_known=ends)
        self._teacher: nn.Module | None = None
        if not self.tracks:
            raise InputError(f"legs with one of the muscles {', '.join(self.muscles)}", "none", "Give other legs or muscles.")
        self._in_turn = most_drawn_first(self.tracks)
        self._pixel_mm = pixel_mm(self.tracks[0].grid, config.sampling)
        self.ahead = DrawnAhead(self._draws)

    def unit(self, index: int, share: float) -> Iterator[Float[Tensor, ""]]:
        """One sequence, or several side by side."""
        unit_rng(self.seed, index)
        device = next(self.network.parameters()).device
        for rng, batch in self.ahead.unit(index, share):
            shown = WindowBatch(batch, device, self.config.image)
            if share < self.config.single_share:
                yield self._single_windows(shown, share)
            else:
                yield from self._sequence(rng, shown, share)

    def expect(self, indices: Sequence[int], share: float) -> None:
        """Draw the windows of these units meanwhile."""
        self.ahead.expect(indices, share)

    def teach(self, average: nn.Module) -> None:
        """The averaged network labels slices that nobody drew."""
        self._teacher = average

    def propagator(self, network: nn.Module) -> Propagator:
        """The method that a user would run, with this network."""
        config = self.config
        inference = replace(config.inference, feedback=config.feedback)
        return recurrent(cast(IFSSNet, network), config.sampling, config.output, config.image, inference=inference)

    def weights(self, network: nn.Module) -> Weights:
        """The network as it goes into a file."""
        config = self.config
        settings: dict[str, object] = {**asdict(config.inference), "feedback": config.feedback}
        sampling: dict[str, object] = {**asdict(config.sampling), **settings, "output": config.output, "image": config.image}
        only = self.muscles if len(self.muscles) == 1 else ()
        return Weights(NAME, plain_table(config.network), sampling, only, arrays_of(network))

    def _tracks_of(self, index: int) -> tuple[Track, ...]:
        """What a unit draws from: every leg, or the one whose turn it is."""
        if self.config.order == RANDOM:
            return self.tracks
        return self._in_turn[index % len(self._in_turn)]

    def _draws(self, index: int, share: float) -> Iterator[tuple[np.random.Generator, Batch]]:
        """The windows of a unit; of a sequence also the random numbers as they are after it."""
        config, tracks = self.config, self._tracks_of(index)
        rng, _ = drawing_rng(self.seed, index)
        if share >= config.single_share:
            yield rng, draw_batch(rng, tracks, self._sequences, config.sampling, config.network.window, share)
            return
        for _ in range(config.single_updates):
            longest = config.single_run_in if share >= config.run_in_from else 0
            run_in = int(rng.integers(longest + 1)) if longest else 0
            singles = self._sequences.singles(config.network.window, run_in)
            yield rng, draw_batch(rng, tracks, singles, config.sampling, config.network.window, share)

    def _single_windows(self, shown: WindowBatch, share: float) -> Float[Tensor, ""]:
        """One window each of muscles drawn anew, fed a mask from further back, some of them damaged: nothing through time.

        After a run-in it is fed what the network makes of that mask in the windows before. Where a teacher has a say, it sees
        the same window with the mask undamaged.
        """
        last = shown.windows
        carried, age = self._run_in(self.network, shown, shown.lagged[1])
        logit = self._logit(self.network, shown, last, carried, age)
        teacher = None
        if self._teaches(share):
            assert self._teacher is not None
            with torch.no_grad():
                taught, age = self._run_in(self._teacher, shown, shown.whole[1])
                self._logit(self._teacher, shown, last, taught, age)
            teacher = taught.predicted
        return self.loss(logit, *self._label(shown, last, None, teacher, share))

    @torch.no_grad()
    def _run_in(self, network: nn.Module, shown: WindowBatch, masks: Window) -> tuple[Carried, Float[Tensor, " batch"] | None]:
        """What a single window is fed: earlier masks and their age, or what the windows before it make of them."""
        carried, age = Carried(masks), shown.lags[1]
        for time in range(1, shown.windows):
            self._logit(network, shown, time, carried, age)
            age = None
        return carried, age

    def _sequence(self, rng: np.random.Generator, shown: WindowBatch, share: float) -> Iterator[Float[Tensor, ""]]:
        """The windows of a sequence, each fed what the network said about the one before."""
        config, network = self.config, self.network
        carried, taught = self._start(network, shown), self._start_teacher(shown, share)
        gathered = GradientSum([*network.parameters(), *self.loss.parameters()])
        losses: list[Tensor] = []
        borders = self._borders(shown.windows)
        for time in range(1, shown.windows + 1):
            last = carried.predicted
            logit = self._logit(network, shown, time, carried)
            teacher = None if taught is None else self._taught(shown, time, taught)
            losses.append(self.loss(logit, *self._label(shown, time, last, teacher, share)))
            if time in borders:
                if config.supervision == WEAK:
                    losses.append(self._anchor(shown))
                yield self._summed(gathered, losses, borders[time])
                losses, gathered = [], GradientSum(gathered.parameters)
            elif time % config.tbptt == 0:
                # Gradients of these windows are all that is kept of them: memory does not grow with the sequence.
                windows = borders[min(end for end in borders if end > time)]
                gathered.add(self._mean(losses, windows))
                losses = []
            else:
                continue
            carried.cut()
            carried.damage(rng, self._sequences.corrupt, self._pixel_mm, self._sequences.corruption)

    def _start(self, network: nn.Module, shown: WindowBatch) -> Carried:
        """The given masks; a state that is carried has seen the given window with them (paper, III)."""
        state = None
        if self.config.network.state == CARRIED:
            _, state = window_logit(network, shown.images[0], shown.masks[0], None, self.config.output, shown.stride, 0.0)
        return Carried(shown.masks[0], state, shown.masks[0])

    def _teaches(self, share: float) -> bool:
        """Whether the averaged network has a say in the labels by now."""
        config = self.config
        return config.supervision == WEAK and self._teacher is not None and config.pseudo.teachers_share(share) > 0

    def _start_teacher(self, shown: WindowBatch, share: float) -> Carried | None:
        if not self._teaches(share):
            return None
        assert self._teacher is not None
        with torch.no_grad():
            return self._start(self._teacher, shown)

    def _logit(
        self, network: nn.Module, shown: WindowBatch, time: int, carried: Carried, age: Float[Tensor, " batch"] | None = None
    ) -> Window:
        """The logit of a window; `carried` is brought up to date. `age` is given where no window before has made the masks."""
        config = self.config
        if age is None:
            age = shown.images.new_tensor(time * shown.stride if config.feedback == "given" else shown.stride)
            age = age.expand(len(shown.images[time]))
        logit, carried.state = window_logit(
            network, shown.images[time], carried.previous, carried.state, config.output, shown.stride, age
        )
        carried.predicted = torch.sigmoid(logit.float())
        carried.previous = shown.fed_back(time, carried.predicted, config.feedback)
        return logit

    @torch.no_grad()
    def _taught(self, shown: WindowBatch, time: int, taught: Carried) -> Window:
        """The teacher's prediction; interpolation is mixed into what is fed back to it, so that it stays near the muscle."""
        assert self._teacher is not None
        assert shown.guided is not None
        self._logit(self._teacher, shown, time, taught)
        assert taught.predicted is not None
        share = self.config.pseudo.teacher_guided
        taught.previous = (1 - share) * taught.previous + share * shown.guided[time]
        return taught.predicted

    def _label(
        self, shown: WindowBatch, time: int, last: Window | None, teacher: Window | None, share: float
    ) -> tuple[Window, Window]:
        """What a window is compared with, and how much each pixel counts: what was never seen does not."""
        label, weight = self._compared(shown, time, last, teacher, share)
        return label, shown.learned(time, weight)

    def _compared(
        self, shown: WindowBatch, time: int, last: Window | None, teacher: Window | None, share: float
    ) -> tuple[Window, Window]:
        """The same without regard to what was seen."""
        masks, known, supervision = shown.masks[time], shown.known[time], self.config.supervision
        if supervision == FULL:
            return masks, torch.ones_like(masks)
        if supervision == WEAK:
            assert shown.guided is not None
            distance_mm = shown.distance_mm[time]
            return guided_label(masks, known, shown.guided[time], distance_mm, teacher, share, self.config.pseudo)
        if last is None:
            return masks, known[..., None, None].to(masks).expand_as(masks)
        return sequential_label(masks, known, last, shown.stride, self.config.pseudo.compared)

    def _anchor(self, shown: WindowBatch) -> Float[Tensor, ""]:
        """The window of the annotated group that the sequence starts from, fed an earlier mask: an expert in each update."""
        logit = self._logit(self.network, shown, 0, Carried(shown.lagged[0]), shown.lags[0])
        masks = shown.masks[0]
        weight = shown.known[0][..., None, None].to(masks).expand_as(masks)
        return self.loss(logit, masks, shown.learned(0, weight))

    def _borders(self, windows: int) -> dict[int, int]:
        """After which windows the optimiser steps, and how many windows that takes in."""
        if self.config.update == HALVES:
            first = (windows + 1) // 2
            return {first: first, windows: windows - first} if windows > 1 else {1: 1}
        every = self.config.tbptt
        ends = sorted({*range(every, windows + 1, every), windows})
        return {end: end - start for start, end in zip([0, *ends], ends, strict=False)}

    def _mean(self, losses: list[Tensor], windows: int) -> Float[Tensor, ""]:
        """What some windows add to the mean of an update's windows; by w as well, where equation (4) is taken as it stands."""
        divisor = windows * (self.config.network.window if self.config.divide_by_window else 1)
        return torch.stack(losses).sum() / divisor

    def _summed(self, gathered: GradientSum, losses: list[Tensor], windows: int) -> Float[Tensor, ""]:
        """The loss of an update: equation (4). With m the mean of 1 - index, 1 - mean(index) / w is 1 - 1 / w + m / w."""
        config = self.config
        constant = 1 - 1 / config.network.window if config.divide_by_window else 0.0
        parameters = self.network.parameters() if config.l2 else ()
        decay = sequence_loss([losses[0].new_zeros(())], parameters, config.l2)
        return gathered.loss(self._mean(losses, windows)) + constant + decay

    def _tracks(self, legs: Sequence[LabelledLeg]) -> tuple[Track, ...]:
        """The muscles to follow, with no more of the truth than the budget has drawn."""
        config = self.config
        found = find_tracks(legs, self.muscles, config.sampling, None)
        if config.supervision == FULL:
            return found
        ranges: dict[str, dict[str, tuple[int, int]]] = {leg.name: {} for leg in legs}
        for track in found:
            ranges[track.leg.name][track.leg.labels.names[track.label]] = (track.first, track.last)
        return find_tracks(legs, self.muscles, config.sampling, config.budget.annotated(ranges).slices)
