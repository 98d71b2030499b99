"""Headers that say two things about the size of a voxel, in every format: both are named, and labels are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from pydicom.sequence import Sequence

from dicom_files import MR, as_bytes, image, region
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.open import open_labels, open_volume

LABELS = (np.arange(60, dtype=np.uint8) % 3).reshape(3, 4, 5)


def nrrd(path: Path, *lines: str) -> Path:
    head = ["NRRD0005", "type: uint8", "dimension: 3", "sizes: 5 4 3", "encoding: raw", "space: LPS", *lines]
    path.write_bytes("\n".join(head).encode() + b"\n\n" + LABELS.tobytes())
    return path


def metaimage(path: Path, *lines: str) -> Path:
    head = ["NDims = 3", "DimSize = 5 4 3", "ElementType = MET_UCHAR", *lines, "ElementDataFile = LOCAL"]
    path.write_bytes("\n".join(head).encode() + b"\n" + LABELS.tobytes())
    return path


def nifti(path: Path, sform: float, pixdim: float, qform: float | None = None) -> Path:
    made = nib.Nifti1Image(LABELS.transpose(), None)
    made.header.set_xyzt_units("mm")
    made.set_sform(np.diag([sform, sform, sform, 1]), 1)
    made.set_qform(None if qform is None else np.diag([qform, qform, qform, 1]), 0 if qform is None else 1)
    made.header["pixdim"][1:4] = pixdim
    nib.save(made, path)
    return path


DIRECTIONS = "space directions: (0.5,0,0) (0,0.5,0) (0,0,0.5)"
TWO = {
    "nrrd: spacings": lambda path: nrrd(path / "x.nrrd", DIRECTIONS, "spacings: 1 1 1"),
    "nrrd: units": lambda path: nrrd(path / "x.nrrd", DIRECTIONS, 'space units: "mm" "mm" "mm"', 'units: "cm" "cm" "cm"'),
    "nrrd: units of spacings": lambda path: nrrd(
        path / "x.nrrd", "spacings: 0.5 0.5 0.5", 'units: "mm" "mm" "mm"', 'space units: "cm" "cm" "cm"'
    ),
    "nrrd: ends of axes": lambda path: nrrd(
        path / "x.nrrd", DIRECTIONS, "axis mins: 0 0 0", "axis maxs: 5 4 3", "centers: cell cell cell"
    ),
    "metaimage": lambda path: metaimage(path / "x.mha", "ElementSpacing = 0.5 0.5 0.5", "ElementSize = 1 1 1"),
    "nifti": lambda path: nifti(path / "x.nii", 1.0, 0.5),
    "nifti with both forms": lambda path: nifti(path / "x.nii", 1.0, 0.5, 0.5),
}


@pytest.mark.parametrize("how", TWO)
def test_both_are_named_and_labels_are_refused(tmp_path: Path, how: str) -> None:
    path = TWO[how](tmp_path)
    with pytest.warns(InputWarning, match=r"two sizes of a voxel: 0\.5 x 0\.5 x 0\.5 mm .* and (1 x 1 x 1|5 x 5 x 5) mm"):
        assert open_volume(path).grid.spacing_xyz_mm == pytest.approx((0.5, 0.5, 0.5))
    with pytest.raises(InputError, match=r"differ by the factor (8|1000)"):
        open_labels(path)


def test_statements_that_agree_are_silent(tmp_path: Path) -> None:
    for path in (
        nrrd(tmp_path / "x.nrrd", DIRECTIONS, "spacings: 0.5 0.50001 0.5", 'units: "mm" "mm" "mm"'),
        nrrd(tmp_path / "y.nrrd", DIRECTIONS, "spacings: nan nan nan", "thicknesses: nan nan 5"),
        nrrd(tmp_path / "z.nrrd", "spacings: 0.5 0.5 0.5", "thicknesses: nan nan 5"),
        metaimage(tmp_path / "x.mha", "ElementSpacing = 0.5 0.5 0.5", "ElementSize = 0.5 0.5 0.5"),
        nifti(tmp_path / "x.nii", 0.5, 0.5, 0.5),
    ):
        assert open_labels(path).grid.spacing_xyz_mm == pytest.approx((0.5, 0.5, 0.5))


def test_axes_with_lengths_of_their_own_name_both_sizes(tmp_path: Path) -> None:
    path = metaimage(tmp_path / "x.mha", "ElementSpacing = 1 1 1", "TransformMatrix = 0.5 0 0 0 0.5 0 0 0 0.5")
    with pytest.raises(InputError, match=r"lengths 0\.5 x 0\.5 x 0\.5, and 1 x 1 x 1 mm by ElementSpacing"):
        open_volume(path)


def test_two_places_are_named(tmp_path: Path) -> None:
    path = metaimage(tmp_path / "x.mha", "ElementSpacing = 1 1 1", "Offset = 1 2 3", "Position = 4 5 6")
    with pytest.warns(InputWarning, match=r"Offset = 1 2 3, and Position = 4 5 6\. Offset was taken"):
        assert open_volume(path).grid.origin_xyz_mm == (1, 2, 3)
    made = nifti(tmp_path / "x.nii", 0.5, 0.5, 0.5)
    moved = nib.load(made)
    assert isinstance(moved, nib.Nifti1Image)
    moved.header["qoffset_x"] = 7
    nib.save(moved, tmp_path / "y.nii")
    with pytest.warns(InputWarning, match="7 mm apart; the sform was taken"):
        open_volume(tmp_path / "y.nii")


@pytest.mark.parametrize(
    "path", [lambda p: nrrd(p / "x.nrrd", "spacings: 1 1 1", "spacings: 2 2 2"),
             lambda p: metaimage(p / "x.mha", "ElementSpacing = 1 1 1", "ElementSpacing = 2 2 2")],
)  # fmt: skip
def test_a_key_that_stands_twice_with_two_values_is_refused(tmp_path: Path, path: Callable[[Path], Path]) -> None:
    with pytest.raises(InputError, match="two, '1 1 1' and '2 2 2'"):
        open_volume(path(tmp_path))


def test_dicom_names_its_region_and_its_pixel_spacing(tmp_path: Path) -> None:
    two = image(
        LABELS, SequenceOfUltrasoundRegions=Sequence([region(0.02, 0.02)]), PixelSpacing=[0.3, 0.3], SpacingBetweenSlices=1.0
    )
    (tmp_path / "x.dcm").write_bytes(as_bytes(two))
    with pytest.warns(InputWarning, match=r"0\.2 x 0\.2 mm by the ultrasound region and 0\.3 x 0\.3 mm by PixelSpacing"):
        assert open_volume(tmp_path / "x.dcm").grid.spacing_xyz_mm == pytest.approx((0.2, 0.2, 1))
    (tmp_path / "s").mkdir()
    for i, plane in enumerate(LABELS):
        one = image(
            plane[np.newaxis], MR, PixelSpacing=[1, 1], ImagePositionPatient=[0, 0, 2.0 * i], SpacingBetweenSlices=5.0,
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0], SeriesInstanceUID="1.2",
        )  # fmt: skip
        (tmp_path / "s" / f"{i}.dcm").write_bytes(as_bytes(one))
    with pytest.warns(InputWarning, match="2 mm apart by their positions and 5 mm by SpacingBetweenSlices"):
        assert open_volume(tmp_path / "s").grid.spacing_xyz_mm[2] == pytest.approx(2)


UNITS = {0.001: ("um", "µm", "\u03bcm", "\u339b", "micron", "Microns", "micrometer", "micrometres"),
         1: ("mm", "\u339c", "mm.", "'mm'", "“mm”", "millimeters", "millimetre"),
         10: ("cm", "centimeters"), 1000: ("m", "metres", "meter")}  # fmt: skip


@pytest.mark.parametrize(("factor", "word"), [(factor, word) for factor, words in UNITS.items() for word in words])
def test_every_spelling_of_a_unit_in_every_place(tmp_path: Path, factor: float, word: str) -> None:
    quoted = " ".join([f'"{word}"'] * 3)
    for lines in (
        (DIRECTIONS, f"space units: {quoted}"),
        (DIRECTIONS, f"units: {quoted}"),
        ("spacings: 0.5 0.5 0.5", f"units: {quoted}"),
        ("spacings: 0.5 0.5 0.5", f"space units: {word} {word} {word}"),
    ):
        grid = open_volume(nrrd(tmp_path / "x.nrrd", *lines)).grid
        assert grid.spacing_xyz_mm == pytest.approx((0.5 * factor,) * 3)
    path = metaimage(tmp_path / "x.mha", "ElementSpacing = 0.5 0.5 0.5", f"DistanceUnits = {word}")
    assert open_volume(path).grid.spacing_xyz_mm == pytest.approx((0.5 * factor,) * 3)


def test_units_may_differ_by_axis(tmp_path: Path) -> None:
    path = nrrd(tmp_path / "x.nrrd", "spacings: 500 0.5 0.05", 'units: "um" "mm" "cm"')
    assert open_volume(path).grid.spacing_xyz_mm == pytest.approx((0.5, 0.5, 0.5))


@pytest.mark.parametrize("key", ["units", "space units"])
def test_a_unit_that_is_not_known_is_refused(tmp_path: Path, key: str) -> None:
    for lines in ((DIRECTIONS,), ("spacings: 1 1 1",)):
        with pytest.raises(InputError, match=f"{key} of um .*pixel"):
            open_volume(nrrd(tmp_path / "x.nrrd", *lines, f'{key}: "mm" "mm" "pixel"'))
        # Who writes one axis in microns and says nothing of the others has not said the size of a voxel.
        with pytest.raises(InputError, match=f"{key} of um"):
            open_volume(nrrd(tmp_path / "x.nrrd", *lines, f'{key}: "um" "" ""'))


def test_labels_without_a_size_of_a_voxel_are_refused_and_volumes_are_told(tmp_path: Path) -> None:
    for path, what in (
        (nrrd(tmp_path / "x.nrrd"), "no spacing"),
        (nrrd(tmp_path / "y.nrrd", "spacings: nan nan nan"), "no spacing"),
        (nrrd(tmp_path / "z.nrrd", "spacings: 0.5 0.5 nan"), "no spacing along z"),
        (metaimage(tmp_path / "x.mha"), "no ElementSpacing"),
    ):
        with pytest.warns(InputWarning, match=f"says {what}; 1 mm was assumed"):
            assert open_volume(path).grid.spacing_xyz_mm[2] == 1
        with pytest.raises(InputError, match=f"size of a voxel in the header of {path.name}.*; got {what}"):
            open_labels(path)


def test_the_thickness_of_slices_stands_for_a_spacing_that_is_not_known(tmp_path: Path) -> None:
    for lines, spacing in (
        (("spacings: 0.5 0.5 nan", "thicknesses: nan nan 2"), (0.5, 0.5, 2)),
        (("thicknesses: 2 2 2",), (2, 2, 2)),
    ):
        with pytest.warns(InputWarning, match=r"no spacing along .*z; the thickness there, .*2, was taken"):
            assert open_labels(nrrd(tmp_path / "x.nrrd", *lines)).grid.spacing_xyz_mm == spacing


def test_two_orders_of_bytes_are_refused_where_they_matter(tmp_path: Path) -> None:
    lines = ("ElementSpacing = 1 1 1", "ElementByteOrderMSB = True", "BinaryDataByteOrderMSB = False")
    path = metaimage(tmp_path / "x.mha", *lines)
    assert (open_labels(path).array == LABELS).all()
    path.write_bytes(path.read_bytes().replace(b"MET_UCHAR", b"MET_USHORT") + bytes(60))
    with pytest.raises(InputError, match="one order of bytes"):
        open_labels(path)


def patched(path: Path, sizes: tuple[float, float, float], sign: float = 1) -> Path:
    """The sizes of voxels and the handedness in the header as they are, whatever a library would write."""
    content = bytearray(path.read_bytes())
    content[76:92] = np.array([sign, *sizes], dtype="<f4").tobytes()
    path.write_bytes(content)
    return path


def test_pixdim_counts_as_far_as_it_says_something(tmp_path: Path) -> None:
    for sizes in ((0.5, 0.5, 0.0), (float("nan"), 0.5, 0.5), (0.0, 0.0, 0.0)):
        path = patched(nifti(tmp_path / "x.nii", 0.5, 0.5), sizes)
        assert open_labels(path).grid.spacing_xyz_mm == pytest.approx((0.5, 0.5, 0.5))
    with pytest.raises(InputError, match=r"1 x 1 x 0\.5 mm by pixdim and 0\.5 x 0\.5 x 0\.5 mm by the sform"):
        open_labels(patched(nifti(tmp_path / "x.nii", 0.5, 0.5), (1, 1, 0)))
    with pytest.warns(InputWarning, match="taken without sign"), pytest.raises(InputError, match="differ by the factor 8"):
        open_labels(patched(nifti(tmp_path / "x.nii", 0.5, 0.5), (-1, 1, 1)))


def test_a_handedness_of_0_is_1(tmp_path: Path) -> None:
    upright = open_volume(nifti(tmp_path / "x.nii", 0.5, 0.5, 0.5)).grid

    def by_the_qform_alone(sign: float) -> Path:
        path = patched(nifti(tmp_path / "x.nii", 0.5, 0.5, 0.5), (0.5, 0.5, 0.5), sign)
        content = bytearray(path.read_bytes())
        content[254:256] = bytes(2)  # sform_code
        path.write_bytes(content)
        return path

    for sign, third in ((0, 1), (1, 1), (-1, -1)):
        direction = np.array(open_volume(by_the_qform_alone(sign)).grid.direction)
        assert np.allclose(direction[:, 2], third * np.array(upright.direction)[:, 2])
    with pytest.raises(InputError, match="should be 1 or -1"):
        open_volume(by_the_qform_alone(5))
