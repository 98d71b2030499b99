"""`ifss segment` with a network: from a weights file, by protocol, and what it says when it cannot."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ifssnet.api import segment as segment_nouns
from ifssnet.cli.commands import segment
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.machine.extras import install_command
from ifssnet.core.weights import Weights
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.plain_data import plain_table
from ifssnet.io.save import save
from ifssnet.io.storage.weights import open_weights, save_weights
from ifssnet.nn.networks.ifss_net import IFSSNet, IFSSNetConfig
from ifssnet.propagate.methods import METHODS
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.workflow.files.default_weights import ELSEWHERE
from ifssnet.workflow.files.opener import open_seeds
from weights_shelf import ENGINES, fill_shelf, without

GRID = Grid((40, 40, 40), (1.0, 1.0, 0.5))
DRAWN = (4, 5, 6, 20, 21, 22)


def holding() -> Weights:
    """A network whose last layer is zero, so that as a correction it holds the last mask: what it does is known."""
    config = IFSSNetConfig.small((4, 4), zero_last=True)
    torch.manual_seed(0)
    tensors = {name: tensor.numpy().copy() for name, tensor in IFSSNet(config).state_dict().items()}
    sampling = Sampling(pixel_mm=1.0, margin_mm=4.0, multiple_px=4, least_px=16, slice_mm=0.5)
    settings = {"output": "correction", "image": True, "direction": "forward"}
    return Weights("ifss-net", plain_table(config), {**vars(sampling), **settings}, (), tensors, {"recipe": "none", "log": [1]})


@pytest.fixture
def leg(tmp_path: Path) -> Path:
    y, x = np.mgrid[:40, :40]
    truth = np.stack([np.hypot(y - 20, x - 20 - z / 8) < 8 for z in range(40)])
    seeds = np.zeros(GRID.shape_zyx, np.uint8)
    seeds[list(DRAWN)] = truth[list(DRAWN)]
    save(Volume((truth * 90 + 30).astype(np.uint8), GRID), tmp_path / "leg.mha")
    save(LabelMap(seeds, GRID, {1: "SOL"}), tmp_path / "seeds.seg.nrrd")
    save_weights(holding(), tmp_path / "hold.safetensors")
    return tmp_path


def segmented(leg: Path, name: str, **more) -> tuple[np.ndarray, dict]:
    out = leg / name
    segment.run(
        [str(leg / "leg.mha")],
        [leg / "seeds.seg.nrrd"],
        out,
        **{"method": "ifss-net", "weights": leg / "hold.safetensors", **more},
        provenance=True,
        quiet=True,
    )
    return open_labels(out).array == 1, json.loads((leg / f"{name}.json").read_text(encoding="utf-8"))


def test_first_three_is_carried_to_the_end_and_provenance_says_so(leg):
    found, facts = segmented(leg, "a.seg.nrrd", protocol="first-three")
    drawn = open_seeds([leg / "seeds.seg.nrrd"], GRID).masks[1]
    assert not found[:4].any()
    assert all(np.array_equal(found[z], drawn[z]) for z in (4, 5, 6))
    # The other group was not given: the mask of slice 6 is held over it.
    assert all(np.array_equal(found[z], drawn[6]) for z in range(7, 40))
    assert facts["protocol"] == "first-three"
    assert facts["annotated_slices"]["SOL"]["present"] == [4, 5, 6]
    assert facts["method"]["settings"]["direction"] == "forward"
    weights = facts["weights"]
    assert weights["sha256"] == holding().sha256
    assert weights["kind"] == "ifss-net"
    assert weights["card"] == {"recipe": "none"}


def test_all_seeds_and_both_directions(leg):
    drawn = open_seeds([leg / "seeds.seg.nrrd"], GRID).masks[1]
    forward, facts = segmented(leg, "b.seg.nrrd")
    assert facts["protocol"] == "all-seeds"
    assert np.array_equal(forward[19], drawn[6])
    assert np.array_equal(forward[39], drawn[22])
    both, _ = segmented(leg, "c.seg.nrrd", direction="both")
    assert np.array_equal(both[0], drawn[4])
    assert np.array_equal(both[19], drawn[20])


def test_the_library_does_the_same(leg):
    volume, seeds = open_volume(leg / "leg.mha"), open_seeds([leg / "seeds.seg.nrrd"], GRID)
    by_command, _ = segmented(leg, "d.seg.nrrd", protocol="every-100")
    found = segment_nouns(
        volume, seeds, "ifss-net", weights=leg / "hold.safetensors", protocol="every-100", device="cpu", direction="forward"
    )
    assert np.array_equal(found.labels.array == 1, by_command)
    assert found.provenance.protocol == "every-100"
    assert found.provenance.weights.sha256 == holding().sha256


@pytest.mark.parametrize("name", ["ifss-net", "anchored", "pg-net", "unet-3d"])
def test_without_weights_they_are_asked_for(leg, name):
    with pytest.raises(InputError, match="--weights FILE"):
        segmented(leg, "e.seg.nrrd", method=name, weights=None)


def test_what_does_not_fit_is_told(leg):
    for more, words in (
        ({"method": "pg-net"}, "weights of ifss-net"),
        ({"method": "shape-interpolation"}, "Leave out --weights"),
        ({"protocol": "first-five"}, "first-three"),
        ({"device": "abacus"}, "auto, cpu, cuda"),
        ({"engine": "steam"}, "auto, openvino, onnxruntime, torch, reference"),
        ({"engine": "torch", "method": "watershed", "weights": None}, "Leave --engine out"),
        ({"direction": "sideways"}, "forward, both"),
        ({"weights": leg / "leg.mha"}, "weights file"),
    ):
        with pytest.raises(InputError, match=words):
            segmented(leg, "f.seg.nrrd", **more)
    assert not (leg / "f.seg.nrrd").exists()


def test_without_torch_the_methods_are_listed_and_the_extra_is_named(leg, monkeypatch, capsys):
    without(monkeypatch, *ENGINES)
    segment.run(method="list", json=True)
    assert {entry["name"] for entry in json.loads(capsys.readouterr().out)} == set(METHODS)
    with pytest.raises(InputError, match=re.escape(install_command("run"))):
        segmented(leg, "g.seg.nrrd")


@pytest.fixture
def shelf(leg, monkeypatch):
    monkeypatch.setenv(ELSEWHERE, str(fill_shelf(leg / "shelf", bias=3.0)))
    return leg / "shelf"


def test_nobody_names_a_method(leg, shelf, capsys):
    """The anchored network where it can run: here it adds muscle everywhere, most of it far from what was drawn."""
    guided, facts = segmented(leg, "guided.seg.nrrd", method="shape-interpolation", weights=None)
    assert "chosen_because" not in facts
    found, facts = segmented(leg, "h.seg.nrrd", method=None, weights=None)
    assert facts["method"]["name"] == "anchored"
    assert "come with the package" in facts["chosen_because"]
    assert facts["weights"]["sha256"] == open_weights(shelf / "anchored.safetensors").sha256
    assert facts["weights"]["file"] == "anchored.safetensors"
    assert found[13].sum() > guided[13].sum()
    assert np.array_equal(found[list(DRAWN)], guided[list(DRAWN)])
    for more, why in (({"plain": True}, "plain is no setting"), ({"extrapolate_mm": 1.0}, "")):
        _, facts = segmented(leg, f"i{len(why)}.seg.nrrd", method=None, weights=None, **more)
        assert facts["method"]["name"] == ("shape-interpolation" if why else "anchored")
        assert why in facts["chosen_because"]
    capsys.readouterr()
    told = segment.run(None, [leg / "seeds.seg.nrrd"], leg / "j.seg.nrrd")
    assert "volume" in told.chosen_because
    assert "shape-interpolation (no method was named" in capsys.readouterr().err


def test_the_library_chooses_the_same(leg, shelf, monkeypatch):
    volume, seeds = open_volume(leg / "leg.mha"), open_seeds([leg / "seeds.seg.nrrd"], GRID)
    by_command, _ = segmented(leg, "k.seg.nrrd", method=None, weights=None)
    found = segment_nouns(volume, seeds)
    assert np.array_equal(found.labels.array == 1, by_command)
    assert found.provenance.method_name == "anchored"
    assert "come with the package" in found.provenance.chosen_because
    weak = segment_nouns(volume, seeds, weights="ifss-net-weak")
    assert weak.provenance.method_name == "ifss-net"
    assert weak.provenance.weights.card["note"] == "weakly"
    assert segment_nouns(None, seeds).provenance.method_name == "shape-interpolation"
    without(monkeypatch, *ENGINES)
    bare = segment_nouns(volume, seeds)
    assert bare.provenance.method_name == "shape-interpolation"
    assert install_command("run") in bare.provenance.chosen_because
    guided = segment_nouns(volume, seeds, "shape-interpolation")
    assert np.array_equal(bare.labels.array, guided.labels.array)


def test_names_of_weights_that_come_with_the_package(leg, shelf):
    by_name, facts = segmented(leg, "l.seg.nrrd", weights=Path("ifss-net-weak"), protocol="first-three")
    by_file, _ = segmented(leg, "m.seg.nrrd", weights=shelf / "ifss-net-weak.safetensors", protocol="first-three")
    assert np.array_equal(by_name, by_file)
    assert facts["weights"]["file"] == "ifss-net-weak.safetensors"
    _, facts = segmented(leg, "n.seg.nrrd", weights=Path("default"))
    assert facts["weights"]["file"] == "ifss-net.safetensors"
    with pytest.raises(InputError, match="weights of ifss-net"):
        segmented(leg, "o.seg.nrrd", weights=Path("anchored"))
    with pytest.raises(InputError, match="'strong'; those that come"):
        segmented(leg, "o.seg.nrrd", weights=Path("strong"))
    assert not (leg / "o.seg.nrrd").exists()


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None  # whoever imports it gets an ImportError
from ifssnet.cli.main import main
main(sys.argv[1:])
"""


def test_the_default_network_runs_in_an_installation_without_torch(leg, shelf):
    pytest.importorskip("onnxruntime")
    out = leg / "o.seg.nrrd"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            WITHOUT_TORCH,
            "segment",
            leg / "leg.mha",
            "--seeds",
            leg / "seeds.seg.nrrd",
            "-o",
            out,
            "--provenance",
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads((leg / "o.seg.nrrd.json").read_text(encoding="utf-8"))
    assert facts["method"]["name"] == "anchored"
    assert facts["method"]["engine"] != "torch"
    by_torch, _ = segmented(leg, "p.seg.nrrd", method=None, weights=None, engine="torch")
    assert np.array_equal(open_labels(out).array == 1, by_torch)
