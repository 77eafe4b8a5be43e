"""The console: one utterance, two parses side by side."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from nlu_engine import builtins
from nlu_engine.errors import ArtifactError, EmbeddingsError, InvalidUtterance
from nlu_engine.explanation import as_sample
from nlu_engine.frames import MAX_UTTERANCE_LENGTH, Parse, RankedIntent, SlotSpan
from nlu_engine.parsers import ParsePair
from nlu_engine.templates import TemplateError, parse_template
from skillbuilder.authoring import editing
from skillbuilder.authoring.checklist import note_tried
from skillbuilder.authoring.forms import SamplesForm
from skillbuilder.authoring.highlight import Piece, SlotColors, slot_colors, utterance_pieces
from skillbuilder.authoring.models import Intent, Skill
from skillbuilder.authoring.pages import show, skill_page
from skillbuilder.authoring.people import VIEWER
from skillbuilder.console.why import why
from skillbuilder.training.artifacts import explainer_of, load_parsers
from skillbuilder.training.runs import NotTrained
from skillbuilder.training.state import build_state
from skillbuilder.training.versions import ready_version

TITLES = {"neural": ("DNN", "neural network"), "maxent_crf": ("MaxEnt-CRF", "baseline")}
MAX_SUGGESTIONS = 5
MAX_ALTERNATIVES = 4


# --- What a column shows ------------------------------------------------------------------


@dataclass(frozen=True)
class SlotRow:
    """A slot that a parser found; ``alone`` tells that the other one did not find it."""

    span: SlotSpan
    color: int
    alone: bool

    @property
    def resolved(self) -> bool:
        """Whether the value is something else than what was said."""
        return self.span.value is not None and self.span.value != self.span.text


@dataclass(frozen=True)
class Column:
    """One parser's answer, ready to be shown; ``key`` is its name in the API."""

    key: str
    title: str
    subtitle: str
    parse: Parse
    milliseconds: float
    pieces: list[Piece]
    slots: list[SlotRow]
    intent_alone: bool
    intent_pk: int | None

    @property
    def ranked(self) -> list[RankedIntent]:
        """Return the intents with their confidences, the chosen one first."""
        first = RankedIntent(self.parse.frame.intent, self.parse.confidence)
        return [first, *self.parse.alternatives[:MAX_ALTERNATIVES]]


@dataclass(frozen=True)
class Comparison:
    """Both columns and in what they differ."""

    columns: tuple[Column, Column]
    pair: ParsePair


def compare(skill: Skill, pair: ParsePair, colors: SlotColors) -> Comparison:
    """Return the two parses of ``pair``, set against each other."""
    intents = dict(skill.intents.values_list("name", "pk"))
    neural, maxent_crf = pair.neural, pair.maxent_crf
    columns = (
        column("neural", neural, maxent_crf, pair.neural_ms, intents, colors),
        column("maxent_crf", maxent_crf, neural, pair.maxent_crf_ms, intents, colors),
    )
    return Comparison(columns, pair)


def column(
    key: str,
    ours: Parse,
    theirs: Parse,
    milliseconds: float,
    intents: dict[str, int],
    colors: SlotColors,
) -> Column:
    """Return the column of the parse ``ours``, with what ``theirs`` lacks marked."""
    common = theirs.frame.spans()
    slots = [
        SlotRow(span, colors[span.name], (span.name, span.start, span.end) not in common)
        for span in ours.frame.slots
    ]
    title, subtitle = TITLES[key]
    return Column(
        key,
        title,
        subtitle,
        ours,
        milliseconds,
        utterance_pieces(ours.utterance, ours.frame.slots, colors),
        slots,
        intent_alone=ours.frame.intent != theirs.frame.intent,
        intent_pk=intents.get(ours.frame.intent),
    )


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


# --- Suggestions --------------------------------------------------------------------------


def suggestions(skill: Skill) -> list[str]:
    """Return a few utterances to begin with: one of each of the first intents."""
    values = slot_values(skill)
    intents = skill.intents.exclude(name__startswith="AMAZON.").prefetch_related("samples", "slots")
    filled = (spoken(intent, number, values, skill.locale) for number, intent in enumerate(intents))
    return list(islice((text for text in filled if text), MAX_SUGGESTIONS))


def slot_values(skill: Skill) -> dict[str, list[str]]:
    """Return a few values of each own slot type."""
    types = skill.slot_types.prefetch_related("values")
    return {row.name: [value.value for value in row.values.all()][:8] for row in types}


def spoken(intent: Intent, number: int, values: dict[str, list[str]], locale: str) -> str:
    """Return a sample of ``intent`` with values in its slots, "" if there is none."""
    types = {slot.name: slot.type_name for slot in intent.slots.all()}
    # One with a slot shows more, a short one is easier to read.
    samples = sorted(
        intent.samples.all(), key=lambda row: ("{" not in row.text, not 12 <= len(row.text) <= 60)
    )
    for sample in islice(samples, 1):
        try:
            chunks = parse_template(sample.text)
        except TemplateError:
            return ""
        return "".join(
            chunk.text or one_of(types.get(chunk.slot, ""), number, values, locale)
            for chunk in chunks
        )
    return ""


def one_of(type_name: str, number: int, values: dict[str, list[str]], locale: str) -> str:
    """Return one value of a slot type, another one for another ``number``."""
    known = values.get(type_name) or builtins.sample_values(type_name, locale)
    return known[number % len(known)]


# --- Views --------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@skill_page(changing=VIEWER)
def skill_console(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show the console; a POST parses an utterance with both parsers."""
    state = build_state(skill)
    context: dict[str, Any] = {"tab": "console", "state": state}
    status = 200
    if request.method == "POST":
        # Not stripped: the character offsets are those of the text as it was typed.
        utterance = request.POST.get("utterance", "")
        outcome, status = parsed(request, skill, utterance)
        context |= {"utterance": utterance[:MAX_UTTERANCE_LENGTH]} | outcome
    if "comparison" not in context and state.ready:
        context["suggestions"] = suggestions(skill)
    return show(
        request,
        skill,
        "console/console.html",
        context,
        fragment="console/_result.html" if request.method == "POST" else "",
        status=status,
    )


def parsed(
    request: HttpRequest, skill: Skill, utterance: str, number: str = ""
) -> tuple[dict[str, Any], int]:
    """Return what the console shows for ``utterance``, and the status of the answer."""
    try:
        version = ready_version(skill, number)
        parsers = load_parsers(version.run)
        pair = parsers.parse(utterance)
    except (InvalidUtterance, NotTrained) as error:
        return {"error": str(error)}, 422
    except (ArtifactError, EmbeddingsError) as error:
        return {"error": str(error), "build_again": True}, 409
    note_tried(skill, request.user)
    return {
        "version": version,
        "tier": parsers.manifest.get("tier"),
        "comparison": compare(skill, pair, slot_colors(skill)),
        "json": json.dumps(pair.to_dict(), ensure_ascii=False, indent=2),
        "curl": curl_command(request, skill, utterance),
        "api_address": reverse("token-list"),
        "teach_text": as_sample(pair.neural),
        "teach_intents": teachable(skill.intents.all()),
        "teach_intent": pair.neural.frame.intent,
    }, 200


@require_POST
@skill_page(changing=VIEWER)
def console_why(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show why one parser answered as it did."""
    parser, colors = request.POST.get("parser", ""), slot_colors(skill)
    title, _ = TITLES.get(parser, ("a parser", ""))
    context: dict[str, Any] = {"tab": "console", "title": title, "colors": colors}
    status = 200
    try:
        explainer = explainer_of(ready_version(skill, request.POST.get("version", "")).run)
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


def teachable(intents: Iterable[Intent]) -> list[Intent]:
    """Return the intents that learn from samples: all but the built-in ones."""
    return [intent for intent in intents if not intent.is_builtin]


@require_POST
@skill_page
def console_teach(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Add the utterance, slots in braces, to the samples of the intent that was meant."""
    chosen = request.POST.get("intent", "")
    # Python refuses to read numbers of thousands of digits.
    is_key = chosen.isdecimal() and len(chosen) < 20
    intent = skill.intents.filter(pk=int(chosen)).first() if is_key else None
    form = SamplesForm(request.POST)
    context: dict[str, Any] = {"tab": "console", "intent": intent}
    if intent is None:
        return taught(request, skill, context | {"error": "Choose an intent."}, 422)
    if not form.is_valid():
        error = next(message for found in form.errors.values() for message in found)
        return taught(request, skill, context | {"error": error}, 422)
    added = editing.add_samples(intent, form.cleaned_data["text"])
    return taught(request, skill, context | {"added": added.added})


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
