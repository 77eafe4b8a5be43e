"""A browser, and the application that it looks at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driving import TIMEOUT, Complaints, chromium, enter, new_page
from tests.running_app import USER, RunningApp, running_app

expect.set_options(timeout=TIMEOUT)

_MAKE_SKILL = """
import shutil
from django.contrib.auth.models import User
from django.db import transaction
from knox.models import AuthToken
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.skills import create_skill
from skillbuilder.training import runs, storage
from tests.conftest import make_tiny_document
model = InteractionModel.from_json(make_tiny_document())
owner = User.objects.get(username={user!r})
skill = create_skill(owner, name="Tiny kitchen", locale="en-US", model=model)
for invocation_name in ("tiny kitchen", "tinier kitchen"):
    # All at once: the worker of the application would take the run first.
    with transaction.atomic():
        skill.invocation_name = invocation_name
        skill.save()
        runs.request_run(skill)
        run = runs.claim_next()
        storage.publish(run.pk, lambda directory: shutil.copytree({artifact!r}, directory))
        runs.finish(run, notes=[], metrics={{}})
print(skill.slug, AuthToken.objects.create(owner)[1])
"""


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Return the running application; tests share it, so each makes its own skills."""
    with running_app(tmp_path_factory.mktemp("app")) as app:
        yield app


# Not for the session: while Playwright runs, Django takes this thread for an asynchronous
# one and refuses it the database.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return the browser."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Return what the browser complained of; at the end of a test that must be nothing."""
    complaints = Complaints()
    yield complaints
    assert complaints == []


@pytest.fixture
def page(app: RunningApp, browser: Browser, complaints: Complaints) -> Iterator[Page]:
    """Return a page on which alice is signed in."""
    page = new_page(browser, complaints)
    enter(page, app)
    yield page
    page.context.close()


@pytest.fixture
def skill_and_token(app: RunningApp, trained_artifact: Path) -> tuple[str, str]:
    """Return slug and API token of a skill of two versions, without the seconds of a build."""
    code = _MAKE_SKILL.format(user=USER, artifact=str(trained_artifact))
    slug, token = app.run(code).split()[-2:]
    return slug, token


@pytest.fixture
def built_skill(app: RunningApp, skill_and_token: tuple[str, str]) -> str:
    """Return the address of such a skill."""
    return f"{app.url}/skills/{skill_and_token[0]}/"
