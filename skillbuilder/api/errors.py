"""One shape for everything that goes wrong: ``{"code", "message", "problems": [...]}``.

Every error class of the engine and of skillbuilder has a row in STATUS; a test walks the
class tree and fails when one is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from nlu_engine import errors as engine
from nlu_engine.documents import child_path, shown
from nlu_engine.errors import Problem
from nlu_engine.frames import MAX_UTTERANCE_LENGTH
from skillbuilder.api.documents import InvalidDocument
from skillbuilder.authoring.annotation_sets import SetFull
from skillbuilder.authoring.catalogs import CatalogFull
from skillbuilder.authoring.editing import Conflict, NameTaken
from skillbuilder.authoring.history import FromCatalog
from skillbuilder.authoring.people import AlreadyThere, OwnerStays
from skillbuilder.authoring.skills import SlugTaken
from skillbuilder.training.budget import OverBudget
from skillbuilder.training.evaluations import NothingToEvaluate
from skillbuilder.training.leases import MemoryExceeded
from skillbuilder.training.runs import NotTrained, code_of


class PreconditionFailed(Exception):
    """What is to be written is not what the If-Match header names."""

    def __init__(self, etag: str, what: str = "The interaction model has") -> None:
        super().__init__(
            f"{what} changed: the ETag is now {etag}. "
            "Download it, bring in your changes and send them with the new ETag."
        )


class InvalidFields(exceptions.ValidationError):
    """Fields of a request are wrong; ``sent`` is what the client sent, which holds them."""

    def __init__(self, detail: Any, sent: Any) -> None:
        super().__init__(detail)
        self.sent = sent


STATUS: dict[type[Exception], int] = {
    engine.InvalidInteractionModel: status.HTTP_400_BAD_REQUEST,
    engine.InvalidLabelledData: status.HTTP_400_BAD_REQUEST,
    engine.InvalidAnnotationSet: status.HTTP_400_BAD_REQUEST,
    engine.InvalidValueList: status.HTTP_400_BAD_REQUEST,
    engine.InvalidUtterance: status.HTTP_400_BAD_REQUEST,
    engine.InvalidDialogueState: status.HTTP_400_BAD_REQUEST,
    engine.NotEnoughData: status.HTTP_400_BAD_REQUEST,
    InvalidDocument: status.HTTP_400_BAD_REQUEST,
    PreconditionFailed: status.HTTP_412_PRECONDITION_FAILED,
    SlugTaken: status.HTTP_409_CONFLICT,
    NotTrained: status.HTTP_409_CONFLICT,
    NothingToEvaluate: status.HTTP_409_CONFLICT,
    NameTaken: status.HTTP_409_CONFLICT,
    SetFull: status.HTTP_409_CONFLICT,
    CatalogFull: status.HTTP_409_CONFLICT,
    FromCatalog: status.HTTP_409_CONFLICT,
    Conflict: status.HTTP_409_CONFLICT,
    AlreadyThere: status.HTTP_409_CONFLICT,
    OwnerStays: status.HTTP_409_CONFLICT,
    engine.TrainingCancelled: status.HTTP_409_CONFLICT,
    # An artifact of another engine, or one that is gone: building again cures it.
    engine.IncompatibleArtifact: status.HTTP_409_CONFLICT,
    engine.ArtifactMissing: status.HTTP_409_CONFLICT,
    engine.ArtifactCorrupt: status.HTTP_500_INTERNAL_SERVER_ERROR,
    engine.ArtifactError: status.HTTP_500_INTERNAL_SERVER_ERROR,
    engine.EmbeddingsError: status.HTTP_500_INTERNAL_SERVER_ERROR,
    engine.TrainingDiverged: status.HTTP_500_INTERNAL_SERVER_ERROR,
    MemoryExceeded: status.HTTP_500_INTERNAL_SERVER_ERROR,
    OverBudget: status.HTTP_500_INTERNAL_SERVER_ERROR,
    engine.TrainingError: status.HTTP_500_INTERNAL_SERVER_ERROR,
    engine.EngineError: status.HTTP_500_INTERNAL_SERVER_ERROR,
}


FIX = "See /api/docs/ for what is expected here."
FIXES = {
    "required": "Add it.",
    "null": "Write a value, or leave it out if it may be left out.",
    "blank": "Write a character that can be seen.",
    "control-character": "Remove them.",
    "max_length": "Shorten it.",
    "min_value": "Write a greater number.",
    "max_value": "Write a smaller number.",
    "invalid_choice": "Write one of those that /api/docs/ lists.",
    "unknown-field": "Remove it, or correct its spelling.",
}


def body_of(error: Exception) -> dict[str, Any]:
    """Return the JSON body of one of our own errors."""
    problems = [problem.to_dict() for problem in getattr(error, "problems", ())]
    if isinstance(error, engine.InvalidUtterance):
        # The engine does not know where in what document the utterance stood.
        fix = f"Send 1 to {MAX_UTTERANCE_LENGTH:,} characters."
        problems = [Problem("invalid-utterance", "$.utterance", str(error), fix=fix).to_dict()]
    if isinstance(error, engine.InvalidDialogueState):
        fix = "Send the state of the last answer, or none to begin anew."
        problems = [Problem("invalid-state", "$.state", str(error), fix=fix).to_dict()]
    return {"code": code_of(error), "message": str(error), "problems": problems}


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the response to ``error``, or None to let Django report it as a bug (500)."""
    if type(error) in STATUS:
        set_rollback()
        return Response(body_of(error), status=STATUS[type(error)])
    response = exception_handler(error, context)
    if response is not None:
        response.data = framework_body(error, response.data, context.get("view"))
    return response


def framework_body(error: Exception, data: Any, view: Any = None) -> dict[str, Any]:
    """Return our shape for an error of DRF or Django, whose own ``data`` has many."""
    if isinstance(error, exceptions.ValidationError):
        problems = list(field_problems(error.detail, "$", getattr(error, "sent", None)))
        message = " ".join(f"{problem['path']}: {problem['message']}" for problem in problems)
        return {"code": "invalid", "message": message, "problems": problems}
    if isinstance(error, Http404):
        return {"code": "not_found", "message": "There is no such thing here.", "problems": []}
    if isinstance(error, PermissionDenied):
        message = str(error) or "Not allowed."
        return {"code": "permission_denied", "message": message, "problems": []}
    if isinstance(error, exceptions.UnsupportedMediaType):
        wanted = getattr(view, "wants", "JSON with Content-Type: application/json")
        message = f"{error.detail} Send {wanted}."
        return {"code": error.default_code, "message": message, "problems": []}
    detail = data.get("detail") if isinstance(data, dict) else data
    return {"code": getattr(detail, "code", "error"), "message": str(detail), "problems": []}


def field_problems(data: Any, path: str, sent: Any) -> Iterator[dict[str, Any]]:
    """Yield one problem for each message in DRF's nested ``data``, with its path and value.

    ``sent`` is what the client had written at ``path``.
    """
    if isinstance(data, dict):
        for name, inner in data.items():
            if name == "non_field_errors":
                yield from field_problems(inner, path, sent)
            else:
                below = sent.get(name) if isinstance(sent, dict) else None
                yield from field_problems(inner, child_path(path, name), below)
    elif isinstance(data, list):
        for inner in data:
            yield from field_problems(inner, path, sent)
    else:
        code = getattr(data, "code", "invalid")
        yield Problem(code, path, str(data), shown(sent), FIXES.get(code, FIX)).to_dict()


def _outside_views(request: HttpRequest, code: int, name: str, message: str) -> HttpResponse | None:
    if not request.path.startswith("/api/"):
        return None
    return JsonResponse({"code": name, "message": message, "problems": []}, status=code)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django refuses before any view sees it."""
    message = "The request cannot be read."
    response = _outside_views(request, 400, "bad_request", message)
    return response or defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what is not allowed."""
    response = _outside_views(request, 403, "permission_denied", "Not allowed.")
    return response or defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that does not exist."""
    message = "There is no such address. Addresses of the API have no slash at their end."
    response = _outside_views(request, 404, "not_found", message)
    return response or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a bug of ours; the log has its traceback."""
    message = "Something went wrong on our side. It has been logged."
    return _outside_views(request, 500, "internal", message) or defaults.server_error(request)
