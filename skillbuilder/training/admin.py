"""The admin's view of training runs: read only, since a run is a record."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from skillbuilder.training.models import TrainingRun


@admin.register(TrainingRun)
class TrainingRunAdmin(admin.ModelAdmin):
    """Training runs and what came of them."""

    list_display = ["id", "skill", "status", "step", "attempts", "created_at", "finished_at"]
    list_filter = ["status", "locale"]
    search_fields = ["skill__slug", "error_code", "error_message"]
    list_select_related = ["skill"]
    exclude = ["snapshot"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Runs come from builds only."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: TrainingRun | None = None) -> bool:
        """Nobody rewrites what happened."""
        return False
