"""kill -9 in mid-training: the run is found by its lease and finished by the next worker."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.running_app import LEASE_SECONDS, RunningApp

pytestmark = [pytest.mark.e2e, pytest.mark.database, pytest.mark.timeout(400)]


def started_run(app: RunningApp, skill: str, token: str) -> str:
    """Build ``skill`` and return the address of its run once the network is being trained."""
    address = app.request("POST", f"{skill}/training-runs", token=token).headers["Location"]
    app.wait(lambda: run_at(app, address, token)["step"] == "train", "the training")
    return address


def run_at(app: RunningApp, address: str, token: str) -> Any:
    """Return the run at ``address``."""
    return app.request("GET", address, token=token).json


def test_a_killed_worker_loses_no_run(
    app: RunningApp, developer_token: str, tiny_skill: str
) -> None:
    token = developer_token
    address = started_run(app, tiny_skill, token)
    app.kill("worker")
    # Not even a message is left to tell of it.
    for message in (app.var / "broker").glob("*/*.msg"):
        message.unlink(missing_ok=True)
    assert run_at(app, address, token)["status"] == "training"

    app.wait(lambda: app.request("GET", "/readyz").status == 503, "the worker to be missed")
    ready = app.request("GET", "/readyz").json
    assert ready["worker"].startswith("unavailable")
    assert (ready["database"], ready["broker"], ready["embeddings"]) == ("ok", "ok", "ok")
    assert app.request("GET", "/healthz").status == 200

    app.start_worker()
    run = app.finished_run(address, token)
    assert (run["status"], run["attempts"]) == ("ready", 2), app.log_tails()
    parse = app.request(
        "POST", f"{tiny_skill}/parse", {"utterance": "bring me something huge"}, token=token
    )
    assert parse.json["neural"]["intent"] == "OrderPizza"


def test_a_killed_child_of_the_worker_loses_no_run(
    app: RunningApp, developer_token: str, tiny_skill: str
) -> None:
    # What the kernel does to a child that takes too much memory.
    token = developer_token
    address = started_run(app, tiny_skill, token)
    [child] = training_children(app)
    os.kill(child, signal.SIGKILL)
    run = app.finished_run(address, token)
    assert (run["status"], run["attempts"]) == ("ready", 2), app.log_tails()
    assert app.processes["worker"].poll() is None


def training_children(app: RunningApp) -> list[int]:
    """Return the ids of the worker's children that have torch in memory."""
    return children_with(app, "libtorch")


def test_a_new_worker_has_the_shared_embeddings_in_memory_before_it_builds(
    app: RunningApp,
) -> None:
    app.kill("worker")
    app.start_worker()
    needed = ("libtorch", "words.safetensors", "pieces.safetensors")
    app.wait(lambda: len(children_with(app, *needed)) == 1, "a child that is warm", seconds=120)


def children_with(app: RunningApp, *files: str) -> list[int]:
    """Return the ids of the worker's children that have all these files in memory."""
    parent = app.processes["worker"].pid
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            mapped = (folder / "maps").read_text() if int(fields[1]) == parent else ""
            if mapped and all(file in mapped for file in files):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_a_worker_that_was_asleep_too_long_does_no_harm(
    app: RunningApp, developer_token: str, tiny_skill: str
) -> None:
    token = developer_token
    address = started_run(app, tiny_skill, token)
    sleeper = app.processes.pop("worker")
    os.killpg(sleeper.pid, signal.SIGSTOP)
    try:
        app.start_worker()
        time.sleep(LEASE_SECONDS)
        app.wait(lambda: run_at(app, address, token)["attempts"] == 2, "another attempt")
        os.killpg(sleeper.pid, signal.SIGCONT)
        run = app.finished_run(address, token)
        assert (run["status"], run["attempts"]) == ("ready", 2), app.log_tails()
    finally:
        os.killpg(sleeper.pid, signal.SIGKILL)
        sleeper.wait()
