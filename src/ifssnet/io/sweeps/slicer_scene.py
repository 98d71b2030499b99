"""Scenes of 3D Slicer: `.mrb` (a zip of a scene and its files) and `.mrml` (the scene beside its files).

A scene names its nodes, the files that hold them, and how they belong together. In a scene with recordings, every image
sequence becomes a sweep with the transforms that were recorded with it; the calibration is a transform of the scene.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
import numpy as np
from defusedxml import DefusedXmlException
from jaxtyping import Float

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.progress import drain
from ifssnet.core.sweep import Sweep
from ifssnet.io.codecs.header_text import plain_xml
from ifssnet.io.codecs.numbers import rigid_or_affine
from ifssnet.io.recognition import FileStart, Kind
from ifssnet.io.storage.existing_file import existing_file
from ifssnet.io.sweeps.linear_transform import (
    is_exactly,
    named_frames,
    read_linear_transform,
    refuse_other_constants,
)
from ifssnet.io.sweeps.plus_config import PlusConfiguration
from ifssnet.io.sweeps.scene_hierarchy import chain_above, parent_in, proxies_in
from ifssnet.io.sweeps.slicer_sequence import (
    IMAGE,
    Recording,
    TransformSequence,
    joined,
    read_image_sequence,
    read_transform_sequences,
)
from ifssnet.io.sweeps.sweep_format import SweepFormat
from ifssnet.io.sweeps.tracking_files import TrackingFiles, refuse_tracking_files, with_calibration
from ifssnet.io.sweeps.transform_graph import Key
from ifssnet.io.transfer.archive import UnpackLimits, unpack

LIMITS = UnpackLimits(entries=20_000, total_bytes=64 * 2**30, ratio=1000.0)
"""What a scene may unpack to."""

_LARGEST_SCENE_BYTES = 1 << 28
SCENE = "Scene"
"""The frame that 3D Slicer shows a scene in."""

MOST_NODES, MOST_SEQUENCES = 50_000, 1_000
"""More than any scene has; one that says more is broken, and would take hours."""

SHOWN = 5
"""Contents that an error names before it breaks off."""

_ZIP = b"PK\x03\x04"
_ENTRY = re.compile(rb"PK\x01\x02")
_LONGEST_DIRECTORY = 1 << 22
_LISTED_KIND = re.compile(r"DataNodeClassName:vtkMRML(\w+?)Node")
_STORAGE = re.compile(r"storage\d*:([^;]+)")
_BROWSED = re.compile(r"(?:rootNodeRef|sequenceNodeRef)[^:;]*:([^;]+)")
_TRAILING_NUMBER = re.compile(r"[_\- ](\d+)$")


@dataclass(frozen=True)
class SceneNode:
    """One thing in a scene.

    Attributes:
        kind: As 3D Slicer calls it: "Sequence", "Volume", "LinearTransform", "Segmentation" …
        name: What its owner calls it.
        identifier: Its identifier in the scene.
        file: The file that holds it, relative to the scene; None where there is none.
        holds: The kind of the nodes that a sequence lists; empty for what is no sequence.
    """

    kind: str
    name: str
    identifier: str
    file: PurePosixPath | None = None
    holds: str = ""

    @property
    def is_images(self) -> bool:
        """Whether this is a sequence of images."""
        return self.kind == "Sequence" and "Volume" in self.holds

    @property
    def is_transform(self) -> bool:
        """Whether this is one transform that does not change."""
        return self.kind in ("LinearTransform", "Transform")

    @property
    def is_transforms(self) -> bool:
        """Whether this is a sequence of transforms."""
        return self.kind == "Sequence" and "Transform" in self.holds


@dataclass(frozen=True, eq=False)
class Scene:
    """What a scene holds.

    Attributes:
        path: The `.mrb` or `.mrml` file.
        nodes: Volumes, segmentations, models, sequences and transforms, in the scene's order.
        matrices: Identifier of a linear transform to its matrix as the scene says it, to the parent frame, mm.
        browsed: Identifiers of sequences that were recorded together, a set each.
        proxies: Identifier of a sequence to that of the node that shows its entries.
        parents: Identifier of a node to that of the transform under which it stands.
    """

    path: Path
    nodes: tuple[SceneNode, ...]
    matrices: Mapping[str, Float[np.ndarray, "4 4"]]
    browsed: tuple[frozenset[str], ...]
    proxies: Mapping[str, str]
    parents: Mapping[str, str]

    @property
    def image_sequences(self) -> tuple[SceneNode, ...]:
        """The recorded images, one node a sweep."""
        return tuple(node for node in self.nodes if node.is_images)


def read_scene(path: Path) -> Scene:
    """List what a scene holds, without reading any of it.

    Raises:
        InputError: Not a scene, or a damaged one.
    """
    with _unpacked(path, with_data=False) as scene_file:
        return _parsed(path, scene_file)


def instead_of_scene(scene: Scene) -> str:
    """What to do where a volume or a label map is wanted and a scene was given."""
    if scene.image_sequences:
        return "It holds a recording: compound it into a volume first (ifss compound)."
    stored = [f"{node.name} ({node.kind})" for node in scene.nodes if node.file is not None]
    held = ", ".join(stored[:SHOWN]) + (" ..." if len(stored) > SHOWN else "")
    return (
        f"It holds no recording but {held or 'no file of data'}. In 3D Slicer, save what you want by itself "
        "(Save Data: a volume as .nrrd, a segmentation as .seg.nrrd), and give that file."
    )


def read_scene_sweeps(path: Path, configuration: PlusConfiguration | None = None) -> tuple[Sweep, ...]:
    """Every recorded sweep of a scene, in the scene's order.

    Args:
        path: The `.mrb` or `.mrml` file.
        configuration: A PLUS configuration with the calibration, where the scene does not hold it.

    Raises:
        InputError: No scene, no recorded images in it, or parts that are missing or do not belong together.
    """
    with _unpacked(path, with_data=True) as scene_file:
        scene = _parsed(path, scene_file)
        if not scene.image_sequences:
            held = ", ".join(sorted({node.kind for node in scene.nodes})) or "nothing that is known"
            raise InputError(
                "a scene with recorded images (a sequence of volumes)",
                f"{path.name} with {held}",
                "Save the scene with the recording in it, or give the volume by itself.",
            )
        files = _Files(scene_file, bundled=scene_file != path)
        constants = _constants(scene, files)
        if configuration is not None:
            refuse_other_constants(constants, configuration.transforms, path)
            constants = {**configuration.transforms, **constants}
        named = (configuration.image_frame, configuration.reference_frame) if configuration else (None, None)
        sweeps: list[Sweep] = []
        for images in _of_the_probe(scene):
            shown = read_image_sequence(_file(scene, images, files))
            header = {"Scene": path.name, "Images": images.name}
            try:
                transforms = tuple(_transforms_of(scene, images, files))
                described = {**header, "Transforms": ", ".join(each.name for each in transforms)}
                sweeps.append(joined(Recording(shown, transforms, constants, described), *named))
            except InputError:
                above = _by_hierarchy(scene, images, files)
                if above is None:
                    raise
                described = {**header, "Transforms": ", ".join(each.name for each in above[0])}
                sweeps.append(joined(Recording(shown, *above, described), None, SCENE))
        return tuple(sweeps)


@contextmanager
def _unpacked(path: Path, *, with_data: bool) -> Generator[Path, None, None]:
    """The `.mrml` file of a scene, beside its files; of an `.mrb`, in a folder that is gone afterwards."""
    existing_file(path, "a scene of 3D Slicer")
    with path.open("rb") as stream:
        zipped = stream.read(4) == _ZIP
    if not zipped:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="ifss-scene-") as folder:
        root = Path(folder) / "scene"
        root.mkdir()

        def wanted(name: str) -> PurePosixPath | None:
            member = PurePosixPath(name)
            if any(part == "__MACOSX" or part.startswith("._") for part in member.parts):
                return None
            return member if with_data or member.suffix.lower() == ".mrml" else None

        drain(unpack(path, root, wanted, Path(folder) / "staging", LIMITS))
        found = sorted(root.rglob("*.mrml"), key=lambda each: (len(each.parts), each.name))
        if not found:
            raise InputError("a scene (.mrml) in the bundle", f"{path.name} with none", "Save the bundle from 3D Slicer again.")
        yield _one_scene(found, path)


def _one_scene(found: Sequence[Path], path: Path) -> Path:
    """The scene of a bundle: the only one, else the one that has its folder's or the bundle's name."""
    named = [each for each in found if each.stem in (each.parent.name, path.name.split(".")[0])]
    if len(found) == 1 or len(named) == 1:
        return (named or found)[0]
    names = ", ".join(each.name for each in found[:5])
    raise InputError(f"one scene (.mrml) in {path.name}", f"{len(found)}: {names}", "Save the scene from 3D Slicer again.")


def _parsed(path: Path, scene_file: Path) -> Scene:
    root = _xml(path, scene_file)
    elements = [element for element in root if element.get("id")]
    sequences = sum(element.tag in ("Sequence", "SequenceBrowser") for element in elements)
    if len(elements) > MOST_NODES or sequences > MOST_SEQUENCES:
        raise InputError(
            f"at most {MOST_NODES:,} nodes and {MOST_SEQUENCES:,} sequences in {path.name}",
            f"{len(elements):,} and {sequences:,}",
            "Save each recording in a scene of its own.",
        )
    files = {str(each.get("id")): str(each.get("fileName")) for each in elements if each.get("fileName")}
    nodes: list[SceneNode] = []
    matrices: dict[str, Float[np.ndarray, "4 4"]] = {}
    browsed: list[frozenset[str]] = []
    proxies: dict[str, str] = {}
    parents: dict[str, str] = {}
    for element in elements:
        identifier, references = str(element.get("id")), element.get("references", "")
        if (parent := parent_in(references, element.get("transformNodeRef"))) is not None:
            parents[identifier] = parent
        if element.tag == "SequenceBrowser":
            proxies |= proxies_in(references)
            browsed.append(frozenset(word for match in _BROWSED.finditer(references) for word in match[1].split()))
            continue
        hidden = element.get("hideFromEditors") == "true" and element.tag != "Sequence"
        if element.tag.endswith(("Storage", "Display")) or hidden:
            continue
        storage = _STORAGE.search(references)
        ids = (storage[1].split() if storage else []) + (element.get("storageNodeRef") or "").split()
        name = next((files[each] for each in ids if each in files), None)
        if element.tag in ("LinearTransform", "Transform") and (text := element.get("matrixTransformToParent")):
            matrices[identifier] = rigid_or_affine(text, f"{element.get('name')} in {path.name}")
        if name is None and identifier not in matrices and element.tag != "Sequence":
            continue
        listed = _LISTED_KIND.search(element.get("attributes", ""))
        holds = "" if listed is None else listed[1]
        file = None if name is None else PurePosixPath(unquote(name).replace("\\", "/"))
        nodes.append(SceneNode(element.tag, element.get("name") or identifier, identifier, file, holds))
    return Scene(path, tuple(nodes), matrices, tuple(each for each in browsed if each), proxies, parents)


def _xml(path: Path, scene_file: Path) -> Element:
    try:
        if scene_file.stat().st_size > _LARGEST_SCENE_BYTES:
            raise InputError("a scene of at most 256 MiB", f"a larger one in {path.name}", "Save fewer nodes.")
        root = defusedxml.ElementTree.fromstring(plain_xml(scene_file.read_bytes()))
    except (ParseError, DefusedXmlException, OSError, ValueError, LookupError, RecursionError) as error:
        raise InputError("a scene of 3D Slicer (.mrml)", f"{path.name}: {error}", "Save the scene again.") from error
    if root.tag != "MRML":
        raise InputError("a scene of 3D Slicer (.mrml)", f"{path.name}, which is other XML", "Give the scene's file.")
    return root


class _Files:
    """The files of a scene, looked through once."""

    def __init__(self, scene_file: Path, *, bundled: bool) -> None:
        self.root = scene_file.parent.resolve()
        self.bundled = bundled
        self._by_name: dict[str, list[Path]] = {}
        for each in sorted((self.root / "Data").glob("*")):
            if each.is_file():
                self._by_name.setdefault(each.name.split(".")[0], []).append(each)

    def called(self, name: str) -> list[Path]:
        """The files in the scene's folder of data whose names start so, up to the first dot."""
        return self._by_name.get(name, [])

    def at(self, file: PurePosixPath) -> Path | None:
        """A file where the scene says it is, or of its name in the folder of data or beside the scene."""
        quoted = PurePosixPath(quote(str(file)))
        for place in (self.root / file, self.root / "Data" / file.name, self.root / file.name, self.root / quoted):
            if place.is_file() and self._may_be_read(place):
                return place
        return None

    def why_not(self, file: PurePosixPath) -> str:
        """What is said of a file that was not found."""
        place = (self.root / file).resolve()
        if place.is_relative_to(self.root) or (not self.bundled and place.is_relative_to(self.root.parent)):
            return f"none at {file}"
        allowed = (
            "a bundle" if self.bundled else f"{self.root.parent.name or 'the folder'}, the folder that the scene's lies in"
        )
        return f"one at {file}, which is not read for safety, as it leads out of {allowed}"

    def _may_be_read(self, place: Path) -> bool:
        """Whether a file lies with the scene; beside its folder as well, where somebody put the scene there by hand."""
        return place.resolve().is_relative_to(self.root if self.bundled else self.root.parent)


def _file(scene: Scene, node: SceneNode, files: _Files) -> Path:
    """Where a node's file lies: as the scene says, else under the same name, or the node's, in the scene's folder of data."""
    if node.file is not None and (place := files.at(node.file)) is not None:
        return place
    named = files.called(node.name)
    if len(named) == 1:
        if node.file is not None and node.file.name.split(".")[0] != node.name:
            what = f"{scene.path.name}: {node.file}, the file of {node.name}, is not there"
            warnings.warn(InputWarning(f"{what}; {named[0].name}, which has the name of the node, was taken."), stacklevel=4)
        return named[0]
    raise InputError(
        f"the file of {node.name} in {scene.path.name}",
        files.why_not(node.file) if node.file else "a node without a file",
        "Save the scene with its data (.mrb), or keep the files beside the scene.",
    )


def _constants(scene: Scene, files: _Files) -> dict[Key, Float[np.ndarray, "4 4"]]:
    """Transforms of the scene that do not change, by the frames in their names; one that is named by them alone comes first."""
    found: dict[Key, tuple[str, Float[np.ndarray, "4 4"]]] = {}
    named = [(node, frames) for node in scene.nodes if node.is_transform and (frames := named_frames(node.name))]
    for node, frames in sorted(named, key=lambda each: not is_exactly(each[0].name, each[1])):
        matrix = _matrix(scene, node, files)
        if matrix is None:
            continue
        before = found.setdefault(frames, (node.name, matrix))
        if np.allclose(before[1], matrix, rtol=1e-5, atol=1e-5):
            continue
        if is_exactly(before[0], frames) == is_exactly(node.name, frames):
            raise InputError(
                f"one {'To'.join(frames)} in {scene.path.name}",
                f"two that differ, {before[0]} and {node.name}",
                "Remove the one that is not meant.",
            )
        warnings.warn(
            InputWarning(f"{scene.path.name} holds {before[0]} and {node.name}, which differ; {before[0]} was taken."),
            stacklevel=3,
        )
    return {frames: matrix for frames, (_, matrix) in found.items()}


def _matrix(scene: Scene, node: SceneNode, files: _Files) -> Float[np.ndarray, "4 4"] | None:
    """A transform that does not change; its file counts more than the scene's text. None where neither says it."""
    said = scene.matrices.get(node.identifier)
    try:
        stored = read_linear_transform(_file(scene, node, files))
    except InputError:
        return said
    if said is not None and not np.allclose(said, stored, rtol=1e-5, atol=1e-5):
        what = f"{scene.path.name} says {said.tolist()} of {node.name}, and its file says {stored.tolist()}"
        warnings.warn(InputWarning(f"{what}; the file was taken, as 3D Slicer does."), stacklevel=4)
    return stored


def _by_hierarchy(
    scene: Scene, images: SceneNode, files: _Files
) -> tuple[tuple[TransformSequence, ...], dict[Key, Float[np.ndarray, "4 4"]]] | None:
    """The transforms under which the images stand, whatever they are called; None where none of them was recorded."""
    nodes = {node.identifier: node for node in scene.nodes}
    recorded = {proxy: nodes[sequence] for sequence, proxy in scene.proxies.items() if sequence in nodes}
    chain = chain_above(scene.proxies.get(images.identifier, ""), scene.parents)
    if not chain:
        return None
    frames = (IMAGE, *(f"{SCENE} {depth}" for depth in range(1, len(chain))), SCENE)
    tracked: list[TransformSequence] = []
    constants: dict[Key, Float[np.ndarray, "4 4"]] = {}
    for key, identifier in zip(pairwise(frames), chain, strict=True):
        if identifier in recorded:
            found = read_transform_sequences(_file(scene, recorded[identifier], files))
            if len(found) != 1:
                return None
            tracked.append(replace(found[0], name=recorded[identifier].name, frames=key))
        elif (node := nodes.get(identifier)) is not None and (matrix := _matrix(scene, node, files)) is not None:
            constants[key] = matrix
        else:
            return None
    return (tuple(tracked), constants) if tracked else None


def _of_the_probe(scene: Scene) -> tuple[SceneNode, ...]:
    """The image sequences, where no two were recorded with one probe; else the one of them that moves with it.

    Raises:
        InputError: Two sequences that go with the same transforms, of which nothing says which one the probe saw.
    """
    together: dict[frozenset[str], list[SceneNode]] = {}
    for images in scene.image_sequences:
        group = frozenset(node.identifier for node in _chosen_transforms(scene, images))
        together.setdefault(group, []).append(images)
    kept: list[SceneNode] = []
    for group, found in together.items():
        chosen = found
        if len(found) > 1 and group:
            moved = {scene.proxies.get(each, "") for each in group} - {""}
            chosen = [each for each in found if moved & {*chain_above(scene.proxies.get(each.identifier, ""), scene.parents)}]
            if len(chosen) != 1 and any({each.identifier for each in found} <= browsed for browsed in scene.browsed):
                chosen = [each for each in found if re.split(r"[\W_]", each.name)[0] == IMAGE]
            if len(chosen) != 1:
                raise InputError(
                    f"one sequence of images for each recording in {scene.path.name}",
                    f"{', '.join(each.name for each in found[:5])}, which go with the same transforms",
                    "Call the probe's images Image, or keep each recording in a sequence browser of its own.",
                )
            left = ", ".join(each.name for each in found if each not in chosen)
            what = f"{scene.path.name}: {chosen[0].name} is the probe's; {left}, recorded with it, is left out"
            warnings.warn(InputWarning(f"{what}."), stacklevel=3)
        kept += chosen
    return tuple(kept)


def _transforms_of(scene: Scene, images: SceneNode, files: _Files) -> Iterator[TransformSequence]:
    """The transforms that were recorded with some images, read."""
    chosen = _chosen_transforms(scene, images)
    names = [_bare(node.name) for node in chosen]
    if not chosen or len(set(names)) < len(names):
        known = ", ".join(node.name for node in scene.nodes if node.is_transforms) or "none"
        raise InputError(
            f"the transforms that were recorded with {images.name}",
            f"{scene.path.name} with {known}, which cannot be told apart",
            "Keep each recording in a sequence browser of its own, or save its sequences and use --poses.",
        )
    for node in chosen:
        for each in read_transform_sequences(_file(scene, node, files)):
            frames = each.frames or named_frames(_bare(node.name))
            yield TransformSequence(node.name, frames, each.matrices, each.valid, each.times_s)


def _chosen_transforms(scene: Scene, images: SceneNode) -> list[SceneNode]:
    """The transforms that were recorded with some images: by the browser that shows both, by number, or all there are."""
    tracked = [node for node in scene.nodes if node.is_transforms]
    together = next((group for group in scene.browsed if images.identifier in group), None)
    if together is not None and any(node.identifier in together for node in tracked):
        return [node for node in tracked if node.identifier in together]
    if len(scene.image_sequences) == 1:
        return tracked
    return [node for node in tracked if _number(node.name) == _number(images.name)]


def _number(name: str) -> str:
    match = _TRAILING_NUMBER.search(name)
    return match[1] if match else ""


def _bare(name: str) -> str:
    return _TRAILING_NUMBER.sub("", name).removesuffix("-Sequence").removesuffix(" Sequence")


def _recognised(start: FileStart) -> bool:
    if start.content.startswith(_ZIP):
        return start.path.name.lower().endswith(".mrb") or _lists_a_scene(start.path)
    return b"<MRML" in start.text[:4096]


def _lists_a_scene(path: Path) -> bool:
    """Whether a zip of another name has a scene among its entries: its directory of them stands at its end."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, 2) - _LONGEST_DIRECTORY))
            end = stream.read(_LONGEST_DIRECTORY)
    except OSError:
        return False
    # Of an entry, the length of its name stands 28 bytes behind its mark, and the name itself 46 bytes.
    return any(
        end[match.start() + 46 : match.start() + 46 + int.from_bytes(end[match.start() + 28 : match.start() + 30], "little")]
        .lower()
        .endswith(b".mrml")
        for match in _ENTRY.finditer(end)
    )


def _read_only_sweep(path: Path, configuration: PlusConfiguration | None) -> Sweep:
    first, *more = read_scene_sweeps(path, configuration)
    if more:
        names, remedy = (
            ", ".join(each.header["Images"] for each in (first, *more)),
            "Compound the scene, or save one by itself.",
        )
        raise InputError(f"one recording in {path.name}", f"{1 + len(more)}: {names}", remedy)
    return first


def _read_with_files(path: Path, files: TrackingFiles) -> tuple[Sweep, ...]:
    refuse_tracking_files(files, path, "a scene that holds its own")
    return read_scene_sweeps(path, with_calibration(files))


SLICER_SCENE = SweepFormat(
    Kind("slicer-scene", "a scene of 3D Slicer (.mrb, .mrml)", _recognised, packed_by=("zip",)),
    _read_only_sweep,
    takes_configuration=True,
    read_with_files=_read_with_files,
)
