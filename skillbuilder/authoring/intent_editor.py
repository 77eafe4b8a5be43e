"""What the intent editor shows: samples, slots, problems, and offers to make slots."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.urls import reverse

from nlu_engine import builtins
from nlu_engine.dialog_model import RULED_TYPES
from nlu_engine.errors import Problem
from nlu_engine.likely_types import likely_type
from skillbuilder.authoring.checking import open_problems_of
from skillbuilder.authoring.dialogs import SlotSettings, settings_of
from skillbuilder.authoring.editing import Conflict, stamp
from skillbuilder.authoring.forms import (
    OTHER_TYPE,
    SlotForm,
    slot_type_choices,
    suggested_name,
)
from skillbuilder.authoring.highlight import slot_colors
from skillbuilder.authoring.import_export import export_intents
from skillbuilder.authoring.models import Intent, SlotType
from skillbuilder.authoring.pages import part_of_list
from skillbuilder.authoring.places import problems_by_row, problems_of_whole
from skillbuilder.authoring.sample_lines import mentioned

SAMPLES_A_PAGE = 30
UNDECLARED = "undeclared-slot"


def undeclared_slots(intent: Intent, texts: list[str], slots: list[SlotRow]) -> list[SlotForm]:
    """Return a form that makes the slot for each {slot} in the samples that is none yet."""
    declared = {slot.name for slot in slots}
    own = [slot_type.name for slot_type in intent.skill.slot_types.all()]
    return [
        SlotForm(
            initial={
                "name": name,
                "type_name": likely_type(name, own, f"+{suggested_name(name)}"),
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
    settings: SlotSettings

    @property
    def is_extensible(self) -> bool:
        """Whether the skill may add values to the type: a list of Alexa's that it has not yet."""
        name = self.type_name
        return not self.own_type and name in builtins.SLOT_TYPES and name not in RULED_TYPES


def sample_rows(intent: Intent, query: str, problems: list[Problem], index: int) -> list[SampleRow]:
    """Return the samples that contain ``query``, newest first, with stamp and problems.

    Not that a slot is none yet: the offer to make it says that once for all of them.
    """
    told = [problem for problem in problems if problem.code != UNDECLARED]
    by_row = problems_by_row(told, "intents", index, "samples")
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
            choices=[*slot_type_choices(list(own), slot.type_name), OTHER_TYPE],
            own_type=own.get(slot.type_name),
            settings=settings_of(intent.skill, slot),
        )
        for number, slot in enumerate(intent.slots.select_related("intent"))
    ]


def seen_digest(rows: Iterable[SampleRow]) -> str:
    """Return a short digest of all ``rows``, to notice a change of any before all are moved."""
    return hashlib.sha256(repr([(row.pk, row.stamp) for row in rows]).encode()).hexdigest()[:16]


def chosen_samples(request: HttpRequest, intent: Intent) -> dict[int, str]:
    """Return the samples that the form chooses: key -> stamp of what was shown.

    With "all" these are all that the search finds, on every page. Raises Conflict if those are
    others by now.
    """
    if not request.POST.get("all"):
        pairs = (value.partition(":") for value in request.POST.getlist("sample"))
        return {int(pk): seen for pk, _, seen in pairs if pk.isdecimal() and len(pk) < 20}
    rows = sample_rows(intent, request.POST.get("q", "").strip(), [], 0)
    if seen_digest(rows) != request.POST.get("seen"):
        raise Conflict(intent)
    return {row.pk: row.stamp for row in rows}


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
    first_type = skill.slot_types.values_list("name", flat=True).first() or "AMAZON.SearchQuery"
    number = request.GET.get("page") or request.POST.get("page")
    page = Paginator(rows, SAMPLES_A_PAGE).get_page(number)
    address = reverse("intent-detail", args=[skill.slug, intent.pk])
    return {
        "tab": "overview",
        "page_address": part_of_list(address, query, page.number),
        "intent": intent,
        "intents": intents,
        "slot_types": skill.slot_types.all(),
        "intent_stamp": stamp(intent),
        "colors": slot_colors(skill),
        "query": query,
        # Which part of the page the answer is about: it is told there.
        "at": request.POST.get("at", ""),
        "samples": page,
        "sample_count": len(texts),
        "seen": seen_digest(rows),
        "targets": [other for other in intents if other.pk != intent.pk],
        "slots": slots,
        "undeclared": undeclared_slots(intent, texts, slots),
        "problems": problems_of_whole(problems, "intents", index),
        "says": builtins.intent_utterances(intent.name, skill.locale),
        "slot_form": SlotForm(skill=skill, initial={"type_name": first_type}),
    }


def row_context(intent: Intent, sample_pk: int) -> dict[str, Any]:
    """Return what the row of one sample shows, and what may change along with it."""
    skill = intent.skill
    index = list(skill.intents.values_list("pk", flat=True)).index(intent.pk)
    problems = open_problems_of(skill, export_intents(skill))
    rows = sample_rows(intent, "", problems, index)
    slots = slot_rows(intent, problems, index)
    return {
        "page_address": reverse("intent-detail", args=[skill.slug, intent.pk]),
        "intent": intent,
        "colors": slot_colors(skill),
        "sample": next((row for row in rows if row.pk == sample_pk), None),
        "gone_pk": sample_pk,
        "slots": slots,
        "undeclared": undeclared_slots(intent, [row.text for row in rows], slots),
    }
