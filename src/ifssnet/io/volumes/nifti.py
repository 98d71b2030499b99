"""NIfTI-1 and NIfTI-2 (`.nii`, `.nii.gz`, pairs of `.hdr` and `.img`): RAS in the file, LPS here.

Header fields are read and written by nibabel; pixels are read here, because a compressed file must not be inflated
further than its header can justify.
"""

from __future__ import annotations

import math
import re
import struct
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Literal

import numpy as np
from jaxtyping import Float, Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grey_scale import WINDOW_KEY
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.io.codecs.data_files import file_there
from ifssnet.io.codecs.deflate import ANY_ZLIB
from ifssnet.io.codecs.pixels import byte_pieces, checked_bytes, deflated, read_deflated, read_raw
from ifssnet.io.recognition import GZIP, Kind
from ifssnet.io.storage.existing_file import existing_file
from ifssnet.io.volumes.disagreement import Statement, settle
from ifssnet.io.volumes.nifti_extensions import extensions_of, header_lines
from ifssnet.io.volumes.placement import grid_from_affine, three_dimensional, three_sizes
from ifssnet.io.volumes.values_a_voxel import Meaning, values_of
from ifssnet.io.volumes.volume_format import VolumeFormat, VolumeWriter

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_MM = {0: 1.0, 1: 1e3, 2: 1.0, 3: 1e-3}
_CODES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_COLOURS = {128: 3, 2304: 4}
_COLOUR_INTENTS = (2003, 2004)
_APART_VOXELS = 0.5
"""Share of a voxel by which two places of one image may differ in silence."""
_TEXTS = ("descrip", "aux_file", "intent_name")
_LARGEST_PREFIX = 1 << 26


def read_nifti_volume(path: Path, labels: bool = False) -> Volume:
    """Read a 3-D image from a `.nii` or `.nii.gz` file, compressed or not whatever its name.

    Axes and origin are the sform's, else the qform's; the size of a voxel is pixdim's, as ITK and 3D Slicer have it. Grey
    levels are scaled by the header's slope and intercept, to float32, only where these say something.

    Args:
        path: The file.
        labels: Whether its values are labels, from which volumes are measured.

    Raises:
        InputError: No NIfTI file, or not one of a 3-D image whose pixels fit its header.
    """
    return _volumes(path, labels, apart=False)[0]


def read_nifti_layers(path: Path) -> tuple[Volume, ...]:
    """Read label values: one volume, or one a layer where the layers of several structures overlap.

    Raises:
        InputError: As `read_nifti_volume`.
    """
    return _volumes(path, labels=True, apart=True)


def _volumes(path: Path, labels: bool, *, apart: bool) -> tuple[Volume, ...]:
    existing_file(path, "a NIfTI file")
    try:
        with _part(path, "hdr").open("rb") as stream, np.errstate(all="ignore"):
            packed = stream.read(2) == GZIP
            header = _header(_prefix(stream, packed, 544), path)
            start = _pixel_start(header, path)
            sizes, dtype = _layout(header, path)
            carried = _carried(header, _prefix(stream, packed, _LARGEST_PREFIX if _is_pair(header) else start), path.name)
        with (_part(path, "img") if _is_pair(header) else path).open("rb") as stream:
            if stream.read(2) == GZIP:
                array = read_deflated(stream, 0, sizes, dtype, path.name, skip=start)[0]
            else:
                array = read_raw(stream, start, sizes, dtype, path.name)
    except (OSError, MemoryError, zlib.error) as error:
        raise InputError(f"a readable NIfTI file {path.name}", f"'{error}'", "Export or copy the file again.") from error
    with np.errstate(all="ignore"):
        # Labels of several layers are told by the stored values; a slope belongs to one value a voxel.
        parts = [three_dimensional(part, path.name) for part in _values(array, header, path, labels, apart)]
        shape = parts[0].shape
        grid = _grid(header, (shape[0], shape[1], shape[2]), path, labels)
        window = _window(header, parts[0].dtype)
        if len(parts) == 1:
            parts = [_scaled(parts[0], header, path)]
    return tuple(Volume(part, grid, MappingProxyType(carried | window)) for part in parts)


def read_nifti_grid(path: Path, labels: bool = False) -> Grid:
    """The grid of a 3-D image with one value a voxel, its voxels unread.

    Raises:
        InputError: As `read_nifti_volume`, or several values a voxel.
    """
    existing_file(path, "a NIfTI file")
    try:
        with _part(path, "hdr").open("rb") as stream, np.errstate(all="ignore"):
            header = _header(_prefix(stream, stream.read(2) == GZIP, 544), path)
            sizes, _ = _layout(header, path)
            return _grid(header, three_sizes(sizes, path.name), path, labels)
    except (OSError, zlib.error) as error:
        raise InputError(f"a readable NIfTI file {path.name}", f"'{error}'", "Export or copy the file again.") from error


def _part(path: Path, ending: Literal["hdr", "img"]) -> Path:
    """One file of a pair by either of them, compressed or not; a file of another name is both in one.

    Raises:
        InputError: It is not there.
    """
    stem = re.sub(r"\.(hdr|img)(\.gz)?$", "", path.name, flags=re.IGNORECASE)
    if stem == path.name and ending == "hdr":
        return path
    for name in (f"{stem}.{ending}", f"{stem}.{ending}.gz"):
        if (found := file_there(path.parent, name)) is not None:
            return found
    raise InputError(
        f"{stem}.{ending} beside {path.name}, the other half of a NIfTI pair",
        "none",
        "Put it there, or save the image as one .nii file.",
    )


def _is_pair(header: Any) -> bool:
    return bytes(header["magic"].item())[:2] == b"ni"


def _values(
    array: Shaped[np.ndarray, "*size"], header: Any, path: Path, labels: bool, apart: bool
) -> tuple[Shaped[np.ndarray, "*kept"], ...]:
    """A colour type is a colour; the fourth dimension is a series, the fifth a vector, unless the intent says colours."""
    if int(header["datatype"]) in _COLOURS:
        array = values_of(array, "colour", path.name, labels, apart=False)[0]
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim > 3 and all(n == 1 for n in array.shape[1:-3]):
        meaning: Meaning = "list"
        if array.ndim == 5:
            meaning = "colour" if int(header["intent_code"]) in _COLOUR_INTENTS else "vector"
        return values_of(np.moveaxis(array, 0, -1), meaning, path.name, labels, apart)
    return (array,)


def _window(header: Any, stored: np.dtype) -> dict[str, str]:
    """The levels that are black and white: the header's own, else those of a scaled byte."""
    low, high = float(header["cal_min"]), float(header["cal_max"])
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        if stored != np.uint8 or not (math.isfinite(slope) and slope > 0 and math.isfinite(inter)):
            return {}
        low, high = inter, 255 * slope + inter
    return {WINDOW_KEY: f"{low!r} {high!r}"} if (low, high) != (0.0, 255.0) else {}


def write_nifti_volume(volume: Volume, path: Path, compress: bool) -> None:
    """Write a volume as NIfTI-1 (NIfTI-2 where a side is longer than 32767); the caller moves it into place.

    The affine is stored in single precision, as the format has it.

    Raises:
        InputError: Pixels of a type that the format has no code for.
    """
    code = {kind: number for number, kind in _CODES.items()}.get(volume.array.dtype.newbyteorder("=").str[1:])
    if code is None:
        raise InputError("pixels that NIfTI can hold", f"{volume.array.dtype}", "Convert the array first.")
    grid = volume.grid
    from nibabel import nifti1, nifti2

    make: Any = nifti2.Nifti2Header if max(grid.shape_zyx) > 32767 else nifti1.Nifti1Header
    header: Any = make(endianness="<")
    z, y, x = grid.shape_zyx
    header.set_data_shape((x, y, z))
    header["datatype"], header["bitpix"] = code, volume.array.dtype.itemsize * 8
    affine = _RAS_TO_LPS @ grid.index_to_mm
    header.set_qform(affine, code=1)
    header.set_sform(affine, code=1)
    header.set_xyzt_units("mm")
    header["scl_slope"], header["scl_inter"] = 1.0, 0.0
    extension = extensions_of(volume.header, _TEXTS)
    for name in _TEXTS:
        header[name] = volume.header.get(f"nifti_{name}", "").encode("utf-8")[: header[name].dtype.itemsize]
    block = header.structarr["sizeof_hdr"].item()
    header["vox_offset"] = block + 4 + len(extension)
    header["magic"] = b"n+1\0" if block == 348 else b"n+2\0\r\n\x1a\n"
    little = volume.array.astype(volume.array.dtype.newbyteorder("<"), copy=False)
    head = header.binaryblock + (b"\1\0\0\0" if extension else b"\0\0\0\0") + extension
    with path.open("wb") as stream:
        if compress:
            # Two gzip members, the header's and the pixels', read as one stream.
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)
            stream.write(packer.compress(head) + packer.flush())
            stream.writelines(deflated(little, gzip=True))
        else:
            stream.write(head)
            stream.writelines(byte_pieces(little))


def _prefix(stream: BinaryIO, packed: bool, count: int) -> bytes:
    """The first bytes of the file, inflated if need be, no more than asked for."""
    stream.seek(0)
    if not packed:
        return stream.read(count)
    found, inflater = b"", zlib.decompressobj(ANY_ZLIB)
    while len(found) < count and (data := stream.read(1 << 16)):
        while data and len(found) < count:
            found += inflater.decompress(data, count - len(found))
            data = inflater.unconsumed_tail
            if inflater.eof:
                # What follows the last member is no part of the image: some tools pad their files.
                if inflater.unused_data and not inflater.unused_data.startswith(GZIP):
                    return found
                data, inflater = inflater.unused_data, zlib.decompressobj(ANY_ZLIB)
    return found


def _header(block: bytes, path: Path) -> Any:
    """The header as nibabel has it, unchecked: every field that is used is checked where it is used."""
    from nibabel import nifti1, nifti2

    for make, size, magic_at, magics in (
        (nifti1.Nifti1Header, 348, 344, (b"n+1", b"ni1")),
        (nifti2.Nifti2Header, 540, 4, (b"n+2", b"ni2")),
    ):
        magic = block[magic_at : magic_at + 3]
        if len(block) < size or magic not in magics:
            continue
        order = next((order for order in "<>" if struct.unpack(f"{order}i", block[:4])[0] == size), None)
        if order is not None:
            return make(block[:size], endianness=order, check=False)
    if len(block) >= 348 and 348 in struct.unpack("<i", block[:4]) + struct.unpack(">i", block[:4]):
        remedy = "Save it as NIfTI with a program that knows how it was scanned."
        what = f"a NIfTI header in {path.name}, which says left and right"
        raise InputError(what, "one of Analyze 7.5, which does not", remedy)
    raise InputError(
        f"a NIfTI-1 or NIfTI-2 header in {path.name}",
        f"{len(block)} bytes that are none",
        "Give a .nii or .nii.gz file, or export it again.",
    )


def _pixel_start(header: Any, path: Path) -> int:
    start, least = float(header["vox_offset"]), 0 if _is_pair(header) else int(header["sizeof_hdr"]) + 4
    if not math.isfinite(start) or not (start == 0 or least <= start <= _LARGEST_PREFIX):
        raise InputError(f"pixels from byte {least} on in {path.name}", f"vox_offset {start:g}", "Export the file again.")
    return max(int(start), least)


def _layout(header: Any, path: Path) -> tuple[tuple[int, ...], np.dtype]:
    count, code = int(header["dim"][0]), int(header["datatype"])
    if not 1 <= count <= 7:
        raise InputError(f"1 to 7 dimensions in {path.name}", f"{count}", "Export the file again.")
    if code not in _CODES and code not in _COLOURS:
        raise InputError(
            f"whole numbers, floats or colours in {path.name}", f"the NIfTI datatype {code}", "Convert the pixels."
        )
    sizes = tuple(int(n) for n in reversed(header["dim"][1 : count + 1]))
    order = header.endianness
    if code in _COLOURS:
        sizes, dtype = (*sizes, _COLOURS[code]), np.dtype("u1")
    else:
        dtype = np.dtype(_CODES[code]).newbyteorder(order)
    checked_bytes(sizes, dtype.itemsize, path.name)
    return sizes, dtype


def _carried(header: Any, prefix: bytes, where: str) -> dict[str, str]:
    carried = header_lines(prefix, int(header["sizeof_hdr"]), header.endianness, where)
    for name in _TEXTS:
        text = bytes(header[name].item()).split(b"\0")[0].decode("utf-8", "replace").strip()
        if text:
            carried[f"nifti_{name}"] = text
    return carried


def _grid(header: Any, shape_zyx: tuple[int, int, int], path: Path, labels: bool) -> Grid:
    units = int(header["xyzt_units"]) & 7
    if units not in _MM:
        warnings.warn(InputWarning(f"{path.name}: unknown unit of length ({units}); mm were assumed."), stacklevel=3)
    mm = _MM.get(units, 1.0)
    if int(header["dim"][0]) < 3:
        header["dim"][3:], header["pixdim"][3] = 1, header["pixdim"][3] or 1.0
    sizes = np.array(header["pixdim"][1:4], dtype=np.float64)
    if (sizes < 0).any():
        negative = " x ".join(f"{size:g}" for size in sizes)
        warnings.warn(InputWarning(f"{path.name}: pixdim {negative}; sizes of voxels were taken without sign."), stacklevel=3)
    # As the format has it: sizes are positive, and 0 for the handedness of the qform says 1.
    sizes = header["pixdim"][1:4] = np.abs(sizes)
    header["pixdim"][0] = header["pixdim"][0] or 1
    known = np.isfinite(sizes) & (sizes > 0)
    said = bool(known.all())
    sform = _by_sform(header, mm, shape_zyx, path) if int(header["sform_code"]) > 0 else None
    qform = _by_qform(header, mm, shape_zyx, path, sform) if int(header["qform_code"]) > 0 and said else None
    if sform is not None:
        taken = np.where(known, sizes * mm, sform.spacing_xyz_mm)
        return _settled(sform, qform, [float(f"{size:.7g}") for size in taken], path, labels)
    if qform is not None:
        return qform
    if said:
        warnings.warn(InputWarning(f"{path.name} says no orientation; left-posterior-superior was assumed."), stacklevel=3)
    return _grid_of_affine(_RAS_TO_LPS @ np.diag([*sizes, 1.0]), mm, shape_zyx, path)


def _by_sform(header: Any, mm: float, shape_zyx: tuple[int, int, int], path: Path) -> Grid | None:
    try:
        return _grid_of_affine(header.get_sform(), mm, shape_zyx, path)
    except InputError:
        if int(header["qform_code"]) <= 0:
            raise
        warnings.warn(InputWarning(f"{path.name}: the sform is not rigid; the qform was taken."), stacklevel=4)
    return None


def _by_qform(header: Any, mm: float, shape_zyx: tuple[int, int, int], path: Path, sform: Grid | None) -> Grid | None:
    from nibabel.spatialimages import HeaderDataError

    try:
        return _grid_of_affine(header.get_qform(), mm, shape_zyx, path)
    except (InputError, HeaderDataError, ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        if sform is not None:
            warnings.warn(InputWarning(f"{path.name}: the qform is no rotation; the sform was taken."), stacklevel=4)
            return None
        raise InputError(f"a rotation in the qform of {path.name}", f"'{error}'", "Correct the header.") from error


def _settled(sform: Grid, qform: Grid | None, pixdim_mm: Sequence[float], path: Path, labels: bool) -> Grid:
    """The sform's axes and origin with the voxels of pixdim, which most programs take; differences are named."""
    grid = sform
    settle(Statement("pixdim", pixdim_mm), Statement("the sform", sform.spacing_xyz_mm), path.name, labels)
    if not np.allclose(pixdim_mm, sform.spacing_xyz_mm, rtol=3e-4):
        x, y, z = pixdim_mm
        grid = replace(sform, spacing_xyz_mm=(float(x), float(y), float(z)))
    if qform is not None:
        apart = float(np.linalg.norm(qform.corners_mm - grid.corners_mm, axis=1).max())
        if apart > _APART_VOXELS * min(grid.spacing_xyz_mm):
            warnings.warn(
                InputWarning(f"{path.name}: its sform and its qform place it up to {apart:.3g} mm apart; the sform was taken."),
                stacklevel=4,
            )
    return grid


def _grid_of_affine(affine_ras: Float[np.ndarray, "4 4"], mm: float, shape_zyx: tuple[int, int, int], path: Path) -> Grid:
    # 0.277 in single precision is 0.27700001...: seven digits say what was meant.
    affine = _RAS_TO_LPS @ np.asarray(affine_ras, dtype=np.float64)
    affine[:3, 3] = [float(str(np.float32(value))) for value in affine[:3, 3]]
    return grid_from_affine(shape_zyx, np.diag([mm, mm, mm, 1.0]) @ affine, path.name, digits=7)


def _scaled(volume: Shaped[np.ndarray, "z y x"], header: Any, path: Path) -> Shaped[np.ndarray, "z y x"]:
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or not math.isfinite(slope) or (slope == 1 and inter == 0):
        return volume
    if not math.isfinite(inter):
        raise InputError(f"a finite scl_inter in {path.name}", f"{inter}", "Correct the header.")
    dtype = np.float64 if volume.dtype.itemsize > 4 else np.float32
    return volume.astype(dtype) * dtype(slope) + dtype(inter)


NIFTI = VolumeFormat(
    Kind(
        "nifti",
        "a NIfTI volume or label map (.nii, .nii.gz)",
        recognises=lambda start: start.content[344:347] in (b"n+1", b"ni1") or start.content[4:7] in (b"n+2", b"ni2"),
        suffixes=(".nii", ".nii.gz", ".hdr", ".img"),
        packed_by=("gzip",),
    ),
    read_nifti_volume,
    writers=(
        VolumeWriter(".nii", lambda volume, path, _, __: write_nifti_volume(volume, path, False), label_names="beside"),
        VolumeWriter(".nii.gz", lambda volume, path, _, __: write_nifti_volume(volume, path, True), label_names="beside"),
    ),
    read_grid=read_nifti_grid,
    read_label_values=read_nifti_layers,
)
