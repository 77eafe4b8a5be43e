"""Choices by chance that an edit elsewhere does not change.

Chooser and choices have a mark each, made of their content; a chooser takes those whose marks give
the smallest numbers when mixed with its own (rendezvous hashing, Thaler and Ravishankar 1998). One
choice more is taken by those alone whom it suits best, and no other chooser notices.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def mark(*content: object) -> int:
    """Return a number of 64 bits that is made of ``content``: text, numbers, and lists of them."""
    digest = hashlib.blake2b(repr(content).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


class Choices:
    """Things to choose from, by their marks."""

    def __init__(self, marks: Iterable[int]) -> None:
        self._marks: NDArray[np.uint64] = np.fromiter(marks, dtype=np.uint64)

    def of(self, chooser: int, count: int) -> list[int]:
        """Return the places of the ``count`` that suit the mark ``chooser`` best, best first."""
        suits = _mixed(self._marks ^ np.uint64(chooser))
        if count >= len(suits):
            return list(map(int, np.argsort(suits, kind="stable")))
        best = np.argpartition(suits, count)[:count]
        return list(map(int, best[np.argsort(suits[best], kind="stable")]))


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return numbers whose every bit hangs on all bits of what came in, as in splitmix64."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = numbers ^ (numbers >> np.uint64(31))
    return mixed
