"""IFSS-Net: muscle volume from freehand 3-D ultrasound and a few annotated slices.

The pipeline is a handful of verbs, each what the command of the same name runs, and the nouns that they take and give:

>>> import ifssnet
>>> [name for name in ifssnet.__all__ if name.islower()]
['compare', 'compound', 'measure', 'open_labels', 'open_seeds', 'open_sweep', 'open_volume', 'report', 'save', 'segment']
>>> [name for name in ifssnet.__all__ if not name.islower()][:5]
['AcsaProfile', 'EchoOptions', 'Grid', 'InputError', 'InputWarning']
"""

from __future__ import annotations

from ifssnet.api import compare, compound, measure, open_labels, open_seeds, open_sweep, open_volume, report, save, segment
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Surface, Volume
from ifssnet.core.results.agreement import LegAgreement, MuscleAgreement, SliceAgreement
from ifssnet.core.results.measures import AcsaProfile, EchoOptions, LegMeasures, MeasureOptions, MuscleMeasures
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Segmentation
from ifssnet.core.sweep import Sweep

__all__ = [
    "AcsaProfile",
    "EchoOptions",
    "Grid",
    "InputError",
    "InputWarning",
    "LabelMap",
    "LegAgreement",
    "LegMeasures",
    "MeasureOptions",
    "MuscleAgreement",
    "MuscleMeasures",
    "Seeds",
    "Segmentation",
    "SliceAgreement",
    "Surface",
    "Sweep",
    "Volume",
    "compare",
    "compound",
    "measure",
    "open_labels",
    "open_seeds",
    "open_sweep",
    "open_volume",
    "report",
    "save",
    "segment",
]
__version__ = "0.1.0"
