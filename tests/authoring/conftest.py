"""What the tests of pages need: alice at her browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from skillbuilder.authoring.models import Intent, Skill, SlotType


@pytest.fixture
def browser(browser_of: Callable[[Any], Client], alice: Any) -> Client:
    """Return alice's browser."""
    return browser_of(alice)


@pytest.fixture
def intent(skill: Skill) -> Intent:
    """Return the intent OrderPizza of the tiny skill."""
    return skill.intents.get(name="OrderPizza")


@pytest.fixture
def slot_type(skill: Skill) -> SlotType:
    """Return the slot type Size of the tiny skill."""
    return skill.slot_types.get(name="Size")
