"""The evaluation as one page that carries everything it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files

from markupsafe import Markup

from ifssnet.core.images import counted
from ifssnet.core.muscles import SOL
from ifssnet.core.results.evaluation_results import Results
from ifssnet.figures.drawing.pages import render
from ifssnet.figures.evaluation_report.drift import drift_picture
from ifssnet.figures.evaluation_report.method_bars import metrics_picture, volume_error_picture
from ifssnet.figures.evaluation_report.sections import (
    PACKAGE,
    beside_the_paper,
    each_muscle,
    overview,
    paired_tests,
    surface_parts,
    volume_agreement,
)
from ifssnet.figures.evaluation_report.slice_distribution import distribution_picture
from ifssnet.figures.leg_report.provenance import nested
from ifssnet.io.plain_data import Json

_METRICS = (
    "Annotated slices do not count. Diamond and bar: mean and standard deviation over the legs of the mean over the muscles; "
    "open marks: each muscle's mean over the legs."
)
_VOLUME = "Whole muscles, annotated slices included. One mark a leg and muscle; beyond −100 % nothing can go."
_DRIFT = "Mean over the legs, all muscles together, slices by their area; only where there is muscle."
_SLICES = (
    "One box a leg and method: 5th to 95th percentile over its slices, the middle half thick, the median white. Distances are "
    "those of a slice's border to the whole other surface, in 3-D. The scale is logarithmic."
)


def evaluation_html(
    results: Results, about: Mapping[str, Json] | None = None, pictures: Sequence[tuple[str, str, str]] = ()
) -> str:
    """A whole HTML page: tables, tests, figures, failures and how it came about. It loads nothing from anywhere.

    Args:
        results: The results with their summary.
        about: What was compared, as plain data: the last section of the page.
        pictures: More figures: title, SVG, caption.
    """
    failed, problems = len(results.absences.failed), _problems(results)
    runs = len(results.cases) * len(results.methods)
    muscle = SOL if SOL in results.muscles or not results.muscles else results.muscles[0]
    style = (files("ifssnet.figures") / "assets" / "evaluation.css").read_text(encoding="utf-8")
    page = render(
        PACKAGE,
        "evaluation.html",
        title=f"Evaluation on {results.about.cohort.name}",
        style=Markup(style),
        lead=_lead(results),
        problems=problems,
        problems_head=f"{failed} of {runs} runs failed." if failed else "Some muscles are absent.",
        sections=[
            overview(results),
            each_muscle(results),
            surface_parts(results),
            paired_tests(results),
            beside_the_paper(results),
            _figure("Metrics by method", metrics_picture(results), _METRICS, metrics_picture(results, phone=True)),
            _figure("Volume error", volume_error_picture(results), _VOLUME, volume_error_picture(results, phone=True)),
            _figure(
                "Drift with the distance to what was drawn", drift_picture(results), _DRIFT, drift_picture(results, phone=True)
            ),
            _figure("Distances by slice", distribution_picture(results, muscle), _SLICES),
            *(_figure(*each) for each in pictures),
            volume_agreement(results),
        ],
        about=nested(about or {}),
    )
    return f"{page}\n"


def _lead(results: Results) -> str:
    given = results.about.given
    methods, legs = counted(len(results.methods), "method"), counted(len(results.cases), "leg")
    words = f"{methods} on {legs} of the {results.about.split} split. "
    words += f"Protocol {given.protocol}: {given.consecutive} slices side by side every {given.distance}"
    return words + (f", their borders drawn {given.noise_mm:g} mm (SD) wrong." if given.noise_mm else ", drawn without error.")


def _problems(results: Results) -> list[str]:
    failed, absent = results.absences.failed, results.absences.absent_muscles
    return [
        *(f"{failure.method} on {failure.case} failed: {failure.error}" for failure in failed),
        *(f"{case} has no {', '.join(names)}: nothing was measured there." for case, names in absent.items()),
    ]


def _figure(title: str, svg: str, caption: str, on_a_phone: str = "") -> Markup:
    if not svg:
        return Markup()
    return render(PACKAGE, "figure.html", title=title, picture=Markup(svg), narrow=Markup(on_a_phone), caption=caption)
