"""Start everything on this machine: web server, worker, scheduler. What `make run` calls."""

from __future__ import annotations

import http.client
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connection

from nlu_engine.errors import ArtifactError, EngineError
from nlu_engine.parsers import ParsePair
from skillbuilder import queues
from skillbuilder.authoring.models import Skill
from skillbuilder.console import demo
from skillbuilder.console.addresses import bracketed, free_port, own_names, reachable
from skillbuilder.console.processes import Processes, Program, StopSignal
from skillbuilder.health import check_worker, state_of
from skillbuilder.training.artifacts import parse
from skillbuilder.training.models import TrainingRun
from skillbuilder.training.runs import NotTrained, request_run

READY_SECONDS = 180
POLL_SECONDS = 0.5


class Stopped(Exception):
    """Someone wants us to stop."""


class Command(BaseCommand):
    """Migrate, import the sample skills, serve, train the first skill, show one parse."""

    help = "Start web server, worker and scheduler together; stop them with Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address from the command line or from HOST and PORT."""
        parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
        parser.add_argument("--port", default=os.environ.get("PORT") or "8000")

    def handle(self, *, host: str, port: str, **options: Any) -> None:
        """Do it all; returns when stopped, raises CommandError when a process fails."""
        self.host, self.port = host, free_port(host, port)
        self.say(f"Database: {prepare_database()}")
        self.stop = StopSignal()
        self.processes = Processes(self.say)
        try:
            self.processes.start(programs(self.host, self.port))
            self.wait_until(self.is_ready, READY_SECONDS)
            self.show()
            self.wait_until(lambda: False)
        except Stopped:
            self.say("Stopping ...")
        finally:
            self.processes.stop()
        self.say("Stopped. All data is kept.")

    def say(self, text: str) -> None:
        """Print ``text`` at once, also where the output is a pipe."""
        self.stdout.write(text)
        self.stdout.flush()

    def wait_until(self, done: Callable[[], bool], seconds: float = float("inf")) -> None:
        """Wait for ``done``; raises Stopped, or CommandError when a process ended meanwhile."""
        deadline = time.monotonic() + seconds
        while not done():
            if self.stop.received:
                raise Stopped
            if reason := self.processes.ended():
                raise CommandError(f"{reason} Its last lines above tell why.")
            if time.monotonic() > deadline:
                raise CommandError(f"Not ready after {seconds:.0f} seconds: {self.readiness()[1]}")
            time.sleep(POLL_SECONDS)

    def is_ready(self) -> bool:
        """Return whether the web server, and all that it needs, is up."""
        # The worker first: a page that answers 503 is logged as an error by the web server.
        return state_of(check_worker) == "ok" and self.readiness()[0] == 200

    def readiness(self) -> tuple[int, str]:
        """Return status and body of /readyz; status 0 as long as nobody answers."""
        # "localhost" is always an allowed host, whatever name we are served under.
        web = http.client.HTTPConnection(reachable(self.host), self.port, timeout=10)
        try:
            web.request("GET", "/readyz", headers={"Host": "localhost"})
            answer = web.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)
        finally:
            web.close()

    # --- The demo -----------------------------------------------------------------------

    def show(self) -> None:
        """Train the first skill if need be, parse with it, and tell how to go on."""
        address = f"http://{bracketed(reachable(self.host))}:{self.port}"
        if os.environ.get("DATABASE_URL"):
            self.say(f"\nReady: {address}\nDATABASE_URL is set, so no demo account was made.")
            self.say("Make one with: python manage.py createsuperuser\n")
            return
        user, password = demo.demo_account()
        token = demo.demo_token(user)
        for skill in demo.import_sample_skills(user):
            self.say(f"Imported the sample skill {skill.name!r}.")
        first = demo.first_skill(user)
        if first is not None:
            self.show_parse(first)
            with suppress(NotTrained, EngineError):
                demo.try_utterances(user, first)
        self.say(WELCOME.format(address=address, password=password, token=token, **curl(first)))

    def show_parse(self, skill: Skill) -> None:
        """Print one parse by both parsers of ``skill``, trained first if need be."""
        try:
            pair = self.parse(skill)
        except EngineError as error:
            self.say(f"The skill {skill.name!r} cannot be parsed with:\n{error}")
            return
        self.say(f'\n"{pair.utterance}"\n\n{demo.side_by_side(pair)}')

    def parse(self, skill: Skill) -> ParsePair:
        """Parse the demo's utterance; raises EngineError when ``skill`` cannot be trained."""
        try:
            return parse(skill, demo.FIRST_UTTERANCE)[1]
        except (NotTrained, ArtifactError):
            self.train(skill)
            return parse(skill, demo.FIRST_UTTERANCE)[1]

    def train(self, skill: Skill) -> None:
        """Have the worker train ``skill`` and tell how it goes; raises EngineError if it fails."""
        run, _ = request_run(skill)
        self.say(f"Training {skill.name!r} in the worker ...")
        self._told = 0.0
        self.wait_until(lambda: self.is_over(run))
        if run.status == TrainingRun.Status.FAILED:
            raise EngineError(run.error_message)

    def is_over(self, run: TrainingRun) -> bool:
        """Return whether ``run`` is over; tell how far it is, at every tenth."""
        run.refresh_from_db()
        if run.is_active and run.progress >= self._told + 0.1:
            self.say(f"  {run.progress:.0%} {run.step}")
            self._told = run.progress
        return not run.is_active


WELCOME = """
Ready: {address}
  account    demo
  password   {password}   ({password_file})
  API token  {token}   ({token_file})

Sign in there and open a skill's console, or parse from another terminal:
  curl -s {address}/api/v1/skills/{slug}/parse \\
    -H "Authorization: Token $(cat {token_file})" \\
    -H "Content-Type: application/json" \\
    -d '{{"utterance": "{utterance}"}}'

Ctrl-C stops everything.
"""


def curl(skill: Skill | None) -> dict[str, str]:
    """Return what the welcome needs besides the address: names of files, slug, utterance."""
    return {
        "slug": skill.slug if skill else "<slug>",
        "utterance": demo.FIRST_UTTERANCE,
        "password_file": shortest(demo.password_file()),
        "token_file": shortest(demo.token_file()),
    }


def shortest(path: Path) -> str:
    """Return ``path`` as one would type it from here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def prepare_database() -> str:
    """Migrate the database and return its name."""
    call_command("migrate", verbosity=0, interactive=False)
    connection.close()
    return str(connection.settings_dict["NAME"])


def programs(host: str, port: int) -> list[Program]:
    """Return the programs that make up the system."""
    return [
        _module(
            "web",
            "gunicorn skillbuilder.wsgi --config python:skillbuilder.web_server"
            f" --bind {bracketed(host)}:{port} --log-level warning",
            ALLOWED_HOSTS=os.environ.get("ALLOWED_HOSTS") or ",".join(own_names(host)),
        ),
        worker("quick", queues.QUICK, WORKER_WARMS="quick"),
        # They give way to builds that someone waits for, and to the web server.
        worker("full", queues.FULL, WORKER_WARMS="full", WORKER_NICE="10"),
        worker("evaluate", queues.EVALUATE, WORKER_NICE="15"),
        _module("beat", "celery --quiet -A skillbuilder beat --pidfile= --loglevel WARNING"),
    ]


def worker(name: str, *its_queues: str, **environment: str) -> Program:
    """Return a worker with one child for some queues, and for the upkeep."""
    return _module(
        name,
        f"celery --quiet -A skillbuilder worker --hostname {name}@%h --concurrency 1"
        f" --queues {','.join((*its_queues, queues.UPKEEP))} --loglevel WARNING",
        # A training that is cut off is found by its lease, so nobody has to wait for it.
        REMAP_SIGTERM="SIGQUIT",
        # On a machine of one's own this is of no use to know.
        PYTHONWARNINGS="ignore:You're running the worker with superuser",
        **environment,
    )


def _module(name: str, module_and_arguments: str, **environment: str) -> Program:
    return Program(name, [sys.executable, "-m", *module_and_arguments.split()], environment)
