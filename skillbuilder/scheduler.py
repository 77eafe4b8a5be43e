"""beat's scheduler: it begins with all that there is, and goes on when the clock is set back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery.beat import PersistentScheduler

LONG_AGO = timedelta(days=366)


class Scheduler(PersistentScheduler):
    """Celery's own waits for what it never did, and after the clock was set back does nothing.

    Where beat's file is lost, as in a new container, what is to be done every hour would wait an
    hour from each start: so at the start all is due. Doing it once more does no harm.
    """

    def setup_schedule(self) -> None:
        """Read what beat did when, and begin with all that is ours."""
        super().setup_schedule()
        for name in self.app.conf.beat_schedule:
            self.schedule[name].last_run_at = self.app.now() - LONG_AGO

    def tick(self, **how: Any) -> float:
        """Do what is due, and return after how many seconds to look again."""
        now = self.app.now()
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at > now]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            self._heap = None  # made anew from the entries
        seconds: float = super().tick(**how)
        return seconds
