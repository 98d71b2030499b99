"""The module of 3D Slicer without 3D Slicer: commands, their process, tables."""

from __future__ import annotations

import ast
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from IFSSNetLib import commands, nodes, tables
from IFSSNetLib.process import Step, Work, environment_for, step_of

from ifssnet.propagate.methods import METHODS

MODULE = Path(__file__).parents[2] / "slicer" / "IFSSNet"


def ended(work: Work) -> Work:
    started = time.monotonic()
    while not work.poll():
        assert time.monotonic() - started < 20
        time.sleep(0.01)
    return work


def python(*programs: str) -> Work:
    return Work([[sys.executable, "-c", program] for program in programs], os.environ)


def test_every_method_of_the_panel_is_one_of_the_command() -> None:
    assert {name for name, _ in commands.METHODS if name} <= set(METHODS)


def test_several_corrections_the_later_one_counts() -> None:
    paths = [Path("a.seg.nrrd"), Path("b.seg.nrrd")]
    assert "--later-wins" not in commands.segment("p", Path("v"), Path("s"), Path("o"), corrections=paths[:1])
    words = commands.segment("p", Path("v"), Path("s"), Path("o"), corrections=paths)
    assert words[-5:] == ["--corrections", "a.seg.nrrd", "--corrections", "b.seg.nrrd", "--later-wins"]


def test_the_button_says_what_it_installs_and_where() -> None:
    words = commands.install_words("/opt/python", "ifssnet[nn]")
    assert "pip install ifssnet[nn] for /opt/python" in words
    assert "torch for the networks" in words
    assert "without torch" in commands.install_words("/opt/python", "ifssnet")


@pytest.mark.parametrize("line", ["propagating: 230 of 0", "warning: 2 of 136 frames are left out", "propagating ..."])
def test_what_is_no_progress(line: str) -> None:
    assert step_of(line) is None


def test_two_commands_one_after_the_other() -> None:
    tell = "import sys; print('half way: 1 of 2', file=sys.stderr); print('a remark', file=sys.stderr); print('{\"a\": 1}')"
    work = ended(python(tell, tell))
    assert not work.failed
    assert work.answers() == [{"a": 1}, {"a": 1}]
    assert work.said == ["a remark", "a remark"]
    assert work.step == Step("half way", 0.75)


def test_after_a_failure_nothing_more_is_started(tmp_path: Path) -> None:
    second = tmp_path / "second"
    work = ended(python("import sys; print('expected a volume', file=sys.stderr); sys.exit(2)", f"open({str(second)!r}, 'w')"))
    assert work.failed
    assert work.said == ["expected a volume"]
    assert not second.exists()


def test_cancel_ends_the_process_and_starts_nothing_more(tmp_path: Path) -> None:
    second = tmp_path / "second"
    work = python("import time; time.sleep(60)", f"open({str(second)!r}, 'w')")
    started = time.monotonic()
    work.cancel()
    ended(work)
    assert time.monotonic() - started < 10
    assert work.cancelled
    assert not second.exists()


def test_another_interpreter_does_not_get_slicers_libraries(tmp_path: Path) -> None:
    here = {"PYTHONHOME": "/slicer", "LD_LIBRARY_PATH": "/slicer/lib", "PATH": "/bin"}
    own, other = str(tmp_path / "PythonSlicer"), str(tmp_path / "python")
    assert environment_for(own, own, here, {})["PYTHONHOME"] == "/slicer"
    assert environment_for(other, own, here, {"HOME": "/me"}).get("HOME") == "/me"
    unknown = environment_for(other, own, here, None)
    assert "PYTHONHOME" not in unknown
    assert "LD_LIBRARY_PATH" not in unknown
    assert unknown["PATH"] == "/bin"


MEASURED = {
    "muscles": {
        "SOL": {"volume_cm3": 5.0, "profile": {"z": [3, 4], "position_mm": [6.0, 8.0], "acsa_cm2": [1.0, 2.0]}},
        "GM": {"volume_cm3": None, "profile": {"z": [4, 5], "position_mm": [8.0, 10.0], "acsa_cm2": [3.0, 4.0]}},
    }
}


def test_tables_of_volumes_and_areas() -> None:
    columns, rows = tables.volume_rows(MEASURED)
    assert columns[:2] == ["Muscle", "Volume (cm3)"]
    assert [list(row[:2]) for row in rows] == [["SOL", 5.0], ["GM", None]]
    columns, rows = tables.profile_rows(MEASURED)
    assert columns == ["Slice", "Position (mm)", "SOL ACSA (cm2)", "GM ACSA (cm2)"]
    assert [list(row) for row in rows] == [[3, 6.0, 1.0, None], [4, 8.0, 2.0, 3.0], [5, 10.0, None, 4.0]]


def test_edited_slices() -> None:
    before = {"SOL": {1: 10, 2: 20}, "GM": {1: 5}}
    assert nodes.changed(before, {"SOL": {1: 10, 2: 21, 3: 1}, "GM": {1: 5}}) == {"SOL": [2, 3]}
    with pytest.raises(nodes.Refused, match="Slice 1 was erased"):
        nodes.changed(before, {"SOL": {2: 20}, "GM": {1: 5}})


def test_a_transform_that_changes_lengths_is_refused() -> None:
    turn = np.eye(4)
    turn[:2, :2] = [[0.6, -0.8], [0.8, 0.6]]
    nodes._refuse_scaling(turn)
    with pytest.raises(nodes.Refused, match="changes lengths"):
        nodes._refuse_scaling(np.diag([1.0, 1.0, 1.1, 1.0]))


def test_the_logic_needs_neither_qt_nor_slicer() -> None:
    for path in (MODULE / "IFSSNetLib").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & {"qt", "ctk", "slicer", "torch", "ifssnet"}, path


def test_the_build_lists_every_file() -> None:
    listed = (MODULE / "CMakeLists.txt").read_text(encoding="utf-8")
    for path in (*MODULE.glob("*.py"), *MODULE.glob("IFSSNetLib/*.py")):
        assert path.relative_to(MODULE).as_posix() in listed
