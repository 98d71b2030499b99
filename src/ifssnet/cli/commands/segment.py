"""`ifss segment`: a few annotated slices through the whole volume."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import (
    Clean,
    Corrections,
    Force,
    Json,
    KeepOutlines,
    LaterWins,
    LegSide,
    Names,
    Quiet,
    Rater,
    Subject,
    Verbose,
)
from ifssnet.cli.terminal import Terminal
from ifssnet.core.provenance import Provenance


def run(
    volume: Annotated[
        Path | None, typer.Argument(metavar="[VOLUME]", help="Grey levels; may be left out for methods that do not read them.")
    ] = None,
    seeds: Annotated[
        list[Path] | None, typer.Option(help="What the expert drew; again for further files, or for each parallel sweep.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write the segmentation.")] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="How to propagate; `list` shows every method (default: the anchored network where it can run, else guided "
            "shape interpolation)."
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|NAME", help="Of a learned method: a .safetensors, or a name that `ifss weights list` shows."
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(help="How much of what was drawn is given: first-three (paper), every-100 (its code), all-seeds."),
    ] = "all-seeds",
    direction: Annotated[
        str | None, typer.Option(help="Of ifss-net and pg-net: forward (paper), or both from every given group.")
    ] = None,
    device: Annotated[str, typer.Option(help="Where a learned method computes: auto, cpu or cuda.")] = "auto",
    engine: Annotated[
        str,
        typer.Option(
            help="What runs its network: auto (the fastest that is installed), openvino, onnxruntime, torch; reference for "
            "ifss-net as the paper has it (whole slices, a window at each slice, nothing done for speed)."
        ),
    ] = "auto",
    plain: Annotated[bool, typer.Option("--plain", help="Shape interpolation without its area and centroid curves.")] = False,
    extrapolate_mm: Annotated[
        float | None, typer.Option(help="How far past the outermost annotated slices shape interpolation may go (default 0).")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any other setting of the method; may be repeated.")
    ] = None,
    probability: Annotated[Path | None, typer.Option(help="Write the probability of each voxel's label here as well.")] = None,
    provenance: Annotated[
        bool, typer.Option("--provenance", help="Write OUT.json beside it: method, settings, slices, versions, hashes.")
    ] = False,
    profile: Annotated[
        Path | None,
        typer.Option(help="Write what each stage took (time, memory, machine; nothing of the leg) here, to be sent to others."),
    ] = None,
    subject: Subject = "",
    side: Annotated[LegSide | None, typer.Option(help="Which leg, for provenance and report.")] = None,
    rater: Rater = "",
    names: Names = None,
    corrections: Corrections = None,
    later_wins: LaterWins = False,
    keep_outlines: KeepOutlines = False,
    clean: Clean = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> Provenance | None:
    """Segment every slice from a few annotated ones. What the expert drew stays as it was drawn.

    Example: `ifss segment leg.mha --seeds seeds.seg.nrrd -o leg-segmented.seg.nrrd`, or with a network:
    `ifss segment leg.mha --seeds seeds.seg.nrrd --method ifss-net --weights full.safetensors --protocol first-three -o out.mha`

    Without --method it is the anchored network if a VOLUME is given, its weights are in the package and a library that
    runs it is installed; otherwise guided shape interpolation. A line, and the provenance, say which and why.
    """
    from ifssnet.cli.overruled import needs, once
    from ifssnet.cli.parse import seed_reading
    from ifssnet.cli.settings import given
    from ifssnet.core.errors import InputError
    from ifssnet.propagate.methods import METHODS
    from ifssnet.workflow.leg.method_choice import default_choice
    from ifssnet.workflow.leg.segment_files import segment_files

    terminal = Terminal(quiet, verbose, json)
    if method == "list":
        default = default_choice()
        rows = [(name, "yes" if entry.needs_volume else "no", entry.summary) for name, entry in METHODS.items()]
        if json:
            terminal.answer_json(
                [
                    {"name": n, "reads_volume": reads == "yes", "summary": text, "default": n == default.method}
                    for n, reads, text in rows
                ]
            )
        else:
            terminal.answer_table("methods", ("name", "reads the volume", "what it does"), rows)
            terminal.say(f"default here: {default.method} ({default.why})")
        return None
    if not seeds or output is None:
        missing = "--seeds" if not seeds else "-o"
        raise InputError("--seeds SEEDS and -o SEG", f"no {missing}", "Say what was drawn and where to write.")
    chosen: dict[str, object] = dict(given(settings))
    said = {"--subject": bool(subject), "--side": side is not None, "--rater": bool(rater)}
    needs(said, "--provenance", provenance)
    own = {"plain": plain, "extrapolate_mm": extrapolate_mm is not None, "direction": direction is not None}
    once({name: f"--{name.replace('_', '-')}" for name, is_given in own.items() if is_given}, chosen)
    if plain:
        chosen["plain"] = True
    if extrapolate_mm is not None:
        chosen["extrapolate_mm"] = extrapolate_mm
    if direction is not None:
        chosen["direction"] = direction
    work = segment_files(
        volume,
        seeds,
        output,
        method,
        chosen,
        weights=weights,
        protocol=protocol,
        device=device,
        engine=engine,
        profile=profile,
        probability=probability,
        with_provenance=provenance,
        subject=subject,
        side=None if side is None else side.value,
        rater=rater,
        force=force,
        reading=seed_reading(names, corrections, later_wins, keep_outlines, clean),
    )
    segmented = terminal.run(work)
    if json:
        terminal.answer_json(segmented.table())
    terminal.tell(segmented.findings)
    if why := segmented.provenance.chosen_because:
        terminal.say(f"method: {segmented.provenance.method_name} ({why})")
    terminal.say(f"wrote {output}")
    return segmented.provenance
