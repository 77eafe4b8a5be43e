"""Break a running application in many ways, and print the table of what it survived.

    python -m benchmarks.faults [--databases sqlite postgres] [--brokers files redis rabbitmq]
                                [--only disk_full ...] [--docs]

For each database and each broker web server, worker and beat are started with a data folder of
their own, on servers of our own that can be killed (benchmarks/services.py). While something is
broken, the skill is parsed twice a second with what it had before. After each fault the build has
to end as it should, no parse may have failed, every artifact that can be seen has to be whole, and
a run whose worker is gone has to be in the queue again when its lease has run out. The clock is
that of all processes, Postgres too: clock.c, which cc compiles, is preloaded to set it. ``--docs``
keeps the results in docs/faults.json and writes the table of docs/faults.md anew.
Exits with 1 if something was not survived.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.accuracy import ROOT, with_table
from benchmarks.services import BROKERS, Postgres, Service
from benchmarks.throughput import document
from nlu_engine.artifact import read_artifact
from tests.running_app import LEASE_SECONDS, RunningApp, running_app

RESULTS, REPORT = ROOT / "docs" / "faults.json", ROOT / "docs" / "faults.md"
CLOCK = Path(__file__).with_name("clock.c")
"""Debian's libfaketime lets Python's time.sleep fail where monotonic clocks are left alone."""
SQLITE, POSTGRES, FILES = "sqlite", "postgres", "files"
DATABASES = (SQLITE, POSTGRES)
MOST_SECONDS = 300
SLACK_SECONDS = 30
"""How much later than its lease says a run may be found: what looks is a task of a worker, whose
child may have to start first."""
SIMULTANEOUS = 200
STEPS = ("validate", "embed", "train", "calibrate", "evaluate", "publish")
CANCELLED_AT = (0.0, 0.3, 0.7)
"""Shares of what a step usually takes, after which a build is cancelled in it."""
CANCELLED_SAMPLES = 200
MOST_MISSED = 20
"""So often a step may be over before it can be cancelled."""
SHORTER = 0.8
"""So much shorter are steps taken to be after each of these."""
ALMOST = 0.7
"""Of the step before it: so much of that goes on without a look."""
SLICE_SHARE, SLICE_SECONDS = 0.05, (0.0015, 0.25)
"""Then a build goes on for so much of the step between two looks which step it is in, and for so
long at least and at most."""
STOPPED_SECONDS = 0.3
LOOK_SECONDS = 0.02
OVER = "over"
ENDED = "stopped its work"
"""In the last line of the log of a cancelled build, which its worker writes."""
AWAY_SECONDS = 1.0
HEEDED_SECONDS = 2.0
"""From the request to cancel a build until its worker has ended its work."""
FULL = {"BUILD_FULL_TIER": "1"}
UTTERANCE = {"utterance": "bring me something huge"}


class Untried(Exception):
    """This fault cannot be made here; the message says why."""


@dataclass
class Outcome:
    """What came of one fault."""

    database: str
    broker: str
    name: str
    fault: str
    survived: bool
    seconds: float
    load: float
    told: str
    # Of cancelling: the longest until the work had ended, by the step that it was in.
    by_step: dict[str, float] = field(default_factory=dict)


@dataclass
class Trial:
    """A skill of a running application that was built once, and something that breaks."""

    app: RunningApp
    token: str
    skill: str
    broker: Service | None
    postgres: Service | None
    clock: Path
    seed: int = 0
    unanswered: list[str] = field(default_factory=list)
    slowest: float = 0.0
    by_step: dict[str, float] = field(default_factory=dict)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer to a request of the skill's owner."""
        return self.app.request(method, path, body, token=self.token)

    def put(self, document: dict[str, Any]) -> None:
        """Replace the interaction model of the skill."""
        put = self.request("PUT", f"{self.skill}/interaction-model", document)
        assert put.status == 200, put.text

    def build(self) -> str:
        """Ask for a build that there was none of yet; return the address of its run."""
        self.seed += 1
        answer = self.request("POST", f"{self.skill}/training-runs", {"seed": self.seed})
        assert answer.status == 202, answer.text
        return str(answer.headers["Location"])

    def run(self, address: str) -> Any:
        """Return the run at ``address``."""
        answer = self.request("GET", address)
        assert answer.status == 200, answer.text
        return answer.json

    def trained(self) -> str:
        """Return the address of a new run that is being trained."""
        address = self.build()
        self.app.wait(lambda: self.run(address)["step"] == "train", "the training", MOST_SECONDS)
        return address

    def ended(self, address: str) -> Any:
        """Return the run at ``address`` once it is over."""
        return self.app.finished_run(address, self.token, MOST_SECONDS)

    def taken(self, address: str) -> None:
        """Wait until a worker has taken the run."""
        self.app.wait(lambda: self.run(address)["status"] != "queued", "a worker", MOST_SECONDS)

    def built(self) -> float:
        """Have the skill built; return how many seconds a worker took for it."""
        address = self.build()
        self.taken(address)
        started = time.monotonic()
        assert self.ended(address)["status"] == "ready"
        return time.monotonic() - started

    def whole(self, part: Part) -> Any:
        """Return ``part`` of a new run, once it is over."""
        address = self.build()
        self.passed(address, part, ("", *STEPS))
        return part(self.run(address))

    def passed(self, address: str, part: Part, places: Sequence[str]) -> None:
        """Wait until a build is in none of ``places`` any more, which are all that come first."""

        def is_beyond() -> bool:
            return _place(part(self.run(address))) not in (None, *places)

        self.app.wait(is_beyond, f"what follows {places}", MOST_SECONDS, every=LOOK_SECONDS)

    def stopped_in(
        self,
        address: str,
        part: Part,
        step: str,
        after: float,
        usual: Mapping[str, float],
        child: int,
    ) -> bool:
        """Let a build go on until it is ``after`` seconds in ``step``, at last bit by bit.

        Then ``child``, the worker's, is stopped. Returns False if the step was over, or it was
        killed: one that does not heed that its last build was cancelled is.
        """
        before = ("", *STEPS[: STEPS.index(step)])
        self.passed(address, part, before[:-1])
        time.sleep(ALMOST * usual.get(before[-1], 0.0))
        least, most = SLICE_SECONDS
        a_slice = min(most, max(least, SLICE_SHARE * usual[step]))
        while _told(child, signal.SIGSTOP):
            place = _place(part(_asked(lambda: self.run(address), child)))
            if place == step and not after:
                return True
            _told(child, signal.SIGCONT)
            if place not in (step, *before):
                return False
            time.sleep(after if place == step else a_slice)
            after = 0.0 if place == step else after
        return False

    def is_idle(self, address: str, child: int) -> bool:
        """Return whether a cancelled build's work has ended: its worker says so, or is dead."""
        lines = self.request("GET", f"{address}/log").json
        return ENDED in lines[-1]["text"] or not _lives(child)

    def found_again(self, address: str) -> float:
        """Wait until the run, whose worker is gone, is no longer taken for trained."""
        started = time.monotonic()

        def is_found() -> bool:
            run = self.run(address)
            return run["status"] != "training" or run["attempts"] > 1

        self.app.wait(is_found, "the lease to run out", LEASE_SECONDS + SLACK_SECONDS)
        return time.monotonic() - started

    @contextmanager
    def parsing(self) -> Iterator[None]:
        """Parse twice a second during the block; note what was not answered."""
        over = threading.Event()

        def parse() -> None:
            while not over.wait(0.5):
                started = time.monotonic()
                try:
                    answer = self.request("POST", f"{self.skill}/parse", UTTERANCE)
                    if answer.status != 200:
                        self.unanswered.append(f"{answer.status} {answer.text[:80]}")
                except OSError as error:
                    self.unanswered.append(repr(error))
                self.slowest = max(self.slowest, time.monotonic() - started)

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

    def warm_child(self) -> int:
        """Return the id of the worker's child once it has trained before."""
        if not _torch_bytes(self.child()):
            self.built()
        return self.child()

    def artifacts(self) -> Path:
        """Return the folder of the artifacts."""
        return self.app.var / "artifacts" / "runs"

    def forget_encodings(self) -> None:
        """Let the next build encode all utterances anew: so each of its steps takes a while."""
        for path in self.app.var.glob("encodings.sqlite3*"):
            path.unlink()

    def check_artifacts(self) -> None:
        """Raise unless every artifact that can be seen is whole."""
        for artifact in self.artifacts().glob("[!.]*"):
            read_artifact(artifact)

    def set_clock(self, jump: str) -> None:
        """Set the clock of all processes ahead, "3600", or back, "-3600"."""
        aside = self.clock.with_suffix(".new")
        aside.write_text(jump)
        aside.rename(self.clock)


Part = Callable[[Any], Any]
"""Of a run what is built: the quick tier, or the full one, None as long as there is none."""


def _place(build: Any) -> str | None:
    """Return the step that a build is in, "" before the first, OVER after the last."""
    if build is None:
        return None
    return str(build["step"]) if build["status"] in ("queued", "training") else OVER


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _told(pid: int, number: int) -> bool:
    """Send a signal to a process; return whether there is one."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
    return _lives(pid)


def _torch_bytes(pid: int) -> int:
    try:
        return Path(f"/proc/{pid}/maps").read_text().count("libtorch")
    except OSError:
        return 0


# --- The faults: each returns what it saw, and raises AssertionError if it was not survived ------


def child_killed(trial: Trial) -> str:
    """kill -9 of the child that trains"""
    address = trial.trained()
    os.kill(trial.child(), signal.SIGKILL)
    return _finished_again(trial, address, trial.found_again(address))


def worker_killed(trial: Trial) -> str:
    """kill -9 of the whole worker, its messages lost"""
    address = trial.trained()
    trial.app.kill("worker")
    _lose_messages(trial)
    trial.app.start_worker()
    return _finished_again(trial, address, trial.found_again(address))


def _lose_messages(trial: Trial) -> None:
    code = "from celery import current_app; current_app.control.purge()"
    trial.app.manage("shell", "-v", "0", "-c", code)


def _finished_again(trial: Trial, address: str, seconds: float) -> str:
    run = trial.ended(address)
    assert (run["status"], run["attempts"]) == ("ready", 2), run
    return f"found {seconds:.1f} s later, ready at the second attempt"


def broker_killed(trial: Trial) -> str:
    """kill -9 of the broker, all its messages lost"""
    if trial.broker is None:
        raise Untried("a queue of files has no process")
    training = trial.trained()
    trial.broker.kill()
    time.sleep(AWAY_SECONDS)
    trial.broker.start()
    _lose_messages(trial)
    assert trial.ended(training)["status"] == "ready"
    assert trial.ended(trial.build())["status"] == "ready"
    return "the build went on, the next one was taken"


def broker_away(trial: Trial) -> str:
    """kill -9 of the broker; a build is asked for while it is away"""
    if trial.broker is None:
        raise Untried("a queue of files has no process")
    trial.broker.kill()
    address = trial.build()
    trial.broker.start()
    run = trial.ended(address)
    assert run["status"] == "ready", run
    return "the build was taken down, and sent when the broker was back"


def database_killed(trial: Trial) -> str:
    """kill -9 of Postgres while a build trains"""
    if trial.postgres is None:
        raise Untried("SQLite has no process")
    address = trial.trained()
    trial.postgres.kill()
    time.sleep(AWAY_SECONDS)
    trial.postgres.start()
    run = trial.ended(address)
    assert run["status"] == "ready", run
    return f"ready at attempt {run['attempts']}; parses waited {trial.slowest:.1f} s at most"


def cancelled(trial: Trial) -> str:
    """builds are cancelled in each of their steps"""
    return _cancelled(trial, lambda run: run)


def full_cancelled(trial: Trial) -> str:
    """full tiers are cancelled in each of their steps"""
    return _cancelled(trial, lambda run: run["full_tier"])


def _cancelled(trial: Trial, part: Part) -> str:
    trial.put(document(CANCELLED_SAMPLES))
    trial.warm_child()
    trial.forget_encodings()
    usual = {one["name"]: one["seconds"] for one in trial.whole(part)["steps"]}
    for step in STEPS:
        times = [_cancelled_in(trial, part, step, share, usual) for share in CANCELLED_AT]
        trial.by_step[step] = round(max(times), 2)
    assert trial.whole(part)["status"] == "ready"
    longest = max(trial.by_step.values())
    assert longest < HEEDED_SECONDS, trial.by_step
    return f"its work ended {longest:.1f} s later at most, the next build is ready"


def _cancelled_in(
    trial: Trial, part: Part, step: str, share: float, usual: Mapping[str, float]
) -> float:
    """Cancel a build after a ``share`` of ``step``; return how long it still worked then."""
    for missed in range(MOST_MISSED):
        # A machine that was busier when the whole build was timed makes all steps seem longer.
        expected = {name: seconds * SHORTER**missed for name, seconds in usual.items()}
        child = trial.warm_child()
        trial.forget_encodings()
        address = trial.build()
        found = trial.stopped_in(address, part, step, share * expected[step], expected, child)
        started = time.monotonic()
        build = part(_cancel(trial, address, child))
        if build["status"] == "cancelled":
            idle = partial(trial.is_idle, address, child)
            trial.app.wait(idle, "the end of its work", MOST_SECONDS, every=LOOK_SECONDS)
            if found and build["step"] == step:
                return time.monotonic() - started
    raise AssertionError(f"the step {step} was over {MOST_MISSED} times")


def _cancel(trial: Trial, address: str, child: int) -> Any:
    """Cancel a build whose child is stopped, and let that go on; return the run."""
    answer = _asked(lambda: trial.request("POST", f"{address}/cancel"), child)
    _told(child, signal.SIGCONT)
    return answer.json


def _asked(ask: Callable[[], Any], child: int) -> Any:
    """Return what ``ask`` returns while ``child`` is stopped."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask)
        wait([answer], STOPPED_SECONDS)
        if not answer.done():
            # It may hold a lock of SQLite, which the request waits for.
            _told(child, signal.SIGCONT)
        return answer.result()


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
        raise Untried("only root may mount a small disk")
    folder = trial.artifacts()
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    size = sum(path.stat().st_size for path in kept.rglob("*")) + 150_000
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        run = trial.ended(trial.build())
        left = [path.name for path in folder.glob(".*")]
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)
        shutil.rmtree(kept)
    assert (run["status"], run["error"]["code"]) == ("failed", "disk_full"), run
    assert left == [], left
    assert trial.ended(trial.build())["status"] == "ready"
    return "the build failed and said why; the next one, with room, is ready"


def clock_ahead(trial: Trial) -> str:
    """the clock jumps an hour ahead while a build trains"""
    return _clock_jumped(trial, "3600")


def clock_back(trial: Trial) -> str:
    """the clock jumps an hour back while a build trains"""
    return _clock_jumped(trial, "-3600")


def _clock_jumped(trial: Trial, jump: str) -> str:
    address = trial.trained()
    trial.set_clock(jump)
    run = trial.ended(address)
    assert run["status"] == "ready", run
    return f"ready at attempt {run['attempts']}"


def clock_back_worker_killed(trial: Trial) -> str:
    """the clock jumps an hour back and the worker is killed by -9 at once"""
    trial.set_clock("0")
    address = trial.trained()
    os.kill(trial.child(), signal.SIGSTOP)
    trial.set_clock("-3600")
    os.kill(trial.child(), signal.SIGKILL)
    return _finished_again(trial, address, trial.found_again(address))


Fault = Callable[[Trial], str]
FAULTS: tuple[Fault, ...] = (
    child_killed,
    worker_killed,
    broker_killed,
    broker_away,
    database_killed,
    cancelled,
    doubled,
    many_requests,
    disk_full,
)
FULL_FAULTS: tuple[Fault, ...] = (full_cancelled,)
CLOCK_FAULTS: tuple[Fault, ...] = (clock_ahead, clock_back, clock_back_worker_killed)


def survive(trial: Trial, fault: Fault) -> tuple[bool, str]:
    """Return whether a fault was survived and what came of it, parsing all the while."""
    trial.unanswered.clear()
    trial.slowest, trial.by_step = 0.0, {}
    try:
        with trial.parsing():
            told = fault(trial)
        trial.check_artifacts()
    except (AssertionError, OSError) as error:
        print(trial.app.log_tails(), file=sys.stderr)
        return False, repr(error)[:300].replace("\n", " ")
    if trial.unanswered:
        return False, f"{len(trial.unanswered)} parses failed: {trial.unanswered[0]}"
    return True, told


def prepared(app: RunningApp, **servers: Any) -> Trial:
    """Return a trial of a new skill that was built once."""
    # Inside, for it needs Django to be set up.
    from tests.conftest import make_tiny_document

    token = app.make_user("breaker")
    made = app.request("POST", "/api/v1/skills", {"name": "Tiny kitchen"}, token=token)
    trial = Trial(app, token, f"/api/v1/skills/{made.json['slug']}", **servers)
    trial.put(make_tiny_document())
    assert trial.ended(trial.build())["status"] == "ready", app.log_tails()
    return trial


def fake_clock(file: Path) -> dict[str, str]:
    """Return the environment of processes whose clock is off by what ``file`` says, in seconds."""
    library = file.with_suffix(".so")
    compiled = ["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(CLOCK), "-ldl"]
    subprocess.run(compiled, check=True)
    file.write_text("0")
    return {"LD_PRELOAD": str(library), "CLOCK_FILE": str(file)}


@contextmanager
def broken(
    database: str, broker: str, env: Mapping[str, str], clock: Mapping[str, str], folder: Path
) -> Iterator[Trial]:
    """Yield a trial on servers of its own, all with their data in ``folder``."""
    with ExitStack() as stack:
        servers: dict[str, Service | None] = {"postgres": None, "broker": None}
        # It asks the environment, which has to be as it was for the next trial.
        stack.callback(os.environ.pop, "DATABASE_URL", None)
        if database == POSTGRES:
            servers["postgres"] = Postgres(folder / "postgres", clock)
            os.environ["DATABASE_URL"] = servers["postgres"].url
        if broker in BROKERS:
            servers["broker"] = BROKERS[broker](folder / "broker")
        for server in filter(None, servers.values()):
            stack.callback(server.kill)
        url = {"BROKER_URL": servers["broker"].url} if servers["broker"] else {}
        (folder / "var").mkdir()
        app = stack.enter_context(running_app(folder / "var", **url, **env, **clock))
        yield prepared(app, **servers, clock=Path(clock.get("CLOCK_FILE", "")))


def outcomes(database: str, broker: str, only: list[str]) -> Iterator[Outcome]:
    """Break what can be broken on a database and a broker; yield what came of each fault."""
    for faults, env in ((FAULTS, {}), (FULL_FAULTS, FULL), (CLOCK_FAULTS, {})):
        chosen = [fault for fault in faults if not only or fault.__name__ in only]
        if not chosen or (faults is CLOCK_FAULTS and not shutil.which("cc")):
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)  # Postgres runs as somebody else
            clock = fake_clock(folder / "clock") if faults is CLOCK_FAULTS else {}
            with broken(database, broker, env, clock, folder) as trial:
                for fault in chosen:
                    started, load = time.monotonic(), os.getloadavg()[0]
                    try:
                        survived, told = survive(trial, fault)
                    except Untried as why:
                        print(f"{fault.__name__}: not tried, {why}", file=sys.stderr)
                        continue
                    seconds = round(time.monotonic() - started, 1)
                    names = (fault.__name__, str(fault.__doc__))
                    came = (survived, seconds, round(load, 1), told, trial.by_step)
                    yield Outcome(database, broker, *names, *came)


def table(found: list[dict[str, Any]]) -> str:
    """Return outcomes as a table in Markdown."""
    rows = [
        f"| {one['database']} | {one['broker']} | {one['fault']} | "
        f"{'yes' if one['survived'] else 'NO'} | {one['seconds']:.0f} s | {one['told']} |"
        for one in found
    ]
    head = ["| database | broker | fault | survived | took | what came of it |", "|" + "---|" * 6]
    return "\n".join([*head, *rows])


def steps_table(found: list[dict[str, Any]]) -> str:
    """Return how long cancelled builds worked on, by step, as a table in Markdown."""
    rows = [
        f"| {one['database']} | {one['broker']} | "
        f"{'full' if one['name'] == full_cancelled.__name__ else 'quick'} | "
        + " | ".join(f"{one['by_step'][step]:.1f}" for step in STEPS)
        + f" | {one['load']} |"
        for one in found
        if len(one.get("by_step", {})) == len(STEPS)
    ]
    head = f"| database | broker | tier | {' | '.join(f'{step}, s' for step in STEPS)} | load |"
    return "\n".join([head, "|" + "---|" * (len(STEPS) + 4), *rows])


def keep(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put outcomes in the place of older ones, in the docs too; return all."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    merged = {(one["database"], one["broker"], one["name"]): one for one in [*known, *found]}
    names = [fault.__name__ for fault in (*FAULTS, *FULL_FAULTS, *CLOCK_FAULTS)]
    order = list(product(DATABASES, (FILES, *BROKERS), names))
    every = [merged[key] for key in order if key in merged]
    RESULTS.write_text(json.dumps(every, indent=1) + "\n")
    text = with_table(REPORT.read_text(), "faults", table(every))
    REPORT.write_text(with_table(text, "cancelled", steps_table(every)))
    return every


def main() -> int:
    """Break what can be broken, print the table; return 1 if anything was not survived."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    brokers = [FILES, *BROKERS]
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--brokers", nargs="+", choices=brokers, default=brokers)
    parser.add_argument("--only", nargs="*", default=[], help="names of faults")
    parser.add_argument("--docs", action="store_true", help="keep the results")
    options = parser.parse_args()
    os.environ |= {"DJANGO_SETTINGS_MODULE": "skillbuilder.settings", "API_RATE": "100000/min"}
    os.environ["API_BUILD_RATE"] = os.environ["API_RATE"]
    os.environ.pop("DATABASE_URL", None)
    import django

    django.setup()
    found: list[dict[str, Any]] = []
    for database in options.databases:
        for broker in options.brokers:
            for outcome in outcomes(database, broker, options.only):
                found.append(asdict(outcome))
                print(outcome, file=sys.stderr, flush=True)
                if options.docs:
                    keep(found)
    print(table(found), steps_table(found), sep="\n\n")
    return 0 if all(one["survived"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
