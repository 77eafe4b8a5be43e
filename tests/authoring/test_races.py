"""What gets new rows while someone deletes it is a 404, as it would be a moment later."""

from __future__ import annotations

import pytest
from django.http import Http404

from skillbuilder.authoring import editing
from skillbuilder.authoring.bin import put_away
from skillbuilder.authoring.models import Intent, Skill
from skillbuilder.authoring.slot_type_views import add_values
from skillbuilder.training.runs import request_run


@pytest.fixture
def intent(skill: Skill) -> Intent:
    """Return an intent that was there when a page was asked for and is gone now."""
    intent = skill.intents.get(name="OrderPizza")
    Intent.objects.filter(pk=intent.pk).delete()
    return intent


def test_samples_of_a_deleted_intent(intent: Intent) -> None:
    with pytest.raises(Http404):
        editing.add_samples(intent, ["order it"])


def test_a_slot_of_a_deleted_intent(intent: Intent) -> None:
    with pytest.raises(Http404):
        editing.add_slot(intent, "time", "+Time")
    assert not intent.skill.slot_types.filter(name="Time").exists()


def test_values_of_a_deleted_slot_type(skill: Skill) -> None:
    slot_type = skill.slot_types.get()
    skill.slot_types.all().delete()
    with pytest.raises(Http404):
        add_values(slot_type, [("medium", [])])


def test_a_deleted_skill(skill: Skill) -> None:
    Skill.objects.filter(pk=skill.pk).delete()
    for change in (put_away, request_run):
        with pytest.raises(Http404):
            change(skill)
