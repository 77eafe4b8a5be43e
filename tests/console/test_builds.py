"""The pages about builds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring import editing
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.skills import create_skill
from skillbuilder.training import leases, progress, runs
from skillbuilder.training.models import TrainingRun

HTMX = {"HTTP_HX_REQUEST": "true"}
POLLS = b'hx-trigger="every 1s"'


@pytest.fixture
def address(skill: Skill) -> str:
    """Return the address of the builds of ``skill``."""
    return reverse("skill-build", args=[skill.slug])


def status(browser: Client, run: TrainingRun) -> bytes:
    return browser.get(reverse("run-status", args=[run.pk]), **HTMX).content


def update(run: TrainingRun, **values: Any) -> None:
    TrainingRun.objects.filter(pk=run.pk).update(**values)


def test_before_the_first_build_the_page_teaches(browser: Client, address: str) -> None:
    assert b"A build freezes what you have written" in browser.get(address).content


def test_build_starts_one_run_and_the_page_watches_it(browser: Client, address: str) -> None:
    assert browser.post(address)["Location"] == address
    page = browser.get(address).content
    assert b"Waiting for a worker" in page
    assert POLLS in page


def test_a_double_click_makes_one_run(browser: Client, address: str) -> None:
    browser.post(address)
    browser.post(address)
    assert TrainingRun.objects.count() == 1


def test_a_skill_with_problems_is_not_built_and_the_page_says_where(
    browser: Client, skill: Skill, address: str
) -> None:
    intent = skill.intents.get(name="OrderPizza")
    intent.samples.create(text="order a {colour} pizza", position=9)
    answer = browser.post(address)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Not built: 1 problem to solve first" in page
    assert reverse("intent-detail", args=[skill.slug, intent.pk]) in page
    assert not TrainingRun.objects.exists()


def test_progress_is_shown_until_it_is_over(browser: Client, skill: Skill, address: str) -> None:
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    run.step, run.progress = "train", 0.42
    run.steps = {"validate": {"seconds": 0.3}, "train": {"at": timezone.now().isoformat()}}
    leases.heartbeat(run)
    training = status(browser, run)
    assert b'<li class="run-step-done">' in training
    assert b'<li class="run-step-active" aria-current="step">' in training
    assert training.count(b'<li class="run-step-waiting">') == 4
    assert b'value="42"' in training
    assert POLLS in training
    runs.finish(run, notes=["No shared embeddings for Klingon."], metrics={"artifact_bytes": 2048})
    ready = status(browser, run)
    assert b"Ready" in ready
    assert b"No shared embeddings for Klingon." in ready
    assert "2.0\xa0KB".encode() in ready
    assert POLLS not in ready
    assert reverse("skill-console", args=[skill.slug]).encode() in ready


def test_expected_times_come_from_builds_of_about_the_same_size(
    browser: Client, skill: Skill, ready_run: TrainingRun
) -> None:
    cache.clear()
    times = {"validate": {"seconds": 0.5}, "train": {"seconds": 7.0}}
    update(ready_run, steps=times)
    skill.intents.get(name="OrderPizza").samples.create(text="feed me", position=9)
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    assert [one.expected_seconds for one in progress.step_states(run)][:3] == [0.5, None, 7.0]
    assert b"of about 8 s" in status(browser, run)
    cache.clear()
    update(ready_run, size=run.size * 10)
    assert progress.expected_seconds(run) == {}


def test_an_edit_during_a_build_is_marked_and_leaves_the_build_alone(
    browser: Client, skill: Skill
) -> None:
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    assert b"Edited since this build" not in status(browser, run)
    intent = skill.intents.get(name="OrderPizza")
    browser.post(reverse("sample-create", args=[skill.slug, intent.pk]), {"text": "feed me"})
    assert b"Edited since this build" in status(browser, run)
    fresh = TrainingRun.objects.get(pk=run.pk)
    assert fresh.status == TrainingRun.Status.TRAINING
    assert "feed me" not in str(fresh.snapshot)
    assert fresh.digest == InteractionModel.from_json(fresh.snapshot).digest()


def test_the_log_tells_what_happened(browser: Client, skill: Skill) -> None:
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    run.step = "embed"
    leases.fail(run, "internal", "The <disk> is full.")
    page = status(browser, run)
    for text in (b"Requested", b"attempt 1", b"The &lt;disk&gt; is full.", b"run-log-error"):
        assert text in page
    assert [line.step for line in progress.log_lines(run)][-1] == "embed"


def test_the_place_in_the_queue(
    browser: Client, skill: Skill, bob: Any, tiny_model: InteractionModel
) -> None:
    others = create_skill(bob, name="Bob's", locale="en-US", model=tiny_model)
    runs.request_run(others)
    run, _ = runs.request_run(skill)
    assert b"1 build before this one" in status(browser, run)


def test_a_run_that_nobody_takes_says_so(browser: Client, skill: Skill) -> None:
    run, _ = runs.request_run(skill)
    assert b"No worker has taken it yet" not in status(browser, run)
    update(run, created_at=timezone.now() - timedelta(minutes=1))
    assert b"No worker has taken it yet" in status(browser, run)


def test_a_failure_is_told_with_its_reason(browser: Client, skill: Skill, address: str) -> None:
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    leases.fail(run, "not_enough_data", "The intent 'A' has no <b>sample</b>. Add one.")
    answer = status(browser, run)
    assert b"The build failed" in answer
    assert b"has no &lt;b&gt;sample&lt;/b&gt;. Add one." in answer
    assert POLLS not in answer
    assert b"Build failed" in browser.get(reverse("skill-detail", args=[skill.slug])).content
    assert b"Failed" in browser.get("/").content


def test_cancel(browser: Client, skill: Skill, address: str) -> None:
    run, _ = runs.request_run(skill)
    assert browser.post(reverse("run-cancel", args=[run.pk]))["Location"] == address
    run.refresh_from_db()
    assert run.status == TrainingRun.Status.CANCELLED
    assert b"Cancelled" in browser.get(address).content
    page = browser.post(reverse("run-cancel", args=[run.pk]), follow=True).content
    assert b"It was over already." in page


def test_changes_since_the_last_build_are_marked(
    browser: Client, skill: Skill, ready_run: TrainingRun, address: str
) -> None:
    overview = reverse("skill-detail", args=[skill.slug])
    assert b"Up to date" in browser.get(overview).content
    intent = skill.intents.get(name="OrderPizza")
    editing.add_samples(intent, ["feed me"])
    assert b"Changes since the last build" in browser.get(overview).content
    sample = intent.samples.get(text="feed me")
    editing.remove(skill, sample, editing.stamp(sample))
    assert b"Up to date" in browser.get(overview).content
    Skill.objects.filter(pk=skill.pk).update(locale="en-GB")
    assert b"Changes since the last build" in browser.get(overview).content


def test_an_edit_brings_the_mark_along(
    browser: Client, skill: Skill, ready_run: TrainingRun
) -> None:
    intent = skill.intents.get(name="OrderPizza")
    add = reverse("sample-create", args=[skill.slug, intent.pk])
    piece = browser.post(add, {"text": "feed me"}, **HTMX).content
    assert b'id="build-controls" hx-swap-oob="true"' in piece
    assert b"Changes since the last build" in piece


def test_a_build_of_the_same_is_reused(
    browser: Client, skill: Skill, ready_run: TrainingRun, address: str
) -> None:
    page = browser.post(address, follow=True).content
    assert b"Nothing has changed since that build" in page
    assert TrainingRun.objects.count() == 1


def test_history_comes_in_pages(browser: Client, skill: Skill, address: str) -> None:
    for number in range(17):
        TrainingRun.objects.create(
            skill=skill,
            snapshot={},
            digest=f"{number:064}",
            locale="en-US",
            engine_version="0",
            embeddings="en@2",
            status=TrainingRun.Status.CANCELLED,
        )
    assert browser.get(address).content.count(b"<tr>") == 16
    assert browser.get(address, {"page": 2}).content.count(b"<tr>") == 3


def test_the_heading_stops_asking_when_the_build_is_over(
    browser: Client, skill: Skill, ready_run: TrainingRun
) -> None:
    controls = reverse("build-controls", args=[skill.slug])
    assert b"hx-trigger" not in browser.get(controls, **HTMX).content
    skill.intents.get(name="OrderPizza").samples.create(text="feed me", position=9)
    runs.request_run(skill)
    assert b'hx-trigger="every 2s"' in browser.get(controls, **HTMX).content
