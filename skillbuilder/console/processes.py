"""Run several programs together, as one: all of them, or none.

Each program leads a process group of its own, so a Ctrl-C reaches us alone and it is we
who stop the others, in order and to the last child.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import IO

GRACE_SECONDS = 3.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Program:
    """A command with the name that its output is shown under."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class StopSignal:
    """Notes that someone wants us to stop: Ctrl-C, SIGTERM, or the terminal was closed.

    Only a flag, to be asked in every wait: an exception out of nowhere, between a start
    and the note of it, would leave a process behind.
    """

    def __init__(self) -> None:
        self.received = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, *_: object) -> None:
        self.received = True


class Processes:
    """Programs that were started together and are stopped together."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._readers: list[Thread] = []
        self._stopping = False

    def start(self, programs: Sequence[Program]) -> None:
        """Start ``programs``; their output is said line by line, each under its name."""
        for program in programs:
            self._running[program.name] = _start(program)
        width = max(len(program.name) for program in programs)
        for name, process in self._running.items():
            reader = Thread(
                target=self._relay, args=(name.ljust(width), process.stdout), daemon=True
            )
            reader.start()
            self._readers.append(reader)

    def ended(self) -> str:
        """Return which program ended and how, or "" as long as all of them run."""
        for name, process in self._running.items():
            if (code := process.poll()) is not None:
                how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
                return f"The {name} process ended ({how})."
        return ""

    def stop(self) -> None:
        """Ask all programs to stop, and kill what is left of them after a while."""
        self._stopping = True
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        for process in self._running.values():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for reader in self._readers:
            reader.join(timeout=1.0)
        self._running.clear()

    def _relay(self, name: str, output: IO[str]) -> None:
        """Say every line of ``output`` but its farewells; never stop reading, lest it hang."""
        with output:
            for line in output:
                if not self._stopping and line.strip():
                    with suppress(OSError, ValueError):
                        self._say(f"{name} | {line.rstrip()}")


def _start(program: Program) -> subprocess.Popen[str]:
    return subprocess.Popen(
        program.command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **program.environment},
        start_new_session=True,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
    )


def _end_with_parent() -> None:
    """Have the kernel send SIGTERM to this process when its parent dies, even by SIGKILL."""
    import ctypes

    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
