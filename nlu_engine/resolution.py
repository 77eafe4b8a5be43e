"""What a slot resolves to: the value that was meant by the words that were said.

Own slot types resolve by value name, synonym or pattern, the built-in types of numbers, dates,
times and codes by rules, those of lists by our lists. Words that match nothing resolve to
themselves, since a slot type is not an enumeration, unless it is closed; the status tells which
it was.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from nlu_engine import gazetteers
from nlu_engine.frames import SaidValue
from nlu_engine.loose_words import loosened
from nlu_engine.patterns import Patterns
from nlu_engine.spoken_numbers import alphanumeric_of, number_of, phone_number_of
from nlu_engine.spoken_times import date_of, duration_of, time_of
from nlu_engine.utterances import normalize

MATCH = "ER_SUCCESS_MATCH"
NO_MATCH = "ER_SUCCESS_NO_MATCH"

_NUMBER_TYPES = frozenset({"AMAZON.NUMBER", "AMAZON.FOUR_DIGIT_NUMBER", "AMAZON.Ordinal"})
RULED_TYPES = _NUMBER_TYPES | {
    "AMAZON.AlphaNumeric",
    "AMAZON.DATE",
    "AMAZON.DURATION",
    "AMAZON.PhoneNumber",
    "AMAZON.TIME",
}
"""Built-in slot types whose values are found by rules."""

_AND = {
    "ar": "و",
    "de": "und|sowie",
    "en": "and|plus|also",
    "es": "y|e",
    "fr": "et",
    "hi": "और",
    "it": "e|ed",
    "nl": "en",
    "pt": "e",
}
"""By language, the words between the last two of several values."""

_MOST_JOINED = 4
"""A value may have such words in it ("salt and vinegar"), but not many."""

PHRASE_TYPE = "AMAZON.SearchQuery"
"""The built-in slot type that any words are a value of."""


@dataclass(frozen=True)
class Resolution:
    """What words resolve to, as Alexa's entity resolution has it.

    ``value``: the value's name, a canonical form, or the words themselves. ``id``: the
    author's id of the value, or a code such as "DE" for a country. ``status``: MATCH or
    NO_MATCH; None where nothing is known of the slot's type. ``is_accepted``: False where the
    slot's type is closed and the words match nothing.
    """

    value: str
    id: str | None = None
    status: str | None = None
    is_accepted: bool = True


@dataclass(frozen=True)
class Apart:
    """Slots whose names stand for several slot types, in one intent for this, in another for that.

    ``aliases``: intent -> slot name -> what the ``resolver`` of all of them calls that slot.
    """

    aliases: dict[str, dict[str, str]]
    resolver: Resolver

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form that an artifact keeps."""
        return {"aliases": self.aliases, "resolver": self.resolver.to_dict()}


@dataclass(frozen=True)
class Resolver:
    """Resolves the words of a slot; made from ``TrainingData``, kept in the artifact.

    ``slot_values``: slot name -> normalised surface form -> value.
    ``slot_types``: slot name -> slot type.
    ``value_ids``: slot name -> value -> id, of the values that have one.
    ``patterns``: slot name -> the patterns of its slot type, of those that have some.
    ``closed``: the slots whose type accepts nothing but what it knows.
    ``multiple``: the slots that take several values at once.
    ``apart``: what resolves a slot whose name means another type in another intent.
    """

    slot_values: dict[str, dict[str, str]]
    slot_types: dict[str, str]
    locale: str
    value_ids: dict[str, dict[str, str]] = field(default_factory=dict)
    patterns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    multiple: frozenset[str] = frozenset()
    apart: Apart | None = None

    def of(self, intent: str, slot: str) -> tuple[Resolver, str]:
        """Return what resolves ``slot`` in ``intent``, and what the slot is called there."""
        alias = self.apart and self.apart.aliases.get(intent, {}).get(slot)
        return (self.apart.resolver, alias) if self.apart and alias else (self, slot)

    def resolve_each(
        self, slot: str, text: str, reference: datetime | None = None
    ) -> tuple[SaidValue, ...]:
        """Return each of the values in ``text``; none of a slot that takes one alone.

        They stand between commas and words like "and". What is a value with such words in it
        is one: the longest counts. What the slot does not accept is left out.
        """
        if slot not in self.multiple:
            return ()
        places, found = _places(text, self.locale), []
        while places:
            joined = range(min(len(places), _MOST_JOINED), 0, -1)
            tried = ((n, text[places[0][0] : places[n - 1][1]]) for n in joined)
            resolved = [(n, said, self.resolve(slot, said, reference)) for n, said in tried]
            matching = (one for one in resolved if one[2].status == MATCH)
            count, said, value = next(matching, resolved[-1])
            if value.is_accepted:
                found.append(SaidValue(said, value.value, value.id, value.status))
            places = places[count:]
        return tuple(found)

    def resolve(self, slot: str, text: str, reference: datetime | None = None) -> Resolution:
        """Return what ``text`` means in ``slot``.

        ``reference``: the moment that "tomorrow" is relative to, its own date counts;
        without it such words match nothing.
        """
        value = self._own(slot, text)
        if value is not None:
            return Resolution(value, self.value_ids.get(slot, {}).get(value), MATCH)
        fitting = self._fitting(slot, text)
        if fitting is not None:
            return Resolution(fitting, None, MATCH)
        slot_type = self.slot_types.get(slot, "")
        found = resolve_builtin(slot_type, text, self.locale, reference)
        if found is not None:
            return found
        return Resolution(text, None, NO_MATCH if slot_type else None, slot not in self.closed)

    def _fitting(self, slot: str, text: str) -> str | None:
        patterns = self.patterns.get(slot)
        return Patterns(patterns).value_of(text, self.locale) if patterns else None

    def _own(self, slot: str, text: str) -> str | None:
        surfaces = self.slot_values.get(slot, {})
        said = normalize(text)
        if said in surfaces:
            return surfaces[said]
        return self._loose.get(slot, {}).get(loosened(text, self.locale))

    @cached_property
    def _loose(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for slot, surfaces in self.slot_values.items():
            loose = found.setdefault(slot, {})
            for surface, value in surfaces.items():
                loose.setdefault(loosened(surface, self.locale), value)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form that an artifact keeps."""
        return {
            "slot_values": self.slot_values,
            "slot_types": self.slot_types,
            "locale": self.locale,
            "value_ids": self.value_ids,
            "patterns": {slot: list(found) for slot, found in self.patterns.items()},
            "closed": sorted(self.closed),
            "multiple": sorted(self.multiple),
        } | ({"apart": self.apart.to_dict()} if self.apart else {})

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Resolver:
        """Return the resolver of ``to_dict``; raises KeyError when a key is missing."""
        apart = document.get("apart")
        return cls(
            document["slot_values"],
            document["slot_types"],
            document["locale"],
            # Artifacts of earlier engines have none of these.
            document.get("value_ids", {}),
            {slot: tuple(found) for slot, found in document.get("patterns", {}).items()},
            frozenset(document.get("closed", ())),
            frozenset(document.get("multiple", ())),
            Apart(apart["aliases"], cls.from_dict(apart["resolver"])) if apart else None,
        )


def joint_of(locale: str) -> str:
    """Return the word between the last two of several values; "," where the language has none."""
    return _AND.get(locale.partition("-")[0], ",").partition("|")[0]


def pieces_of(text: str, locale: str) -> list[str]:
    """Return the pieces of ``text`` that commas or an "and" part."""
    return [text[start:end] for start, end in _places(text, locale)]


def joined(texts: Sequence[str], locale: str) -> str:
    """Return ``texts`` as they are said in one: "cheese, ham and olives"."""
    *others, last = texts
    joint = joint_of(locale)
    between = ", " if joint == "," else f" {joint} "
    return between.join(filter(None, (", ".join(others), last)))


def _places(text: str, locale: str) -> list[tuple[int, int]]:
    """Return where the pieces of ``text`` begin and end that commas or an "and" part."""
    words = _AND.get(locale.partition("-")[0])
    between = r"\s*[,;،、，&+]\s*"
    if words:
        between = rf"{between}(?:(?:{words})\s+)?|\s+(?:{words})\s+"
    ends = [0]
    for part in re.finditer(between, text, re.IGNORECASE):
        ends += part.span()
    ends.append(len(text))
    pairs = zip(ends[::2], ends[1::2], strict=True)
    return [(start, end) for start, end in pairs if text[start:end].strip()]


def resolve_builtin(
    slot_type: str, text: str, locale: str, reference: datetime | None
) -> Resolution | None:
    """Return what ``text`` means in the built-in ``slot_type``, None if it matches nothing."""
    if slot_type == PHRASE_TYPE:
        return Resolution(text, None, MATCH)
    if slot_type in RULED_TYPES:
        value = _by_rules(slot_type, text, locale, reference)
        return None if value is None else Resolution(value, None, MATCH)
    entry = gazetteers.entry_of(slot_type, text, locale)
    return Resolution(entry.value, entry.id, MATCH) if entry else None


def _by_rules(slot_type: str, text: str, locale: str, reference: datetime | None) -> str | None:
    if slot_type in _NUMBER_TYPES:
        return number_of(text, slot_type, locale)
    if slot_type == "AMAZON.DATE":
        return date_of(text, locale, reference)
    if slot_type == "AMAZON.TIME":
        return time_of(text, locale, reference)
    if slot_type == "AMAZON.DURATION":
        return duration_of(text, locale)
    if slot_type == "AMAZON.PhoneNumber":
        return phone_number_of(text, locale)
    return alphanumeric_of(text, locale)
