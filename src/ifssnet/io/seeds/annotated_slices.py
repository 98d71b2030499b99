"""Which slices an expert annotated: recorded beside the masks, or worked out from them.

A slice without a mask may be one that nobody looked at, or one on which the muscle is absent. So seeds are saved with a
record, the annotated slices of each muscle by name: `{"SOL": [10, 11, 12, 40], "GM": [11]}`, in the header line
`ifss_annotated_slices`, or under that key in the JSON file beside a NIfTI image.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.seeds import Seeds
from ifssnet.io.codecs.numbers import shortened
from ifssnet.io.plain_data import structure
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.storage.json_files import read_json_object
from ifssnet.io.storage.plain_files import parse_json
from ifssnet.io.volumes.label_names import own_sidecar_of, sidecar_of

HEADER_KEY = "ifss_annotated_slices"

Slices = dict[int, tuple[int, ...]]


@dataclass(frozen=True)
class _Record:
    """The annotated slices of each muscle, by its name."""

    slices: Mapping[str, tuple[int, ...]]


def record_of(seeds: Seeds) -> dict[str, list[int]]:
    """The annotated slices of each muscle, by name; by number where two have the same name."""
    names = [seeds.name(label) for label in seeds.labels]
    unique = {label: name if names.count(name) == 1 else str(label) for label, name in zip(seeds.labels, names, strict=True)}
    return {name: list(seeds.slices(label)) for label, name in unique.items()}


def read_record(text: str, names: Mapping[int, str], slices: int, where: str) -> Slices:
    """The annotated slices by label, out of a record as JSON.

    Raises:
        InputError: Not such a record, or slices that the image does not have.
    """
    try:
        record = structure(_Record, {"slices": parse_json(text, "annotated slices", where)}, where)
    except InputError as error:
        raise InputError(
            f'annotated slices such as {{"SOL": [10, 11]}} in {where}', f"'{shortened(text)}'", f"Remove {HEADER_KEY}."
        ) from error
    found: Slices = {}
    for name, drawn in record.slices.items():
        listed = tuple(sorted(set(drawn)))
        if listed and not 0 <= listed[0] <= listed[-1] < slices:
            raise InputError(f"slices from 0 to {slices - 1}", f"{listed} of {name} in {where}", f"Remove {HEADER_KEY}.")
        labels = [label for label, known in names.items() if known == name] or [label for label in names if str(label) == name]
        if len(labels) == 1:
            found[labels[0]] = listed
        else:
            warnings.warn(InputWarning(f"{where}: slices are recorded for {name}, which has no label."), stacklevel=3)
    return found


def sidecar_record(path: Path) -> dict[str, str]:
    """The record in the JSON file beside an image, as a header line; nothing where there is none."""
    # Names of labels are read from there too, and whoever reads them says what is wrong.
    own = own_sidecar_of(path)
    data = read_json_object(own if own.is_file() else sidecar_of(path)) or {}
    return {HEADER_KEY: json.dumps(data[HEADER_KEY])} if HEADER_KEY in data else {}


def add_to_sidecar(path: Path, record: Mapping[str, list[int]]) -> None:
    """Put a record into the JSON file that was just written beside an image, with the names of the labels.

    Raises:
        InputError: The file cannot be written.
    """
    sidecar = own_sidecar_of(path) if own_sidecar_of(path).is_file() else sidecar_of(path)
    data = read_json_object(sidecar) or {}
    with atomic_path(sidecar, force=True) as partial:
        partial.write_text(json.dumps({**data, HEADER_KEY: record}) + "\n", encoding="utf-8", newline="\n")


def annotated(
    drawn: Mapping[int, Collection[int]],
    names: Mapping[int, str],
    where: str,
    recorded: Slices | None,
    looked_at: Collection[int] | None = None,
) -> Slices:
    """The annotated slices of each label.

    With a record, these are the recorded ones, and those that were drawn since. Without one, a slice counts as annotated
    when anything was drawn on it. A muscle that is not on such a slice is absent there if the slice lies outside the
    muscle's own first and last; in between, it is taken as not annotated, as muscles do not vanish and come back.

    Args:
        drawn: Label to the slices with its pixels.
        names: Label to name.
        where: The file, for messages.
        recorded: What a record says.
        looked_at: Slices on which every muscle was looked for; None: those on which anything was drawn.
    """
    found: Slices = {}
    anything = {z for own in drawn.values() for z in own} if looked_at is None else set(looked_at)
    for label, own in drawn.items():
        name = names.get(label, str(label))
        if recorded is not None and label in recorded:
            since = set(own) - set(recorded[label])
            if since:
                count = "1 slice" if len(since) == 1 else f"{len(since)} slices"
                message = f"{where}: {name} was drawn on {count} beyond those recorded, which count as annotated."
                warnings.warn(InputWarning(message), stacklevel=3)
            found[label] = tuple(sorted({*recorded[label], *own}))
        elif not own:
            found[label] = tuple(sorted(anything))
        else:
            first, last = min(own), max(own)
            between = {z for z in anything - set(own) if first < z < last}
            if between:
                count = "1 slice" if len(between) == 1 else f"{len(between)} slices"
                message = f"{where}: {name} is missing on {count} between its first and last on which others are"
                warnings.warn(InputWarning(f"{message} drawn; it is taken as not annotated there."), stacklevel=3)
            found[label] = tuple(sorted((anything - between) | set(own)))
    return found


def without_absence(seeds: Seeds) -> Seeds:
    """Seeds of which only what was drawn is annotated."""
    masks = {label: {z: mask for z, mask in own.items() if mask.any()} for label, own in seeds.masks.items()}
    return replace(seeds, masks=masks)


def with_absence(seeds: Seeds, where: str) -> Seeds:
    """Seeds of which only what was drawn counts, with each muscle absent where `annotated` says so.

    What was recorded as absent stays so.
    """
    drawn = {label: set(seeds.present(label)) for label in seeds.labels}
    found = annotated(drawn, seeds.names, where, None)
    nothing = np.zeros(seeds.grid.shape_zyx[1:], dtype=bool)
    masks = {label: {**dict.fromkeys(found[label], nothing), **seeds.masks[label]} for label in seeds.labels}
    return replace(seeds, masks=masks)
