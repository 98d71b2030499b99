"""What CONTRIBUTING says that a new format, muscle, method, metric, loss and figure take is what they take.

Each example of the page is carried out on a copy of the package, in a process of its own: its file is written, its lines are
added to the table, and the new thing is used.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "CONTRIBUTING.md"
BLOCK = re.compile(r'^```(python|diff) title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """What a section of the page adds: new files, and hunks of changes of files that there are."""

    files: dict[str, str]
    changes: dict[str, list[str]]


def example(heading: str) -> Example:
    text = PAGE.read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = [match.groups() for match in BLOCK.finditer(section)]
    return Example(
        {path: body for kind, path, body in found if kind == "python"},
        {path: re.split(r"^@@\n", body, flags=re.MULTILINE) for kind, path, body in found if kind == "diff"},
    )


def lines(hunk: str, kept: str) -> str:
    """The lines of a hunk that begin with one of some signs, without it."""
    return "".join(line[1:] for line in hunk.splitlines(keepends=True) if line[0] in kept)


def carry_out(made: Example, root: Path) -> None:
    shutil.copytree(REPOSITORY / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    for path, body in made.files.items():
        assert not (root / path).exists(), f"{path} is there already"
        (root / path).write_text(body, encoding="utf-8")
    for path, hunks in made.changes.items():
        text = (root / path).read_text(encoding="utf-8")
        for hunk in hunks:
            assert text.count(lines(hunk, " -")) == 1, f"{path} has no such place, or several:\n{hunk}"
            text = text.replace(lines(hunk, " -"), lines(hunk, " +"))
        (root / path).write_text(text, encoding="utf-8")


USED = {
    "Adding a format": """
        volume = ifssnet.Volume(np.arange(24, dtype=np.uint8).reshape(2, 3, 4), ifssnet.Grid((2, 3, 4), (0.5, 0.7, 2.0)))
        ifssnet.save(volume, Path("leg.npz"))
        again = ifssnet.open_volume("leg.npz")
        assert np.array_equal(again.array, volume.array) and again.grid == volume.grid
        from ifssnet.cli.main import app
        app(["info", "leg.npz"], standalone_mode=False)
        app(["convert", "leg.npz", "leg.mha"], standalone_mode=False)
        assert np.array_equal(ifssnet.open_volume("leg.mha").array, volume.array)
        Path("bad.npz").write_bytes(b"PK nonsense")
        try:
            ifssnet.open_volume("bad.npz")
        except ifssnet.InputError:
            pass
        else:
            raise AssertionError
    """,
    "Adding a muscle": """
        from ifssnet.core.muscles import color_of, field_name
        assert field_name("VHF_Left_Muscle_Sartorius_smooth") == field_name("sart") == "SARTORIUS"
        assert color_of("SARTORIUS", 5) == (0, 114, 178)
    """,
    "Adding a method": """
        disc = np.zeros((9, 9), bool)
        disc[3:6, 3:6] = True
        grid = ifssnet.Grid((11, 9, 9), (1.0, 1.0, 10.0))
        seeds = ifssnet.Seeds({1: {0: disc, 2: ~disc}}, grid, {1: "SOL"})
        from ifssnet.propagate.methods import method
        found = ifssnet.segment(None, seeds, "nearest-mask", reach_mm=40)
        assert found.labels.array.any(axis=(1, 2)).tolist() == [True] * 7 + [False] * 4
        assert np.array_equal(found.labels.array[1] == 1, disc) and np.array_equal(found.labels.array[4] == 1, ~disc)
        from ifssnet.cli.main import app
        app(["segment", "--help"], standalone_mode=False)
    """,
    "Adding a metric": """
        def cube(first):
            array = np.zeros((14, 14, 14), np.uint8)
            array[first : first + 10, 2:12, 2:12] = 1
            return ifssnet.LabelMap(array, ifssnet.Grid((14, 14, 14)), {1: "SOL"})
        found = ifssnet.compare(cube(1), cube(3))
        # Two of ten slices of 10 x 10 mm are missed.
        assert found.muscles["SOL"].further["missed_cm3"] == 0.2 == found.mean.further["missed_cm3"]
        from ifssnet.io.result_tables import save_agreement
        save_agreement(found, Path("found.csv"))
        assert "SOL,missed_cm3,0.2" in Path("found.csv").read_text(encoding="utf-8").splitlines()
    """,
    "Adding a loss": """
        import torch
        from ifssnet.train.recipe import find_recipe, read_recipe
        from ifssnet.nn.losses.focal import FocalConfig
        recipe = read_recipe(Path(RECIPES) / "anchored.toml", ["loss={form = 'focal', gamma = 3.0}"])
        assert recipe.config.loss == FocalConfig(gamma=3.0)
        loss = recipe.config.loss.build()
        # Half sure of everything: 1/2 to the power of 3, times ln 2.
        half = torch.full((2, 4, 4), 0.5)
        assert abs(float(loss(half, torch.ones(2, 4, 4))) - 0.0866434) < 1e-6
    """,
    "Adding a figure": """
        from ifssnet.core.results.measures import MuscleMeasures
        from ifssnet.figures.leg_report.content import ReportContent
        from ifssnet.figures.leg_report.report import report_html
        muscles = {"SOL": MuscleMeasures(volume_cm3=300.0, length_mm=281.0)}
        page = report_html(ReportContent("A leg", ifssnet.Grid((4, 4, 4)), muscles))
        assert '<a href="#lengths">Lengths</a>' in page and "SOL 281 mm" in page and 'width="421.5"' in page
    """,
}


@pytest.mark.parametrize("heading", USED)
def test_an_example_works_with_the_files_and_lines_that_it_shows(heading: str, tmp_path: Path) -> None:
    made = example(heading)
    carry_out(made, tmp_path)
    opening = f"import numpy as np\nfrom pathlib import Path\nimport ifssnet\nRECIPES = {str(REPOSITORY / 'recipes')!r}\n"
    body = re.sub(r"^        ", "", USED[heading], flags=re.MULTILINE)
    where = f"assert Path(ifssnet.__file__).is_relative_to({str(tmp_path)!r})\n"
    # What is compiled is not kept for a copy that is used once.
    settings = {**os.environ, "PYTHONPATH": str(tmp_path / "src"), "NUMBA_DISABLE_JIT": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", opening + where + body],
        cwd=tmp_path,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("heading", USED)
def test_an_example_is_one_file_and_one_line_in_one_table(heading: str) -> None:
    made = example(heading)
    assert len(made.files) == (0 if heading == "Adding a muscle" else 1)
    (hunks,) = made.changes.values()
    added = [line for hunk in hunks for line in hunk.splitlines() if line.startswith("+")]
    assert sum(not line.startswith("+from ") for line in added) == 1
    assert len(added) <= 2


def test_every_kind_of_addition_has_an_example() -> None:
    headings = set(re.findall(r"^## (Adding .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert headings == set(USED)
