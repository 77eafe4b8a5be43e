"""What the tests of pages need: alice at her browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client


@pytest.fixture
def browser(browser_of: Callable[[Any], Client], alice: Any) -> Client:
    """Return alice's browser."""
    return browser_of(alice)
