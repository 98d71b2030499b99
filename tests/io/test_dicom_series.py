"""Series of single DICOM images that say little, or two things, about where they lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.sequence import Sequence

from dicom_files import MR, as_bytes, image, region
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grey_scale import WINDOW_KEY
from ifssnet.io.open import open_volume

PIXELS = np.arange(80, dtype=np.uint8).reshape(4, 4, 5)
SHUFFLED = (2, 0, 3, 1)
"""The slice that the first file holds, the second one, and so on."""


def series(folder: Path, change: Callable[[int, Any], None], placed: bool = False) -> Path:
    """A folder of one file a slice; `change` gets the number of the slice and its dataset."""
    folder.mkdir(exist_ok=True)
    for place, number in enumerate(SHUFFLED):
        data = image(PIXELS[number : number + 1], MR, SeriesInstanceUID="1.2.3", PixelSpacing=[0.3, 0.3])
        if placed:
            data.ImagePositionPatient, data.ImageOrientationPatient = [0, 0, 2.0 * number], [1, 0, 0, 0, 1, 0]
        change(number, data)
        (folder / f"{place}.dcm").write_bytes(as_bytes(data))
    return folder


def numbered(number: int, data: Any) -> None:
    data.InstanceNumber, data.SpacingBetweenSlices = 10 * number + 5, 2.0


def located(number: int, data: Any) -> None:
    data.InstanceNumber, data.SliceLocation = 4 - number, 2.0 * number


def alike(_: int, data: Any) -> None:
    data.InstanceNumber, data.SpacingBetweenSlices = 1, 2.0


@pytest.mark.parametrize(
    ("change", "by", "order"),
    [
        (numbered, "instance number", (0, 1, 2, 3)),
        (located, "slice location", (0, 1, 2, 3)),
        (alike, "the names of their files", SHUFFLED),
    ],
)
def test_slices_without_positions_are_ordered_by_what_tells_them_apart(
    tmp_path: Path, change: Callable[[int, Any], None], by: str, order: tuple[int, ...]
) -> None:
    with pytest.warns(InputWarning, match=f"ordered by {by}") as said:
        volume = open_volume(series(tmp_path / "s", change))
    assert len(said) == 1
    assert (volume.array == PIXELS[list(order)]).all()
    assert volume.grid.spacing_xyz_mm == pytest.approx((0.3, 0.3, 2))


@pytest.mark.filterwarnings("ignore:.*slices say no position:ifssnet.core.errors.InputWarning")
def test_locations_and_a_spacing_that_disagree_are_both_named(tmp_path: Path) -> None:
    def change(number: int, data: Any) -> None:
        located(number, data)
        data.SpacingBetweenSlices = 5.0

    with pytest.warns(InputWarning, match="2 mm apart by their locations and 5 mm by SpacingBetweenSlices"):
        assert open_volume(series(tmp_path / "s", change)).grid.spacing_xyz_mm[2] == pytest.approx(2)


def test_a_slice_without_a_position_among_others_is_refused(tmp_path: Path) -> None:
    def change(number: int, data: Any) -> None:
        if number == 2:
            del data.ImagePositionPatient

    with pytest.raises(InputError, match=r"position in each slice .* none in 1 of 4"):
        open_volume(series(tmp_path / "s", change, placed=True))


@pytest.mark.filterwarnings("ignore::ifssnet.core.errors.InputWarning")
def test_every_slice_is_asked_for_its_calibration(tmp_path: Path) -> None:
    def change(number: int, data: Any) -> None:
        del data.PixelSpacing
        data.InstanceNumber = number
        data.SequenceOfUltrasoundRegions = Sequence([region(0.02, 0.03 if number == 3 else 0.02)])

    with pytest.raises(InputError, match=r"0\.2 x 0\.2 mm in one and 0\.2 x 0\.3 mm in another"):
        open_volume(series(tmp_path / "s", change))


def test_slices_with_slopes_and_windows_of_their_own(tmp_path: Path) -> None:
    def change(number: int, data: Any) -> None:
        data.RescaleSlope, data.RescaleIntercept = 1 + number, 0
        data.WindowCenter, data.WindowWidth = 100 + 100 * number, 101

    volume = open_volume(series(tmp_path / "s", change, placed=True))
    assert (volume.array == PIXELS * np.arange(1, 5, dtype=np.float32)[:, np.newaxis, np.newaxis]).all()
    assert volume.header[WINDOW_KEY] == "49.5 449.5"


def test_the_list_of_a_medium_is_no_slice(tmp_path: Path) -> None:
    folder = series(tmp_path / "s", lambda *_: None, placed=True)
    listing = image(PIXELS[:1], "1.2.840.10008.1.3.10", SeriesInstanceUID="1.2.4")
    del listing.PixelData
    (folder / "DICOMDIR").write_bytes(as_bytes(listing))
    assert (open_volume(folder).array == PIXELS).all()
    with pytest.raises(InputError, match="lists other files"):
        open_volume(folder / "DICOMDIR")


@pytest.mark.parametrize("colours", ["HSV", "YBR_PARTIAL_420", "YBR_ICT", ""])
def test_colours_that_would_be_taken_for_red_green_and_blue_are_refused(tmp_path: Path, colours: str) -> None:
    pixels = np.repeat(PIXELS[..., np.newaxis], 3, axis=-1)
    (tmp_path / "x.dcm").write_bytes(as_bytes(image(pixels, photometric=colours, PixelSpacing=[0.3, 0.3])))
    with pytest.raises(InputError, match="colours as RGB, YBR_FULL"):
        open_volume(tmp_path / "x.dcm")
