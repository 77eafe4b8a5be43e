"""The intent editor: samples, slots, and the intent itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nlu_engine import builtins
from nlu_engine.errors import Problem
from nlu_engine.templates import TemplateError, parse_template
from skillbuilder.authoring import editing
from skillbuilder.authoring.editing import Added, Conflict, NameTaken, stamp
from skillbuilder.authoring.forms import (
    RenameIntentForm,
    RenameSlotForm,
    SampleForm,
    SamplesForm,
    SlotForm,
    SlotTypeOfSlotForm,
    StampForm,
    slot_type_choices,
    suggested_name,
)
from skillbuilder.authoring.highlight import slot_colors
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Intent, SampleUtterance, Skill, Slot, SlotType
from skillbuilder.authoring.pages import View, by_htmx, show, skill_page
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


def intent_page(view: View) -> View:
    """Give ``view`` the intent of the skill that the address names."""

    @skill_page
    @wraps(view)
    def wrapper(request: HttpRequest, skill: Skill, pk: int, **kwargs: Any) -> HttpResponse:
        intent = get_object_or_404(Intent.objects.select_related("skill"), skill=skill, pk=pk)
        return view(request, intent, **kwargs)

    return wrapper


# --- What the page shows ------------------------------------------------------------------


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
    problems = export_interaction_model(skill).problems(skill.locale)
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


def editor(request: HttpRequest, intent: Intent, status: int = 200, **context: Any) -> HttpResponse:
    """Render the editor; ``context`` adds notices and refused forms."""
    context = page_context(request, intent) | context
    return show(
        request,
        intent.skill,
        "authoring/intent.html",
        context,
        fragment="authoring/_intent_editor.html",
        status=status,
    )


def refused(request: HttpRequest, intent: Intent, form: Any, **context: Any) -> HttpResponse:
    """Render the editor with the first thing that is wrong with ``form``."""
    error = next(message for found in form.errors.values() for message in found)
    return editor(request, intent, 422, error=error, **context)


def conflicts_shown(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Turn a Conflict or NameTaken of ``view`` into the editor with a clear message."""

    @wraps(view)
    def wrapper(request: HttpRequest, intent: Intent, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, intent, **kwargs)
        except Conflict as conflict:
            if not Intent.objects.filter(pk=intent.pk).exists():
                raise Http404 from conflict
            typed = request.POST.get("text") or request.POST.get("name") or ""
            return editor(request, intent, 409, conflict=conflict, typed=typed)
        except NameTaken as error:
            return editor(request, intent, 422, error=str(error))

    return wrapper


def back(request: HttpRequest, intent: Intent, **context: Any) -> HttpResponse:
    """Answer a change that worked: the editor to htmx, a redirect to a plain form."""
    if by_htmx(request):
        return editor(request, intent, **context)
    return redirect("intent-detail", intent.skill.slug, intent.pk)


# --- The intent ---------------------------------------------------------------------------


@require_GET
@intent_page
def intent_detail(request: HttpRequest, intent: Intent) -> HttpResponse:
    """Show the editor of an intent."""
    return editor(request, intent)


@require_POST
@intent_page
@conflicts_shown
def intent_rename(request: HttpRequest, intent: Intent) -> HttpResponse:
    """Give the intent another name."""
    form = RenameIntentForm(request.POST)
    if not form.is_valid():
        return refused(request, intent, form)
    editing.rename_intent(intent, form.cleaned_data["stamp"], form.cleaned_data["name"])
    return redirect("intent-detail", intent.skill.slug, intent.pk)


@require_http_methods(["GET", "POST"])
@intent_page
@conflicts_shown
def intent_delete(request: HttpRequest, intent: Intent) -> HttpResponse:
    """Ask, then delete the intent with its samples and slots."""
    form = StampForm(request.POST or None, initial={"stamp": stamp(intent)})
    if request.method == "POST" and form.is_valid():
        editing.remove(intent.skill, intent, form.cleaned_data["stamp"])
        messages.success(request, f"{intent.name} was deleted.")
        return redirect("skill-detail", intent.skill.slug)
    context = {"tab": "overview", "intent": intent, "form": form}
    return show(request, intent.skill, "authoring/intent_delete.html", context)


# --- Samples ------------------------------------------------------------------------------


def notice_of(added: Added) -> str:
    """Say what came of the lines that were sent."""
    parts = []
    if added.added != 1:
        parts.append(f"{added.added} sample utterances were added.")
    if added.known:
        parts.append(
            "The intent has that one already."
            if added.known == 1
            else f"{added.known} were skipped: the intent has them already."
        )
    if added.cleaned:
        parts.append("Punctuation was removed: Alexa takes none in sample utterances.")
    return " ".join(parts)


@require_POST
@intent_page
@conflicts_shown
def sample_create(request: HttpRequest, intent: Intent) -> HttpResponse:
    """Add sample utterances, one a line."""
    form = SamplesForm(request.POST)
    if not form.is_valid():
        return refused(request, intent, form, draft=request.POST.get("text", ""))
    lines, position = form.cleaned_data["text"], form.cleaned_data["position"]
    added = editing.add_samples(intent, lines, position)
    notice = notice_of(added) if added != Added(added=1) else ""
    return back(request, intent, notice=notice, announce=f"{added.added} added")


def sample_of(intent: Intent, sample_pk: int) -> SampleUtterance:
    """Return the sample of the intent, or 404."""
    return get_object_or_404(SampleUtterance, intent=intent, pk=sample_pk)


@require_http_methods(["GET", "POST"])
@intent_page
@conflicts_shown
def sample_edit(request: HttpRequest, intent: Intent, sample_pk: int) -> HttpResponse:
    """Show the sample as a field; store what is written into it."""
    if request.method == "GET":
        return editor(request, intent, editing_sample=sample_pk)
    sample = SampleUtterance.objects.filter(intent=intent, pk=sample_pk).first()
    if sample is None:
        raise Conflict(None)
    form = SampleForm(request.POST)
    if not form.is_valid():
        draft = request.POST.get("text", "")
        return refused(request, intent, form, editing_sample=sample_pk, edit_draft=draft)
    editing.set_fields(
        intent.skill, sample, form.cleaned_data["stamp"], text=form.cleaned_data["text"]
    )
    return back(request, intent, saved=sample.pk)


@require_POST
@intent_page
@conflicts_shown
def sample_delete(request: HttpRequest, intent: Intent, sample_pk: int) -> HttpResponse:
    """Remove a sample; the page offers to take that back."""
    sample = SampleUtterance.objects.filter(intent=intent, pk=sample_pk).first()
    if sample is None:
        return back(request, intent)
    editing.remove(intent.skill, sample, request.POST.get("stamp", ""))
    return back(request, intent, removed_sample=sample)


# --- Slots --------------------------------------------------------------------------------


@require_POST
@intent_page
@conflicts_shown
def slot_create(request: HttpRequest, intent: Intent) -> HttpResponse:
    """Add a slot to the intent."""
    form = SlotForm(request.POST, skill=intent.skill)
    if not form.is_valid():
        return refused(request, intent, form, slot_form=form)
    editing.add_slot(intent, **form.cleaned_data)
    return back(request, intent)


@require_http_methods(["GET", "POST"])
@intent_page
@conflicts_shown
def slot_rename(request: HttpRequest, intent: Intent, slot_pk: int) -> HttpResponse:
    """Show the slot's name as a field; rename the slot and its mentions in samples."""
    slot = get_object_or_404(Slot, intent=intent, pk=slot_pk)
    if request.method == "GET":
        return editor(request, intent, editing_slot=slot_pk)
    form = RenameSlotForm(request.POST)
    if not form.is_valid():
        return refused(request, intent, form, editing_slot=slot_pk)
    name = form.cleaned_data["name"]
    changed = editing.rename_slot(slot, form.cleaned_data["stamp"], name)
    notice = f"Renamed to {name}, also in {changed} sample utterance{'s'[: changed != 1]}."
    return back(request, intent, notice=notice, saved_slot=slot.pk)


@require_POST
@intent_page
@conflicts_shown
def slot_retype(request: HttpRequest, intent: Intent, slot_pk: int) -> HttpResponse:
    """Give the slot another slot type."""
    slot = get_object_or_404(Slot, intent=intent, pk=slot_pk)
    form = SlotTypeOfSlotForm(request.POST, skill=intent.skill, current=slot.type_name)
    if not form.is_valid():
        return refused(request, intent, form)
    type_name = form.cleaned_data["type_name"]
    editing.set_fields(intent.skill, slot, form.cleaned_data["stamp"], type_name=type_name)
    return back(request, intent, announce=f"{slot.name} is now {type_name}")


@require_POST
@intent_page
@conflicts_shown
def slot_delete(request: HttpRequest, intent: Intent, slot_pk: int) -> HttpResponse:
    """Remove a slot; the page offers to take that back."""
    slot = Slot.objects.filter(intent=intent, pk=slot_pk).first()
    if slot is None:
        return back(request, intent)
    editing.remove(intent.skill, slot, request.POST.get("stamp", ""))
    return back(request, intent, removed_slot=slot)
