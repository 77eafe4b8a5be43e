"""Pages of annotation sets: list, fill, edit, download."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nlu_engine.annotations import Annotation as Expected
from nlu_engine.annotations import by_value, marked, problems, to_csv, to_json, to_lines
from skillbuilder.authoring import annotation_sets as sets
from skillbuilder.authoring.annotation_forms import (
    AnswerForm,
    EditAnswerForm,
    FillForm,
    NewSetForm,
    SetSettingsForm,
    WhenForm,
)
from skillbuilder.authoring.editing import Conflict, NameTaken, stamp
from skillbuilder.authoring.forms import MarkForm, StampForm
from skillbuilder.authoring.highlight import SlotColors, sample_pieces, slot_colors
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Annotation, AnnotationSet, Skill, Slot
from skillbuilder.authoring.pages import View, say_done, show, skill_page
from skillbuilder.authoring.people import VIEWER

ANNOTATIONS_A_PAGE = 50
_KEPT_SECONDS = 3_600
_FORMATS = {
    "json": ("application/json", lambda found: json.dumps(to_json(found), ensure_ascii=False)),
    "jsonl": ("application/x-ndjson", to_lines),
    "csv": ("text/csv; charset=utf-8", to_csv),
}


def set_page(view: View) -> View:
    """Give ``view`` the annotation set of the skill that the address names."""

    @wraps(view)
    def wrapper(request: HttpRequest, skill: Skill, set_pk: int, **kwargs: Any) -> HttpResponse:
        sets_of_skill = AnnotationSet.objects.select_related("skill")
        annotation_set = get_object_or_404(sets_of_skill, skill=skill, pk=set_pk)
        return view(request, annotation_set, **kwargs)

    return wrapper


def annotation_page(view: View) -> View:
    """Give ``view`` the annotation that the address names."""

    @wraps(view)
    def wrapper(
        request: HttpRequest, annotation_set: AnnotationSet, annotation_pk: int, **kwargs: Any
    ) -> HttpResponse:
        rows = annotation_set.annotations.select_related("annotation_set__skill")
        return view(request, get_object_or_404(rows, pk=annotation_pk), **kwargs)

    return wrapper


def first_error(form: Any) -> str:
    """Return the first thing that is wrong with ``form``."""
    return next(str(message) for found in form.errors.values() for message in found)


def refusals_told(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer a change that was refused with a message on the page of the set."""

    @wraps(view)
    def wrapper(request: HttpRequest, annotation_set: AnnotationSet, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, annotation_set, **kwargs)
        except (Conflict, NameTaken, sets.SetFull) as error:
            messages.error(request, f"{error} Nothing was changed.")
        return redirect("annotation-set", annotation_set.skill.slug, annotation_set.pk)

    return wrapper


# --- Sets ---------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@skill_page
def annotation_set_list(request: HttpRequest, skill: Skill) -> HttpResponse:
    """List the annotation sets of a skill; a POST makes one, empty or from a file."""
    form = NewSetForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = sets.create_set(skill, form.cleaned_data["name"], form.annotations)
        except (NameTaken, sets.SetFull) as error:
            form.add_error("name", str(error))
        else:
            return redirect("annotation-set", skill.slug, made.pk)
    listed = skill.annotation_sets.annotate(count=Count("annotations"))
    context = {"tab": "evaluate", "form": form, "sets": listed}
    status = 422 if request.method == "POST" else 200
    return show(request, skill, "authoring/annotation_sets.html", context, status=status)


@require_GET
@skill_page
@set_page
def annotation_set_detail(request: HttpRequest, annotation_set: AnnotationSet) -> HttpResponse:
    """Show the annotations of a set, a page at a time."""
    return set_shown(request, annotation_set)


def set_shown(
    request: HttpRequest, annotation_set: AnnotationSet, status: int = 200, **context: Any
) -> HttpResponse:
    """Render the page of a set; ``context`` adds refused forms."""
    skill = annotation_set.skill
    query = request.GET.get("q", "").replace("\x00", "").strip()
    intent = request.GET.get("intent", "").replace("\x00", "")
    rows = annotation_set.annotations.order_by("-position", "-pk")
    chosen = rows.filter(utterance__icontains=query) if query else rows
    chosen = chosen.filter(intent=intent) if intent else chosen
    page = Paginator(chosen, ANNOTATIONS_A_PAGE).get_page(request.GET.get("page"))
    colors = slot_colors(skill)
    known = list(skill.intents.values_list("name", flat=True))
    context = {
        "tab": "evaluate",
        "set": annotation_set,
        "stamp": stamp(annotation_set),
        "threshold_percent": threshold_percent(annotation_set),
        "page": page,
        "rows": [(row, stamp(row), shown_answers(row, colors, known)) for row in page.object_list],
        "count": rows.count(),
        "query": query,
        "intent": intent,
        "intents": known,
        "expected_intents": list(
            annotation_set.annotations.order_by("intent")
            .values_list("intent", flat=True)
            .distinct()
        ),
        "slots": slot_names(skill),
        "colors": colors,
    } | context
    return show(request, skill, "authoring/annotation_set.html", context, status=status)


def threshold_percent(annotation_set: AnnotationSet) -> str:
    """Return the threshold as people type it: "92.5", "" where there is none."""
    threshold = annotation_set.threshold
    return "" if threshold is None else f"{threshold * 100:g}"


def shown_answers(
    row: Annotation, colors: SlotColors, known: Collection[str]
) -> list[dict[str, Any]]:
    """Return each accepted answer with the utterance in coloured pieces.

    ``known`` are the intents of the skill: one that is none of them is gone.
    """
    found = sets.expected_of(row)
    return [
        {
            "intent": answer.intent,
            "text": marked(found.utterance, answer.slots),
            "pieces": sample_pieces(marked(found.utterance, answer.slots), colors),
            "by_value": by_value(answer.slots),
            "is_gone": answer.intent not in known,
        }
        for answer in found.answers
    ]


def slot_names(skill: Skill) -> list[str]:
    """Return the names of all slots of ``skill``, each once, in order."""
    slots = Slot.objects.filter(intent__skill=skill)
    names = slots.order_by("intent__position", "position").values_list("name", flat=True)
    return list(dict.fromkeys(names))


@require_POST
@skill_page
@set_page
@refusals_told
def annotation_set_settings(request: HttpRequest, annotation_set: AnnotationSet) -> HttpResponse:
    """Change the name of a set and what a version needs to go live."""
    form = SetSettingsForm(request.POST)
    if not form.is_valid():
        return set_shown(request, annotation_set, 422, settings_error=first_error(form))
    values = form.cleaned_data
    sets.set_settings(
        annotation_set, values["stamp"], name=values["name"], threshold=values["threshold"]
    )
    messages.success(request, "Saved.")
    return redirect("annotation-set", annotation_set.skill.slug, annotation_set.pk)


@require_http_methods(["GET", "POST"])
@skill_page
@set_page
@refusals_told
def annotation_set_delete(request: HttpRequest, annotation_set: AnnotationSet) -> HttpResponse:
    """Ask, then delete a set with its annotations and results."""
    form = StampForm(request.POST or None, initial={"stamp": stamp(annotation_set)})
    skill = annotation_set.skill
    if request.method == "POST" and form.is_valid():
        sets.delete_set(annotation_set, form.cleaned_data["stamp"])
        say_done(request, f"{annotation_set.name} was deleted.")
        return redirect("annotation-set-list", skill.slug)
    context = {"tab": "evaluate", "set": annotation_set, "form": form}
    context["count"] = annotation_set.annotations.count()
    return show(request, skill, "authoring/annotation_set_delete.html", context)


@require_POST
@skill_page
@set_page
@refusals_told
def annotation_set_fill(request: HttpRequest, annotation_set: AnnotationSet) -> HttpResponse:
    """Add the annotations of a file to the set, or replace what is in it; all or nothing."""
    form = FillForm(request.POST, request.FILES)
    if not form.is_valid():
        return set_shown(request, annotation_set, 422, fill_form=form)
    new = form.annotations
    if form.cleaned_data["how"] == "replace":
        sets.replace_annotations(annotation_set, new, form.cleaned_data["stamp"])
        say_done(request, f"The set has {sets.counted(len(new))} now.")
    else:
        added = sets.add_annotations(annotation_set, new)
        rest = len(new) - added
        more = f" {rest:,} skipped: the set has them already." if rest else ""
        messages.success(request, f"{sets.counted(added)} added.{more}")
    return redirect("annotation-set", annotation_set.skill.slug, annotation_set.pk)


@require_GET
@skill_page
@set_page
def annotation_set_problems(request: HttpRequest, annotation_set: AnnotationSet) -> HttpResponse:
    """Show what makes the annotations test less than they seem to."""
    skill = annotation_set.skill
    # To find it takes a while of thousands of annotations, and only an edit makes it another.
    edits = f"{annotation_set.revision}:{skill.revision}:{skill.updated_at.isoformat()}"
    # As JSON has it: caches keep nothing else.
    found = cache.get_or_set(
        f"doubts:{annotation_set.pk}:{edits}",
        lambda: [
            one.to_dict()
            for one in problems(sets.expected_in(annotation_set), export_interaction_model(skill))
        ],
        _KEPT_SECONDS,
    )
    context = {"set": annotation_set, "problems": found}
    return show(request, skill, "authoring/_annotation_problems.html", context)


@require_GET
@skill_page
@set_page
def annotation_set_download(request: HttpRequest, annotation_set: AnnotationSet) -> HttpResponse:
    """Send the set as a file: Alexa's JSON, JSON lines or CSV, by ``format``."""
    name = request.GET.get("format", "json")
    content_type, write = _FORMATS.get(name, _FORMATS["json"])
    answer = HttpResponse(write(sets.expected_in(annotation_set)), content_type=content_type)
    file = f"{annotation_set.skill.slug}.annotations-{annotation_set.pk}.{name}"
    answer["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer


# --- Annotations --------------------------------------------------------------------------


@require_POST
@skill_page
@set_page
@refusals_told
def annotation_create(request: HttpRequest, annotation_set: AnnotationSet) -> HttpResponse:
    """Add an annotation to a set."""
    form = AnswerForm(request.POST)
    if not form.is_valid():
        context = {"new_error": first_error(form), "draft": request.POST}
        return set_shown(request, annotation_set, 422, **context)
    added = sets.add_annotation(annotation_set, form.annotation())
    if added.outcome != "added":
        context = {"new_error": told(added, annotation_set), "draft": request.POST}
        return set_shown(request, annotation_set, 422, **context, known=added.row)
    messages.success(request, told(added, annotation_set))
    return redirect("annotation-set", annotation_set.skill.slug, annotation_set.pk)


def told(added: sets.AddedAnnotation, annotation_set: AnnotationSet) -> str:
    """Say what came of adding an annotation."""
    if added.outcome == "known":
        return f"{annotation_set.name} has that annotation already: it would add nothing."
    if added.outcome == "other":
        return (
            f"{annotation_set.name} has the utterance already, with {added.row.intent}. "
            "Edit it there to accept another answer."
        )
    if added.sample_of:
        return (
            f"Added to {annotation_set.name}. It is a sample of {added.sample_of} too, "
            "so it tests only what was learned by heart."
        )
    return f"Added to {annotation_set.name}."


@require_POST
@skill_page
def annotation_add(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Add what was parsed, here or on another page, to a set; the first one is made on the way.

    Takes ``set`` (a key; none for the first set), ``intent``, ``text`` with its slots marked,
    and ``by_value``. Answers with the piece that says what came of it.
    """
    chosen = request.POST.get("set", "")
    is_key = chosen.isdecimal() and len(chosen) < 18
    annotation_set = skill.annotation_sets.filter(pk=int(chosen)).first() if is_key else None
    form = AnswerForm(request.POST)
    context: dict[str, Any] = {"tab": "evaluate"}
    if not form.is_valid():
        return added_shown(request, skill, context | {"error": first_error(form)}, 422)
    try:
        annotation_set = annotation_set or skill.annotation_sets.first()
        annotation_set = annotation_set or sets.create_set(skill, sets.FIRST_NAME)
        added = sets.add_annotation(annotation_set, form.annotation())
    except (Conflict, NameTaken, sets.SetFull) as error:
        return added_shown(request, skill, context | {"error": str(error)}, 422)
    context |= {"set": annotation_set, "added": added, "told": told(added, annotation_set)}
    return added_shown(request, skill, context)


def added_shown(
    request: HttpRequest, skill: Skill, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render what came of adding an annotation."""
    return show(
        request,
        skill,
        "authoring/annotation_added.html",
        context,
        fragment="authoring/_annotation_added.html",
        status=status,
    )


@require_http_methods(["GET", "POST"])
@skill_page
@set_page
@annotation_page
def annotation_edit(request: HttpRequest, row: Annotation) -> HttpResponse:
    """Show an annotation; a POST changes, adds or removes an answer, or when it is said."""
    if request.method == "GET":
        return annotation_shown(request, row)
    if "reference_timestamp" in request.POST:
        return annotation_when(request, row)
    return annotation_answer(request, row)


def annotation_when(request: HttpRequest, row: Annotation) -> HttpResponse:
    """Store the moment that "tomorrow" counts from in this annotation."""
    form = WhenForm(request.POST)
    if not form.is_valid():
        return annotation_shown(request, row, 422, error=first_error(form))
    values = form.cleaned_data
    new = replace(sets.expected_of(row), reference_timestamp=values["reference_timestamp"])
    return annotation_stored(request, row, values["stamp"], new)


def annotation_answer(request: HttpRequest, row: Annotation) -> HttpResponse:
    """Change, add or remove an accepted answer."""
    data, removes = request.POST.dict(), "remove" in request.POST
    if removes:
        # What stands in the other fields does not matter then.
        data |= {"text": row.utterance, "intent": row.intent, "by_value": ""}
    form = EditAnswerForm(data)
    if not form.is_valid():
        return annotation_shown(request, row, 422, error=first_error(form))
    try:
        before, number = sets.expected_of(row), form.cleaned_data["number"]
        answer = None if removes else form.answer
        new = sets.with_answer(before, number, form.said, answer)
    except ValueError as error:
        return annotation_shown(request, row, 422, error=str(error))
    return annotation_stored(request, row, form.cleaned_data["stamp"], new)


def annotation_stored(
    request: HttpRequest, row: Annotation, seen: str, new: Expected
) -> HttpResponse:
    """Make ``row`` say ``new``, or show what it says by now if that is not what was ``seen``."""
    try:
        sets.change_annotation(row, seen, new)
    except Conflict as conflict:
        if conflict.current is None:
            messages.error(request, str(conflict))
            return redirect("annotation-set", row.annotation_set.skill.slug, row.annotation_set_id)
        row.refresh_from_db()
        return annotation_shown(request, row, 409, error=f"{conflict} This is what it is now.")
    messages.success(request, "Saved.")
    return redirect("annotation-edit", row.annotation_set.skill.slug, row.annotation_set_id, row.pk)


def annotation_shown(
    request: HttpRequest, row: Annotation, status: int = 200, error: str = ""
) -> HttpResponse:
    """Render the page of one annotation."""
    skill = row.annotation_set.skill
    colors = slot_colors(skill)
    names = list(skill.intents.values_list("name", flat=True))
    answers = shown_answers(row, colors, names)
    missing = [answer["intent"] for answer in answers if answer["is_gone"]]
    context = {
        "tab": "evaluate",
        "set": row.annotation_set,
        "row": row,
        "stamp": stamp(row),
        "answers": answers,
        "intents": [*names, *dict.fromkeys(missing)],
        "slots": slot_names(skill),
        "colors": colors,
        "error": error,
        "draft": request.POST if error else {},
    }
    return show(request, skill, "authoring/annotation.html", context, status=status)


@require_POST
@skill_page
@set_page
@annotation_page
def annotation_delete(request: HttpRequest, row: Annotation) -> HttpResponse:
    """Remove an annotation from its set."""
    try:
        sets.remove_annotation(row, request.POST.get("stamp", ""))
    except Conflict as conflict:
        messages.error(request, f"{conflict} Nothing was removed.")
    else:
        say_done(request, f"“{row.utterance}” was removed.")
    return redirect("annotation-set", row.annotation_set.skill.slug, row.annotation_set_id)


@require_POST
@skill_page(changing=VIEWER)
def annotation_mark(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Return an utterance with the selected words marked as a slot; stores nothing."""
    form = MarkForm(request.POST, slots=slot_names(skill))
    if not form.is_valid():
        return JsonResponse({"error": first_error(form)}, status=422)
    found = form.cleaned_data["marked"]
    return JsonResponse({"text": found.sample, "cursor": found.cursor})
