"""How fast this machine trains and uses the networks of the experiment, and what they take: some steps, timed here and now."""

from __future__ import annotations

import gc
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.machine.peak import peak_mb, reset_peak
from ifssnet.core.muscles import SOL
from ifssnet.core.progress import Progress
from ifssnet.core.results.evaluation import SeedProtocol
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagator
from ifssnet.propagate.seeding.protocols import ALL_SEEDS
from ifssnet.workflow.evaluation.benchmark import benchmark
from ifssnet.workflow.evaluation.compared_methods import ComparedMethod
from ifssnet.workflow.experiment.plan import LEARNED, PAPER, ExperimentOptions
from ifssnet.workflow.experiment.products import BACKWARDS, count_forward, forward_s, given_to_network
from ifssnet.workflow.experiment.results import ComputeDevice, Throughput

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from ifssnet.train.loop.task import TrainingTask
    from ifssnet.train.recipe import Recipe

SLICES = 96
WIDTH_MM = 512 * 0.277
"""The width of the paper's slices, whatever their pixels."""

ROUGH_SIDE_PX = 64
"""Rows and columns of the slices that a rough estimate is made from."""

ROUGH_SLICES = 32

TEACHER = 4 / 3
"""A step with a teacher against one without: its pass forward beside the three of forward and backward."""

PATIENCE_S = 60.0
"""A measurement that would take longer is worked out from shorter ones."""


def find_device(device: str) -> ComputeDevice:
    """What the experiment would compute on.

    Raises:
        InputError: A GPU is asked for and there is none.
    """
    import torch

    from ifssnet.propagate.network_input.device import choose_device

    if choose_device(device).type == "cuda":
        return ComputeDevice(torch.cuda.get_device_name(0), True, torch.cuda.mem_get_info(0)[1] / 1e6)
    return ComputeDevice(f"{torch.get_num_threads()} threads of the processor", False, 0.0)


def measure(options: ExperimentOptions, *, slices: int = SLICES) -> Generator[Progress, None, dict[str, Throughput]]:
    """Time every method of the experiment on a made leg with slices of its size.

    Args:
        options: How the experiment is to run.
        slices: How many slices the made leg has.

    Returns:
        By label.

    Raises:
        InputError: The GPU's memory is too small for some steps already.
    """
    found: dict[str, Throughput] = {}
    base = _use(ComparedMethod("hold", "hold").build(), options.side_px, slices)
    for place, label in enumerate(options.methods):
        yield Progress("timing some steps", place, len(options.methods), label)
        if label not in LEARNED:
            found[label] = _use(ComparedMethod(label, label).build(), options.side_px, slices)
        elif LEARNED[label].recurrent:
            found[label] = _recurrent(label, options, base)
        else:
            found[label] = _batches(label, options, slices)
    release_device()
    yield Progress("timing some steps", len(options.methods), len(options.methods))
    return found


def measure_roughly(options: ExperimentOptions) -> Generator[Progress, None, dict[str, Throughput]]:
    """The same in seconds: networks by the products they take and this machine's speed at some, all else on small slices."""
    side_px = min(options.side_px, ROUGH_SIDE_PX)
    area = (options.side_px / side_px) ** 2
    small, found = replace(options, side_px=side_px), dict[str, Throughput]()
    alone: dict[str, Throughput] = {}
    for name in ("hold", "shape-interpolation"):
        used = _use(ComparedMethod(name, name).build(), side_px, ROUGH_SLICES)
        alone[name] = replace(used, use_s=used.use_s * area, use_mb=used.use_mb * area)
    for place, label in enumerate(options.methods):
        yield Progress("timing some steps", place, len(options.methods), label)
        if label in LEARNED:
            recurrent = LEARNED[label].recurrent
            twin = _twin(label, tuple(found), options) if recurrent else None
            base = alone["hold" if recurrent else "shape-interpolation"]
            found[label] = _counted(label, small, options.side_px, base) if twin is None else _taught(found[twin])
        else:
            used = _use(ComparedMethod(label, label).build(), side_px, ROUGH_SLICES)
            found[label] = replace(used, use_s=used.use_s * area, use_mb=used.use_mb * area)
    release_device()
    yield Progress("timing some steps", len(options.methods), len(options.methods))
    return found


def _counted(label: str, small: ExperimentOptions, side_px: int, base: Throughput) -> Throughput:
    """A network by the products of its steps on the experiment's slices, timed by a forward pass on small ones.

    Args:
        label: The network's.
        small: The experiment, on small slices.
        side_px: Rows and columns of the experiment's own slices.
        base: What using it takes beside the network.
    """
    from ifssnet.train.recipe import find_recipe, read_recipe
    from ifssnet.train.tasks.anchored import AnchoredConfig
    from ifssnet.train.tasks.recurrent_config import RecurrentConfig

    config = read_recipe(find_recipe(LEARNED[label].recipe), small.recipe_changes(label)).config
    few = _sequences_of(1, config.network.window) if isinstance(config, RecurrentConfig) else ("every=8", "updates=1")
    task, _ = _task(label, small, few)
    given = given_to_network(task)
    first = given[0]
    assert first is not None
    timed_s = forward_s(task.network, given)
    # At the paper's scale a recurrent network sees whole slices; else regions about the muscle, however large slices are.
    times = side_px // small.side_px if LEARNED[label].recurrent and small.scale == PAPER else 1
    here = count_forward(task.network, given)
    full = here if times == 1 else count_forward(task.network, given, times)
    pass_s = timed_s * full.operations / here.operations
    if isinstance(config, RecurrentConfig):
        # Grey levels, masks and earlier masks of a window; under weak supervision interpolation's, too.
        window_mb = first.numel() * times**2 * 4 / 1e6 * (3 if config.supervision == "full" else 4)
        steps, depth = 1, config.tbptt
    else:
        assert isinstance(config, AnchoredConfig)
        steps, depth, window_mb = config.updates, 1, 0.0
    train_mb = full.weights_mb + depth * full.saved_mb
    on_gpu = find_device(small.device).on_gpu
    return Throughput(
        use_s=base.use_s + pass_s / full.batch,
        use_mb=base.use_mb,
        base_mb=base.base_mb,
        step_s=steps * BACKWARDS * pass_s,
        device_mb=train_mb if on_gpu else 0.0,
        host_mb=base.base_mb + (0.0 if on_gpu else train_mb),
        window_mb=window_mb,
    )


def release_device() -> None:
    """Give back the GPU memory that torch keeps for later: evaluations are processes of their own, and need it."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def made_leg(side: int, slices: int = SLICES) -> tuple[Volume, LabelMap]:
    """A slice as wide as the paper's with an ellipse of a soleus' size in it, on all slices but the outermost two."""
    pixel_mm = WIDTH_MM / side
    grid = Grid((slices, side, side), (pixel_mm, pixel_mm, pixel_mm))
    y_mm, x_mm = (np.indices((side, side)) - (side - 1) / 2) * pixel_mm
    inside = (x_mm / 36) ** 2 + (y_mm / 16) ** 2 < 1
    labels = np.zeros(grid.shape_zyx, dtype=np.uint8)
    labels[2:-2, inside] = 100
    noise: UInt8[np.ndarray, "z y x"] = np.random.default_rng(0).integers(0, 40, grid.shape_zyx, dtype=np.uint8)
    return Volume(noise + labels // 2, grid), LabelMap(labels, grid, {100: SOL})


def _use(method: Propagator, side: int, long: int) -> Throughput:
    """A method from seeds to metrics; the first run compiles and is not counted."""
    for slices in (16, long):
        volume, truth = made_leg(side, slices)
        reset_peak()
        base, started = peak_mb(), time.perf_counter()
        benchmark(volume if method.needs_volume else None, truth, method, SeedProtocol(ALL_SEEDS, every=8))
    seconds = time.perf_counter() - started
    return Throughput(seconds / long, max(0.0, peak_mb() - base) / long, base)


def _twin(label: str, measured: Sequence[str], options: ExperimentOptions) -> str | None:
    """A network that was timed already and differs from this one by its supervision alone."""
    from ifssnet.train.recipe import find_recipe, read_recipe

    def network(name: str) -> object:
        config = read_recipe(find_recipe(LEARNED[name].recipe), options.recipe_changes(name)).config
        return config.network, config.tbptt

    alike = (name for name in measured if name in LEARNED and LEARNED[name].recurrent and network(name) == network(label))
    return next(alike, None)


def _taught(timed: Throughput) -> Throughput:
    return replace(timed, step_s=TEACHER * timed.step_s, window_mb=TEACHER * timed.window_mb)


def _batches(label: str, options: ExperimentOptions, slices: int) -> Throughput:
    """A network that learns from batches of slices: the second of two units, as the first one warms up."""
    task, recipe = _task(label, options, ("every=8",))
    with _memory(options) as peaks:
        step_s = 0.0
        optimiser = recipe.trainer.optimiser.build(task.network, task.loss)
        for unit in range(2):
            step_s = _unit_s(task, optimiser, unit)
    used = _use(task.propagator(task.network), options.side_px, slices)
    return Throughput(used.use_s, used.use_mb, used.base_mb, step_s, peaks[0], peaks[1])


def _recurrent(label: str, options: ExperimentOptions, base: Throughput) -> Throughput:
    """A network that learns from sequences: one window, two, and as many as gradients go back through."""
    import torch

    from ifssnet.train.tasks.recurrent_config import RecurrentConfig

    _, recipe = _task(label, options, ())
    config = recipe.config
    assert isinstance(config, RecurrentConfig)
    depth, window = config.tbptt, config.network.window
    seen: list[tuple[int, float, float, float]] = []
    batch_mb, task = 0.0, None
    for windows in sorted({1, 2, depth}):
        if len(seen) > 1 and seen[-1][1] * windows > PATIENCE_S:
            break
        task, _ = _task(label, options, _sequences_of(windows, window))
        voxels: list[int] = []

        def count(_: torch.nn.Module, given: tuple[torch.Tensor, ...], __: object, voxels: list[int] = voxels) -> None:
            voxels.append(int(given[0].numel()))

        hook = task.network.register_forward_hook(count)
        with _memory(options) as peaks:
            seconds = _unit_s(task, recipe.trainer.optimiser.build(task.network, task.loss), 0)
        hook.remove()
        seen.append((windows, seconds / len(voxels), peaks[0], peaks[1]))
        # Grey levels, masks and earlier masks of a window; under weak supervision interpolation's, too.
        batch_mb = voxels[0] * 4 / 1e6 * (3 if config.supervision == "full" else 4)
    assert task is not None
    (first, _, *low), (last, step_s, *high) = seen[0], seen[-1]
    device_mb, host_mb = (b + max(0.0, b - a) / max(1, last - first) * (depth - last) for a, b in zip(low, high, strict=True))
    apply_s = _window_s(task.propagator(task.network), options.side_px, 4)
    return Throughput(apply_s + base.use_s, base.use_mb, base.base_mb, step_s, device_mb, host_mb, batch_mb)


def _sequences_of(windows: int, window: int) -> tuple[str, ...]:
    """Changes of a recipe after which a unit is one sequence with this number of windows, of `window` slices each."""
    return (
        f"tbptt={windows}",
        f"sequences.slices=[{windows + window}, {windows + window}]",
        "sequences.strides=[1, 1]",
        "sequences.grown=0",
        "update=windows",
        "single_share=0",
        "inference.empty_windows=1000000",
    )


def _window_s(propagator: Propagator, side: int, count: int) -> float:
    """Seconds that a recurrent network takes to carry masks from one slice to the next."""
    volume, truth = made_leg(side, 24)
    seeds = Seeds({100: {z: truth.array[z] == 100 for z in (2, 3, 4)}}, truth.grid, truth.names)
    steps = propagator.prepare(volume, seeds).steps()
    next(steps)
    started = time.perf_counter()
    found = sum(1 for _ in islice(steps, count))
    return (time.perf_counter() - started) / max(found, 1)


def _task(label: str, options: ExperimentOptions, more: tuple[str, ...]) -> tuple[TrainingTask, Recipe]:
    """The network with its samples, on its device, and the recipe."""
    from ifssnet.propagate.network_input.device import choose_device
    from ifssnet.train.data.leg import LabelledLeg
    from ifssnet.train.recipe import build_task, find_recipe, read_recipe

    recipe = read_recipe(find_recipe(LEARNED[label].recipe), (*options.recipe_changes(label), *more))
    leg = LabelledLeg("made", "made", *made_leg(options.side_px))
    task = build_task(recipe, (leg,), (SOL,), options.seed)
    device = choose_device(options.device)
    task.network.to(device).train()
    task.loss.to(device)
    task.teach(task.network)
    return task, recipe


def _unit_s(task: TrainingTask, optimiser: Optimizer, unit: int) -> float:
    import torch

    on_gpu = next(task.network.parameters()).is_cuda
    started = time.perf_counter()
    for loss in task.unit(unit, 1.0):
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimiser.step()
    if on_gpu:
        torch.cuda.synchronize()
    return time.perf_counter() - started


@contextmanager
def _memory(options: ExperimentOptions) -> Generator[list[float]]:
    """Peaks of the GPU and of the process, in 10^6 bytes, once the block is through.

    Raises:
        InputError: The GPU's memory was not enough.
    """
    import torch

    machine, peaks = find_device(options.device), [0.0, 0.0]
    release_device()
    reset_peak()
    if machine.on_gpu:
        torch.cuda.reset_peak_memory_stats()
    try:
        yield peaks
    except torch.cuda.OutOfMemoryError as error:
        raise InputError(
            f"memory for some windows of {options.side_px} x {options.side_px}",
            f"too little: {machine.name} has {machine.device_mb / 1000:.0f} GB",
            "Add --set full:tbptt=2 --set weak:tbptt=2, or --scale quarter, or use a larger GPU.",
        ) from error
    if machine.on_gpu:
        peaks[0] = torch.cuda.max_memory_reserved() / 1e6
    peaks[1] = peak_mb()
