from __future__ import annotations

import math
import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from ifssnet.figures.evaluation_report.training_curves import dice_lines, loss_lines, training_curves, weight_lines

SVG = "{http://www.w3.org/2000/svg}"


def log(units: int = 30) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for unit in range(units):
        row: dict[str, object] = {"unit": unit, "loss": 1 / (1 + unit), "alpha": 0.5 - 0.01 * unit, "beta": 0.5 + 0.01 * unit}
        if unit % 10 == 9:
            row |= {"dice_GL": 0.7, "dice_SOL": 0.6 + unit / 100, "dice_mean": 0.8}
        rows.append(row)
    return rows


def numbers(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", path)]


def test_the_picture_is_well_formed_and_says_how_it_ended() -> None:
    root = ElementTree.fromstring(training_curves(log(), title="Run <1> & only"))
    assert root.find(f"{SVG}title").text == "Run <1> & only"
    assert "SOL ends at 0.89" in root.find(f"{SVG}desc").text
    assert len(root.findall(f"{SVG}g")) == 3
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert {"SOL 0.890", "GL 0.700", "mean 0.800", "α 0.210", "β 0.790"} <= set(words)


def test_curves_lie_where_the_axes_say() -> None:
    """Alpha from 0.5 in the middle of its axis; beta is its mirror image."""
    root = ElementTree.fromstring(training_curves([{"unit": u, "alpha": a, "beta": 1 - a} for u, a in ((0, 0.5), (4, 0.0))]))
    (panel,) = root.findall(f"{SVG}g")
    alpha, beta = (numbers(path.get("d")) for path in panel.iter(f"{SVG}path"))
    # 300 high with 38 above and 46 below: 0 lies at 254, 1 at 38, a half at 146.
    assert [y for _, y in alpha] == [146, 254]
    assert [y for _, y in beta] == [146, 38]
    assert alpha[0][0] == 58


def test_missing_columns_and_values_leave_gaps_and_no_panels() -> None:
    assert training_curves([]) == ""
    assert training_curves([{"unit": 1, "lr": 1e-3}]) == ""
    rows = [{"loss": 3.0}, {"loss": None}, {"loss": math.nan}, {"loss": "?"}, {"loss": 1.0}]
    (line,) = loss_lines(rows)
    assert line.x.tolist() == [0, 4]
    assert line.raw.tolist() == [3, 1]
    assert len(ElementTree.fromstring(training_curves(rows)).findall(f"{SVG}g")) == 1
    assert "nan" not in training_curves(rows).lower()


def test_one_row_and_equal_values_can_be_drawn() -> None:
    for rows in ([{"unit": 5, "loss": 0.0, "dice_SOL": 1.0}], [{"unit": u, "loss": 2.0} for u in range(4)]):
        svg = training_curves(rows)
        ElementTree.fromstring(svg)
        assert "nan" not in svg.lower()


def test_muscles_in_the_papers_order_and_colours() -> None:
    lines = dice_lines(log())
    assert [line.name for line in lines] == ["SOL", "GL", "mean"]
    assert lines[0].color == (126, 87, 194)
    assert lines[0].x.tolist() == [9, 19, 29]


def test_a_long_log_is_thinned_to_its_means() -> None:
    noise = np.random.default_rng(0).standard_normal(20_000)
    rows = [{"unit": u, "loss": 1 + float(n), "alpha": 0.5} for u, n in enumerate(noise)]
    (line,) = loss_lines(rows)
    assert len(line.x) == 400
    assert line.raw.mean() == pytest.approx(1 + noise.mean())
    assert line.y.std() < line.raw.std() / 3
    assert len(weight_lines(rows)[0].x) == 400
    assert len(training_curves(rows)) < 60_000


def test_words_never_lie_on_one_another() -> None:
    rows = [{"unit": u, **{f"dice_{name}": 0.9 + 0.0001 * i for i, name in enumerate("ABCDEFG")}} for u in range(3)]
    root = ElementTree.fromstring(training_curves(rows))
    heights = sorted(float(text.get("y")) for text in root.iter(f"{SVG}text") if text.get("class") == "name")
    assert len(heights) == 7
    assert all(below - above >= 13.9 for above, below in pairwise(heights))
    assert heights[0] >= 38
    assert heights[-1] <= 254
