"""Methods side by side: the numbers of the table, which of them are bold, and a picture a method and slice."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from synthetic_leg import agreement_of
from synthetic_leg import leg_agreement as of

from ifssnet.core.grid import Grid
from ifssnet.core.results.agreement import MuscleAgreement
from ifssnet.core.results.measures import MuscleMeasures
from ifssnet.figures.drawing.theme import colors_of
from ifssnet.figures.leg_report.content import ComparedMethod, OutlinedSlice, ReportContent
from ifssnet.figures.leg_report.report import report_html
from ifssnet.figures.leg_report.side_by_side import best_of, side_by_side
from ifssnet.measurement.reference.metrics.overlaps import DICE
from ifssnet.measurement.reference.metrics.volumes import VOLUME_ERROR

EVIL = "<script>alert(1)</script>"


def shown(z: int, size: int) -> OutlinedSlice:
    mask = np.zeros((20, 20), bool)
    mask[5 : 5 + size, 5 : 5 + size] = True
    return OutlinedSlice(z, z * 0.5, mask.astype(np.uint8) * 100, {"SOL": mask}, {"SOL": mask})


def row(dice: float, hd95: float, error: float) -> MuscleAgreement:
    return agreement_of(dice=dice, hausdorff95_mm=hd95, volume_error_percent=error, asd_mm=0.1)


METHODS = (
    ComparedMethod("Net", of({"SOL": row(0.95, 1.5, -2.0), "GM": row(0.9, 2.0, 1.0)}), [shown(4, 6), shown(8, 7)]),
    ComparedMethod("Guided", of({"SOL": row(0.94, 1.0, 1.0), "GM": row(0.9002, 3.0, -1.004)}), [shown(4, 5), shown(8, 5)]),
    ComparedMethod("Zero-order", of({"SOL": row(0.8, 9.0, float("nan"))}), [shown(4, 3), shown(8, 4)], "in place of nothing"),
)
CONTENT = ReportContent("A leg", Grid((12, 20, 20), (1.0, 1.0, 0.5)), {"SOL": MuscleMeasures(volume_cm3=1.0)}, methods=METHODS)


def cells(page: str) -> dict[tuple[str, str, str], str]:
    pattern = r'<td data-method="([^"]*)" data-muscle="([^"]*)" data-key="([^"]*)"[^>]*>(.*?)</td>'
    return {(method, muscle, key): text for method, muscle, key, text in re.findall(pattern, page)}


def test_each_number_stands_in_its_cell_and_the_best_are_bold() -> None:
    found = cells(side_by_side(CONTENT, colors_of(["SOL", "GM"], {})))
    assert len(found) == 3 * 3 * 2
    assert found["Net", "SOL", "dice"] == "<b>0.950</b>"
    assert found["Guided", "SOL", "dice"] == "0.940"
    assert found["Guided", "SOL", "hausdorff95_mm"] == "<b>1.00</b>"
    # The volume error nearest to 0 is the best, whatever its sign.
    assert (found["Net", "SOL", "volume_error_percent"], found["Guided", "SOL", "volume_error_percent"]) == (
        "−2.00",
        "<b>+1.00</b>",
    )
    # What reads the same is as good.
    assert found["Net", "GM", "dice"] == found["Guided", "GM", "dice"] == "<b>0.900</b>"
    assert (found["Net", "GM", "volume_error_percent"], found["Guided", "GM", "volume_error_percent"]) == (
        "<b>+1.00</b>", "<b>−1.00</b>",
    )  # fmt: skip
    assert found["Zero-order", "SOL", "volume_error_percent"] == "–"
    assert found["Zero-order", "GM", "dice"] == "–"


def test_the_best_of_nothing_is_nothing() -> None:
    assert best_of(METHODS, "GL", DICE) is None
    assert best_of(METHODS, "SOL", VOLUME_ERROR) == 1.0
    assert best_of(METHODS, "SOL", DICE) == 0.95


def test_pictures_are_a_row_a_slice_and_notes_are_said() -> None:
    page = report_html(CONTENT)
    section = page[page.index('<section id="methods"') :]
    section = section[: section.index("</section>")]
    captions = re.findall(r'<figcaption><span class="mm">(.*?)</span><span class="z">(.*?)</span>', section)
    assert captions == [(m.name, f"{mm} mm") for mm in ("2.0", "4.0") for m in METHODS]
    assert section.count("<svg") == 6
    assert section.count('class="reference"') == 6
    assert "Zero-order: in place of nothing" in section
    assert '<a href="#methods">' in page


@pytest.mark.parametrize("methods", [(), METHODS[:1]])
def test_one_method_is_compared_with_nobody(methods: tuple[ComparedMethod, ...]) -> None:
    page = report_html(replace(CONTENT, methods=methods))
    assert 'id="methods"' not in page
    assert '<a href="#methods">' not in page


def test_names_are_text() -> None:
    methods = [replace(METHODS[0], name=EVIL, note=EVIL), METHODS[1]]
    page = report_html(replace(CONTENT, methods=methods))
    assert EVIL not in page
    assert page.count("&lt;script&gt;alert(1)") >= 3
