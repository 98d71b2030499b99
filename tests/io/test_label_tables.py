"""Names of labels as other programs write them, and their files beside ours, of which nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.facts.file_facts import ImageFacts
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import save
from ifssnet.io.seeds.seed_files import open_seeds, save_seeds
from ifssnet.io.volumes.label_tables import table_in_extension
from ifssnet.workflow.leg.conversion import convert
from ifssnet.workflow.leg.inspection import inspect

ARRAY = np.zeros((6, 5, 4), np.uint8)
ARRAY[1:3, 1:3, 1:3], ARRAY[4, 3, 2] = 1, 2
GRID = Grid((6, 5, 4))
SNAP = """################################################
# ITK-SnAP Label Description File
# File format:
# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL
################################################
    0     0    0    0        0  0  0    "Clear Label"
    1   255   10    0        1  1  1    "soleus"
    2     0  255    0      0.5  1  1    "GM (medial)"
    9     0    0  255        1  1  1    "not here"
"""


def unnamed(folder: Path, name: str = "leg.nii.gz") -> Path:
    save(Volume(ARRAY, GRID), folder / name)
    return folder / name


def test_names_of_a_nifti_extension(tmp_path: Path) -> None:
    table = (
        '<?xml version="1.0"?><CaretExtension><VolumeInformation Index="0"><LabelTable>'
        '<Label Key="0" Red="0" Green="0" Blue="0" Alpha="0"><![CDATA[???]]></Label>'
        '<Label Key="1" Red="1" Green="0.2" Blue="0" Alpha="1"><![CDATA[soleus_left]]></Label>'
        '<Label Key="2"><![CDATA[A & B <c>]]></Label></LabelTable></VolumeInformation></CaretExtension>'
    )
    image = nib.nifti1.Nifti1Image(np.transpose(ARRAY), np.eye(4))
    for code in (0, 30):
        image.header.extensions.clear()
        image.header.extensions.append(nib.nifti1.Nifti1Extension(code, table.encode()))
        nib.save(image, tmp_path / f"{code}.nii.gz")
        labels = open_labels(tmp_path / f"{code}.nii.gz")
        assert labels.names == {1: "soleus_left", 2: "A & B <c>"}
        assert labels.colors == {1: (255, 51, 0)}


@pytest.mark.parametrize(
    "text",
    [
        "<LabelTable><Label Key='1'>SOL</Label>\n<Label Key = '2'>\n GM\n</Label></LabelTable>",
        '<labeltable><label key="1" name="SOL"/><label key="2" name="GM"/></labeltable>',
        '{"labels": {"1": "SOL", "2": "GM"}}', '{"labels": {"background": 0, "SOL": 1, "GM": "2"}}', '{"SOL": 1, "GM": 2}',
        '{"labels": [{"id": 1, "name": "SOL"}, {"id": 2, "name": "GM", "color": "red"}]}',
        "1 SOL\r\n2 GM\r\n", "1=SOL, 2=GM", SNAP.replace("soleus", "SOL").replace("GM (medial)", "GM"),
        '<AFNI_attributes><AFNI_atr atr_name="VALUE_LABEL_DTABLE">"&lt;VALUE_LABEL_DTABLE ni_type=&quot;2*String&quot;&gt;\n'
        '&quot;1&quot; &quot;SOL&quot;\n&quot;2&quot; &quot;GM&quot;\n&lt;/VALUE_LABEL_DTABLE&gt;"</AFNI_atr>',
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_names_in_extensions_of_any_program(text: str, encoding: str) -> None:
    found = table_in_extension(text.encode(encoding) + b"\0\0")
    assert found is not None
    assert {value: name for value, name in json.loads(found)["labels"].items() if value != "9"} == {"1": "SOL", "2": "GM"}


@pytest.mark.parametrize(
    "text", ["made by hand", "3 T scanner", "12 March 2020, 5 pm", '{"Series": 1, "Echo": 2}', "1 SOL\n1 GM", "{", ""]
)
def test_an_extension_about_other_things_names_nothing(text: str) -> None:
    assert table_in_extension(text.encode()) is None


def test_odd_lines_of_an_itk_snap_description(tmp_path: Path) -> None:
    lines = SNAP.splitlines()
    odd = [line for line in lines if "soleus" not in line and "GM" not in line]
    odd += ["\t1\t255\t10\t0\t.5\t1\t1\t'soleus'  ", "# a remark", "2, 0, 255, 0, 1, 1, 1, GM (medial)", "rubbish"]
    (tmp_path / "leg.txt").write_text("\r\n".join(odd), encoding="utf-8-sig", newline="")
    labels = open_labels(unnamed(tmp_path))
    assert labels.names == {1: "soleus", 2: "GM (medial)"}


@pytest.mark.parametrize("name", ["leg.label", "leg.txt", "descriptions.txt"])
def test_names_of_an_itk_snap_description(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(SNAP, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("nothing of the kind", encoding="utf-8")
    labels = open_labels(unnamed(tmp_path))
    assert labels.names == {1: "soleus", 2: "GM (medial)"}
    assert labels.colors[1] == (255, 10, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_quotes_in_names_and_other_encodings(tmp_path: Path, encoding: str) -> None:
    text = SNAP.replace("soleus", "Soléaire").replace("GM (medial)", 'GM \\"medial\\"')
    (tmp_path / "leg.txt").write_bytes(text.encode(encoding))
    assert open_labels(unnamed(tmp_path)).names == {1: "Soléaire", 2: 'GM "medial"'}


@pytest.mark.parametrize("name", ["leg.ctbl", "leg.txt", "muscles.ctbl", "lut.txt"])
def test_names_of_a_colour_table(tmp_path: Path, name: str) -> None:
    table = "# Color table file\n# 3 values\n0 background 0 0 0 0\n1 Soleus_left 126 87 194 255\n2 GM 300 97 155 255\n"
    (tmp_path / name).write_text(table, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("1 2 3 of June\n1 SOL 1 2 3 4\n", encoding="utf-8")
    labels = open_labels(unnamed(tmp_path))
    assert labels.names == {1: "Soleus left", 2: "GM"}
    assert labels.colors == {1: (126, 87, 194), 2: (255, 97, 155)}


def test_several_descriptions_are_refused_unless_one_is_named_as_the_image(tmp_path: Path) -> None:
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text(SNAP, encoding="utf-8")
    path = unnamed(tmp_path)
    with pytest.raises(InputError, match="one ITK-SNAP label description"):
        open_labels(path)
    (tmp_path / "leg.txt").write_text(SNAP.replace("soleus", "mine"), encoding="utf-8")
    assert open_labels(path).names[1] == "mine"


def test_what_another_program_wrote_beside_stays(tmp_path: Path) -> None:
    foreign = {"Modality": "US", "AcquisitionTime": "10:11:12"}
    (tmp_path / "leg.json").write_text(json.dumps(foreign), encoding="utf-8")
    labels = LabelMap(ARRAY, GRID, {1: "SOL", 2: "GM"})
    save(labels, tmp_path / "leg.nii.gz", force=True)
    written = json.loads((tmp_path / "leg.json").read_text(encoding="utf-8"))
    assert foreign.items() <= written.items()
    assert open_labels(tmp_path / "leg.nii.gz").names == labels.names
    save(LabelMap(ARRAY, GRID, {1: "TA", 2: "TP"}), tmp_path / "leg.nii.gz", force=True)
    written = json.loads((tmp_path / "leg.json").read_text(encoding="utf-8"))
    assert foreign.items() <= written.items()
    assert open_labels(tmp_path / "leg.nii.gz").names == {1: "TA", 2: "TP"}


def test_labels_that_mean_something_else_are_left_and_ours_get_a_file_of_their_own(tmp_path: Path) -> None:
    text = json.dumps({"Modality": "US", "labels": ["US", "calf"]})
    (tmp_path / "leg.json").write_text(text, encoding="utf-8")
    path = unnamed(tmp_path)
    assert open_labels(path).names == {1: "1", 2: "2"}
    nothing = np.zeros((5, 4), dtype=bool)
    seeds = open_seeds(path)
    save_seeds(type(seeds)({1: {1: ARRAY[1] == 1, 5: nothing}}, GRID, {1: "SOL"}), path, force=True)
    assert (tmp_path / "leg.json").read_text(encoding="utf-8") == text
    again = open_seeds(path)
    assert (again.names, again.slices(1)) == ({1: "SOL"}, (1, 5))


def test_labels_as_tables_of_name_and_color(tmp_path: Path) -> None:
    entries = {"labels": {"1": {"name": "soleus", "color": [1, 2, 3]}, "2": {"name": "GM"}}}
    (tmp_path / "leg.json").write_text(json.dumps(entries), encoding="utf-8")
    labels = open_labels(unnamed(tmp_path))
    assert (labels.names, labels.colors) == ({1: "soleus", 2: "GM"}, {1: (1, 2, 3)})


def test_names_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = unnamed(tmp_path, "leg.nrrd")
    for words, muscles in ((("--names", "1=SOL,2=GM"), ["SOL", "GM"]), ((), ["1", "2"])):
        with pytest.raises(SystemExit) as stop:
            main(["measure", str(path), "--json", *words])
        assert not stop.value.code
        assert list(json.loads(capsys.readouterr().out)["muscles"]) == muscles
    for words in ("1=SOL,7=GM", "SOL,GM", "1=SOL,2=SOL", "0=SOL"):
        with pytest.raises(SystemExit) as stop:
            main(["measure", str(path), "--names", words])
        assert stop.value.code == 2
    with pytest.raises(SystemExit) as stop:
        main(["seeds", str(path), "--slices", "1", "--names", "1=SOL", "-o", str(tmp_path / "s.seg.nrrd")])
    assert not stop.value.code
    assert open_seeds(tmp_path / "s.seg.nrrd").names[1] == "SOL"


def test_grey_levels_with_another_programs_json_stay_grey_levels(tmp_path: Path) -> None:
    grey = np.linspace(0, 1, ARRAY.size, dtype=np.float32).reshape(ARRAY.shape)
    save(Volume(grey, GRID), tmp_path / "us.nii.gz")
    (tmp_path / "us.json").write_text('{"Manufacturer": "of no matter", "EchoTime": 0.1}', encoding="utf-8")
    drain(convert(tmp_path / "us.nii.gz", tmp_path / "us.nrrd"))
    assert (open_volume(tmp_path / "us.nrrd").array == grey).all()
    facts = inspect(tmp_path / "us.nii.gz").content
    assert isinstance(facts, ImageFacts)
    assert facts.labels is None


def test_a_blank_is_no_name(tmp_path: Path) -> None:
    path = unnamed(tmp_path)
    (tmp_path / "leg.json").write_text('{"labels": {"1": " ", "2": "GM"}}', encoding="utf-8")
    with pytest.warns(InputWarning, match="no name for 1"):
        assert open_labels(path).names == {1: "1", 2: "GM"}


def test_labels_of_another_program_that_name_no_value_stay(tmp_path: Path) -> None:
    foreign = {"labels": {"quality": "good", "operator": "A"}, "colors": {"a": "red"}}
    (tmp_path / "leg.json").write_text(json.dumps(foreign), encoding="utf-8")
    assert open_labels(unnamed(tmp_path)).names == {1: "1", 2: "2"}
    save(LabelMap(ARRAY, GRID, {1: "SOL", 2: "GM"}), tmp_path / "leg.nii.gz", force=True)
    assert json.loads((tmp_path / "leg.json").read_text(encoding="utf-8")) == foreign
    assert open_labels(tmp_path / "leg.nii.gz").names == {1: "SOL", 2: "GM"}
