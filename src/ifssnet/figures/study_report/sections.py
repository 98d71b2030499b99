"""The tables of a study's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ifssnet.core.results.reliability import Interval
from ifssnet.core.results.study import GroupDifference, StudyAgreement, StudyResults
from ifssnet.figures.drawing.pages import DASH, render, signed
from ifssnet.measurement.quantities import MEASURES, Quantity
from ifssnet.measurement.statistics.spread import mean_and_sd

PACKAGE = "ifssnet.figures.study_report"
_QUANTITIES = {each.key: each for each in MEASURES}
_MOST_ROWS = 60
_SOURCES = {"given": "given", "visits": "repeated visits", "raters": "raters"}


@dataclass(frozen=True)
class Table:
    """A table under a heading.

    Attributes:
        title: Its heading; empty for none.
        heads: The names of its columns.
        rows: As many cells in each; the first one names the row.
        how: How the numbers are to be read.
        wide: Whether the cells hold sentences.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    how: str = ""
    wide: bool = False

    @property
    def html(self) -> Markup:
        """The table; empty without a row."""
        return render(PACKAGE, "table.html", table=self) if self.rows else Markup()


def problems_table(results: StudyResults) -> Table:
    """Failed and missing measurements, and why."""
    rows = [(each.case.name, each.status, each.reason) for each in results.outcomes if each.status != "done"]
    return Table("Missing and failed", ("measurement", "status", "why"), rows, wide=True)


def remarks_table(results: StudyResults) -> Table:
    """What a person has to know before using the numbers of single legs."""
    rows = [(each.case.name, remark) for each in results.outcomes for remark in each.remarks]
    how = f"The first {_MOST_ROWS} of {len(rows)}; all are in tables/measurements.csv." if len(rows) > _MOST_ROWS else ""
    return Table("Remarks on single legs", ("measurement", "remark"), rows[:_MOST_ROWS], how, wide=True)


def volumes_table(results: StudyResults) -> Table:
    """Mean and standard deviation of each muscle by visit, side and rater."""
    groups: dict[tuple[str, str, str, str], list[float]] = {}
    for each in results.measured:
        value = each.numbers.get("volume_cm3")
        if value is not None:
            groups.setdefault((each.muscle, each.case.visit, each.case.side, each.case.rater), []).append(value)
    rows: list[tuple[str, ...]] = []
    for key, values in groups.items():
        mean, sd = mean_and_sd(values)
        written = signed(mean, 1) + ("" if sd is None else f" ± {sd:.1f}")
        rows.append((*_shown(key), str(len(values)), written.lstrip("+"), f"{min(values):.1f} to {max(values):.1f}"))
    heads = ("muscle", "visit", "side", "rater", "legs", "volume cm³, mean ± SD", "range")
    return Table("Volumes", heads, rows)


def agreement_table(agreed: Sequence[StudyAgreement], confidence: float) -> Table:
    """Intraclass correlations, standard errors and detectable changes."""
    rows: list[tuple[str, ...]] = []
    for each in agreed:
        quantity, whole = _quantity(each.quantity), each.found.reliability
        rows.append(
            (
                each.muscle,
                quantity.label,
                ", ".join(each.found.raters),
                f"{whole.subjects} of {each.subjects}",
                _with_interval(whole.icc_2_1.value, whole.icc_2_1.interval, 3),
                f"{whole.sem_agreement:.3g} {quantity.unit}",
                f"{whole.mdc_agreement:.3g} {quantity.unit}",
            )
        )
    heads = ("muscle", "quantity", "measurements", "legs of persons", "ICC(2,1)", "SEM", "MDC")
    how = (
        f"ICC(2,1): absolute agreement of single measurements, with its {100 * confidence:g} % interval. SEM: standard error "
        "of measurement. MDC: minimal detectable change between two measurements."
    )
    return Table("", heads, rows, how)


def bland_altman_table(agreed: Sequence[StudyAgreement]) -> Table:
    """Bias and limits of each pair."""
    rows = [
        (
            each.muscle,
            _quantity(each.quantity).label,
            f"{pair.first} − {pair.second}",
            _with_interval(pair.difference.bias, pair.difference.bias_interval, 2, with_sign=True),
            f"{signed(pair.difference.limits[0], 2)} to {signed(pair.difference.limits[1], 2)}",
            _quantity(each.quantity).unit,
        )
        for each in agreed
        for pair in each.found.pairs
    ]
    return Table("", ("muscle", "quantity", "difference", "bias (interval)", "limits of agreement", "unit"), rows)


def differences_table(results: StudyResults, kind: str) -> Table:
    """Each person's difference, and whether it is more than the measurement scatters."""
    found = [each for each in results.comparisons if each.kind == kind and each.quantity == "volume_cm3"]
    names = ("left", "right") if kind == "sides" else (results.design.before, results.design.after)
    rows = [
        (
            " ".join(part for part in (each.subject, each.side, each.visit, each.rater) if part),
            each.muscle,
            f"{each.first:.1f}",
            f"{each.second:.1f}",
            signed(each.difference, 1),
            DASH if each.percent is None else f"{signed(each.percent, 1)} %",
            DASH if each.mdc is None else f"{each.mdc:.1f}",
            {None: DASH, True: "larger", False: "within"}[each.exceeds_mdc],
        )
        for each in found
    ]
    how = f"The first {_MOST_ROWS} of {len(rows)}; all are in tables/comparisons.csv." if len(rows) > _MOST_ROWS else ""
    heads = ("leg", "muscle", f"{names[0]} cm³", f"{names[1]} cm³", "difference cm³", "difference", "MDC cm³", "against MDC")
    return Table("", heads, rows[:_MOST_ROWS], how)


def groups_table(results: StudyResults, kind: str) -> Table:
    """Mean differences with their intervals."""
    found = [each for each in results.groups if each.kind == kind]
    rows = [
        (
            each.muscle,
            _quantity(each.quantity).label,
            _which(each),
            str(each.found.subjects),
            f"{_with_interval(each.found.bias, each.found.bias_interval, 2, with_sign=True)} {_quantity(each.quantity).unit}",
        )
        for each in found
    ]
    percent = f"{100 * results.design.confidence:g} %"
    how = f"Mean of the differences with its {percent} interval by Student's t."
    return Table("", ("muscle", "quantity", "of", "legs", "mean difference (interval)"), rows, how)


def detectable_table(results: StudyResults) -> Table:
    """Minimal detectable changes, and where each comes from."""
    rows = [
        (
            each.muscle,
            _quantity(each.quantity).label,
            f"{each.value:.3g} {_quantity(each.quantity).unit}",
            _SOURCES[each.source],
        )
        for each in results.detectable
    ]
    return Table("Minimal detectable change", ("muscle", "quantity", "MDC", "found from"), rows)


def _which(each: GroupDifference) -> str:
    return " ".join(part for part in (each.visit, each.side, each.rater) if part) or "all"


def _quantity(key: str) -> Quantity:
    return _QUANTITIES[key]


def _shown(words: Sequence[str]) -> list[str]:
    return [word or DASH for word in words]


def _with_interval(value: float, interval: Interval, decimals: int, *, with_sign: bool = False) -> str:
    written = [signed(each, decimals) for each in (value, *interval)]
    middle, low, high = written if with_sign else [text.lstrip("+") for text in written]
    return f"{middle} ({low} to {high})"
