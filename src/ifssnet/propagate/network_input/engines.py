"""Which library runs a network."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from ifssnet.core.errors import InputError
from ifssnet.core.machine.extras import install_command
from ifssnet.nn.engines.compiled import AUTO, ENGINES, ONNXRUNTIME, OPENVINO, REFERENCE, TORCH

EXTRAS = MappingProxyType({OPENVINO: "fast", ONNXRUNTIME: "run", TORCH: "nn", REFERENCE: "nn"})
"""The extra of the installation that brings each engine."""

DEVICES = ("auto", "cpu", "cuda")


def installed(engine: str) -> bool:
    """Whether an engine, and what reads weights, is installed. Nothing is imported: torch alone would take seconds."""
    return find_spec(engine) is not None and find_spec("safetensors") is not None


def require_engine(able: Sequence[str]) -> None:
    """Refuse to go on where nothing is installed that could run a network.

    Args:
        able: The engines that could.

    Raises:
        InputError: None of them is.
    """
    if not any(installed(engine) for engine in able):
        extra = EXTRAS[ONNXRUNTIME if ONNXRUNTIME in able else TORCH]
        missing = (
            "safetensors" if find_spec("safetensors") is None else " and ".join(each for each in able if each != REFERENCE)
        )
        raise InputError(
            "the libraries of the learned methods", f"an installation without {missing}", f"Run: {install_command(extra)}"
        )


def choose_engine(wanted: str, device: str, able: Sequence[str]) -> str:
    """The engine that runs a network; "auto" takes the fastest that is installed, and torch where there is a graphics card.

    Args:
        wanted: "auto", one of `ENGINES`, or "reference".
        device: As the command line has it: "auto", "cpu" or "cuda".
        able: The engines that could run this network, the fastest first.

    Raises:
        InputError: No such engine or device, one that is not installed, or one that cannot run this network there.
    """
    known = (AUTO, *ENGINES, REFERENCE)
    if wanted not in known:
        raise InputError(f"one of the engines {', '.join(known)}", f"'{wanted}'", "Choose one of them.")
    if device not in DEVICES:
        raise InputError(f"one of the devices {', '.join(DEVICES)}", f"'{device}'", "Choose one of them.")
    if wanted == AUTO:
        require_engine(able)
        if TORCH in able and (device == "cuda" or (device == "auto" and installed(TORCH) and _graphics_card())):
            return _imported(TORCH)
        return _imported(next(engine for engine in able if installed(engine)))
    if wanted not in able:
        raise InputError(f"one of the engines {', '.join(able)} for this network", f"'{wanted}'", "Choose one of them.")
    if device == "cuda" and wanted not in (TORCH, REFERENCE):
        raise InputError(f"the engine {TORCH} for the device cuda", f"'{wanted}'", "Leave out --engine or --device.")
    return _imported(wanted)


def _imported(engine: str) -> str:
    try:
        for name in (TORCH if engine == REFERENCE else engine, "safetensors"):
            import_module(name)
    except (ImportError, OSError) as error:
        raise InputError(
            f"the engine {engine}", f"an installation without it ('{error}')", f"Run: {install_command(EXTRAS[engine])}"
        ) from error
    return engine


def _graphics_card() -> bool:
    """Whether torch finds a graphics card; it is asked only where the system's driver of one is there."""
    driver = Path("/dev/nvidiactl"), Path("/dev/dxg"), Path("C:/Windows/System32/nvcuda.dll")
    if "torch" not in sys.modules and not any(path.exists() for path in driver):
        return False
    import torch

    return torch.cuda.is_available()
