"""What a process keeps loaded of trained skills: what was used last, up to a number of bytes."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Fill:
    """How full a cache is: what it holds, and of how many bytes."""

    count: int
    used: int


class ParserCache(Generic[T]):
    """What was loaded last of runs, each once however many threads ask for it at once.

    ``limit``: the bytes that all of it may have, by ``size_of``; what was asked for last is kept
    even if it alone has more. ``watch`` is told how full the cache is whenever that changes.
    """

    def __init__(
        self,
        limit: int,
        size_of: Callable[[T], int],
        watch: Callable[[Fill, int], None] = lambda fill, evicted: None,
    ) -> None:
        self.limit = limit
        self._size_of = size_of
        self._watch = watch
        self._kept: OrderedDict[uuid.UUID, tuple[T, int]] = OrderedDict()
        self._loading: dict[uuid.UUID, Future[T]] = {}
        self._used = 0
        self._lock = threading.Lock()

    def __contains__(self, run_id: uuid.UUID) -> bool:
        return run_id in self._kept

    def get(self, run_id: uuid.UUID, load: Callable[[], T]) -> T:
        """Return what is kept of ``run_id``, by ``load`` if it is not here.

        Whoever asks while it is being loaded waits for that, and shares what ``load`` raised;
        who asks for another run does not wait.
        """
        with self._lock:
            if run_id in self._kept:
                self._kept.move_to_end(run_id)
                return self._kept[run_id][0]
            others = self._loading.get(run_id)
            if others is None:
                ours = self._loading[run_id] = Future()
        return others.result() if others else self._loaded(run_id, load, ours)

    def _loaded(self, run_id: uuid.UUID, load: Callable[[], T], told: Future[T]) -> T:
        try:
            value = load()
        except BaseException as error:
            with self._lock:
                self._loading.pop(run_id, None)
            told.set_exception(error)
            raise
        self._keep(run_id, value)
        told.set_result(value)
        return value

    def _keep(self, run_id: uuid.UUID, value: T) -> None:
        size, evicted = self._size_of(value), 0
        with self._lock:
            self._loading.pop(run_id, None)
            self._kept[run_id] = (value, size)
            self._used += size
            while self._used > self.limit and len(self._kept) > 1:
                self._used -= self._kept.popitem(last=False)[1][1]
                evicted += 1
            self._watch(Fill(len(self._kept), self._used), evicted)

    @property
    def fill(self) -> Fill:
        """How full the cache is."""
        with self._lock:
            return Fill(len(self._kept), self._used)

    def forget(self, run_id: uuid.UUID) -> None:
        """Forget what is kept of ``run_id``."""
        with self._lock:
            self._used -= self._kept.pop(run_id, (None, 0))[1]
            self._watch(Fill(len(self._kept), self._used), 0)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._used = 0
            self._watch(Fill(0, 0), 0)
