"""The sample utterances of a skill that are nearest in meaning to what was said.

Each word looks for its best match on the other side by the shared embeddings, rare words
counting more, as BERTScore does (Zhang et al. 2020). A {slot} matches as well as the value of
its slot type that matches best, so a sample with a listed value in it is as near as can be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from nlu_engine import builtins
from nlu_engine.embeddings import Vectors
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.templates import TemplateError, parse_template
from nlu_engine.utterances import normalize, tokenize
from nlu_engine.word_map import WordSpace

MOST_SAMPLES = 8_000
"""No more samples than this are compared."""
MOST_WORDS = 60
"""Words of an utterance or a sample that are compared."""
VALUES_OF_A_TYPE = 200


@dataclass(frozen=True)
class NearSample:
    """A sample utterance of an intent; ``similarity`` is 1 where every word has its equal."""

    intent: str
    sample: str
    similarity: float


class NearestSamples:
    """The samples of a skill, ready to be compared; raises EmbeddingsError."""

    def __init__(self, model: InteractionModel, locale: str) -> None:
        self._space = WordSpace(locale)
        self._values = _values(model, locale)
        found = islice(_samples(model), MOST_SAMPLES)
        self._samples = [(intent, text, units) for intent, text, units in found if units]
        units = list(dict.fromkeys(chain.from_iterable(units for *_, units in self._samples)))
        rows = {unit: row for row, unit in enumerate(units)}
        self._flat = np.array([rows[unit] for *_, of in self._samples for unit in of], np.int64)
        lengths = [len(of) for *_, of in self._samples]
        self._starts = np.cumsum([0, *lengths[:-1]]) if lengths else np.zeros(0, np.int64)
        self._counts = Counter(unit for *_, of in self._samples for unit in set(of))
        self._weights = np.array([self._weight(unit) for unit in units], np.float32)
        # A slot is a row of its own for each word of its values; the best of them counts.
        words = [self._words_of(unit) for unit in units]
        self._first = np.cumsum([0, *(len(some) for some in words[:-1])])
        self._vectors = self._directions(chain.from_iterable(words))

    def nearest(self, utterance: str, count: int = 5) -> list[NearSample]:
        """Return the ``count`` samples most like ``utterance``, the nearest first."""
        return self._ranked(utterance)[:count]

    def nearest_of(self, utterance: str, intent: str) -> NearSample | None:
        """Return the sample of ``intent`` most like ``utterance``; None if it has no samples."""
        return next((one for one in self._ranked(utterance) if one.intent == intent), None)

    def _ranked(self, utterance: str) -> list[NearSample]:
        words = [normalize(token.text) for token in tokenize(utterance)][:MOST_WORDS]
        if not words or not self._samples:
            return []
        similarities = self._similarities(words)
        order = np.argsort(-similarities, kind="stable")
        found = ((self._samples[row], float(similarities[row])) for row in order)
        return [NearSample(intent, text, near) for (intent, text, _), near in found]

    def _similarities(self, words: Sequence[str]) -> Vectors:
        """Return how like each sample is, shape (samples,)."""
        cosines = np.maximum(self._directions(words) @ self._vectors.T, 0)
        units = np.maximum.reduceat(cosines, self._first, axis=1)  # (words, units)
        flat = units[:, self._flat]
        said = np.array([self._weight(word) for word in words], np.float32)
        found = np.maximum.reduceat(flat, self._starts, axis=1)  # (words, samples)
        precision = said @ found / said.sum()
        weights = self._weights[self._flat]
        total = np.add.reduceat(weights, self._starts)
        recall = np.add.reduceat(flat.max(axis=0) * weights, self._starts) / total
        both: Vectors = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        return np.minimum(both, 1)

    def _weight(self, unit: str) -> float:
        # The inverse document frequency that tf-idf takes, smoothed.
        return float(np.log((1 + len(self._samples)) / (1 + self._counts[unit])) + 1)

    def _words_of(self, unit: str) -> list[str]:
        return self._values.get(unit[1:], [unit[1:]]) if unit[0] == "{" else [unit]

    def _directions(self, words: Iterable[str]) -> Vectors:
        texts = list(words)
        known = {text: self._space.direction(text) for text in set(texts)}
        rows = [known[text] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, 1), np.float32)


def _values(model: InteractionModel, locale: str) -> dict[str, list[str]]:
    """Return the words of the values of each slot type that the model mentions."""
    own = {
        slot_type.name: [
            text for value in slot_type.values for text in (value.value, *value.synonyms)
        ]
        for slot_type in model.slot_types
    }
    names = {slot.type for intent in model.intents for slot in intent.slots}
    texts = {name: own.get(name) or builtins.sample_values(name, locale) for name in names}
    return {
        name: list(dict.fromkeys(_tokens(" ".join(islice(some, VALUES_OF_A_TYPE))))) or [name]
        for name, some in texts.items()
    }


def _samples(model: InteractionModel) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """Yield (intent, sample, its words) of the developer's own intents, a slot as "{type"."""
    for intent in model.custom_intents():
        types = {slot.name: slot.type for slot in intent.slots}
        for text in intent.samples:
            try:
                chunks = parse_template(text)
            except TemplateError:
                continue
            words = chain.from_iterable(
                _tokens(chunk.text) if chunk.text else [f"{{{types.get(chunk.slot, chunk.slot)}"]
                for chunk in chunks
            )
            yield intent.name, text, tuple(islice(words, MOST_WORDS))


def _tokens(text: str) -> list[str]:
    return [normalize(token.text) for token in tokenize(text)]
