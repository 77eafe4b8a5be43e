"""/metrics, and the page that shows the same to staff."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from skillbuilder.authoring.models import Skill
from skillbuilder.training import artifacts
from skillbuilder.training.models import TrainingRun


@pytest.fixture
def staff(alice: Any, browser_of: Callable[[Any], Client]) -> Client:
    """Return the browser of alice, one of the staff."""
    alice.is_staff = True
    alice.save()
    return browser_of(alice)


def test_a_web_process_seldom_looks_through_all_that_is_loaded_and_lets_threads_in_soon() -> None:
    code = (
        "import gc, sys; from skillbuilder import web_server; web_server.post_worker_init(None);"
        "print(gc.get_freeze_count() > 1_000, gc.get_threshold(), sys.getswitchinterval());"
        "web_server.on_exit(None)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "True (700, 10, 1000) 0.0005"


def test_metrics_are_for_the_token_and_for_staff_alone(
    client: Client, charlie: Any, browser_of: Callable[[Any], Client], staff: Client, settings: Any
) -> None:
    def status(browser: Client, authorization: str = "") -> int:
        return browser.get("/metrics", headers={"Authorization": authorization}).status_code

    settings.METRICS_TOKEN = ""
    assert status(client) == status(client, "Bearer ") == status(client, "Bearer x") == 404
    settings.METRICS_TOKEN = "secret-of-prometheus"
    assert status(client, "Bearer secret-of-prometheus") == 200
    assert status(client, "Bearer other") == status(client, "Bearer ") == 404
    assert status(browser_of(charlie)) == 404
    assert status(staff) == 200


def test_metrics_tell_what_parsing_costs(
    client: Client, skill: Skill, ready_run: TrainingRun, settings: Any
) -> None:
    settings.METRICS_TOKEN = "secret-of-prometheus"
    artifacts.parse(skill, "order a big pizza")
    answer = client.get("/metrics", headers={"Authorization": "Bearer secret-of-prometheus"})
    assert answer.headers["Content-Type"].startswith("text/plain")
    text = answer.content.decode()
    assert "skillbuilder_skills_loaded 1.0" in text
    assert 'skillbuilder_parse_seconds_bucket{le="0.06",state="cold"}' in text


def test_the_page_shows_staff_what_is_in_memory(
    staff: Client, skill: Skill, ready_run: TrainingRun
) -> None:
    artifacts.parse(skill, "order a big pizza")
    page = staff.get("/serving").content.decode()
    assert "1 skill," in page
    assert "Loaded first" in page


def test_the_page_is_for_staff_alone(
    client: Client, charlie: Any, browser_of: Callable[[Any], Client]
) -> None:
    assert client.get("/serving").status_code == 302
    assert browser_of(charlie).get("/serving").status_code == 404
