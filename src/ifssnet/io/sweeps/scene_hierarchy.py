"""Under which transforms a thing stands in a scene of 3D Slicer, and which recorded sequence moves each of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ROLE = re.compile(r"([^:;]+):([^;]+)")
_SEQUENCE, _PROXY, _ROOT, _PARENT = "sequenceNodeRef", "dataNodeRef", "rootNodeRef", "transform"


def proxies_in(references: str) -> dict[str, str]:
    """What a sequence browser moves: identifier of a sequence to that of the node that shows it.

    >>> proxies_in("dataNodeRef0:V1;dataNodeRef1:T1;sequenceNodeRef0:S1;sequenceNodeRef1:S2;")
    {'S1': 'V1', 'S2': 'T1'}
    """
    roles = {match[1].strip(): match[2].split()[0] for match in _ROLE.finditer(references) if match[2].strip()}
    found = {
        identifier: roles[_PROXY + role.removeprefix(_SEQUENCE)]
        for role, identifier in roles.items()
        if role.startswith(_SEQUENCE) and _PROXY + role.removeprefix(_SEQUENCE) in roles
    }
    # Older scenes name the first sequence by a role of its own.
    left = [identifier for role, identifier in roles.items() if role.startswith(_PROXY) and identifier not in found.values()]
    if _ROOT in roles and roles[_ROOT] not in found and len(left) == 1:
        found[roles[_ROOT]] = left[0]
    return found


def parent_in(references: str, attribute: str | None) -> str | None:
    """The identifier of the transform under which a node stands; None where it stands under none."""
    roles = {match[1].strip(): match[2].split() for match in _ROLE.finditer(references)}
    words = (attribute or "").split() or roles.get(_PARENT, [])
    return words[0] if words else None


def chain_above(identifier: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    """The transforms above a node, the nearest first; a scene that goes round in a circle has none.

    >>> chain_above("V", {"V": "T1", "T1": "T2"}), chain_above("A", {"A": "B", "B": "A"})
    (('T1', 'T2'), ())
    """
    chain: dict[str, None] = {}
    here = identifier
    while (above := parents.get(here)) is not None:
        if above == identifier or above in chain:
            return ()
        chain[above] = None
        here = above
    return tuple(chain)
