"""Closed surfaces in and out: STL (binary and text), PLY and OBJ."""

from __future__ import annotations

import io
import re
import struct
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.images import Surface
from ifssnet.core.muscles import field_name, field_names
from ifssnet.geometry.surfaces.mesh import facing_outwards, is_consistently_wound, merged, open_edges
from ifssnet.io.codecs.header_text import decoded
from ifssnet.io.codecs.numbers import shortened
from ifssnet.io.recognition import FileStart, Kind
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.storage.existing_file import existing_file

SURFACE_SUFFIXES: tuple[str, ...] = (".stl", ".ply", ".obj")
_OBJ_LINE = re.compile(rb"^v\s+[-+.\d]", re.MULTILINE)

_PARTS = {
    ".obj": re.compile(rb"^o[ \t]+([^\r\n]*)", re.MULTILINE),
    ".stl": re.compile(rb"^[ \t]*solid\b([^\r\n]*)", re.MULTILINE),
}
"""Where the named parts of a text file begin."""

SMALLEST_MM, LEAST_LEG_MM, LARGEST_MM = 5.0, 50.0, 3000.0
"""Sizes from end to end: what cannot be a part of a leg, what hardly can, and what is larger than anybody."""

_OTHER_UNITS = (("metres", 1e3), ("cm", 10.0), ("micrometres", 1e-3))
_LIKELY_LEG_MM = (30.0, 1200.0)

MAX_BYTES = 2**29
"""Ten million triangles of a binary STL. Whoever hands in more has picked the wrong file."""


def read_surfaces(path: Path, names: Sequence[str] | None = None) -> list[Surface]:
    """Every closed surface of a folder, in the order of the files' names, or the one of a file.

    Names come from the files through `field_name`. Positions are mm, LPS, unless the file's comment says
    ``SPACE=RAS`` as 3D Slicer writes it. Corners at exactly the same position are joined, and triangles turned
    so that they face outwards.

    Args:
        path: A folder with STL, PLY or OBJ files (others are passed over), or one such file.
        names: Read these muscles only, in this order ("SOL" or what a file calls it); other files are not even opened.

    Raises:
        InputError: Nothing there, no file for one of the names, two files with the same name for their muscle, or a surface
            that is not closed, empty, not finite or not readable: names the file and, where it is open, its number of
            open edges.
    """
    files = _surface_files(path)
    by_name: dict[str, Path] = {}
    called = field_names([*(file.stem for file in files), *(names or ())])
    asked = None if names is None else list(dict.fromkeys(called[name] for name in names))
    for file in files:
        name = called[file.stem]
        if (first := by_name.setdefault(name, file)) is not file and (asked is None or name in asked):
            raise InputError(
                "one file a muscle", f"{first.name} and {file.name}, both {name}, in {path}", "Move one of them away."
            )
    wanted = list(by_name) if asked is None else asked
    if lacking := [name for name in wanted if name not in by_name]:
        raise InputError(
            f"a surface for {', '.join(lacking)} in {path}", f"{', '.join(by_name)}", "Choose out of these, or rename a file."
        )
    return [replace(read_surface(by_name[name]), name=name) for name in wanted]


def read_surface(path: Path) -> Surface:
    """One closed surface; see `read_surfaces`."""
    suffix = path.suffix.lower()
    if suffix not in SURFACE_SUFFIXES:
        raise InputError("a surface as .stl, .ply or .obj", f"{path}", "Convert it to one of these.")
    try:
        if (size := existing_file(path, "a surface file that can be read")) > MAX_BYTES:
            raise InputError(f"a surface file of at most {MAX_BYTES // 2**20} MB", f"{path} of {size:,} bytes", "Decimate it.")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            "a surface file that can be read", f"{path} ({error.strerror})", "Check its name and rights."
        ) from error
    vertices, faces = _parsed(content, suffix, path)
    return _checked(vertices, faces, path)


def check_size(surfaces: Sequence[Surface], path: Path) -> None:
    """Warn of surfaces too small for a leg in mm, and refuse those that cannot be one: they are in another unit.

    Args:
        surfaces: All of one leg.
        path: Where they are from.

    Raises:
        InputError: Less than 5 mm or more than 3 m from end to end.
    """
    corners = np.array([corner for each in surfaces for corner in (each.vertices_mm.min(axis=0), each.vertices_mm.max(axis=0))])
    longest = float(np.ptp(corners, axis=0).max()) if len(corners) else 0.0
    if LEAST_LEG_MM <= longest <= LARGEST_MM:
        return
    unit = next((unit for unit, mm in _OTHER_UNITS if _LIKELY_LEG_MM[0] <= longest * mm <= _LIKELY_LEG_MM[1]), "")
    received = f"{path} of {longest:.4g} mm from end to end" + (f"; they may be in {unit}" if unit else "")
    remedy = "Scale the surfaces to mm where they were made (for example Slicer's Transforms, MeshLab or Blender)."
    if SMALLEST_MM <= longest <= LARGEST_MM:
        warnings.warn(
            InputWarning(f"Surfaces of a leg are longer than {LEAST_LEG_MM:g} mm; got {received}. {remedy}"), stacklevel=2
        )
        return
    raise InputError("surfaces in mm", received, remedy)


def write_surface(surface: Surface, path: Path, force: bool = False) -> None:
    """Write a surface in mm, LPS, in the format that the suffix names; STL is binary, with 32-bit coordinates.

    Raises:
        InputError: Another suffix, no triangles, or a target that cannot be written or exists without `force`.
    """
    writers = {".stl": _stl_bytes, ".ply": _ply_bytes, ".obj": _obj_bytes}
    if (writer := writers.get(path.suffix.lower())) is None:
        raise InputError("a target that ends in .stl, .ply or .obj", f"{path}", "Choose one of these.")
    if len(surface.faces) == 0:
        raise InputError("a surface with triangles", f"the empty surface '{surface.name}' for {path}", "Leave it out.")
    with atomic_path(path, force) as partial:
        partial.write_bytes(writer(surface))


def _surface_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    try:
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in SURFACE_SUFFIXES and file.is_file())
    except OSError as error:
        raise InputError("a folder that can be read", f"{path} ({error.strerror})", "Check its rights.") from error
    if not files:
        raise InputError(
            "a folder with STL, PLY or OBJ files", f"{path} without any", "Name the folder that holds the surfaces."
        )
    return files


def _parsed(content: bytes, suffix: str, path: Path) -> tuple[Float[np.ndarray, "vertex 3"], Int[np.ndarray, "face 3"]]:
    import trimesh

    remedy = "Export it again from where it was made."
    # The library's own annotations are partial.
    library: Any = trimesh
    try:
        # Materials and textures that an OBJ or PLY names are never looked up: no resolver is given.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mesh = library.load_mesh(io.BytesIO(content), file_type=suffix[1:], process=False, skip_materials=True)
            vertices = np.array(mesh.vertices, dtype=np.float64).reshape(-1, 3)
            faces = np.array(mesh.faces, dtype=np.int64).reshape(-1, 3)
    except Exception as error:  # whatever a parser meets in arbitrary bytes, a user gets one answer
        raise InputError(
            f"a {suffix[1:].upper()} surface", f"{path}, which cannot be read ({type(error).__name__}: {error})", remedy
        ) from error
    if len(faces) == 0:
        raise InputError("a surface with triangles", f"{path} without any", remedy)
    _say_parts(content, suffix, path)
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise InputError("triangles between the file's own points", f"{path}, which names points that it lacks", remedy)
    vertices, faces = merged(vertices, faces)
    if not np.isfinite(vertices).all():
        raise InputError(
            "finite coordinates", f"{path} with {int((~np.isfinite(vertices)).any(axis=1).sum())} that are not", remedy
        )
    if _is_ras(content):
        vertices = vertices * np.array([-1.0, -1.0, 1.0])
        faces = np.ascontiguousarray(faces[:, ::-1]) if len(faces) else faces
    return vertices, faces


def _say_parts(content: bytes, suffix: str, path: Path) -> None:
    """Say that a file holds several named parts, which are one surface here: they may be muscles of their own."""
    pattern = _PARTS.get(suffix)
    if pattern is None or (suffix == ".stl" and not content.startswith(b"solid")):
        return
    names = [decoded(name).strip() or "unnamed" for name in pattern.findall(content)]
    if len(names) > 1:
        shown = ", ".join(shortened(name, 20) for name in names[:4]) + (" ..." if len(names) > 4 else "")
        remedy = "If they are muscles of their own, save each in a file of its name."
        said = f"{path} holds {len(names):,} parts ({shown}); they were read as one surface"
        warnings.warn(InputWarning(f"{said}. {remedy}"), stacklevel=4)


def _is_ras(content: bytes) -> bool:
    """Whether 3D Slicer's comment at the start of the file says RAS; it writes LPS by default, as do we."""
    head = content[:2048]
    found = re.search(rb"SPACE\s*=\s*(RAS|LPS)", head)
    return found is not None and found.group(1) == b"RAS"


def _checked(vertices: Float[np.ndarray, "vertex 3"], faces: Int[np.ndarray, "face 3"], path: Path) -> Surface:
    remedy = "Close its holes where it was made (for example Slicer's Surface Toolbox, MeshLab or Blender)."
    if len(faces) == 0:
        raise InputError("a surface with triangles", f"{path}, all of whose triangles are points or lines", remedy)
    if (leaks := open_edges(faces)) > 0:
        raise InputError("a closed surface", f"{path} with {leaks} open edges", remedy)
    if not is_consistently_wound(faces):
        faces = _wound(vertices, faces, path)
    with np.errstate(over="ignore", invalid="ignore"):
        faces = facing_outwards(vertices, faces)
    return Surface(vertices_mm=vertices, faces=faces, name=field_name(path.stem))


def _wound(vertices: Float[np.ndarray, "vertex 3"], faces: Int[np.ndarray, "face 3"], path: Path) -> Int[np.ndarray, "face 3"]:
    """The triangles turned so that neighbours agree, as far as the mesh allows."""
    import trimesh

    mesh = trimesh.Trimesh(vertices, faces, process=False)
    library: Any = trimesh
    library.repair.fix_winding(mesh)
    warnings.warn(
        InputWarning(f"{path}: neighbouring triangles face opposite ways; they were turned to agree."),
        stacklevel=4,
    )
    return np.array(mesh.faces, dtype=np.int64)


def _stl_bytes(surface: Surface) -> bytes:
    record = np.zeros(len(surface.faces), dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    corners = surface.vertices_mm[surface.faces]
    doubled = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(doubled, axis=1, keepdims=True)
    record["normal"] = np.divide(doubled, length, out=np.zeros_like(doubled), where=length > 0)
    record["corners"] = corners
    header = f"{_comment(surface)}".encode("ascii", "replace")[:80].ljust(80)
    return header + struct.pack("<I", len(surface.faces)) + record.tobytes()


def _ply_bytes(surface: Surface) -> bytes:
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"comment {_comment(surface)}",
        f"element vertex {len(surface.vertices_mm)}",
        *(f"property double {axis}" for axis in "xyz"),
        f"element face {len(surface.faces)}",
        "property list uchar int vertex_indices",
        "end_header",
    ]
    record = np.zeros(len(surface.faces), dtype=[("count", "u1"), ("corners", "<i4", 3)])
    record["count"] = 3
    record["corners"] = surface.faces
    text = "\n".join(header) + "\n"
    return text.encode("ascii", "replace") + surface.vertices_mm.astype("<f8").tobytes() + record.tobytes()


def _obj_bytes(surface: Surface) -> bytes:
    out = io.BytesIO()
    out.write(f"# {_comment(surface)}\n".encode("ascii", "replace"))
    np.savetxt(out, surface.vertices_mm, fmt="v %.9g %.9g %.9g")
    np.savetxt(out, surface.faces + 1, fmt="f %d %d %d")
    return out.getvalue()


def _comment(surface: Surface) -> str:
    """Starts with neither 'solid' nor anything else that marks a text STL; the space is named as 3D Slicer does."""
    # A backslash at the end of a line of an OBJ file would make the next line part of the comment.
    one_line = re.sub(r"[\s\\]+", " ", surface.name).strip()
    return f"ifssnet mm SPACE=LPS {one_line}".strip()


def _is_surface(start: FileStart) -> bool:
    content = start.content
    if content.startswith((b"ply\n", b"ply\r\n")) or (content.startswith(b"solid") and b"facet" in content[:4096]):
        return True
    # A binary STL says nothing of itself, but its length follows from its count of triangles.
    if len(content) >= 84 and start.path.stat().st_size == 84 + 50 * int.from_bytes(content[80:84], "little"):
        return True
    return start.path.suffix.lower() == ".obj" and _OBJ_LINE.search(start.text) is not None


SURFACE = Kind("surface", "a surface (.stl, .ply, .obj)", recognises=_is_surface, suffixes=SURFACE_SUFFIXES)

SURFACES_FOLDER = Kind(
    "surfaces-folder",
    "a folder of surfaces",
    recognises_folder=lambda listing: bool(listing.suffixes & set(SURFACE_SUFFIXES)),
)
