"""Where listed values stand in an utterance."""

from __future__ import annotations

import numpy as np
import pytest

from nlu_engine.listed import MAX_WORDS, ListedValues
from nlu_engine.utterances import tokenize

LISTED = ListedValues(
    {
        "city": {"york": "York", "new york": "New York", "new": "New"},
        "shop": {"new york pizza": "NYP", "o'brien's": "O'Brien's"},
        "empty": {},
    }
)


def told(utterance: str) -> dict[str, str]:
    """Return, of each slot, a letter a token: B where a value begins, I where it goes on."""
    facts = LISTED(tokenize(utterance)).reshape(-1, len(LISTED.slots), 2)
    return {
        name: "".join("B" if begins else "I" if on else "." for begins, on in facts[:, row])
        for row, name in enumerate(LISTED.slots)
    }


@pytest.mark.parametrize(
    ("utterance", "city", "shop"),
    [
        ("fly to york", "..B", "..."),
        ("fly to New York now", "..BI.", "....."),
        ("a New York pizza", ".BI.", ".BII"),
        ("york new york", "BBI", "..."),
        ("at O'Brien's", "...", ".BI"),
        ("nothing of that", "...", "..."),
    ],
)
def test_the_longest_value_is_told_of_each_slot(utterance: str, city: str, shop: str) -> None:
    assert told(utterance) == {"city": city, "shop": shop}


def test_matches_name_the_slot_and_the_form_that_is_listed() -> None:
    found = list(LISTED.matches(tokenize("a New  York pizza")))
    assert sorted(found) == [(1, 3, "city", "new york"), (1, 4, "shop", "new york pizza")]
    assert list(ListedValues({}).matches(tokenize("a pizza"))) == []


def test_slots_without_values_have_no_facts() -> None:
    assert LISTED.slots == ("city", "shop")
    assert ListedValues({"empty": {}})(tokenize("new york")).shape == (2, 0)


def test_values_longer_than_the_limit_are_not_told() -> None:
    words = [f"w{number}" for number in range(MAX_WORDS + 1)]
    listed = ListedValues({"a": {" ".join(words[:-1]): "a"}, "b": {" ".join(words): "b"}})
    facts = listed(tokenize(" ".join(words))).reshape(-1, 2, 2)
    assert facts[:, 0].sum() == MAX_WORDS
    np.testing.assert_array_equal(facts[:, 1], 0)
