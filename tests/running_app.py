"""The whole application, really running: web server, worker, scheduler, their own data folder.

The processes are those that `make run` starts.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
USER, PASSWORD = "alice", "correct horse battery"
LEASE_SECONDS = 4

_MAKE_USER = """
from django.contrib.auth.models import User
from knox.models import AuthToken
user = User.objects.create_user({name!r}, password={password!r})
print(AuthToken.objects.create(user)[1])
"""

_SHELL = """
import contextlib, io, json, sys, traceback
import django
django.setup()
from django.db import connections
for line in sys.stdin:
    printed, failed = io.StringIO(), ""
    with contextlib.redirect_stdout(printed):
        try:
            exec(json.loads(line), {})
        except Exception:
            failed = traceback.format_exc()
    connections.close_all()
    print(json.dumps([printed.getvalue(), failed]), flush=True)
"""


@dataclass
class Answer:
    """What the web server answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """Return the body, which is JSON."""
        return json.loads(self.text)


@dataclass
class RunningApp:
    """A running skillbuilder with a data folder, a database and a queue of its own.

    ``env`` is the environment of its processes; ``manage`` runs its manage.py, ``run`` some code.
    """

    var: Path
    env: dict[str, str]
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    logs: list[IO[bytes]] = field(default_factory=list)
    shell: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Return the address without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str) -> None:
        """Start "web", "beat" or "worker", in a process group of its own, its output in a file."""
        # Inside, for it needs Django to be set up, which not all who import this have done.
        from skillbuilder import queues
        from skillbuilder.console.management.commands.serve import programs, worker

        # One worker for all queues comes up sooner than one for each.
        all_in_one = worker("worker", queues.QUICK, queues.FULL, queues.EVALUATE)
        served = [*programs("127.0.0.1", self.port), all_in_one]
        [program] = [one for one in served if one.name == name]
        log = (self.var / f"{name}.log").open("ab")
        self.logs.append(log)
        self.processes[name] = subprocess.Popen(
            program.command,
            cwd=ROOT,
            env={**program.environment, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def start_worker(self) -> None:
        """Start a worker and wait until it takes work."""
        self.start("worker")
        self.wait(lambda: self.request("GET", "/readyz").status == 200, "the worker", seconds=240)

    def kill(self, name: str) -> None:
        """Kill a process and all its children at once, as a power cut would."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End everything."""
        for name in list(self.processes):
            self.kill(name)
        if self.shell:
            self.shell.communicate()
        for log in self.logs:
            log.close()

    def wait(
        self, done: Callable[[], bool], what: str, seconds: float = 60, every: float = 0.2
    ) -> None:
        """Wait until ``done``; fails with the logs when it takes too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(OSError, http.client.HTTPException):
                if done():
                    return
            time.sleep(every)
        raise AssertionError(f"waited {seconds} seconds for {what}\n{self.log_tails()}")

    def log_tails(self) -> str:
        """Return the last lines of all logs."""
        tails = [
            f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-25:])
            for path in sorted(self.var.glob("*.log"))
        ]
        return "\n".join(tails)

    def manage(self, *arguments: str) -> str:
        """Run manage.py and return what it printed."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, code: str) -> str:
        """Run Python in a process that has Django set up and return what it printed.

        One process for all of it: each would take seconds to start.
        """
        shell = self.shell = self.shell or self._start_shell()
        assert shell.stdin and shell.stdout
        shell.stdin.write(json.dumps(code) + "\n")
        shell.stdin.flush()
        printed, failed = json.loads(shell.stdout.readline())
        assert not failed, failed
        return str(printed)

    def _start_shell(self) -> subprocess.Popen[str]:
        log = (self.var / "shell.log").open("ab")
        self.logs.append(log)
        return subprocess.Popen(
            [sys.executable, "-c", _SHELL],
            cwd=ROOT,
            env={"DJANGO_SETTINGS_MODULE": "skillbuilder.settings", **self.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    def make_user(self, name: str) -> str:
        """Make a user with PASSWORD and return an API token of theirs."""
        return self.run(_MAKE_USER.format(name=name, password=PASSWORD)).strip()

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request over HTTP; bytes are sent as they are, an iterator in chunks."""
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Token {token}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            if isinstance(body, dict | list):
                body = json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            path = path.removeprefix(self.url)
            connection.request(method, path, body, sent, encode_chunked=iterates(body))
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read().decode())
        finally:
            connection.close()

    def finished_run(self, address: str, token: str, seconds: float = 120) -> Any:
        """Wait until the run at ``address`` is over and return it."""
        run: Any = {}

        def over() -> bool:
            run.update(self.request("GET", address, token=token).json)
            return run["status"] not in ("queued", "training")

        self.wait(over, f"the run {address}", seconds)
        return run


def iterates(body: Any) -> bool:
    """Return whether ``body`` has no length of its own and is sent in chunks."""
    return body is not None and not isinstance(body, bytes | str)


def free_port() -> int:
    """Return a port that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def own_database(url: str) -> Iterator[str]:
    """Make a database beside the one that ``url`` names; without a URL, SQLite it is."""
    if not url:
        yield ""
        return
    name = f"skillbuilder_e2e_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def environment(var: Path, database_url: str) -> dict[str, str]:
    """Return the environment of a system in ``var`` that notices lost workers soon."""
    unset = ("BROKER_URL", "ARTIFACT_ROOT", "ALLOWED_HOSTS", "DATABASE_URL", "STATIC_ROOT")
    env = {name: value for name, value in os.environ.items() if name not in unset}
    env |= {
        "SKILLBUILDER_VAR": str(var),
        "TRAINING_LEASE_SECONDS": str(LEASE_SECONDS),
        "REAP_SECONDS": "1",
        "OMP_NUM_THREADS": "1",
        # A worker that is shared has no time for them.
        "QUALITY_AFTER_BUILD": "0",
        "BUILD_FULL_TIER": "0",
    }
    return env | ({"DATABASE_URL": database_url} if database_url else {})


@contextmanager
def running_app(folder: Path, **env: str) -> Iterator[RunningApp]:
    """Run everything, with its data in ``folder`` and one user; all of it ends with the block.

    The database is SQLite, that of an earlier run if ``folder`` holds one, or a new one beside the
    one that DATABASE_URL names. ``env`` is added to the environment.
    """
    is_new = not list(folder.glob("*.sqlite3"))
    with own_database(os.environ.get("DATABASE_URL", "")) as url:
        app = RunningApp(folder, environment(folder, url) | env, free_port())
        try:
            app.manage("migrate", "-v", "0")
            if is_new:
                app.make_user(USER)
            app.start("web")
            app.start("beat")
            app.start_worker()
            yield app
        finally:
            app.stop()
