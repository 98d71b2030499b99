"""Results in the layout of BIDS derivatives: a folder for each person and visit, masks as NIfTI, tables as TSV.

BIDS has no ultrasound yet; folders and entities are those of its common derivatives (BIDS 1.10, "Imaging data"), so that its
tools find their way. Names hold letters and digits only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ifssnet.core.errors import InputError
from ifssnet.core.results.study import StudyCase, StudyResults
from ifssnet.io.open import open_labels
from ifssnet.io.save import save
from ifssnet.io.storage.atomic import atomic_folder
from ifssnet.workflow.study.plan import Study
from ifssnet.workflow.study.records import CaseFiles

FOLDER = "derivatives"
BIDS_VERSION = "1.10.0"


def write_bids(study: Study, results: StudyResults, output: Path) -> None:
    """Write `derivatives/` anew.

    Raises:
        InputError: Two names that are one without signs, a segmentation that cannot be read, or a folder that cannot be
            written.
    """
    done = [each.case for each in results.outcomes if each.status == "done"]
    names = _names(done)
    planned = {each.case: each for each in study.cases}
    with atomic_folder(output / FOLDER, force=True) as folder:
        _text(folder / "dataset_description.json", _description(results))
        columns = {"participant_id": [f"sub-{names[subject]}" for subject in results.design.subjects if subject in names]}
        _tsv(folder / "participants.tsv", columns)
        for case in done:
            stem = _stem(case, names)
            here = folder.joinpath(*[part for part in stem.split("_") if part.startswith(("sub-", "ses-"))], "us")
            here.mkdir(parents=True, exist_ok=True)
            labels = open_labels(planned[case].segmentation or CaseFiles(output, case).segmentation)
            save(labels, here / f"{stem}_dseg.nii.gz", force=True)
            values = sorted(labels.names)
            _tsv(here / f"{stem}_dseg.tsv", {"index": values, "name": [labels.names[value] for value in values]})
            muscles = [each for each in results.measured if replace(each.case, side=case.side) == case]
            numbers = list(dict.fromkeys(name for each in muscles for name in each.numbers))
            _tsv(
                here / f"{stem}_morph.tsv",
                {
                    "name": [
                        f"{each.muscle} {each.case.side}" if each.case.side != case.side else each.muscle for each in muscles
                    ],
                    **{name: [each.numbers.get(name) for each in muscles] for name in numbers},
                },
            )


def _description(results: StudyResults) -> str:
    version = results.facts.software.get("ifssnet", "")
    table = {
        "Name": f"{results.name}: muscles",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "ifssnet", "Version": version}],
    }
    return json.dumps(table, indent=2, ensure_ascii=False) + "\n"


def _names(cases: Sequence[StudyCase]) -> dict[str, str]:
    """Each subject, visit and rater to its letters and digits."""
    found: dict[str, str] = {}
    for words in ({each.subject for each in cases}, {each.visit for each in cases}, {each.rater for each in cases}):
        short = {word: re.sub(r"[\W_]", "", word) for word in sorted(words) if word}
        twice = [word for word, name in short.items() if not name or list(short.values()).count(name) > 1]
        if twice:
            raise InputError(
                "names that differ by letters or digits, which is all that BIDS has", " and ".join(twice[:2]), "Rename one."
            )
        found |= short
    return found


def _stem(case: StudyCase, names: Mapping[str, str]) -> str:
    parts = [
        f"sub-{names[case.subject]}",
        f"ses-{names[case.visit]}" if case.visit else "",
        f"hemi-{case.side[0].upper()}" if case.side else "",
        f"desc-{names[case.rater]}" if case.rater else "",
    ]
    return "_".join(part for part in parts if part)


def _tsv(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    rows = zip(*columns.values(), strict=True)
    lines = ["\t".join(columns), *("\t".join("n/a" if cell is None else str(cell) for cell in row) for row in rows)]
    _text(path, "\n".join(lines) + "\n")


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
