"""Drawn slices side by side, which count as one."""

from __future__ import annotations

from ifssnet.workflow.session.state import SessionState


def hidden_groups(state: SessionState, label: int) -> tuple[tuple[int, ...], ...]:
    """Drawn slices that can be hidden, those side by side together: they show the muscle, and so do their neighbours."""
    bounds = state.muscle(label).bounds(state.grid)
    groups: list[list[int]] = []
    for z, mask in bounds.items():
        if groups and groups[-1][-1] == z - 1 and bounds[z - 1].empty == mask.empty:
            groups[-1].append(z)
        else:
            groups.append([z])
    return tuple(
        tuple(group)
        for before, group, after in zip(groups, groups[1:], groups[2:], strict=False)
        if not any(bounds[z].empty for z in (before[-1], group[0], after[0]))
    )
