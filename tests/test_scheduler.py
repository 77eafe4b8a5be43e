"""What beat does while the clock jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from skillbuilder.scheduler import Scheduler

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, datetime]:
    """Return the time that beat reads; tests set it."""
    told = {"now": NOON}
    monkeypatch.setattr(Celery, "now", lambda self: told["now"])
    return told


def test_it_goes_on_after_the_clock_was_set_back(
    clock: dict[str, datetime], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Celery("clock", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"purge": {"task": "purge", "schedule": timedelta(seconds=5)}}
    sent: list[datetime] = []

    def apply_async(self: Any, entry: Any, **_: Any) -> None:
        sent.append(clock["now"])

    monkeypatch.setattr(Scheduler, "apply_async", apply_async)
    beat = Scheduler(app=app, schedule_filename=str(tmp_path / "schedule"), lazy=False)

    def ticks() -> None:
        for _ in range(10):
            clock["now"] += timedelta(seconds=1)
            beat.tick()

    try:
        ticks()
        assert len(sent) == 2
        clock["now"] = NOON - timedelta(hours=1)
        ticks()
        assert len(sent) in (3, 4)
        clock["now"] = NOON + timedelta(hours=1)
        ticks()
        assert len(sent) in (5, 6, 7)
    finally:
        beat.close()
