"""IFSS-Net: muscle volume from freehand 3-D ultrasound and a few annotated slices.

The whole pipeline is seven verbs; each is what the command of the same name runs:

>>> import ifssnet
>>> sorted(ifssnet.__all__)
['compare', 'compound', 'measure', 'open_labels', 'open_seeds', 'open_sweep', 'open_volume', 'save', 'segment']
"""

from __future__ import annotations

from ifssnet.api import compare, compound, measure, open_labels, open_seeds, open_sweep, open_volume, save, segment

__all__ = ["compare", "compound", "measure", "open_labels", "open_seeds", "open_sweep", "open_volume", "save", "segment"]
__version__ = "0.1.0"
