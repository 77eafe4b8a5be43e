"""The loss curve of a training, as a CSV file that grows."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

Report = Callable[[str], None]
"""Takes a line on how far a stage is."""


class Curve:
    """Collects losses; each line of the file is their mean since the line before."""

    def __init__(self, path: Path, done: int) -> None:
        self._path = path
        self._losses: list[float] = []
        self._started = time.process_time()
        if not done or not path.exists():
            path.write_text("step,loss,cpu_seconds\n")

    def add(self, loss: float) -> None:
        """Take the loss of one step."""
        self._losses.append(loss)

    def write(self, step: int) -> str:
        """Write a line and return it in words; seconds are those of this process."""
        loss, seconds = float(np.mean(self._losses)), time.process_time() - self._started
        self._losses.clear()
        with self._path.open("a") as file:
            file.write(f"{step},{loss:.4f},{seconds:.0f}\n")
        return f"step {step}: loss {loss:.3f}, {seconds:.0f} s"
