"""What the end-to-end tests over REST need: a developer with a skill."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.running import RunningApp


@pytest.fixture
def developer_token(running_app: RunningApp) -> str:
    """Return the API token of a developer who is new."""
    return running_app.make_user(f"dev-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def tiny_skill(running_app: RunningApp, developer_token: str, tiny_document: Any) -> str:
    """Return the path of a new skill of the developer, the tiny document in it."""
    made = running_app.request(
        "POST", "/api/v1/skills", {"name": "Tiny kitchen"}, token=developer_token
    )
    assert made.status == 201, made.text
    path = f"/api/v1/skills/{made.json['slug']}"
    put = running_app.request(
        "PUT", f"{path}/interaction-model", tiny_document, token=developer_token
    )
    assert put.status == 200, put.text
    return path
