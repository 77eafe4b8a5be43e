"""The steps of a build: which is under way, how long each took, and how long it usually takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

from skillbuilder.training.leases import KeptLease
from skillbuilder.training.models import Build, BuildLogLine, TrainingRun

STEPS = {
    "validate": "Validate",
    "embed": "Embed",
    "train": "Train",
    "calibrate": "Calibrate",
    "evaluate": "Evaluate",
    "publish": "Publish",
}
"""The steps in their order, with their titles."""
MOST_COMPARED = 20
"""Past builds of about the same size that the expected times come from."""
KEPT_SECONDS = 30
MOST_LINES = 200
"""Lines that are shown of the log of a build."""


class StepReport:
    """Writes down which step of a claimed build is under way, and how long each of them took."""

    def __init__(self, work: Build, lease: KeptLease) -> None:
        self._work, self._lease = work, lease
        self._begun = time.monotonic()
        work.steps, work.step = {}, ""

    def __call__(self, step: str, progress: float) -> None:
        """Note that ``step`` is under way and the share of the whole that is done, 0 to 1.

        Raises TrainingCancelled when the run is no longer ours.
        """
        is_new = step != self._work.step
        if is_new:
            self.end_step()
            self._work.steps[step] = {"at": timezone.now().isoformat()}
        self._lease.report(step, progress, now=is_new)

    def end_step(self) -> None:
        """Note how long the step took that is under way, if one is."""
        if self._work.step in self._work.steps:
            seconds = round(time.monotonic() - self._begun, 2)
            self._work.steps[self._work.step]["seconds"] = seconds
        self._begun = time.monotonic()

    def note(self, text: str) -> None:
        """Write a line about the step to the log of the build."""
        with self._lease.uninterrupted():
            self._work.note(text)


@dataclass(frozen=True)
class StepState:
    """One step of a build: "waiting", "active", "done" or "failed"; times in seconds."""

    name: str
    state: str
    seconds: float | None
    expected_seconds: float | None

    @property
    def title(self) -> str:
        """Return the step as pages name it."""
        return STEPS[self.name]


def step_states(work: Build) -> list[StepState]:
    """Return where each step of ``work`` stands."""
    return list(_states(work, expected_seconds(work)))


def _states(work: Build, expected: dict[str, float]) -> Iterator[StepState]:
    for name in STEPS:
        noted = work.steps.get(name, {})
        if "seconds" in noted:
            yield StepState(name, "done", noted["seconds"], expected.get(name))
        elif name == work.step and work.status == work.WORKING:
            yield StepState(name, "active", _since(noted), expected.get(name))
        elif name == work.step and work.status == "failed":
            yield StepState(name, "failed", None, expected.get(name))
        else:
            yield StepState(name, "waiting", None, expected.get(name))


def _since(noted: dict[str, str]) -> float | None:
    if "at" not in noted:
        return None
    # The clock of another host, or one that jumped, may be ahead of ours.
    passed = timezone.now() - datetime.fromisoformat(noted["at"])
    return round(max(0.0, passed.total_seconds()), 1)


def expected_seconds(work: Build) -> dict[str, float]:
    """Return how long each step of a build of the size of ``work`` took lately, as a median.

    Sizes are about the same within a factor of two; empty where there was none yet.
    """
    name = type(work).__name__
    bucket = work.size.bit_length()
    key = f"step-seconds:{name}:{bucket}"
    found: dict[str, float] | None = cache.get(key)
    if found is None:
        found = _medians(type(work), bucket)
        cache.set(key, found, KEPT_SECONDS)
    return found


def _medians(model: type[Build], bucket: int) -> dict[str, float]:
    least = 1 << bucket >> 1
    alike = model._default_manager.filter(status="ready", size__gte=least, size__lt=1 << bucket)
    steps = alike.exclude(steps={}).order_by("-finished_at").values_list("steps", flat=True)
    known = list(steps[:MOST_COMPARED])
    return {
        name: round(statistics.median(seconds), 1)
        for name in STEPS
        if (seconds := [one[name]["seconds"] for one in known if "seconds" in one.get(name, {})])
    }


def log_lines(run: TrainingRun) -> list[BuildLogLine]:
    """Return the newest lines of the log of ``run``, oldest first."""
    return list(run.log.order_by("-pk")[:MOST_LINES])[::-1]
