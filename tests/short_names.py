"""A pytest plugin: tests are named by the beginning of what they are given, not by 10 MB of it."""

from __future__ import annotations

LONGEST = 80


def pytest_make_parametrize_id(val: object) -> str | None:
    """Return the name of a long text or body; None leaves it to pytest."""
    if isinstance(val, str | bytes) and len(val) > LONGEST:
        return f"{ascii(val[:24])}... of {len(val)}"
    return None
