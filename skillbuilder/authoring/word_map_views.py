"""The page that shows what the shared embeddings know of a skill's words."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from nlu_engine.embeddings import release_for
from nlu_engine.errors import EmbeddingsError
from nlu_engine.utterances import is_blank
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.pages import show, skill_page
from skillbuilder.authoring.word_map import HEIGHT, LONGEST_VALUE, WIDTH, word_map


@require_GET
@skill_page
def skill_words(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show the skill's words in the shared embeddings; ``word`` asks for what is near one."""
    asked = request.GET.get("word", "").strip()
    context = {"tab": "words", "asked": asked[:200], "longest": LONGEST_VALUE}
    if len(asked) > LONGEST_VALUE:
        context["error"] = f"A word or two, {LONGEST_VALUE} characters at most, please."
        asked = ""
    elif is_blank(asked):
        asked = ""
    try:
        found = word_map(skill, asked)
    except EmbeddingsError as error:
        context["failure"] = str(error)
        return show(request, skill, "authoring/word_map.html", context, status=503)
    context |= {"map": found, "release": release_for(skill.locale)}
    context["view_box"] = f"0 0 {WIDTH:.0f} {HEIGHT:.0f}"
    status = 422 if "error" in context else 200
    return show(request, skill, "authoring/word_map.html", context, status=status)
