"""beat's scheduler, which goes on when the clock is set back."""

from __future__ import annotations

from typing import Any

from celery.beat import PersistentScheduler


class Scheduler(PersistentScheduler):
    """Celery's own does nothing, after the clock was set back, until it has caught up."""

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
