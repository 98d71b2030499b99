from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from stradwin_files import HEAD, PIXELS, at, pose, write

from dicom_files import as_bytes, image
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.open import open_sweep
from ifssnet.io.sweeps.stradwin import read_object, read_stradwin


def test_frames_lie_row_by_row(tmp_path: Path):
    sweep = read_stradwin(write(tmp_path, HEAD + "IM 0.5 0 0 0 0 0 0\nIM 0.75 0 0 1 0 0 0\n"))
    np.testing.assert_array_equal(sweep.frames, PIXELS.reshape(2, 3, 4))
    assert sweep.timestamps_s.tolist() == [0.5, 0.75]
    assert sweep.pixel_spacing_uv_mm == (0.2, 0.1)
    assert sweep.valid.all()


def test_a_pixel_without_rotation_lies_half_a_pixel_from_the_corner(tmp_path: Path):
    # Pixel (3, 2): (3 + 0.5) x 0.2 mm and (2 + 0.5) x 0.1 mm; frame 1 is 1 cm = 10 mm further along z.
    sweep = read_stradwin(write(tmp_path, HEAD + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n"))
    assert at(sweep, 0, 0, 0) == pytest.approx([0.1, 0.05, 0])
    assert at(sweep, 1, 3, 2) == pytest.approx([0.7, 0.25, 10])


def test_each_angle_alone_turns_about_its_own_axis():
    # Azimuth about z takes x to y; elevation about y takes z to x; roll about x takes y to z: R = Rz Ry Rx.
    x, y, z = np.eye(3)
    np.testing.assert_allclose(pose(0, 0, 0, 90, 0, 0)[:3, :3] @ x, y, atol=1e-12)
    np.testing.assert_allclose(pose(0, 0, 0, 0, 90, 0)[:3, :3] @ z, x, atol=1e-12)
    np.testing.assert_allclose(pose(0, 0, 0, 0, 0, 90)[:3, :3] @ y, z, atol=1e-12)


def test_roll_comes_first_and_azimuth_last():
    # y rolled by 90 is z; z elevated by 90 is x; x turned by azimuth 90 is y: y comes back to itself.
    # x: roll leaves it, elevation takes it to -z, azimuth leaves that.
    r = pose(0, 0, 0, 90, 90, 90)[:3, :3]
    np.testing.assert_allclose(r @ (0, 1, 0), (0, 1, 0), atol=1e-12)
    np.testing.assert_allclose(r @ (1, 0, 0), (0, 0, -1), atol=1e-12)


def test_a_contour_in_a_tilted_rotated_frame_lands_where_geometry_says(tmp_path: Path):
    # Contour corner (2, 1): ((2 + 0.5) 0.02, (1 + 0.5) 0.01) cm = (0.05, 0.015) cm in the image.
    # Calibration: azimuth 90 takes (x, y, 0) to (-y, x, 0), then (1, 2, 3) is added:
    #   (-0.015 + 1, 0.05 + 2, 3) = (0.985, 2.05, 3).
    # Pose of frame 1: roll 30 about x: y' = y cos 30 - z sin 30, z' = y sin 30 + z cos 30, then (10, 0, -5) is added:
    #   y' = 2.05 x 0.8660254 - 1.5 = 0.27535207; z' = 1.025 + 2.5980762 = 3.6230762
    #   (10.985, 0.27535207, -1.3769238).
    # Isocentre: elevation 90 takes (x, y, z) to (z, y, -x), then (0, 0, 7) is added:
    #   (-1.3769238, 0.27535207, -10.985 + 7 = -3.985) cm.
    text = HEAD + (
        "RES_XTRANS 1\nRES_YTRANS 2\nRES_ZTRANS 3\nRES_AZIMUTH 90\nRES_ELEVATION 0\nRES_ROLL 0\n"
        "RES_ISOCENTRE_ZTRANS 7\nRES_ISOCENTRE_ELEVATION 90\n"
        "IM 0 0 0 0 0 0 0\nIM 1 10 0 -5 0 0 30\nOBJECT 4 1 126 87 194 1 0.3 0 Soleus\nCONT 4 1 1 2 1 3 1 3 2\n"
    )
    sweep = read_stradwin(write(tmp_path, text))
    (contour,) = sweep.contours
    assert (contour.label, contour.frame, contour.closed) == (4, 1, True)
    u, v = contour.points_uv_px[0]
    assert at(sweep, 1, u, v) == pytest.approx([-13.769238, 2.7535207, -39.85], abs=1e-5)
    assert sweep.names == {4: "Soleus"}
    assert sweep.colors == {4: (126, 87, 194)}


def test_several_contours_open_and_closed_in_one_frame(tmp_path: Path):
    text = (
        HEAD + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\nCONT 1 0 1 0 0 3 0 3 2\nCONT 1 0 1 1 1 2 1 2 1.5\nCONT 2 0 0 0.5 0.25 3 2\n"
    )
    contours = read_stradwin(write(tmp_path, text)).contours
    assert [(c.label, c.closed, len(c.points_uv_px)) for c in contours] == [(1, True, 3), (1, True, 3), (2, False, 2)]
    assert contours[2].points_uv_px.tolist() == [[0.5, 0.25], [3, 2]]


def test_objects_of_either_age():
    assert read_object("2 1 236 97 155 1 0.3 0 left gastrocnemius") == (2, "left gastrocnemius", (236, 97, 155))
    assert read_object("3 1 0.5 0.25 1 1 old name") == (3, "old name", (128, 64, 255))
    assert read_object("1 0.5 0.25 1 1 0 soleus 5") == (5, "soleus", None)
    assert read_object("nothing") == (None, "nothing", None)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("RES_BUF_RF true", "radio-frequency"),
        ("RES_BUF_DOPPLER true", "Doppler"),
        ("RES_POS_REC false", "positions"),
        ("RES_XSCALE 0", "RES_XSCALE"),
        ("RES_BUF_WIDTH 5", "bytes"),
        ("RES_BUF_WIDTH -4", "RES_BUF_WIDTH"),
        ("RES_BUF_FRAMES 3", "IM"),
        ("CONT 1 5 1 0 0 1 1 2 2", "frame"),
        ("CONT 1 0 1 0 0 1", "pairs"),
        ("CONT 1 0 1 0 0 1 x", "contour"),
        ("IM 0 0 0", "IM"),
        ("RES_AZIMUTH nan", "RES_AZIMUTH"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, line: str, words: str):
    head = "".join(each for each in HEAD.splitlines(keepends=True) if each.split()[0] != line.split()[0])
    path = write(tmp_path, head + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n" + line + "\n")
    with pytest.raises(InputError, match=words):
        read_stradwin(path)


def test_absurd_sizes_are_refused_before_anything_is_allocated(tmp_path: Path):
    text = HEAD.replace("WIDTH 4", "WIDTH 4000000000").replace("HEIGHT 3", "HEIGHT 4000000000")
    with pytest.raises(InputError, match="bytes"):
        read_stradwin(write(tmp_path, text + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n"))


def test_a_short_and_a_long_sxi(tmp_path: Path):
    text = HEAD + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n"
    with pytest.raises(InputError, match=r"24 bytes in leg\.sxi"):
        read_stradwin(write(tmp_path, text, PIXELS[:23]))
    with pytest.warns(InputWarning, match="1 bytes more"):
        read_stradwin(write(tmp_path, text, np.append(PIXELS, np.uint8(0))))
    (tmp_path / "leg.sxi").unlink()
    with pytest.raises(InputError, match="nothing at"):
        read_stradwin(tmp_path / "leg.sw")


def test_the_image_file_of_another_machine_is_found_beside_the_sw(tmp_path: Path):
    text = HEAD.replace("leg.sxi", r"C:\data\leg.sxi") + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n"
    np.testing.assert_array_equal(read_stradwin(write(tmp_path, text)).frames.reshape(-1), PIXELS)


def test_an_image_file_outside_the_folder_is_not_read(tmp_path: Path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "secret.sxi").write_bytes(PIXELS.tobytes())
    path = write(
        tmp_path / "inner", HEAD.replace("leg.sxi", "../secret.sxi") + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n", PIXELS + 100
    )
    with pytest.warns(InputWarning, match=r"names the images \.\./secret\.sxi, which are not there; leg\.sxi beside it"):
        assert read_stradwin(path).frames[0, 0, 0] == 100  # the one beside the .sw


def test_image_files_in_the_order_of_the_list(tmp_path: Path):
    folder = tmp_path / "frames of a leg"
    folder.mkdir()
    for i, number in enumerate((1, 2, 10)):
        Image.fromarray(np.full((3, 4), 50 * i, dtype=np.uint8)).save(folder / f"im{number}.png")
    text = HEAD.replace("DICOM false", "DICOM true").replace("leg.sxi", "frames of a leg") + "RES_DICOM_FRAME_LIST 2 1\n"
    path = write(tmp_path, text + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n")
    # Numbers are sorted as numbers: 0 is im1, 1 is im2, 2 is im10.
    assert open_sweep(path).frames[:, 0, 0].tolist() == [100, 50]
    path.write_text(path.read_text(encoding="utf-8").replace("LIST 2 1", "LIST 2 3"), encoding="utf-8")
    with pytest.raises(InputError, match="3 images"):
        open_sweep(path)


@pytest.mark.parametrize(
    ("photometric", "pixels", "levels"),
    [
        ("MONOCHROME2", PIXELS.reshape(2, 3, 4), PIXELS),
        # White is 0 here: 255 - stored.
        ("MONOCHROME1", PIXELS.reshape(2, 3, 4), 255 - PIXELS),
        ("RGB", np.repeat(PIXELS.reshape(2, 3, 4, 1), 3, axis=3), PIXELS),
    ],
)
def test_dicom_frames(tmp_path: Path, photometric: str, pixels: np.ndarray, levels: np.ndarray):
    (tmp_path / "us.dcm").write_bytes(as_bytes(image(pixels, photometric=photometric)))
    text = HEAD.replace("DICOM false", "DICOM true").replace("leg.sxi", "us.dcm")
    sweep = read_stradwin(write(tmp_path, text + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n"))
    np.testing.assert_array_equal(sweep.frames.reshape(-1), levels)


def test_upside_down_display_is_told(tmp_path: Path):
    path = write(tmp_path, HEAD + "RES_INVERT_BSCAN true\nIM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n")
    with pytest.warns(InputWarning, match="upside down"):
        np.testing.assert_array_equal(read_stradwin(path).frames.reshape(-1), PIXELS)


@pytest.mark.parametrize("change", [("\ufeffRES_BUF_FRAMES", "RES_BUF_FRAMES"), ("\t", " "), ("LEG.SXI", "leg.sxi")])
def test_marks_tabs_and_other_capitals_change_nothing(tmp_path: Path, change: tuple[str, str]):
    text = HEAD + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n"
    sweep = open_sweep(write(tmp_path, text.replace(change[1], change[0])))
    assert at(sweep, 1, 3, 2) == pytest.approx([0.7, 0.25, 10])


def test_a_recording_in_utf_16(tmp_path: Path):
    path = write(tmp_path, HEAD + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n")
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    assert at(open_sweep(path), 1, 3, 2) == pytest.approx([0.7, 0.25, 10])
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(InputError, match="readable Stradwin file"):
        open_sweep(path)


def test_a_line_that_stands_twice_with_two_values_is_refused(tmp_path: Path):
    text = HEAD + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n"
    assert read_stradwin(write(tmp_path, text + "RES_XSCALE 0.02\n")).pixel_spacing_uv_mm == (0.2, 0.1)
    with pytest.raises(InputError, match=r"one RES_XSCALE.*'0\.02' and '0\.03'"):
        read_stradwin(write(tmp_path, text + "RES_XSCALE 0.03\n"))


POSES = "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\n"


def test_the_only_images_that_fit_are_taken_by_any_name_and_others_are_not(tmp_path: Path):
    path = write(tmp_path, HEAD.replace("leg.sxi", "r1.sxi") + POSES)
    (tmp_path / "leg.sxi").rename(tmp_path / "subject 7.sxi")
    with pytest.warns(InputWarning, match=r"r1\.sxi, which are not there; subject 7\.sxi beside it was taken"):
        np.testing.assert_array_equal(read_stradwin(path).frames.reshape(-1), PIXELS)
    (tmp_path / "other.sw").write_text(HEAD, encoding="utf-8")
    with pytest.raises(InputError, match=r"subject 7\.sxi, which may be others"):
        read_stradwin(path)
    (tmp_path / "other.sw").unlink()
    (tmp_path / "subject 7.sxi").write_bytes(PIXELS.tobytes() * 5)
    with pytest.raises(InputError, match=r"leg\.sxi or r1\.sxi"):
        read_stradwin(path)


@pytest.mark.parametrize("values", [2, 3, 4])
def test_more_than_a_byte_a_pixel_is_refused(tmp_path: Path, values: int):
    with pytest.raises(InputError, match=f"{values} times as many, as 16 bits or colours"):
        read_stradwin(write(tmp_path, HEAD + POSES, np.repeat(PIXELS, values)))


def test_a_probe_that_was_not_calibrated_is_said(tmp_path: Path):
    (finding,) = read_stradwin(write(tmp_path, HEAD + "RES_XTRANS 1\nRES_ROLL 0\n" + POSES)).findings
    assert finding.text.startswith("The file has no RES_YTRANS, RES_ZTRANS, RES_AZIMUTH, RES_ELEVATION; ")
    whole = "".join(
        f"{key} 0\n" for key in ("RES_XTRANS", "RES_YTRANS", "RES_ZTRANS", "RES_AZIMUTH", "RES_ELEVATION", "RES_ROLL")
    )
    assert read_stradwin(write(tmp_path, HEAD + whole + POSES)).findings == ()


def test_frames_without_a_pose_are_left_out(tmp_path: Path):
    with pytest.warns(InputWarning, match=r"1 of 2 frames have no pose \(NaN\)"):
        sweep = read_stradwin(write(tmp_path, HEAD + "IM 0 0 0 0 0 0 0\nIM 1 NaN nan nan nan nan nan\n"))
    assert sweep.valid.tolist() == [True, False]
    with pytest.warns(InputWarning, match="2 of 2"), pytest.raises(InputError, match="at least one pose"):
        read_stradwin(write(tmp_path, HEAD + "IM 0 nan nan nan nan nan nan\n" * 2))


def test_numbers_with_decimal_commas(tmp_path: Path):
    text = HEAD + "RES_XTRANS 1.5\nIM 0.5 0 0 0 0 0 0\nIM 1 0 0 1.25 0 0 0\nOBJECT 1 1 0 0 0 1 0.3 0 lateral, deep\n"
    plain = read_stradwin(write(tmp_path, text))
    commas = "".join(
        line if line.startswith(("OBJECT", "RES_BIN")) else line.replace(".", ",") for line in text.splitlines(keepends=True)
    )
    with pytest.warns(InputWarning, match="taken as decimal points"):
        again = read_stradwin(write(tmp_path, commas))
    np.testing.assert_array_equal(again.image_to_world, plain.image_to_world)
    assert again.names == plain.names
    with pytest.raises(InputError, match="one decimal sign"):
        read_stradwin(write(tmp_path, text.replace("IM 0.5", "IM 0,5")))
