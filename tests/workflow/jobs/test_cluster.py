"""Work on a real Ray cluster on loopback: nothing lost, nothing twice, whatever dies."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cones import block_leg, cone_cohort
from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress, drain
from ifssnet.workflow.jobs.cluster import Cluster
from ifssnet.workflow.jobs.run import Machines, run_all

REASON = "Ray is not installed: pip install -r requirements/cluster.txt"
NODE = {"object_store_memory": 80 * 2**20, "include_dashboard": False}


@dataclass(frozen=True)
class Piece:
    """What is to be done in a test: one file."""

    number: int
    folder: Path
    wait_s: float = 0.0

    @property
    def done(self) -> bool:
        return (self.folder / str(self.number)).is_file()


def write(piece: Piece) -> int:
    """Say that it begins; some seconds later, once and for all, that it ends."""
    (piece.folder / f"begun-{piece.number}-{os.getpid()}").touch()
    time.sleep(piece.wait_s)
    if piece.number == 7:
        raise InputError("a leg", "none", "Find one.")
    # A second writer would fail.
    with (piece.folder / str(piece.number)).open("x", encoding="utf-8") as stream:
        stream.write(f"piece {piece.number}")
    return piece.number


class TwoNodes:
    """A head that does no work, and nodes of one processor that do."""

    def start(self, port: int) -> None:
        from ray.cluster_utils import Cluster as RayCluster

        self.port = port
        self.ray: Any = RayCluster(initialize_head=True, head_node_args={"num_cpus": 0, "gcs_server_port": port, **NODE})
        self.nodes = [self.ray.add_node(num_cpus=1, wait=False, **NODE) for _ in range(2)]
        self.ray.wait_for_nodes()

    def kill_a_node(self) -> None:
        self.ray.remove_node(self.nodes.pop(), allow_graceful=False)

    def stop(self) -> None:
        self.ray.shutdown()


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[TwoNodes]:
    pytest.importorskip("ray", reason=REASON)
    # The machines of the cluster find this file.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    nodes = TwoNodes()
    nodes.start(free_port())
    yield nodes
    nodes.stop()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.parametrize("address", ["", "head", "head:port", "head:70000", "http://head:6379", "ray://head", "local"])
def test_addresses_that_cannot_be(address: str) -> None:
    with pytest.raises(InputError, match="HOST:PORT"):
        Cluster(address)


def test_without_ray_the_words_say_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifssnet.workflow.jobs.cluster.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install"):
        Machines.of(1, "auto")


@pytest.mark.slow
def test_nobody_at_the_address(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason=REASON)
    work = run_all([Piece(1, tmp_path)], write, Machines.of(1, f"127.0.0.1:{free_port()}"), "working", (tmp_path,))
    with pytest.raises(InputError, match="ray start --head"):
        drain(work)
    assert list(tmp_path.iterdir()) == []


def begun(folder: Path) -> int:
    return len({path.name.split("-")[1] for path in folder.glob("begun-*")})


@pytest.mark.slow
@pytest.mark.posix
def test_a_node_that_is_killed_and_a_head_that_comes_back(tmp_path: Path, cluster: TwoNodes) -> None:
    works = [Piece(number, tmp_path, 0.7) for number in range(16)]
    machines = Machines(cluster=Cluster(cluster.ray.address))
    seen: list[Progress] = []
    work = run_all(works, write, machines, "working", (tmp_path,))
    killed = restarted = False
    while True:
        try:
            seen.append(next(work))
        except StopIteration as stop:
            outcomes = stop.value
            break
        if not killed and begun(tmp_path) >= 3:
            cluster.kill_a_node()
            killed = True
        if killed and not restarted and seen[-1].done >= 6:
            port = cluster.port
            cluster.stop()
            cluster.start(port)
            restarted = True
    assert restarted
    assert [outcome.work for outcome in outcomes] == works
    assert [outcome.error for outcome in outcomes if outcome.work.number != 7] == [""] * 15
    assert outcomes[7].refusal is not None
    assert outcomes[7].refusal.remedy == "Find one."
    files = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir() if path.name.isdecimal()}
    assert files == {str(number): f"piece {number}" for number in range(16) if number != 7}
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert any("does not answer" in progress.note for progress in seen)
    assert not list(tmp_path.glob(".shared-*"))


def ifss(*words: object) -> subprocess.Popen[str]:
    """The command as a user starts it."""
    command = [sys.executable, "-m", "ifssnet", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")


def said_by(process: subprocess.Popen[str], code: int) -> str:
    said = "".join(process.communicate(timeout=300))
    assert process.returncode == code, said
    return said


def results_in(folder: Path, *patterns: str) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for pattern in patterns for path in folder.rglob(pattern)}


@pytest.mark.slow
@pytest.mark.posix
def test_the_command_line_on_a_cluster_that_loses_a_node(tmp_path: Path, store: str, cluster: TwoNodes) -> None:
    """`ifss segment` of a folder and of a store, `ifss evaluate` of a store: the bytes of one process on this machine."""
    import s3fs

    legs, cones = tmp_path / "legs", cone_cohort(tmp_path / "cones")
    for number in range(12):
        block_leg(legs, f"P{number:02d}", 4 + number % 8)
    (legs / "P05.mha").write_bytes((legs / "P05.mha").read_bytes()[:900])
    system = s3fs.S3FileSystem()
    for folder in (legs, cones):
        system.put(str(folder), f"{store}/{folder.name}", recursive=True)
    method, address = ("--method", "shape-interpolation", "-q"), ("--cluster", cluster.ray.address)
    said_by(ifss("segment", legs, "-o", tmp_path / "one", *method, "--workers", 0), 1)
    expected = results_in(tmp_path / "one", "*.seg.nrrd")
    assert len(expected) == 11
    running = ifss("segment", legs, "-o", tmp_path / "many", *method, *address)
    while not results_in(tmp_path / "many", "P*.seg.nrrd"):
        assert running.poll() is None, said_by(running, 1)
        time.sleep(0.05)
    cluster.kill_a_node()
    left = 11 - len(results_in(tmp_path / "many", "P*.seg.nrrd"))
    assert "failed: P05" in said_by(running, 1)
    assert left > 0
    assert results_in(tmp_path / "many", "*.seg.nrrd") == expected
    said = said_by(ifss("segment", f"{store}/legs", "-o", tmp_path / "store", *method, *address), 1)
    assert "cut short" in said
    assert results_in(tmp_path / "store", "*.seg.nrrd") == expected
    compared = ("--methods", "hold,plain", "--every", 8, "--split", "val", "-q", "-o")
    said_by(ifss("evaluate", cones, *compared, tmp_path / "own", "--workers", 0), 0)
    said_by(ifss("evaluate", f"{store}/cones", *compared, tmp_path / "far", *address), 0)
    kept = ("*.seg.nrrd", "*.slices.csv.gz")
    assert len(results_in(tmp_path / "own", *kept)) == 5
    assert results_in(tmp_path / "far", *kept) == results_in(tmp_path / "own", *kept)
    assert not [path for path in tmp_path.rglob("*") if "partial" in path.name or path.name.startswith(".shared-")]
