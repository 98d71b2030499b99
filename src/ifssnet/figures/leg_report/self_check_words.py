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
        f"guided interpolation alone {low:.3f}. {_counted(check)} in these volumes."
    )


def _counted(check: SelfCheck) -> str:
    """How much of the corrections counts, muscle by muscle where it differs."""
    shares = {name: own.share for name, own in check.muscles.items()}
    if len(set(shares.values())) < 2:
        return f"{100 * next(iter(shares.values()), check.share):.0f} % of its corrections count"
    each = ", ".join(f"{100 * share:.0f} % of {name}" for name, share in shares.items())
    return f"Of its corrections count {each}"
