"""How gunicorn serves: ``gunicorn --config python:skillbuilder.web_server skillbuilder.wsgi``.

Options of the command line go before these.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

worker_class = "gthread"
threads = 8
# Its default lies in the folder of the user that it runs as, who may have none.
control_socket_disable = True

# Where the processes leave their metrics, so that any of them can tell those of all.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="skillbuilder-metrics-")


def child_exit(server: Any, worker: Any) -> None:
    """Count what a process that ended had in memory no longer."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Leave no folder behind."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
