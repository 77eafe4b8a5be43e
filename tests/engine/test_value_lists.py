"""Slot values as CSV."""

from __future__ import annotations

import pytest

from nlu_engine.errors import InvalidValueList
from nlu_engine.interaction_model import SlotValue
from nlu_engine.value_lists import merged, read_values, replaced, write_values

VALUES = (
    SlotValue("large", ("big", 'the "big" one'), "L"),
    SlotValue("salt, pepper"),
    SlotValue("groß", ("größer",), "5"),
)


def test_what_is_written_is_read_again() -> None:
    assert read_values(write_values(VALUES).encode()) == VALUES
    assert read_values(("\ufeff" + write_values(VALUES)).encode()) == VALUES


@pytest.mark.parametrize(
    "text",
    ["large,L,big,huge\r\nsmall\r\n", "large;L;big;huge\nsmall;;\n\n", "large\tL\tbig\thuge\nsmall"]
    + ["Value,ID,Synonym 1,Synonym 2\nlarge , L,big,  huge,big\n,,\nsmall,"],
)
def test_the_ways_to_write_a_list(text: str) -> None:
    large = SlotValue("large", ("big", "huge"), "L")
    assert read_values(text.encode()) == (large, SlotValue("small"))


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        (b"ok\n,L,big", "line 2", "no value in this line"),
        (b"value,id\nok\n\nfine\nOK", "line 5", "stands already in line 2"),
        (b"ok,," + b"x" * 141, "line 1", "141 characters"),
        (b"ok\n" + "\u200b".encode(), "line 2", "can be seen"),
        (b"ok," + b"i" * 201, "line 1", "201 characters"),
        (b"ok\na\x00b", "line 2", "NUL"),
        (b"ok\n\xff", "line 2", "not UTF-8"),
        (b'ok\n"two\nlines"x', "line 2", "not CSV"),
        (b"value,id,synonyms\n", "line 1", "no value in this list"),
        (b"\n".join(b"v%d,,s%d" % (n, n) for n in range(25_001)), "line 1", "50,002 values"),
    ],
)
def test_what_is_wrong_is_told_by_line(text: bytes, place: str, told: str) -> None:
    with pytest.raises(InvalidValueList) as caught:
        read_values(text)
    (problem,) = caught.value.problems
    assert problem.path == place
    assert told in problem.message


def test_many_problems_are_cut() -> None:
    with pytest.raises(InvalidValueList) as caught:
        read_values(b"same\n" * 5_000)
    assert len(caught.value.problems) == 100


def test_adding_removes_nothing() -> None:
    extra = {"unknown": {"note": 1}}
    old = (SlotValue("large", ("big",), "L", extra), SlotValue("small", (), "S"))
    new = (SlotValue("Large", ("BIG", "huge"), "XL"), SlotValue("tiny"), SlotValue("small"))
    assert merged(old, new) == (
        SlotValue("large", ("big", "huge"), "XL", extra),
        SlotValue("small", (), "S"),
        SlotValue("tiny"),
    )
    assert replaced(old, (SlotValue("large", ("huge",)),)) == (
        SlotValue("large", ("huge",), None, extra),
    )
