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
            (self.slots.index(name), Patterns(found), *Patterns(found).widths)
            for name, found in (patterns or {}).items()
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
                fitting = self._fitting(tokens[first : first + length], joined[length - 1])
                for row, surface in (*listed, *fitting):
                    if first >= covered[row]:
                        covered[row] = first + length
                        yield first, first + length, row, surface

    def _fitting(self, tokens: Sequence[Token], joined: str) -> Iterator[tuple[int, str]]:
        """Yield the slots whose patterns ``tokens`` fit, by row, and their words.

        ``joined``: the words without spaces. To count comes first, since it is cheaper than to
        match, and this is asked of every few words that follow each other.
        """
        most_spaces = len(tokens) - 1
        for row, patterns, least, most in self._patterns:
            if least - most_spaces <= len(joined) <= most:
                said = _as_said(tokens) if most_spaces else joined
                forms = (said,) if said == joined else (said, joined)
                if any(patterns.fits_as_it_is(form) for form in forms):
                    yield row, said


def _as_said(tokens: Sequence[Token]) -> str:
    """Return the words of ``tokens`` with a space wherever there is some."""
    said = normalize(tokens[0].text)
    for before, token in zip(tokens, tokens[1:], strict=False):
        said += (" " if before.end < token.start else "") + normalize(token.text)
    return said
