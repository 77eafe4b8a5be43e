"""Utterances as the arrays that the network reads; the same code trains and parses.

Of every token the network sees five things: its shared vector (in the full tier followed by
its vector in context), the row of its skill-specific vector, its characters, a few facts about
its shape, and of which slots a listed value stands there. Of the whole utterance, in the full
tier, the encoder's sentence vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu_engine.embeddings import SharedEmbeddings, Tier, Vectors, load_encoder, release_digest
from nlu_engine.listed import ListedValues
from nlu_engine.remembered import remembered
from nlu_engine.utterances import Token, normalize

MAX_CHARACTERS = 16
"""Characters of a word that the network reads: its first and last eight."""
SHAPE_FEATURES = 8
WORD_FACTS = 5
"""Shape facts that a word has wherever it stands; they are the first ones."""
SHARED_CHARACTERS = (
    "abcdefghijklmnopqrstuvwxyz0123456789'.-&:/,$%!?_@#+()ßàáâãäåæçèéêëìíîïñòóôõöøùúûüýœ"
)
"""Characters whose vectors the pretrained layers hold; a skill adds those of its own."""
UNKNOWN = 1
PADDING = 0

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Vocabulary:
    """What a skill's network knows by name: its words, characters, intents and tags.

    Row 0 of words and characters is padding, row 1 anything unknown.
    """

    words: dict[str, int]
    characters: dict[str, int]
    intents: tuple[str, ...]
    tags: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form that the artifact holds."""
        return {
            "words": list(self.words),
            "characters": "".join(self.characters),
            "intents": list(self.intents),
            "tags": list(self.tags),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Vocabulary:
        """Read what ``to_dict`` wrote."""
        return cls(
            words=_rows(document["words"]),
            characters=_rows(document["characters"]),
            intents=tuple(document["intents"]),
            tags=tuple(document["tags"]),
        )


def learn_vocabulary(
    utterances: Iterable[Sequence[Token]], intents: Iterable[str], tags: Iterable[str]
) -> Vocabulary:
    """Collect the words used at least twice, all characters, the intents and the tags."""
    counts = Counter(normalize(token.text) for tokens in utterances for token in tokens)
    characters = {character for word in counts for character in word}
    return Vocabulary(
        words=_rows(sorted(word for word, count in counts.items() if count > 1)),
        characters=_rows([*SHARED_CHARACTERS, *sorted(characters - set(SHARED_CHARACTERS))]),
        intents=tuple(sorted(set(intents))),
        tags=("O", *sorted(set(tags) - {"O"})),
    )


def _rows(names: Iterable[str]) -> dict[str, int]:
    return {name: row for row, name in enumerate(names, start=UNKNOWN + 1)}


class FeatureExtractor:
    """Turns tokens into arrays for one skill.

    ``covered`` says whether the release knows the words of the locale; where it does not,
    every word is composed of its sub-words, since a chance namesake would mislead.
    ``listed`` tells where values of the skill's slot types stand.
    """

    def __init__(
        self,
        embeddings: SharedEmbeddings,
        vocabulary: Vocabulary,
        tier: Tier,
        *,
        covered: bool,
        listed: ListedValues,
    ) -> None:
        self.tier = tier
        # What its encodings depend on: the very content of the files that it reads.
        self.release = release_digest(embeddings, tier)
        self.listed = listed
        self._encoder = (
            load_encoder(embeddings.release, embeddings.root) if tier == "full" else None
        )
        self._vector = embeddings.vector if covered else embeddings.composed
        self._vocabulary = vocabulary
        # One row has a root mean square of 1, which layers start best from.
        self._scale = np.float32(np.sqrt(embeddings.dimensions))

    def without_context(self) -> FeatureExtractor:
        """Return what reads the static store alone, as in the quick tier."""
        static = copy(self)
        static.tier, static._encoder = "quick", None
        return static

    def in_context(self, utterances: Sequence[Sequence[Token]]) -> list[tuple[Vectors, Vectors]]:
        """Return what the encoder makes of each utterance: of n words, and of all of it.

        Shapes (n, dimensions) and (sentence dimensions,); (n, 0) and (0,) in the quick tier.
        """
        if self._encoder is None:
            nothing = np.zeros(0, dtype=np.float32)
            return [(np.zeros((len(one), 0), dtype=np.float32), nothing) for one in utterances]
        encoded = self._encoder.encode([[token.text for token in one] for one in utterances])
        return [(one.words, one.sentence) for one in encoded]

    def of_words(self, words: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Return what the encoder makes of one utterance, alone; of the full tier only."""
        if self._encoder is None:
            raise ValueError("the quick tier has no encoder")
        [encoded] = self._encoder.encode([words])
        return encoded.words, encoded.sentence

    def of_word(self, text: str) -> tuple[Vectors, int, Rows]:
        """Return a word's shared vector, its skill-specific row and its characters."""
        word = normalize(text)
        vector: Vectors = self._vector(word) * self._scale
        return vector, self._vocabulary.words.get(word, UNKNOWN), self._characters(word)

    def _characters(self, word: str) -> Rows:
        half = MAX_CHARACTERS // 2
        kept = word if len(word) <= MAX_CHARACTERS else word[:half] + word[-half:]
        row = np.zeros(MAX_CHARACTERS, dtype=np.int64)
        known = self._vocabulary.characters
        row[: len(kept)] = [known.get(character, UNKNOWN) for character in kept]
        return row


def shapes_of(tokens: Sequence[Token]) -> Vectors:
    """Return the shape facts of n tokens, (n, SHAPE_FEATURES)."""
    return np.array([_shape(tokens, index) for index in range(len(tokens))], dtype=np.float32)


def _shape(tokens: Sequence[Token], index: int) -> tuple[float, ...]:
    return (
        *facts_of_word(tokens[index].text),
        index == 0,
        index == len(tokens) - 1,
        len(tokens) == 1,
    )


@remembered
def facts_of_word(text: str) -> tuple[bool, ...]:
    """Return the WORD_FACTS shape facts of a token's text."""
    return (
        text[0].isupper(),
        text.isupper() and len(text) > 1,
        text.isdigit(),
        any(character.isdigit() for character in text),
        not any(character.isalnum() for character in text),
    )
