"""A network as a graph of operations, built from its trained numbers alone: no torch is needed to write or to run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.errors import InputError
from ifssnet.nn.engines import onnx_messages
from ifssnet.nn.engines.onnx_messages import Attribute


class Graph:
    """A graph that grows by one operation at a time. Arrays are known by their names."""

    def __init__(self, tensors: Mapping[str, Shaped[np.ndarray, "*shape"]]) -> None:
        """Start from the trained numbers.

        Args:
            tensors: By name, as the network's `state_dict` has them.
        """
        self.tensors = tensors
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}
        self._inputs: list[bytes] = []
        self._unneeded = ""

    def entry(self, name: str, sizes: Sequence[int | str]) -> str:
        """An array that is given; sizes that are words may be any."""
        self._inputs.append(onnx_messages.floats_named(name, sizes))
        return name

    def trained(self, name: str, *shape: int, change: Callable[[np.ndarray], np.ndarray] | None = None) -> str:
        """An array of trained numbers, named once.

        Args:
            name: As in the tensors.
            *shape: As it has to be there.
            change: Brings the numbers into the form that an operation takes them in.

        Raises:
            InputError: There is none of that name and shape.
        """
        tensor = self.tensors.get(name)
        if tensor is None or tensor.shape != shape:
            raise _misfit(name, shape, "nothing of that name" if tensor is None else tensor.shape)
        values = np.asarray(tensor, dtype=np.float32)
        self._constants[name] = onnx_messages.constant(name, values if change is None else change(values))
        return name

    def unneeded(self, start: str) -> None:
        """Say of trained numbers that the graph does without them: all those whose names start so."""
        self._unneeded = start

    def number(self, values: float | Sequence[float]) -> str:
        """A constant, or a row of them."""
        return self._constant(np.array(values, dtype=np.float32))

    def sizes(self, values: Sequence[int]) -> str:
        """A row of whole numbers, such as a shape or the axes of one."""
        return self._constant(np.array(values, dtype=np.int64))

    def add(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        """An operation with one result.

        Args:
            operator: As ONNX names it.
            *inputs: Names; an empty one stands for an input that is left out.
            **attributes: As ONNX names them.
        """
        return self.split(operator, 1, *inputs, **attributes)[0]

    def split(self, operator: str, count: int, *inputs: str, **attributes: Attribute) -> tuple[str, ...]:
        """An operation with several results."""
        first = len(self._nodes)
        names = tuple(f"{operator}.{first}.{place}" for place in range(count))
        self._nodes.append(onnx_messages.node(operator, inputs, names, attributes))
        return names

    def model(self, results: Mapping[str, Sequence[int | str]]) -> bytes:
        """The whole graph as an ONNX file.

        Args:
            results: Names of what comes out, in order, with their sizes.

        Raises:
            InputError: Some of the trained numbers have no place in it.
        """
        unknown = sorted(self.tensors.keys() - self._constants.keys())
        if self._unneeded:
            unknown = [name for name in unknown if not name.startswith(self._unneeded)]
        if unknown:
            raise _misfit(unknown[0], "(absent)", self.tensors[unknown[0]].shape)
        outputs = [onnx_messages.floats_named(name, sizes) for name, sizes in results.items()]
        return onnx_messages.model(onnx_messages.graph(self._nodes, list(self._constants.values()), self._inputs, outputs))

    def _constant(self, values: Shaped[np.ndarray, "*shape"]) -> str:
        name = f"constant {values.dtype.name} {values.tolist()}"
        self._constants.setdefault(name, onnx_messages.constant(name, values))
        return name


def _misfit(name: str, expected: tuple[int, ...] | str, found: tuple[int, ...] | str) -> InputError:
    remedy = "Use weights of this version, with the configuration that they were trained with."
    return InputError(f"{name} of shape {expected}", f"{found}", remedy)
