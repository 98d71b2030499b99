"""Provenance to JSON and back: nothing of it is lost, and what others wrote does no harm."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.provenance import (
    AnnotatedSlices,
    CaseFacts,
    FileSource,
    MethodDescription,
    Provenance,
    SelfCheck,
    SmoothingChoice,
    VolumeEstimate,
    WeightsSource,
)
from ifssnet.io.storage.provenance import provenance_of, provenance_path, provenance_table, read_provenance

PRIOR = MethodDescription(
    {"smoothing": "auto", "extrapolate_mm": 0.0},
    {},
    SmoothingChoice(True, 0.01, 0.524, 5, {0.0: 20.87, 0.001: 20.5}),
    {"SOL": VolumeEstimate(11, 508.015, 0.432, 0.08), "GM": VolumeEstimate(1, 1.0), "GL": VolumeEstimate(0)},
)
ANCHORED = MethodDescription(
    {"every_mm": 1.1, "check": True},
    {"context": {"offsets_mm": [-1.0, 0.0, 1.0]}},
    prior=PRIOR,
    self_check=SelfCheck(0.25, {0.0: 0.86, 0.25: 0.87}, 21, {"SOL": SelfCheck(1.0, {0.0: 0.8, 1.0: 0.9}, 12)}),
)
WHOLE = Provenance(
    "anchored",
    ANCHORED,
    "all-seeds",
    {"SOL": AnnotatedSlices((3, 4, 9), (3, 4))},
    {"ifssnet": "1.0"},
    "no method was named",
    WeightsSource("a.safetensors", "ab", "anchored", ("SOL",), {"units": 3, "note": "x"}),
    (FileSource("s.nrrd", "cd"),),
    FileSource("v.mha", "ef"),
    {"SOL": VolumeEstimate(11, 508.015, 0.432, 0.08)},
    CaseFacts("P07", "left", "AB", "2026-03-02T14:05:00+01:00"),
)


@pytest.mark.parametrize(
    "provenance",
    [
        WHOLE,
        Provenance("shape-interpolation", PRIOR, "first-three", {}, {}),
        Provenance("ifss-net", MethodDescription(per_muscle={"SOL": ANCHORED, "GM": PRIOR}), "all-seeds", {}, {}),
        Provenance("unet-3d", MethodDescription({"overlap": 0.5}, {"muscles": ["SOL"]}), "all-seeds", {}, {}),
        Provenance("hold", MethodDescription(), "all-seeds", {}, {}, seeds=(FileSource("a", "1"), FileSource("b", "2"))),
    ],
)
def test_it_comes_back_as_it_was(provenance: Provenance, tmp_path: Path) -> None:
    segmentation = tmp_path / "leg.seg.nrrd"
    provenance_path(segmentation).write_text(json.dumps(provenance_table(provenance)), encoding="utf-8")
    assert read_provenance(segmentation).provenance == provenance


def test_the_keys_of_the_file() -> None:
    """Programs of others read them."""
    table = json.loads(json.dumps(provenance_table(WHOLE)))
    assert list(table) == [
        "method", "protocol", "annotated_slices", "software", "case", "estimates", "chosen_because", "weights", "seeds",
        "volume",
    ]  # fmt: skip
    case = {"subject": "P07", "side": "left", "rater": "AB", "analysed_at": "2026-03-02T14:05:00+01:00"}
    assert table["case"] == case
    assert list(table["estimates"]) == ["SOL"]
    method = table["method"]
    assert list(method) == ["name", "settings", "context", "prior", "self_check"]
    own = {"share": 1.0, "hidden_groups": 12, "dice_by_share": {"0": 0.8, "1": 0.9}}
    check = {"share": 0.25, "hidden_groups": 21, "dice_by_share": {"0": 0.86, "0.25": 0.87}, "per_muscle": {"SOL": own}}
    assert method["self_check"] == check
    assert method["prior"]["muscles"] == {
        "SOL": {
            "groups": 11, "volume_cm3": 508.015, "leave_one_out_error_cm3": 0.432, "leave_one_out_error_percent": 0.08,
        },
        "GM": {"groups": 1, "volume_cm3": 1.0, "leave_one_out_error_cm3": None, "leave_one_out_error_percent": None},
        "GL": {"groups": 0},
    }  # fmt: skip
    assert method["prior"]["smoothing"] == {
        "consecutive_slices_averaged": True,
        "border_scatter_mm": 0.524,
        "spline_strength": 0.01,
        "groups_left_out": 5,
        "cross_validation_error_percent": {"0": 20.87, "0.001": 20.5},
    }
    assert table["seeds"] == asdict(WHOLE.seeds[0])
    several = Provenance("hold", MethodDescription(), "all-seeds", {}, {}, seeds=(FileSource("a", "1"), FileSource("b", "2")))
    assert [each["file"] for each in provenance_table(several)["seeds"]] == ["a", "b"]  # type: ignore[index, union-attr]
    assert provenance_table(several)["volume"] is None
    assert "volume" not in provenance_table(Provenance("hold", MethodDescription(), "all-seeds", {}, {}))


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "3", "null", "{}", '{"method": "ours"}', '{"method": {"name": 3}}', "[" * 100_000,
        '{"method": {"name": "hold", "settings": []}, "protocol": "p", "annotated_slices": {}, "software": {}}',
        '{"method": {"name": "hold", "muscles": {"SOL": 3}}, "protocol": "p", "annotated_slices": {}, "software": {}}',
        '{"method": {"name": "hold", "self_check": {}}, "protocol": "p", "annotated_slices": {}, "software": {}}',
        '{"method": {"name": "hold", "prior": 3}, "protocol": "p", "annotated_slices": {}, "software": {}}',
        '{"method": {"name": "hold", "per_muscle": {"SOL": 1}}, "protocol": "p", "annotated_slices": {}, "software": {}}',
        '{"method": {"name": "hold"}, "protocol": 1, "annotated_slices": {}, "software": {}}',
    ],
)  # fmt: skip
def test_what_is_not_ours_is_shown_and_not_believed(text: str, tmp_path: Path) -> None:
    segmentation = tmp_path / "leg.seg.nrrd"
    assert read_provenance(segmentation).provenance is None
    provenance_path(segmentation).write_text(text, encoding="utf-8")
    recorded = read_provenance(segmentation)
    assert recorded.provenance is None
    if text.startswith("{"):
        assert recorded.table == json.loads(text)
        with pytest.raises(InputError):
            provenance_of(recorded.table)
    else:
        assert recorded.table == {}


def test_what_a_later_version_adds_is_no_error() -> None:
    table = {**provenance_table(WHOLE), "later": 1}
    assert provenance_of(table) == WHOLE


def test_estimates_and_checks_are_found_wherever_a_method_keeps_them() -> None:
    """A network's prior, a muscle's own network and guided interpolation itself estimate alike."""
    whole = MethodDescription(per_muscle={"SOL": ANCHORED})
    for method in (PRIOR, ANCHORED, whole):
        assert method.volume_estimates()["SOL"].leave_one_out_error_cm3 == 0.432
        assert "GL" not in method.volume_estimates()
    assert ANCHORED.self_checks() == {"": ANCHORED.self_check}
    assert whole.self_checks() == {"SOL": ANCHORED.self_check}
    alone = Provenance("hold", MethodDescription(), "all-seeds", {}, {}, estimates={"SOL": VolumeEstimate(3, 7.0)})
    assert alone.volume_estimates() == {"SOL": VolumeEstimate(3, 7.0)}
