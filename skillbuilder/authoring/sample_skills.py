"""The sample skills that come with the project: templates for a new skill, and the demo."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from nlu_engine.annotations import Annotation, read_annotations
from nlu_engine.interaction_model import InteractionModel, SlotValue, read_document

_FOLDER = Path(__file__).parent / "sample_skills"


ENGLISH = ("en-US", "en-GB", "en-IN", "en-AU", "en-CA")
# What the templates say, as it is written outside of the United States.
_BRITISH = {"color": "colour", "colors": "colours", "center": "centre"}
_OUTSIDE_BRACES = re.compile(r"\{[^{}]*\}|[a-z]+")


@dataclass(frozen=True)
class SampleSkill:
    """A bundled interaction model; ``key`` names its file and makes a good slug.

    ``locales``: those that it can be used in, the one that it was written for first.
    ``annotations``: utterances to test it with, where there are any.
    """

    key: str
    title: str
    description: str
    locales: tuple[str, ...]
    model: InteractionModel
    annotations: tuple[Annotation, ...] = ()

    @property
    def locale(self) -> str:
        """The locale that it was written for."""
        return self.locales[0]

    def written_in(self, locale: str) -> InteractionModel:
        """Return its interaction model as people of ``locale`` spell it."""
        if locale == "en-US" or locale not in ENGLISH:
            return self.model
        intents = (
            replace(one, samples=tuple(map(_british, one.samples))) for one in self.model.intents
        )
        types = (
            replace(one, values=tuple(map(_british_value, one.values)))
            for one in self.model.slot_types
        )
        return replace(self.model, intents=tuple(intents), slot_types=tuple(types))


def _british(text: str) -> str:
    return _OUTSIDE_BRACES.sub(lambda found: _BRITISH.get(found[0], found[0]), text)


def _british_value(value: SlotValue) -> SlotValue:
    synonyms = tuple(map(_british, value.synonyms))
    return replace(value, value=_british(value.value), synonyms=synonyms)


# The first one is what `make run` trains.
_SHELF = {
    "pizza_ordering": (
        "Pizza ordering",
        "Order pizzas, drinks and sides, change toppings, schedule, track and cancel an order.",
        ENGLISH,
    ),
    "trip_planning": (
        "Trip planning",
        "Book flights, hotels and rental cars, find activities, ask for the weather, pack.",
        ENGLISH,
    ),
    "smart_lights": (
        "Smart lights",
        "Switch, dim and color the lights of a home, by room, by lamp or by scene.",
        ENGLISH,
    ),
    "bahnreise": (
        "Bahnreise",
        "Verbindungen suchen, Fahrkarten kaufen, Plätze reservieren, nach Gleis und Verspätung "
        "fragen.",
        ("de-DE",),
    ),
}


def list_sample_skills() -> list[SampleSkill]:
    """Return all sample skills, the demo's first one first."""
    return [get_sample_skill(key) for key in _SHELF]


def sample_skills_in(locale: str) -> list[SampleSkill]:
    """Return the sample skills that can be used in ``locale``."""
    return [sample for sample in list_sample_skills() if locale in sample.locales]


@cache
def get_sample_skill(key: str) -> SampleSkill:
    """Return the sample skill of that key; KeyError where there is none."""
    title, description, locales = _SHELF[key]
    document = read_document((_FOLDER / f"{key}.json").read_bytes())
    model = InteractionModel.from_json(document)
    return SampleSkill(key, title, description, locales, model, _annotations(key))


def _annotations(key: str) -> tuple[Annotation, ...]:
    path = _FOLDER / f"{key}.annotations.csv"
    return tuple(read_annotations(path.read_bytes())) if path.exists() else ()
