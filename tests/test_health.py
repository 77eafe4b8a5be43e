"""/healthz and /readyz: what is there, what is missing, and nothing more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client

from nlu_engine.errors import EmbeddingsError
from skillbuilder import health, queues


@pytest.fixture
def worker_answers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let workers tell their queues; returns how often they were asked. e2e asks a real one."""
    asked: list[int] = []

    def broadcast(_: str, callback: Any, **__: Any) -> None:
        asked.append(1)
        for name in taken:
            callback({f"{name}@host": [{"name": name}, {"name": queues.UPKEEP}]})

    taken = [queues.QUICK, queues.FULL, queues.EVALUATE]
    monkeypatch.setattr(current_app.control, "broadcast", broadcast)
    return asked


def test_healthz_needs_nothing(client: Client) -> None:
    # Without the fixture "db", a query would be an error.
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_all_is_there(client: Client, db: None, worker_answers: list[int]) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "database": "ok",
        "broker": "ok",
        "embeddings": "ok",
        "worker": "ok",
    }
    assert "no-cache" in response.headers["Cache-Control"]


def test_the_worker_is_not_asked_at_every_request(
    client: Client, db: None, worker_answers: list[int]
) -> None:
    for _ in range(3):
        assert client.get("/readyz").status_code == 200
    assert len(worker_answers) == 1


def test_without_a_worker_it_is_503(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A real ping over the real queue, which nobody answers.
    monkeypatch.setattr(health, "PING_SECONDS", 0.3)
    cache.clear()
    response = client.get("/readyz")
    assert response.status_code == 503
    told = "unavailable (nobody takes evaluate, skillbuilder, train-full, train-quick)"
    assert response.json()["worker"] == told
    assert response.json()["database"] == "ok"


def test_a_queue_that_nobody_takes_from_is_named(
    client: Client, db: None, worker_answers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "ALL", (*queues.ALL, "another"))
    cache.clear()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["worker"] == "unavailable (nobody takes another)"


@pytest.mark.parametrize("part", ["database", "embeddings"])
def test_what_is_missing_is_named_without_its_secrets(
    client: Client,
    db: None,
    worker_answers: list[int],
    monkeypatch: pytest.MonkeyPatch,
    part: str,
) -> None:
    def fail() -> None:
        error = OperationalError if part == "database" else EmbeddingsError
        raise error("password=secret /srv/private")

    monkeypatch.setitem(health.CHECKS, part, fail)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()[part].startswith("unavailable (")
    assert "secret" not in response.text
    assert "private" not in response.text


def test_a_queue_that_nobody_can_write_to_is_missed(
    client: Client, db: None, worker_answers: list[int], tmp_path: Path
) -> None:
    (tmp_path / "broker" / "messages").rename(tmp_path / "gone")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["broker"].startswith("unavailable")


def test_both_are_for_looking_only(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405
