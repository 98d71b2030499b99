"""Numbers out of text, with errors that say where they stood."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.core.errors import InputError

_LARGEST_WHOLE = 2**53

COLUMN_BY_COLUMN = "Was it written column by column? Write each matrix row by row, with the translation in its last column."
"""What to do about a matrix whose last row is not 0 0 0 1."""


def numbers(text: str, count: int, where: str) -> tuple[float, ...]:
    """A given number of finite numbers, separated by white space.

    >>> numbers("0.5 0.5 1e-1", 3, "OutputSpacing")
    (0.5, 0.5, 0.1)

    Raises:
        InputError: Another count, not numbers, or not finite; `where` names the place.
    """
    try:
        # Python alone reads 1_0 as a number. No more words are looked at than tell that there are too many.
        values = () if "_" in text else tuple(float(word) for word in text.split(maxsplit=count + 1)[: count + 1])
    except ValueError:
        values = ()
    if len(values) != count or not all(math.isfinite(value) for value in values):
        raise InputError(
            f"{count} finite number{'s' if count > 1 else ''} for {where}",
            f"'{shortened(text)}'",
            "Correct the value in the file.",
        )
    return values


def integers(text: str, count: int, where: str) -> tuple[int, ...]:
    """A given number of whole numbers, separated by white space; "420.0" counts as whole.

    Raises:
        InputError: Another count, or not whole numbers.
    """
    values = numbers(text, count, where)
    if any(value != round(value) or abs(value) > _LARGEST_WHOLE for value in values):
        raise InputError(f"whole numbers for {where}", f"'{shortened(text)}'", "Correct the value in the file.")
    return tuple(int(value) for value in values)


def rigid_or_affine(text: str, where: str) -> Float[np.ndarray, "4 4"]:
    """A 4 x 4 matrix written row by row, which must be invertible and end in 0 0 0 1.

    Raises:
        InputError: Not sixteen finite numbers, a last row other than 0 0 0 1, or a singular matrix.
    """
    matrix = np.array(numbers(text, 16, where)).reshape(4, 4)
    refuse_last_row(matrix, where)
    if not is_invertible(matrix):
        raise InputError(f"an invertible 4 x 4 matrix for {where}", f"{matrix.tolist()}", "Correct the matrix in the file.")
    return matrix


def refuse_last_row(matrix: Float[np.ndarray, "4 4"], where: str) -> None:
    """Refuse a matrix that does not end in 0 0 0 1: written column by column, the translation stands there.

    Raises:
        InputError: It names the place and the row.
    """
    if not ends_in_unit_row(matrix[np.newaxis])[0]:
        row = " ".join(f"{value:g}" for value in matrix[3])
        raise InputError(f"a 4 x 4 matrix that ends in 0 0 0 1 for {where}", f"the last row {row}", COLUMN_BY_COLUMN)


def ends_in_unit_row(matrices: Float[np.ndarray, "n 4 4"]) -> Bool[np.ndarray, " n"]:
    """Which matrices have the last row 0 0 0 1, as every rigid or affine transform has."""
    off = np.abs(matrices[:, 3] - np.array((0.0, 0.0, 0.0, 1.0)))
    return np.all(off <= 1e-6, axis=1)


def is_invertible(matrix: Float[np.ndarray, "4 4"]) -> bool:
    """Whether a transform takes space to space: its three axes have lengths and are not in one plane."""
    return bool(are_invertible(matrix[np.newaxis])[0])


def are_invertible(matrices: Float[np.ndarray, "n 4 4"]) -> Bool[np.ndarray, " n"]:
    """Which transforms are invertible, as `is_invertible`."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        lengths = np.linalg.norm(matrices[:, :3, :3], axis=1)
        usable = np.isfinite(lengths).all(axis=1) & (lengths > 0).all(axis=1)
        directions = np.where(usable[:, None, None], matrices[:, :3, :3] / lengths[:, None, :], 0.0)
    return usable & (np.abs(np.linalg.det(directions)) > 1e-9)


def shortened(text: str, limit: int = 60) -> str:
    """A text as it can be shown in a message: short, on one line, and with no sign that a terminal would obey.

    >>> shortened("a b" + chr(27) + "[2J")
    'a b?[2J'
    """
    # A word of a gigabyte is not looked at to its end.
    flat = "".join(sign if sign.isprintable() else "?" for sign in " ".join(text[: 16 * limit].split()))
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."
