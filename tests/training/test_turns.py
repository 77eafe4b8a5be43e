"""Owners take turns, and each kind of work has a queue of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth import get_user_model

from nlu_engine.interaction_model import InteractionModel
from skillbuilder import queues
from skillbuilder.authoring.models import Skill
from skillbuilder.training import evaluations, full_tier, leases, runs, turns
from skillbuilder.training.models import TrainingRun


@pytest.fixture
def queue_runs() -> Callable[[str, int], list[TrainingRun]]:
    """Return a function that queues so many runs of skills of a user."""

    def queue(name: str, count: int) -> list[TrainingRun]:
        user = get_user_model().objects.get_or_create(username=name)[0]
        made = []
        for number in range(count):
            skill = Skill.objects.create(owner=user, name=name, slug=f"{name}-{number}")
            made.append(
                TrainingRun.objects.create(
                    skill=skill,
                    snapshot={},
                    digest="x",
                    locale="en-US",
                    engine_version="0",
                    embeddings="en@2",
                )
            )
        return made

    return queue


def test_one_build_never_waits_for_the_two_hundred_of_another_owner(
    db: None, queue_runs: Callable[[str, int], list[TrainingRun]]
) -> None:
    many = queue_runs("dora", 200)
    first = runs.claim_next()
    assert first == many[0]
    [single] = queue_runs("emil", 1)
    assert turns.builds_ahead(single) == 0
    assert turns.builds_ahead(many[1]) == 1
    assert runs.claim_next() == single
    assert runs.claim_next() == many[1]


def test_owners_take_turns_whatever_they_asked_for_first(
    db: None, queue_runs: Callable[[str, int], list[TrainingRun]]
) -> None:
    dora, emil, fred = queue_runs("dora", 3), queue_runs("emil", 2), queue_runs("fred", 1)
    taken = []
    while (run := runs.claim_next()) is not None:
        taken.append(run)
        leases.fail(run, "x", "y")
    assert taken == [dora[0], emil[0], fred[0], dora[1], emil[1], dora[2]]


def test_whoever_has_a_build_under_way_comes_after_those_who_have_none(
    db: None, queue_runs: Callable[[str, int], list[TrainingRun]]
) -> None:
    dora = queue_runs("dora", 2)
    runs.claim_next()
    TrainingRun.objects.filter(pk=dora[0].pk).update(started_at=None)
    emil = queue_runs("emil", 1)
    assert turns.in_turn(TrainingRun) == [emil[0].pk, dora[1].pk]


def test_each_kind_of_work_goes_to_its_queue() -> None:
    current_app.loader.import_default_modules()
    route = current_app.amqp.router.route
    sent = {
        task: route({}, task)["queue"].name
        for task in (runs.TRAIN_TASK, full_tier.TRAIN_TASK, evaluations.EVALUATE_TASK)
    }
    assert list(sent.values()) == [queues.QUICK, queues.FULL, queues.EVALUATE]
    assert {queue.name for queue in current_app.conf.task_queues} == set(queues.ALL)
    assert set(queues.ROUTES) <= set(current_app.tasks)


def test_a_build_is_sent_to_the_quick_queue(
    skill: Skill,
    sent_messages: Callable[[], list[Path]],
    django_capture_on_commit_callbacks: Any,
    tiny_model: InteractionModel,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        runs.request_run(skill)
    [message] = sent_messages()
    assert message.name.endswith(f".{queues.QUICK}.msg")


def test_a_build_that_takes_too_much_memory_fails_with_the_figures(
    skill: Skill, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRAINING_MEMORY_MB = 1
    monkeypatch.setattr(leases, "_in_a_child", lambda: True)
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    lease = leases.KeptLease(run)
    lease._check_memory()
    with pytest.raises(leases.MemoryExceeded, match="more than the 1 MB"):
        lease.report("train", 0.5)
