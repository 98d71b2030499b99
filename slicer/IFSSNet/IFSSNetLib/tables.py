"""What `ifss measure` answers, as rows and as 3D Slicer's tables and plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Sequence[object]

VOLUME_COLUMNS = (
    ("volume_cm3", "Volume (cm3)"),
    ("length_mm", "Length (mm)"),
    ("max_acsa_cm2", "Largest ACSA (cm2)"),
    ("max_acsa_position_mm", "at (mm)"),
)


def volume_rows(measured: Mapping[str, Any]) -> tuple[list[str], list[Row]]:
    """Columns, and a row for each muscle; what was not measured is None."""
    columns = ["Muscle", *(title for _, title in VOLUME_COLUMNS)]
    rows: list[Row] = [[name, *(of.get(key) for key, _ in VOLUME_COLUMNS)] for name, of in measured["muscles"].items()]
    return columns, rows


def profile_rows(measured: Mapping[str, Any]) -> tuple[list[str], list[Row]]:
    """The ACSA along the leg: a row for each slice, a column for each muscle, None where a muscle is not."""
    muscles = measured["muscles"]
    areas: dict[str, dict[int, float]] = {}
    positions: dict[int, float] = {}
    for name, of in muscles.items():
        profile = of["profile"]
        places = list(zip(profile["z"], profile["position_mm"], profile["acsa_cm2"]))  # noqa: B905 - Python 3.9
        areas[name] = {z: area for z, _, area in places}
        positions.update({z: position for z, position, _ in places})
    columns = ["Slice", "Position (mm)", *(f"{name} ACSA (cm2)" for name in muscles)]
    return columns, [[z, positions[z], *(areas[name].get(z) for name in muscles)] for z in sorted(positions)]


def fill(table: Any, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Put rows into a table node: text in the first column if it is text, numbers elsewhere, NaN where nothing was measured."""
    import vtk

    filled = vtk.vtkTable()
    for number, title in enumerate(columns):
        values = [row[number] for row in rows]
        text = any(isinstance(value, str) for value in values)
        column = vtk.vtkStringArray() if text else vtk.vtkDoubleArray()
        column.SetName(title)
        for value in values:
            column.InsertNextValue(str(value) if text else float("nan") if value is None else float(value))  # type: ignore[arg-type]
        filled.AddColumn(column)
    table.SetAndObserveTable(filled)
    table.Modified()


def plot(scene: Any, table: Any, columns: Sequence[str], name: str) -> Any:
    """A chart with a line for each muscle of the ACSA table."""
    chart = scene.GetFirstNode(name, "vtkMRMLPlotChartNode") or scene.AddNewNodeByClass("vtkMRMLPlotChartNode", name)
    for number in reversed(range(chart.GetNumberOfPlotSeriesNodes())):
        scene.RemoveNode(chart.GetNthPlotSeriesNode(number))
    chart.RemoveAllPlotSeriesNodeIDs()
    for title in columns[2:]:
        series = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", title)
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetXColumnName(columns[1])
        series.SetYColumnName(title)
        series.SetPlotType(series.PlotTypeScatter)
        series.SetMarkerStyle(series.MarkerStyleNone)
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    chart.SetXAxisTitle(columns[1])
    chart.SetYAxisTitle("ACSA (cm2)")
    return chart


def suggestion_words(answer: object) -> list[str]:
    """The slices to draw next, a line each.

    >>> suggestion_words([{"z": 40, "gain_percent": 12.34, "why": "SOL is widest there"}])
    ['slice 40: 12.3 %, SOL is widest there']
    """
    found = answer if isinstance(answer, list) else []
    return [f"slice {each['z']}: {each['gain_percent']:.1f} %, {each['why']}" for each in found]
