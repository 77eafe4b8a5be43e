"""Where words lie in the shared embeddings: their nearest neighbours, and a plane to see them.

Words of like meaning lie close together, so what is near a word of a skill is what the
network understands without ever having been shown it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nlu_engine.embeddings import (
    SharedEmbeddings,
    Vectors,
    is_covered,
    load_embeddings,
    release_for,
)
from nlu_engine.utterances import normalize, tokenize

ROWS_AT_ONCE = 4_096
"""Words that are unpacked at a time: five megabytes, and never the whole store."""
KEPT_ANSWERS = 64


@dataclass(frozen=True)
class Neighbour:
    """A word near another one; ``similarity`` is the cosine, 1 for the same direction."""

    word: str
    similarity: float


class WordSpace:
    """The shared embeddings as a skill in one locale meets them."""

    def __init__(self, locale: str) -> None:
        """Map the release of ``locale``; raises EmbeddingsError."""
        self.covered = is_covered(locale)
        self.embeddings: SharedEmbeddings = load_embeddings(release_for(locale))

    def direction(self, text: str) -> Vectors:
        """Return the unit vector of a word or, as the mean of its words, a phrase."""
        # Where the language is not covered, the network composes every word: so do we.
        vector_of = self.embeddings.vector if self.covered else self.embeddings.composed
        words = [token.text for token in tokenize(text)] or [text]
        mean: Vectors = np.mean([_unit(vector_of(word)) for word in words], axis=0)
        return _unit(mean)

    def knows(self, text: str) -> bool:
        """Return whether every word of ``text`` has a vector of its own."""
        return self.covered and all(token.text in self.embeddings for token in tokenize(text))

    def directions(self, texts: Sequence[str]) -> Vectors:
        """Return the unit vectors of ``texts``, shape (texts, dimensions)."""
        return np.stack([self.direction(text) for text in texts])

    def nearest(self, texts: tuple[str, ...], count: int) -> tuple[tuple[Neighbour, ...], ...]:
        """Return the ``count`` nearest other words of the store for each of ``texts``.

        None at all where the language is not covered: those would be chance namesakes.
        """
        if not self.covered or not texts:
            return tuple(() for _ in texts)
        return _nearest(self, texts, count)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WordSpace) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, bool]:
        return self.embeddings.release, self.covered


def _unit(vectors: Vectors) -> Vectors:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    found: Vectors = vectors / np.maximum(length, np.float32(1e-9))
    return found


@lru_cache(KEPT_ANSWERS)
def _nearest(
    space: WordSpace, texts: tuple[str, ...], count: int
) -> tuple[tuple[Neighbour, ...], ...]:
    # A word may be its own neighbour, and is left out afterwards.
    rows, similarities = _best(space.embeddings, space.directions(texts), count + 1)
    return tuple(
        tuple(_others(space.embeddings, normalize(text), found, similar))[:count]
        for text, found, similar in zip(texts, rows, similarities, strict=True)
    )


def _others(
    embeddings: SharedEmbeddings, text: str, rows: Iterable[int], similarities: Iterable[float]
) -> Iterator[Neighbour]:
    for row, similarity in zip(rows, similarities, strict=True):
        word = embeddings.word_at(int(row))
        if word != text:
            yield Neighbour(word, float(similarity))


def _best(
    embeddings: SharedEmbeddings, wanted: Vectors, count: int
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], Vectors]:
    """Return rows and similarities of the ``count`` words nearest to each of ``wanted``."""
    rows = np.zeros((len(wanted), 0), dtype=np.int64)
    similarities: Vectors = np.zeros((len(wanted), 0), dtype=np.float32)
    for start in range(0, len(embeddings), ROWS_AT_ONCE):
        some = range(start, min(start + ROWS_AT_ONCE, len(embeddings)))
        found = wanted @ _unit(embeddings.vectors_of(some)).T
        numbers = np.broadcast_to(np.arange(some.start, some.stop), found.shape)
        similarities = np.concatenate([similarities, found], axis=1)
        rows = np.concatenate([rows, numbers], axis=1)
        best = np.argsort(-similarities, axis=1, kind="stable")[:, :count]
        similarities = np.take_along_axis(similarities, best, axis=1)
        rows = np.take_along_axis(rows, best, axis=1)
    return rows, similarities


@dataclass(frozen=True)
class Plane:
    """The plane in which some vectors differ most: their two principal components.

    ``share`` is the part, 0 to 1, of all their differences that can be seen in it.
    """

    centre: Vectors
    axes: Vectors  # (2, dimensions)
    share: float

    def project(self, vectors: Vectors) -> Vectors:
        """Return where ``vectors`` (n, dimensions) lie in the plane, shape (n, 2)."""
        found: Vectors = np.matmul(vectors - self.centre, self.axes.T, dtype=np.float32)
        return found


def plane_of(vectors: Vectors) -> Plane:
    """Return the plane of ``vectors`` (n, dimensions), n at least 1; the same at every call."""
    centre: Vectors = vectors.mean(axis=0)
    _, strengths, axes = np.linalg.svd(vectors - centre, full_matrices=False)
    axes, squares = np.resize(axes, (2, vectors.shape[1])), strengths**2
    # A component has no sign of its own: its largest number shall be positive.
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    share = float(squares[:2].sum() / squares.sum()) if squares.sum() else 1.0
    return Plane(centre, axes * np.sign(largest), share)
