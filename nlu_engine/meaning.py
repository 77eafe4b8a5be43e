"""Sample utterances of different intents that mean nearly the same, by the shared embeddings.

An utterance is the mean of its words' vectors, the words that are frequent in the skill
counting less. That mean alone finds "turn it on" and "turn it off" alike, so each word must
find a near relative on the other side too: synonyms are nearer to each other than opposites.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nlu_engine.embeddings import SharedEmbeddings, Vectors
from nlu_engine.interaction_model import Intent, InteractionModel
from nlu_engine.templates import TemplateError, parse_template
from nlu_engine.utterances import normalize, tokenize

MOST_SAMPLES = 8_000
"""No more samples than this are compared: time grows with the square of their number."""
MOST_TOKENS = 60
# Chosen by reading what 73 published interaction models and our sample skills give: above
# these, people would ask which of the two intents is meant.
NEAR = 0.68
VERY_NEAR = 0.85
_RELATED_WORDS = 0.67
_CARRIER = 0.02
_CANDIDATES = 3
_ROWS_AT_ONCE = 512
# Words that make an utterance politer or rounder, not another one.
_FILLERS = frozenset(
    {"a", "an", "the", "please", "just", "now", "kindly", "my", "me", "i", "i'd", "i'll", "can"}
    | {"could", "would", "will", "you", "your", "to", "for", "of", "it", "bitte", "mal", "ein"}
    | {"eine", "einen", "der", "die", "das", "den", "dem", "mir", "mich", "ich", "du", "zu"}
    | {"kannst", "für", "es"}
)
_NAME_PART = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+")


@dataclass(frozen=True)
class Place:
    """A sample utterance: the numbers of its intent and of itself in there."""

    intent: int
    sample: int


@dataclass(frozen=True)
class NearDuplicate:
    """Two sample utterances of different intents; ``similarity`` is a cosine up to 1."""

    first: Place
    second: Place
    similarity: float


@dataclass(frozen=True)
class _Sample:
    place: Place
    words: tuple[str, ...]  # a slot as "{type}"


def near_duplicates(model: InteractionModel, embeddings: SharedEmbeddings) -> list[NearDuplicate]:
    """Return each sample with the nearest one of another intent before it, if one is near.

    Samples that are the same text are not among them: rules.py finds those.
    """
    samples = list(_samples(model))[:MOST_SAMPLES]
    if len({sample.place.intent for sample in samples}) < 2:
        return []
    words = _Words(samples, embeddings)
    found: dict[Place, NearDuplicate] = {}
    for first, second, similarity in _near_pairs(words.means(), samples):
        one, other = samples[first], samples[second]
        if other.place not in found and words.are_related(one, other):
            found[other.place] = NearDuplicate(one.place, other.place, similarity)
    return list(found.values())


def _samples(model: InteractionModel) -> Iterator[_Sample]:
    """Yield the samples of the developer's own intents, each text once."""
    seen: set[str] = set()
    for number, intent in enumerate(model.intents):
        if intent.is_builtin:
            continue
        for index, text in enumerate(intent.samples):
            words = _words(text, intent) if len(text) <= 1_000 else ()
            if words and (key := normalize(text)) not in seen:
                seen.add(key)
                yield _Sample(Place(number, index), words)


def _words(text: str, intent: Intent) -> tuple[str, ...]:
    types = {slot.name: slot.type for slot in intent.slots}
    try:
        chunks = parse_template(text)
    except TemplateError:
        return ()
    words: list[str] = []
    for chunk in chunks:
        if chunk.slot:
            words.append(f"{{{types.get(chunk.slot, chunk.slot)}}}")
        else:
            words += _tokens(chunk.text)
    return tuple(words[:MOST_TOKENS]) if any(word[0] != "{" for word in words) else ()


@lru_cache(20_000)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(token.text for token in tokenize(normalize(text)))


class _Words:
    """The words of a skill: their vectors, and how much each says."""

    def __init__(self, samples: list[_Sample], embeddings: SharedEmbeddings) -> None:
        counts = Counter(word for sample in samples for word in set(sample.words))
        self._samples = samples
        self._row = {word: row for row, word in enumerate(counts)}
        self._vectors = _unit(np.stack([_vector(word, embeddings) for word in counts]))
        shares = np.array([count / len(samples) for count in counts.values()], np.float32)
        self._weights = _CARRIER / (_CARRIER + shares)
        self._carriers = _carriers(samples)
        self._words = list(counts)
        self._relatives: dict[str, frozenset[str]] = {}

    def means(self) -> Vectors:
        """Return the weighted mean of each sample's words, of length 1, shape (samples, dims)."""
        weighted = self._vectors * self._weights[:, None]
        rows = [[self._row[word] for word in sample.words] for sample in self._samples]
        starts = np.cumsum([0, *(len(row) for row in rows[:-1])])
        flat = np.concatenate([np.array(row) for row in rows])
        return _unit(np.add.reduceat(weighted[flat], starts, axis=0))

    def are_related(self, one: _Sample, other: _Sample) -> bool:
        """Return whether each word of one side has a near relative on the other."""
        mine, theirs = set(one.words), set(other.words)
        only_mine, only_theirs = mine - theirs - self._carriers, theirs - mine - self._carriers
        return all(not self._near(word).isdisjoint(theirs) for word in only_mine) and all(
            not self._near(word).isdisjoint(mine) for word in only_theirs
        )

    def _near(self, word: str) -> frozenset[str]:
        """Return the skill's words that are near relatives of ``word``: of slots, slots."""
        if word not in self._relatives:
            near = self._vectors @ self._vectors[self._row[word]] >= _RELATED_WORDS
            found = (self._words[row] for row in np.flatnonzero(near))
            self._relatives[word] = frozenset(o for o in found if (o[0] == "{") == (word[0] == "{"))
        return self._relatives[word]


def _carriers(samples: Iterable[_Sample]) -> set[str]:
    """Return the words that say nothing about the intent: most intents have them."""
    intents: dict[str, set[int]] = {}
    for sample in samples:
        for word in sample.words:
            intents.setdefault(word, set()).add(sample.place.intent)
    count = len(set().union(*intents.values()))
    usual = {word for word, of in intents.items() if count >= 4 and len(of) > count / 2}
    return usual | _FILLERS


def _vector(word: str, embeddings: SharedEmbeddings) -> Vectors:
    """Return the vector of a word; of a slot that of the words in its type's name."""
    if word[0] != "{" or len(word) == 1:
        return embeddings.vector(word)
    name = word.strip("{}").removeprefix("AMAZON.")
    parts = [part.lower() for part in _NAME_PART.findall(name)] or [name]
    mean: Vectors = np.mean([embeddings.vector(part) for part in parts], axis=0)
    return mean


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)
    return unit.astype(np.float32)


def _near_pairs(means: Vectors, samples: list[_Sample]) -> Iterator[tuple[int, int, float]]:
    """Yield (earlier, later, similarity) for the nearest few of each sample, nearest first."""
    intents = np.array([sample.place.intent for sample in samples])
    for start in range(0, len(samples), _ROWS_AT_ONCE):
        block = means[start : start + _ROWS_AT_ONCE]
        near = block @ means[: start + len(block)].T
        near[intents[start : start + len(block), None] == intents[None, : near.shape[1]]] = 0
        near[:, start:] = np.tril(near[:, start:], -1)
        rows = np.flatnonzero(near.max(axis=1) >= NEAR)
        few = min(_CANDIDATES, near.shape[1])
        best = np.argpartition(near[rows], -few, axis=1)[:, -few:]
        values = np.take_along_axis(near[rows], best, axis=1)
        order = np.argsort(-values, axis=1)
        for row, columns, found in zip(
            (rows + start).tolist(),
            np.take_along_axis(best, order, axis=1).tolist(),
            np.take_along_axis(values, order, axis=1).tolist(),
            strict=True,
        ):
            near_ones = zip(columns, found, strict=True)
            yield from ((column, row, value) for column, value in near_ones if value >= NEAR)
