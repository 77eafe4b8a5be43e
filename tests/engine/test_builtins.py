"""Built-in intents and slot types: something to say for each, wherever it is used."""

from __future__ import annotations

import pytest

from nlu_engine import builtins
from nlu_engine.interaction_model import LOCALES
from nlu_engine.utterances import normalize, tokenize

LANGUAGES = sorted({builtins.language_of(locale) for locale in LOCALES})


def test_the_names_are_alexas() -> None:
    assert len(builtins.INTENTS) == 26
    assert {"AMAZON.HelpIntent", "AMAZON.FallbackIntent"} <= set(builtins.INTENTS)
    assert len(builtins.SLOT_TYPES) > 90
    assert {"AMAZON.NUMBER", "AMAZON.US_CITY", "AMAZON.Artist"} <= set(builtins.SLOT_TYPES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_built_in_intent_but_fallback_is_said_in_every_language(language: str) -> None:
    for intent in builtins.INTENTS:
        utterances = builtins.intent_utterances(intent, f"{language}-XX")
        assert bool(utterances) == (intent != "AMAZON.FallbackIntent"), intent


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_utterance_belongs_to_two_built_in_intents(language: str) -> None:
    owner: dict[str, str] = {}
    for intent in builtins.INTENTS:
        for utterance in builtins.intent_utterances(intent, language):
            assert owner.setdefault(normalize(utterance), intent) == intent, utterance


@pytest.mark.parametrize("locale", LOCALES)
def test_every_built_in_slot_type_has_values(locale: str) -> None:
    for slot_type in (*builtins.SLOT_TYPES, "AMAZON.NobodyKnows"):
        values = builtins.sample_values(slot_type, locale)
        assert len(values) >= 6, slot_type
        assert len(set(values)) == len(values), slot_type
        assert all(value == " ".join(value.split()) and tokenize(value) for value in values)


def test_english_has_twenty_values_of_each() -> None:
    short = {
        slot_type
        for slot_type in builtins.SLOT_TYPES
        if len(builtins.sample_values(slot_type, "en-US")) < 20
    }
    assert short == set()


@pytest.mark.parametrize("language", ["de", "es", "fr", "hi", "it", "ja", "pt"])
@pytest.mark.parametrize("name", ["NUMBER", "DATE", "TIME", "DURATION", "Ordinal", "SearchQuery"])
def test_numbers_and_times_are_said_in_the_language(name: str, language: str) -> None:
    own = builtins.sample_values(f"AMAZON.{name}", f"{language}-XX")
    assert len(own) >= 20
    assert set(own) != set(builtins.sample_values(f"AMAZON.{name}", "en-US"))


def test_a_related_type_lends_its_values() -> None:
    artists = builtins.sample_values("AMAZON.Artist", "en-US")
    assert builtins.sample_values("AMAZON.MusicGroup", "en-GB") == artists


def test_an_unknown_type_takes_any_words() -> None:
    phrases = builtins.sample_values("AMAZON.SearchQuery", "de-DE")
    assert builtins.sample_values("AMAZON.NobodyKnows", "de-DE") == phrases
