"""Plain data to typed values and back: strict types, defaults of every level, errors that name the place, round trips."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import Bool, Float, Integer

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import LEFT_OUT, Json, finite, plain, plain_table, structure


@dataclass(frozen=True)
class Smoothing:
    """A table inside a table."""

    sigma_mm: float = 1.0
    passes: int = 2


@dataclass(frozen=True)
class Settings:
    """One field of each kind that configurations have."""

    name: str
    width: int = 8
    rate: float = 0.5
    careful: bool = False
    form: Literal["linear", "cubic"] = "linear"
    limit_mm: float | None = None
    shape_zyx: tuple[int, int, int] = (1, 2, 3)
    widths: tuple[int, ...] = (16, 32)
    smoothing: Smoothing = field(default_factory=lambda: Smoothing(sigma_mm=3.0))
    further: Smoothing | None = None

    def __post_init__(self) -> None:
        if self.width < 1:
            raise InputError("a width from 1", f"{self.width}", "Correct width.")
        if self.rate > 100:
            raise ValueError("too fast")


@dataclass(frozen=True)
class Result:
    """One field of each kind that results have."""

    volumes_cm3: Mapping[str, float]
    areas_mm2: Mapping[int, float] = field(default_factory=dict[int, float])
    settings: tuple[Settings, ...] = ()
    by_muscle: Mapping[str, Smoothing] = field(default_factory=dict[str, Smoothing])
    notes: Sequence[str] = ()
    choice: int | str = 0
    card: Mapping[str, Json] = field(default_factory=dict[str, Json])
    anything: Any = None


@dataclass(frozen=True, eq=False)
class Profile:
    """Arrays."""

    areas_mm2: Float[np.ndarray, " slice"]
    counts: Integer[np.ndarray, "slice 2"]
    drawn: Bool[np.ndarray, " slice"]
    spare: Float[np.ndarray, " slice"] | None = None


@dataclass(frozen=True)
class Inner:
    size: int = 1
    other: float = 0.5


@dataclass(frozen=True)
class Outer:
    word: Literal["a", "b"] = "a"
    inner: Inner = field(default_factory=lambda: Inner(size=5))
    many: tuple[int, ...] = (1,)
    pair: tuple[float, str] = (1.0, "x")
    maybe: float | str = "auto"
    none: Inner | None = None
    flag: bool = False


WORDS = st.text(max_size=8)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SMOOTHINGS = st.builds(Smoothing, NUMBERS, st.integers())
SETTINGS = st.builds(
    Settings,
    WORDS,
    st.integers(1),
    st.floats(-1e3, 100),
    st.booleans(),
    st.sampled_from(("linear", "cubic")),
    st.none() | NUMBERS,
    st.tuples(st.integers(), st.integers(), st.integers()),
    st.lists(st.integers(), max_size=3).map(tuple),
    SMOOTHINGS,
    st.none() | SMOOTHINGS,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
RESULTS = st.builds(
    Result,
    st.dictionaries(WORDS, NUMBERS, max_size=3),
    st.dictionaries(st.integers(), NUMBERS, max_size=3),
    st.lists(SETTINGS, max_size=2).map(tuple),
    st.dictionaries(WORDS, SMOOTHINGS, max_size=2),
    st.lists(WORDS, max_size=2).map(tuple),
    st.integers() | WORDS,
    st.dictionaries(WORDS, JSON, max_size=2),
    JSON,
)


def refused(kind: type[Any], data: object, where: str = "[x] in some.toml") -> InputError:
    with pytest.raises(InputError) as caught:
        structure(kind, data, where)
    return caught.value


@given(SETTINGS)
def test_settings_come_back_from_their_json(settings: Settings) -> None:
    assert structure(Settings, json.loads(json.dumps(plain(settings), allow_nan=False)), "x") == settings


@given(RESULTS)
def test_results_come_back_from_their_json(result: Result) -> None:
    assert structure(Result, json.loads(json.dumps(plain(result), allow_nan=False)), "x") == result


@given(SETTINGS, SETTINGS)
def test_nothing_changes_where_a_table_says_nothing(settings: Settings, other: Settings) -> None:
    assert structure(Settings, {}, "x", settings) == settings
    assert structure(Settings, plain_table(other), "x", settings) == other


@given(JSON)
def test_any_data_gives_a_value_or_an_input_error(data: object) -> None:
    for kind in (Settings, Result, Profile):
        with contextlib.suppress(InputError):
            assert isinstance(structure(kind, data, "x"), kind)


@given(st.dictionaries(st.sampled_from(sorted(Settings.__dataclass_fields__)), JSON))
def test_any_values_give_settings_of_the_hinted_types_or_an_input_error(data: dict[str, object]) -> None:
    try:
        found = structure(Settings, data, "x")
    except InputError:
        return
    assert type(found.width) is int
    assert type(found.rate) is float
    assert type(found.careful) is bool
    assert type(found.name) is str
    assert all(type(each) is int for each in (*found.shape_zyx, *found.widths))
    assert isinstance(found.smoothing, Smoothing)


def test_a_table_inside_keeps_the_defaults_of_its_field_and_not_of_its_class() -> None:
    assert structure(Settings, {"name": "a", "smoothing": {"passes": 5}}, "x").smoothing == Smoothing(3.0, 5)
    assert structure(Settings, {"name": "a", "further": {"passes": 5}}, "x").further == Smoothing(1.0, 5)
    base = Settings("a", smoothing=Smoothing(7.0, 7))
    assert structure(Settings, {"smoothing": {"passes": 5}}, "x", base).smoothing == Smoothing(7.0, 5)


def test_hyphens_count_as_underscores_at_any_depth_but_not_in_the_keys_of_a_mapping() -> None:
    found = structure(Settings, {"name": "a", "limit-mm": 2.5, "smoothing": {"sigma-mm": 2.0}}, "x")
    assert (found.limit_mm, found.smoothing.sigma_mm) == (2.5, 2.0)
    result = structure(Result, {"volumes-cm3": {"G-M": 2}, "settings": [{"name": "a", "limit-mm": 1.0}]}, "x")
    assert (result.volumes_cm3, result.settings[0].limit_mm) == ({"G-M": 2.0}, 1.0)


def test_whole_numbers_may_stand_for_numbers_and_become_such() -> None:
    found = structure(Settings, {"name": "a", "rate": 3}, "x").rate
    assert (found, type(found)) == (3.0, float)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("width", "3", "a whole number for width of [x] in some.toml"),
        ("width", 1.0, "a whole number for width of [x] in some.toml"),
        ("width", True, "a whole number for width of [x] in some.toml"),
        ("width", None, "a whole number for width of [x] in some.toml"),
        ("rate", True, "a number for rate of [x] in some.toml"),
        ("rate", "1", "a number for rate of [x] in some.toml"),
        ("careful", 1, "true or false for careful of [x] in some.toml"),
        ("careful", "yes", "true or false for careful of [x] in some.toml"),
        ("name", 3, "a word in quotation marks for name of [x] in some.toml"),
        ("form", "square", "'linear' or 'cubic' for form of [x] in some.toml"),
        ("limit_mm", "1", "a number for limit_mm of [x] in some.toml"),
        ("shape_zyx", [1, 2], "a list of 3 for shape_zyx of [x] in some.toml"),
        ("shape_zyx", "abc", "a list for shape_zyx of [x] in some.toml"),
        ("widths", 3, "a list for widths of [x] in some.toml"),
        ("widths", {"0": 1}, "a list for widths of [x] in some.toml"),
        ("widths", [1, 2.5], "a whole number for widths[1] of [x] in some.toml"),
        ("smoothing", 3, "a table for smoothing of [x] in some.toml"),
        ("smoothing", {"sigma_mm": "1"}, "a number for sigma_mm of smoothing of [x] in some.toml"),
        ("smoothing", {"sigma": 1.0}, "some of sigma_mm, passes in smoothing of [x] in some.toml"),
        ("further", {"passes": "1"}, "a whole number for passes of further of [x] in some.toml"),
        ("widht", 3, "some of name, width, rate, careful"),
        ("width", 0, "a width from 1 in [x] in some.toml"),
        ("rate", 101, "values that go together in [x] in some.toml"),
    ],
)
def test_a_wrong_value_is_refused_by_its_place(name: str, value: object, expected: str) -> None:
    error = refused(Settings, {"name": "a", name: value})
    assert error.expected.startswith(expected)
    if name not in ("smoothing", "further", "rate"):
        assert error.remedy == f"Correct {name}{'[1]' if value == [1, 2.5] else ''}."


def test_a_missing_value_is_named() -> None:
    error = refused(Settings, {"width": 3})
    assert (error.expected, error.remedy) == ("name in [x] in some.toml", "Add name.")
    error = refused(Result, {"volumes_cm3": {}, "settings": [{"name": "a"}, {}]})
    assert error.expected == "name in settings[1] of [x] in some.toml"


@pytest.mark.parametrize("data", [None, 3, "text", [1], True])
def test_no_table_is_refused(data: object) -> None:
    assert refused(Settings, data).expected == "a table for [x] in some.toml"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"volumes_cm3": {"SOL": 1.0, "GM": "2"}}, "a number for volumes_cm3[GM] of"),
        ({"volumes_cm3": [1.0]}, "a table for volumes_cm3 of"),
        ({"volumes_cm3": {}, "areas_mm2": {"1": 1.0, "a": 2.0}}, "whole numbers as names for areas_mm2 of"),
        ({"volumes_cm3": {}, "areas_mm2": {"1.5": 2.0}}, "whole numbers as names for areas_mm2 of"),
        ({"volumes_cm3": {3: 1.0}}, "a word in quotation marks for volumes_cm3 of"),
        ({"volumes_cm3": {}, "settings": [{"name": "a"}, {"name": 3}]}, "a word in quotation marks for name of settings[1] of"),
        ({"volumes_cm3": {}, "by_muscle": {"SOL": {"passes": 1.5}}}, "a whole number for passes of by_muscle[SOL] of"),
        ({"volumes_cm3": {}, "notes": "text"}, "a list for notes of"),
        ({"volumes_cm3": {}, "choice": 1.5}, "a whole number for choice of"),
    ],
)
def test_the_place_of_a_wrong_entry_is_named(data: object, place: str) -> None:
    assert refused(Result, data).expected == f"{place} [x] in some.toml"


def test_unknown_names_are_left_out_where_others_add_to_a_file() -> None:
    data = {"name": "a", "newer": 1, "smoothing": {"passes": 5, "newer": 2}}
    assert structure(Settings, data, "x", ignore_unknown=True) == Settings("a", smoothing=Smoothing(3.0, 5))
    assert refused(Settings, data).remedy == "Correct newer."
    with pytest.raises(InputError, match="a whole number for width"):
        structure(Settings, {"name": "a", "width": "1"}, "x", ignore_unknown=True)


def test_nothing_may_be_left_out_of_a_complete_table() -> None:
    whole = plain_table(Settings("a", further=Smoothing()))
    assert structure(Settings, whole, "x", complete=True) == Settings("a", further=Smoothing())
    with pytest.raises(InputError, match=r"width in x; got nothing"):
        structure(Settings, {"name": "a"}, "x", complete=True)
    with pytest.raises(InputError, match=r"passes in further of x; got nothing"):
        structure(Settings, {**whole, "further": {"sigma_mm": 1.0}}, "x", complete=True)


@dataclass(frozen=True)
class Start:
    """A key that is a word of Python's, and one that files seldom have."""

    from_: str | None
    errors: Mapping[str, str] = field(default_factory=dict[str, str], metadata=LEFT_OUT)
    inner: Smoothing = field(default=Smoothing(), metadata=LEFT_OUT)


def test_a_word_of_pythons_is_a_key_and_what_is_seldom_there_is_left_out() -> None:
    assert plain(Start("a")) == {"from": "a"}
    assert plain(Start(None, {"b": "c"}, Smoothing(2.0))) == {
        "from": None,
        "errors": {"b": "c"},
        "inner": {"sigma_mm": 2.0, "passes": 2},
    }
    for start in (Start("a"), Start(None, {"b": "c"}, Smoothing(2.0))):
        assert structure(Start, plain(start), "x") == start
    assert structure(Start, {"inner": {"passes": 3}}, "x", Start("b")) == Start("b", inner=Smoothing(passes=3))
    assert refused(Start, {"from": 3}).expected == "a word in quotation marks for from of [x] in some.toml"
    assert refused(Start, {}).expected == "from in [x] in some.toml"
    assert refused(Start, {"from": "a", "from_": "b"}).expected == "some of from, errors, inner in [x] in some.toml"
    with pytest.raises(InputError, match=r"from in x; got nothing"):
        structure(Start, {}, "x", complete=True)


def test_arrays_go_into_lists_and_come_back_with_their_types() -> None:
    profile = Profile(np.array([1.5, math.nan, 2.0]), np.array([[1, 2], [3, 4]]), np.array([True, False]), np.array([0.5]))
    data = json.loads(json.dumps(plain(profile), allow_nan=False))
    assert data == {"areas_mm2": [1.5, None, 2.0], "counts": [[1, 2], [3, 4]], "drawn": [True, False], "spare": [0.5]}
    found = structure(Profile, data, "x")
    for name in data:
        np.testing.assert_array_equal(getattr(found, name), getattr(profile, name))
        assert getattr(found, name).dtype == getattr(profile, name).dtype
    assert structure(Profile, {**data, "spare": None}, "x").spare is None


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("areas_mm2", ["1"], "a list of numbers"),
        ("areas_mm2", [True], "a list of numbers"),
        ("areas_mm2", "12", "a list of numbers"),
        ("areas_mm2", {"a": 1}, "a list of numbers"),
        ("areas_mm2", [[1.0], [1.0, 2.0]], "a list of numbers"),
        ("areas_mm2", [10**400], "a list of numbers"),
        ("counts", [[1.5, 2]], "a list of whole numbers"),
        ("counts", [[None, 2]], "a list of whole numbers"),
        ("counts", [[2**70, 2]], "a list of whole numbers"),
        ("drawn", [1, 0], "a list of true and false"),
    ],
)
def test_wrong_arrays_are_refused(name: str, value: object, expected: str) -> None:
    data = {"areas_mm2": [1.0], "counts": [[1, 2]], "drawn": [True], name: value}
    assert refused(Profile, data).expected == f"{expected} for {name} of [x] in some.toml"


def test_numpy_numbers_paths_and_values_of_any_hint_become_plain() -> None:
    kind = make_dataclass("Kind", [("number", Any), ("path", Path), ("inside", Any)])
    value = kind(np.float32(0.5), Path("a/b.mha"), (Smoothing(), {3: np.int64(2)}))
    expected = {"number": 0.5, "path": str(Path("a/b.mha")), "inside": [{"sigma_mm": 1.0, "passes": 2}, {"3": 2}]}
    assert plain(value) == expected
    assert plain_table({"a": value}) == {"a": expected}


def test_a_path_comes_back_from_its_words() -> None:
    kind = make_dataclass("Kind", [("path", Path)], frozen=True)
    assert structure(kind, plain(kind(Path("a/b.mha"))), "x") == kind(Path("a/b.mha"))
    assert refused(kind, {"path": 3}).expected == "a path in quotation marks for path of [x] in some.toml"


def test_what_is_not_finite_becomes_none_at_any_depth() -> None:
    assert finite({"a": [1.0, math.inf, {"b": math.nan}], "c": -math.inf}) == {"a": [1.0, None, {"b": None}], "c": None}
    assert plain(Smoothing(math.nan)) == {"sigma_mm": None, "passes": 2}


def test_a_table_of_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match="not tuple"):
        plain_table((1, 2))


def test_tables_become_configurations() -> None:
    assert structure(Outer, {}, "x") == Outer()
    found = structure(
        Outer, {"inner": {"other": 2}, "many": [3, 4], "pair": [2, "y"], "maybe": 1.5, "none": {}, "flag": True}, "x"
    )
    # What a table leaves out stays as the field has it, not as its class has it.
    assert found == Outer(inner=Inner(5, 2.0), many=(3, 4), pair=(2.0, "y"), maybe=1.5, none=Inner(), flag=True)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"word": "c"}, "'a' or 'b' for word of x"),
        ({"inner": {"size": 1.5}}, "a whole number for size of inner of x"),
        ({"inner": {"size": True}}, "a whole number for size"),
        ({"inner": 3}, "a table for inner"),
        ({"many": 3}, "a list for many"),
        ({"many": [1, "a"]}, r"a whole number for many\[1\] of x"),
        ({"pair": [1.0]}, "a list of 2 for pair"),
        ({"flag": 1}, "true or false for flag"),
        ({"maybe": [1]}, "maybe"),
        ({"colour": 1}, "word, inner, many, pair, maybe, none, flag in x; got 'colour'"),
    ],
)
def test_wrong_values_are_named(table: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        structure(Outer, table, "x")


@dataclass(frozen=True)
class Round:
    form: Literal["ball", "disc"] = "ball"
    radius_mm: float = 1.0


@dataclass(frozen=True)
class Square:
    form: Literal["box"] = "box"
    side_mm: float = 2.0


@dataclass(frozen=True)
class Drawing:
    shape: Round | Square | None = field(default_factory=Round)


def test_a_word_chooses_among_dataclasses() -> None:
    assert structure(Drawing, {"shape": {"form": "box", "side_mm": 3}}, "x").shape == Square(side_mm=3.0)
    assert structure(Drawing, {"shape": {"form": "disc"}}, "x").shape == Round("disc")
    assert structure(Drawing, {"shape": {"side_mm": 3}}, "x").shape == Square(side_mm=3.0)
    assert structure(Drawing, {"shape": None}, "x").shape is None
    for shape in (Round("disc", 2.5), Square(side_mm=0.5)):
        assert structure(Drawing, plain(Drawing(shape)), "x") == Drawing(shape)
    error = refused(Drawing, {"shape": {"form": "line"}})
    assert (error.expected, error.received) == ("form = 'ball' or 'disc' or 'box' for shape of [x] in some.toml", "'line'")
    # Once the word has chosen, the error is about what it has chosen.
    assert refused(Drawing, {"shape": {"form": "box", "radius_mm": 3}}).expected.startswith("some of form, side_mm in shape")
