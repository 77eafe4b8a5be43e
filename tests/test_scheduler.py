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


@pytest.fixture
def sent(clock: dict[str, datetime], monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Return when beat sent a task."""
    times: list[datetime] = []

    def apply_async(self: Any, entry: Any, **_: Any) -> None:
        times.append(clock["now"])

    monkeypatch.setattr(Scheduler, "apply_async", apply_async)
    return times


def started(folder: Path, every: timedelta) -> Scheduler:
    """Return a beat with one task, and its file in ``folder``."""
    app = Celery("clock", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"purge": {"task": "purge", "schedule": every}}
    return Scheduler(app=app, schedule_filename=str(folder / "schedule"), lazy=False)


def test_all_is_due_when_it_starts_and_then_when_its_time_has_come(
    clock: dict[str, datetime], sent: list[datetime], tmp_path: Path
) -> None:
    for _ in range(2):
        beat = started(tmp_path, timedelta(hours=1))
        try:
            sent.clear()
            for minutes in (0, 1, 30, 61):
                clock["now"] = NOON + timedelta(minutes=minutes)
                beat.tick()
            assert sent == [NOON, NOON + timedelta(minutes=61)]
        finally:
            beat.close()
        clock["now"] = NOON


def test_it_goes_on_after_the_clock_was_set_back(
    clock: dict[str, datetime], sent: list[datetime], tmp_path: Path
) -> None:
    beat = started(tmp_path, timedelta(seconds=5))

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
