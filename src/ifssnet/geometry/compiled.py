"""numba's compiler with a type: what it makes is a callable of which no more is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numba

Kernel: TypeAlias = Callable[..., Any]
"""A compiled function. Its arguments carry no types: numba finds them at the call."""


def compiled(*, parallel: bool = False, inline: bool = False, nogil: bool = False) -> Callable[[Kernel], Kernel]:
    """Compile a function to machine code, kept in numba's cache between runs.

    Args:
        parallel: Whether `numba.prange` shares its loop among threads.
        inline: Whether callers take its code into their own, as small functions of inner loops want.
        nogil: Whether other threads of Python run meanwhile.
    """
    options: dict[str, Any] = {"inline": "always"} if inline else {}
    return cast("Any", numba).njit(parallel=parallel, nogil=nogil, cache=True, **options)
