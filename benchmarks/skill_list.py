"""Measure how quickly the list of skills comes when a user sees 100,000 of them.

    python -m benchmarks.skill_list [--skills 100000] [--pause] [--docs]

Half of the skills are the user's own, half are somebody else's who has made him a member; all
have another member too. Makes them, with intents, builds and evaluations, in a temporary SQLite
database (with DATABASE_URL in a database of its own beside the one that is named there) and asks
Django's test client for pages: the first one, deep ones, searches, filters, one skill, and the
same over REST. Both the clock and the processor are read, that of the database too: a machine
that has other things to do takes longer, not more. What others computed meanwhile is told with the
result; ``--pause`` waits for Enter between making and measuring, so that they can be stopped then.
``--docs`` keeps the result of this database in docs/skill-list.json and makes the table in
docs/skill-list.md anew, with the query plans.
Exits with 1 if the median of one takes longer by the clock than the target.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.accuracy import with_table
from benchmarks.database import own_database
from benchmarks.speed import machine

DOCS = Path(__file__).resolve().parents[1] / "docs"
TARGET_MS = 200
TIMES = 7
LOCALES = ("en-US", "en-GB", "de-DE")
RARE_LOCALE = "pt-BR"
RARE = 9_973
"""One skill in so many has the rare locale, is being built, or has never been built."""
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> int:
    """Fill a database of its own, measure, print; return 1 if anything is too slow."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--skills", type=int, default=100_000)
    arguments.add_argument("--pause", action="store_true", help="wait for Enter before measuring")
    arguments.add_argument("--docs", action="store_true", help="keep the result in docs/")
    options = arguments.parse_args()
    skills = options.skills
    with own_database() as vendor:
        from django.db import connection

        client, token = fill(skills)
        with connection.cursor() as cursor:
            # As autovacuum does; without it Postgres looks rows up that an index has whole.
            cursor.execute("VACUUM ANALYZE" if vendor == "postgresql" else "ANALYZE")
        if options.pause:
            input(f"{skills:,} skills are there (process {os.getpid()}). Enter measures: ")
        where, others = machine(), Others()
        measured = list(measure(client, token))
        where["others"] = others.cores()
        if options.docs:
            keep(DOCS, vendor, skills, measured, {"plans": plans(), "machine": where})
        print(told(where))
        return report(vendor, skills, measured)


def fill(skills: int) -> tuple[Any, str]:
    """Make ``skills`` skills that one user sees; return a client of that user, and a token."""
    from django.contrib.auth.models import User
    from django.test import Client
    from knox.models import AuthToken

    user, other, third = (User.objects.create_user(name) for name in ("alice", "bob", "carol"))
    for first in range(0, skills, 2_000):
        insert([user, other], third, range(first, min(first + 2_000, skills)))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client, AuthToken.objects.create(user)[1]


def insert(owners: list[Any], third: Any, numbers: range) -> None:
    """Insert the skills of those numbers with intents, a slot type, builds, and a result.

    The owners have them in turn; the first one is a member of those of the others, and the
    ``third`` of all.
    """
    from skillbuilder.authoring.models import Intent, ListedSkill, Membership, Skill, SlotType
    from skillbuilder.training.models import Evaluation, TrainingRun

    skills = [skill_of(owners[number % len(owners)], number) for number in numbers]
    with own_times(Skill):
        Skill.objects.bulk_create(skills)
    Intent.objects.bulk_create(
        Intent(skill=skill, name=name) for skill in skills for name in ("Order", "Cancel")
    )
    SlotType.objects.bulk_create(SlotType(skill=skill, name="Size") for skill in skills)
    runs = [
        run for skill, number in zip(skills, numbers, strict=True) for run in runs_of(skill, number)
    ]
    TrainingRun.objects.bulk_create(runs)
    Evaluation.objects.bulk_create(result_of(run) for run in runs if run.status == "ready")
    Membership.objects.bulk_create(
        Membership(skill=skill, user=user, user_name=user.username, role="editor")
        for skill in skills
        for user in (owners[0], third)
        if user != skill.owner
    )
    ListedSkill.objects.renew([skill.pk for skill in skills])


def result_of(run: Any) -> Any:
    """Return the accuracy of a build on samples held back, not stored yet."""
    from skillbuilder.training.models import Evaluation

    measures = {"frame_accuracy": 0.9, "count": 120, "intents": ["Order", "Cancel"] * 20}
    metrics = {"neural": measures, "maxent_crf": measures}
    return Evaluation(skill=run.skill, run=run, kind="folds", status="ready", metrics=metrics)


@contextmanager
def own_times(model: Any) -> Iterator[None]:
    """Let rows of ``model`` be inserted with the times that they have, not with that of now."""
    fields = [model._meta.get_field(name) for name in ("created_at", "updated_at")]
    before = [(field.auto_now, field.auto_now_add) for field in fields]
    for field in fields:
        field.auto_now = field.auto_now_add = False
    try:
        yield
    finally:
        for field, usual in zip(fields, before, strict=True):
            field.auto_now, field.auto_now_add = usual


def skill_of(user: Any, number: int) -> Any:
    """Return the skill of that number, not stored yet."""
    from skillbuilder.authoring.models import Skill

    locale = RARE_LOCALE if number % RARE == 1 else LOCALES[number % len(LOCALES)]
    changed = EPOCH + timedelta(minutes=number // 3)
    return Skill(
        created_at=changed,
        updated_at=changed,
        owner=user,
        name=f"Skill {number:06} of the Größe Kitchen",
        slug=f"skill-{number:06}",
        invocation_name=f"kitchen helper {number % 977}",
        locale=locale,
        extra={"prompts": [{"id": f"p{number}", "variations": ["Which one?"] * 5}]},
    )


def runs_of(skill: Any, number: int) -> Iterator[Any]:
    """Yield the builds of a skill: most are ready, a few failed, hardly one is going on."""
    from skillbuilder.training.models import TrainingRun

    if number % RARE == 2:
        return
    last = "failed" if number % 1_009 == 3 else "training" if number % RARE == 4 else "ready"
    for status, day in zip(("ready", last), count(), strict=False):
        yield TrainingRun(
            skill=skill,
            number=day + 1,
            snapshot={"interactionModel": {"languageModel": {"samples": ["order it"] * 20}}},
            digest="0" * 64,
            locale=skill.locale,
            engine_version="0",
            embeddings="en@2",
            status=status,
            created_at=skill.updated_at + timedelta(days=day),
            finished_at=None if status == "training" else skill.updated_at,
        )


Taken = tuple[float, float]
"""Milliseconds by the clock, and of the processor."""


def measure(client: Any, token: str) -> Iterator[tuple[str, Taken]]:
    """Yield what was asked for, and the medians of what it took."""
    from skillbuilder.authoring.models import Skill
    from skillbuilder.console.skill_list import cursor_of

    slug = Skill.objects.exclude(owner__username="alice").order_by("pk")[10].slug
    places = Skill.objects.values_list("updated_at", "pk")
    middle = places.order_by("-updated_at", "-pk")[Skill.objects.count() // 2]
    oldest = places.order_by("updated_at", "pk")[50]
    queries = {
        "first page": {},
        "page in the middle, older": {"older": cursor_of(middle)},
        "page in the middle, newer": {"newer": cursor_of(middle)},
        "last but one page": {"older": cursor_of(oldest)},
        "search, one of a thousand": {"q": "helper 123"},
        "search, one skill": {"q": "skill-000777"},
        "search, nothing": {"q": "no such skill"},
        "search beyond ASCII": {"q": "größe KITCHEN"},
        "locale of a third": {"locale": "de-DE"},
        "rare locale": {"locale": RARE_LOCALE},
        "status ready": {"status": "ready"},
        "status building (rare)": {"status": "building"},
        "status failed (rare)": {"status": "failed"},
        "status draft (rare)": {"status": "draft"},
        "all at once, nothing": {"q": "no such", "locale": "de-DE", "status": "ready"},
        "all at once, few": {"q": "helper 12", "locale": "de-DE", "status": "failed"},
    }
    for name, query in queries.items():
        yield name, milliseconds(lambda query=query: client.get("/", query))
    yield "a shared skill's people", milliseconds(lambda: client.get(f"/skills/{slug}/people"))
    run = Skill.objects.get(slug=slug).training_runs.latest("number").pk
    yield "progress of its build", milliseconds(lambda: client.get(f"/builds/{run}/status"))
    headers = {"Authorization": f"Token {token}"}
    yield "REST, first page", milliseconds(lambda: client.get("/api/v1/skills", headers=headers))
    address = "/api/v1/skills"
    for _ in range(30):
        address = client.get(address, headers=headers).json()["next"] or address
    yield "REST, thirtieth page", milliseconds(lambda: client.get(address, headers=headers))


def milliseconds(ask: Any) -> Taken:
    """Return the median times of a few answers, after one that warms up."""
    taken = []
    for _ in range(TIMES + 1):
        clock, worked = time.perf_counter(), processor()
        answer = ask()
        taken.append(((time.perf_counter() - clock) * 1000, (processor() - worked) * 1000))
        if answer.status_code != 200:
            raise SystemExit(f"{answer.status_code}: {answer.content[:300]!r}")
    return median(clock for clock, _ in taken[1:]), median(worked for _, worked in taken[1:])


def processor() -> float:
    """Return the seconds that this process and its connection's server have computed so far."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return time.process_time()
    # The server's own process, as long as it is on this machine: field 14 and 15 are ticks.
    with connection.cursor() as cursor:
        server = Path(f"/proc/{cursor.connection.info.backend_pid}/stat")
    ticks = server.read_text().rpartition(")")[2].split()[11:13] if server.exists() else []
    return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


class Others:
    """How much of the machine others use from now on, beside what ``processor`` counts."""

    def __init__(self) -> None:
        self.clock, self.busy = time.perf_counter(), self._busy()

    def cores(self) -> float:
        """Return how many cores they have kept busy since then, on average."""
        busy = self._busy() - self.busy
        return round(max(0.0, busy) / (time.perf_counter() - self.clock), 2)

    def _busy(self) -> float:
        # user, nice and system of all cores; then idle, waiting, and two kinds of interrupts.
        ticks = [int(one) for one in Path("/proc/stat").read_text().split(maxsplit=8)[1:8]]
        worked = sum(ticks[:3]) + sum(ticks[5:7])
        return worked / os.sysconf("SC_CLK_TCK") - processor()


def plans() -> dict[str, str]:
    """Return how the database finds a page: the first, the rarest searched, that of a status."""
    from django.contrib.auth.models import User

    from skillbuilder.authoring.models import ListedSkill

    mine = ListedSkill.objects.filter(user=User.objects.get(username="alice"))
    asked = {
        "first page": mine,
        "search, nothing": mine.called("no such skill"),
        "status failed (rare)": mine.filter(status="failed"),
    }
    # As console.skill_list reads them.
    places = {name: rows.values_list("updated_at", "skill")[:21] for name, rows in asked.items()}
    return {name: rows.explain() for name, rows in places.items()}


def keep(
    folder: Path,
    vendor: str,
    skills: int,
    measured: list[tuple[str, Taken]],
    more: dict[str, Any],
) -> None:
    """Keep what was measured on one database in ``folder``, and make the tables of all anew."""
    path, page = folder / "skill-list.json", folder / "skill-list.md"
    results = json.loads(path.read_text()) if path.exists() else {}
    results[vendor] = {
        "skills": skills,
        "ms": {name: round(clock, 1) for name, (clock, _) in measured},
        "processor": {name: round(worked, 1) for name, (_, worked) in measured},
    } | more
    path.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    text = with_table(page.read_text(), "skill-list", table(results))
    page.write_text(with_table(text, "skill-list-plans", plan_list(results)))


def table(results: dict[str, Any]) -> str:
    """Return the markdown table: one row for each thing that was asked for."""
    heads = [
        f"{vendor}, {one['skills']:,} skills: ms | of the processor"
        for vendor, one in sorted(results.items())
    ]
    names = dict.fromkeys(name for one in results.values() for name in one["ms"])
    lines = [f"| asked for | {' | '.join(heads)} |", "|---" * (2 * len(heads) + 1) + "|"]
    for name in names:
        pairs = [(one["ms"], one["processor"]) for _, one in sorted(results.items())]
        cells = [str(values.get(name, "-")) for pair in pairs for values in pair]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    machines = [f"{vendor} on {told(one['machine'])}." for vendor, one in sorted(results.items())]
    return "\n".join([*lines, "", f"Medians of {TIMES} answers. {' '.join(machines)}"])


def told(on: dict[str, Any]) -> str:
    """Return in words what was measured on."""
    others = f"others kept {on['others']} of its {on['cores']} cores busy meanwhile"
    return f"{on['cpu']}, Python {on['python']}; {others}"


def plan_list(results: dict[str, Any]) -> str:
    """Return the query plans of all databases as a markdown block."""
    lines = []
    for vendor, one in sorted(results.items()):
        for name, plan in sorted(one["plans"].items()):
            lines += [f"{vendor}, {name}:", *(f"    {line}" for line in plan.splitlines()), ""]
    return "\n".join(["```", *lines[:-1], "```"])


def report(vendor: str, skills: int, measured: list[tuple[str, Taken]]) -> int:
    """Print the table; return 1 if something is slower than the target."""
    print(f"{skills:,} skills, {vendor}, median of {TIMES}, target {TARGET_MS} ms")
    for name, (clock, worked) in measured:
        slow = "  TOO SLOW" if clock > TARGET_MS else ""
        print(f"{clock:8.1f} ms, {worked:8.1f} of the processor  {name}{slow}")
    return int(any(clock > TARGET_MS for _, (clock, _) in measured))


if __name__ == "__main__":
    sys.exit(main())
