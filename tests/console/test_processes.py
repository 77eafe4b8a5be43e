"""Programs that run together stop together, down to the last grandchild."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from skillbuilder.console import processes as module
from skillbuilder.console.processes import Processes, Program

# Prints its own id and that of a child of its own, then waits for ever.
PARENT_OF_ONE = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("ids", os.getpid(), child.pid, flush=True)
time.sleep(600)
"""
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{PARENT_OF_ONE}"


def python(name, code):
    return Program(name, [sys.executable, "-c", code])


def until(found, seconds=20.0):
    """Return what ``found`` returns as soon as that is something."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return result


def alive(pid):
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    return False


def ids_in(said):
    return [int(word) for line in list(said) if "ids" in line for word in line.split()[-2:]]


@pytest.fixture
def said():
    return []


@pytest.fixture
def processes(said):
    running = Processes(said.append)
    yield running
    running.stop()


def test_every_line_carries_the_name_of_its_program(processes, said):
    processes.start([python("web", "print('hello')"), python("worker", "print('there\\n\\nyou')")])
    until(lambda: len(said) == 3)

    assert sorted(said) == ["web    | hello", "worker | there", "worker | you"]


def test_all_run_until_one_ends_and_the_reason_is_told(processes):
    processes.start([python("web", "input()"), python("beat", "import time; time.sleep(600)")])

    # Nobody can type: there is no standard input.
    assert until(processes.ended) == "The web process ended (exit code 1)."


def test_a_killed_program_is_named_with_its_signal(processes, said):
    processes.start([python("worker", PARENT_OF_ONE)])
    leader, _ = until(lambda: ids_in(said))
    assert processes.ended() == ""
    os.kill(leader, signal.SIGKILL)

    assert until(processes.ended) == "The worker process ended (signal SIGKILL)."


@pytest.mark.parametrize("code", [PARENT_OF_ONE, DEAF], ids=["obeys", "ignores SIGTERM"])
def test_stop_leaves_no_process_behind(processes, said, monkeypatch, code):
    monkeypatch.setattr(module, "GRACE_SECONDS", 1.0)
    processes.start([python("one", code), python("two", code)])
    ids = until(lambda: len(ids_in(said)) == 4 and ids_in(said))
    assert all(alive(pid) for pid in ids)

    processes.stop()

    until(lambda: not any(alive(pid) for pid in ids))


def test_programs_end_when_their_supervisor_is_killed():
    code = f"""
import time
from skillbuilder.console.processes import Processes, Program
processes = Processes(lambda text: print(text, flush=True))
processes.start([Program("one", [{sys.executable!r}, "-c", {PARENT_OF_ONE!r}])])
time.sleep(600)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as killed:
        leader, grandchild = ids_in([killed.stdout.readline()])
        killed.kill()
    try:
        until(lambda: not alive(leader))
    finally:
        with suppress(ProcessLookupError):
            os.kill(grandchild, signal.SIGKILL)
