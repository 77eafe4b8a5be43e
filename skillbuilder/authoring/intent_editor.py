"""What the intent editor shows: samples, slots, problems, and offers to make slots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest

from nlu_engine import builtins
from nlu_engine.errors import Problem
from nlu_engine.templates import TemplateError, parse_template
from skillbuilder.authoring.checking import open_problems_of
from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.forms import (
    SlotForm,
    slot_type_choices,
    suggested_name,
)
from skillbuilder.authoring.highlight import slot_colors
from skillbuilder.authoring.import_export import export_intents
from skillbuilder.authoring.models import Intent, Skill, SlotType
from skillbuilder.authoring.places import problems_by_row, problems_of_whole

SAMPLES_A_PAGE = 30

# The slot type that a slot of this name most likely wants.
_LIKELY_TYPES = {
    "date": "AMAZON.DATE",
    "day": "AMAZON.DATE",
    "time": "AMAZON.TIME",
    "duration": "AMAZON.DURATION",
    "number": "AMAZON.NUMBER",
    "count": "AMAZON.NUMBER",
    "quantity": "AMAZON.NUMBER",
    "amount": "AMAZON.NUMBER",
    "city": "AMAZON.City",
    "country": "AMAZON.Country",
    "color": "AMAZON.Color",
    "colour": "AMAZON.Color",
    "phone": "AMAZON.PhoneNumber",
    "query": "AMAZON.SearchQuery",
    "artist": "AMAZON.Artist",
    "food": "AMAZON.Food",
    "room": "AMAZON.Room",
    "name": "AMAZON.FirstName",
}


def mentioned(texts: list[str]) -> list[str]:
    """Return the names of the slots that sample utterances mention, each once, in order."""
    names: dict[str, None] = {}
    for text in texts:
        try:
            chunks = parse_template(text)
        except TemplateError:
            continue
        names |= dict.fromkeys(chunk.slot for chunk in chunks if chunk.slot)
    return list(names)


def likely_type(name: str, skill: Skill, new_type: str = "") -> str:
    """Return the slot type that a new slot called ``name`` most likely wants.

    ``new_type`` is the answer where none that there is seems to fit.
    """
    bare = name.casefold().replace("_", "")
    own = [slot_type.name for slot_type in skill.slot_types.all()]
    for type_name in own:
        other = type_name.casefold().replace("_", "").removesuffix("type")
        # {size} fits PizzaSize, {secondTopping} fits Topping.
        if bare and other and (other.endswith(bare) or bare.endswith(other)):
            return type_name
    for ending, type_name in _LIKELY_TYPES.items():
        if bare.endswith(ending):
            return type_name
    return new_type or (own[0] if own else "AMAZON.SearchQuery")


def undeclared_slots(intent: Intent, texts: list[str], slots: list[SlotRow]) -> list[SlotForm]:
    """Return a form that makes the slot for each {slot} in the samples that is none yet."""
    declared = {slot.name for slot in slots}
    return [
        SlotForm(
            initial={
                "name": name,
                "type_name": likely_type(name, intent.skill, f"+{suggested_name(name)}"),
            },
            skill=intent.skill,
            auto_id=False,
        )
        for name in mentioned(texts)
        if name not in declared
    ]


@dataclass(frozen=True)
class SampleRow:
    """A sample utterance as the editor shows it."""

    pk: int
    text: str
    stamp: str
    problems: list[Problem]


@dataclass(frozen=True)
class SlotRow:
    """A slot as the editor shows it; ``own_type`` is its slot type if that is the skill's."""

    pk: int
    name: str
    type_name: str
    stamp: str
    problems: list[Problem]
    choices: list[tuple[str, list[tuple[str, str]]]]
    own_type: SlotType | None


def sample_rows(intent: Intent, query: str, problems: list[Problem], index: int) -> list[SampleRow]:
    """Return the samples that contain ``query``, newest first, with stamp and problems."""
    by_row = problems_by_row(problems, "intents", index, "samples")
    rows = [
        SampleRow(sample.pk, sample.text, stamp(sample), by_row.get(number, []))
        for number, sample in enumerate(intent.samples.all())
        if query.casefold() in sample.text.casefold()
    ]
    return rows[::-1]


def slot_rows(intent: Intent, problems: list[Problem], index: int) -> list[SlotRow]:
    """Return the slots with their stamps, problems and the slot types to choose from."""
    by_row = problems_by_row(problems, "intents", index, "slots")
    own = {slot_type.name: slot_type for slot_type in intent.skill.slot_types.all()}
    return [
        SlotRow(
            pk=slot.pk,
            name=slot.name,
            type_name=slot.type_name,
            stamp=stamp(slot),
            problems=by_row.get(number, []),
            choices=slot_type_choices(list(own), slot.type_name),
            own_type=own.get(slot.type_name),
        )
        for number, slot in enumerate(intent.slots.all())
    ]


def page_context(request: HttpRequest, intent: Intent) -> dict[str, Any]:
    """Return all that the editor of ``intent`` shows."""
    skill = intent.skill
    intents = list(skill.intents.all())
    index = [row.pk for row in intents].index(intent.pk)
    problems = open_problems_of(skill, export_intents(skill))
    query = (request.GET.get("q") or request.POST.get("q") or "").strip()
    rows = sample_rows(intent, query, problems, index)
    texts = list(intent.samples.values_list("text", flat=True))
    slots = slot_rows(intent, problems, index)
    number = request.GET.get("page") or request.POST.get("page")
    return {
        "tab": "overview",
        "intent": intent,
        "intents": intents,
        "slot_types": skill.slot_types.all(),
        "intent_stamp": stamp(intent),
        "colors": slot_colors(skill),
        "query": query,
        "samples": Paginator(rows, SAMPLES_A_PAGE).get_page(number),
        "sample_count": len(texts),
        "slots": slots,
        "undeclared": undeclared_slots(intent, texts, slots),
        "problems": problems_of_whole(problems, "intents", index),
        "says": builtins.intent_utterances(intent.name, skill.locale),
        "slot_form": SlotForm(skill=skill, initial={"type_name": likely_type("", skill)}),
    }
