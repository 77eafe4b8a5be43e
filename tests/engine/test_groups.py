"""Groups of a sample that is being written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_engine.groups import GroupError, count, expand, has_groups


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("order a pizza", ["order a pizza"]),
        ("(a|the) pizza", ["a pizza", "the pizza"]),
        ("a pizza [please]", ["a pizza please", "a pizza"]),
        ("pizza[s|z]", ["pizzas", "pizzaz", "pizza"]),
        ("(a|) pizza", ["a pizza", "pizza"]),
        ("[please] [please] go", ["please please go", "please go", "go"]),
        ("([really] big|small) one", ["really big one", "big one", "small one"]),
        (
            "(order|get) a {size} ({topping}|{ham and eggs|topping}) pizza",
            [
                "order a {size} {topping} pizza",
                "order a {size} {ham and eggs|topping} pizza",
                "get a {size} {topping} pizza",
                "get a {size} {ham and eggs|topping} pizza",
            ],
        ),
        ("[please]", ["please"]),
        ("  ( ピザ | pizza )  ", ["ピザ", "pizza"]),
    ],
)
def test_groups_are_expanded_in_their_order(text: str, expanded: list[str]) -> None:
    assert expand(text) == expanded
    assert count(text) >= len(expanded)
    assert has_groups(text) == (text != "order a pizza")


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("a (b|c", 3, "The ( at character 3 has no )."),
        ("a [b (c|d) e", 3, "The [ at character 3 has no ]."),
        ("a b) c", 4, "The ) at character 4 closes nothing."),
        ("(a] b", 1, "The ( at character 1 has no )."),
        ("a|b", 2, "The | at character 2 is in no group."),
        ("say ()", 5, "The group at character 5 is empty."),
        ("say [ | ]", 5, "The group at character 5 is empty."),
        ("(a {size|b) c", 4, "The { at character 4 has no partner."),
        ("(a} b)", 3, "The } at character 3 has no partner."),
        ("a {(big|small)|size} one", 3, "The braces at character 3 hold a group."),
        ("(" * 30 + "a" + ")" * 30, 21, "The group at character 21 is within 20 others."),
    ],
)
def test_wrong_brackets_are_refused_by_place(text: str, place: int, told: str) -> None:
    with pytest.raises(GroupError) as refused:
        expand(text)
    assert told in str(refused.value)
    assert refused.value.place == place


def test_too_many_are_refused_unexpanded_with_their_number() -> None:
    text = "(a|b)" * 60
    assert count(text) == 2**60
    with pytest.raises(GroupError, match="1,152,921,504,606,846,976 samples; at most 500"):
        expand(text)
    assert len(expand("(a|b)" * 5, most=32)) == 32


@given(st.text("ab ()[]|{}", max_size=30))
def test_whatever_is_written_expands_without_groups_or_is_refused(text: str) -> None:
    try:
        found = expand(text)
    except GroupError:
        return
    assert not any(has_groups(sample) for sample in found)
    assert len(found) <= count(text)
