"""`ifss simulate-expert`: outlines that rules take to a target, counted by hand and by the command."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from cone import SHAPE, truth, volume

from ifssnet.cli.main import main
from ifssnet.core.images import Volume
from ifssnet.io.save import save
from ifssnet.workflow.session.simulate import OutlinesNeeded, outlines_needed
from ifssnet.workflow.session.simulated_expert import SimulatedStep


def step(rule: str, outlines: int, dice: float, error: float) -> SimulatedStep:
    assert rule in ("even", "volume", "shape")
    return SimulatedStep(rule, outlines, dice, error, ())


def test_outlines_are_counted_where_the_target_holds_to_the_end() -> None:
    curves = {
        "a": {
            "even": (step("even", 9, 0.9, 1.0), step("even", 12, 0.97, 3.0), step("even", 15, 0.97, 1.0)),
            "volume": (step("volume", 9, 0.9, 3.0), step("volume", 10, 0.97, 1.0), step("volume", 11, 0.98, 1.0)),
        },
        "b": {
            "even": (step("even", 9, 0.97, 1.0), step("even", 12, 0.97, 1.0)),
            "volume": (step("volume", 9, 0.97, 1.0), step("volume", 10, 0.9, 1.0)),
        },
    }
    found = {(each.target, each.rule): each for each in outlines_needed(curves, ("even", "volume"))}
    volume_2 = "volume within 2 %"
    assert found[volume_2, "even"] == OutlinesNeeded("even", volume_2, 2, 2, 12.0, math.sqrt(18))
    assert found[volume_2, "volume"].mean == 9.5
    # On leg b the rule loses the target again: only leg a can be compared.
    assert found["Dice 0.96", "volume"] == OutlinesNeeded("volume", "Dice 0.96", 1, 2, 10.0, None)
    assert found["Dice 0.96", "even"] == OutlinesNeeded("even", "Dice 0.96", 2, 2, 12.0, None)


def test_the_command_draws_a_cohort_by_every_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "cones" / "val" / "P1"
    place.mkdir(parents=True)
    save(volume(), place / "x1.mha")
    save(Volume(truth().array, truth().grid), place / "masksX1.mha")
    (tmp_path / "cones" / "cohort.toml").write_text('name = "cones"\n[labels]\n1 = "SOL"\n2 = "GM"\n', encoding="utf-8")
    output = tmp_path / "curves.json"
    arguments = ["simulate-expert", tmp_path / "cones", "-o", output, "--method", "shape-interpolation", "--most", "5"]
    with pytest.raises(SystemExit) as ended:
        main([str(each) for each in arguments])
    assert ended.value.code == 0
    assert "Dice 0.96" in capsys.readouterr().out
    (curves,) = json.loads(output.read_text(encoding="utf-8"))["curves"].values()
    assert set(curves) == {"even", "volume", "shape", "correct"}
    assert curves["even"][0]["outlines"] == 2 * (2 + 2)
    assert SHAPE[0] == 41
