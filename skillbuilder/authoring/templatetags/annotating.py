"""The button that adds an utterance to an annotation set, for any page that shows a parse."""

from __future__ import annotations

from itertools import count
from typing import Any

from django import template

from skillbuilder.authoring.models import Skill

register = template.Library()
_ids = count()


@register.inclusion_tag("authoring/_annotate.html", takes_context=True)
def annotate(context: dict[str, Any], skill: Skill, text: str, intent: str) -> dict[str, Any]:
    """Show the button; ``text`` has its slots marked, "a {large|size} pizza"."""
    return {
        "csrf_token": context.get("csrf_token"),
        "skill": skill,
        "text": text,
        "intent": intent,
        "sets": skill.annotation_sets.all(),
        "id": next(_ids),
    }
