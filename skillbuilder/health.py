"""Is the system up? /healthz for the process, /readyz for everything that it needs."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from nlu_engine.embeddings import load_embeddings, release_for
from skillbuilder import queues

PING_SECONDS = 1.5
WORKER_ANSWER_KEPT_SECONDS = 5
WORKER_SILENCE_KEPT_SECONDS = 1


class NobodyTakes(Exception):
    """Queues that no worker takes anything from, by their names."""


class _AllAnswered(Exception):
    """Enough workers have answered."""


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as this process answers at all."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if database, broker, embeddings and workers for all queues are there, else 503."""
    parts = {name: state_of(check) for name, check in CHECKS.items()}
    ready = all(state == "ok" for state in parts.values())
    body = {"status": "ok" if ready else "unavailable", **parts}
    return JsonResponse(body, status=200 if ready else 503)


def state_of(check: Callable[[], None]) -> str:
    """Return "ok", or in a word what ``check`` missed; details stay out of a public page."""
    try:
        check()
    except NobodyTakes as error:
        return f"unavailable (nobody takes {error})"
    except Exception as error:
        return f"unavailable ({type(error).__name__})"
    return "ok"


def check_database() -> None:
    """Raise unless the database answers a query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_broker() -> None:
    """Raise unless the broker takes a connection."""
    folder = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("data_folder_out")
    if folder and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(folder)
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=PING_SECONDS)


def check_embeddings() -> None:
    """Raise unless the default embedding release is there and whole."""
    load_embeddings(release_for("en-US"))


def check_worker() -> None:
    """Raise NobodyTakes unless workers for all queues answered just now or a few seconds ago."""
    unserved = cache.get("unserved-queues")
    if unserved is None:
        unserved = unserved_queues()
        # Silence is kept for a moment too: whoever asks in a loop must not flood the queue.
        kept = WORKER_SILENCE_KEPT_SECONDS if unserved else WORKER_ANSWER_KEPT_SECONDS
        cache.set("unserved-queues", unserved, kept)
    if unserved:
        raise NobodyTakes(", ".join(unserved))


def unserved_queues() -> list[str]:
    """Ask the workers what they take; return the queues that none of them named in time."""
    unserved = set(queues.ALL)

    def note(reply: dict[str, Any]) -> None:
        for taken in reply.values():
            unserved.difference_update(queue["name"] for queue in taken)
        if not unserved:
            raise _AllAnswered

    with suppress(_AllAnswered):
        current_app.control.broadcast(
            "active_queues", reply=True, timeout=PING_SECONDS, callback=note
        )
    return sorted(unserved)


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "broker": check_broker,
    "embeddings": check_embeddings,
    "worker": check_worker,
}
