"""The admin's view of what people wrote: for looking and for handing over, not for authoring."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from skillbuilder.authoring.bin import put_away
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

    def save_model(self, request: HttpRequest, obj: Skill, form: Any, change: bool) -> None:
        """Save what was changed in the form, and nothing else that may be newer in the database."""
        obj.save(update_fields=[*form.changed_data, "updated_at"] if change else None)

    def get_deleted_objects(self, objs: Iterable[Skill], request: HttpRequest) -> Any:
        """Return what deleting takes away: the skills, with all their parts, into the bin."""
        listed = [f"{skill}, into the bin of {skill.owner}" for skill in objs]
        return listed, {Skill._meta.verbose_name_plural: len(listed)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Skill) -> None:
        """Put the skill into the bin, as everyone else does who deletes one."""
        put_away(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Skill]) -> None:
        """Put the skills into the bin."""
        for skill in queryset:
            put_away(skill)
