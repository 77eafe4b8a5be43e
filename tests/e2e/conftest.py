"""What the end-to-end tests over REST need: a developer with a skill."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.running_app import RunningApp, running_app


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Return the running application; tests share it, so each leaves it with a live worker."""
    with running_app(tmp_path_factory.mktemp("app"), WORKER_WARMS="full") as app:
        yield app


@pytest.fixture
def developer_token(app: RunningApp) -> str:
    """Return the API token of a developer who is new."""
    return app.make_user(f"dev-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def tiny_skill(app: RunningApp, developer_token: str, tiny_document: Any) -> str:
    """Return the path of a new skill of the developer, the tiny document in it."""
    made = app.request("POST", "/api/v1/skills", {"name": "Tiny kitchen"}, token=developer_token)
    assert made.status == 201, made.text
    path = f"/api/v1/skills/{made.json['slug']}"
    put = app.request("PUT", f"{path}/interaction-model", tiny_document, token=developer_token)
    assert put.status == 200, put.text
    return path
