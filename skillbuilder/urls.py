"""The whole URL map at a glance."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from skillbuilder import health, metrics

urlpatterns = [
    # First: parses are most of all requests, and each pattern before theirs is tried on each.
    path("api/", include("skillbuilder.api.urls")),
    path("", include("skillbuilder.authoring.urls")),
    path("", include("skillbuilder.training.urls")),
    path("", include("skillbuilder.console.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]

# Programs get the JSON of api/errors.py for what fails before or outside a view.
handler400 = "skillbuilder.api.errors.bad_request"
handler403 = "skillbuilder.api.errors.forbidden"
handler404 = "skillbuilder.api.errors.not_found"
handler500 = "skillbuilder.api.errors.server_error"
