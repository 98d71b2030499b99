"""A folder of weights in place of the package's: networks of a few hundred numbers whose work is known without training."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import Json, plain_table
from ifssnet.io.storage.weights import save_weights
from ifssnet.nn.networks.anchored import AnchoredNet
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.nn.networks.ifss_net import IFSSNet, IFSSNetConfig
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.anchored.prior import Context
from ifssnet.propagate.network_input.region import Sampling

ENGINES = ("torch", "onnxruntime", "openvino")

CARD: dict[str, Json] = {
    "cohort": {"name": "cones", "sha256": "ab" * 32},
    "recipe": {"name": "small", "about": "a test", "config": {"supervision": "weak"}},
    "settings": {"seed": 4, "minutes": None, "from": None},
    "training_legs": ["P1", "P2"],
    "unit": 3,
    "units": 5,
    "validation": {"dice": 0.9125, "dice_SOL": 0.95, "volume_error_percent_SOL": 1.25},
}


def anchored(bias: float = 0.0) -> Weights:
    """The anchored network whose last layer has no weights: without a bias it is guided interpolation, to the pixel."""
    config = AnchoredNetConfig(widths=(4, 4))
    torch.manual_seed(0)
    network = AnchoredNet(config)
    torch.nn.init.constant_(network.backbone.last.bias, bias)
    tensors = {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}
    sampling = Sampling(pixel_mm=1.0, margin_mm=4.0, multiple_px=4, least_px=16)
    context, inference = asdict(Context()), asdict(AnchoredInference(keep_volume=0.0))
    context["offsets_mm"] = list(context["offsets_mm"])
    return Weights(
        "anchored", plain_table(config), {**vars(sampling), "context": context, "inference": inference}, (), tensors, CARD
    )


def without(monkeypatch: pytest.MonkeyPatch, *libraries: str) -> None:
    """As if these were not installed."""
    for name in libraries:
        monkeypatch.setitem(sys.modules, name, None)


def holding(**card: Json) -> Weights:
    """IFSS-Net whose last layer is zero: as a correction it holds the last mask."""
    config = IFSSNetConfig.small((4, 4), zero_last=True)
    torch.manual_seed(0)
    tensors = {name: tensor.numpy().copy() for name, tensor in IFSSNet(config).state_dict().items()}
    sampling = Sampling(pixel_mm=1.0, margin_mm=4.0, multiple_px=4, least_px=16, slice_mm=0.5)
    settings = {"output": "correction", "image": True, "direction": "forward"}
    return Weights("ifss-net", plain_table(config), {**vars(sampling), **settings}, (), tensors, {**CARD, **card})


def fill_shelf(folder: Path, bias: float = 0.0) -> Path:
    """Weights under the names that the package has them under, the anchored ones with a model card."""
    folder.mkdir(exist_ok=True)
    save_weights(anchored(bias), folder / "anchored.safetensors", half=True)
    save_weights(holding(), folder / "ifss-net.safetensors")
    save_weights(holding(note="weakly"), folder / "ifss-net-weak.safetensors")
    (folder / "anchored.md").write_text("# anchored\n\nFor cones only.\n", encoding="utf-8")
    return folder
