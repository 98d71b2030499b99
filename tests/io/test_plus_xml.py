from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sequence_files import configuration

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.kinds import kind_of
from ifssnet.io.sweeps.plus_config import HoleFillingElement, PlusConfiguration, read_plus_configuration

FULL = """<VolumeReconstruction ImageCoordinateFrame="Image" ReferenceCoordinateFrame="Reference"
  OutputSpacing="0.5 0.25 1" OutputOrigin="-1 2 3.5" OutputExtent="0 10 0 20 0 30" ClipRectangleOrigin="192 16"
  ClipRectangleSize="420 580" FanAnglesDeg="-45 45" FanOriginPixel="380 20" FanRadiusStartPixel="120" FanRadiusStopPixel="360"
  EnableFanAnglesAutoDetect="TRUE" FanAnglesAutoDetectBrightnessThreshold="25" FanAnglesAutoDetectFilterRadiusPixel="8"
  PixelRejectionThreshold="3" Interpolation="linear" Optimization="PARTIAL" CompoundingMode="MAXIMUM" FillHoles="ON"
  NumberOfThreads="2" SkipInterval="3" RecomputeOutputSpacing="TRUE"><HoleFilling>
  <HoleFillingElement Type="GAUSSIAN" Size="5" Stdev="0.6667" MinimumKnownVoxelsRatio="0.5"/>
  <HoleFillingElement Type="NEAREST_NEIGHBOR" Size="3" MinimumKnownVoxelsRatio="0.25"/>
  <HoleFillingElement Type="STICK" StickLengthLimit="9" NumberOfSticksToUse="1"/></HoleFilling></VolumeReconstruction>"""


def test_every_option_of_the_configuration(tmp_path: Path):
    read = read_plus_configuration(configuration(tmp_path / "c.xml", FULL))
    expected = PlusConfiguration(
        transforms=read.transforms,
        image_frame="Image",
        reference_frame="Reference",
        output_spacing_mm=(0.5, 0.25, 1.0),
        output_origin_mm=(-1.0, 2.0, 3.5),
        output_extent=(0, 10, 0, 20, 0, 30),
        clip_origin_px=(192, 16),
        clip_size_px=(420, 580),
        fan_angles_deg=(-45.0, 45.0),
        fan_origin_px=(380.0, 20.0),
        fan_radius_start_px=120.0,
        fan_radius_stop_px=360.0,
        fan_angles_auto_detect=True,
        fan_auto_detect_threshold=25.0,
        fan_auto_detect_filter_radius_px=8,
        pixel_rejection_threshold=3.0,
        interpolation="linear",
        optimization="partial",
        compounding="maximum",
        fill_holes=True,
        hole_filling=(
            HoleFillingElement("gaussian", size=5, stdev=0.6667, minimum_known_ratio=0.5),
            HoleFillingElement("nearest-neighbor", size=3, minimum_known_ratio=0.25),
            HoleFillingElement("stick", stick_length_limit=9, sticks_to_use=1),
        ),
        skip_interval=3,
        recompute_output_spacing=True,
        threads=2,
    )
    assert vars(read) == vars(expected)
    np.testing.assert_array_equal(read.transforms["Image", "Probe"], np.diag([0.2, 0.1, 0.15, 1]))


def test_older_names(tmp_path: Path):
    older = (
        '<VolumeReconstruction OutputSpacing="1 1 1" FanAngles="-30 30" FanOrigin="5 6" FanDepth="200" Compounding="{}" {}/>'
    )
    read = read_plus_configuration(configuration(tmp_path / "c.xml", older.format("On", "")))
    assert (read.fan_angles_deg, read.fan_origin_px, read.fan_radius_stop_px) == ((-30, 30), (5, 6), 200)
    assert read.compounding == "mean"
    assert read_plus_configuration(configuration(tmp_path / "c.xml", older.format("Off", ""))).compounding == "latest"
    maximum = older.format("On", 'Calculation="MAXIMUM"')
    assert read_plus_configuration(configuration(tmp_path / "c.xml", maximum)).compounding == "maximum"
    newer = older.format("Off", 'CompoundingMode="MEAN"')
    assert read_plus_configuration(configuration(tmp_path / "c.xml", newer)).compounding == "mean"


def test_what_the_file_does_not_name_is_none(tmp_path: Path):
    read = read_plus_configuration(configuration(tmp_path / "c.xml", '<VolumeReconstruction OutputSpacing="1 1 1"/>'))
    assert (read.interpolation, read.compounding, read.fill_holes, read.clip_size_px, read.fan_angles_deg) == (None,) * 5


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ('<VolumeReconstruction Sparkle="1"/>', "Sparkle"),
        ('<VolumeReconstruction FillHoles="OFF"><Mask/></VolumeReconstruction>', "Mask"),
        ("<VolumeReconstruction><HoleFilling><Other/></HoleFilling></VolumeReconstruction>", "Other"),
        ('<VolumeReconstruction SkipInterval="0"/>', "SkipInterval"),
        ("<VolumeReconstruction/><VolumeReconstruction/>", "2 VolumeReconstruction"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, inside: str, words: str):
    with pytest.warns(InputWarning, match=words):
        read_plus_configuration(configuration(tmp_path / "c.xml", inside))


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ('<VolumeReconstruction OutputSpacing="1 1"/>', "OutputSpacing"),
        ('<VolumeReconstruction OutputSpacing="1 0 1"/>', "above 0"),
        ('<VolumeReconstruction OutputSpacing="1 nan 1"/>', "OutputSpacing"),
        ('<VolumeReconstruction ClipRectangleSize="1.5 2"/>', "whole numbers"),
        ('<VolumeReconstruction Interpolation="CUBIC"/>', "CUBIC"),
        ('<VolumeReconstruction CompoundingMode="IMPORTANCE_MASK"/>', "importance masks"),
        ('<VolumeReconstruction FillHoles="ON"/>', "HoleFillingElement"),
        (
            '<VolumeReconstruction><HoleFilling><HoleFillingElement Type="STICK"/></HoleFilling></VolumeReconstruction>',
            "StickLength",
        ),
        ('<CoordinateDefinitions><Transform From="A" To="B" Matrix="1 2"/></CoordinateDefinitions>', "A to B"),
        ('<CoordinateDefinitions><Transform From="A" Matrix="1"/></CoordinateDefinitions>', "From, To and Matrix"),
        ("<broken", "PLUS configuration"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><d>&b;</d>', "PLUS configuration"),
    ],
)
def test_what_is_wrong_in_a_configuration_is_said(tmp_path: Path, inside: str, words: str):
    with pytest.raises(InputError, match=words):
        read_plus_configuration(configuration(tmp_path / "c.xml", inside))


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_a_blank_attribute_counts_as_absent(tmp_path: Path, blank: str):
    lines = re.sub(r'(Output\w+|Clip\w+|Fan\w+|Interpolation|NumberOfThreads|SkipInterval)="[^"]*"', rf'\1="{blank}"', FULL)
    lines = lines.replace('Stdev="0.6667"', 'Stdev="0.6667" Other="" ')
    read = read_plus_configuration(configuration(tmp_path / "c.xml", lines))
    assert (read.output_extent, read.clip_size_px, read.interpolation, read.skip_interval) == (None, None, None, None)
    assert read.compounding == "maximum"


def test_a_transform_that_is_said_twice_is_named_with_both_and_the_last_counts(tmp_path: Path):
    plus = configuration(tmp_path / "plus.xml", "")
    text = plus.read_text(encoding="utf-8")
    first = '<Transform From="Image" To="Probe" Matrix="9 0 0 0 0 9 0 0 0 0 9 0 0 0 0 1"/>'
    plus.write_text(text.replace("<CoordinateDefinitions>", f"<CoordinateDefinitions>{first}"), encoding="utf-8")
    with pytest.warns(InputWarning, match=r"two transforms from Image to Probe.*9\.0.*0\.2.*the last one was taken"):
        assert read_plus_configuration(plus).transforms["Image", "Probe"][0, 0] == 0.2


def test_a_configuration_in_utf_16(tmp_path: Path):
    path = configuration(tmp_path / "c.xml", "")
    text = '<?xml version="1.0" encoding="UTF-8"?>' + path.read_text(encoding="utf-8")
    path.write_bytes(text.encode("utf-16"))
    assert kind_of(path) == "xml"
    assert list(read_plus_configuration(path).transforms) == [("Image", "Probe")]


@pytest.mark.parametrize(
    "transform",
    ['To="Stylus" Matrix=""', 'To="Stylus"', 'To="" Matrix=" "', f'To="Stylus" Matrix="{"0 " * 15}1"'],
)
def test_a_transform_that_is_not_calibrated_yet_is_left_out_aloud(tmp_path: Path, transform: str):
    inside = f'<CoordinateDefinitions><Transform From="StylusTip" {transform}/></CoordinateDefinitions>'
    with pytest.warns(InputWarning, match="from StylusTip to .* has (no Matrix|a Matrix of zeros) and is left out"):
        read = read_plus_configuration(configuration(tmp_path / "c.xml", inside))
    assert list(read.transforms) == [("Image", "Probe")]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: f'<?xml version="1.0" encoding="UTF-8"?><!-- Gerät für 5 µm -->{text}'.encode("latin-1"),
        lambda text: f"<!-- Gerät -->{text}".encode("latin-1"),
        lambda text: f'<?xml version="1.0" encoding="windows-1252"?><!-- Gerät -->{text}'.encode("cp1252"),
        lambda text: text.replace("<PlusConfiguration", '<PlusConfiguration xmlns="http://example.org/plus"').encode(),
        lambda text: text.replace("</", "</p:").replace("<", "<p:").replace("<p:/p:", "</p:").replace(
            "<p:PlusConfiguration", '<p:PlusConfiguration xmlns:p="http://example.org/plus"'
        ).encode(),
    ],
    ids=["says UTF-8", "says nothing", "says what it is", "namespace", "prefix"],
)  # fmt: skip
def test_encodings_and_namespaces_that_editors_leave(tmp_path: Path, change: Callable[[str], bytes]):
    path = configuration(tmp_path / "c.xml", "")
    path.write_bytes(change(path.read_text(encoding="utf-8")))
    assert list(read_plus_configuration(path).transforms) == [("Image", "Probe")]
