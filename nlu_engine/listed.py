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
from nlu_engine.utterances import Token, normalize

MAX_WORDS = 8
"""Tokens of the longest value that is looked for."""


class ListedValues:
    """The values of each slot that has some; ``slots`` in the order of the features.

    ``slot_values``: slot name -> normalized surface forms.
    """

    def __init__(self, slot_values: Mapping[str, Mapping[str, object]]) -> None:
        self.slots = tuple(sorted(name for name, values in slot_values.items() if values))
        self._values = slot_values

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        """Surface forms, their spaces taken out -> rows of the slots that list them."""
        rows: dict[str, list[int]] = {}
        for row, name in enumerate(self.slots):
            for surface in self._values[name]:
                rows.setdefault("".join(surface.split()), []).append(row)
        return rows

    def __call__(self, tokens: Sequence[Token]) -> Vectors:
        """Return two facts a slot for each of n tokens, (n, 2 slots): a value begins, goes on."""
        found = np.zeros((len(tokens), len(self.slots), 2), dtype=np.float32)
        if self.slots:
            words = [normalize(token.text) for token in tokens]
            covered = dict.fromkeys(range(len(self.slots)), 0)
            for first, end, row in self._matches(words):
                if first >= covered[row]:
                    covered[row] = end
                    found[first, row, 0] = 1
                    found[first + 1 : end, row, 1] = 1
        return found.reshape(len(tokens), -1)

    def _matches(self, words: Sequence[str]) -> Iterator[tuple[int, int, int]]:
        """Yield (first token, token after the last, row), from left to right, longest first."""
        for first in range(len(words)):
            joined = list(accumulate(words[first : first + MAX_WORDS]))
            for length in range(len(joined), 0, -1):
                for row in self._rows.get(joined[length - 1], ()):
                    yield first, first + length, row
