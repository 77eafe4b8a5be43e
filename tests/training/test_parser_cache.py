"""What a process keeps loaded: bounded by bytes, each run loaded once, nobody held up."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest

from skillbuilder.training.parser_cache import Fill, ParserCache

A, B, C = (uuid.UUID(int=number) for number in range(3))


def of_size(limit: int) -> ParserCache[int]:
    """Return a cache of numbers, each as big as it says."""
    return ParserCache(limit, lambda value: value)


def test_one_load_serves_all_who_ask_meanwhile() -> None:
    cache, loads, gate = of_size(10), [], threading.Event()
    found: list[int] = []

    def load() -> int:
        loads.append(1)
        assert gate.wait(10)
        return 4

    threads = [threading.Thread(target=lambda: found.append(cache.get(A, load))) for _ in range(8)]
    for thread in threads:
        thread.start()
    # While A is still being loaded, B is nobody's to wait for.
    assert cache.get(B, lambda: 5) == 5
    gate.set()
    for thread in threads:
        thread.join()
    assert (loads, found) == ([1], [4] * 8)


def test_the_bytes_are_bounded_and_the_longest_unused_goes_first() -> None:
    told: list[tuple[Fill, int]] = []
    cache: ParserCache[int] = ParserCache(10, lambda value: value, lambda *what: told.append(what))
    for key in (A, B):
        cache.get(key, lambda: 5)
    cache.get(A, lambda: pytest.fail("A is kept"))
    cache.get(C, lambda: 5)
    assert (A in cache, B in cache, C in cache) == (True, False, True)
    assert cache.fill == Fill(2, 10)
    assert told[-1] == (Fill(2, 10), 1)


def test_what_is_larger_than_the_limit_is_kept_until_the_next() -> None:
    cache = of_size(10)
    cache.get(A, lambda: 3)
    cache.get(B, lambda: 50)
    assert cache.fill == Fill(1, 50)
    cache.get(C, lambda: 2)
    assert cache.fill == Fill(1, 2)


def test_whoever_waits_for_a_load_that_fails_is_told_and_the_next_tries_again() -> None:
    cache, gate, waits = of_size(10), threading.Event(), threading.Event()
    loads: list[int] = []
    errors: list[Any] = []

    def fail() -> int:
        loads.append(1)
        waits.set()
        assert gate.wait(10)
        raise OSError("gone")

    def ask() -> None:
        try:
            cache.get(A, fail)
        except OSError as error:
            errors.append(str(error))

    first = threading.Thread(target=ask)
    first.start()
    assert waits.wait(10)
    second = threading.Thread(target=ask)
    second.start()
    gate.set()
    first.join()
    second.join()
    assert errors == ["gone", "gone"]
    assert len(loads) <= 2
    assert cache.get(A, lambda: 7) == 7


def test_forgetting_gives_the_bytes_back() -> None:
    cache = of_size(10)
    cache.get(A, lambda: 3)
    cache.get(B, lambda: 4)
    cache.forget(A)
    cache.forget(C)
    assert cache.fill == Fill(1, 4)
    cache.clear()
    assert cache.fill == Fill(0, 0)
