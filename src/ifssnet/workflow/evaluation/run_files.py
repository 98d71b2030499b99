"""The files of one method on one leg, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ifssnet.core.errors import InputError
from ifssnet.core.results.evaluation import MethodFacts, SeedProtocol
from ifssnet.io.plain_data import Json, plain_table, structure
from ifssnet.io.storage.json_files import read_json_object
from ifssnet.workflow.files.result_files import write_json

FORMAT = "ifssnet-evaluation/2"


@dataclass(frozen=True)
class RunFiles:
    """Where the results of one method on one leg lie.

    Attributes:
        folder: The leg's folder.
        label: The method's label.
    """

    folder: Path
    label: str

    @property
    def numbers(self) -> Path:
        """Metrics, time and what they depend on; written last."""
        return self.folder / f"{self.label}.json"

    @property
    def slices(self) -> Path:
        """Metrics by slice."""
        return self.folder / f"{self.label}.slices.csv.gz"

    @property
    def segmentation(self) -> Path:
        """The whole segmentation, where it is kept."""
        return self.folder / f"{self.label}.seg.nrrd"


@dataclass(frozen=True)
class Run:
    """How a method's run on a leg ended, as `RunFiles.numbers` has it.

    Attributes:
        key: A hash of all that the result depends on.
        status: Whether there is a result.
        error: What went wrong, where there is none.
        case: The leg.
        label: The method's label.
        given: The annotated slices that the method was given.
        given_slices: Muscle to the indices of these slices.
        absent: The muscles that the reference lacks.
        notes: What the run warned of.
        seconds: The time from seeds to segmentation.
        peak_mb: The largest memory of the process meanwhile, in 10^6 bytes; None where the system does not tell.
        muscles: Muscle to metric to its value as text: JSON has no infinity.
        software: The versions of this package, Python and the libraries.
        format: The version of the file.
    """

    key: str = ""
    status: Literal["done", "failed"] = "failed"
    error: str = "no result"
    case: str = ""
    label: str = ""
    given: SeedProtocol = field(default_factory=SeedProtocol)
    given_slices: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    absent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_mb: float | None = None
    muscles: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    software: Mapping[str, str] = field(default_factory=dict[str, str])
    format: str = FORMAT


def read_run(files: RunFiles, key: str) -> Run:
    """How the run ended; a file that is missing, torn or of another key is a run without a result."""
    table = read_json_object(files.numbers)
    if table is None:
        return Run()
    try:
        run = structure(Run, table, str(files.numbers), ignore_unknown=True)
    except InputError:
        return Run()
    return run if run.key == key or run.status == "failed" else Run()


def write_run(run: Run, method: MethodFacts, files: RunFiles) -> None:
    """Write how a run ended; one that failed is only its error."""
    if run.status == "failed":
        table: dict[str, Json] = {"format": run.format, "key": run.key, "status": run.status, "error": run.error}
    else:
        known = plain_table(run) | method_table(method)
        table = {name: value for name, value in known.items() if name not in ("error", "given_as")}
    write_json(table, files.numbers, force=True)


def method_table(method: MethodFacts) -> dict[str, Json]:
    """A method's facts as the files have them: what it does not have is left out."""
    return {name: value for name, value in plain_table(method).items() if value is not None}
