"""The whole story once over REST: make a skill, upload, build in the worker, parse."""

from __future__ import annotations

from typing import Any

import pytest

from tests.running_app import RunningApp

pytestmark = [pytest.mark.e2e, pytest.mark.database, pytest.mark.timeout(300)]


def test_the_whole_story(app: RunningApp, tiny_document: Any) -> None:
    token = app.make_user("storyteller")

    made = app.request("POST", "/api/v1/skills", {"name": "My kitchen"}, token=token)
    assert made.status == 201
    skill = made.headers["Location"]

    assert app.request("POST", f"{skill}/parse", {"utterance": "x"}, token=token).status == 409
    dry = app.request("PUT", f"{skill}/interaction-model?dry_run=1", tiny_document, token=token)
    assert dry.json["stored"] is False
    put = app.request("PUT", f"{skill}/interaction-model", tiny_document, token=token)
    assert put.status == 200
    down = app.request("GET", f"{skill}/interaction-model", token=token)
    assert down.json == tiny_document
    assert down.headers["ETag"] == put.headers["ETag"]

    build = app.request("POST", f"{skill}/training-runs", token=token)
    assert build.status == 202
    again = app.request("POST", f"{skill}/training-runs", token=token)
    assert again.headers["Location"] == build.headers["Location"]
    run = app.finished_run(build.headers["Location"], token)
    assert (run["status"], run["attempts"], run["progress"]) == ("ready", 1, 1.0), app.log_tails()

    parse = app.request("POST", f"{skill}/parse", {"utterance": "i want a big pizza"}, token=token)
    assert parse.status == 200
    for name in ("neural", "maxent_crf"):
        assert parse.json[name]["intent"] == "OrderPizza"
        assert parse.json[name]["slots"][0]["value"] == "large"

    stranger = app.make_user("stranger")
    for method, path in [("GET", skill), ("POST", f"{skill}/parse"), ("GET", run_path(run))]:
        assert app.request(method, path, token=stranger).status == 404

    assert app.request("DELETE", skill, token=token).status == 204
    assert app.request("GET", skill, token=token).status == 404
    kept = app.var / "artifacts" / "runs"
    assert list(kept.glob(f"*{run['id']}*")), "it can be brought back from the bin"
    binned = skill.replace("/skills/", "/bin/")
    assert app.request("DELETE", binned, token=stranger).status == 404
    assert app.request("DELETE", binned, token=token).status == 204
    assert list(kept.glob(f"*{run['id']}*")) == []


def run_path(run: Any) -> str:
    """Return the path of ``run``."""
    return f"/api/v1/training-runs/{run['id']}"


def test_a_cancelled_run_frees_the_worker(
    app: RunningApp, developer_token: str, tiny_skill: str
) -> None:
    token = developer_token
    first = app.request("POST", f"{tiny_skill}/training-runs", token=token).json
    app.wait(
        lambda: app.request("GET", run_path(first), token=token).json["step"] == "train",
        "the training to be under way",
    )
    cancelled = app.request("POST", f"{run_path(first)}/cancel", token=token)
    assert cancelled.json["status"] == "cancelled"
    second = app.request("POST", f"{tiny_skill}/training-runs", {"seed": 1}, token=token)
    assert app.finished_run(second.headers["Location"], token)["status"] == "ready"
    assert app.request("GET", run_path(first), token=token).json["status"] == "cancelled"
    assert [path.name for path in (app.var / "artifacts" / "runs").glob(f"*{first['id']}*")] == []


def test_what_cannot_be_trained_fails_at_once_and_is_not_retried(
    app: RunningApp, developer_token: str
) -> None:
    token = developer_token
    made = app.request("POST", "/api/v1/skills", {"name": "Nothing"}, token=token)
    refused = app.request("POST", f"{made.headers['Location']}/training-runs", token=token)
    assert refused.status == 400
    assert refused.json["problems"]


@pytest.mark.parametrize("chunked", [False, True])
def test_big_bodies_are_413_and_the_client_gets_to_read_it(
    app: RunningApp, developer_token: str, tiny_skill: str, chunked: bool
) -> None:
    body: Any = b" " * 10_000_000
    if chunked:
        body = (b" " * 100_000 for _ in range(100))
    address = f"{tiny_skill}/interaction-model"
    refused = app.request("PUT", address, body, token=developer_token)
    assert refused.status == 413
    assert refused.json["code"] == "body_too_large"


def test_a_document_in_chunks_is_read(
    app: RunningApp, developer_token: str, tiny_skill: str, tiny_document: Any
) -> None:
    import json

    raw = json.dumps(tiny_document).encode()
    pieces = (raw[start : start + 50] for start in range(0, len(raw), 50))
    address = f"{tiny_skill}/interaction-model"
    assert app.request("PUT", address, pieces, token=developer_token).status == 200
