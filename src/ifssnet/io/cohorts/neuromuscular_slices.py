"""DLSegMskNeuroDisease: single slices of three muscles with a mask each, as it is unpacked.

The layout is that which programs that read the data set describe; it was not fetched here:
`Polito-Radboud-DeepLearningUS/<BB|GM|TA>/<Healthy|Pathological>/<Images|Masks>/<NAME>.png`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.muscles import GM

NAME = "dlsegmskneurodisease"
FOLDER = "Polito-Radboud-DeepLearningUS"
MUSCLES = {"BB": "biceps brachii", "GM": GM, "TA": "tibialis anterior"}
CONDITIONS = {"Healthy": "healthy", "Pathological": "pathological"}


@dataclass(frozen=True)
class LabelledSlice:
    """An image and its mask.

    Attributes:
        name: The name of both files.
        muscle: Which muscle.
        condition: "healthy" or "pathological".
        image: The image's file; None where there is a mask alone.
        mask: The mask's file; None where there is an image alone.
    """

    name: str
    muscle: str
    condition: str
    image: Path | None
    mask: Path | None


def find_slices(root: Path) -> tuple[LabelledSlice, ...]:
    """The slices of an unpacked data set; no picture is opened.

    Args:
        root: The folder that it was unpacked into, or the one with the muscles' folders in it.

    Raises:
        InputError: No such folder, none of the layout in it, or two pictures of one name.
    """
    if not root.is_dir():
        raise InputError("the folder of the data set", f"{root}, which is no folder", "Check the path.")
    inside = next((path for path in (root, root / FOLDER, *root.glob(f"*/{FOLDER}")) if _has_muscles(path)), None)
    found = () if inside is None else tuple(_slices(inside))
    if not found:
        raise InputError(
            f"{FOLDER}/<BB|GM|TA>/<Healthy|Pathological>/<Images|Masks>/*.png in {root}",
            "none of them",
            "Fetch the data set from its page (ifss dataset list), and unpack the archive inside the archive too.",
        )
    return found


def _has_muscles(folder: Path) -> bool:
    return any((folder / muscle).is_dir() for muscle in MUSCLES)


def _slices(root: Path) -> Iterator[LabelledSlice]:
    for short, muscle in MUSCLES.items():
        for folder, condition in CONDITIONS.items():
            images, masks = (_pictures(root / short / folder / kind) for kind in ("Images", "Masks"))
            for name in sorted({*images, *masks}):
                yield LabelledSlice(name, muscle, condition, images.get(name), masks.get(name))


def _pictures(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() != ".png" or path.name.startswith(".") or not path.is_file():
            continue
        if path.stem in found:
            raise InputError(
                f"one picture named {path.stem} in {folder}", f"{found[path.stem].name} and {path.name}", "Remove one of them."
            )
        found[path.stem] = path
    return found
