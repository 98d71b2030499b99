"""One label for each muscle over several sweeps, which number their objects each in their own way."""

from __future__ import annotations

from dataclasses import dataclass

from ifssnet.core.muscles import field_names
from ifssnet.core.sweep import Sweep


@dataclass(frozen=True)
class ObjectLabels:
    """The labels of the objects that were drawn.

    Attributes:
        labels: (index of the sweep, number of the object) to label.
        names: Label to name.
        colors: Label to (red, green, blue), 0 to 255.
    """

    labels: dict[tuple[int, int], int]
    names: dict[int, str]
    colors: dict[int, tuple[int, int, int]]


def label_objects(sweeps: list[Sweep]) -> ObjectLabels:
    """Labels for the objects of all sweeps; what has the same name is the same muscle.

    Labels are the objects' numbers, counted from 1 where one of them is 0 or less.
    """
    drawn = [sorted({contour.label for contour in sweep.contours}) for sweep in sweeps]
    shift = 1 - min([1, *(number for numbers in drawn for number in numbers)])
    labels: dict[tuple[int, int], int] = {}
    names: dict[int, str] = {}
    colors: dict[int, tuple[int, int, int]] = {}
    by_name: dict[str, int] = {}
    called = field_names(dict.fromkeys(name for sweep in sweeps for name in sweep.names.values()))
    for index, (sweep, numbers) in enumerate(zip(sweeps, drawn, strict=True)):
        short = {number: called[sweep.names[number]] for number in numbers if number in sweep.names}
        for number in numbers:
            name = short.get(number)
            if name is not None and list(short.values()).count(name) > 1:
                name = sweep.names[number]
            known = by_name.get(name) if name is not None else None
            free = number + shift
            while known is None and free in labels.values() and names.get(free) != name:
                free += 1
            label = free if known is None else known
            labels[index, number] = label
            if name is not None:
                by_name[name] = label
                names[label] = name
            if number in sweep.colors:
                colors.setdefault(label, sweep.colors[number])
    return ObjectLabels(labels, names, colors)
