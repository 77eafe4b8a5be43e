"""What a slot resolves to: the value that was meant by the words that were said.

Own slot types resolve by value name or synonym, built-in number types by rules; other
words resolve to themselves, since a slot type is not an enumeration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from text_to_num import alpha2digit, text2num

from nlu_engine.builtins import language_of
from nlu_engine.utterances import normalize

_ARTICLES = {
    "de": "der die das den dem des ein eine einen einem einer",
    "en": "a an the some my",
    "es": "el la los las un una unos unas",
    "fr": "le la les un une des du l'",
    "it": "il lo la i gli le un uno una l' un'",
    "nl": "de het een",
    "pt": "o a os as um uma uns umas",
}
_PLURALS = {
    "en": [("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("s", "")],
    "es": [("ces", "z"), ("s", "")],
    "fr": [("s", "")],
    "pt": [("s", "")],
}
_NUMBER_LANGUAGES = frozenset({"de", "en", "es", "fr", "it", "nl", "pt"})
_NUMBER_TYPES = frozenset({"AMAZON.NUMBER", "AMAZON.FOUR_DIGIT_NUMBER", "AMAZON.Ordinal"})
_GROUPED_DIGITS = re.compile(r"\d{1,3}([.,\s]\d{3})+\Z")


@dataclass(frozen=True)
class Resolver:
    """Resolves the words of a slot; made from ``TrainingData``, kept in the artifact.

    ``slot_values``: slot name -> normalised surface form -> value.
    ``slot_types``: slot name -> slot type.
    """

    slot_values: dict[str, dict[str, str]]
    slot_types: dict[str, str]
    locale: str

    def resolve(self, slot: str, text: str) -> str:
        """Return the value that ``text`` means in ``slot``; ``text`` itself if none is known."""
        surfaces = self.slot_values.get(slot, {})
        said = normalize(text)
        if said in surfaces:
            return surfaces[said]
        loose = self._loose.get(slot, {}).get(loosened(text, self.locale))
        if loose is not None:
            return loose
        slot_type = self.slot_types.get(slot, "")
        if slot_type in _NUMBER_TYPES:
            return number_of(text, slot_type, self.locale) or text
        return text

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
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Resolver:
        """Return the resolver of ``to_dict``; raises KeyError when a key is missing."""
        return cls(document["slot_values"], document["slot_types"], document["locale"])


def loosened(text: str, locale: str) -> str:
    """Return ``text`` without what rarely changes its meaning: articles, plural, punctuation."""
    language = language_of(locale)
    words = re.sub(r"[^\w\s'&+]+", " ", normalize(text).replace("-", " ")).split()
    joined = re.sub(r"'s?(?=\s|$)", "", " ".join(words))
    articles = _ARTICLES.get(language, "").split()
    for article in articles:
        rest = joined.removeprefix(article if article.endswith("'") else f"{article} ")
        if rest != joined and rest.strip():
            joined = rest.strip()
            break
    return _singular(joined, language) or normalize(text)


def _singular(text: str, language: str) -> str:
    for ending, instead in _PLURALS.get(language, []):
        if text.endswith(ending) and len(text) > len(ending) + 1 and not text.endswith("ss"):
            return text.removesuffix(ending) + instead
    return text


def number_of(text: str, slot_type: str, locale: str) -> str | None:
    """Return the digits that ``text`` says in a number type, or None if it says none."""
    language = language_of(locale)
    said = normalize(text).strip(" .,!?").replace("-", " " if language == "en" else "-")
    if _GROUPED_DIGITS.match(said):
        said = re.sub(r"\D", "", said)
    if re.fullmatch(r"\d+", said):
        return said if slot_type == "AMAZON.FOUR_DIGIT_NUMBER" else str(int(said))
    if language not in _NUMBER_LANGUAGES:
        return None
    if slot_type == "AMAZON.Ordinal":
        return _ordinal(said, language)
    spelled = _spelled(said, language)
    if spelled and spelled.isdecimal() and slot_type == "AMAZON.NUMBER":
        return str(int(spelled))
    return spelled


def _ordinal(said: str, language: str) -> str | None:
    """Return "3" of "third", "the third" or "3rd"."""
    for article in _ARTICLES.get(language, "").split():
        said = said.removeprefix(f"{article} ")
    digits = re.fullmatch(r"(\d+)\D{0,4}", alpha2digit(said, language, 0))
    return digits.group(1) if digits else None


def _spelled(said: str, language: str) -> str | None:
    if language == "en":
        said = re.sub(r"^a (?=hundred|thousand|million|dozen)", "one ", said)
        said = re.sub(r"\b(oh|o)\b", "zero", said)
    number = _text2num(said, language)
    if number is not None:
        return str(number)
    groups = _groups(said.split(), language)
    if groups:
        return "".join(groups)
    written = alpha2digit(said, language, 0).replace(",", ".")
    return written if re.fullmatch(r"\d+\.\d+", written) else None


def _groups(words: list[str], language: str) -> list[str]:
    """Return the numbers below 100 that ``words`` say one after the other, or []."""
    groups: list[str] = []
    while words:
        for size in (3, 2, 1):
            number = _text2num(" ".join(words[:size]), language)
            # "zero four" would be 4: a zero stands alone.
            if number is not None and number < 100 and (size == 1 or number >= 10):
                groups.append(str(number))
                words = words[size:]
                break
        else:
            return []
    return groups


def _text2num(said: str, language: str) -> int | None:
    try:
        return int(text2num(said, language))
    except ValueError:
        return None
