"""Public data sets of muscle ultrasound: what their publishers say of them.

Source: the catalogue UMUD (universal muscle ultrasound data) and each data set's own page, which says more.
"""

from __future__ import annotations

from dataclasses import dataclass

from ifssnet.io.cohorts import leg_3d_us


@dataclass(frozen=True)
class PublicSet:
    """A public data set.

    Attributes:
        name: As commands call it.
        content: What it holds.
        licence: Its licence, as the publisher or the catalogue states it.
        page: Where it is published.
        citation: What to cite.
        use: What this package does with it.
    """

    name: str
    content: str
    licence: str
    page: str
    citation: str
    use: str


PUBLIC_SETS: tuple[PublicSet, ...] = (
    PublicSet(
        leg_3d_us.NAME,
        "44 lower legs as volumes, with SOL, GM and GL labelled",
        leg_3d_us.LICENCE,
        leg_3d_us.BASE_URL,
        leg_3d_us.CITATION[1],
        "ifss dataset leg-3d-us DIR --download",
    ),
    PublicSet(
        "bicepsfem3dus",
        "biceps femoris of 12 people as 3-D ultrasound before and after training, without labels",
        "Creative Commons Attribution 4.0 International (CC BY 4.0)",
        "https://espace.library.uq.edu.au/view/UQ:a38a05d",
        "Andrews et al. 2024, https://doi.org/10.48610/a38a05d",
        "fetch it by hand; its layout is not known here: ifss info FILE says what a file is",
    ),
    PublicSet(
        "dlsegmskneurodisease",
        "3,917 single slices of GM, tibialis anterior and biceps brachii, healthy and with neuromuscular disease, with masks",
        "MIT License",
        "https://data.mendeley.com/datasets/3jykz7wz8d/1",
        "Marzola et al. 2021, https://doi.org/10.1016/j.compbiomed.2021.104623",
        "fetch it by hand, then: ifss dataset dlsegmskneurodisease DIR",
    ),
)
