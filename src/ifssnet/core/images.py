"""Arrays that know where they lie: volumes, label maps and surfaces."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid

EMPTY: Mapping[str, str] = MappingProxyType({})
EMPTY_NAMES: Mapping[int, str] = MappingProxyType({})


def first_names(names: Collection[str], most: int = 8) -> str:
    """Some names on one line.

    >>> first_names(["SOL", "GM", "GL"], 2)
    'SOL, GM and 1 more'
    """
    listed = ", ".join(list(names)[:most]) or "nothing"
    return f"{listed} and {len(names) - most} more" if len(names) > most else listed


def counted(count: int, what: str) -> str:
    """A number and what it counts, which is a word that takes an s.

    >>> counted(1, "leg"), counted(0, "leg"), counted(12, "leg")
    ('1 leg', '0 legs', '12 legs')
    """
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def check_on_grid(array: np.ndarray, grid: object, what: str) -> None:
    """Refuse an array that its grid is not of, and a spacing that stands in place of a grid.

    Raises:
        InputError: No grid, or one of another shape.
    """
    if not isinstance(grid, Grid):
        raise InputError(
            f"{what} with a Grid, which says where its voxels lie",
            f"{type(grid).__name__} ({grid!r:.60})",
            "Give Grid(array.shape, (x, y, z)), the distances between voxels in mm.",
        )
    if array.shape != grid.shape_zyx:
        raise InputError(
            f"{what} of {grid.shape_zyx} voxels (z, y, x), as its grid says",
            f"an array of shape {array.shape}",
            "Give the grid that the array lies on.",
        )


@dataclass(frozen=True, eq=False)
class Volume:
    """A grey-level image.

    Attributes:
        array: Grey levels as the file had them (uint8, uint16, int16, float32 ...).
        grid: Where the voxels lie.
        header: What the file's header said beyond the grid, carried along unread and written back.
        seen: False where no frame and no filling of holes gave a grey level: such voxels count for nothing. None where nobody
            says; then every voxel counts.
    """

    array: Shaped[np.ndarray, "z y x"]
    grid: Grid
    header: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    seen: Bool[np.ndarray, "z y x"] | None = None

    def __post_init__(self) -> None:
        check_on_grid(self.array, self.grid, "a volume")
        if self.seen is not None:
            check_on_grid(self.seen, self.grid, "a mask of what was seen")

    def __repr__(self) -> str:
        return f"Volume({self.array.dtype}, {self.grid.in_words})"


@dataclass(frozen=True, eq=False)
class LabelMap:
    """One structure a voxel: 0 is background, every other value is named.

    Attributes:
        array: Label values, an unsigned integer type.
        grid: Where the voxels lie.
        names: Label value to name ("SOL", "GM", "GL" ...); every value in use ought to have one.
        colors: Label value to (red, green, blue), each 0 to 255; may lack any label.
        header: What the file's header said beyond that, carried along unread and written back.
    """

    array: Integer[np.ndarray, "z y x"]
    grid: Grid
    names: Mapping[int, str]
    colors: Mapping[int, tuple[int, int, int]] = field(default_factory=lambda: MappingProxyType({}))
    header: Mapping[str, str] = field(default_factory=lambda: EMPTY)

    def __post_init__(self) -> None:
        check_on_grid(self.array, self.grid, "a label map")
        if 0 in self.names:
            raise InputError("names for label values above 0", "a name for 0, the background", "Leave the background unnamed.")

    def __repr__(self) -> str:
        return f"LabelMap({first_names(self.names.values())}; {self.grid.in_words})"

    def value_of(self, name: str) -> int:
        """The label value with that name.

        Raises:
            InputError: No label has the name.
        """
        for value, known in self.names.items():
            if known == name:
                return value
        raise InputError(
            f"one of the labels {', '.join(self.names.values()) or '(none)'}", f"'{name}'", "Use a name that the label map has."
        )


def renamed(labels: LabelMap, names: Mapping[int, str]) -> LabelMap:
    """A label map with other names for some of its values.

    Raises:
        InputError: A name for a value that the label map does not have.
    """
    _refuse_unknown(labels.names, names)
    return renamed_of(labels, names)


def _refuse_unknown(known: Mapping[int, str], names: Mapping[int, str]) -> None:
    if unknown := sorted(set(names) - set(known)):
        listed = ", ".join(f"{value} ({name})" for value, name in sorted(known.items())[:12])
        raise InputError(f"names for the label values {listed or '(none)'}", f"a name for {unknown[0]}", "Correct --names.")


def renamed_layers(layers: Sequence[LabelMap], names: Mapping[int, str]) -> tuple[LabelMap, ...]:
    """Several label maps with other names for some of their values.

    Raises:
        InputError: A name for a value that none of them has.
    """
    if len(layers) == 1:
        return (renamed(layers[0], names),)
    known = {value: name for layer in layers for value, name in layer.names.items()}
    _refuse_unknown(known, names)
    return tuple(renamed_of(layer, names) for layer in layers)


def renamed_of(labels: LabelMap, names: Mapping[int, str]) -> LabelMap:
    """The same, where names for values that the label map does not have are meant for another one."""
    own = {value: name for value, name in names.items() if value in labels.names}
    return replace(labels, names={**labels.names, **own}) if own else labels


@dataclass(frozen=True, eq=False)
class Surface:
    """A triangle mesh, closed unless a function says otherwise.

    Attributes:
        vertices_mm: Positions, (x, y, z) in mm, LPS.
        faces: Three indices into `vertices_mm` a triangle, counter-clockwise seen from outside.
        name: What it bounds.
    """

    vertices_mm: Float[np.ndarray, "vertex 3"]
    faces: Int[np.ndarray, "face 3"]
    name: str = ""

    def __repr__(self) -> str:
        named = f"{self.name}, " if self.name else ""
        return f"Surface({named}{len(self.vertices_mm)} vertices, {len(self.faces)} faces)"
