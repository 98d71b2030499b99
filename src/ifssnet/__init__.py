"""IFSS-Net: muscle volume from freehand 3-D ultrasound and a few annotated slices.

The whole pipeline is seven verbs; each is what the command of the same name runs:

>>> import ifssnet
>>> sorted(ifssnet.__all__)
['compare', 'compound', 'measure', 'open_labels', 'open_seeds', 'open_sweep', 'open_volume', 'save', 'segment']
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from ifssnet.api import compare, compound, measure, open_labels, open_seeds, open_sweep, open_volume, save, segment

__all__ = ["compare", "compound", "measure", "open_labels", "open_seeds", "open_sweep", "open_volume", "save", "segment"]
__version__ = "0.1.0"


def _also_a_verb(room: str, verb: Callable[..., Any]) -> None:
    """Let a room be called that has the name of a verb.

    Python puts a package into its parent when anything of it is first loaded, over the verb of the same name: without this,
    `ifssnet.measure(...)` would work once.
    """
    module = import_module(f"{__name__}.{room}")
    module.__class__ = type("Room", (ModuleType,), {"__call__": staticmethod(verb), "__doc__": verb.__doc__})


_also_a_verb("compound", compound)
_also_a_verb("measure", measure)
