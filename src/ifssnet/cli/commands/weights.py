"""`ifss weights`: the networks' weights that come with the package, and files to ship."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Force, Json, Output, Quiet
from ifssnet.cli.terminal import Terminal
from ifssnet.workflow.training.results import PackedWeights, WeightsFacts


def shown(json: Json = False) -> list[WeightsFacts]:
    """List the weights that come with the package: what they are, what they were trained on, and how well they did.

    Example: `ifss weights list`
    """
    from ifssnet.io.plain_data import plain
    from ifssnet.workflow.training.packed_weights import list_weights

    found = list_weights()
    terminal = Terminal(as_json=json)
    if json:
        terminal.answer_json(plain(found))
        return found
    if not found:
        terminal.say("No weights come with this version; give a file of your own: --weights FILE.")
        return found
    metrics = list(dict.fromkeys(key for entry in found for key in entry.metrics))
    rows: list[tuple[object, ...]] = [
        ("network", *(entry.kind for entry in found)),
        ("size", *(f"{entry.bytes / 1e6:.2f} MB {entry.stored}" for entry in found)),
        ("trained on", *(entry.trained_on or "-" for entry in found)),
        *((_in_words(key), *(entry.metrics.get(key) for entry in found)) for key in metrics),
        ("sha256", *(entry.sha256[:12] for entry in found)),
    ]
    terminal.answer_table("weights, and their last validation", ("", *(entry.name for entry in found)), rows)
    return found


def _in_words(metric: str) -> str:
    """A metric's name in words; the muscle comes last.

    >>> _in_words("volume_error_percent_SOL"), _in_words("dice")
    ('volume error % SOL', 'Dice')
    """
    return metric.replace("dice", "Dice").replace("percent", "%").replace("_", " ")


def card(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A name that `ifss weights list` shows, or a file.")],
    json: Json = False,
) -> str:
    """Print a model card: where the weights come from, how well they did, and what they are not good for.

    Example: `ifss weights card anchored`
    """
    from ifssnet.workflow.training.packed_weights import card_text

    text = card_text(name)
    if json:
        Terminal(as_json=True).answer_json({"name": Path(name).stem, "card": text})
    else:
        sys.stdout.write(text)
    return text


def pack(
    source: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="A weights file, such as a run's best.safetensors.")],
    output: Output,
    others: Annotated[
        list[Path] | None,
        typer.Option(
            "--with", metavar="WEIGHTS", help="Write the mean with these weights of the same recipe; may be repeated."
        ),
    ] = None,
    carrying: Annotated[
        Path | None,
        typer.Option(
            metavar="WEIGHTS",
            help="Put in these as well: an anchored network that carries masks from slice to slice, past the drawn ones.",
        ),
    ] = None,
    half: Annotated[bool, typer.Option("--half", help="Store 16 bits a number; they are read back as 32.")] = False,
    at_most_mb: Annotated[float, typer.Option(help="Refuse a larger file; the package has 12 MB for all.")] = 12.0,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> PackedWeights:
    """Make a file to ship of a training's weights: checked, smaller with --half, its card kept.

    Example: `ifss weights pack runs/anchored/best.safetensors -o anchored.safetensors --half`
    """
    from ifssnet.workflow.training.packed_weights import pack_weights, packed_table

    terminal = Terminal(quiet, as_json=json)
    packed = pack_weights(
        source, output, others=tuple(others or ()), carrying=carrying, half=half, at_most_mb=at_most_mb, force=force
    )
    if json:
        terminal.answer_json(packed_table(packed))
    before, after = packed.bytes_before / 1e6, packed.weights.bytes / 1e6
    change = f"no number changed by more than {packed.largest_change:.2g}"
    terminal.say(f"wrote {output}: {before:.2f} MB became {after:.2f}, {change}")
    return packed
