"""What the paper's experiment consists of: which networks are trained, where they go, and what is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from ifssnet.core.cohort import TEST
from ifssnet.core.errors import InputError
from ifssnet.core.muscles import TRICEPS_SURAE
from ifssnet.propagate.seeding.protocols import EVERY_100, FIRST_THREE
from ifssnet.workflow.cohorts.cropped_cohort import SIDE_PX
from ifssnet.workflow.evaluation.compared_methods import ComparedMethod, names
from ifssnet.workflow.training.options import DEVICES, TrainingOptions

FORMAT = "ifssnet-experiment/1"

PAPER, QUARTER = SCALES = ("paper", "quarter")
PROTOCOLS = (FIRST_THREE, EVERY_100)
"""Both that the paper can be read to mean (III-A; its published code)."""

ANY = "any"


@dataclass(frozen=True)
class Learned:
    """One kind of network of the experiment.

    Attributes:
        method: The method that uses the network.
        recipe: The recipe that trains it.
        per_muscle: Whether each muscle has a network of its own (paper, III-A).
        recurrent: Whether the network sees whole slices in windows, so that the scale of the experiment concerns it.
    """

    method: str
    recipe: str
    per_muscle: bool
    recurrent: bool


LEARNED: Mapping[str, Learned] = MappingProxyType(
    {
        "full": Learned("ifss-net", "paper-full", per_muscle=True, recurrent=True),
        "weak": Learned("ifss-net", "paper-weak", per_muscle=True, recurrent=True),
        "anchored": Learned("anchored", "anchored", per_muscle=False, recurrent=False),
    }
)
"""IFSS-Net-FS, IFSS-Net-WS with the decremental budget, and our network; by the labels of every table."""


def default_methods() -> tuple[str, ...]:
    """What is compared unless somebody says otherwise."""
    return (*LEARNED, "guided", "fill-between-slices", "hold")


@dataclass(frozen=True)
class ExperimentOptions:
    """How to run the experiment.

    Attributes:
        methods: Labels of `LEARNED`, which are trained, and names of methods that need no training.
        scale: "paper": whole slices of `side_px` at the cohort's voxels, the paper's width. "quarter": the recipes as they
            are, regions about the muscle at 1.1 mm and widths for two processor cores.
        side_px: Rows and columns of the slices (paper's code: 512).
        muscles: One network each (paper, III-A).
        minutes: How long each network is trained; None for the recipes' units.
        device: Where to compute.
        seed: The seed of every training.
        changes: Label to NAME=VALUE words that change its recipe.
        workers: Evaluations at a time, each a process of its own; 0: in this process.
    """

    methods: tuple[str, ...] = field(default_factory=default_methods)
    scale: str = PAPER
    side_px: int = SIDE_PX
    muscles: tuple[str, ...] = TRICEPS_SURAE
    minutes: float | None = None
    device: str = "auto"
    seed: int = 0
    changes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    workers: int = 1

    def __post_init__(self) -> None:
        known = (*LEARNED, *(name for name in names() if name not in LEARNED and not _needs_weights(name)))
        for name in self.methods:
            if name not in known:
                raise InputError(f"methods out of {', '.join(known)}", f"'{name}'", "Choose among them.")
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise InputError("at least one method, each once", f"{', '.join(self.methods) or 'none'}", "Correct --methods.")
        if self.scale not in SCALES:
            raise InputError(f"a scale out of {', '.join(SCALES)}", f"'{self.scale}'", "Choose one of them.")
        if self.device not in DEVICES:
            raise InputError(f"a device out of {', '.join(DEVICES)}", f"'{self.device}'", "Choose one of them.")
        if self.side_px < 32 or self.side_px % 16:
            raise InputError("slices of a multiple of 16 from 32 on", f"{self.side_px}", "The paper's have 512.")
        if not self.muscles:
            raise InputError("at least one muscle", "none", "Name SOL, GM or GL.")
        for label in self.changes:
            if label not in LEARNED:
                raise InputError(f"changes of {', '.join(LEARNED)}", f"'{label}'", "Write for example full:tbptt=4.")

    def recipe_changes(self, label: str) -> tuple[str, ...]:
        """What the scale, and then the user, changes in a recipe."""
        at_scale: tuple[str, ...] = ()
        if self.scale == PAPER and LEARNED[label].recurrent:
            at_scale = (
                # The paper's network (III-C4) on its slices (published code). Of a slice as large as the region, the
                # region shows all but what the muscle's distance from the middle moves out of it.
                "network.widths=[30, 30, 60, 60, 120]",
                "network.blocks=full",
                "sampling.pixel_mm=0.277",
                "sampling.margin_mm=0",
                f"sampling.least_px={self.side_px}",
                f"sampling.multiple_px={self.side_px}",
            )
        return (*at_scale, *self.changes.get(label, ()))

    def settings(self) -> ExperimentSettings:
        """What the networks of a folder depend on: an experiment with other settings may not go on there."""
        changes = dict(sorted(self.changes.items()))
        return ExperimentSettings(FORMAT, self.scale, self.side_px, self.muscles, self.minutes, self.seed, changes)


@dataclass(frozen=True)
class ExperimentSettings:
    """What an experiment was begun with: the file `experiment.json`.

    Attributes:
        format: The format's name and version.
        scale: As in `ExperimentOptions`, like the rest.
    """

    format: str
    scale: str
    side_px: int
    muscles: tuple[str, ...]
    minutes: float | None
    seed: int
    changes: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
        label: The label of the kind of network.
        muscle: The muscle that the network is for; `ANY` for all.
        folder: The run's folder.
    """

    label: str
    muscle: str
    folder: Path

    @property
    def outcome(self) -> Path:
        """Written when the training is over: how it ended."""
        return self.folder / "outcome.json"

    @property
    def done(self) -> bool:
        """Whether it is."""
        return self.outcome.is_file() and (self.folder / "best.safetensors").is_file()


def jobs_of(options: ExperimentOptions, output: Path) -> tuple[Job, ...]:
    """Every training of the experiment, the shortest kind first: whoever looks in early finds something."""
    labels = sorted((name for name in options.methods if name in LEARNED), key=lambda name: LEARNED[name].per_muscle)
    return tuple(
        Job(label, muscle, output / "models" / label / muscle)
        for label in labels
        for muscle in (options.muscles if LEARNED[label].per_muscle else (ANY,))
    )


def training_options(job: Job, options: ExperimentOptions) -> TrainingOptions:
    """The options of `ifss train` for a job; a run that was begun goes on."""
    return TrainingOptions(
        recipe=LEARNED[job.label].recipe,
        muscles=() if job.muscle == ANY else (job.muscle,),
        resume=(job.folder / "run.json").is_file(),
        device=options.device,
        minutes=options.minutes,
        seed=options.seed,
        changes=options.recipe_changes(job.label),
    )


def compared(options: ExperimentOptions, output: Path) -> tuple[ComparedMethod, ...]:
    """The methods of the evaluation, once everything is trained."""
    found: list[ComparedMethod] = []
    for label in options.methods:
        if label not in LEARNED:
            found.append(ComparedMethod(label, label))
            continue
        plan, folder = LEARNED[label], output / "models" / label
        settings: dict[str, object] = {"device": options.device} if options.device != "auto" else {}
        weights = folder if plan.per_muscle else folder / ANY / "best.safetensors"
        found.append(ComparedMethod(label, plan.method, settings, weights))
    return tuple(found)


def evaluation_folder(output: Path, protocol: str) -> Path:
    """Where the evaluation of a protocol on the test split goes."""
    return output / f"{TEST}-{protocol}"


def cropped_folder(root: Path, side: int) -> Path:
    """The cropped cohort, beside the one that it is made of."""
    whole = root.resolve()
    return whole.with_name(f"{whole.name}-{side}")


def _needs_weights(name: str) -> bool:
    from ifssnet.propagate.methods import LEARNED as WITH_WEIGHTS

    return name in WITH_WEIGHTS
