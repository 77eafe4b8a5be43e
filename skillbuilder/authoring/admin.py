"""The admin's view of what people wrote: for looking and for handing over, not for authoring."""

from __future__ import annotations

from django.contrib import admin

from skillbuilder.authoring.models import Skill


@admin.register(Skill)
class SkillAdmin(admin.ModelAdmin):
    """Skills with their owners; the parts of a skill are edited in its own pages."""

    list_display = ["name", "slug", "locale", "owner", "updated_at"]
    list_filter = ["locale"]
    search_fields = ["name", "slug", "owner__username"]
    autocomplete_fields = ["owner"]
    readonly_fields = ["revision", "created_at", "updated_at"]
    exclude = ["extra", "layout"]
