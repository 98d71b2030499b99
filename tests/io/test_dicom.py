from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import RLELossless

from dicom_files import ENHANCED_US_VOLUME, MR, as_bytes, image, item, region
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grey_scale import WINDOW_KEY
from ifssnet.core.images import Volume
from ifssnet.geometry.grey_levels import on_grey_scale
from ifssnet.io.kinds import kind_of
from ifssnet.io.open import open_volume
from ifssnet.io.volumes.dicom import read_dicom_volume

FRAMES = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
AXES = [0, 1, 0, -1, 0, 0]
"""Along a row to the back (+y), down the rows to the right (-x): their normal is +z."""


def opened(folder: Path, data: Any, said: str | None = None) -> Volume:
    path = folder / "x.dcm"
    path.write_bytes(as_bytes(data))
    assert kind_of(path) == "dicom"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        volume = open_volume(path)
    assert [said in str(w.message) for w in caught] == ([True] if said else []), [str(w.message) for w in caught]
    return volume


def test_multiframe_takes_its_pixels_from_the_region(tmp_path: Path) -> None:
    regions = Sequence([region(0.02, -0.03)])
    volume = opened(tmp_path, image(FRAMES, SequenceOfUltrasoundRegions=regions, SpacingBetweenSlices=0.5))
    assert (volume.array == FRAMES).all()
    assert volume.array.dtype == np.uint8
    assert volume.grid.spacing_xyz_mm == pytest.approx((0.2, 0.3, 0.5))
    assert volume.header["DICOM_Modality"] == "US"
    assert "Doe" not in str(dict(volume.header))


@pytest.mark.parametrize(
    ("values", "spacing", "said"),
    [
        ({"SliceThickness": 2.0}, 2.0, "thickness"),
        ({}, 1.0, "1 mm was assumed"),
    ],
)
def test_a_missing_slice_spacing_is_assumed_aloud(tmp_path: Path, values: dict[str, float], spacing: float, said: str) -> None:
    volume = opened(tmp_path, image(FRAMES, SequenceOfUltrasoundRegions=Sequence([region(0.02, 0.02)]), **values), said)
    assert volume.grid.spacing_xyz_mm[2] == spacing


@pytest.mark.parametrize("regions", [[], [region(0.02, 0.02, units=4)], [region(0.0, 0.02)]])
def test_no_pixel_spacing_is_refused(tmp_path: Path, regions: list[Any]) -> None:
    with pytest.raises(InputError, match="spacing"):
        opened(tmp_path, image(FRAMES, SequenceOfUltrasoundRegions=Sequence(regions), SpacingBetweenSlices=0.5))


def test_the_largest_of_several_regions_counts(tmp_path: Path) -> None:
    regions = Sequence([region(0.09, 0.09, width=2), region(0.02, 0.03, width=8), region(1.0, 1.0, units=4, width=99)])
    volume = opened(tmp_path, image(FRAMES, SequenceOfUltrasoundRegions=regions, SpacingBetweenSlices=0.5), "largest")
    assert volume.grid.spacing_xyz_mm == pytest.approx((0.2, 0.3, 0.5))


def test_pixel_spacing_is_rows_first(tmp_path: Path) -> None:
    assert opened(tmp_path, image(FRAMES, PixelSpacing=[0.3, 0.2], SpacingBetweenSlices=0.5)).grid.spacing_xyz_mm == (
        0.2,
        0.3,
        0.5,
    )


def test_colour_monochrome1_rescale_and_rle(tmp_path: Path) -> None:
    known: dict[str, Any] = {"PixelSpacing": [1.0, 1.0], "SpacingBetweenSlices": 1.0}
    grey = np.repeat(FRAMES[..., np.newaxis], 3, axis=-1)
    assert (opened(tmp_path, image(grey, photometric="RGB", **known)).array == FRAMES).all()
    red = grey * np.array([1, 0, 0], dtype=np.uint8)
    assert opened(tmp_path, image(red, photometric="RGB", **known), "luminance").array.max() == round(59 * 0.299)
    assert (opened(tmp_path, image(FRAMES, photometric="MONOCHROME1", **known)).array == 255 - FRAMES).all()
    scaled = opened(tmp_path, image(FRAMES, RescaleSlope=2, RescaleIntercept=-10, **known)).array
    assert (scaled == FRAMES * 2.0 - 10).all()
    packed = image(FRAMES, **known)
    packed.compress(RLELossless)
    assert (opened(tmp_path, packed).array == FRAMES).all()
    sixteen = FRAMES.astype(np.uint16) * 1000
    assert (opened(tmp_path, image(sixteen, **known)).array == sixteen).all()


def enhanced(positions: list[list[float]], patient: bool = False, **values: Any) -> Any:
    where = "Patient" if patient else "Volume"
    prefix = "Plane{}Sequence" if patient else "Plane{}VolumeSequence"
    frames = [
        item(**{prefix.format("Position"): Sequence([item(**{f"ImagePosition{where}": position})])}) for position in positions
    ]
    shared = item(
        PixelMeasuresSequence=Sequence([item(PixelSpacing=[0.3, 0.2], SpacingBetweenSlices=1.0)]),
        **{prefix.format("Orientation"): Sequence([item(**{f"ImageOrientation{where}": AXES})])},
    )
    return image(
        FRAMES, ENHANCED_US_VOLUME, SharedFunctionalGroupsSequence=Sequence([shared]),
        PerFrameFunctionalGroupsSequence=Sequence(frames), **values,
    )  # fmt: skip


@pytest.mark.parametrize("patient", [True, False])
def test_enhanced_volume_is_ordered_by_position(tmp_path: Path, patient: bool) -> None:
    data = enhanced([[1, 2, 4], [1, 2, 3], [1, 2, 5]], patient)
    volume = opened(tmp_path, data, None if patient else "transducer")
    assert (volume.array == FRAMES[[1, 0, 2]]).all()
    # From (1, 2, 3): one pixel along x is 0.2 mm to +y, one along y 0.3 mm to -x, one slice 1 mm to +z.
    assert volume.grid.points_to_mm(np.ones((1, 3)))[0] == pytest.approx([0.7, 2.2, 4])
    assert volume.grid.points_to_mm(np.zeros((1, 3)))[0] == pytest.approx([1, 2, 3])


@pytest.mark.parametrize(
    "positions", [[[0, 0, 0], [0, 0, 1], [0, 0, 5]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 1]]]
)
def test_frames_that_form_no_stack_are_refused(tmp_path: Path, positions: list[list[float]]) -> None:
    with pytest.raises(InputError):
        opened(tmp_path, enhanced(positions, patient=True))


def single(frame: np.ndarray, position: list[float] | None, **values: Any) -> Any:
    placed = {} if position is None else {"ImagePositionPatient": position, "ImageOrientationPatient": AXES}
    known = {"PixelSpacing": [0.3, 0.2], "SeriesInstanceUID": "1.2.3", **placed, **values}
    return image(frame[np.newaxis], MR, **known)


def folder_of(folder: Path, slices: list[Any]) -> Path:
    for i, data in enumerate(slices):
        (folder / f"IM é {i}").write_bytes(as_bytes(data))
    return folder


def test_a_folder_is_ordered_by_position_not_by_name(tmp_path: Path) -> None:
    z = [2.0, 0.0, 1.0]
    folder = folder_of(tmp_path, [single(FRAMES[i], [1, 2, z[i] * 0.7]) for i in range(3)])
    assert kind_of(folder) == "dicom-folder"
    volume = open_volume(folder)
    assert (volume.array == FRAMES[[1, 2, 0]]).all()
    assert volume.grid.spacing_xyz_mm == pytest.approx((0.2, 0.3, 0.7))


def test_a_folder_with_a_gap_with_two_series_or_without_positions(tmp_path: Path) -> None:
    (tmp_path / "gap").mkdir()
    gap = folder_of(tmp_path / "gap", [single(FRAMES[i], [0, 0, [0, 1, 3][i]]) for i in range(3)])
    with pytest.raises(InputError, match="even distances"):
        open_volume(gap)
    (tmp_path / "two").mkdir()
    two = folder_of(tmp_path / "two", [single(FRAMES[i], [0, 0, i], SeriesInstanceUID=f"1.{i}") for i in range(3)])
    with pytest.raises(InputError, match="one series"):
        open_volume(two)
    (tmp_path / "none").mkdir()
    slices = [single(FRAMES[i], None, InstanceNumber=3 - i, SpacingBetweenSlices=2) for i in range(3)]
    with pytest.warns(InputWarning, match="instance number"):
        volume = open_volume(folder_of(tmp_path / "none", slices))
    assert (volume.array == FRAMES[::-1]).all()
    assert volume.grid.spacing_xyz_mm[2] == 2


def test_absurd_and_missing_pixels_are_refused(tmp_path: Path) -> None:
    huge = image(FRAMES, PixelSpacing=[1, 1])
    huge.NumberOfFrames = 2_000_000
    with pytest.raises(InputError):
        opened(tmp_path, huge)
    empty = image(FRAMES, PixelSpacing=[1, 1])
    del empty.PixelData
    with pytest.raises(InputError, match="pixels"):
        opened(tmp_path, empty)


def test_an_element_that_breaks_only_when_it_is_read_is_an_input_error(tmp_path: Path) -> None:
    regions = Sequence([region(0.1, 0.1)])
    data = as_bytes(image(np.zeros((2, 4, 4), np.uint8), SequenceOfUltrasoundRegions=regions, Manufacturer="maker"))
    # The element (0008,0070) with the value representation "LO" made into one that does not exist.
    tag = data.index(b"\x08\x00\x70\x00LO")
    (tmp_path / "x.dcm").write_bytes(data[: tag + 4] + b"L\x00" + data[tag + 6 :])
    with pytest.raises(InputError):
        open_volume(tmp_path / "x.dcm")


@pytest.mark.parametrize("both", [False, True])
def test_a_series_of_ultrasound_takes_the_calibration_of_its_regions(tmp_path: Path, both: bool) -> None:
    for i, plane in enumerate(FRAMES):
        spacing = {"PixelSpacing": [0.3, 0.2]} if both else {}
        data = image(
            plane[np.newaxis], SequenceOfUltrasoundRegions=Sequence([region(0.02, 0.03)]), ImagePositionPatient=[0, 0, 0.5 * i],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0], SeriesInstanceUID="1.2", **spacing,
        )  # fmt: skip
        (tmp_path / f"{9 - i}.dcm").write_bytes(as_bytes(data))
    volume = open_volume(tmp_path)
    assert (volume.array == FRAMES).all()
    assert volume.grid.spacing_xyz_mm == pytest.approx((0.2, 0.3, 0.5))


@pytest.mark.parametrize("depth", [257, 256, 1])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_palette_gives_the_stored_depth(tmp_path: Path, depth: int, backwards: bool) -> None:
    table = np.arange(256, dtype=np.uint16)[:: -1 if backwards else 1] * depth
    names = [f"{color}PaletteColorLookupTable" for color in ("Red", "Green", "Blue")]
    tables: dict[str, Any] = {f"{name}Data": table.astype("<u2").tobytes() for name in names}
    tables |= {f"{name}Descriptor": [256, 0, 16] for name in names}
    stored = 255 - FRAMES if backwards else FRAMES
    data = image(stored, photometric="PALETTE COLOR", SequenceOfUltrasoundRegions=Sequence([region(0.02, 0.02)]),
                 SpacingBetweenSlices=1.0, **tables)  # fmt: skip
    volume = opened(tmp_path, data)
    assert volume.array.dtype == np.uint8
    assert (volume.array == FRAMES).all()


def test_a_window_of_the_header_and_the_depth_of_a_scanner_travel_along(tmp_path: Path) -> None:
    pixels = FRAMES.astype(np.uint16) * 16 + 3
    calibrated = {"SequenceOfUltrasoundRegions": Sequence([region(0.02, 0.02)]), "SpacingBetweenSlices": 1.0}
    shown = opened(tmp_path, image(pixels, WindowCenter=[501.0, 9.0], WindowWidth=[1001.0, 3.0], **calibrated))
    assert shown.header[WINDOW_KEY] == "0.5 1000.5"
    deep = image(pixels, **calibrated)
    deep.BitsStored, deep.HighBit = 12, 11
    assert opened(tmp_path, deep).header[WINDOW_KEY] == "0.0 4095.0"


@pytest.mark.parametrize("own", [False, True])
def test_rescale_and_window_in_functional_groups(tmp_path: Path, own: bool) -> None:
    data = enhanced([[0, 0, 0], [0, 0, 1], [0, 0, 2]], patient=True, RescaleSlope="9")
    groups = data.PerFrameFunctionalGroupsSequence if own else data.SharedFunctionalGroupsSequence
    for i, group in enumerate(groups):
        group.PixelValueTransformationSequence = Sequence([item(RescaleSlope=str(2 + i), RescaleIntercept="-5")])
        group.FrameVOILUTSequence = Sequence([item(WindowCenter=[100.5 + 10 * i, 3.0], WindowWidth=[101.0, 2.0])])
    volume = opened(tmp_path, data)
    slopes = np.array([2, 3, 4] if own else [2, 2, 2])
    assert (volume.array == FRAMES * slopes[:, None, None] - 5.0).all()
    assert volume.header[WINDOW_KEY] == ("50.0 170.0" if own else "50.0 150.0")


def test_a_loop_takes_the_distance_of_frames_that_the_user_knows(tmp_path: Path) -> None:
    path = tmp_path / "x.dcm"
    regions = Sequence([region(0.02, 0.02)])
    path.write_bytes(as_bytes(image(FRAMES, SequenceOfUltrasoundRegions=regions)))
    assert read_dicom_volume(path, frame_distance_mm=0.7).grid.spacing_xyz_mm == pytest.approx((0.2, 0.2, 0.7))
    path.write_bytes(as_bytes(image(FRAMES, SequenceOfUltrasoundRegions=regions, SpacingBetweenSlices=0.5)))
    with pytest.warns(InputWarning, match="0.5 mm between its slices, and 0.7 mm was given"):
        assert read_dicom_volume(path, frame_distance_mm=0.7).grid.spacing_xyz_mm[2] == 0.7
    placed = image(FRAMES[:1], MR, PixelSpacing=[1, 1], ImagePositionPatient=[0, 0, 0], ImageOrientationPatient=AXES)
    path.write_bytes(as_bytes(placed))
    with pytest.raises(InputError, match="which says it"):
        read_dicom_volume(path, frame_distance_mm=0.7)


def test_a_signed_inverted_image_keeps_its_range(tmp_path: Path) -> None:
    signed = (FRAMES.astype(np.int16) - 30).astype(np.int16)
    calibrated = {"SequenceOfUltrasoundRegions": Sequence([region(0.02, 0.02)]), "SpacingBetweenSlices": 1.0}
    volume = opened(tmp_path, image(signed, photometric="MONOCHROME1", **calibrated))
    assert (volume.array == -1 - signed).all()


@pytest.mark.parametrize("window", [{}, {"WindowCenter": 1101.0, "WindowWidth": 2201.0}])
def test_an_inverted_image_has_the_grey_scale_of_the_upright_one(tmp_path: Path, window: dict[str, float]) -> None:
    levels = FRAMES.astype(np.uint16) * 17 + 3
    about = {"SequenceOfUltrasoundRegions": Sequence([region(0.02, 0.02)]), "SpacingBetweenSlices": 1.0, "RescaleSlope": "2"}
    upright = image(levels, RescaleIntercept="-7", **about, **window)
    inverted = image(np.uint16(4095) - levels, photometric="MONOCHROME1", RescaleIntercept="-7", **about)
    for data in (upright, inverted):
        data.BitsStored, data.HighBit = 12, 11
    if window:
        # Of 2 v - 7, the stored level 4095 - v gives 8176 less as much.
        inverted.WindowCenter, inverted.WindowWidth = 8176 - window["WindowCenter"] + 1, window["WindowWidth"]
    shown = [on_grey_scale(opened(tmp_path, data))[0].array for data in (upright, inverted)]
    assert np.abs(shown[0].astype(float) - shown[1].astype(float)).max() < 1e-3


def _bare(data: Any, how: str) -> bytes:
    """The bytes of an image without preamble: with its mark, with the group of the file, or with the elements alone."""
    whole = as_bytes(data)
    if how in ("mark", "group 2"):
        return whole[128 if how == "mark" else 132 :]
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, Dataset(dict(data)), implicit_vr=how == "implicit", little_endian=how != "big")
    return stream.getvalue()


@pytest.mark.parametrize("how", ["mark", "group 2", "explicit", "implicit", "big"])
def test_dicom_without_a_preamble_is_read_aloud(tmp_path: Path, how: str) -> None:
    pixels = FRAMES.astype(np.uint16) * 4
    stored = pixels.byteswap() if how == "big" else pixels
    regions = Sequence([region(0.02, 0.02)])
    path = tmp_path / "IM0001"
    path.write_bytes(_bare(image(stored, SequenceOfUltrasoundRegions=regions, SpacingBetweenSlices=1.0), how))
    assert kind_of(path) == "dicom"
    with pytest.warns(InputWarning, match="without DICOM's preamble"):
        volume = open_volume(path)
    assert (volume.array == pixels).all()
    assert volume.grid.spacing_xyz_mm == pytest.approx((0.2, 0.2, 1.0))


def test_a_folder_without_preambles_is_said_once_and_junk_is_refused_in_our_words(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"IM{i}").write_bytes(_bare(single(FRAMES[i], [0, 0, float(i)]), "explicit"))
    with pytest.warns(InputWarning, match="3 files that begin without") as said:
        assert (open_volume(tmp_path).array == FRAMES).all()
    assert len(said) == 1
    (tmp_path / "x.dcm").write_bytes(b"\x08\0\x05\0CS\xff\xff" + bytes(500))
    with pytest.raises(InputError, match="neither the mark DICM") as refused:
        open_volume(tmp_path / "x.dcm")
    assert "force" not in str(refused.value)
