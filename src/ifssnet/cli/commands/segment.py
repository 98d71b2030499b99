"""`ifss segment`: a few annotated slices through the whole volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ifssnet.cli.options import (
    Clean,
    Cluster,
    Corrections,
    Force,
    Json,
    KeepOutlines,
    LaterWins,
    LegSide,
    Names,
    Profile,
    Quiet,
    Rater,
    Subject,
    Verbose,
)
from ifssnet.cli.terminal import Terminal
from ifssnet.core.facts.written_files import SegmentedLegs
from ifssnet.core.images import counted
from ifssnet.core.provenance import Provenance

MOST_ROWS = 60
"""More legs than these are in the file alone."""


def run(
    volumes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[VOLUME|FOLDER|ADDRESS]...",
            help="Grey levels; may be left out for methods that do not read them. Many legs: several volumes, a folder, or an "
            "address as s3://bucket/legs.",
        ),
    ] = None,
    seeds: Annotated[
        list[Path] | None,
        typer.Option(
            help="What the expert drew; again for further files, or for each parallel sweep. With many legs: a folder or a "
            "pattern of names as '*-AB.seg.nrrd' (default: beside the volumes)."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Where to write the segmentation; with many legs, a folder: an earlier run goes on."
        ),
    ] = None,
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
    profile: Profile = None,
    workers: Annotated[
        int, typer.Option(min=0, max=256, help="Many legs: this number at a time, in as many processes; 0: in this process.")
    ] = 1,
    cluster: Cluster = None,
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
) -> Provenance | SegmentedLegs | None:
    """Segment every slice from a few annotated ones. What the expert drew stays as it was drawn.

    Example: `ifss segment leg.mha --seeds seeds.seg.nrrd -o leg-segmented.seg.nrrd`, or with a network:
    `ifss segment leg.mha --seeds seeds.seg.nrrd --method ifss-net --weights full.safetensors --protocol first-three -o out.mha`

    Many legs: `ifss segment legs -o segmented --workers 2`. The seeds of `leg.mha` are the file beside it whose name begins
    alike, as `leg.seg.nrrd` or `leg-seeds.mha`, or the only one in a folder of its own. Legs that fail are listed at the end
    (exit code 1), and do not stop the others. The same command goes on after a stop, and makes only what has changed.

    Without --method it is the anchored network if a VOLUME is given, its weights are in the package and a library that
    runs it is installed; otherwise guided shape interpolation. A line, and the provenance, say which and why.
    """
    from ifssnet.cli.overruled import exclude, needs, once
    from ifssnet.cli.parse import label_names, many_legs, seed_reading
    from ifssnet.cli.settings import given
    from ifssnet.core.errors import InputError

    terminal = Terminal(quiet, verbose, json)
    if method == "list":
        _list_methods(terminal)
        return None
    many = many_legs(volumes or ())
    if output is None or not (seeds or many):
        if many:
            raise InputError("-o FOLDER with many legs", "no -o", "Say where to write the segmentations.")
        missing = "-o" if seeds else "--seeds"
        raise InputError("--seeds SEEDS and -o SEG", f"no {missing}", "Say what was drawn and where to write.")
    chosen: dict[str, object] = dict(given(settings))
    said = {"--subject": bool(subject), "--side": side is not None, "--rater": bool(rater)}
    own = {"plain": plain, "extrapolate_mm": extrapolate_mm is not None, "direction": direction is not None}
    once({name: f"--{name.replace('_', '-')}" for name, is_given in own.items() if is_given}, chosen)
    if plain:
        chosen["plain"] = True
    if extrapolate_mm is not None:
        chosen["extrapolate_mm"] = extrapolate_mm
    if direction is not None:
        chosen["direction"] = direction
    if many:
        single = {
            "--probability": probability is not None,
            "--profile": profile is not None,
            "--corrections": bool(corrections),
        }
        exclude(said | single | {"--later-wins": later_wins}, "many legs", True)
        exclude({"--workers": workers != 1}, "--cluster", cluster is not None)
        options = {"protocol": protocol, "device": device, "engine": engine, "with_provenance": provenance, "force": force}
        taken = {"names": label_names(names), "keep_outlines": keep_outlines, "clean": clean}
        where = {"workers": workers, "cluster": cluster}
        how = {"method": method, "settings": chosen, "weights": weights, **options, **taken, **where}
        return _segment_many(volumes or (), seeds or (), output, how, terminal)
    needs(said, "--provenance", provenance)
    needs({"--workers": workers != 1, "--cluster": cluster is not None}, "several volumes or a folder", False)
    return _segment_one(
        None if not volumes else Path(volumes[0]),
        seeds or [],
        output,
        {
            "method": method,
            "settings": chosen,
            "weights": weights,
            "protocol": protocol,
            "device": device,
            "engine": engine,
            "profile": profile,
            "probability": probability,
            "with_provenance": provenance,
            "subject": subject,
            "side": None if side is None else side.value,
            "rater": rater,
            "force": force,
            "reading": seed_reading(names, corrections, later_wins, keep_outlines, clean),
        },
        terminal,
    )


def _list_methods(terminal: Terminal) -> None:
    from ifssnet.propagate.methods import METHODS
    from ifssnet.workflow.leg.method_choice import default_choice

    default = default_choice()
    rows = [(name, "yes" if entry.needs_volume else "no", entry.summary) for name, entry in METHODS.items()]
    if terminal.as_json:
        terminal.answer_json(
            [
                {"name": n, "reads_volume": reads == "yes", "summary": text, "default": n == default.method}
                for n, reads, text in rows
            ]
        )
        return
    terminal.answer_table("methods", ("name", "reads the volume", "what it does"), rows)
    terminal.say(f"default here: {default.method} ({default.why})")


def _segment_one(
    volume: Path | None, seeds: Sequence[Path], output: Path, how: Mapping[str, Any], terminal: Terminal
) -> Provenance:
    from ifssnet.workflow.leg.segment_files import segment_files

    segmented = terminal.run(segment_files(volume, seeds, output, **how))
    if terminal.as_json:
        terminal.answer_json(segmented.table())
    terminal.tell(segmented.findings)
    _say_method(terminal, segmented.provenance.method_name, segmented.provenance.chosen_because)
    terminal.say(f"wrote {output}")
    return segmented.provenance


def _segment_many(
    volumes: Sequence[str], seeds: Sequence[Path], output: Path, how: Mapping[str, Any], terminal: Terminal
) -> SegmentedLegs:
    from ifssnet.cli.parse import folder
    from ifssnet.core.errors import InputError
    from ifssnet.workflow.cohorts.segment_legs import SEGMENTED, VOLUMES, SegmentOptions, segment_legs, segmented_legs_table

    folder(output)
    if len(seeds) > 1:
        got = ", ".join(str(each) for each in seeds)[:200]
        raise InputError(
            "one folder, or one pattern, of seeds with many legs", got, "Lay the seeds of all legs into one folder."
        )
    found = terminal.run(segment_legs(volumes, next(iter(seeds), None), output, SegmentOptions(**how)))
    if terminal.as_json:
        terminal.answer_json(segmented_legs_table(found))
    else:
        muscles = list(dict.fromkeys(name for leg in found.legs for name in leg.volume_cm3))
        rows = [(leg.name, *(leg.volume_cm3.get(name) for name in muscles)) for leg in found.legs if leg.status == "done"]
        if len(rows) <= MOST_ROWS:
            terminal.answer_table("volumes (cm3)", ("leg", *muscles), rows)
    terminal.tell(found.readings)
    terminal.tell(each for each in found.findings if each.severity != "note" or terminal.verbose)
    notes = sum(each.severity == "note" for leg in found.legs for each in leg.findings)
    if notes and not terminal.verbose:
        terminal.say(f"{notes} notes on the legs are in {output / SEGMENTED} (--verbose prints them)")
    for leg in found.failed:
        terminal.warn(f"failed: {leg.name}: {leg.error}")
    _say_method(terminal, found.method, found.why)
    failed = f", {len(found.failed)} failed" if found.failed else ""
    done = len(found.legs) - len(found.failed)
    terminal.say(f"{counted(done, 'leg')} in {output}, {found.kept} of them from before{failed}; volumes in {output / VOLUMES}")
    if found.failed:
        raise typer.Exit(1)
    return found


def _say_method(terminal: Terminal, name: str, why: str) -> None:
    if why:
        terminal.say(f"method: {name} ({why})")
