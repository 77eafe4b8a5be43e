"""What is kept in a cache is JSON there: whoever can write to the cache must not run code here."""

from __future__ import annotations

import json
from typing import Any


class JsonSerializer:
    """The serializer of Django's Redis cache, in the place of its own, which pickles."""

    def dumps(self, value: Any) -> bytes:
        """Return ``value`` as JSON; a number is what Redis counts on with."""
        return json.dumps(value).encode()

    def loads(self, kept: bytes) -> Any:
        """Return what was kept."""
        return json.loads(kept)
