"""The console: one utterance, two parses side by side."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nlu_engine.errors import ArtifactError, EmbeddingsError, InvalidUtterance
from nlu_engine.frames import MAX_UTTERANCE_LENGTH
from nlu_engine.templates import TemplateError
from skillbuilder.authoring import editing
from skillbuilder.authoring.checklist import note_tried
from skillbuilder.authoring.forms import SamplesForm
from skillbuilder.authoring.highlight import slot_colors
from skillbuilder.authoring.models import Intent, Skill
from skillbuilder.authoring.pages import by_htmx, csv_answer, show, skill_page
from skillbuilder.authoring.people import VIEWER
from skillbuilder.authoring.sample_lines import clean_sample
from skillbuilder.console import lessons, many
from skillbuilder.console.answers import TITLES, Answer, answer, changes
from skillbuilder.console.suggestions import suggestions
from skillbuilder.console.why import why
from skillbuilder.training import parse_log, tried
from skillbuilder.training.artifacts import explainer_of
from skillbuilder.training.models import LoggedParse
from skillbuilder.training.runs import NotTrained
from skillbuilder.training.state import build_state
from skillbuilder.training.versions import ready_version, ready_versions

RECALLED = 50
"""Earlier utterances that the arrow keys bring back."""
LONGEST_RECALLED = 300
LONGEST_LINK = 1_500
"""Characters of an address that every server and chat program takes."""


# --- One utterance ------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@skill_page(changing=VIEWER)
def skill_console(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show the console; a POST parses an utterance, and so does a GET that has one: a link."""
    sent = request.POST if request.method == "POST" else request.GET
    # Not stripped: the character offsets are those of the text as it was typed.
    utterance, status = sent.get("utterance", ""), 200
    context = form_context(request, skill)
    if request.method == "POST" or utterance:
        numbers = [sent.get("version", ""), sent.get("against", "")]
        outcome, status = parsed(request, skill, utterance, *numbers)
        context |= {"utterance": utterance[:MAX_UTTERANCE_LENGTH]} | outcome
    if "answers" not in context and context["state"].ready:
        context["suggestions"] = suggestions(skill)
    return show(
        request,
        skill,
        "console/console.html",
        context,
        fragment="console/_result.html" if request.method == "POST" else "",
        status=status,
    )


@require_GET
@skill_page
def console_drawer(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show the console's form for the drawer that every page of a skill has."""
    if not by_htmx(request):
        return redirect("skill-console", skill.slug)
    context = form_context(request, skill) | {"prefix": "drawer-"}
    if context["state"].ready:
        context["suggestions"] = suggestions(skill)
    fragment = "console/_drawer.html"
    return show(request, skill, "console/console.html", context, fragment=fragment)


def form_context(request: HttpRequest, skill: Skill) -> dict[str, Any]:
    """Return what the form shows: versions to choose from, utterances to bring back."""
    texts = [text for text in tried.texts(skill, request.user) if len(text) <= LONGEST_RECALLED]
    sent = request.POST if request.method == "POST" else request.GET
    return {
        "tab": "console",
        "state": build_state(skill),
        "earlier": json.dumps(texts[:RECALLED][::-1], ensure_ascii=False),
        "versions": ready_versions(skill),
        "wanted": sent.get("version", ""),
        "against": sent.get("against", ""),
    }


def parsed(
    request: HttpRequest, skill: Skill, utterance: str, number: str, against: str
) -> tuple[dict[str, Any], int]:
    """Return what the console shows for ``utterance``, and the status of the answer.

    ``number`` is the version that answers, ``against`` another one to compare with, if any.
    """
    try:
        versions = [ready_version(skill, one) for one in (against or number, number)]
        wanted = {version.number: version for version in versions}
        answers = [answer(skill, version, utterance) for version in wanted.values()]
    except (InvalidUtterance, NotTrained) as error:
        return {"error": str(error)}, 422
    except (ArtifactError, EmbeddingsError) as error:
        return {"error": str(error), "build_again": True}, 409
    if request.method == "POST":
        note_tried(skill, request.user)
        tried.note(skill, request.user, answers[-1].version, answers[-1].comparison.pair)
    return shown(request, skill, answers), 200


def shown(request: HttpRequest, skill: Skill, answers: list[Answer]) -> dict[str, Any]:
    """Return what is shown of the ``answers`` of one version or of two, the wanted one last."""
    pair = answers[-1].comparison.pair
    return {
        "answers": answers,
        "changes": changes(*answers) if len(answers) == 2 else [],
        "json": json.dumps(pair.to_dict(), ensure_ascii=False, indent=2),
        "curl": curl_command(request, skill, pair.utterance),
        "link": link_to(skill, answers),
        "api_address": reverse("token-list"),
        "utterance": pair.utterance,
        "marked": lessons.as_marked(pair.neural),
        "marked_intent": pair.neural.frame.intent,
        "can_teach": bool(lessons.teachable(skill)),
    }


def link_to(skill: Skill, answers: list[Answer]) -> str:
    """Return the address that shows these answers again, "" if it would be too long."""
    *others, wanted = [one.version.number for one in answers]
    query = {"utterance": answers[0].comparison.pair.utterance, "version": wanted}
    query |= {"against": others[0]} if others else {}
    address = f"{reverse('skill-console', args=[skill.slug])}?{urlencode(query)}"
    return address if len(address) <= LONGEST_LINK else ""


def curl_command(request: HttpRequest, skill: Skill, utterance: str) -> str:
    """Return the shell command that parses ``utterance`` over REST."""
    url = request.build_absolute_uri(f"/api/v1/skills/{skill.slug}/parse")
    body = json.dumps({"utterance": utterance}, ensure_ascii=False)
    return (
        f"curl -s {shlex.quote(url)} \\\n"
        '  -H "Authorization: Token $SKILLBUILDER_TOKEN" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(body)}"
    )


# --- Why ---------------------------------------------------------------------------------


@require_POST
@skill_page(changing=VIEWER)
def console_why(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show why one parser answered as it did."""
    parser, colors = request.POST.get("parser", ""), slot_colors(skill)
    title, _ = TITLES.get(parser, ("a parser", ""))
    context: dict[str, Any] = {"tab": "console", "title": title, "colors": colors}
    status = 200
    try:
        explainer = explainer_of(ready_version(skill, request.POST.get("version", "")))
        if parser not in TITLES:
            raise InvalidUtterance(f"There is no parser {parser[:40]!r}.")
        explain = getattr(explainer, parser)
        context["why"] = why(explain(request.POST.get("utterance", "")), colors)
    except (InvalidUtterance, NotTrained) as error:
        context["error"], status = str(error), 422
    except (ArtifactError, EmbeddingsError) as error:
        context["error"], status = str(error), 409
    fragment = "console/_why.html"
    return show(request, skill, "console/why.html", context, fragment=fragment, status=status)


# --- Earlier utterances -------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@skill_page(changing=VIEWER)
def console_history(request: HttpRequest, skill: Skill) -> HttpResponse:
    """List what I had parsed before, newest first; a POST forgets it."""
    if request.method == "POST":
        tried.forget(skill, request.user)
        messages.success(request, "Your earlier utterances are forgotten.")
        return redirect("console-history", skill.slug)
    only = request.GET.get("only", "")
    everything = tried.tried_by(skill, request.user).select_related("run").defer("run__snapshot")
    found = [one for one in everything if only != "differ" or one.differ]
    context = {"tab": "console", "tried": found, "only": only, "most": tried.MOST}
    return show(request, skill, "console/history.html", context)


# --- Many utterances ----------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@skill_page(changing=VIEWER)
def console_many(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Parse many utterances, one a line; show a table, or give it as CSV."""
    context: dict[str, Any] = {"tab": "console", "most": many.MOST}
    text, status = request.POST.get("utterances", ""), 200
    if request.method == "POST":
        context["text"] = text
        try:
            version = ready_version(skill, request.POST.get("version", ""))
            rows = many.rows(skill, version, many.lines_of(text))
        except (InvalidUtterance, NotTrained) as error:
            context["error"], status = str(error), 422
        except (ArtifactError, EmbeddingsError) as error:
            context |= {"error": str(error), "build_again": True}
            status = 409
        else:
            if request.POST.get("format") == "csv":
                return csv_answer(many.as_csv(rows), f"{skill.slug}-parses")
            context |= {"rows": rows, "version": version}
            context["differing"] = sum(row.disagreement > 0 for row in rows)
    fragment = "console/_many.html" if request.method == "POST" else ""
    return show(request, skill, "console/many.html", context, fragment=fragment, status=status)


# --- Teaching -----------------------------------------------------------------------------


@require_POST
@skill_page
def console_lesson(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show the form that teaches an utterance; with another intent chosen, its slots."""
    utterance, text = request.POST.get("utterance", ""), request.POST.get("text", "")
    context: dict[str, Any] = {"tab": "console", "entry": log_entry(request, skill)}
    status = 200
    intent = chosen_intent(request, skill)
    try:
        if intent and text:
            context["lesson"] = lessons.lesson_for(skill, utterance, text, intent)
        else:
            parse = lessons.parse_to_teach(skill, utterance)
            context["lesson"] = lessons.lesson(skill, parse)
    except (InvalidUtterance, NotTrained) as error:
        context["error"], status = str(error), 422
    except (ArtifactError, EmbeddingsError) as error:
        context["error"], status = str(error), 409
    fragment = "console/_lesson.html"
    return show(request, skill, "console/lesson.html", context, fragment=fragment, status=status)


def log_entry(request: HttpRequest, skill: Skill) -> LoggedParse | None:
    """Return the entry of the parse log that is being corrected, if one is."""
    key = request.POST.get("entry", "")
    return skill.logged_parses.filter(pk=int(key)).first() if is_key(key) else None


def is_key(text: str) -> bool:
    """Return whether ``text`` can be the key of a row."""
    # Python refuses to read numbers of thousands of digits.
    return text.isdecimal() and len(text) < 19


def chosen_intent(request: HttpRequest, skill: Skill) -> Intent | None:
    """Return the intent that the form names, by its name or key; None if there is none such."""
    chosen = request.POST.get("intent", "")
    if is_key(chosen):
        return skill.intents.filter(pk=int(chosen)).first()
    # None of that length is stored, and no text with a NUL.
    return skill.intents.filter(name=chosen[:201].replace("\0", "")).first()


@require_POST
@skill_page
def console_teach(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Add the utterance, with its slots, to the samples of the intent that was meant."""
    intent, form = chosen_intent(request, skill), SamplesForm(request.POST)
    context: dict[str, Any] = {"tab": "console", "intent": intent}
    if intent is None:
        return taught(request, skill, context | {"error": "Choose an intent."}, 422)
    if not form.is_valid():
        error = next(message for found in form.errors.values() for message in found)
        return taught(request, skill, context | {"error": error}, 422)
    samples = [row.sample for row in form.cleaned_data["rows"]]
    try:
        if request.POST.get("listed"):
            samples = [lessons.opened(intent, sample) for sample in samples]
        samples = [clean_sample(sample, skill.locale) for sample in samples]
        other = lessons.elsewhere(intent, samples)
        if other and not request.POST.get("anyway"):
            return taught(request, skill, context | {"other": other, "samples": samples}, 422)
        utterance = request.POST.get("utterance", "")
        context["remarks"] = lessons.remarks(skill, intent, samples[0], utterance)
        context["added"] = editing.add_samples(intent, samples).added
    except (TemplateError, editing.LinesRefused) as error:
        return taught(request, skill, context | {"error": str(error)}, 422)
    if entry := log_entry(request, skill):
        parse_log.reviewed(entry, LoggedParse.Review.CORRECTED)
    return taught(request, skill, context | {"sample": samples[0], "colors": slot_colors(skill)})


def taught(
    request: HttpRequest, skill: Skill, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render what came of teaching."""
    return show(
        request,
        skill,
        "console/taught.html",
        context,
        fragment="console/_taught.html",
        status=status,
    )
