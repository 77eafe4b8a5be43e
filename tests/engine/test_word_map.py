"""Neighbours in the shared embeddings, and the plane that shows them."""

from __future__ import annotations

import numpy as np
import pytest

from nlu_engine import word_map
from nlu_engine.word_map import WordSpace, plane_of


def names(space: WordSpace, text: str, count: int = 10) -> list[str]:
    return [near.word for near in space.nearest((text,), count)[0]]


def test_words_of_like_meaning_are_near_each_other() -> None:
    english, multi = WordSpace("en-US"), WordSpace("de-DE")
    assert {"huge", "large", "gigantic"} <= set(names(english, "Enormous"))
    assert {"cuisine", "cocina", "keuken"} <= set(names(multi, "kitchen"))


def test_neighbours_are_those_of_a_search_of_the_whole_store_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    space = WordSpace("en-US")
    everything = space.embeddings.vectors_of(range(len(space.embeddings)))
    everything /= np.linalg.norm(everything, axis=1, keepdims=True)
    similar = everything @ space.direction("mushrooms")
    best = [space.embeddings.word_at(int(row)) for row in np.argsort(-similar)[1:9]]
    monkeypatch.setattr(word_map, "ROWS_AT_ONCE", 9_973)
    word_map._nearest.cache_clear()
    [found] = space.nearest(("mushrooms",), 8)
    assert [near.word for near in found] == best
    assert found[0].similarity == pytest.approx(float(np.sort(similar)[-2]), abs=1e-5)
    assert all(a.similarity >= b.similarity for a, b in zip(found, found[1:], strict=False))


def test_a_word_is_never_its_own_neighbour_and_the_count_is_kept() -> None:
    space = WordSpace("en-US")
    assert "pizza" not in names(space, "PIZZA")
    for text in ("pizza", "qwzzxk", "extra large", "🍕", "."):
        assert len(names(space, text, 7)) == 7, text


def test_a_phrase_lies_between_its_words() -> None:
    space = WordSpace("en-US")
    phrase = space.direction("apple juice")
    assert np.linalg.norm(phrase) == pytest.approx(1, abs=1e-5)
    for word in ("apple", "juice"):
        assert phrase @ space.direction(word) > 0.6


def test_what_is_known() -> None:
    assert WordSpace("en-US").knows("Apple juice")
    assert not WordSpace("en-US").knows("apple qwzzxk")
    assert WordSpace("de-DE").knows("Zwiebel")


def test_a_language_that_is_not_covered_has_no_neighbours() -> None:
    space = WordSpace("ar-SA")
    assert space.nearest(("بيتزا", "pizza"), 5) == ((), ())
    assert not space.knows("pizza")
    np.testing.assert_allclose(
        space.direction("pizza") @ WordSpace("de-DE").embeddings.composed("pizza"),
        np.linalg.norm(space.embeddings.composed("pizza")),
        rtol=1e-5,
    )


def test_the_plane_holds_the_greatest_differences_and_is_always_the_same() -> None:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(40, 12)).astype(np.float32)
    vectors[:, 3] *= 9
    vectors[:, 7] *= 5
    plane = plane_of(vectors)
    assert [int(np.abs(axis).argmax()) for axis in plane.axes] == [3, 7]
    assert all(axis[np.abs(axis).argmax()] > 0 for axis in plane.axes)
    assert 0.8 < plane.share < 1
    again = plane_of(vectors.copy()).project(vectors)
    np.testing.assert_array_equal(plane.project(vectors), again)
    np.testing.assert_allclose(plane.project(vectors).mean(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2])
def test_a_plane_of_hardly_anything(count: int) -> None:
    vectors = WordSpace("en-US").directions(["pizza", "water"][:count])
    plane = plane_of(vectors)
    assert plane.project(vectors).shape == (count, 2)
    assert np.isfinite(plane.project(vectors)).all()
    assert plane.share == pytest.approx(1)
