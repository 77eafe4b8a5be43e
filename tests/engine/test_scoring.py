"""What scoring keeps of words, and how utterances of several lengths are laid out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_engine.embeddings import Vectors
from nlu_engine.layout import layout_of, stretches
from nlu_engine.scoring import KnownWords


class Made:
    """Makes vectors of words and remembers of which it had to."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def __call__(self, words: Sequence[str]) -> Vectors:
        self.words += words
        return np.array([[len(word), ord(word[0])] for word in words], dtype=np.float32)


def test_a_word_is_made_once_for_each_network() -> None:
    known, made = KnownWords(10), Made()
    found = known(0, ["ab", "c", "ab"], made)
    np.testing.assert_array_equal(found, [[2, ord("a")], [1, ord("c")], [2, ord("a")]])
    np.testing.assert_array_equal(known(0, ["c"], made), [[1, ord("c")]])
    assert made.words == ["ab", "c"]
    known(1, ["c"], made)
    assert made.words == ["ab", "c", "c"]


def test_words_said_last_are_kept_up_to_a_number() -> None:
    known, made = KnownWords(2), Made()
    assert len(known(0, ["a", "b", "c"], made)) == 3
    known(0, ["b"], made)
    known(0, ["d"], made)  # of b and c, c was said longer ago
    made.words.clear()
    known(0, ["b", "d"], made)
    assert made.words == []
    known(0, ["c"], made)
    assert made.words == ["c"]


def test_the_words_of_a_network_that_is_gone_are_forgotten() -> None:
    known, made = KnownWords(10), Made()
    known(0, ["a"], made)
    known(1, ["a"], made)
    known.forget(0)
    made.words.clear()
    known(1, ["a"], made)
    assert made.words == []
    known(0, ["a"], made)
    assert made.words == ["a"]


def test_what_is_given_out_may_be_changed() -> None:
    known, made = KnownWords(2), Made()
    for _ in range(2):
        found = known(0, ["a"], made)
        found += 1
    np.testing.assert_array_equal(known(0, ["a"], made), [[1, ord("a")]])


@given(st.lists(st.integers(1, 6), min_size=1, max_size=7).map(tuple))
def test_each_direction_reads_every_token_once_and_its_states_come_back(
    lengths: tuple[int, ...],
) -> None:
    layout = layout_of(lengths)
    read = layout.read[:, 0]  # (n, 2, b)
    tokens = np.arange(sum(lengths))
    came_back = read.reshape(-1)[layout.written]
    np.testing.assert_array_equal(came_back, np.stack([tokens, tokens], axis=1))
    for first, end, among in layout.steps:
        ahead, back = read[first:end, 0, :among], read[first:end, 1, :among]
        assert (np.diff(ahead, axis=0) == 1).all()
        assert (np.diff(back, axis=0) == -1).all()
    assert sum((end - first) * among for first, end, among in layout.steps) == sum(lengths)


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [([4], [(0, 4, 1)]), ([5, 3, 3, 1], [(0, 1, 4), (1, 3, 3), (3, 5, 1)])],
)
def test_stretches_are_of_those_that_are_not_yet_at_their_end(
    lengths: list[int], expected: list[tuple[int, int, int]]
) -> None:
    assert list(stretches(lengths)) == expected
