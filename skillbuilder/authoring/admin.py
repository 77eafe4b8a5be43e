"""The admin's view of what people wrote: for looking and for handing over, not for authoring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from skillbuilder.authoring.bin import put_away
from skillbuilder.authoring.models import Catalog, Skill
from skillbuilder.authoring.people import note_handed_over

_KEPT = (
    "Nothing authored goes with an account. Give these another owner first, under Skills and "
    "Catalogs, or take “Active” from the account instead of deleting it."
)


@admin.register(Skill)
class SkillAdmin(admin.ModelAdmin):
    """Skills with their owners; the parts of a skill are edited in its own pages."""

    list_display = ["name", "slug", "locale", "owner", "updated_at", "binned_at"]
    list_filter = ["locale"]
    search_fields = ["name", "slug", "owner__username"]
    autocomplete_fields = ["owner"]
    readonly_fields = ["revision", "created_at", "updated_at", "binned_at"]
    exclude = ["extra", "layout"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Skill]:
        """Return those in the bin too, which can be handed over like others."""
        return Skill.with_binned.all()

    def save_model(self, request: HttpRequest, obj: Skill, form: Any, change: bool) -> None:
        """Save what was changed in the form, and nothing else that may be newer in the database."""
        obj.save(update_fields=[*form.changed_data, "updated_at"] if change else None)
        if change and "owner" in form.changed_data:
            note_handed_over(obj, User.objects.get(pk=form.initial["owner"]))

    def get_deleted_objects(self, objs: Iterable[Skill], request: HttpRequest) -> Any:
        """Return what deleting takes away: the skills, with all their parts, into the bin."""
        listed = [f"{skill}, into the bin of {skill.owner}" for skill in objs]
        return listed, {Skill._meta.verbose_name_plural: len(listed)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Skill) -> None:
        """Put the skill into the bin, as everyone else does who deletes one."""
        if obj.binned_at is None:
            put_away(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Skill]) -> None:
        """Put the skills into the bin."""
        for skill in queryset:
            self.delete_model(request, skill)


@admin.register(Catalog)
class CatalogAdmin(admin.ModelAdmin):
    """Catalogs with their owners; versions are uploaded, and deleted, on its own page."""

    list_display = ["name", "owner", "newest", "created_at"]
    search_fields = ["name", "owner__username"]
    autocomplete_fields = ["owner"]
    readonly_fields = ["newest", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever makes one owns it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Catalog | None = None) -> bool:
        """The owner deletes it where its uses are told."""
        return False


admin.site.unregister(User)


@admin.register(User)
class OwnerAdmin(UserAdmin):
    """Accounts; one that owns something is not deleted."""

    def get_deleted_objects(
        self, objs: QuerySet[User] | Sequence[User], request: HttpRequest
    ) -> Any:
        """Return what deleting takes away, and what stands in its way with what to do."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        if protected:
            # Permissions that nobody has would be told in the place of that.
            return deleted, counts, set(), [*protected, _KEPT]
        return deleted, counts, missing, protected
