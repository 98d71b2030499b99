"""`ifss adapt`: weights for one leg, in a file that `ifss segment` takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.save import save
from ifssnet.io.storage.weights import open_weights
from ifssnet.workflow.files.default_weights import ELSEWHERE
from weights_shelf import fill_shelf

GRID = Grid((61, 40, 40), (1.0, 1.0, 1.0))
DRAWN = tuple(range(0, 61, 12))


@pytest.fixture
def leg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    y, x = np.mgrid[:40, :40]
    truth = np.stack([np.hypot(y - 20, x - 20 - 4 * np.sin(np.pi * z / 18)) < 9 for z in range(61)])
    seeds = np.zeros(GRID.shape_zyx, np.uint8)
    seeds[list(DRAWN)] = truth[list(DRAWN)]
    save(Volume((truth * 200).astype(np.uint8), GRID), tmp_path / "leg.mha")
    save(LabelMap(seeds, GRID, {1: "SOL"}), tmp_path / "seeds.seg.nrrd")
    monkeypatch.setenv(ELSEWHERE, str(fill_shelf(tmp_path / "shelf")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_the_file_says_how_it_came_about_and_segments_its_leg(leg: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran("adapt leg.mha --seeds seeds.seg.nrrd -o own.safetensors --updates 1 --json", capsys)
    assert code == 0
    told = json.loads(out)
    assert told["kept_back"] == [12, 48]
    assert told["updates"] == 1
    weights = open_weights(leg / "own.safetensors")
    adapted = weights.card["adapted"]
    assert isinstance(adapted, dict)
    assert {key: adapted[key] for key in ("kept", "dice_before", "dice_after", "seed")} == {
        "kept": told["kept"], "dice_before": told["dice_before"], "dice_after": told["dice_after"], "seed": 0,
    }  # fmt: skip
    code, _, _ = ran("segment leg.mha --seeds seeds.seg.nrrd --weights own.safetensors -o out.seg.nrrd --provenance", capsys)
    assert code == 0
    assert json.loads((leg / "out.seg.nrrd.json").read_text(encoding="utf-8"))["weights"]["file"] == "own.safetensors"


def test_a_network_that_stays_as_it_was_is_written_as_it_was(leg: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # One slow step from guided interpolation changes no pixel.
    code, out, err = ran("adapt leg.mha --seeds seeds.seg.nrrd -o own.safetensors --updates 1", capsys)
    assert code == 0
    assert "The network stays as it was" in out + err
    start, written = (open_weights(path).tensors for path in (leg / "shelf/anchored.safetensors", leg / "own.safetensors"))
    assert all(np.array_equal(tensor, written[name]) for name, tensor in start.items())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("-o own.mha", ".safetensors"),
        ("-o own.safetensors --weights ifss-net", "anchored"),
        ("-o seeds.seg.nrrd", ".safetensors"),
        ("-o own.safetensors --seconds 0", "most_s"),
    ],
)
def test_what_cannot_be_is_refused_in_words(leg: Path, arguments: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(path.name for path in leg.iterdir())
    code, out, err = ran(f"adapt leg.mha --seeds seeds.seg.nrrd {arguments}", capsys)
    assert code == 2
    assert said in out + err
    assert "Traceback" not in out + err
    assert sorted(path.name for path in leg.iterdir()) == before
