"""What a recurrent network is shown in training, and how it learns from it: the paper's settings, and ours."""

from __future__ import annotations

from dataclasses import dataclass, field

from ifssnet.core.errors import InputError
from ifssnet.nn.losses.region_losses import RegionLossConfig
from ifssnet.nn.losses.tversky import TverskyConfig
from ifssnet.nn.networks.ifss_net_config import IFSSNetConfig
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.recurrent.ifss_net_settings import CORRECTION, DIRECT, MASK_CHANNELS, OUTPUTS
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.train.data.budget import FULL as EVERY_SLICE
from ifssnet.train.data.budget import AnnotationBudget
from ifssnet.train.data.sequences import SequenceConfig
from ifssnet.train.tasks.pseudo_labels import PseudoLabelConfig

FULL, LITERAL, WEAK = "full", "weak-literal", "weak"
SUPERVISIONS = (FULL, LITERAL, WEAK)
HALVES, WINDOWS = "halves", "windows"
RANDOM, DECREMENTAL = ORDERS = "random", "decremental"


@dataclass(frozen=True)
class RecurrentConfig:
    """What the network is shown, and how it learns from it. The defaults are the paper's, at one pixel a millimetre.

    Attributes:
        network: The network's sizes.
        loss: The loss of a window: the Tversky loss (paper, III-C), or another one of `RegionLossConfig`.
        sampling: The network's pixels and slices.
        sequences: What a sequence is.
        supervision: "full" (paper, III-C1); "weak-literal" (paper, III-C2: the last prediction is the label of slices
            that nobody drew); "weak" (ours: interpolation first, then an averaged teacher).
        budget: Which slices are drawn under weak supervision (paper, III-C3).
        order: "random", any leg in any unit; "decremental", a leg a unit, those with the most drawn slices first, over
            and over again (paper, III-C3: the network learns from many drawn slices before it is shown few).
        pseudo: Labels of the others under "weak".
        output: "direct" (paper), or "correction" of the previous masks' logit.
        feedback: "soft", "hard" or "given", as in `RecurrentInference`.
        image: False blanks the image (a control).
        update: "halves": the loss of half a sequence, then a step of the optimiser (paper, III-C1); "windows": a step
            every `tbptt` windows.
        tbptt: The windows through which gradients go back (paper: truncated back-propagation through time, without a number).
        single_share: Share of the training at its beginning on single windows, fed earlier masks instead of predictions.
        single_updates: The updates of a unit then; each has windows of its own, twice as many as sequences run side by side.
        single_run_in: Most windows that are run before such a one, without gradient: it is fed what the network itself makes
            of an earlier mask, as in a sequence, but each update still has muscles and places of its own.
        run_in_from: Share of the training from which they are run in.
        cross_entropy: The weight of cross-entropy beside that loss (paper: 0).
        l2: The factor of equation (4)'s last term (paper, III-C1: 1e-5).
        divide_by_window: Equation (4) as it stands, each window's index divided by w.
        inference: How the network is used in validation, and afterwards unless somebody says otherwise.
    """

    network: IFSSNetConfig = field(default_factory=IFSSNetConfig)
    loss: RegionLossConfig = field(default_factory=TverskyConfig)
    sampling: Sampling = field(default_factory=lambda: Sampling(multiple_px=32))
    sequences: SequenceConfig = field(default_factory=SequenceConfig)
    supervision: str = FULL
    budget: AnnotationBudget = field(default_factory=AnnotationBudget)
    order: str = RANDOM
    pseudo: PseudoLabelConfig = field(default_factory=PseudoLabelConfig)
    output: str = DIRECT
    feedback: str = "soft"
    image: bool = True
    update: str = HALVES
    tbptt: int = 8
    single_share: float = 0.0
    single_updates: int = 8
    single_run_in: int = 0
    run_in_from: float = 0.0
    cross_entropy: float = 0.0
    l2: float = 1e-5
    divide_by_window: bool = True
    inference: RecurrentInference = field(default_factory=lambda: RecurrentInference(direction="forward"))

    def __post_init__(self) -> None:
        for name, choices in (
            ("supervision", SUPERVISIONS),
            ("output", OUTPUTS),
            ("order", ORDERS),
            ("feedback", ("soft", "hard", "given")),
            ("update", (HALVES, WINDOWS)),
        ):
            if getattr(self, name) not in choices:
                raise InputError(f"one of {', '.join(choices)} for {name}", f"'{getattr(self, name)}'", f"Correct {name}.")
        shares = (self.single_share, self.run_in_from)
        if self.tbptt < 1 or not all(0 <= share <= 1 for share in shares):
            raise InputError(
                "tbptt from 1, single_share and run_in_from from 0 to 1",
                f"{self.tbptt}, {self.single_share} and {self.run_in_from}",
                "Correct them.",
            )
        if min(self.single_run_in, self.cross_entropy, self.l2) < 0:
            raise InputError(
                "single_run_in, cross_entropy and l2 not negative",
                f"{self.single_run_in}, {self.cross_entropy} and {self.l2}",
                "Correct them.",
            )
        if self.network.mask_channels not in MASK_CHANNELS:
            raise InputError(
                f"a mask stream of {' or '.join(str(count) for count in MASK_CHANNELS)} channels",
                f"{self.network.mask_channels}",
                "Correct network.mask_channels.",
            )
        if self.sampling.multiple_px % 2 ** len(self.network.widths):
            raise InputError(
                f"a multiple_px that is a multiple of {2 ** len(self.network.widths)}, for {len(self.network.widths)} stages",
                f"{self.sampling.multiple_px}",
                "Correct sampling.multiple_px.",
            )
        if self.supervision != FULL and self.budget.policy == EVERY_SLICE:
            raise InputError(f"a budget for {self.supervision}", "every slice", "Use supervision full, or a smaller budget.")

    @classmethod
    def robust(cls, supervision: str = FULL, network: IFSSNetConfig | None = None) -> RecurrentConfig:
        """Ours: single windows first, then short TBPTT with many updates, see docs/concepts/recurrent.md."""
        return cls(
            network=network or IFSSNetConfig.light(zero_last=True),
            loss=TverskyConfig(form="fixed"),
            sequences=SequenceConfig(slices=(60, 160), strides=(3, 3), flip_x=True, augment=True, corrupt=0.3),
            supervision=supervision,
            output=CORRECTION,
            update=WINDOWS,
            tbptt=2,
            single_share=0.5,
            cross_entropy=1.0,
            l2=0.0,
            divide_by_window=False,
            inference=RecurrentInference(),
        )
