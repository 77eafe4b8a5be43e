"""The digest of what is in a skill, made once for each of its revisions."""

from __future__ import annotations

from django.core.cache import cache

from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.skills import content_key

_KEPT_SECONDS = 3_600


def digest_of(skill: Skill) -> str:
    """Return the digest of what is in ``skill``: the head of every page asks for it."""
    key = f"digest:{content_key(skill)}"
    found = cache.get_or_set(key, lambda: export_interaction_model(skill).digest(), _KEPT_SECONDS)
    return str(found)
