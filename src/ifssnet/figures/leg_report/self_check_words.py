"""What networks found about themselves on the leg's own annotated slices, in words."""

from __future__ import annotations

from collections.abc import Mapping

from ifssnet.core.provenance import SelfCheck


def self_check_words(network: str, checks: Mapping[str, SelfCheck]) -> list[str]:
    """A sentence for each check; for a network without one, that there is none; nothing where no network is known of.

    Args:
        network: The network's name; empty where none segmented.
        checks: Muscle's name, empty for all muscles, to its check.

    >>> self_check_words("ifss-net", {})
    ['The network’s own check: ifss-net has none. It was not tried on annotated slices of this leg.']
    """
    if checks:
        return [_sentence(name, check) for name, check in checks.items()]
    if not network:
        return []
    return [f"The network’s own check: {network} has none. It was not tried on annotated slices of this leg."]


def _sentence(name: str, check: SelfCheck) -> str:
    whose = f"The network’s own check{f' of {name}' if name else ''}"
    if not check.dice:
        return f"{whose}: no annotated place could be hidden from it, so nothing is known of how it does on this leg."
    low, high = check.dice[min(check.dice)], check.dice[max(check.dice)]
    return (
        f"{whose}: {check.hidden_groups} annotated places were hidden from it in turn. It reached Dice {high:.3f} there, "
        f"guided interpolation alone {low:.3f}. {100 * check.share:.0f} % of its corrections count in these volumes."
        f"{_muscle_by_muscle(check)}"
    )


def _muscle_by_muscle(check: SelfCheck) -> str:
    """The same of each muscle, where there are several; empty otherwise."""
    known = {name: own.dice for name, own in check.muscles.items() if own.dice}
    if len(known) < 2:
        return ""
    each = ", ".join(f"{name} {dice[max(dice)]:.3f} and {dice[min(dice)]:.3f}" for name, dice in known.items())
    return f" Muscle by muscle: {each}."
