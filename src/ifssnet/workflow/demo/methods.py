"""What the demo compares: IFSS-Net, the anchored network and fill-between-slices, or what takes their place."""

from __future__ import annotations

from dataclasses import dataclass

from ifssnet.core.errors import InputError
from ifssnet.propagate.methods import method, require_library
from ifssnet.workflow.files.default_weights import default_weights
from ifssnet.workflow.leg.method_choice import NETWORK, Choice, choose
from ifssnet.workflow.leg.segment_files import BuiltMethod, build

IFSS_NET = "ifss-net"
TITLES = {NETWORK: "Anchored network", "shape-interpolation": "Guided interpolation"}


@dataclass(frozen=True, eq=False)
class DemoMethod:
    """One method of the demo.

    Attributes:
        title: For a person.
        file: Stem of the file that its segmentation goes to.
        method: The method, with its weights.
        note: Whose place it takes, and why; empty where it takes nobody's.
    """

    title: str
    file: str
    method: BuiltMethod
    note: str = ""


def demo_methods() -> tuple[DemoMethod, DemoMethod, DemoMethod]:
    """The three methods, the one that a user gets without naming any first.

    Raises:
        InputError: Weights that come with the package are damaged.
    """
    return _default(), _ifss_net(), _fill_between_slices()


def _default() -> DemoMethod:
    choice = choose(None, None, {}, volume_given=True)
    note = "" if choice.method == NETWORK else f"in place of the anchored network, {_reason(NETWORK)}"
    return DemoMethod(TITLES[choice.method], "leg", build(choice, {}), note)


def _ifss_net() -> DemoMethod:
    if reason := _reason(IFSS_NET):
        plain = method("shape-interpolation", plain=True)
        return DemoMethod("Plain interpolation", "plain", BuiltMethod(plain), f"in place of IFSS-Net, {reason}")
    return DemoMethod("IFSS-Net", IFSS_NET, build(Choice(IFSS_NET, default_weights(IFSS_NET)), {}))


def _fill_between_slices() -> DemoMethod:
    return DemoMethod("Fill between slices", "fill-between-slices", BuiltMethod(method("fill-between-slices")))


def _reason(name: str) -> str:
    """Why a network cannot run; empty where it can."""
    if default_weights(name) is None:
        return "of which no weights come with this version"
    try:
        require_library(name)
    except InputError as error:
        return f"which needs a library that runs it ({error.remedy.removeprefix('Run: ')})"
    return ""
