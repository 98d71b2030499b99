"""`ifss adapt`: the network tuned on one leg's own annotated slices, as a weights file for that leg."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding, worst_first
from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress
from ifssnet.core.seeds import Seeds
from ifssnet.io.open import open_volume
from ifssnet.io.plain_data import Json, plain, plain_table
from ifssnet.io.storage.weights import open_weights, save_weights
from ifssnet.propagate.anchored.two_networks import correcting
from ifssnet.propagate.network_input.trained_pixels import on_trained_pixels
from ifssnet.workflow.files.default_weights import find_weights
from ifssnet.workflow.files.opener import AS_DRAWN, SeedReading, open_seeds
from ifssnet.workflow.files.provenance import file_source
from ifssnet.workflow.files.result_files import check_suffix, check_target
from ifssnet.workflow.leg.case import as_networks_read
from ifssnet.workflow.leg.method_choice import NETWORK
from ifssnet.workflow.training.train import check_learning_installed


@dataclass(frozen=True)
class AdaptedNetwork:
    """A weights file for one leg.

    Attributes:
        output: Where it is.
        kept: Whether the tuned network is in it; otherwise it holds the network as it was.
        kept_back: Slices that were kept back from learning, to judge it by.
        dice_interpolation: Mean Dice on them of guided interpolation.
        dice_before: The same of the network as it was.
        dice_after: The same of the tuned network.
        updates: Steps of learning.
        seconds: How long it learned.
        findings: What a person has to know of the drawing.
    """

    output: Path
    kept: bool
    kept_back: tuple[int, ...]
    dice_interpolation: float
    dice_before: float
    dice_after: float
    updates: int
    seconds: float
    findings: tuple[Finding, ...] = ()

    @property
    def in_words(self) -> str:
        """What came of it, for a person."""
        found = (
            f"On {len(self.kept_back)} drawn slices that were kept back: interpolation Dice {self.dice_interpolation:.3f}, "
            f"the network as it was {self.dice_before:.3f}, tuned {self.dice_after:.3f}."
        )
        return f"{found} {'The tuned network is kept.' if self.kept else 'The network stays as it was: tuning did not help.'}"

    def table(self) -> dict[str, Json]:
        """As a program reads it."""
        return {**plain_table(replace(self, findings=())), "output": str(self.output), "findings": plain(self.findings)}


def adapt_files(
    volume_path: Path,
    seeds_path: Path | Sequence[Path],
    output: Path,
    *,
    weights: str | Path | None = None,
    updates: int | None = None,
    most_s: float | None = None,
    seed: int = 0,
    force: bool = False,
    reading: SeedReading = AS_DRAWN,
) -> Generator[Progress, None, AdaptedNetwork]:
    """Tune the anchored network on the annotated slices of one leg, and write weights for it.

    Some annotated slices are kept back. Only where the tuned network finds them better than before is it written; otherwise
    the file holds the network as it was, so that whatever comes next can use the file in either case.

    Args:
        volume_path: Grey levels.
        seeds_path: What was drawn, in one file or several.
        output: A name that ends in .safetensors.
        weights: What to begin with: a file, or the name of weights in the package; None for the method's own of these.
        updates: Steps of learning; None for what was found to do.
        most_s: Seconds of learning, at most.
        seed: The seed of every draw.
        force: Replace a file.
        reading: How the seeds are taken.

    Raises:
        InputError: The learning extra is missing, something cannot be read or does not fit, or too little is drawn.
    """
    check_learning_installed()
    drawn = [seeds_path] if isinstance(seeds_path, Path) else list(seeds_path)
    start = find_weights(weights, NETWORK)
    check_suffix(output, (".safetensors",))
    check_target(output, force, start, volume_path, *drawn, *reading.corrections)
    volume = open_volume(volume_path)
    seeds = open_seeds(drawn, volume.grid, reading=reading)
    yield Progress("reading what was drawn", 1, 1, findings=seeds.findings)
    found = yield from adapt_leg(volume, seeds, output, start, updates=updates, most_s=most_s, seed=seed, force=force)
    return replace(found, findings=worst_first(seeds.findings))


def adapt_leg(
    volume: Volume,
    seeds: Seeds,
    output: Path,
    start: Path,
    *,
    updates: int | None = None,
    most_s: float | None = None,
    seed: int = 0,
    force: bool = False,
) -> Generator[Progress, None, AdaptedNetwork]:
    """As `adapt_files`, of a leg that is in memory, from the weights of a file.

    Raises:
        InputError: The learning extra is missing, the weights are of another network, what is given does not fit, or too little
            is drawn.
    """
    check_learning_installed()
    from ifssnet.propagate.anchored.method import Anchored
    from ifssnet.train.adaptation import AdaptationConfig, adapt

    chosen = {"updates": updates, "most_s": most_s, "seed": seed}
    config = replace(AdaptationConfig(), **{name: value for name, value in chosen.items() if value is not None})
    opened = correcting(open_weights(start, NETWORK))
    method = Anchored.from_weights(opened)
    if on_trained_pixels(method, seeds.grid) is not method:
        x, y, _ = seeds.grid.spacing_xyz_mm
        raise InputError(
            f"voxels near the {method.sampling.pixel_mm:.3g} mm that the network was trained at",
            f"{x:.3g} x {y:.3g} mm",
            "Compound with voxels of another size, or use the network as it is.",
        )
    found = yield from adapt(opened, as_networks_read(volume, seeds)[0], seeds, config)
    facts = AdaptedNetwork(
        output,
        found.kept,
        found.kept_back,
        found.dice_interpolation,
        found.dice_before,
        found.dice_after,
        found.updates,
        found.seconds,
    )
    recorded = {name: value for name, value in asdict(facts).items() if name not in ("output", "findings", "seconds")}
    adapted: dict[str, Json] = {**plain_table(recorded), "from": plain(file_source(start)), "seed": seed}
    save_weights(replace(found.weights, card={**opened.card, "adapted": adapted}), output, force=force)
    return facts
