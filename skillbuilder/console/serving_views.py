"""The page for staff: what is in memory of the skills that are served, and how quick it is."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from skillbuilder.authoring.pages import signed_in
from skillbuilder.training import serving


@never_cache
@require_GET
@signed_in
def serving_status(request: HttpRequest) -> HttpResponse:
    """Show how this web server serves skills; to anyone but staff there is no such page."""
    if not request.user.is_staff:
        raise Http404
    status = serving.status()
    context = {
        "status": status,
        "hit_percent": 100 * status.hit_rate,
        "used_percent": round(100 * status.used / status.limit) if status.limit else 0,
        "timings": [
            ("In memory", status.warm, 100 * status.warm.within, serving.WARM_TARGET * 1000),
            ("Loaded first", status.cold, 100 * status.cold.within, serving.COLD_TARGET * 1000),
        ],
        "has_token": bool(settings.METRICS_TOKEN),
        "metrics_address": request.build_absolute_uri("/metrics"),
    }
    return render(request, "console/serving.html", context)
