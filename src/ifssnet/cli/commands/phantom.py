"""`ifss phantom`: digital legs with exact truth."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Cluster, Force, Json, Quiet
from ifssnet.cli.overruled import exclude
from ifssnet.cli.parse import folder
from ifssnet.cli.terminal import Terminal
from ifssnet.core.errors import InputError
from ifssnet.core.facts.written_files import MadeCohort, MadeLeg
from ifssnet.core.images import counted


class Size(StrEnum):
    """How large a volume is."""

    paper = "paper"
    quarter = "quarter"
    small = "small"


class Via(StrEnum):
    """How a volume comes about."""

    scan = "scan"
    direct = "direct"


class Variant(StrEnum):
    """What kind of person."""

    adult = "adult"
    child = "child"
    duchenne = "duchenne"
    pseudohypertrophy = "pseudohypertrophy"
    atrophy = "atrophy"
    injured = "injured"


class GeneratorOption(StrEnum):
    """What makes the images."""

    phantom_1 = "phantom/1"
    phantom_2 = "phantom/2"


class ScannerOption(StrEnum):
    """Which family of scanners."""

    drawn = "drawn"
    speckled = "speckled"
    compounding = "compounding"
    contrasting = "contrasting"
    leg3dus = "leg3dus"
    portable = "portable"


class TruthOption(StrEnum):
    """What is labelled."""

    muscles = "muscles"
    structures = "structures"


By = Annotated[
    GeneratorOption, typer.Option(help="phantom/1: one scanner for all legs; phantom/2: scanner and tissue drawn for each.")
]
ScannerFamily = Annotated[
    ScannerOption,
    typer.Option(help="Of phantom/2: the family of scanners. drawn: any but portable, which is kept apart to test on."),
]
Seed = Annotated[int, typer.Option(help="Everything follows from it; the same seed gives the same bytes.")]
SizeOption = Annotated[Size, typer.Option(help="paper: 512 x 512 at 0.277 mm; quarter: 128 x 128; small: for tests.")]
ViaOption = Annotated[Via, typer.Option(help="scan: tracked sweeps, compounded; direct: straight to a volume.")]
VariantOption = Annotated[Variant, typer.Option(help="What kind of person.")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", callback=folder, help="The folder to make.")]


def leg(
    output: Output,
    seed: Seed = 1,
    size: SizeOption = Size.quarter,
    via: ViaOption = Via.scan,
    variant: VariantOption = Variant.adult,
    anatomy: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Closed surfaces (STL, PLY, OBJ) of a leg to use instead of a drawn one.")
    ] = None,
    generator: By = GeneratorOption.phantom_1,
    scanner: ScannerFamily = ScannerOption.drawn,
    acquisitions: Annotated[int, typer.Option(help="2: also r2, with more gain and a lower frequency, the leg moved.")] = 1,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> MadeLeg:
    """Record one digital leg: sweeps, volume, and the truth of each.

    Example: `ifss phantom leg -o leg7 --seed 7 --size small`
    """
    from ifssnet.io.plain_data import plain_table
    from ifssnet.phantom.files.recording import Generated
    from ifssnet.workflow.cohorts.phantom_files import LegOptions, make_leg

    options = LegOptions(
        seed, size.value, via.value, variant.value, anatomy, acquisitions, Generated(generator.value, scanner.value)
    )
    terminal = Terminal(quiet, as_json=json)
    made = terminal.run(make_leg(output, options, force=force))
    if json:
        terminal.answer_json({"output": str(made.output), "generator": made.generator, **plain_table(made.recordings)})
        return made
    terminal.answer_table("digital leg", ("muscle", "cm3"), list(made.recordings["r1"].volumes_cm3.items()))
    terminal.say(f"written to {output}")
    return made


def cohort(
    output: Output,
    subjects: Annotated[int, typer.Option(help="How many persons.")] = 44,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="TRAIN/VAL/TEST", help="How many persons for what (default: 29/5/10 of 44, others in these shares)."
        ),
    ] = None,
    seed: Seed = 1,
    size: SizeOption = Size.quarter,
    via: ViaOption = Via.direct,
    variant: VariantOption = Variant.adult,
    generator: By = GeneratorOption.phantom_1,
    scanner: ScannerFamily = ScannerOption.drawn,
    truth: Annotated[
        TruthOption,
        typer.Option(help="What is labelled. structures: bones and deep muscles as well, to train networks for any muscle."),
    ] = TruthOption.muscles,
    second: Annotated[int | None, typer.Option(help="Persons with a second acquisition (15 in 44).")] = None,
    only: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Make only these persons of it, as P35,P36: the same as in the whole.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Legs made at a time; has no part in the result.")] = 1,
    cluster: Cluster = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> MadeCohort:
    """Make a cohort of digital legs in LEG-3D-US' layout.

    Example: `ifss phantom cohort -o legs --subjects 44 --split 29/5/10 --workers 2`
    """
    from ifssnet.io.plain_data import plain_table
    from ifssnet.phantom.files.cohort import plan_cohort
    from ifssnet.phantom.files.recording import Generated
    from ifssnet.workflow.cohorts.phantom_files import make_cohort

    exclude({"--workers": workers != 1}, "--cluster", cluster is not None)
    plan = plan_cohort(
        subjects,
        None if split is None else _split(split),
        seed=seed,
        size=size.value,
        via=via.value,
        variant=variant.value,
        second=second,
        by=Generated(generator.value, scanner.value),
        truth=truth.value,
    )
    if only is not None:
        plan = plan.only([name.strip() for name in only.split(",") if name.strip()])
    terminal = Terminal(quiet, as_json=json)
    made = terminal.run(make_cohort(output, plan, workers=workers, cluster=cluster, force=force))
    if json:
        terminal.answer_json(plain_table(made))
    else:
        terminal.say(f"{counted(made.subjects, 'leg')}, {counted(made.acquisitions, 'acquisition')} in {output}")
    return made


def _split(text: str) -> tuple[int, int, int]:
    if not re.fullmatch(r"\d{1,6}/\d{1,6}/\d{1,6}", text):
        raise InputError("three numbers with slashes after --split, as in 29/5/10", f"'{text}'", "Write train/val/test.")
    train, val, test = map(int, text.split("/"))
    return train, val, test
