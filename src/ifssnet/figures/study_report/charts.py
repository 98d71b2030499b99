"""The charts of a study, each with one small chart a muscle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ifssnet.core.muscles import color_of
from ifssnet.core.results.study import Between, MeasuredMuscle, StudyCase, StudyComparison, StudyResults
from ifssnet.figures.drawing.method_theme import mark
from ifssnet.figures.drawing.svg import element, escape, path_data
from ifssnet.figures.drawing.theme import Rgb, hex_of
from ifssnet.figures.study_report.panels import (
    INK,
    Panel,
    around,
    categories,
    frame_of,
    from_zero,
    level,
    panels_picture,
    shape,
    spread_out,
)
from ifssnet.measurement.statistics.spread import mean_and_sd

VOLUME = "volume_cm3"
_GREY: Rgb = (138, 149, 163)
_Place: TypeAlias = Callable[[float], float]


def volumes_picture(results: StudyResults) -> str:
    """The volume of every leg, in a column for each side and visit, with mean and standard deviation. An SVG."""
    panels: list[Panel] = []
    for muscle in results.muscles:
        rows = _known(results, muscle)
        groups = list(dict.fromkeys(_group(case, results) for case, _ in rows))
        groups.sort(key=lambda words: _order(words, results))
        frame = frame_of((-0.6, len(groups) - 0.4), from_zero([value for _, value in rows]))
        names = [" ".join(words).strip() or "all legs" for words in groups]
        parts = [categories(frame, names, "Volume (cm³)")]
        lines: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for place, group in enumerate(groups):
            here = [(case, value) for case, value in rows if _group(case, results) == group]
            for case, value in here:
                x = place + _aside(results, case)
                lines.setdefault((case.subject, case.rater), []).append((frame.x(x), frame.y(value)))
            mean, sd = mean_and_sd([value for _, value in here])
            parts.append(_mean_bar(frame.x(place + 0.32), frame.y(mean), [frame.y(mean + d * (sd or 0.0)) for d in (-1, 1)]))
        parts += [element("path", d=path_data(line), fill="none", stroke="#c3cad3", stroke_width=1) for line in lines.values()]
        color = color_of(muscle, results.muscles.index(muscle))
        for case, value in rows:
            x = frame.x(groups.index(_group(case, results)) + _aside(results, case))
            parts.append(_dot(results, case, x, frame.y(value), color, f"{case.name}: {value:.1f} cm³"))
        panels.append(Panel(muscle, "".join(parts)))
    return panels_picture("Muscle volumes", volumes_words(results), panels, results.design.raters)


def volumes_words(results: StudyResults) -> str:
    """What the picture of the volumes shows; lines are there only where a person has several sides or visits."""
    several = len(results.design.sides) > 1 or len(results.design.visits) > 1
    marks = "One mark a measurement" + ("; lines join one person." if several else ".")
    return f"{marks} Beside each column: mean and standard deviation."


def sides_picture(results: StudyResults) -> str:
    """Left against right, with the band of the minimal detectable change about equality. An SVG; empty without pairs."""
    found = [each for each in results.comparisons if each.kind == "sides" and each.quantity == VOLUME]
    panels: list[Panel] = []
    for muscle, rows in _by_muscle(results, found).items():
        span = around([value for each in rows for value in (each.first, each.second)])
        frame = frame_of(span, span)
        parts = [frame.axes("Right (cm³)", "Left (cm³)", x_ticks=5)]
        parts.append(_band(frame.x, frame.y, span, rows[0].mdc or 0.0))
        color = color_of(muscle, results.muscles.index(muscle))
        for each in rows:
            case = StudyCase(each.subject, "", each.visit, each.rater)
            words = f"{case.name}: left {each.first:.1f}, right {each.second:.1f} cm³"
            parts.append(_dot(results, case, frame.x(each.second), frame.y(each.first), color, words))
        panels.append(Panel(muscle, "".join(parts)))
    words = "One mark a person, visit and rater. On the line both sides are equal; grey: less than the detectable change."
    return panels_picture("Left against right", words, panels, results.design.raters)


def changes_picture(results: StudyResults) -> str:
    """Before and after, joined; changes within the minimal detectable one are dashed and grey. An SVG; empty without any."""
    found = [each for each in results.comparisons if each.kind == "visits" and each.quantity == VOLUME]
    panels: list[Panel] = []
    for muscle, rows in _by_muscle(results, found).items():
        frame = frame_of((-0.45, 1.45), around([value for each in rows for value in (each.first, each.second)]))
        parts = [categories(frame, (results.design.before, results.design.after), "Volume (cm³)")]
        color = color_of(muscle, results.muscles.index(muscle))
        for each in rows:
            within = each.exceeds_mdc is False
            case = StudyCase(each.subject, each.side, "", each.rater)
            aside = _aside(results, case)
            ends = [(frame.x(place + aside), frame.y(value)) for place, value in enumerate((each.first, each.second))]
            stroke = hex_of(_GREY if within else color)
            line = element("path", d=path_data(ends), fill="none", stroke=stroke, stroke_dasharray="4 3" if within else None)
            words = f"{case.name}: {each.first:.1f} to {each.second:.1f} cm³ ({each.difference:+.1f})"
            parts += [line, *(_dot(results, case, x, y, _GREY if within else color, words) for x, y in ends)]
        panels.append(Panel(muscle, "".join(parts)))
    words = "One line a leg and rater. Dashed and grey: the change is not larger than the minimal detectable one."
    return panels_picture("Before and after", words, panels, results.design.raters)


def bland_altman_picture(results: StudyResults, between: Between) -> str:
    """Differences of volumes against their means, with bias and limits, for each pair. An SVG; empty without any."""
    panels: list[Panel] = []
    for each in results.agreements:
        if (each.between, each.quantity) != (between, VOLUME):
            continue
        values = dict(_known(results, each.muscle))
        color = color_of(each.muscle, results.muscles.index(each.muscle))
        for pair in each.found.pairs:
            points = _pairs(values, each.between, pair.first, pair.second, each.found.raters)
            low, high = pair.difference.limits
            x_range = around([mean for _, mean, _ in points])
            y_range = around([low, high, *(difference for *_, difference in points)], middle=0.0)
            frame = frame_of(x_range, y_range)
            parts = [frame.axes("Mean of both (cm³)", f"{pair.first} − {pair.second} (cm³)", x_ticks=5)]
            parts.append(level(frame, pair.difference.bias, words=f"bias {_signed(pair.difference.bias)}"))
            parts += [level(frame, limit, dash="5 4", words=_signed(limit)) for limit in (low, high)]
            for name, mean, difference in points:
                words = f"{name}: {_signed(difference)}"
                parts.append(mark("circle", frame.x(mean), frame.y(difference), 3.6, color, title=words))
            panels.append(Panel(f"{each.muscle}: {pair.first}, {pair.second}", "".join(parts)))
    words = "One mark a leg. Solid: bias; dashed: limits of agreement (1.96 SD)."
    return panels_picture("Bland and Altman", words, panels, ())


def profiles_picture(results: StudyResults) -> str:
    """The cross-sectional areas of every leg along the muscle. An SVG; empty without any."""
    panels: list[Panel] = []
    for muscle in results.muscles:
        rows = [each for each in results.measured if each.muscle == muscle and each.profile]
        if not rows:
            continue
        frame = frame_of((0.0, 100.0), from_zero([at.acsa_cm2 for each in rows for at in each.profile]))
        color = hex_of(color_of(muscle, results.muscles.index(muscle)))
        lines = [_profile(frame.x, frame.y, each, color) for each in rows]
        panels.append(Panel(muscle, frame.axes("Muscle length (%)", "ACSA (cm²)", x_ticks=5) + "".join(lines)))
    words = "One line a measurement, from the muscle's first slice to its last."
    return panels_picture("Cross-sectional areas", words, panels, ())


def _profile(x: _Place, y: _Place, each: MeasuredMuscle, color: str) -> str:
    points = [(x(at.percent_of_length), y(at.acsa_cm2)) for at in each.profile]
    title = element("title", escape(each.case.name))
    return element("path", title, d=path_data(points), fill="none", stroke=color, stroke_width=1.1, stroke_opacity=0.65)


def _signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")


def _known(results: StudyResults, muscle: str) -> list[tuple[StudyCase, float]]:
    rows = ((each.case, each.numbers.get(VOLUME)) for each in results.measured if each.muscle == muscle)
    return [(case, value) for case, value in rows if value is not None]


def _group(case: StudyCase, results: StudyResults) -> tuple[str, str]:
    return (case.visit if len(results.design.visits) > 1 else "", case.side)


def _order(words: tuple[str, str], results: StudyResults) -> tuple[int, int]:
    visits, sides = list(results.design.visits), list(results.design.sides)
    return (visits.index(words[0]) if words[0] in visits else -1, sides.index(words[1]) if words[1] in sides else -1)


def _aside(results: StudyResults, case: StudyCase) -> float:
    raters = results.design.raters
    return spread_out(len(raters))[raters.index(case.rater)] if case.rater in raters else 0.0


def _dot(results: StudyResults, case: StudyCase, x: float, y: float, color: Rgb, words: str) -> str:
    return mark(shape(results.design.raters, case.rater), x, y, 3.8, color, title=words)


def _mean_bar(x: float, y: float, ends: Sequence[float]) -> str:
    stroke = hex_of(INK)
    bar = element("line", x1=x, x2=x, y1=ends[0], y2=ends[1], stroke=stroke, stroke_width=1.4)
    return bar + element("line", x1=x - 6, x2=x + 6, y1=y, y2=y, stroke=stroke, stroke_width=2.2)


def _band(x: _Place, y: _Place, span: tuple[float, float], reach: float) -> str:
    low, high = span
    inside = [(low, low + reach), (high - reach, high), (high, high), (high, high - reach), (low + reach, low), (low, low)]
    band = path_data([(x(a), y(b)) for a, b in inside], closed=True) if reach and reach < high - low else ""
    shaded = element("path", d=band, fill="#eceff3") if band else ""
    return shaded + element("line", class_="axis", x1=x(low), y1=y(low), x2=x(high), y2=y(high))


def _by_muscle(results: StudyResults, rows: Sequence[StudyComparison]) -> dict[str, list[StudyComparison]]:
    found = {muscle: [each for each in rows if each.muscle == muscle] for muscle in results.muscles}
    return {muscle: here for muscle, here in found.items() if here}


def _pairs(
    values: Mapping[StudyCase, float], between: Between, first: str, second: str, names: Sequence[str]
) -> list[tuple[str, float, float]]:
    """Name, mean and difference of the legs that every one measured."""
    rows: dict[tuple[str, ...], dict[str, float]] = {}
    for case, value in values.items():
        name, rest = (case.rater, case.visit) if between == "raters" else (case.visit, case.rater)
        if name in names:
            rows.setdefault((case.subject, case.side, rest), {})[name] = value
    complete = {key: row for key, row in rows.items() if len(row) == len(names)}
    return [
        (" ".join(part for part in key if part), (row[first] + row[second]) / 2, row[first] - row[second])
        for key, row in complete.items()
    ]
