from __future__ import annotations

import math
import re
from dataclasses import fields

import pytest
from synthetic_leg import agreement_of, leg_agreement

from ifssnet.core.results.agreement import MuscleAgreement
from ifssnet.core.results.measures import MuscleMeasures
from ifssnet.figures.drawing.theme import colors_of, contrast, on_black, ordered, readable
from ifssnet.figures.leg_report.content import VolumeEstimate
from ifssnet.figures.leg_report.provenance import nested
from ifssnet.figures.leg_report.quantity_text import present, text_of
from ifssnet.figures.leg_report.tables import agreement_table, measures_table
from ifssnet.geometry.masks.runs import number_ranges
from ifssnet.measurement.quantities import MEASURES
from ifssnet.measurement.reference.metrics.boundaries import BOUNDARIES
from ifssnet.measurement.reference.metrics.overlaps import DICE
from ifssnet.measurement.reference.metrics.table import METRICS
from ifssnet.measurement.reference.metrics.volumes import VOLUME_ERROR

COLORS = colors_of(["SOL", "GM"], {})


def cells(page: str) -> dict[tuple[str, str], str]:
    found = re.findall(r'<td data-muscle="([^"]*)" data-key="([^"]*)"(?: data-value="[^"]*")?>([^<]*)</td>', page)
    return {(muscle, key): text for muscle, key, text in found}


def test_a_number_stands_under_its_muscle_and_beside_its_unit() -> None:
    page = measures_table(
        {"GM": MuscleMeasures(volume_cm3=202.34), "SOL": MuscleMeasures(volume_cm3=319.96, length_mm=281.2)}, {}, COLORS
    )
    assert cells(page) == {
        ("SOL", "volume_cm3"): "320.0",
        ("GM", "volume_cm3"): "202.3",
        ("SOL", "length_mm"): "281",
        ("GM", "length_mm"): "–",
    }
    heads = re.findall(r'<th scope="col">(?:<i[^>]*></i>)?([^<]*)</th>', page)
    assert heads == ["Measure", "SOL", "GM"]
    assert '<span class="label">Volume</span><span class="unit">cm³</span>' in page
    assert 'data-value="319.96"' in page


def test_every_measure_and_every_metric_has_its_row() -> None:
    keys = [each.name for each in fields(MuscleMeasures) if each.name != "profile"]
    values = {key: 1 if key.endswith("_z") else 1.0 for key in keys}
    page = measures_table({"SOL": MuscleMeasures(**values)}, {}, COLORS)
    assert {key for _, key in cells(page)} == {*keys, "volume_interval_cm3"} - {"volume_low_cm3", "volume_high_cm3"}
    assert "1.0 to 1.0" in page
    metrics = {each.name for each in fields(MuscleAgreement) if each.name not in ("further", "per_slice")}
    parts = {metric.key for metric in BOUNDARIES}
    assert {metric.key for metric in METRICS} == metrics | parts
    found = agreement_of(**dict.fromkeys(metrics, 1.0), further=dict.fromkeys(parts, 1.0))
    page = agreement_table(leg_agreement({"SOL": found}), COLORS)
    assert {key for _, key in cells(page)} == (metrics | parts) - {"volume_cm3"}
    assert all(each.meaning for each in (*MEASURES, *(metric.quantity for metric in METRICS)))


def test_what_is_not_a_number_is_no_row() -> None:
    assert present([{"volume_cm3": 1.0, "length_mm": math.nan}, {"length_mm": math.nan}], MEASURES) == [MEASURES[0]]
    found = present([{"max_acsa_z": 0, "volume_cm3": math.inf}], MEASURES)
    assert [each.key for each in found] == ["volume_cm3", "max_acsa_z"]


def test_an_estimate_is_written_with_its_leave_one_out_error() -> None:
    estimates = {
        "SOL": VolumeEstimate(321.23, 0.62, "area curve"),
        "GM": VolumeEstimate(200.0),
        "GL": VolumeEstimate(100.0, 2.04, "area curve", 2.04),
    }
    page = measures_table(dict.fromkeys(("SOL", "GM", "GL"), MuscleMeasures(volume_cm3=1.0)), estimates, COLORS)
    assert cells(page)["SOL", "estimate"] == "321.2 ± 0.6 %"
    assert cells(page)["GM", "estimate"] == "200.0"
    assert cells(page)["GL", "estimate"] == "100.0 ± 2.0"
    assert "Method: area curve." in page


def test_the_comparison_ends_with_its_mean_and_signs_the_volume_error() -> None:
    rows = {
        "SOL": agreement_of(dice=0.9712, volume_error_percent=-0.5),
        "GM": agreement_of(dice=0.98, volume_error_percent=1.25),
    }
    shown = cells(agreement_table(leg_agreement(rows), COLORS))
    assert shown["SOL", "dice"] == "0.971"
    assert shown["Mean", "dice"] == "0.976"
    assert shown["SOL", "volume_error_percent"] == "−0.50"
    assert shown["GM", "volume_error_percent"] == "+1.25"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (float("nan"), "–"), (float("inf"), "∞"), (-0.5, "−0.500"), (1, "1.000")],
)
def test_numbers_as_text(value: float | None, text: str) -> None:
    assert text_of(value, DICE.quantity) == text


def test_nothing_has_no_sign() -> None:
    assert [text_of(value, VOLUME_ERROR.quantity) for value in (0.0, -0.001, 0.004, 0.006)] == ["0.00", "0.00", "0.00", "+0.01"]


def test_ranges_and_nested_data() -> None:
    assert number_ranges([]) == ""
    assert number_ranges([5]) == "5"
    page = nested({"a<b": {"seeds": [3, 1, 2, 9], "on": True, "size": 0.27700001, "what": None, "steps": [{"n": 1}]}})
    assert page == (
        "<dl><dt>a&lt;b</dt><dd><dl><dt>seeds</dt><dd>1–3, 9</dd><dt>on</dt><dd>yes</dd><dt>size</dt><dd>0.277</dd>"
        "<dt>what</dt><dd>–</dd><dt>steps</dt><dd><ol><li><dl><dt>n</dt><dd>1</dd></dl></li></ol></dd></dl></dd></dl>"
    )


def test_one_order_and_readable_colours() -> None:
    assert ordered(["TA", "GL", "SOL"]) == ["SOL", "GL", "TA"]
    colors = colors_of(["SOL", "GM", "GL", "TA"], {"TA": (250, 250, 120)})
    assert colors["TA"] == (250, 250, 120)
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21.0)
    for color in colors.values():
        assert contrast(readable(color), (255, 255, 255)) >= 4.5
        assert contrast(on_black(color), (0, 0, 0)) >= 6.5
