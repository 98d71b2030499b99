"""Nothing that says what a figure means is cut off."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

from ifssnet.core.images import Surface
from ifssnet.figures.drawing.legend import legend_places, text_width
from ifssnet.figures.rendering.mesh import full
from ifssnet.figures.rendering.muscle_surface import MuscleSurface
from ifssnet.figures.rendering.static_view import sides_picture
from ifssnet.figures.rendering.surfaces import error_scale, standard_views

NAMES = ["IFSS-Net, both directions, fused", "Anchored", "Semitendinosus", "GM", "Fill-between-slices of ITK", "Hold"]


@pytest.mark.parametrize("width", [300.0, 430.0, 860.0])
def test_every_entry_lies_within_its_width_and_beside_no_other(width: float) -> None:
    places, bottom = legend_places(NAMES, 28.0, 58.0, width)
    boxes = [(x, x + 28 + text_width(name), y) for name, (x, y) in zip(NAMES, places, strict=True)]
    assert all(right <= max(width, 58 + 28 + text_width(NAMES[0])) for _, right, _ in boxes)
    for first, second in pairwise(boxes):
        assert second[2] > first[2] or second[0] > first[1]
    assert max(y for *_, y in boxes) <= bottom


def test_the_colour_bar_of_a_slender_muscle_has_room_for_its_words() -> None:
    """A thread, 4 mm wide and 300 mm long: the words below are wider than what they stand under."""
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ring = np.stack([2 * np.cos(angle), 2 * np.sin(angle)], axis=1)
    vertices = np.concatenate([np.c_[ring, np.full(12, z)] for z in (0.0, 300.0)])
    sides = [(i, (i + 1) % 12, 12 + i) for i in range(12)] + [((i + 1) % 12, 12 + (i + 1) % 12, 12 + i) for i in range(12)]
    surface = Surface(vertices, np.array(sides, dtype=np.int64), "SOL")
    meshes = [full(MuscleSurface(surface, np.linspace(-1, 1, 24)))]
    svg, width = sides_picture(meshes, {"SOL": (1, 2, 3)}, standard_views()[:2], "x", error_scale(meshes))
    words = re.search(r'x="([\d.]+)" y="[\d.]+" font-size="([\d.]+)" text-anchor="middle">(mm from[^<]*)<', svg)
    assert words is not None
    half = 0.5 * float(words[2]) * len(words[3]) / 2
    assert half <= float(words[1]) <= width - half
