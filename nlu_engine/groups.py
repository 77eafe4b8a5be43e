"""Groups in a sample that is being written: "(a|the) pizza [please]" stands for four samples.

Round brackets hold alternatives, square ones what may be left out; groups may hold groups and
slots. Alexa knows none of this, so it is expanded before anything is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

MOST_EXPANSIONS = 500
_DEEPEST = 20
_PARTNER = {"(": ")", "[": "]"}
_BRACES = re.compile(r"\{[^{}]*\}")
_SPECIAL = re.compile(r"[()\[\]|]")
_PLAIN = re.compile(r"[^()\[\]|{}]+")


class GroupError(ValueError):
    """The brackets of a sample are wrong, or stand for too many; the message says where.

    ``place`` is the number of the character that it is about, from 1; 0 for the whole.
    """

    def __init__(self, message: str, place: int = 0) -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True)
class _Choice:
    """One of several ways to go on."""

    ways: tuple[_Sequence, ...]


_Sequence = tuple["str | _Choice", ...]


def has_groups(text: str) -> bool:
    """Return whether ``text`` has a bracket or bar that is not within the braces of a slot."""
    return bool(_SPECIAL.search(_BRACES.sub("", text)))


def count(text: str) -> int:
    """Return how many samples ``text`` stands for, repeated ones too. Raises GroupError."""
    return _count(_Reader(text).whole())


def expand(text: str, most: int = MOST_EXPANSIONS) -> list[str]:
    """Return the samples that ``text`` stands for, each once, with single spaces, none empty.

    Raises GroupError for wrong brackets, and if there are more than ``most``.
    """
    sequence = _Reader(text).whole()
    if (number := _count(sequence)) > most:
        raise GroupError(
            f"This stands for {number:,} samples; at most {most:,} at once are made. "
            "Split it, or leave groups out."
        )
    spaced = (" ".join(found.split()) for found in _expanded(sequence))
    return [found for found in dict.fromkeys(spaced) if found]


def _count(sequence: _Sequence) -> int:
    choices = (part for part in sequence if isinstance(part, _Choice))
    return prod(sum(map(_count, choice.ways)) for choice in choices)


def _expanded(sequence: _Sequence) -> Iterator[str]:
    parts = [
        [part] if isinstance(part, str) else [w for way in part.ways for w in _expanded(way)]
        for part in sequence
    ]
    return map("".join, product(*parts))


class _Reader:
    """Reads groups from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> _Sequence:
        """Return all of the text; raises GroupError."""
        sequence = self._sequence(0)
        if self.at < len(self.text):
            found = self.text[self.at]
            if found == "|":
                raise self._error("The |", "is in no group. Write (this|that).")
            raise self._error(f"The {found}", "closes nothing. Remove it.")
        return sequence

    def _sequence(self, depth: int) -> _Sequence:
        parts: list[str | _Choice] = []
        while self.at < len(self.text) and self.text[self.at] not in ")]|":
            parts.append(self._part(depth))
        return tuple(parts)

    def _part(self, depth: int) -> str | _Choice:
        found = self.text[self.at]
        if found in _PARTNER:
            return self._group(depth + 1)
        return self._slot() if found in "{}" else self._read(_PLAIN)

    def _slot(self) -> str:
        braces = _BRACES.match(self.text, self.at)
        if braces is None:
            raise self._error(f"The {self.text[self.at]}", "has no partner.")
        if re.search(r"[()\[\]]", braces.group()):
            raise self._error("The braces", "hold a group. Write ({this|slot}|{that|slot}).")
        return self._read(_BRACES)

    def _group(self, depth: int) -> _Choice:
        start, opening = self.at, self.text[self.at]
        if depth > _DEEPEST:
            raise self._error("The group", f"is within {_DEEPEST} others. Make it simpler.")
        ways: list[_Sequence] = []
        while not ways or self._is("|"):
            self.at += 1
            ways.append(self._sequence(depth))
        self._close(opening, start)
        if not any(part.strip() if isinstance(part, str) else part for way in ways for part in way):
            self.at = start
            raise self._error("The group", "is empty. Write words into it.")
        return _Choice((*ways, ()) if opening == "[" else tuple(ways))

    def _close(self, opening: str, start: int) -> None:
        closing = _PARTNER[opening]
        if self._is(closing):
            self.at += 1
            return
        told = f"The {opening} at character {start + 1} has no {closing}. Close it, or remove it."
        raise GroupError(told, start + 1)

    def _is(self, character: str) -> bool:
        return self.text[self.at : self.at + 1] == character

    def _read(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        assert found is not None  # noqa: S101 - the caller looked
        self.at = found.end()
        return found.group()

    def _error(self, what: str, rest: str) -> GroupError:
        return GroupError(f"{what} at character {self.at + 1} {rest}", self.at + 1)
