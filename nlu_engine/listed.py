"""Where an utterance says a listed value: features for the network, not an answer.

A slot type may list more values than the network is trained on, and a listed value may be a
word that means something else. So the network is told where values stand and of which slots,
and learns how far to believe it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate

import numpy as np

from nlu_engine.embeddings import Vectors
from nlu_engine.patterns import Patterns
from nlu_engine.utterances import Token, normalize

MAX_WORDS = 8
"""Tokens of the longest value that is looked for."""


class ListedValues:
    """The values and patterns of each slot that has some; ``slots`` in the order of the features.

    ``slot_values``: slot name -> normalized surface forms. ``patterns``: slot name -> patterns,
    what fits which counts as listed.
    """

    def __init__(
        self,
        slot_values: Mapping[str, Mapping[str, object]],
        patterns: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        with_some = {name for name, values in slot_values.items() if values}
        self.slots = tuple(sorted(with_some | set(patterns or ())))
        self._values = slot_values
        self._patterns = [
            (self.slots.index(name), Patterns(found)) for name, found in (patterns or {}).items()
        ]

    @cached_property
    def _surfaces(self) -> dict[str, list[tuple[int, str]]]:
        """Surface forms without spaces -> the slots that list them, by row, and as listed."""
        surfaces: dict[str, list[tuple[int, str]]] = {}
        for row, name in enumerate(self.slots):
            for surface in self._values.get(name, ()):
                surfaces.setdefault("".join(surface.split()), []).append((row, surface))
        return surfaces

    def __call__(self, tokens: Sequence[Token]) -> Vectors:
        """Return two facts a slot for each of n tokens, (n, 2 slots): a value begins, goes on."""
        found = np.zeros((len(tokens), len(self.slots), 2), dtype=np.float32)
        for first, end, row, _ in self._matches(tokens):
            found[first, row, 0] = 1
            found[first + 1 : end, row, 1] = 1
        return found.reshape(len(tokens), -1)

    def matches(self, tokens: Sequence[Token]) -> Iterator[tuple[int, int, str, str]]:
        """Yield (first token, token after the last, slot, surface form), from left to right.

        Of each slot the longest value that begins at a token, unless one before it goes on there.
        """
        for first, end, row, surface in self._matches(tokens):
            yield first, end, self.slots[row], surface

    def _matches(self, tokens: Sequence[Token]) -> Iterator[tuple[int, int, int, str]]:
        if not self.slots:
            return
        words = [normalize(token.text) for token in tokens]
        covered = [0] * len(self.slots)
        for first in range(len(words)):
            joined = list(accumulate(words[first : first + MAX_WORDS]))
            for length in range(len(joined), 0, -1):
                listed = self._surfaces.get(joined[length - 1], ())
                for row, surface in (*listed, *self._fitting(tokens, words, first, length)):
                    if first >= covered[row]:
                        covered[row] = first + length
                        yield first, first + length, row, surface

    def _fitting(
        self, tokens: Sequence[Token], words: Sequence[str], first: int, length: int
    ) -> Iterator[tuple[int, str]]:
        """Yield the slots whose patterns the words fit, by row, and these words."""
        if not self._patterns:
            return
        said = words[first]
        for place in range(first + 1, first + length):
            gap = " " if tokens[place - 1].end < tokens[place].start else ""
            said += gap + words[place]
        for row, patterns in self._patterns:
            if patterns.fits(said):
                yield row, said
