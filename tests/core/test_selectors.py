from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from febench.core.errors import UsageError
from febench.core.selectors import coerce, format_selector, parse_selector, split_selectors


def test_a_name_alone_and_with_parameters() -> None:
    assert parse_selector("hwt") == ("hwt", {})
    assert parse_selector("faces[subjects=200, size=64]") == ("faces", {"subjects": "200", "size": "64"})


@pytest.mark.parametrize("text", ["", "a[b", "a[b]", "[a=1]", "a b", "a[=1]"])
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_selector(text)


def test_commas_in_brackets_do_not_split() -> None:
    assert split_selectors("a[x=1,y=2], b,,c[z=3]") == ["a[x=1,y=2]", "b", "c[z=3]"]


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
        st.one_of(st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
        max_size=4,
    )
)
def test_what_is_written_is_read_back(params: dict[str, int | float | bool | str]) -> None:
    text = format_selector("thing", params)
    name, found = parse_selector(text)
    assert name == "thing"
    assert split_selectors(f"a,{text},b[x=1]") == ["a", text, "b[x=1]"]
    assert {key: coerce(found[key], value, key) for key, value in params.items()} == params


def test_a_value_in_quotes_may_hold_anything() -> None:
    assert parse_selector(r'folder[pattern="^([A-Z]{2})[.,]\\d=", size=64]')[1] == {
        "pattern": r"^([A-Z]{2})[.,]\d=",
        "size": "64",
    }
    with pytest.raises(UsageError, match="as in JSON"):
        parse_selector(r'folder[pattern="\d"]')


def test_a_name_with_a_hash_is_written_bare() -> None:
    assert format_selector("resnet18", {"weights": "fer@0123456789ab"}) == "resnet18[weights=fer@0123456789ab]"
    assert split_selectors("a[w=fer@0123456789ab],b") == ["a[w=fer@0123456789ab]", "b"]


def test_values_take_the_type_of_the_default() -> None:
    assert coerce("10", 1.0, "C") == 10.0 and isinstance(coerce("10", 1.0, "C"), float)
    assert coerce("5", "db4", "wavelet") == "5"
    assert coerce("true", False, "flag") is True
    assert coerce("none", 3, "depth") is None
    assert coerce("12", None, "anything") == 12


@pytest.mark.parametrize(("text", "default"), [("abc", 1.0), ("1.5", 2), ("1", True), ("yes", False)])
def test_a_value_of_another_type_is_refused_by_name(text: str, default: object) -> None:
    with pytest.raises(UsageError, match=r"m\.p takes .*not"):
        coerce(text, default, "m.p")
