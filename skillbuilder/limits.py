"""How much one request may send, and in which characters.

Django counts form data only and takes a body without Content-Length for an empty one;
here every body is measured, chunked ones too, before a view sees it.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

# A client reads the refusal only after it has sent its body, so some is read and dropped.
DRAINED_BYTES = 32_000_000


def is_of_annotations(path: str) -> bool:
    """Return whether ``path`` is one of those that take a file of annotations."""
    return "/annotation-sets" in path


def most_bytes(path: str) -> int:
    """Return how large a body may be that is sent to ``path``."""
    most = settings.MAX_ANNOTATIONS_BODY_BYTES
    return int(most if is_of_annotations(path) else settings.MAX_BODY_BYTES)


def too_large(request: HttpRequest) -> HttpResponse:
    """Return the 413 for ``request``: JSON to programs, a page to people."""
    advice = "An interaction model may have 1,500,000; remove what is not needed."
    if is_of_annotations(request.path):
        advice = "Send the annotations in parts, and add each to the set."
    message = f"The request has more than {most_bytes(request.path):,} bytes. {advice}"
    if request.path.startswith("/api/"):
        body = {"code": "body_too_large", "message": message, "problems": []}
        return JsonResponse(body, status=413)
    return render(request, "413.html", {"message": message}, status=413)


def not_utf8(request: HttpRequest) -> HttpResponse:
    """Return the 415 for ``request``: JSON to programs, a page to people."""
    if request.path.startswith("/api/"):
        message = f"The body is said to be {request.encoding}. Send UTF-8, or name no charset."
        body = {"code": "unsupported_charset", "message": message, "problems": []}
        return JsonResponse(body, status=415)
    return render(request, "400.html", status=415)


def is_utf8(encoding: str | None) -> bool:
    """Return whether ``encoding``, which Python knows if it is not None, is UTF-8."""
    return encoding is None or codecs.lookup(encoding).name == "utf-8"


def content_length(request: HttpRequest) -> int:
    """Return the body's announced length in bytes, 0 where none is given."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def drain(stream: Any, most: int) -> None:
    """Read ``stream`` to its end, or ``most`` bytes of it, and keep nothing."""
    while most > 0 and (piece := stream.read(65_536)):
        most -= len(piece)


class BodyLimitMiddleware:
    """Answers 413 to a body of more than ``most_bytes``, 415 to one that is not UTF-8."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = content_length(request)
        if length > most_bytes(request.path):
            drain(request, min(length, DRAINED_BYTES))
            return too_large(request)
        # Django fails to show its own refusal of such a form, or to decode it at all.
        return self.get_response(request) if is_utf8(request.encoding) else not_utf8(request)


class ChunkedBodies:
    """WSGI layer that gives chunked bodies the length that Django wants to know.

    At most one byte more than the limit is kept: enough for the middleware to refuse it.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
        if chunked and environ.get("wsgi.input_terminated"):
            most = most_bytes(environ.get("PATH_INFO", ""))
            body = environ["wsgi.input"].read(most + 1)
            if len(body) > most:
                drain(environ["wsgi.input"], DRAINED_BYTES)
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return self.application(environ, start_response)
