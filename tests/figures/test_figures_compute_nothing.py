"""Figures draw what `measurement/` computes: no statistic is computed in `figures/`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ifssnet.figures

ROOM = Path(ifssnet.figures.__file__).parent
MODULES = sorted(ROOM.rglob("*.py"))

STATISTICS = frozenset(
    name + suffix
    for base in ("median", "percentile", "quantile", "std", "var", "average", "cumsum")
    for name in (base, f"nan{base}")
    for suffix in ("", "s")
) | {"fmean", "fsum", "stdev", "pstdev", "variance", "histogram", "corrcoef", "cov", "polyfit", "reduceat"}
"""No module of the room may call these, of numpy, of an array or of `math`."""

MEANS = frozenset({"mean", "nanmean"})
"""A mean of pixels or of a mesh's corners places and smooths a picture; in an evaluation's figures it would be a result."""

LIBRARIES = frozenset(
    {
        "statistics",
        "scipy.stats",
        "pandas",
        "ifssnet.measurement.statistics.bootstrap",
        "ifssnet.measurement.statistics.paired_tests",
    }
)


def computed(source: str, *, means_allowed: bool) -> Iterator[str]:
    """The statistics that a module computes itself."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in STATISTICS or (name in MEANS and not means_allowed):
                yield f"line {node.lineno}: {name}"
        elif isinstance(node, ast.Import):
            yield from (f"line {node.lineno}: {each.name}" for each in node.names if each.name in LIBRARIES)
        elif isinstance(node, ast.ImportFrom):
            whole = {node.module or "", *(f"{node.module}.{each.name}" for each in node.names)}
            yield from (f"line {node.lineno}: {name}" for name in sorted(whole & LIBRARIES))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOM).as_posix())
def test_no_figure_computes_a_statistic(module: Path) -> None:
    means_allowed = module.parent.name != "evaluation_report"
    assert list(computed(module.read_text(encoding="utf-8"), means_allowed=means_allowed)) == []


@pytest.mark.parametrize(
    "source",
    ["np.percentile(x, 95)", "x.std(ddof=1)", "math.fsum(x)", "from scipy import stats", "import statistics", "np.mean(x)"],
)
def test_the_rule_sees_what_it_forbids(source: str) -> None:
    assert list(computed(source, means_allowed=False))
