"""What parsing costs a web process: measured as it happens, for /metrics and the page of the staff.

With PROMETHEUS_MULTIPROC_DIR set, as ``web_server`` does, the figures are of all processes of a
web server; without it, of this one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from skillbuilder.training.parser_cache import Fill

COLD, WARM = "cold", "warm"
_SECONDS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.25, 1.0)

PARSES = Histogram(
    "skillbuilder_parse_seconds",
    "Parsing an utterance with both parsers; cold: the skill had to be loaded first.",
    ["state"],
    buckets=_SECONDS,
)
LOADS = Histogram(
    "skillbuilder_skill_load_seconds", "Loading a skill from its artifact.", buckets=_SECONDS
)
EVICTED = Counter("skillbuilder_skills_evicted", "Skills that gave way to others in memory.")
LOADED = Gauge("skillbuilder_skills_loaded", "Skills in memory.", multiprocess_mode="livesum")
USED = Gauge(
    "skillbuilder_skills_loaded_bytes", "Their memory, reckoned.", multiprocess_mode="livesum"
)
LIMIT = Gauge(
    "skillbuilder_skills_loaded_limit_bytes",
    "The memory that they may have.",
    multiprocess_mode="livesum",
)


def watch(fill: Fill, evicted: int) -> None:
    """Take down how full the cache of parsers is, and how many skills just gave way."""
    LOADED.set(fill.count)
    USED.set(fill.used)
    EVICTED.inc(evicted)


@contextmanager
def parsing(state: str) -> Iterator[None]:
    """Take down how long an utterance took, COLD or WARM, unless it was refused."""
    started = perf_counter()
    yield
    PARSES.labels(state).observe(perf_counter() - started)


def registry() -> CollectorRegistry:
    """Return the metrics of all processes of this web server."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    ours = CollectorRegistry()
    MultiProcessCollector(ours)
    return ours


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(registry())


@dataclass(frozen=True)
class Timing:
    """How many parses there were of a kind, their mean in milliseconds, the share in time."""

    count: int
    mean_ms: float
    within: float

    @classmethod
    def of(cls, found: CollectorRegistry, state: str, target: float) -> Timing:
        """Read the parses of ``state``; ``target``: the seconds that count as in time, a bucket."""
        name = "skillbuilder_parse_seconds"
        count = found.get_sample_value(f"{name}_count", {"state": state}) or 0.0
        seconds = found.get_sample_value(f"{name}_sum", {"state": state}) or 0.0
        labels = {"state": state, "le": str(target)}
        within = found.get_sample_value(f"{name}_bucket", labels) or 0.0
        share = within / count if count else 0.0
        return cls(int(count), 1000 * seconds / count if count else 0.0, share)


@dataclass(frozen=True)
class Status:
    """How this web server serves skills since it was started."""

    loaded: int
    used: int
    limit: int
    evicted: int
    warm: Timing
    cold: Timing

    @property
    def parses(self) -> int:
        """How many utterances were parsed."""
        return self.warm.count + self.cold.count

    @property
    def hit_rate(self) -> float:
        """The share of parses whose skill was in memory, in [0, 1]."""
        return self.warm.count / self.parses if self.parses else 0.0


WARM_TARGET, COLD_TARGET = 0.025, 0.06
"""Seconds within which a parse is in time."""


def status() -> Status:
    """Return how this web server serves skills."""
    found = registry()

    def value(name: str) -> int:
        return int(found.get_sample_value(f"skillbuilder_skills_{name}") or 0)

    return Status(
        loaded=value("loaded"),
        used=value("loaded_bytes"),
        limit=value("loaded_limit_bytes"),
        evicted=value("evicted_total"),
        warm=Timing.of(found, WARM, WARM_TARGET),
        cold=Timing.of(found, COLD, COLD_TARGET),
    )
