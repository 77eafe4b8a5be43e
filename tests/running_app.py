"""The whole application, really running: web server, worker, scheduler, their own data folder."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from skillbuilder.console.processes import Processes

ROOT = Path(__file__).resolve().parent.parent
USER, PASSWORD = "alice", "correct horse battery"
READY_SECONDS = 120

_MAKE_USER = (
    "from django.contrib.auth import get_user_model;"
    f"get_user_model().objects.create_user({USER!r}, password={PASSWORD!r})"
)


@dataclass(frozen=True)
class RunningApp:
    """Where the application answers, and what its processes have said so far."""

    url: str
    environment: dict[str, str]
    output: list[str]

    def manage(self, *arguments: str) -> None:
        """Run a management command on the application's data."""
        subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            check=True,
            capture_output=True,
        )


def free_port() -> int:
    """Return a port of this host that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def running_app(folder: Path) -> Iterator[RunningApp]:
    """Run everything, with its data in ``folder`` and one user; all of it ends with the block."""
    # Inside, for it needs Django to be set up, which screenshots.py does only when it runs.
    from skillbuilder.console.management.commands.serve import programs

    port, output = free_port(), []
    environment = {
        "SKILLBUILDER_VAR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'skillbuilder.sqlite3'}",
        "BROKER_URL": "filesystem://",
        "OMP_NUM_THREADS": "1",
    }
    app = RunningApp(f"http://127.0.0.1:{port}", environment, output)
    app.manage("migrate", "--verbosity", "0")
    app.manage("shell", "--no-imports", "-c", _MAKE_USER)
    processes = Processes(output.append)
    ours = [
        replace(program, environment={**program.environment, **environment})
        for program in programs("127.0.0.1", port)
    ]
    try:
        processes.start(ours)
        _wait_until_ready(port, processes, output)
        yield app
    finally:
        processes.stop()


def _wait_until_ready(port: int, processes: Processes, output: list[str]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while _readiness(port) != 200:
        reason = processes.ended() or ("too slow" if time.monotonic() > deadline else "")
        if reason:
            raise RuntimeError("\n".join([f"The application did not start: {reason}", *output]))
        time.sleep(0.3)


def _readiness(port: int) -> int:
    web = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        web.request("GET", "/readyz")
        return web.getresponse().status
    except OSError:
        return 0
    finally:
        web.close()
