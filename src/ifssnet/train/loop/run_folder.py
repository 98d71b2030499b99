"""The folder of one training: what went in, how it goes, and what comes out."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import Json, finite
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.storage.json_files import read_json_object
from ifssnet.io.storage.weights import save_weights

LAUNCH = "launch"
"""The key of `run.json` that says what has started the processes."""


@dataclass(frozen=True)
class RunFolder:
    """Where the files of a run lie.

    Attributes:
        root: The folder; it is made by `create`.
    """

    root: Path

    @property
    def description(self) -> Path:
        """The file with what the run was started with: recipe, settings, cohort, code, machine."""
        return self.root / "run.json"

    @property
    def log(self) -> Path:
        """The table with a line for each unit, with the validations."""
        return self.root / "log.csv"

    @property
    def checkpoint(self) -> Path:
        """The file that the run goes on from."""
        return self.root / "checkpoint.pt"

    @property
    def best(self) -> Path:
        """The averaged network at its best validation."""
        return self.root / "best.safetensors"

    @property
    def last(self) -> Path:
        """The averaged network at the last checkpoint."""
        return self.root / "last.safetensors"

    @property
    def samples(self) -> Path:
        """The folder with pictures of validation slices."""
        return self.root / "samples"

    def check(self, force: bool = False) -> None:
        """Refuse a folder that a new run cannot have.

        Raises:
            InputError: It holds something else, or a run and no `force`.
        """
        if self.root.exists() and (not self.root.is_dir() or (any(self.root.iterdir()) and not self.description.is_file())):
            raise InputError(f"a new folder at {self.root}", "something else of that name", "Choose another name.")
        if self.description.is_file() and not force:
            raise InputError(
                f"no run in {self.root} yet", "one that was begun", "Add --resume to go on, or --force to start anew."
            )

    def create(self, described: Mapping[str, Json], force: bool = False, launch: str = "") -> None:
        """Make the folder and say what the run is.

        Args:
            described: The data of `run.json`.
            force: Take over a folder that holds a run; its checkpoint, log, weights and pictures are removed.
            launch: What has started the processes, where that may start them again; empty for a person.

        Raises:
            InputError: There is something already, or it cannot be written.
        """
        self.check(force)
        if self.description.is_file():
            for path in (self.checkpoint, self.log, self.best, self.last, *self.samples.glob("*.png")):
                path.unlink(missing_ok=True)
        try:
            self.samples.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"a folder that can be made at {self.root}", f"'{error.strerror}'", "Choose another place."
            ) from error
        with atomic_path(self.description, force=True) as partial:
            table = {**described, LAUNCH: launch} if launch else described
            text = json.dumps(finite(table), indent=2, ensure_ascii=False, allow_nan=False)
            partial.write_text(text + "\n", encoding="utf-8", newline="\n")

    def described(self) -> dict[str, Json]:
        """The data of `run.json`.

        Raises:
            InputError: There is no run, or not a whole one.
        """
        table: dict[str, Json] | None = read_json_object(self.description)
        if table is None:
            raise InputError(f"a run to resume in {self.root}", "no run.json that can be read", "Leave out --resume.")
        table.pop(LAUNCH, None)
        return table

    def begun_by(self, launch: str) -> bool:
        """Whether it is a run that the same launch has begun, and not one that was there before."""
        try:
            return json.loads(self.description.read_text(encoding="utf-8"))[LAUNCH] == launch
        except (OSError, ValueError, TypeError, LookupError):
            return False

    def append_log(self, row: Mapping[str, int | float | None]) -> None:
        """Add a line; the first one names the columns, and later ones may lack any."""
        columns = self._columns()
        with self.log.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, columns or list(row), extrasaction="ignore")
            if not columns:
                writer.writeheader()
            writer.writerow({key: _short(value) for key, value in row.items()})

    def cut_log(self, unit: int) -> None:
        """Forget lines past a unit, and one that was cut short when the run was killed: they will be written again."""
        columns = self._columns()
        if not columns:
            return
        kept = [row for row in self.rows() if row["unit"] <= unit]
        with atomic_path(self.log, force=True) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            writer.writerows({key: _short(value) for key, value in row.items()} for row in kept)

    def rows(self) -> list[dict[str, float]]:
        """The log's whole lines as numbers, without the empty fields."""
        if not self.log.is_file():
            return []
        with self.log.open(newline="", encoding="utf-8") as stream:
            whole = [row for row in csv.DictReader(stream) if None not in row and None not in row.values()]
            return [{key: float(value) for key, value in row.items() if value} for row in whole]

    def save_weights(self, weights: Weights, best: bool) -> None:
        """Replace the last weights, and the best ones where these are the best."""
        for path in (self.last, *([self.best] if best else [])):
            save_weights(weights, path, force=True)

    def _columns(self) -> list[str]:
        if not self.log.is_file():
            return []
        with self.log.open(newline="", encoding="utf-8") as stream:
            return next(csv.reader(stream), list[str]())


def _short(value: int | float | None) -> int | float | str | None:
    """Six significant digits; whole numbers without a point."""
    return f"{value:.6g}" if isinstance(value, float) else value
