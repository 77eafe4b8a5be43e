"""How gunicorn serves: ``gunicorn --config python:skillbuilder.web_server skillbuilder.wsgi``.

Options of the command line go before these.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from typing import Any

worker_class = "gthread"
threads = 8
# Its default lies in the folder of the user that it runs as, who may have none.
control_socket_disable = True
SWITCH_SECONDS = 0.0005
"""For so long a thread keeps the interpreter that another one waits for. Python itself says 0.005:
so long would a parse wait after each query and each read while a skill is being loaded."""

# Where the processes leave their metrics, so that any of them can tell those of all.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="skillbuilder-metrics-")


def post_worker_init(worker: Any) -> None:
    """Let no parse wait for long: for other threads, or for Python to look for garbage.

    Loaded skills are a quarter of a million objects, and every hundred or two that are loaded made
    it look through all, for half a second. What is there from the start is never looked at again,
    the rest so seldom that an hour has a few such moments. New garbage is found as always.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], 1_000)


def child_exit(server: Any, worker: Any) -> None:
    """Count what a process that ended had in memory no longer."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Leave no folder behind."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
