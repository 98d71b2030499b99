"""A network of a case's own: tuned on what is drawn there, kept in its folder where that helps, and used from then on."""

from __future__ import annotations

from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress
from ifssnet.workflow.files.default_weights import find_weights
from ifssnet.workflow.leg.method_choice import NETWORK
from ifssnet.workflow.session.methods import ADAPTED
from ifssnet.workflow.session.session import Session
from ifssnet.workflow.training.adapted_network import AdaptedNetwork, adapt_leg


def can_tune() -> bool:
    """Whether what it takes to learn is installed."""
    return all(find_spec(each) is not None for each in ("torch", "lightning_fabric", "safetensors"))


def has_own_network(folder: Path) -> bool:
    """Whether a case has one."""
    return (folder / ADAPTED).is_file()


def forget_own_network(folder: Path) -> None:
    """From now on the case is filled by the network that all cases have."""
    (folder / ADAPTED).unlink(missing_ok=True)


def tune(session: Session, *, most_s: float | None = None, seed: int = 0) -> Generator[Progress, None, AdaptedNetwork]:
    """Tune the network on what is drawn in a session.

    It is kept in the folder only where slices that were kept back come out better; otherwise there is none afterwards. Close
    the generator to cancel: all is then as it was before.

    Raises:
        InputError: The learning extra is missing, the voxels are not those of the network, too little is drawn, or the session
            is signed.
    """
    if session.state.signature is not None:
        raise InputError("a session to work on", "one that is signed", "Reopen it first.")
    own, start = session.folder / ADAPTED, find_weights(None, NETWORK)
    found = yield from adapt_leg(session.volume, session.state.seeds(), own, start, most_s=most_s, seed=seed, force=True)
    if not found.kept:
        forget_own_network(session.folder)
    return found
