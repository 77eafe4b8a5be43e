"""The sample skills that come with the project: templates for a new skill, and the demo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nlu_engine.annotations import Annotation, read_annotations
from nlu_engine.interaction_model import InteractionModel, read_document

_FOLDER = Path(__file__).parent / "sample_skills"


@dataclass(frozen=True)
class SampleSkill:
    """A bundled interaction model; ``key`` names its file and makes a good slug.

    ``annotations``: utterances to test it with, where there are any.
    """

    key: str
    title: str
    description: str
    locale: str
    model: InteractionModel
    annotations: tuple[Annotation, ...] = ()


# The first one is what `make run` trains.
_SHELF = {
    "pizza_ordering": (
        "Pizza ordering",
        "Order pizzas, drinks and sides, change toppings, schedule, track and cancel an order.",
    ),
    "trip_planning": (
        "Trip planning",
        "Book flights, hotels and rental cars, find activities, ask for the weather, pack.",
    ),
    "smart_lights": (
        "Smart lights",
        "Switch, dim and color the lights of a home, by room, by lamp or by scene.",
    ),
}


def list_sample_skills() -> list[SampleSkill]:
    """Return all sample skills, the demo's first one first."""
    return [get_sample_skill(key) for key in _SHELF]


@cache
def get_sample_skill(key: str) -> SampleSkill:
    """Return the sample skill of that key; KeyError where there is none."""
    title, description = _SHELF[key]
    document = read_document((_FOLDER / f"{key}.json").read_bytes())
    model = InteractionModel.from_json(document)
    return SampleSkill(key, title, description, "en-US", model, _annotations(key))


def _annotations(key: str) -> tuple[Annotation, ...]:
    path = _FOLDER / f"{key}.annotations.csv"
    return tuple(read_annotations(path.read_bytes())) if path.exists() else ()
