"""A graph made ready to run, by whichever library is to compute it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib import import_module
from types import MappingProxyType
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.machine.threads import usable_threads
from ifssnet.nn.engines.kept import kept

AUTO, TORCH, ONNXRUNTIME, OPENVINO, REFERENCE = "auto", "torch", "onnxruntime", "openvino", "reference"

ENGINES = (OPENVINO, ONNXRUNTIME, TORCH)
"""What can run a network, the fastest on a processor first. "reference" is torch, too, without anything done for speed."""

Arrays = Sequence[Shaped[np.ndarray, "..."]]


@runtime_checkable
class CompiledNetwork(Protocol):
    """A network that takes arrays and gives arrays, whatever computes it."""

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        """The network's outputs for its inputs, both in the order of its graph."""
        ...


def compiled(model: bytes, engine: str) -> CompiledNetwork:
    """A graph, ready to run on the processor in 32 bits.

    Args:
        model: An ONNX file.
        engine: "onnxruntime" or "openvino"; it has to be installed.
    """
    return _MAKERS[engine](model)


@dataclass(frozen=True, eq=False)
class Compiled:
    """A graph and the engine that runs it; it is compiled when it is used first.

    Attributes:
        model: An ONNX file.
        engine: "onnxruntime" or "openvino".
    """

    model: bytes
    engine: str

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        """The network's outputs."""
        return self._network.run(arrays)

    @cached_property
    def _network(self) -> CompiledNetwork:
        return compiled(self.model, self.engine)


class _OnnxRuntime:
    """ONNX Runtime; its sessions take calls from several threads."""

    def __init__(self, model: bytes) -> None:
        library = cast("Any", import_module("onnxruntime"))
        options = library.SessionOptions()
        options.intra_op_num_threads = usable_threads()
        options.log_severity_level = 3
        # Threads that spin between calls take from whatever the program does there.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = library.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._names = [each.name for each in self._session.get_inputs()]

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        """The outputs."""
        return list(self._session.run(None, dict(zip(self._names, arrays, strict=True))))


class _OpenVino:
    """OpenVINO; compiling takes it longer than anything else here, so what it compiled is kept."""

    def __init__(self, model: bytes) -> None:
        library = cast("Any", import_module("openvino"))
        core = library.Core()
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": usable_threads(), "PERFORMANCE_HINT": "LATENCY"}
        made_for = (
            library.get_version(),
            core.get_property("CPU", "FULL_DEVICE_NAME"),
            str(settings),
            sha256(model).hexdigest(),
        )

        def make() -> tuple[Any, bytes]:
            network = core.compile_model(core.read_model(model, b""), "CPU", settings)
            stream = network.export_model()
            return network, stream.getvalue() if hasattr(stream, "getvalue") else bytes(stream)

        self._network = kept("openvino", made_for, make, lambda blob: core.import_model(blob, "CPU", settings))

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        """The outputs. Each call has a request of its own, so several threads may call."""
        found = self._network.create_infer_request().infer(list(arrays))
        return [np.array(each) for each in found.to_tuple()]


_MAKERS: Mapping[str, Callable[[bytes], CompiledNetwork]] = MappingProxyType({ONNXRUNTIME: _OnnxRuntime, OPENVINO: _OpenVino})
