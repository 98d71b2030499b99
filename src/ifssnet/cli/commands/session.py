"""`ifss session`: one leg from the first drawn slice to the signature, by commands."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ifssnet.cli.options import Device, Json, Quiet, Verbose
from ifssnet.cli.parse import numbers, numbers_by_name
from ifssnet.cli.parse import slices as slices_of
from ifssnet.cli.terminal import Terminal

if TYPE_CHECKING:
    from ifssnet.workflow.session.commands import SessionAnswer


class Side(StrEnum):
    """Which leg."""

    left = "left"
    right = "right"


class Aim(StrEnum):
    """What is to become surer."""

    volume = "volume"
    shape = "shape"


class How(StrEnum):
    """How an outline comes about."""

    trace = "trace"
    copy = "copy"
    between = "between"
    snap = "snap"
    grow = "grow"


Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The session's folder.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who does it; your user name where you do not say.")]
Muscle = Annotated[str, typer.Argument(metavar="MUSCLE", help="As SOL, GM or GL.")]
MaybeMuscle = Annotated[str | None, typer.Option("--muscle", metavar="MUSCLE", help="This one alone.")]
Slices = Annotated[str | None, typer.Option("--slices", metavar="LIST", help="As 40,47,100-120.")]


def _answered(terminal: Terminal, answer: SessionAnswer) -> SessionAnswer:
    if terminal.as_json:
        terminal.answer_json(answer)
        return answer
    case = answer.case
    rows = [
        (name, *("-" if cm3 is None else f"{cm3:.1f}" for cm3 in (each.volume_cm3, each.sd_cm3)), each.outlines)
        for name, each in (case.volumes or {}).items()
    ]
    terminal.answer_table(
        f"{case.name}: {case.progression}, {case.minutes:.1f} min of expert time", ("muscle", "cm3", "+- cm3", "outlines"), rows
    )
    for finding in answer.findings:
        terminal.say(f"{finding.text} {finding.remedy}")
    if answer.to_propagate:
        terminal.say(f"{answer.to_propagate} gaps have to be propagated: ifss session propagate {case.name}")
    for path in answer.written:
        terminal.say(f"wrote {path}")
    return answer


def new(
    folder: Folder,
    volume: Annotated[Path, typer.Argument(metavar="VOLUME", help="The volume to draw on; it is copied into the folder.")],
    muscles: Annotated[str | None, typer.Option(metavar="NAMES", help="Muscles to draw, as SOL,GM,GL.")] = None,
    subject: Annotated[str, typer.Option(metavar="TEXT", help="Whose leg.")] = "",
    side: Annotated[Side | None, typer.Option(help="Which leg.")] = None,
    visit: Annotated[str, typer.Option(metavar="TEXT", help="When or why it was recorded.")] = "",
    by: By = None,
    json: Json = False,
    quiet: Quiet = False,
) -> object:
    """Begin a session on a volume.

    Example: `ifss session new cases/anna leg.mha --subject Anna --side left`
    """
    from ifssnet.workflow.session import commands as work

    names = [] if muscles is None else [each.strip() for each in muscles.split(",") if each.strip()]
    answer = work.new_session(folder, volume, names, by, subject, "" if side is None else side.value, visit)
    return _answered(Terminal(quiet, as_json=json), answer)


def show(folder: Folder, json: Json = False, quiet: Quiet = False) -> object:
    """Show how far a session is; it may be open elsewhere."""
    from ifssnet.workflow.session import commands as work

    return _answered(Terminal(quiet, as_json=json), work.show_session(folder))


def draw(
    folder: Folder,
    seeds: Annotated[
        list[Path], typer.Argument(metavar="SEEDS", help="What was drawn, in any form that `ifss segment` reads.")
    ],
    slices: Slices = None,
    corrected: Annotated[bool, typer.Option("--corrected", help="It corrects what a method proposed.")] = False,
    by: By = None,
    json: Json = False,
    quiet: Quiet = False,
) -> object:
    """Take slices that were drawn elsewhere into a session.

    Example: `ifss session draw cases/anna drawn.seg.nrrd --slices 40,47`
    """
    from ifssnet.workflow.session import commands as work

    answer = work.draw(folder, seeds, by, slices=_slices(slices), corrected=corrected)
    return _answered(Terminal(quiet, as_json=json), answer)


def outline(
    folder: Folder,
    muscle: Muscle,
    slice_: Annotated[int, typer.Option("--slice", metavar="N", help="Which slice.")],
    how: Annotated[
        How,
        typer.Option(
            help="trace: along bright borders; copy: from the nearest slice, moved and sized; between: interpolated; "
            "snap: onto the proposal where the drawn border is close; grow: the border moved."
        ),
    ],
    points: Annotated[
        str | None, typer.Option(metavar="LIST", help="Clicks around the muscle for trace, as x,y,x,y,x,y in pixels.")
    ] = None,
    by_mm: Annotated[float, typer.Option(help="How far grow moves the border out; below 0 in.")] = 1.0,
    by: By = None,
    json: Json = False,
    quiet: Quiet = False,
) -> object:
    """Outline a muscle on a slice without drawing it by hand.

    Example: `ifss session outline cases/anna SOL --slice 40 --how copy`
    """
    from ifssnet.workflow.session import commands as work

    clicks = () if points is None else numbers(points, "--points", points.count(",") + 1, "80,40,95,60,70,75")
    answer = work.outline(folder, muscle, slice_, by, aid=how.value, points=clicks, by_mm=by_mm)
    return _answered(Terminal(quiet, as_json=json), answer)


def propagate(
    folder: Folder,
    muscle: MaybeMuscle = None,
    method: Annotated[
        str | None, typer.Option(help="A method's name; the better one of each gap where you do not say.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Fill every gap anew, from all that is drawn by now.")] = False,
    device: Annotated[Device, typer.Option(help="Where networks compute.")] = Device.auto,
    by: By = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> object:
    """Fill the gaps whose drawn slices changed, and no others unless --again is given."""
    from ifssnet.workflow.session import commands as work

    terminal = Terminal(quiet, verbose, json)
    filling = work.propagate_session(folder, by, muscle=muscle, method=method, device=device.value, again=again)
    found = terminal.run(filling)
    return _answered(terminal, found)


def adapt(
    folder: Folder,
    seconds: Annotated[float | None, typer.Option(help="Seconds of learning, at most (default 50).")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is drawn at random.")] = 0,
    forget: Annotated[bool, typer.Option("--forget", help="Use the network as it came, from now on.")] = False,
    by: By = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> object:
    """Tune the network on the slices of this case. Every third annotated group is kept back to see whether that helps.

    Gaps that are filled from now on have the tuned network; `ifss session propagate FOLDER --again` fills every gap anew.
    """
    from ifssnet.workflow.session import commands as work

    terminal = Terminal(quiet, verbose, json)
    answer, found = terminal.run(work.adapt_session(folder, by, most_s=seconds, seed=seed, forget=forget))
    if found is not None and json:
        terminal.answer_json(found.table())
        return found
    if found is not None:
        terminal.say(found.in_words)
    return _answered(terminal, answer)


def check(
    folder: Folder,
    muscle: MaybeMuscle = None,
    device: Annotated[Device, typer.Option(help="Where networks compute.")] = Device.auto,
    by: By = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> object:
    """Hide drawn slices from the methods: each gap gets the better one, and the volumes get their errors."""
    from ifssnet.workflow.session import commands as work

    terminal = Terminal(quiet, verbose, json)
    found = _answered(terminal, terminal.run(work.check_session(folder, by, muscle=muscle, device=device.value)))
    if found.gaps and not json:
        rows = [
            (
                each.muscle,
                f"{each.low}-{each.high}",
                each.method or "not filled",
                "-" if each.lead is None else f"{each.lead:+.3f}",
            )
            for each in found.gaps
        ]
        terminal.answer_table("Gaps", ("muscle", "slices", "method", "ahead by Dice"), rows)
    return found


def suggest(
    folder: Folder,
    aim: Annotated[Aim, typer.Option(help="What is to become surer.")] = Aim.volume,
    most: Annotated[int, typer.Option(min=1, help="How many.")] = 5,
    json: Json = False,
) -> object:
    """Say which slices to draw next, and what each is expected to gain."""
    from ifssnet.workflow.session import commands as work

    terminal = Terminal(as_json=json)
    found = work.suggest_slices(folder, aim.value, most)
    if json:
        terminal.answer_json(found)
    else:
        terminal.answer_table(
            "Draw next", ("slice", "gain %", "why"), [(each.z, each.gain_percent, each.why) for each in found]
        )
    return found


def accept(
    folder: Folder,
    muscle: Muscle,
    slices: Slices = None,
    back: Annotated[bool, typer.Option("--back", help="Take the acceptance back.")] = False,
    by: By = None,
    json: Json = False,
    quiet: Quiet = False,
) -> object:
    """Accept slices as they are: they never change by themselves. Without --slices, all of the muscle."""
    from ifssnet.workflow.session import commands as work

    answer = work.accept(folder, muscle, _slices(slices), by, accepted=not back)
    return _answered(Terminal(quiet, as_json=json), answer)


def erase(
    folder: Folder,
    muscle: Muscle,
    slices: Annotated[str, typer.Option("--slices", metavar="LIST", help="As 40,47,100-120.")],
    by: By = None,
    json: Json = False,
    quiet: Quiet = False,
) -> object:
    """Take back what was drawn of a muscle on some slices."""
    from ifssnet.workflow.session import commands as work

    return _answered(Terminal(quiet, as_json=json), work.erase(folder, muscle, _slices(slices), by))


def mark(
    folder: Folder,
    muscle: Muscle,
    first: Annotated[int | None, typer.Option(help="The first slice that shows it.")] = None,
    last: Annotated[int | None, typer.Option(help="The last slice that shows it.")] = None,
    absent: Annotated[bool, typer.Option("--absent", help="It is nowhere in the volume.")] = False,
    by: By = None,
    json: Json = False,
    quiet: Quiet = False,
) -> object:
    """Mark where a muscle ends, or that it is absent."""
    from ifssnet.workflow.session import commands as work

    answer = work.mark(folder, muscle, by, first=first, last=last, absent=absent)
    return _answered(Terminal(quiet, as_json=json), answer)


def undo(folder: Folder, by: By = None, json: Json = False, quiet: Quiet = False) -> object:
    """Take back the last thing that was done."""
    from ifssnet.workflow.session import commands as work

    return _answered(Terminal(quiet, as_json=json), work.undo(folder, by))


def redo(folder: Folder, by: By = None, json: Json = False, quiet: Quiet = False) -> object:
    """Do again what was taken back."""
    from ifssnet.workflow.session import commands as work

    return _answered(Terminal(quiet, as_json=json), work.undo(folder, by, again=True))


def sign(
    folder: Folder,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who vouches for the result.")],
    statement: Annotated[str, typer.Option(metavar="TEXT", help="What is to be remarked.")] = "",
    reopen: Annotated[bool, typer.Option("--reopen", help="Go on with the work; the signature no longer counts.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> object:
    """Sign the result off."""
    from ifssnet.workflow.session import commands as work

    return _answered(Terminal(quiet, as_json=json), work.sign(folder, by, statement, reopen=reopen))


def export(
    folder: Folder,
    kinds: Annotated[
        str | None,
        typer.Option("--kinds", metavar="LIST", help="Of seg.nrrd,nii.gz,dcm,stl,measures,slices,seeds,stradwin,report."),
    ] = None,
    by: By = None,
    json: Json = False,
    quiet: Quiet = False,
) -> object:
    """Write the result: segmentation, surfaces, tables, and the report."""
    from ifssnet.workflow.session import commands as work

    chosen = [] if kinds is None else [each.strip() for each in kinds.split(",") if each.strip()]
    return _answered(Terminal(quiet, as_json=json), work.export_session(folder, chosen, by))


def redraw(
    folder: Folder,
    share: Annotated[float, typer.Option(help="Of the drawn slices.")] = 0.1,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the random choice.")] = None,
    by: By = None,
    json: Json = False,
) -> object:
    """Choose slices to be drawn again without seeing what was drawn: the page shows them so."""
    from ifssnet.workflow.session import commands as work

    terminal = Terminal(as_json=json)
    found = work.redraw(folder, share, by, seed)
    if json:
        terminal.answer_json([{"muscle": name, "slice": z} for name, z in found])
    else:
        terminal.answer_table("Draw again, blind", ("muscle", "slice"), found)
    return found


def quality(folder: Folder, json: Json = False) -> object:
    """Say how slices that were drawn twice agree: ICC, SEM, MDC, and limits of agreement of their areas."""
    from ifssnet.workflow.session import commands as work

    terminal = Terminal(as_json=json)
    found = work.quality(folder)
    if json:
        terminal.answer_json(found)
        return found
    rows = [
        (
            "one person" if each.same_hand else "two persons",
            each.slices,
            each.dice,
            None if each.reliability is None else each.reliability.icc_2_1.value,
            None if each.reliability is None else each.reliability.sem_agreement,
            None if each.reliability is None else each.reliability.mdc_agreement,
            None if each.areas is None else each.areas.bias,
        )
        for each in found
    ]
    terminal.answer_table("Drawn twice", ("by", "slices", "Dice", "ICC(2,1)", "SEM mm2", "MDC mm2", "bias mm2"), rows)
    return found


def compare(
    folder: Folder,
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="An earlier visit, or the other leg.")],
    mdc: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Smallest detectable changes from a study of yours in cm3, as SOL=9,GM=6."),
    ] = None,
    json: Json = False,
) -> object:
    """Compare the volumes of two cases, and say which change is more than this lab's own error."""
    from ifssnet.workflow.session import commands as work

    terminal = Terminal(as_json=json)
    found = work.compare_cases(folder, before, numbers_by_name(mdc))
    if json:
        terminal.answer_json(found)
        return found
    words = {True: "a change", False: "within error", None: "not known"}
    rows = [
        (each.muscle, f"{each.before_cm3:.1f}", f"{each.now_cm3:.1f}", f"{each.change_cm3:+.1f}",
         "-" if each.mdc_cm3 is None else f"{each.mdc_cm3:.1f}", words[each.detectable])
        for each in found.changes
    ]  # fmt: skip
    terminal.answer_table(
        f"{found.now} against {found.before}", ("muscle", "before cm3", "now cm3", "change", "detectable", ""), rows
    )
    if found.lab.relative_sem is None and mdc is None:
        terminal.say(
            f"{found.lab.redrawn} slices were drawn twice in this folder; five tell the lab's error: ifss session redraw."
        )
    return found


def plan(
    folder: Folder,
    most: Annotated[int, typer.Option(min=3, help="Outlines of a muscle to plan up to.")] = 12,
    json: Json = False,
) -> object:
    """Plan a study from a pilot case: outlines and minutes of expert time against the error of the volume."""
    from ifssnet.workflow.session import commands as work

    terminal = Terminal(as_json=json)
    found = work.plan_study(folder, most)
    if json:
        terminal.answer_json(found)
        return found
    rows = [(each.outlines, each.error_percent, each.minutes, each.measured) for each in found]
    terminal.answer_table("Outlines of each muscle", ("outlines", "error %", "minutes", "measured"), rows)
    return found


def _slices(text: str | None) -> tuple[int, ...]:
    return slices_of(text) or ()
