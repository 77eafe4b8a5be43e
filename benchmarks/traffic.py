"""Clients that ask a web server over HTTP, each a process with one connection that it keeps.

Nothing but the standard library is imported here: clients share the machine with the server that
they measure.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

COLD = "load;"
"""How Server-Timing begins where the skill had to be loaded first."""


class Call(NamedTuple):
    """One request: where to, in whose name, what is said."""

    path: str
    token: str
    utterance: str


class Plan(NamedTuple):
    """What one client asks: its calls, and the seconds from one to the next (0: at once)."""

    port: int
    calls: Sequence[Call]
    pace: float
    begin: float  # time.time() of the first call, the same moment for all clients


class Answer(NamedTuple):
    """What came of one call."""

    seconds: float
    status: int
    cold: bool  # whether the server had to load the skill first


def ask_all(plans: Sequence[Plan]) -> list[list[Answer]]:
    """Let one client a plan ask at the same time; return their answers."""
    with ProcessPoolExecutor(len(plans), mp_context=get_context("spawn")) as pool:
        return list(pool.map(ask, plans))


def ask(plan: Plan) -> list[Answer]:
    """Ask one call after the other, and none before its time."""
    connection = http.client.HTTPConnection("127.0.0.1", plan.port, timeout=60)
    time.sleep(max(0.0, plan.begin - time.time()))
    answers = []
    for number, call in enumerate(plan.calls):
        if plan.pace:
            time.sleep(max(0.0, plan.begin + number * plan.pace - time.time()))
        answers.append(_asked(connection, call))
    connection.close()
    return answers


def _asked(connection: http.client.HTTPConnection, call: Call) -> Answer:
    body = json.dumps({"utterance": call.utterance})
    headers = {"Authorization": f"Token {call.token}", "Content-Type": "application/json"}
    started = time.perf_counter()
    connection.request("POST", call.path, body, headers)
    response = connection.getresponse()
    response.read()
    seconds = time.perf_counter() - started
    timing = response.headers.get("Server-Timing", "")
    return Answer(seconds, response.status, timing.startswith(COLD))
