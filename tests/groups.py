"""A pytest plugin: keeps in one process what shares something that takes long to make.

`pytest -n 2 --dist loadgroup` gives each group to one process, the largest first, and all
other tests one by one to whichever process is free.
"""

from __future__ import annotations

import pytest

FOLDERS = frozenset({"browser", "e2e"})
"""Each has one running application for all of its tests."""
MODULES = frozenset({"test_serve", "test_out_of_scope"})
"""Each has something of its own, and nothing of its folder's."""
FIXTURES = frozenset({"fruit_pair"})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Set the marker "xdist_group" before xdist reads it."""
    for item in items:
        if group := group_of(item):
            item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to run where xdist heeds no groups: all would pass, in twice the time."""
    if not getattr(session.config.option, "loadgroup", False):
        return
    lost = [item.nodeid for item in session.items if group_of(item) and "@" not in item.nodeid]
    if lost:
        raise pytest.UsageError(
            f"pytest-xdist put {len(lost):,} tests into no group, such as {lost[0]}: this version "
            "of it does not fit this version of pytest."
        )


def group_of(item: pytest.Item) -> str:
    """Return the group of ``item``; empty for a test that may go anywhere."""
    module, folder = item.path.stem, item.path.parent.name
    if module in MODULES:
        return module
    shared = FIXTURES.intersection(getattr(item, "fixturenames", ()))
    return min(shared, default=folder if folder in FOLDERS else "")
