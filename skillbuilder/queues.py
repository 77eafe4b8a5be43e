"""The queues: a build that someone waits for never stands behind work that nobody waits for."""

from __future__ import annotations

QUICK, FULL, EVALUATE = "train-quick", "train-full", "evaluate"
UPKEEP = "skillbuilder"
"""What takes no time, such as looking for lost work: every worker does it."""

ALL = (QUICK, FULL, EVALUATE, UPKEEP)
_TASKS = "skillbuilder.training.tasks"
ROUTES = {
    f"{_TASKS}.train_run": {"queue": QUICK},
    f"{_TASKS}.train_full": {"queue": FULL},
    f"{_TASKS}.evaluate_run": {"queue": EVALUATE},
}
