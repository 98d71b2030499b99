"""`ifss figures`: the paper's exhibits out of an evaluation's tables and the segmentations that it kept."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path

from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import SOL, color_of, field_names
from ifssnet.core.progress import Progress
from ifssnet.core.results.evaluation_results import DrawnFigures, Results
from ifssnet.figures.drawing.method_theme import method_styles
from ifssnet.figures.evaluation_report.drift import drift_picture
from ifssnet.figures.evaluation_report.method_bars import metrics_picture, volume_error_picture
from ifssnet.figures.evaluation_report.report import evaluation_html
from ifssnet.figures.evaluation_report.slice_distribution import distribution_picture
from ifssnet.figures.evaluation_report.table_one import table_columns, table_text
from ifssnet.figures.evaluation_report.volume_views import MethodSurfaces, errors_picture, volumes_picture
from ifssnet.figures.rendering.axis_letters import UNKNOWN_AXES
from ifssnet.figures.rendering.mesh import DisplayMesh, display_meshes
from ifssnet.figures.rendering.muscle_surface import MuscleSurface
from ifssnet.figures.rendering.surfaces import standard_views
from ifssnet.geometry.surfaces.surface import surface_of
from ifssnet.io.open import open_labels
from ifssnet.io.storage.atomic import atomic_folder, atomic_path
from ifssnet.io.storage.tables import write_table
from ifssnet.measurement.reference.surface_error import surface_error_mm
from ifssnet.workflow.evaluation.evaluate import TRUTH
from ifssnet.workflow.evaluation.evaluation_folder import REPORT, about_table, read_results
from ifssnet.workflow.evaluation.run_files import RunFiles
from ifssnet.workflow.evaluation.summary import summarise
from ifssnet.workflow.leg.case import in_order

FACES = 12_000
"""The largest number of triangles for each muscle: as many as the pictures show."""


def draw_figures(folder: Path, *, force: bool = False) -> Generator[Progress, None, DrawnFigures]:
    """Draw every exhibit into `figures/` of an evaluation's folder, and put the 3-D ones into its report too.

    Args:
        folder: What `ifss evaluate` wrote.
        force: Replace figures that are there.

    Raises:
        InputError: No evaluation in the folder, or figures that are there already.
    """
    results = read_results(folder)
    results = replace(results, summary=summarise(results, results.about.against))
    drawn: dict[str, str] = {}
    with atomic_folder(folder / "figures", force=force) as target:
        yield Progress("drawing charts", 0, 1)
        drawn["metrics-by-method"] = metrics_picture(results)
        drawn["volume-error"] = volume_error_picture(results)
        drawn["drift"] = drift_picture(results)
        for muscle in (SOL, *(name for name in results.muscles if name != SOL)):
            if muscle in results.muscles:
                drawn[f"slice-distances-{muscle}"] = distribution_picture(results, muscle)
        in_space = yield from _in_space(folder, results)
        drawn |= {name: svg for name, (_, svg, _) in in_space.items()}
        for name, svg in drawn.items():
            if svg:
                (target / f"{name}.svg").write_text(svg + "\n", encoding="utf-8", newline="\n")
        write_table(table_columns(results), target / "table-1.csv")
        (target / "table-1.md").write_text(table_text(results), encoding="utf-8", newline="\n")
    with atomic_path(folder / REPORT, force=True) as partial:
        partial.write_text(
            evaluation_html(results, about_table(results), list(in_space.values())), encoding="utf-8", newline="\n"
        )
    files = sorted(path.name for path in (folder / "figures").iterdir())
    return DrawnFigures(folder / "figures", tuple(files))


def _in_space(folder: Path, results: Results) -> Generator[Progress, None, dict[str, tuple[str, str, str]]]:
    """Name to title, SVG and caption of the 3-D figures of each leg whose segmentations were kept."""
    found: dict[str, tuple[str, str, str]] = {}
    for case in results.cases:
        here = folder / "cases" / case
        kept = [style for style in method_styles(results) if RunFiles(here, style.label).segmentation.is_file()]
        if not kept or not (here / TRUTH).is_file():
            continue
        truth = open_labels(here / TRUTH)
        columns = [MethodSurfaces("Truth", _meshes(truth, None))]
        for place, style in enumerate(kept):
            yield Progress(f"surfaces of {case}", place, len(kept))
            labels = open_labels(RunFiles(here, style.label).segmentation)
            columns.append(MethodSurfaces(style.name, _meshes(labels, truth)))
        # A compounded volume has its tracker's axes: they do not say which side is posterior.
        above, below = standard_views(UNKNOWN_AXES)[:2]
        muscles = results.muscles
        colors = {name: color_of(name, i) for i, name in enumerate(muscles)}
        title = f"Muscles of {case} by method"
        keys = ", ".join(f"{name} {word}" for name, word in _COLOR_WORDS.items() if name in muscles)
        caption = f"{case}. {keys}." if keys else f"{case}."
        found[f"volumes-{case}"] = (title, volumes_picture(columns, colors, (below, above), title), caption)
        title = f"Surface error of {case} by method"
        caption = f"{case}. Distance of each method's surface to the border of the truth."
        found[f"surface-error-{case}"] = (title, errors_picture(columns[1:], muscles, below, title), caption)
    return found


_COLOR_WORDS: Mapping[str, str] = {"SOL": "violet", "GM": "pink", "GL": "green"}


def _meshes(labels: LabelMap, truth: LabelMap | None) -> list[DisplayMesh]:
    shown: list[MuscleSurface] = []
    called = field_names([*labels.names.values(), *(() if truth is None else truth.names.values())])
    for value in in_order(labels):
        surface = surface_of(labels, value, max_faces=FACES)
        name = called[labels.names[value]]
        there = None if truth is None else next((v for v, n in truth.names.items() if called[n] == name), None)
        error = None if truth is None or there is None else surface_error_mm(surface, truth, there)
        if len(surface.faces):
            shown.append(MuscleSurface(surface, error))
    return display_meshes(shown)
