"""A cohort in a store that speaks S3 gives what the same cohort in a folder gives."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cones import cone_cohort
from ifssnet.core.errors import InputError
from ifssnet.core.progress import drain
from ifssnet.core.results.evaluation import SeedProtocol
from ifssnet.io.storage.remote import RemoteFile, listed
from ifssnet.workflow.cohorts.remote_cohort import cohort_at
from ifssnet.workflow.evaluation.compared_methods import ComparedMethod
from ifssnet.workflow.evaluation.evaluate import EvaluationOptions, evaluate

REASON = "moto and s3fs are not installed: pip install -r requirements/cluster.txt"
METHODS = (ComparedMethod("hold", "hold"), ComparedMethod("plain", "plain"))


def results(place: Path | str, output: Path, workers: int = 0, cluster: str | None = None) -> dict[str, bytes]:
    options = EvaluationOptions(METHODS, SeedProtocol("all-seeds", every=8), "val", workers=workers, keep=1, cluster=cluster)
    found = drain(evaluate(place, output, options))
    assert found.absences.failed == ()
    kept = [*output.glob("cases/*/*.seg.nrrd"), *output.glob("cases/*/*.slices.csv.gz")]
    return {str(path.relative_to(output)): path.read_bytes() for path in kept}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cohort_in_a_store_gives_the_bytes_of_a_folder(tmp_path: Path, store: str) -> None:
    import s3fs

    folder = cone_cohort(tmp_path / "cones")
    s3fs.S3FileSystem().put(str(folder), f"{store}/cones", recursive=True)
    expected = results(folder, tmp_path / "own")
    assert len(expected) == 5
    assert results(f"{store}/cones", tmp_path / "here") == expected
    assert results(f"{store}/cones", tmp_path / "workers", workers=2) == expected
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "here").glob("cases/*/*")}
    assert results(f"{store}/cones", tmp_path / "here") == expected
    assert {path: path.stat().st_mtime_ns for path in before} == before
    with pytest.raises(InputError, match="Check the address"):
        cohort_at(f"{store}/nothing")
    with pytest.raises(InputError, match="credentials"):
        RemoteFile(f"{store}/cones/none.mha", "").fetch(tmp_path / "none.mha")


def test_what_fsspec_reads_of_this_machine(tmp_path: Path) -> None:
    """The same way with its part for local files, which needs no store."""
    pytest.importorskip("fsspec", reason=REASON)
    folder = cone_cohort(tmp_path / "cones")
    cohort, legs = cohort_at(folder.as_uri())
    assert cohort.label_names == {100: "SOL", 150: "GM"}
    assert [case.name for case in cohort.of_split("val")] == ["P3_x1"]
    leg = legs["val/P3_x1"]
    with leg.here() as case:
        assert case.volume_path is not None
        assert case.volume_path.read_bytes() == (folder / "val" / "P3" / "x1.mha").read_bytes()
        fetched = case.volume_path
    assert not fetched.exists()
    with leg.here(volume=False) as case:
        assert case.volume_path is not None
        assert not case.volume_path.exists()
        assert case.labels_path is not None
        assert case.labels_path.exists()
    before = leg.versions()
    shutil.copy(folder / "train" / "P1" / "x1.mha", folder / "val" / "P3" / "x1.mha")
    again = cohort_at(folder.as_uri())[1]["val/P3_x1"].versions()
    assert again[0] != before[0]
    assert again[1] == before[1]


def test_without_fsspec_the_words_say_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifssnet.io.storage.remote.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install"):
        listed("s3://legs/cones")
