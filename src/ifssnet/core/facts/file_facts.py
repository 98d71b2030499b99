"""What is found in files, and what becomes of them when they are converted or annotated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.findings import Finding
from ifssnet.core.grid import GridSummary


@dataclass(frozen=True)
class LabelFacts:
    """One label of a label map.

    Attributes:
        value: Its value.
        name: Its name.
        voxels: How many voxels have it.
        volume_cm3: Their volume.
        first_slice: The first slice that has it; None where none has.
        last_slice: The last one.
        slices: How many slices have it.
    """

    value: int
    name: str
    voxels: int
    volume_cm3: float
    first_slice: int | None
    last_slice: int | None
    slices: int


@dataclass(frozen=True)
class ImageFacts:
    """A volume or a label map.

    Attributes:
        grid: Where its voxels lie.
        voxel_type: Numpy's name for the type of its voxels.
        minimum: The lowest finite grey level; None for a segmentation, or where there is none.
        maximum: The highest one.
        mean: Their mean.
        header: What the file's header says beyond the grid; None for a segmentation.
        labels: One entry a label; None where the file does not say that its values are labels.
    """

    grid: GridSummary
    voxel_type: str
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    header: Mapping[str, str] | None = None
    labels: tuple[LabelFacts, ...] | None = None


@dataclass(frozen=True)
class SweepFacts:
    """A tracked sweep.

    Attributes:
        frames: How many there are.
        valid_frames: How many of them have a pose that can be trusted.
        frame_size_uv_px: Width and height of a frame.
        pixel_spacing_uv_mm: Width and height of a pixel.
        pixel_type: Numpy's name for the type of its pixels.
        duration_s: From the first frame to the last.
        path_mm: Length of the way that the image's origin went, over the valid frames.
        median_step_mm: Its median from one valid frame to the next.
        contours: How many were drawn.
        contours_by_object: The same for each object, by its name.
        header: What the file's header says beyond that, without the lines of single frames.
        findings: What is odd about the poses; None where nothing is.
    """

    frames: int
    valid_frames: int
    frame_size_uv_px: tuple[int, int]
    pixel_spacing_uv_mm: tuple[float, float]
    pixel_type: str
    duration_s: float
    path_mm: float
    median_step_mm: float
    contours: int
    contours_by_object: Mapping[str, int]
    header: Mapping[str, str]
    findings: tuple[Finding, ...] | None = None


@dataclass(frozen=True)
class UnplacedFrameFacts:
    """A recording whose frames cannot be placed yet, as one without the probe's calibration.

    Attributes:
        frames: How many there are.
        frame_size_uv_px: Width and height of a frame.
        pixel_type: Numpy's name for the type of its pixels.
        duration_s: From the first time to the last; None where no times are known.
        missing: What is needed to place them, and how to give it.
        transforms: The transforms that the file has.
    """

    frames: int
    frame_size_uv_px: tuple[int, int]
    pixel_type: str
    duration_s: float | None
    missing: str
    transforms: tuple[TransformFacts, ...]


@dataclass(frozen=True)
class SurfaceFacts:
    """One surface: its name and how many triangles it has."""

    name: str
    triangles: int


@dataclass(frozen=True)
class SurfacesFacts:
    """The surfaces of a file or a folder."""

    surfaces: tuple[SurfaceFacts, ...]


@dataclass(frozen=True)
class CaseFacts:
    """One leg of a cohort: its split, its name, and whether both its volume and its labels are there."""

    split: str
    case: str
    complete: bool


@dataclass(frozen=True)
class CohortFacts:
    """A cohort: its name, the terms of its use, what to cite, and its legs."""

    name: str
    licence: str
    citation: tuple[str, ...]
    cases: tuple[CaseFacts, ...]


@dataclass(frozen=True)
class ConfigurationFacts:
    """A PLUS configuration.

    Attributes:
        transforms: "FROM to TO" to the rows of the 4 x 4 matrix, in mm.
        options: What the file says of how to make a volume.
        hole_filling: The ways of filling holes, in the order in which they are tried.
    """

    transforms: Mapping[str, tuple[tuple[float, ...], ...]]
    options: Mapping[str, str | float | bool | tuple[float, ...]]
    hole_filling: tuple[Mapping[str, str | float | None], ...]


@dataclass(frozen=True)
class NodeFacts:
    """One node of a 3D Slicer scene: its kind, its name, what it holds in words, and its file."""

    kind: str
    name: str
    holds: str
    file: str | None


@dataclass(frozen=True)
class SceneFacts:
    """A 3D Slicer scene: how many recordings it holds, and its nodes."""

    recordings: int
    nodes: tuple[NodeFacts, ...]


@dataclass(frozen=True)
class TransformFacts:
    """A sequence of transforms.

    Attributes:
        name: The transform's name, or the frames that it joins.
        entries: How many matrices it has.
        valid: How many of them can be trusted.
        first_s: Time of the first one; None where no times are known.
        last_s: Time of the last one.
    """

    name: str
    entries: int
    valid: int
    first_s: float | None
    last_s: float | None


@dataclass(frozen=True)
class TransformsFacts:
    """The sequences of transforms in a file."""

    transforms: tuple[TransformFacts, ...]


@dataclass(frozen=True)
class MatrixRow:
    """One row of a 4 x 4 matrix in mm."""

    x: float
    y: float
    z: float
    shift_mm: float


@dataclass(frozen=True)
class MatrixFacts:
    """One transform to its parent's coordinates, row by row."""

    matrix_to_parent: tuple[MatrixRow, ...]


@dataclass(frozen=True)
class FolderEntry:
    """A file or a folder in a folder: its name, and what it is in words."""

    name: str
    what: str


@dataclass(frozen=True)
class FolderFacts:
    """A folder that is no recording, volume or cohort of its own.

    Attributes:
        entries: How many files and folders lie in it.
        contents: What they are, the first by name.
    """

    entries: int
    contents: tuple[FolderEntry, ...]


@dataclass(frozen=True)
class KeyFacts:
    """One key of a table in a JSON file: its name, and its value, or what that is in words."""

    name: str
    value: str


@dataclass(frozen=True)
class JsonFacts:
    """A JSON file: the keys of its outermost table."""

    keys: tuple[KeyFacts, ...]


@dataclass(frozen=True)
class PictureFacts:
    """A single picture: its size, its type, and its least and largest grey level."""

    frame_size_uv_px: tuple[int, int]
    pixel_type: str
    minimum: float
    maximum: float


Content = (
    ImageFacts
    | SweepFacts
    | UnplacedFrameFacts
    | SurfacesFacts
    | CohortFacts
    | ConfigurationFacts
    | SceneFacts
    | TransformsFacts
    | MatrixFacts
    | JsonFacts
    | PictureFacts
    | FolderFacts
)


@dataclass(frozen=True)
class Inspection:
    """What a file or a folder is.

    Attributes:
        path: Where it is.
        kind: Its name in the table of formats.
        words: The same in words.
        content: What is in it.
    """

    path: Path
    kind: str
    words: str
    content: Content


@dataclass(frozen=True)
class ImageConversion:
    """A volume or a label map was written.

    Attributes:
        grid: Where its voxels lie.
        voxel_type: Numpy's name for the type of a volume's voxels; None for labels.
        labels: Names of the structures that it holds; None for a volume.
    """

    grid: GridSummary
    voxel_type: str | None = None
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SurfaceConversion:
    """One surface was written as it was: its name."""

    labels: tuple[str, ...]


@dataclass(frozen=True)
class SweepConversion:
    """A sweep was written: how many frames it has, how many of them have a valid pose, and how many contours."""

    frames: int
    valid_frames: int
    contours: int


@dataclass(frozen=True)
class CohortConversion:
    """A cohort was written: how many legs it has."""

    cases: int


Converted = ImageConversion | SurfaceConversion | SweepConversion | CohortConversion


@dataclass(frozen=True)
class Conversion:
    """What became of a file.

    Attributes:
        source: What was read.
        output: What was written.
        content: What is in it.
    """

    source: Path
    output: Path
    content: Converted


@dataclass(frozen=True)
class AnnotatedMuscle:
    """How much of a muscle was annotated.

    Attributes:
        slices: How many slices were annotated.
        present: On how many of them the muscle was drawn; on the others it is absent.
        percent_of_slices: Share of the volume's slices that were annotated.
    """

    slices: int
    present: int
    percent_of_slices: float


@dataclass(frozen=True)
class Annotation:
    """How much was annotated.

    Attributes:
        muscles: The muscles by name.
        findings: What a person has to know of the drawing.
    """

    muscles: Mapping[str, AnnotatedMuscle]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class SliceMasks:
    """Masks that went out, or came back.

    Attributes:
        output: Where they were written.
        masks: How many, of all muscles together.
        muscles: The muscles' names.
        complete: Whether they are a complete label map; otherwise they are seeds, and slices without a file are unknown.
    """

    output: Path
    masks: int
    muscles: tuple[str, ...]
    complete: bool
