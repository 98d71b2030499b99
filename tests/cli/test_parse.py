"""Words of the command line."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ifssnet.cli.parse import names, numbers, spacing_xyz
from ifssnet.cli.terminal import Terminal, written
from ifssnet.core.errors import InputError


def test_spacing_is_one_number_or_three():
    assert spacing_xyz("0.5") == (0.5, 0.5, 0.5)
    assert spacing_xyz("0.5,0.4,0.277") == (0.5, 0.4, 0.277)
    assert spacing_xyz(None) is None


@pytest.mark.parametrize("text", ["0", "-1", "a", "1,2", "nan", "1,2,inf", ""])
def test_spacings_that_cannot_be_are_refused(text: str):
    with pytest.raises(InputError, match=r"--spacing|spacing above 0"):
        spacing_xyz(text)


def test_names_are_kept_in_their_order():
    assert names("SOL, GM,GL") == ("SOL", "GM", "GL")


@pytest.mark.parametrize("text", ["", ",", "SOL,SOL"])
def test_names_that_say_nothing_are_refused(text: str):
    with pytest.raises(InputError):
        names(text)


def test_numbers_are_counted():
    assert numbers("0,0,820,616", "--clip", 4, "0,0,820,616") == (0, 0, 820, 616)
    with pytest.raises(InputError, match="4 numbers after --clip"):
        numbers("0,0,820", "--clip", 4, "0,0,820,616")


def test_values_are_written_for_people():
    assert [written(v) for v in (None, True, 3, 0.123456, 12345.6, (1.0, 2.5))] == [
        "-",
        "yes",
        "3",
        "0.1235",
        "12346",
        "1 x 2.5",
    ]


@pytest.mark.parametrize(
    "muscles", [["SOL", "GM", "GL", "TA", "PL"], ["Semitendinosus", "Semimembranosus", "Gracilis", "Sartorius"]]
)
def test_a_table_of_many_muscles_fits_80_columns(muscles: list[str]) -> None:
    """No number is broken: columns that do not fit stand in a table below."""
    out = Console(file=io.StringIO(), width=80, highlight=False, soft_wrap=True)
    quantities = ["volume_cm3", "echo_intensity_superficial_mean"]
    rows = [(name, *(123.45 + place for place in range(len(muscles)))) for name in quantities]
    Terminal(out=out).answer_table("leg", ("quantity", *muscles), rows)
    said = out.file.getvalue()
    assert max(map(len, said.splitlines())) <= 80
    for name in (*muscles, *quantities, f"{123.45:.4g}", f"{122.45 + len(muscles):.4g}"):
        assert name in said
