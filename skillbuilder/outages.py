"""What to answer while the database is busy for too long, or away."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5


class OutageMiddleware:
    """Answers 503 to a request that the database could not serve: trying again helps."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the answer to what a view has raised, None if that is none of our business."""
        if not isinstance(error, OperationalError):
            return None
        log.error("%s %s: the database fails", request.method, request.path, exc_info=error)
        answer = unavailable(request)
        answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return answer


def unavailable(request: HttpRequest) -> HttpResponse:
    """Return the 503 for ``request``: JSON to programs, a page to people."""
    if request.path.startswith("/api/"):
        message = "The database is busy or away, and nothing was changed. Try again in a moment."
        body = {"code": "unavailable", "message": message, "problems": []}
        return JsonResponse(body, status=503)
    # Without the request, for what the page would ask about it is in the database.
    return render(None, "503.html", status=503)
