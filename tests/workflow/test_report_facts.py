"""What a report says of its leg whatever the method: the error of its volume, the network's check, who, which and when."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.provenance import MethodDescription, Provenance, SelfCheck, VolumeEstimate, WeightsSource
from ifssnet.figures.leg_report.self_check_words import self_check_words
from ifssnet.io.save import save
from ifssnet.io.storage.provenance import RecordedProvenance
from ifssnet.propagate.anchored.self_check import warning
from ifssnet.workflow.report.recorded_facts import doubts, network_of, self_checks, shown_estimates

Z, Y, X = np.mgrid[:30, :40, :40]
BALL = (((Z - 15) / 12) ** 2 + ((Y - 20) / 15) ** 2 + ((X - 20) / 15) ** 2 < 1).astype(np.uint8)
GRID = Grid(BALL.shape, (1.0, 1.0, 3.0))


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture
def leg(tmp_path: Path) -> Path:
    save(Volume(BALL * np.uint8(90), GRID), tmp_path / "leg.mha")
    save(LabelMap(BALL * np.isin(Z, (3, 8, 13, 18, 23, 27)), GRID, {1: "SOL"}), tmp_path / "seeds.seg.nrrd")
    return tmp_path


@pytest.mark.parametrize(("method", "recorded"), [("shape-interpolation", False), ("zero-order", True)])
def test_the_volume_has_its_leave_one_out_error_for_every_method(leg: Path, method: str, recorded: bool) -> None:
    """From provenance where it is there; else from the seeds that the report is given."""
    words = ["segment", "--seeds", leg / "seeds.seg.nrrd", "--method", method, "-o", leg / "out.seg.nrrd", "-q"]
    assert run(*words, *(["--provenance"] if recorded else [])) == 0
    seeds = [] if recorded else ["--seeds", leg / "seeds.seg.nrrd"]
    assert run("report", leg / "out.seg.nrrd", *seeds, "-o", leg / "out.html", "-q") == 0
    page = (leg / "out.html").read_text(encoding="utf-8")
    assert re.search(r"annotated slices alone: \d+\.\d ± \d+\.\d cm³", page)
    assert re.search(r'data-key="estimate"[^>]*>\d+\.\d ± \d+\.\d<', page)
    assert ("Method: guided interpolation as the segmentation recorded it" in page) == recorded
    assert ("of the seeds given to this report, with its default settings" in page) == (not recorded)


def test_seeds_without_names_are_those_of_the_segmentation(leg: Path) -> None:
    save(LabelMap(BALL * np.isin(Z, (3, 8, 13, 18, 23, 27)), GRID, {}), leg / "plain.nii")
    save(LabelMap(BALL, GRID, {1: "SOL"}), leg / "out.seg.nrrd")
    assert run("report", leg / "out.seg.nrrd", "--seeds", leg / "plain.nii", "-o", leg / "out.html", "-q") == 0
    page = (leg / "out.html").read_text(encoding="utf-8")
    assert "those of the segmentation were taken for the same numbers (1 = SOL)" in page
    assert re.search(r"annotated slices alone: \d+\.\d ± \d+\.\d cm³", page)
    assert ">1<" not in page[page.index("How this came about") :]


def test_who_drew_which_leg_of_whom_and_when_stand_in_provenance_and_on_the_page(leg: Path) -> None:
    words = ["--seeds", leg / "seeds.seg.nrrd", "--method", "shape-interpolation", "-o", leg / "out.seg.nrrd", "--provenance"]
    assert run("segment", *words, "--subject", "P07", "--side", "left", "--rater", "AB", "-q") == 0
    case = json.loads((leg / "out.seg.nrrd.json").read_text(encoding="utf-8"))["case"]
    assert {name: case[name] for name in ("subject", "side", "rater")} == {"subject": "P07", "side": "left", "rater": "AB"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", case["analysed_at"])
    assert run("report", leg / "out.seg.nrrd", "-o", leg / "out.html", "-q") == 0
    page = (leg / "out.html").read_text(encoding="utf-8")
    for said in ("subject P07", "left leg", "drawn by AB", f"analysed {case['analysed_at'][:10]}"):
        assert said in page


def test_the_page_alone_says_what_it_is_told_and_when_it_was_made(leg: Path) -> None:
    assert run("report", leg / "seeds.seg.nrrd", "--subject", "P08", "--rater", "CD", "-o", leg / "a.html", "-q") == 0
    page = (leg / "a.html").read_text(encoding="utf-8")
    assert "subject P08" in page
    assert "drawn by CD" in page
    assert re.search(r"page made \d{4}-\d\d-\d\d \d\d:\d\d", page)


def test_a_side_that_contradicts_provenance_is_refused(leg: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--seeds", leg / "seeds.seg.nrrd", "--method", "zero-order", "-o", leg / "out.seg.nrrd", "--provenance", "-q"]
    assert run("segment", *words, "--side", "left") == 0
    assert run("report", leg / "out.seg.nrrd", "--side", "right", "-o", leg / "out.html") == 2
    assert "leave out --side" in capsys.readouterr().err
    assert not (leg / "out.html").exists()


def test_no_side_is_claimed_of_one_muscle_alone(leg: Path) -> None:
    assert run("report", leg / "seeds.seg.nrrd", "-o", leg / "a.html", "-q") == 0
    page = re.sub(r"<script.*?</script>", "", (leg / "a.html").read_text(encoding="utf-8"), flags=re.S)
    assert "Nothing says which way the patient lay" in page
    assert ">Superior<" not in page
    assert run("report", leg / "seeds.seg.nrrd", "--patient-axes", "-o", leg / "b.html", "-q") == 0
    assert "z to superior" in (leg / "b.html").read_text(encoding="utf-8")


def test_no_green_line_stands_over_a_cut_muscle(leg: Path) -> None:
    save(LabelMap((BALL * (Z <= 15)).astype(np.uint8), GRID, {1: "SOL"}), leg / "cut.seg.nrrd")
    assert run("report", leg / "cut.seg.nrrd", "--volume", leg / "leg.mha", "-o", leg / "cut.html", "-q") == 0
    page = (leg / "cut.html").read_text(encoding="utf-8")
    assert 'class="well"' not in page
    assert re.search(r"still has \d+(\.\d+)? cm² on its outermost slice", page)


def test_a_network_that_stays_a_little_behind_is_not_called_unlike() -> None:
    near = SelfCheck(0.5, {0.0: 0.95, 0.5: 0.951, 1.0: 0.93}, 12)
    far = SelfCheck(0.0, {0.0: 0.95, 0.5: 0.90, 1.0: 0.70}, 12)
    assert "50 % of its corrections count" in warning(near)
    assert "unlike" not in warning(near)
    assert "unlike" in warning(far)
    assert warning(SelfCheck(1.0, {0.0: 0.9, 1.0: 0.95}, 3)) == ""


def test_every_network_says_how_it_was_checked() -> None:
    check = SelfCheck(0.25, {0.0: 0.86, 1.0: 0.84}, 21)
    (said,) = self_check_words("anchored", {"": check})
    assert "21 annotated places" in said
    assert "Dice 0.840" in said
    assert "25 %" in said
    muscles = {"SOL": SelfCheck(0.25, {0.0: 0.9, 1.0: 0.88}, 11), "GM": SelfCheck(0.25, {0.0: 0.82, 1.0: 0.8}, 10)}
    (said,) = self_check_words("anchored", {"": SelfCheck(0.25, {0.0: 0.86, 1.0: 0.84}, 21, muscles)})
    assert said.endswith("Muscle by muscle: SOL 0.880 and 0.900, GM 0.800 and 0.820.")
    assert self_check_words("", {}) == []
    recorded = RecordedProvenance(
        provenance=Provenance(
            "ifss-net",
            MethodDescription(per_muscle={"SOL": MethodDescription(self_check=check)}),
            "all-seeds",
            {},
            {},
            weights=WeightsSource("w.safetensors", "ab", "ifss-net"),
        )
    )
    assert network_of(recorded) == "ifss-net"
    assert len(doubts(recorded)) == 1


def test_a_networks_check_goes_by_the_names_and_the_order_of_the_page() -> None:
    own = {name: SelfCheck(1.0, {0.0: 0.8, 1.0: 0.9}, 4) for name in ("flexor hallucis longus", "M. soleus", "GM_L")}
    method = MethodDescription(self_check=SelfCheck(1.0, {0.0: 0.8, 1.0: 0.9}, 12, own))
    found = self_checks(RecordedProvenance(provenance=Provenance("anchored", method, "all-seeds", {}, {})))
    assert list(found) == [""]
    assert list(found[""].muscles) == ["SOL", "GM", "FHL"]


def test_estimates_go_by_the_names_of_the_page() -> None:
    found = {"M. soleus": VolumeEstimate(9, 500.0), "Gastrocnemius (medial head)": VolumeEstimate(9, 290.0)}
    shown = shown_estimates(found, RecordedProvenance())
    assert {name: each.volume_cm3 for name, each in shown.items()} == {"SOL": 500.0, "GM": 290.0}
