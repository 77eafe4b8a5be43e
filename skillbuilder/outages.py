"""What to answer while the database is busy for too long, or away.

A database that was restarted has cut every connection to it. Requests that change nothing, parses
among them, then begin again on a new one and wait until there is one: whoever asked waits, and is
not refused. Others are, for nobody can tell whether they were done.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5
CHANGES_NOTHING = ("/parse", "/explain", "/dialogue")
"""How the addresses end that are posted to and store nothing but a log."""


class OutageMiddleware:
    """Answers 503 to a request that the database could not serve: trying again helps.

    Where trying again does no harm, it does so once itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        repeatable = is_repeatable(request)
        answer = self.get_response(request)
        if repeatable and getattr(request, "was_cut_off", False):
            return self.get_response(request)
        return answer

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the answer to what a view has raised, None if that is none of our business."""
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        request.was_cut_off = drop_cut_off()  # type: ignore[attr-defined]
        log.error("%s %s: the database fails", request.method, request.path, exc_info=error)
        answer = unavailable(request)
        answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return answer


def is_repeatable(request: HttpRequest) -> bool:
    """Return whether ``request`` may be done twice; its body is read, to be there again."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return True
    changes_nothing = request.path.startswith("/api/") and request.path.endswith(CHANGES_NOTHING)
    return changes_nothing and request.body is not None


def drop_cut_off() -> bool:
    """Return whether the connection was cut; then it, and others that were, are given up."""
    if connection.connection is None or connection.in_atomic_block or connection.is_usable():
        return False
    connection.close()
    if pool := getattr(connection, "pool", None):
        pool.check()
    return True


def unavailable(request: HttpRequest) -> HttpResponse:
    """Return the 503 for ``request``: JSON to programs, a page to people."""
    if request.path.startswith("/api/"):
        message = "The database is busy or away, and nothing was changed. Try again in a moment."
        body = {"code": "unavailable", "message": message, "problems": []}
        return JsonResponse(body, status=503)
    # Without the request, for what the page would ask about it is in the database.
    return render(None, "503.html", status=503)
