"""Which slices an expert annotated: recorded beside the masks, or worked out from them.

A slice without a mask may be one that nobody looked at, or one on which the muscle is absent. So seeds are saved with a
record, the annotated slices of each muscle by name: `{"SOL": [10, 11, 12, 40], "GM": [11]}`, in the header line
`ifss_annotated_slices`, or under that key in the JSON file beside a NIfTI image.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.seeds import Seeds
from ifssnet.io.codecs.numbers import shortened
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.volumes.label_names import sidecar_of

HEADER_KEY = "ifss_annotated_slices"

_LARGEST_JSON = 1 << 24

Slices = dict[int, tuple[int, ...]]


def record_of(seeds: Seeds) -> dict[str, list[int]]:
    """The annotated slices of each muscle, by name; by number where two have the same name."""
    names = [seeds.name(label) for label in seeds.labels]
    unique = {label: name if names.count(name) == 1 else str(label) for label, name in zip(seeds.labels, names, strict=True)}
    return {name: list(seeds.slices(label)) for label, name in unique.items()}


def read_record(record: object, names: Mapping[int, str], slices: int, where: str) -> Slices:
    """The annotated slices by label, out of a record: JSON text, or the same parsed.

    Raises:
        InputError: Not such a record, or slices that the image does not have.
    """
    try:
        data: Any = json.loads(record) if isinstance(record, str) else record
        by_name = {str(name): tuple(sorted({_index(z) for z in told})) for name, told in data.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f'annotated slices such as {{"SOL": [10, 11]}} in {where}', f"'{shortened(str(record))}'", f"Remove {HEADER_KEY}."
        ) from error
    found: Slices = {}
    for name, told in by_name.items():
        if told and not 0 <= told[0] <= told[-1] < slices:
            raise InputError(f"slices from 0 to {slices - 1}", f"{told} of {name} in {where}", f"Remove {HEADER_KEY}.")
        labels = [label for label, known in names.items() if known == name] or [label for label in names if str(label) == name]
        if len(labels) == 1:
            found[labels[0]] = told
        else:
            warnings.warn(InputWarning(f"{where}: slices are recorded for {name}, which has no label."), stacklevel=3)
    return found


def sidecar_record(path: Path) -> dict[str, str]:
    """The record in the JSON file beside an image, as a header line; nothing where there is none."""
    sidecar = sidecar_of(path)
    try:
        if not sidecar.is_file() or sidecar.stat().st_size > _LARGEST_JSON:
            return {}
        data: Any = json.loads(sidecar.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # names of labels are read from there too, and whoever reads them says what is wrong
    return {HEADER_KEY: json.dumps(data[HEADER_KEY])} if isinstance(data, dict) and HEADER_KEY in data else {}


def add_to_sidecar(path: Path, record: Mapping[str, list[int]]) -> None:
    """Put a record into the JSON file that was just written beside an image, with the names of the labels.

    Raises:
        InputError: The file cannot be written.
    """
    sidecar = sidecar_of(path)
    data: Any = json.loads(sidecar.read_text(encoding="utf-8")) if sidecar.is_file() else {}
    with atomic_path(sidecar, force=True) as partial:
        partial.write_text(json.dumps({**data, HEADER_KEY: record}) + "\n", encoding="utf-8")


def _index(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is no slice")
    return value


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
                message = f"{where}: {name} was drawn on {len(since)} slices beyond those recorded; they count as annotated."
                warnings.warn(InputWarning(message), stacklevel=3)
            found[label] = tuple(sorted({*recorded[label], *own}))
        elif not own:
            found[label] = tuple(sorted(anything))
        else:
            first, last = min(own), max(own)
            between = {z for z in anything - set(own) if first < z < last}
            if between:
                message = f"{where}: {name} is missing on {len(between)} slices between its first and last on which others are"
                warnings.warn(InputWarning(f"{message} drawn; it is taken as not annotated there."), stacklevel=3)
            found[label] = tuple(sorted((anything - between) | set(own)))
    return found
