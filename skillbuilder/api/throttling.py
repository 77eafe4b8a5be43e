"""How often users may call: counted in the cache, two numbers a user.

REST framework keeps the times of all calls of the last minute and reads and writes them with each:
for someone who parses all the time that is thousands.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from rest_framework.throttling import ScopedRateThrottle, SimpleRateThrottle, UserRateThrottle


class CountingThrottle(SimpleRateThrottle):
    """Counts calls by window: those of the window before count by the share that still matters.

    That is as if the calls of a window were spread evenly over it. Those that are refused do not
    count.
    """

    num_requests: int
    duration: int

    def allow_request(self, request: Any, view: Any) -> bool:
        """Return whether the user may call once more, and count the call if so."""
        self.key = self.get_cache_key(request, view) if self.rate is not None else None
        if self.key is None:
            return True
        number, self.into = divmod(self.timer(), self.duration)
        now, before = (f"{self.key}:{number - ago:.0f}" for ago in (0, 1))
        self.before = self.cache.get(before, 0)
        self.count = self._counted(now, 1) - 1
        allowed: bool = self.count + self._still() + 1 <= self.num_requests
        if not allowed:
            self._counted(now, -1)
        return allowed

    def _counted(self, key: str, more: int) -> int:
        """Count ``more`` calls in a window; return how many there are."""
        try:
            return int(self.cache.incr(key, more))
        except ValueError:
            # The first of the window; of several at once, one begins to count.
            self.cache.add(key, 0, 2 * self.duration)
            with suppress(ValueError):  # So full that it dropped it at once.
                return int(self.cache.incr(key, more))
        return more

    def _still(self) -> float:
        """Return how many calls of the window before still matter."""
        return float(self.before * (1 - self.into / self.duration))

    def wait(self) -> float:
        """Return after how many seconds a call that was refused would be allowed."""
        free = self.num_requests - 1 - self.count
        if free >= 0:
            return float(self.duration * (1 - free / self.before) - self.into)
        # Not in this window: in the next these calls are the ones before.
        share = 1 - (self.num_requests - 1) / max(1, self.count)
        return float(self.duration * (1 + share) - self.into)


class UserThrottle(UserRateThrottle, CountingThrottle):
    """Limits how many calls a user makes."""


class BuildThrottle(ScopedRateThrottle, CountingThrottle):
    """Limits how many builds a user asks for."""

    scope_attr = "build_scope"
