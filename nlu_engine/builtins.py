"""Alexa's built-in intents and slot types: their names, what people say for them.

The utterances and values are our own lists, kept as package data by language. Built-in
intents are looked up, never trained; the values of built-in slot types fill templates.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

_OPEN_LIST = "AMAZON.SearchQuery"


def language_of(locale: str) -> str:
    """Return the language of a locale: "de" of "de-DE"."""
    return locale.partition("-")[0].lower()


@cache
def data(name: str) -> dict[str, Any]:
    """Return the package data of that file name."""
    text = resources.files("nlu_engine").joinpath("data", name).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def intent_utterances(intent: str, locale: str) -> tuple[str, ...]:
    """Return what people say for a built-in intent; () for an unknown one or language."""
    return tuple(data("builtin_intents.json").get(intent, {}).get(language_of(locale), ()))


def sample_values(slot_type: str, locale: str) -> tuple[str, ...]:
    """Return values, as people say them, of a built-in slot type.

    A type or language without values of its own falls back to a related type, then to
    English, then to open phrases, so the answer is never empty.
    """
    if values := own_values(slot_type, language_of(locale)):
        return values
    phrases = data("builtin_slot_types.json")["types"][_OPEN_LIST]
    return tuple(phrases.get(language_of(locale)) or phrases["en"])


def own_values(slot_type: str, language: str) -> tuple[str, ...]:
    """Return the values of a built-in slot type or a related one; () of an open type."""
    document = data("builtin_slot_types.json")
    for name in (slot_type, document["related"].get(slot_type, slot_type)):
        by_language = document["types"].get(name, {})
        if values := by_language.get(language) or by_language.get("en"):
            return tuple(values)
    return ()


def is_open(slot_type: str) -> bool:
    """Return whether ``slot_type`` is an AMAZON.* type without values of ours: any words fit."""
    return slot_type.startswith("AMAZON.") and not own_values(slot_type, "en")


INTENTS: tuple[str, ...] = tuple(data("builtin_intents.json"))
"""Every built-in intent: "AMAZON.CancelIntent"..."""

SLOT_TYPES: tuple[str, ...] = tuple(data("builtin_slot_types.json")["names"])
"""Every built-in slot type: "AMAZON.NUMBER"..."""
