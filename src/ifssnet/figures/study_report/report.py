"""A study as one page that carries everything it shows."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from markupsafe import Markup

from ifssnet.core.images import counted
from ifssnet.core.results.study import Between, ComparisonKind, StudyResults
from ifssnet.figures.drawing.pages import render
from ifssnet.figures.leg_report.provenance import nested
from ifssnet.figures.study_report.charts import (
    bland_altman_picture,
    changes_picture,
    profiles_picture,
    sides_picture,
    volumes_picture,
    volumes_words,
)
from ifssnet.figures.study_report.sections import (
    PACKAGE,
    agreement_table,
    bland_altman_table,
    detectable_table,
    differences_table,
    groups_table,
    problems_table,
    remarks_table,
    volumes_table,
)
from ifssnet.io.plain_data import plain_table


def study_html(results: StudyResults) -> str:
    """A whole HTML page: who was measured, numbers, charts, agreement, and text for a methods section.

    It loads nothing from anywhere.

    Args:
        results: Everything on the page; the page computes none of the numbers but means and standard deviations.
    """
    assets = files("ifssnet.figures") / "assets"
    style = "".join((assets / name).read_text(encoding="utf-8") for name in ("evaluation.css", "study.css"))
    page = render(
        PACKAGE,
        "study.html",
        title=results.name,
        style=Markup(style),
        lead=_lead(results),
        findings=results.findings,
        sections=[
            problems_table(results).html,
            volumes_table(results).html,
            _figure("Muscle volumes", volumes_picture(results), volumes_words(results)),
            *_compared(results, "visits"),
            *_compared(results, "sides"),
            *_agreed(results, "raters", "Agreement of the raters"),
            *_agreed(results, "visits", "Agreement of the repeated visits"),
            detectable_table(results).html,
            *_profiles(results),
            remarks_table(results).html,
        ],
        paragraph=[part for part in results.paragraph.split("\n") if part],
        about=nested(plain_table(results.facts)),
    )
    return f"{page}\n"


def _lead(results: StudyResults) -> str:
    design, done = results.design, sum(each.status == "done" for each in results.outcomes)
    words = [counted(len(design.subjects), "person")]
    for names, what in ((design.sides, "sides"), (design.visits, "visits"), (design.raters, "raters")):
        if len(names) > 1:
            words.append(f"{len(names)} {what} ({', '.join(names)})")
    return f"{', '.join(words)}. {done} of {len(results.outcomes)} measurements were made."


def _compared(results: StudyResults, kind: ComparisonKind) -> Sequence[Markup]:
    table = differences_table(results, kind)
    if not table.rows:
        return ()
    sides = kind == "sides"
    title = "Left against right" if sides else f"From {results.design.before} to {results.design.after}"
    caption = (
        "On the line both sides are equal; grey band: minimal detectable change. Percent are those of the mean of both."
        if sides
        else "Dashed and grey: not more than the minimal detectable change. Percent are those of the value before."
    )
    drawn = sides_picture(results) if sides else changes_picture(results)
    return (_heading(title), _figure(title, drawn, caption), groups_table(results, kind).html, table.html)


def _agreed(results: StudyResults, between: Between, title: str) -> Sequence[Markup]:
    found = [each for each in results.agreements if each.between == between]
    if not found:
        return ()
    drawn = bland_altman_picture(results, between)
    return (
        _heading(title),
        agreement_table(found, results.design.confidence).html,
        bland_altman_table(found).html,
        _figure(title, drawn, "Volumes, one mark a leg. Solid: bias; dashed: limits of agreement (1.96 SD)."),
    )


def _profiles(results: StudyResults) -> Sequence[Markup]:
    drawn = profiles_picture(results)
    caption = "Anatomical cross-sectional area of every measurement, from the muscle's first slice to its last."
    return (_heading("Cross-sections along the muscle"), _figure("Cross-sections", drawn, caption)) if drawn else ()


def _heading(title: str) -> Markup:
    return Markup("<h2>{}</h2>").format(title)


def _figure(title: str, svg: str, caption: str) -> Markup:
    return render(PACKAGE, "figure.html", title=title, picture=Markup(svg), caption=caption) if svg else Markup()
