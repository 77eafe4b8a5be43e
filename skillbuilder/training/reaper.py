"""Finds what was lost, in each worker's own process: not even busy children keep it from that.

It needs the database alone, so it goes on while the broker or beat is away.
"""

from __future__ import annotations

import logging
import threading
import time

from celery.signals import worker_init
from django.conf import settings
from django.db import connection

from skillbuilder.training import evaluations, gate, runs

log = logging.getLogger(__name__)


def reap() -> None:
    """Queue lost runs again, and go on with what was left undecided."""
    runs.requeue_lost()
    evaluations.requeue_lost()
    gate.resume()


def reap_once() -> None:
    """Reap; what fails is logged, for the next time may succeed."""
    try:
        reap()
    except Exception:
        log.exception("could not look for lost work")
    finally:
        connection.close()


def reap_on() -> None:
    """Reap now and every REAP_EVERY, without end."""
    while True:
        reap_once()
        time.sleep(settings.REAP_EVERY.total_seconds())


@worker_init.connect
def start(**_: object) -> None:
    """Let a thread of the worker reap as long as the worker lives."""
    threading.Thread(target=reap_on, name="reaper", daemon=True).start()
