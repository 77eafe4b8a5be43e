"""Break a running application in many ways, and print the table of what it survived.

    python -m benchmarks.faults [--broker redis] [--only disk_full ...]

Starts web server, worker and beat with a data folder of their own: on SQLite and the queue of
files, or on a database beside the one that DATABASE_URL names, and with a redis-server (Debian's
package of that name) as the broker. After each fault the build has to end as it should, the skill
has to have parsed all the while with what it had before, and no half artifact may be left.
Exits with 1 if something was not survived.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.running_app import LEASE_SECONDS, RunningApp, free_port, running_app

MOST_SECONDS = 300
SIMULTANEOUS = 200
UTTERANCE = {"utterance": "bring me something huge"}


@dataclass
class Outcome:
    """What came of one fault."""

    fault: str
    survived: bool
    seconds: float
    told: str


@dataclass
class Trial:
    """A skill of a running application that was built once, and something that breaks."""

    app: RunningApp
    token: str
    skill: str
    broker: Broker | None
    seed: int = 0
    unanswered: list[str] = field(default_factory=list)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer to a request of the skill's owner."""
        return self.app.request(method, path, body, token=self.token)

    def build(self) -> str:
        """Ask for a build that there was none of yet; return the address of its run."""
        self.seed += 1
        answer = self.request("POST", f"{self.skill}/training-runs", {"seed": self.seed})
        assert answer.status == 202, answer.text
        return str(answer.headers["Location"])

    def run(self, address: str) -> Any:
        """Return the run at ``address``."""
        return self.request("GET", address).json

    def trained(self) -> str:
        """Return the address of a new run that is being trained."""
        address = self.build()
        self.app.wait(lambda: self.run(address)["step"] == "train", "the training", MOST_SECONDS)
        return address

    def ended(self, address: str) -> Any:
        """Return the run at ``address`` once it is over."""
        return self.app.finished_run(address, self.token, MOST_SECONDS)

    @contextmanager
    def parsing(self) -> Iterator[None]:
        """Parse twice a second during the block; note what was not answered."""
        over = threading.Event()

        def parse() -> None:
            while not over.wait(0.5):
                answer = self.request("POST", f"{self.skill}/parse", UTTERANCE)
                if answer.status != 200:
                    self.unanswered.append(f"{answer.status} {answer.text[:80]}")

        thread = threading.Thread(target=parse)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def child(self) -> int:
        """Return the id of the worker's child that trains."""
        parent = self.app.processes["worker"].pid
        children = subprocess.run(
            ["pgrep", "-P", str(parent)], capture_output=True, text=True, check=True
        )
        return max(map(int, children.stdout.split()), key=_torch_bytes)

    def leftovers(self) -> list[str]:
        """Return what lies among the artifacts and is not whole."""
        return [path.name for path in (self.app.var / "artifacts" / "runs").glob(".*")]


def _torch_bytes(pid: int) -> int:
    try:
        return Path(f"/proc/{pid}/maps").read_text().count("libtorch")
    except OSError:
        return 0


class Broker:
    """A redis-server of our own, which can be killed and started again."""

    def __init__(self) -> None:
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        """Return its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, with nothing kept from before."""
        command = ["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir()
        )

    def kill(self) -> None:
        """Kill it at once."""
        self.process.kill()
        self.process.wait()


# --- The faults: each returns what it saw, and raises AssertionError if it was not survived ------


def child_killed(trial: Trial) -> str:
    """kill -9 of the child that trains"""
    address = trial.trained()
    os.kill(trial.child(), signal.SIGKILL)
    return _finished_again(trial, address)


def worker_killed(trial: Trial) -> str:
    """kill -9 of the whole worker, its messages lost"""
    address = trial.trained()
    trial.app.kill("worker")
    for message in (trial.app.var / "broker").glob("*/*.msg"):
        message.unlink(missing_ok=True)
    trial.app.start_worker()
    return _finished_again(trial, address)


def _finished_again(trial: Trial, address: str) -> str:
    run = trial.ended(address)
    assert (run["status"], run["attempts"]) == ("ready", 2), run
    return "ready at the second attempt"


def broker_killed(trial: Trial) -> str:
    """kill -9 of the broker, all its messages lost"""
    if trial.broker is None:
        return "not tried: a queue of files has no process"
    training = trial.trained()
    trial.broker.kill()
    time.sleep(2)
    trial.broker.start()
    assert trial.ended(training)["status"] == "ready"
    assert trial.ended(trial.build())["status"] == "ready"
    return "the build went on, the next one was taken"


def cancelled(trial: Trial) -> str:
    """a build is cancelled while it trains"""
    address = trial.trained()
    trial.request("POST", f"{address}/cancel")
    started = time.monotonic()
    after = trial.build()
    trial.app.wait(lambda: trial.run(after)["status"] != "queued", "the next build", 60)
    seconds = time.monotonic() - started
    assert trial.run(address)["status"] == "cancelled"
    assert trial.ended(after)["status"] == "ready"
    return f"its child took the next build after {seconds:.1f} s"


def doubled(trial: Trial) -> str:
    """every message comes twenty times, in another order"""
    address = trial.build()
    run = trial.run(address)["id"]
    code = (
        "import random, uuid\n"
        "from skillbuilder.training import runs\n"
        f"ids = [uuid.UUID('{run}')] * 20 + [uuid.uuid4() for _ in range(20)]\n"
        "random.shuffle(ids)\n"
        "[runs.send(one) for one in ids]\n"
    )
    trial.app.manage("shell", "-v", "0", "-c", code)
    done = trial.ended(address)
    assert (done["status"], done["attempts"]) == ("ready", 1), done
    return "trained once"


def many_requests(trial: Trial) -> str:
    """two hundred build requests of one skill at once"""
    trial.seed += 1
    body = {"seed": trial.seed}

    def ask(_: int) -> Any:
        return trial.request("POST", f"{trial.skill}/training-runs", body)

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(ask, range(SIMULTANEOUS)))
    states = {answer.status for answer in answers}
    assert states == {202}, states
    addresses = {answer.headers["Location"] for answer in answers}
    assert len(addresses) == 1, addresses
    done = trial.ended(addresses.pop())
    assert (done["status"], done["attempts"]) == ("ready", 1), done
    return "one run, trained once"


def disk_full(trial: Trial) -> str:
    """the disk is full while the artifact is written"""
    if os.geteuid() != 0:
        return "not tried: only root may mount a small disk"
    folder = trial.app.var / "artifacts" / "runs"
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    size = sum(path.stat().st_size for path in kept.rglob("*")) + 150_000
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        run = trial.ended(trial.build())
        left = trial.leftovers()
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)
        shutil.rmtree(kept)
    assert (run["status"], run["error"]["code"]) == ("failed", "disk_full"), run
    assert left == [], left
    assert trial.ended(trial.build())["status"] == "ready"
    return "the build failed and said why; the next one, with room, is ready"


FAULTS: tuple[Callable[[Trial], str], ...] = (
    child_killed,
    worker_killed,
    broker_killed,
    cancelled,
    doubled,
    many_requests,
    disk_full,
)


def survive(trial: Trial, fault: Callable[[Trial], str]) -> Outcome:
    """Return what came of a fault, parsing all the while."""
    started = time.monotonic()
    trial.unanswered.clear()
    try:
        with trial.parsing():
            told, survived = fault(trial), True
        if trial.unanswered:
            told, survived = f"{len(trial.unanswered)} parses failed: {trial.unanswered[0]}", False
    except AssertionError as error:
        told, survived = str(error)[:200].replace("\n", " "), False
    return Outcome(fault.__doc__ or "", survived, time.monotonic() - started, told)


def prepared(app: RunningApp, broker: Broker | None) -> Trial:
    """Return a trial of a new skill that was built once."""
    # Inside, for it needs Django to be set up.
    from tests.conftest import make_tiny_document

    token = app.make_user("breaker")
    made = app.request("POST", "/api/v1/skills", {"name": "Tiny kitchen"}, token=token)
    trial = Trial(app, token, f"/api/v1/skills/{made.json['slug']}", broker)
    put = trial.request("PUT", f"{trial.skill}/interaction-model", make_tiny_document())
    assert put.status == 200, put.text
    assert trial.ended(trial.build())["status"] == "ready", app.log_tails()
    return trial


def table(outcomes: list[Outcome], where: str) -> str:
    """Return the outcomes as a table in Markdown."""
    rows = [
        f"| {one.fault} | {'yes' if one.survived else 'NO'} | {one.seconds:.0f} s | {one.told} |"
        for one in outcomes
    ]
    head = [
        f"Lease: {LEASE_SECONDS} s. {where}",
        "",
        "| fault | survived | took | what came of it |",
    ]
    return "\n".join([*head, "|---|---|---|---|", *rows])


def main() -> int:
    """Break what can be broken, print the table; return 1 if anything was not survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", choices=["files", "redis"], default="files")
    parser.add_argument("--only", nargs="*", default=[], help="names of faults")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skillbuilder.settings")
    import django

    django.setup()
    broker = Broker() if options.broker == "redis" else None
    os.environ["API_BUILD_RATE"] = os.environ["API_RATE"] = "100000/min"
    outcomes = []
    env = {"BROKER_URL": broker.url} if broker else {}
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            running_app(Path(folder), **env) as app,
        ):
            trial = prepared(app, broker)
            for fault in FAULTS:
                if not options.only or fault.__name__ in options.only:
                    outcomes.append(survive(trial, fault))
                    print(outcomes[-1], file=sys.stderr, flush=True)
    finally:
        if broker:
            broker.kill()
    database = "Postgres" if os.environ.get("DATABASE_URL") else "SQLite"
    print(table(outcomes, f"Database: {database}. Broker: {options.broker}."))
    return 0 if all(one.survived for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
