"""The intent editor: samples, slots, and the intent itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nlu_engine.spreadsheets import csv_table
from skillbuilder.authoring import annotation_sets as sets
from skillbuilder.authoring import editing, transfers
from skillbuilder.authoring.editing import (
    Conflict,
    LinesRefused,
    NameTaken,
    stamp,
)
from skillbuilder.authoring.forms import (
    TYPED,
    MarkForm,
    RenameIntentForm,
    RenameSlotForm,
    SampleForm,
    SamplesForm,
    SlotForm,
    SlotTypeOfSlotForm,
    StampForm,
    first_error,
)
from skillbuilder.authoring.highlight import slot_colors
from skillbuilder.authoring.history import last_change, told
from skillbuilder.authoring.intent_editor import chosen_samples, page_context, row_context
from skillbuilder.authoring.models import Intent, SampleUtterance, Skill, Slot
from skillbuilder.authoring.pages import View, by_htmx, csv_answer, say_done, show, skill_page
from skillbuilder.authoring.renames import expecting, followed
from skillbuilder.authoring.sample_lines import Review, mended
from skillbuilder.authoring.transfers import SlotsDiffer, Transferred


def intent_page(view: View) -> View:
    """Give ``view`` the intent of the skill that the address names."""

    @skill_page
    @wraps(view)
    def wrapper(request: HttpRequest, skill: Skill, pk: int, **kwargs: Any) -> HttpResponse:
        intent = get_object_or_404(Intent.objects.select_related("skill"), skill=skill, pk=pk)
        return view(request, intent, **kwargs)

    return wrapper


# --- Answers -----------------------------------------------------------------------------


def editor(request: HttpRequest, intent: Intent, status: int = 200, **context: Any) -> HttpResponse:
    """Render the editor; ``context`` adds notices and refused forms."""
    context = page_context(request, intent) | {"change": last_change()} | context
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
    return editor(request, intent, 422, error=first_error(form), **context)


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
    """Answer a change that worked: the editor to htmx, a redirect to a plain form.

    Either way it says what was done and offers to take that back.
    """
    if by_htmx(request):
        return editor(request, intent, **context)
    if change := last_change():
        done = context.get("done") or f"{told(change)}."
        say_done(request, " ".join(filter(None, [done, context.get("notice")])))
    return redirect("intent-detail", intent.skill.slug, intent.pk)


def row(
    request: HttpRequest, intent: Intent, sample_pk: int, status: int = 200, **context: Any
) -> HttpResponse:
    """Render one sample's row for htmx, and the whole editor for a plain form."""
    if not by_htmx(request):
        return editor(request, intent, status, **context)
    context = row_context(intent, sample_pk) | {"change": last_change()} | context
    fragment = "authoring/_sample_row_answer.html"
    return show(request, intent.skill, fragment, context, status=status)


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
    name = form.cleaned_data["name"]
    editing.rename_intent(intent, form.cleaned_data["stamp"], name)
    say_done(request, f"Renamed to {name}. {followed(last_change())}")
    return redirect("intent-detail", intent.skill.slug, intent.pk)


@require_http_methods(["GET", "POST"])
@intent_page
@conflicts_shown
def intent_delete(request: HttpRequest, intent: Intent) -> HttpResponse:
    """Ask, then delete the intent with its samples and slots."""
    form = StampForm(request.POST or None, initial={"stamp": stamp(intent)})
    if request.method == "POST" and form.is_valid():
        editing.remove(intent.skill, intent, form.cleaned_data["stamp"])
        say_done(request, f"{intent.name} was deleted.")
        return redirect("skill-detail", intent.skill.slug)
    context = {"tab": "overview", "intent": intent, "form": form}
    context["annotations"] = expecting(intent.skill, intent.name)
    return show(request, intent.skill, "authoring/intent_delete.html", context)


# --- Samples ------------------------------------------------------------------------------


def notice_of(found: Review) -> str:
    """Say what came of the lines that were sent besides the samples that were added."""
    parts = []
    if found.known:
        parts.append(
            "The intent has that one already."
            if found.known == 1
            else f"{found.known} were skipped: the intent has them already."
        )
    notes = list(dict.fromkeys(line.mended for line in found.lines if line.mended))
    if notes:
        parts.append(f"Mended: {'; '.join(notes[:3])}.")
    return " ".join(parts)


@require_POST
@intent_page
@conflicts_shown
def sample_create(request: HttpRequest, intent: Intent) -> HttpResponse:
    """Add sample utterances: one, its groups expanded, many lines, or a file."""
    form = SamplesForm(request.POST, request.FILES)
    if not form.is_valid():
        return refused(request, intent, form, many_text=request.POST.get("text", ""))
    text = form.cleaned_data["text"]
    try:
        found = editing.import_samples(intent.skill, form.cleaned_data["rows"], intent)
    except LinesRefused as error:
        if len(error.review.lines) == 1:
            return editor(request, intent, 422, error=str(error), draft=text)
        return editor(request, intent, 422, review=error.review, many_text=text)
    return back(request, intent, notice=notice_of(found))


@require_POST
@intent_page
def sample_review(request: HttpRequest, intent: Intent) -> HttpResponse:
    """Show what would come of lines, or of a group that is being typed; stores nothing."""
    form = SamplesForm(request.POST, request.FILES)
    context: dict[str, Any] = {}
    if form.is_valid():
        context["review"] = editing.reviewed(intent.skill, form.cleaned_data["rows"], intent)
        context["many_text"] = form.cleaned_data["text"]
        context["is_file"] = bool(form.cleaned_data["file"])
    elif request.POST.get("text") or request.FILES:
        context["error"] = first_error(form)
    if not by_htmx(request):
        return editor(request, intent, **context)
    context |= {"intent": intent, "colors": slot_colors(intent.skill)}
    context["is_group"] = "is_group" in request.POST
    fragment = "authoring/_sample_review.html"
    return show(request, intent.skill, fragment, context, fragment=fragment)


@require_GET
@intent_page
def sample_download(request: HttpRequest, intent: Intent) -> HttpResponse:
    """Send the intent's samples as CSV."""
    rows = intent.samples.values_list("text")
    return csv_answer(csv_table(("sample",), rows), f"{intent.skill.slug}.{intent.name}")


@require_http_methods(["GET", "POST"])
@intent_page
def sample_edit(request: HttpRequest, intent: Intent, sample_pk: int) -> HttpResponse:
    """Show the sample as a field, or not any more (``cancel``); store what is written into it."""
    editing_pk = None if request.GET.get("cancel") else sample_pk
    if request.method == "GET":
        return row(request, intent, sample_pk, editing_sample=editing_pk)
    kept = {"editing_sample": sample_pk, "edit_draft": request.POST.get("text", "")}
    form = SampleForm(request.POST, locale=intent.skill.locale)
    if not form.is_valid():
        return row(request, intent, sample_pk, 422, edit_error=first_error(form), **kept)
    try:
        editing.set_sample(intent, sample_pk, **form.cleaned_data)
    except Conflict as conflict:
        return row(request, intent, sample_pk, 409, conflict=conflict, **kept)
    if not by_htmx(request):
        return back(request, intent)
    note = mended(request.POST["text"], intent.skill.locale)
    return row(request, intent, sample_pk, saved=sample_pk, mended=note)


@require_POST
@intent_page
@conflicts_shown
def sample_delete(request: HttpRequest, intent: Intent, sample_pk: int) -> HttpResponse:
    """Remove a sample; the page offers to take that back."""
    sample = SampleUtterance.objects.filter(intent=intent, pk=sample_pk).first()
    if sample is None:
        return back(request, intent)
    editing.remove(intent.skill, sample, request.POST.get("stamp", ""))
    return back(request, intent, undo_focused=True)


@require_POST
@intent_page
@conflicts_shown
def samples_chosen(request: HttpRequest, intent: Intent) -> HttpResponse:
    """Delete the chosen samples, or move or copy them to another intent."""
    chosen = chosen_samples(request, intent)
    what = request.POST.get("do")
    if not chosen:
        return editor(request, intent, 422, error="No sample is chosen. Tick some first.")
    if what == "delete":
        transfers.remove_samples(intent, chosen)
        return back(request, intent, undo_focused=True)
    key = request.POST.get("target", "")
    others = intent.skill.intents.exclude(pk=intent.pk)
    target = others.filter(pk=int(key)).first() if key.isdecimal() and len(key) < 20 else None
    if target is None or what not in ("move", "copy"):
        return editor(request, intent, 422, error="Choose an intent to move or copy them to.")
    anyway = "anyway" in request.POST
    try:
        came = transfers.transfer_samples(
            intent, chosen, target, moves=what == "move", anyway=anyway
        )
    except SlotsDiffer as differ:
        fields = [(k, v) for k in request.POST for v in request.POST.getlist(k)]
        question = {"text": str(differ), "do": what, "fields": fields}
        return editor(request, intent, 409, question=question)
    return back(request, intent, done=_told_transfer(came, what, target), undo_focused=True)


def _told_transfer(came: Transferred, what: str, target: Intent) -> str:
    count = came.new + (came.known if what == "move" else 0)
    done = "Moved" if what == "move" else "Copied"
    parts = [f"{done} {count:,} sample utterance{'s'[: count != 1]} to {target.name}."]
    if came.known:
        parts.append(f"{came.known:,} {'was' if came.known == 1 else 'were'} there already.")
    if came.slots:
        names = ", ".join(f"{{{name}}}" for name in came.slots)
        parts.append(f"It got the slot{'s'[: len(came.slots) != 1]} {names}.")
    return " ".join(parts)


@require_POST
@intent_page
def sample_mark(request: HttpRequest, intent: Intent) -> HttpResponse:
    """Return a sample with the selected words marked as a slot, or not any more; stores nothing."""
    slots = intent.slots.values_list("name", flat=True)
    form = MarkForm(request.POST, slots=slots)
    if not form.is_valid():
        return JsonResponse({"error": first_error(form)}, status=422)
    marked = form.cleaned_data["marked"]
    return JsonResponse({"text": marked.sample, "cursor": marked.cursor})


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
    makes_type = form.cleaned_data["type_name"].startswith("+")
    return back(request, intent, new_objects=makes_type)


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
    notice = f"{notice} {followed(last_change())}"
    return back(request, intent, notice=notice, saved_slot=slot.pk)


@require_POST
@intent_page
@conflicts_shown
def slot_retype(request: HttpRequest, intent: Intent, slot_pk: int) -> HttpResponse:
    """Give the slot another slot type, or show a field to type the name of one of Alexa's."""
    slot = get_object_or_404(Slot, intent=intent, pk=slot_pk)
    if request.POST.get("type_name") == TYPED:
        return editor(request, intent, typing_type=slot_pk)
    form = SlotTypeOfSlotForm(request.POST, skill=intent.skill, current=slot.type_name)
    if not form.is_valid():
        kept = {"typing_type": slot_pk, "typed_type": request.POST.get("type_name", "")}
        return refused(request, intent, form, **kept)
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
    count = expecting(intent.skill, intent.name, slot.name)
    notice = f"{sets.counted(count)} expected it: see Evaluate." if count else ""
    return back(request, intent, notice=notice, undo_focused=True)
