"""What shares something that takes long to make stays in one process; names stay short."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.groups import group_of, pytest_collection_finish
from tests.short_names import pytest_make_parametrize_id


def item(path: str, *fixtures: str, nodeid: str = "") -> Any:
    return SimpleNamespace(path=Path(path), fixturenames=fixtures, nodeid=nodeid or path)


def session(*items: Any, loadgroup: bool = True) -> Any:
    option = SimpleNamespace(loadgroup=loadgroup)
    return SimpleNamespace(config=SimpleNamespace(option=option), items=items)


def test_tests_of_one_application_or_one_training_are_a_group() -> None:
    assert group_of(item("tests/browser/test_home.py")) == "browser"
    assert group_of(item("tests/e2e/test_killed_worker.py")) == "e2e"
    assert group_of(item("tests/e2e/test_serve.py")) == "test_serve"
    assert group_of(item("tests/engine/test_parsers.py", "fruit_pair")) == "fruit_pair"
    assert group_of(item("tests/engine/test_crf.py")) == ""


def test_where_xdist_heeds_no_groups_nothing_is_run() -> None:
    lost = item("tests/browser/test_home.py")
    free = item("tests/engine/test_crf.py")
    with pytest.raises(pytest.UsageError, match="1 tests into no group"):
        pytest_collection_finish(session(lost, free))
    pytest_collection_finish(session(lost, free, loadgroup=False))
    pytest_collection_finish(
        session(item("tests/browser/test_home.py", nodeid="test_home.py::test@browser"), free)
    )


def test_long_values_are_named_by_their_beginning(request: pytest.FixtureRequest) -> None:
    long = b"\xff" * 10_000
    assert pytest_make_parametrize_id(long) == repr(long[:24]) + "... of 10000"
    assert pytest_make_parametrize_id("short") is None
    assert pytest_make_parametrize_id(10**100) is None
    assert max(len(item.nodeid) for item in request.session.items) < 400
