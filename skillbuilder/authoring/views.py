"""Pages about skills as a whole: new, overview, settings, JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nlu_engine import builtins
from nlu_engine.alexa import for_alexa
from nlu_engine.checks import SEVERITIES
from nlu_engine.differences import differences
from nlu_engine.documents import MAX_DOCUMENT_BYTES, limited, written
from nlu_engine.embeddings import service_for
from nlu_engine.errors import Problem
from nlu_engine.interaction_model import InteractionModel, digest_of
from nlu_engine.lines import lines_of
from nlu_engine.rules import invocation_name_problems
from nlu_engine.type_settings import KEY
from skillbuilder.authoring import bin, checklist, editing
from skillbuilder.authoring.catalog_documents import unknown_catalogs
from skillbuilder.authoring.check_views import problems_of
from skillbuilder.authoring.checking import all_checks, checked, checked_before
from skillbuilder.authoring.checklist import authoring_steps, counted_intents
from skillbuilder.authoring.editing import Conflict, stamp
from skillbuilder.authoring.forms import IntentNameForm, SlotTypeNameForm, StampForm
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.pages import by_htmx, show, signed_in, skill_page
from skillbuilder.authoring.people import OWNER, VIEWER
from skillbuilder.authoring.sample_skills import sample_skills_in
from skillbuilder.authoring.skill_forms import (
    NewSkillForm,
    ReplaceForm,
    SkillForm,
    languages_with_templates,
    locale_in,
    with_value,
)
from skillbuilder.authoring.skills import create_skill, has_many_values, with_counts

# --- A new skill --------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@signed_in
def skill_create(request: HttpRequest) -> HttpResponse:
    """Make a skill from a template, from Alexa's JSON, or blank."""
    asked = request.GET.get("locale") or request.headers.get("Accept-Language", "")
    initial = {"start": request.GET.get("start", "template"), "locale": locale_in(asked)}
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = NewSkillForm(data, files, initial=initial)
    if form.is_valid() and form.resolve(request.user):
        chosen = form.cleaned_data
        skill = create_skill(
            request.user,
            name=chosen["name"],
            locale=chosen["locale"],
            invocation_name=chosen["invocation_name"],
            model=form.model,
        )
        next_step = "Look around, then build it." if form.model else "Name its first intent below."
        messages.success(request, f"{skill.name} is here. {next_step}")
        return redirect("skill-detail", skill.slug)
    status = 422 if form.errors else 200
    locale = form["locale"].value() or "en-US"
    context = {"form": form} | templates_in(locale, form["template"].value())
    return render(request, "authoring/skill_create.html", context, status=status)


def templates_in(locale: str, chosen: str | None) -> dict[str, Any]:
    """Return the templates for ``locale``, the one that is ``chosen``, and where others are."""
    samples = sample_skills_in(locale)
    if samples and chosen not in [one.key for one in samples]:
        chosen = samples[0].key
    return {
        "samples": samples,
        "chosen": chosen,
        "elsewhere": languages_with_templates(locale),
    }


@require_GET
@signed_in
def templates_of_locale(request: HttpRequest) -> HttpResponse:
    """List the templates for the locale that was chosen."""
    context = templates_in(request.GET.get("locale", ""), request.GET.get("template"))
    return render(request, "authoring/_templates.html", context)


@require_GET
@signed_in
def invocation_name_check(request: HttpRequest) -> HttpResponse:
    """Say what Alexa would say to an invocation name, while it is being typed."""
    name, locale = request.GET.get("invocation_name", ""), request.GET.get("locale", "")
    # The rest of what is too long is not worth a look.
    problems = invocation_name_problems(name[:1_000], locale) if name.strip() else []
    context = {"name": name.strip(), "problems": problems}
    return render(request, "authoring/_invocation_name_check.html", context)


# --- One skill ----------------------------------------------------------------------------


@require_GET
@skill_page
def skill_detail(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show what is in the skill, what is wrong with it, and what to do next."""
    return overview(request, skill)


def overview(request: HttpRequest, skill: Skill, status: int = 200, **context: Any) -> HttpResponse:
    """Render the overview, with bound forms in ``context`` where one was refused."""
    intents = counted_intents(skill)
    present = {intent.name for intent in intents}
    # Where that takes long, the checks come after the page.
    found = checked_before(skill) if has_many_values(skill) else checked(skill)
    defaults = problems_of(skill, found) | {
        "tab": "overview",
        "custom_intents": [intent for intent in intents if not intent.is_builtin],
        "builtin_intents": [intent for intent in intents if intent.is_builtin],
        "missing_builtins": [name for name in builtins.INTENTS if name not in present],
        "slot_types": skill.slot_types.annotate(value_count=Count("values")).order_by(
            "position", "pk"
        ),
        "steps": authoring_steps(skill, intents),
        "service": service_for(skill.locale),
        "intent_form": IntentNameForm(),
        "slot_type_form": SlotTypeNameForm(),
    }
    return show(request, skill, "authoring/skill_detail.html", defaults | context, status=status)


@require_POST
@skill_page
def checklist_hide(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Hide the builder checklist of this skill from the user, or show it again."""
    checklist.hide(skill, request.user, request.POST.get("hidden") == "1")
    return redirect("skill-detail", skill.slug)


@require_http_methods(["GET", "POST"])
@skill_page
def skill_settings(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Change name, invocation name and locale."""
    if request.method == "GET":
        form = SkillForm(instance=skill, initial={"stamp": stamp(skill)})
        return show(
            request, skill, "authoring/skill_settings.html", {"tab": "settings", "form": form}
        )
    # The form writes into its own copy: the page's heading keeps what is stored.
    form = SkillForm(request.POST, instance=Skill.objects.get(pk=skill.pk))
    if form.is_valid():
        values = {
            field: form.cleaned_data[field] for field in ("name", "invocation_name", "locale")
        }
        try:
            editing.set_fields(skill, skill, form.cleaned_data["stamp"], **values)
        except Conflict as conflict:
            return settings_conflict(request, skill, form, conflict)
        messages.success(request, "Saved.")
        return redirect("skill-settings", skill.slug)
    context = {"tab": "settings", "form": form}
    return show(request, skill, "authoring/skill_settings.html", context, status=422)


def settings_conflict(
    request: HttpRequest, skill: Skill, form: SkillForm, conflict: Conflict
) -> HttpResponse:
    """Show what is stored now beside what was typed, which a second click will save."""
    if conflict.current:
        with_value(form, "stamp", stamp(conflict.current))
    context = {"tab": "settings", "form": form, "conflict": conflict}
    return show(request, skill, "authoring/skill_settings.html", context, status=409)


@require_http_methods(["GET", "POST"])
@skill_page(looking=OWNER, changing=OWNER)
def skill_delete(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Ask, then put the skill into the bin."""
    form = StampForm(request.POST or None, initial={"stamp": stamp(skill)})
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["stamp"] == stamp(skill):
            bin.put_away(skill)
            messages.success(request, f"{skill.name} is in the bin.")
            return redirect("skill-list")
        form = StampForm(initial={"stamp": stamp(skill)})
        messages.warning(request, "The skill was changed in the meantime. Is this still the one?")
    counted = with_counts(Skill.objects.filter(pk=skill.pk)).get()
    context = {"tab": "settings", "form": form, "counted": counted, "days": bin.KEPT.days}
    return show(request, skill, "authoring/skill_delete.html", context)


# --- JSON ---------------------------------------------------------------------------------


def pretty_json(model: InteractionModel) -> str:
    """Return ``model`` as people like to read JSON."""
    return written(model.to_json())


@require_http_methods(["GET", "POST"])
@skill_page
def skill_json(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show the interaction model as JSON to edit; ask with what would differ, then replace it."""
    if request.method == "GET":
        if has_many_values(skill) and not by_htmx(request):
            context = {"tab": "json", "is_later": True}
            return show(request, skill, "authoring/skill_json.html", context)
        return json_page(request, skill, unchanged_form(skill))
    form = ReplaceForm(request.POST, request.FILES, locale=skill.locale)
    if not form.is_valid() or form.model is None or not form.resolve(request.user):
        return json_page(request, skill, form, status=422)
    if request.POST.get("back"):
        return json_page(request, skill, form)
    if not form.cleaned_data["is_reviewed"]:
        return json_review(request, skill, form, form.model)
    try:
        editing.replace_document(skill, form.model, form.cleaned_data["digest"])
    except Conflict as conflict:
        with_value(form, "digest", export_interaction_model(skill).digest())
        return json_review(request, skill, form, form.model, status=409, conflict=conflict)
    messages.success(request, "The interaction model was replaced. Build to try it.")
    return redirect("skill-detail", skill.slug)


def unchanged_form(skill: Skill) -> ReplaceForm:
    """Return the form with what is in ``skill`` now."""
    document = export_interaction_model(skill).to_json()
    shown = {"digest": digest_of(document), "document": written(document)}
    return ReplaceForm(locale=skill.locale, initial=shown)


def json_page(
    request: HttpRequest, skill: Skill, form: ReplaceForm, status: int = 200, **context: Any
) -> HttpResponse:
    """Render the editor of the JSON tab."""
    context |= size_of(skill, form.kept_text or form.initial.get("document", "")) | {
        "tab": "json",
        "form": form,
        "problems": with_lines(form.kept_text, form.problems),
        "has_own_keys": skill.slot_types.filter(
            **{f"extra__unknown__{KEY}__isnull": False}
        ).exists(),
    }
    template, piece = "authoring/skill_json.html", "authoring/_json_editor.html"
    return show(request, skill, template, context, fragment=piece, status=status)


def size_of(skill: Skill, text: str) -> dict[str, Any]:
    """Return what a page has to say of a document of ``skill`` that is too large to be sent."""
    size = len(text.encode("utf-8", "replace"))
    if size <= MAX_DOCUMENT_BYTES:
        return {}
    counted = skill.slot_types.annotate(value_count=Count("values")).order_by("-value_count")
    return {
        "too_large": True,
        "document_bytes": size,
        "most_bytes": MAX_DOCUMENT_BYTES,
        "largest": counted[:3],
    }


def json_review(
    request: HttpRequest,
    skill: Skill,
    form: ReplaceForm,
    model: InteractionModel,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Show what the document would change, and ask."""
    found = differences(export_interaction_model(skill), model)
    context |= {"tab": "json", "form": form, "differences": found}
    return show(request, skill, "authoring/skill_json_review.html", context, status=status)


@require_POST
@skill_page(changing=VIEWER)
def skill_json_check(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Check a document that is being written; stores nothing."""
    form = ReplaceForm(request.POST, locale=skill.locale)
    form.is_valid()
    problems: list[Any] = list(form.problems)
    if form.model is not None and form.resolve(request.user):
        problems = [
            *all_checks(form.model, skill.locale),
            *unknown_catalogs(form.model, request.user),
        ]
    context = {"problems": with_lines(form.kept_text, problems), "is_checked": True}
    return show(request, skill, "authoring/_json_problems.html", context)


def with_lines(text: str, problems: Iterable[Problem]) -> list[tuple[int, Problem]]:
    """Return ``problems`` of the document ``text`` with their lines, errors first."""
    listed = limited(list(problems))
    lines = lines_of(text, {problem.path for problem in listed})
    numbered = [(lines[problem.path], problem) for problem in listed]
    return sorted(numbered, key=lambda pair: (SEVERITIES.index(pair[1].severity), pair[0]))


@require_GET
@skill_page
def skill_json_download(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Send the interaction model as a file; ``for=alexa`` leaves out what Alexa does not take."""
    model = export_interaction_model(skill)
    model = for_alexa(model) if request.GET.get("for") == "alexa" else model
    answer = HttpResponse(pretty_json(model) + "\n", content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{skill.slug}.{skill.locale}.json"'
    return answer


# --- New intents and slot types -----------------------------------------------------------


@require_POST
@skill_page
def intent_create(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Add an intent, our own or a built-in one, and open it."""
    form = IntentNameForm(request.POST)
    if form.is_valid():
        try:
            intent = editing.add_named(skill, skill.intents, name=form.cleaned_data["name"])
        except editing.NameTaken as error:
            form.add_error("name", str(error))
        else:
            if intent.is_builtin:
                return redirect("skill-detail", skill.slug)
            return redirect("intent-detail", skill.slug, intent.pk)
    return overview(request, skill, 422, intent_form=form)


@require_POST
@skill_page
def slot_type_create(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Add a slot type and open it."""
    form = SlotTypeNameForm(request.POST)
    if form.is_valid():
        try:
            slot_type = editing.add_named(skill, skill.slot_types, name=form.cleaned_data["name"])
        except editing.NameTaken as error:
            form.add_error("name", str(error))
        else:
            return redirect("slot-type-detail", skill.slug, slot_type.pk)
    return overview(request, skill, 422, slot_type_form=form)
