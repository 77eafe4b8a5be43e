"""The values that are known of Alexa's built-in list types, to resolve words to.

No list is whole: words that are not in it may be right all the same. Countries and
languages have their codes as ids (Unicode CLDR), cities are GeoNames' (CC BY 4.0), first
names those of the United States' census; the other lists are our own. ``.ci/gazetteers``
makes the data anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from nlu_engine.builtins import data, language_of, own_values
from nlu_engine.loose_words import loosened
from nlu_engine.utterances import normalize

# A type without a list of its own that is part of one, or that takes in several.
_PARTS = {
    "AMAZON.AT_CITY": ("AMAZON.AT_CITY",),
    "AMAZON.City": ("AMAZON.City", "AMAZON.US_CITY", "AMAZON.GB_CITY", "AMAZON.DE_CITY"),
    "AMAZON.DE_FIRST_NAME": ("AMAZON.FirstName",),
    "AMAZON.EUROPE_CITY": ("AMAZON.City", "AMAZON.GB_CITY", "AMAZON.DE_CITY", "AMAZON.AT_CITY"),
    "AMAZON.GB_FIRST_NAME": ("AMAZON.FirstName",),
    "AMAZON.US_FIRST_NAME": ("AMAZON.FirstName",),
}


@dataclass(frozen=True)
class Entry:
    """A value of a list, with its id where it has one."""

    value: str
    id: str | None = None


def entry_of(slot_type: str, text: str, locale: str) -> Entry | None:
    """Return the entry of the list of ``slot_type`` that ``text`` names, None if none does."""
    exact, loose = _lists(slot_type, language_of(locale))
    return exact.get(normalize(text)) or loose.get(loosened(text, locale))


def size_of(slot_type: str, locale: str) -> int:
    """Return how many values are known of ``slot_type``: 0 of an open type."""
    return len(set(_lists(slot_type, language_of(locale))[0].values()))


@cache
def _lists(slot_type: str, language: str) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """Return the entries by what is said, and by what is said loosely."""
    exact: dict[str, Entry] = {}
    document = data("gazetteers.json")
    for name in _PARTS.get(slot_type, (slot_type,)):
        for row in [*document.get(language, {}).get(name, ()), *document["*"].get(name, ())]:
            named: list[str] = [row] if isinstance(row, str) else [row[0], *row[2:]]
            entry = Entry(named[0], None if isinstance(row, str) else row[1])
            for said in named:
                exact.setdefault(normalize(said), entry)
    for value in own_values(slot_type, language):
        exact.setdefault(normalize(value), Entry(value))
    loose: dict[str, Entry] = {}
    for said, entry in exact.items():
        loose.setdefault(loosened(said, language), entry)
    return exact, loose
