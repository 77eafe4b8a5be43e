"""Measure how a web server serves many skills, and write docs/scaling.md's tables anew.

    python -m benchmarks.many_skills FOLDER --skills 1000 [--seeds DOCUMENT=ARTIFACT ...] [--fill]
    python -m benchmarks.many_skills FOLDER
    python -m benchmarks.many_skills --report

FOLDER takes the database and the artifacts. With --fill they are made and nothing is measured; a
folder that is full is driven as often as one likes. Skills are made from the sample skills, trained
first if FOLDER has nothing trained, or from --seeds: interaction models with artifacts that were
trained from them. With DATABASE_URL the rows go into that database, which must be empty at first
and is kept.

gunicorn is started as in production, and clients with tokens ask for parses over HTTP, of skills
drawn by Zipf's law: once as fast as they can, once at a pace. Clients and server share the
machine. Results are kept in docs/scaling.json, the newest of each database and number of skills.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np

from benchmarks.accuracy import ROOT, with_table
from benchmarks.population import (
    BATCH,
    PATTERNS,
    Pattern,
    Seed,
    disk_use,
    insert,
    insert_versions,
    multiply,
    patterns,
    publish_copies,
    read_seed,
    slug_of,
)
from benchmarks.speed import machine
from benchmarks.traffic import Answer, Call, Plan, ask_all

RESULTS, REPORT = ROOT / "docs" / "scaling.json", ROOT / "docs" / "scaling.md"
SAMPLES = ROOT / "skillbuilder" / "authoring" / "sample_skills"
CLIENTS = 8
WORKERS = 2
PACE = 40.0
"""Calls a second of all clients together, where they do not ask as fast as they can."""
TIMES = 15
LOOK_SECONDS = 15
"""As often as Prometheus looks usually: it takes the server some time to tell."""
MEGABYTE = 1_000_000
FILLED = "filled.json"
"""Of a folder that is full: what is in it, tokens of the owners, what to ask their skills."""


def main() -> None:
    """Make the skills, measure, keep the results; or write the report of what was kept."""
    options = _arguments()
    if options.folder is None:
        report(json.loads(RESULTS.read_text()))
        return
    folder = options.folder.resolve()
    set_up(folder, options.cache_mb)
    if not (folder / FILLED).exists():
        fill(folder, options)
    if not options.fill:
        keep(measure(options, json.loads((folder / FILLED).read_text())))


def keep(result: dict[str, Any]) -> None:
    """Put ``result`` in the place of the last of its kind, and write the report anew."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[f"{result['database']}-{result['skills']}"] = result
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    report(results)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--skills", type=int, default=1_000)
    parser.add_argument("--seeds", nargs="*", default=[], metavar="DOCUMENT=ARTIFACT")
    parser.add_argument("--fill", action="store_true", help="make the skills, measure nothing")
    parser.add_argument("--linked", action="store_true", help="hard link artifacts, do not copy")
    parser.add_argument("--calls", type=int, default=4_000, help="of all clients, in each round")
    parser.add_argument("--workers", type=int, default=WORKERS, help="processes of the web server")
    parser.add_argument("--cache-mb", type=int, default=512, help="PARSER_CACHE_BYTES")
    parser.add_argument(
        "--nice", type=int, default=0, help="of server and clients; below 0 on a busy machine"
    )
    parser.add_argument("--report", action="store_true")
    return parser.parse_args()


def measure(options: argparse.Namespace, filled: dict[str, Any]) -> dict[str, Any]:
    """Return all that is measured with the skills of a folder that is full."""
    result: dict[str, Any] = {
        "machine": machine(),
        "date": time.strftime("%Y-%m-%d"),
        **filled["facts"],
        "workers": options.workers,
        "cache_mb": options.cache_mb,
        "nice": options.nice,
    }
    if not result["linked"]:
        drop_from_memory(options.folder / "artifacts")
    os.nice(options.nice)
    calls = traffic(options.calls, filled)
    with web_server(options.workers) as server:
        result["pages"] = pages(server.port, filled["tokens"][0], filled["document"])
        result["fast"] = round_of(server, calls[: options.calls], 0.0)
        result["paced"] = round_of(server, calls[options.calls :], PACE)
        result["memory"] = server.memory
    return result


# --- The population -----------------------------------------------------------------------


def set_up(folder: Path, cache_mb: int) -> None:
    """Set Django up on the database in ``folder``, or on DATABASE_URL's."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "SKILLBUILDER_VAR": str(folder),
        "DJANGO_SETTINGS_MODULE": "skillbuilder.settings",
        "PARSER_CACHE_BYTES": str(cache_mb * MEGABYTE),
        "METRICS_TOKEN": secrets.token_hex(),
        "LOG_LEVEL": "ERROR",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


def fill(folder: Path, options: argparse.Namespace) -> None:
    """Make the skills, and write down beside them what driving them needs to know."""
    from django.db import connection

    seeds = seeds_of(folder, options.seeds)
    made = patterns(seeds, min(PATTERNS, options.skills))
    seconds, tokens = populate(options.skills, made, linked=options.linked)
    facts = {
        "database": connection.vendor,
        "skills": options.skills,
        "patterns": len(made),
        "seeds": {seed.name: _size_of(seed) for seed in seeds},
        "linked": options.linked,
        "populate_seconds": seconds,
        "disk": disk_use(folder / "artifacts"),
    }
    utterances = [pattern.seed.utterances for pattern in made]
    filled = {"facts": facts, "tokens": tokens, "document": made[0].snapshot}
    (folder / FILLED).write_text(json.dumps(filled | {"utterances": utterances}))


def _size_of(seed: Seed) -> int:
    return sum(path.stat().st_size for path in seed.artifact.iterdir())


def seeds_of(folder: Path, named: Sequence[str]) -> list[Seed]:
    """Return what skills are made from; without ``named`` the sample skills, trained first."""
    if named:
        pairs = [one.split("=", 1) for one in named]
        return [read_seed(Path(document), Path(artifact)) for document, artifact in pairs]
    seeds = []
    for document in sorted(SAMPLES.glob("*.json")):
        artifact = folder / "trained" / document.stem
        if not artifact.exists():
            say(f"Training {document.stem} ...")
            train = [sys.executable, "-m", "nlu_engine", "train", "--tier", "quick"]
            subprocess.run(
                [*train, "--data", str(document), "--out", str(artifact)], check=True, cwd=ROOT
            )
        seeds.append(read_seed(document, artifact))
    return seeds


def populate(
    skills: int, made: Sequence[Pattern], *, linked: bool
) -> tuple[dict[str, float], list[str]]:
    """Make owners, skills, versions and artifacts that are missing; return seconds and tokens."""
    from django.contrib.auth.models import User
    from django.db import connection
    from knox.models import AuthToken

    from skillbuilder.authoring.models import Skill
    from skillbuilder.training.models import TrainingRun

    if skills % len(made):
        raise SystemExit(f"--skills is a multiple of {len(made)}, not {skills}.")
    names = [f"owner-{number:04}" for number in range(len(made))]
    User.objects.bulk_create((User(username=name) for name in names), ignore_conflicts=True)
    owners = list(User.objects.filter(username__in=names).order_by("username"))
    tokens = [AuthToken.objects.create(owner)[1] for owner in owners]
    started = time.perf_counter()
    if not Skill.objects.exists():
        insert(owners, made)
        multiply(len(made), skills)
    say(f"{Skill.objects.count():,} skills, {time.perf_counter() - started:.0f} s")
    seconds = {"rows": time.perf_counter() - started, "artifacts": 0.0}
    for first in range(TrainingRun.objects.count(), skills, BATCH):
        numbers = range(first, min(first + BATCH, skills))
        started = time.perf_counter()
        keys = insert_versions(made, numbers)
        inserted = time.perf_counter()
        publish_copies(keys, made, first, linked=linked)
        seconds["rows"] += inserted - started
        seconds["artifacts"] += time.perf_counter() - inserted
        if first % 5_000 == 0:
            say(f"{numbers.stop:,} versions: { {k: round(v) for k, v in seconds.items()} } s")
    with connection.cursor() as cursor:
        # As autovacuum does; without it Postgres looks rows up that an index has whole.
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    connection.close()
    return {name: round(value, 1) for name, value in seconds.items()}, tokens


def drop_from_memory(folder: Path) -> None:
    """Ask the kernel to forget the files below ``folder``, so that a cold skill is read anew."""
    for path in folder.glob("runs/*/*"):
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


# --- The web server -----------------------------------------------------------------------


class WebServer:
    """gunicorn, and what its processes have in memory while it is asked."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port
        self.memory: list[dict[str, float]] = []
        self._over = Event()

    def metrics(self) -> dict[str, float]:
        """Return what /metrics says, by the name of the sample."""
        held = {"Authorization": f"Bearer {os.environ['METRICS_TOKEN']}"}
        lines = asked(self.port, "GET", "/metrics", held).decode().splitlines()
        return {
            name: float(value)
            for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")
        }

    def cpu_seconds(self) -> float:
        """Return the time of a core that its processes have taken."""
        return sum(cpu_seconds(child) for child in children(self.process.pid))

    def look(self) -> None:
        """Note how many skills are loaded and what the largest process has in memory."""
        sizes = [pss(child) for child in children(self.process.pid)]
        loaded = self.metrics().get("skillbuilder_skills_loaded", 0.0)
        used = self.metrics().get("skillbuilder_skills_loaded_bytes", 0.0)
        self.memory.append(
            {
                "loaded": loaded,
                "reckoned_mb": round(used / MEGABYTE, 1),
                "largest_pss_mb": round(max(sizes) / MEGABYTE, 1),
                "all_pss_mb": round(sum(sizes) / MEGABYTE, 1),
            }
        )


def children(pid: int) -> list[int]:
    """Return the processes that ``pid`` started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pid: int) -> float:
    """Return the time of a core that a process has taken, for itself and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pss(pid: int) -> int:
    """Return the bytes of memory of a process, what it shares with others divided among them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@contextmanager
def web_server(workers: int) -> Iterator[WebServer]:
    """Run gunicorn as the container does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"--config python:skillbuilder.web_server --bind 127.0.0.1:{port} --workers {workers}"
    command = [sys.executable, "-m", "gunicorn", "skillbuilder.wsgi", *options.split()]
    process = subprocess.Popen([*command, "--log-level", "warning"], cwd=ROOT)
    try:
        server = WebServer(process, port)
        wait_for(port)
        yield server
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Wait until the server answers."""
    for _ in range(240):
        try:
            asked(port, "GET", "/healthz")
            return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError("The web server does not answer.")


# --- The traffic --------------------------------------------------------------------------


def traffic(count: int, filled: dict[str, Any]) -> list[Call]:
    """Return calls for two rounds: of skills by Zipf's law, with what their seeds were taught."""
    skills, tokens, taught = filled["facts"]["skills"], filled["tokens"], filled["utterances"]
    rng = np.random.default_rng(0)
    ranks = np.arange(1, skills + 1)
    shares = (1 / ranks) / (1 / ranks).sum()
    drawn = rng.permutation(skills)[rng.choice(skills, size=2 * count, p=shares)]
    chosen = random.Random(0)
    return [
        Call(
            f"/api/v1/skills/{slug_of(number)}/parse",
            tokens[number % len(tokens)],
            chosen.choice(taught[number % len(tokens)]),
        )
        for number in drawn.tolist()
    ]


def round_of(server: WebServer, calls: Sequence[Call], pace: float) -> dict[str, Any]:
    """Let the clients ask and return what they measured."""
    say(f"{len(calls):,} calls, {pace or 'as many as can be'} a second ...")
    begin = time.time() + 3
    # Each client asks an eighth of the time, one after the other.
    gap = CLIENTS / pace if pace else 0.0
    plans = [
        Plan(server.port, calls[number::CLIENTS], gap, begin + number / pace if pace else begin)
        for number in range(CLIENTS)
    ]
    over = Event()
    watcher = Thread(target=_watch, args=(server, over))
    watcher.start()
    before = server.cpu_seconds()
    answers = [answer for found in ask_all(plans) for answer in found]
    seconds = time.time() - begin
    over.set()
    watcher.join()
    used = server.cpu_seconds() - before
    cost = {"cpu_ms": round(1000 * used / len(answers), 2), "load": round(os.getloadavg()[0], 1)}
    return summary(answers, seconds) | cost


def _watch(server: WebServer, over: Event) -> None:
    while not over.wait(LOOK_SECONDS):
        server.look()
    server.look()


def summary(answers: Sequence[Answer], seconds: float) -> dict[str, Any]:
    """Return throughput, hit rate, and the times of all, of warm and of cold answers."""
    good = [one for one in answers if one.status == 200]
    refused = sorted({one.status for one in answers if one.status != 200})
    kinds = {
        "all": good,
        "warm": [one for one in good if not one.cold],
        "cold": [one for one in good if one.cold],
    }
    return {
        "calls": len(answers),
        "failed": len(answers) - len(good),
        "statuses": refused,
        "per_second": round(len(good) / seconds, 1),
        "hit_rate": round(len(kinds["warm"]) / max(1, len(good)), 4),
        "ms": {name: percentiles([one.seconds for one in some]) for name, some in kinds.items()},
    }


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return the 50th, 95th and 99th percentile in milliseconds."""
    if not seconds:
        return {}
    return {
        f"p{point}": round(float(np.percentile(seconds, point)) * 1000, 1) for point in (50, 95, 99)
    }


# --- Pages and uploads --------------------------------------------------------------------


def pages(port: int, token: str, model: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return the times to list, search and upload, one after the other."""
    cookie = signed_in()
    slug = slug_of(0)
    document = json.dumps(model).encode()
    address = f"/api/v1/skills/{slug}/interaction-model"
    asked = {
        "list, REST": lambda: call(port, "GET", "/api/v1/skills", token),
        "list, page": lambda: call(port, "GET", "/", cookie=cookie),
        "search, page": lambda: call(port, "GET", f"/?q={slug[-4:]}", cookie=cookie),
        "upload": lambda: call(port, "PUT", address, token, document),
    }
    found = {}
    for name, work in asked.items():
        work()
        times = []
        for _ in range(TIMES):
            started = time.perf_counter()
            work()
            times.append(time.perf_counter() - started)
        found[name] = percentiles(times)
    return found


def signed_in() -> str:
    """Return the cookie of a session of the first owner."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(
        User.objects.get(username="owner-0000"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return f"sessionid={client.cookies['sessionid'].value}"


def call(
    port: int, method: str, path: str, token: str = "", body: bytes = b"", cookie: str = ""
) -> bytes:
    """Ask the server as a program with a token, or as a browser with a cookie."""
    who = {"Authorization": f"Token {token}"} if token else {"Cookie": cookie}
    return asked(port, method, path, who | {"Content-Type": "application/json"}, body)


def asked(
    port: int, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> bytes:
    """Return what the server answers; raises OSError for anything but success."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body or None, headers or {})
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise OSError(f"{method} {path}: {response.status} {content[:300]!r}")
        return content
    finally:
        connection.close()


# --- The report ---------------------------------------------------------------------------


def report(results: dict[str, Any]) -> None:
    """Put the tables of ``results`` into docs/scaling.md."""
    ordered = sorted(results.values(), key=lambda one: (one["database"], one["skills"]))
    text = REPORT.read_text()
    for name, table in (
        ("parses", parses_table(ordered)),
        ("memory", memory_table(ordered)),
        ("disk", disk_table(ordered)),
        ("pages", pages_table(ordered)),
    ):
        text = with_table(text, name, table)
    REPORT.write_text(text)


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def _where(one: dict[str, Any]) -> str:
    return f"{one['skills']:,}, {one['database']}"


def parses_table(results: Sequence[dict[str, Any]]) -> str:
    """Return a row for each round: throughput, hit rate and times."""
    heads = ["skills", "asked", "answers/s", "failed", "in memory", "all p50/p95/p99, ms"]
    heads += ["in memory, ms", "loaded first, ms", "CPU ms", "load"]
    rows = []
    for one in results:
        for name, label in (("fast", "as fast as 8 clients can"), ("paced", f"{PACE:g}/s")):
            found = one[name]
            times = ["/".join(f"{ms:g}" for ms in kind.values()) for kind in found["ms"].values()]
            share = f"{found['hit_rate']:.0%}"
            row = [_where(one), label, found["per_second"], found["failed"], share, *times]
            rows.append([*row, found["cpu_ms"], found["load"]])
    return _table(heads, rows)


def memory_table(results: Sequence[dict[str, Any]]) -> str:
    """Return what a process has in memory at the start, half-way and at the end of each run."""
    heads = ["skills", "processes", "loaded, all processes", "reckoned, MB", "largest process, MB"]
    rows = []
    for one in results:
        seen = one["memory"]
        for look in (seen[0], seen[len(seen) // 2], seen[-1]):
            rows.append(
                [
                    _where(one),
                    one["workers"],
                    f"{look['loaded']:.0f}",
                    look["reckoned_mb"],
                    look["largest_pss_mb"],
                ]
            )
    return _table(heads, rows)


def disk_table(results: Sequence[dict[str, Any]]) -> str:
    """Return the bytes of the artifact store."""
    heads = ["skills", "copies", "kB a skill", "GB, files", "GB, blocks", "GB, on this disk"]
    rows = []
    for one in results:
        disk = one["disk"]
        gigabytes = [
            f"{disk[name] / 1e9:.2f}" for name in ("apparent_bytes", "unshared_bytes", "real_bytes")
        ]
        each = f"{disk['unshared_bytes'] / one['skills'] / 1000:.0f}"
        kind = "hard linked" if one["linked"] else "copied"
        rows.append([_where(one), kind, each, *gigabytes])
    return _table(heads, rows)


def pages_table(results: Sequence[dict[str, Any]]) -> str:
    """Return the times to list, search and upload, and to make the rows of a skill."""
    names = list(results[0]["pages"])
    heads = ["skills", *(f"{name}, p50/p95 ms" for name in names)]
    rows = [
        [
            _where(one),
            *(f"{one['pages'][name]['p50']:g}/{one['pages'][name]['p95']:g}" for name in names),
        ]
        for one in results
    ]
    return _table(heads, rows)


if __name__ == "__main__":
    main()
