"""Measure what a parse over the REST API costs beside the parsing: CPU time, SQL queries, calls.

    python -m benchmarks.parse_call [--rounds 25] [--profile] [--document FILE]

A skill is built in a data folder of its own, or in DATABASE_URL's database, which must be empty,
and ``skillbuilder.wsgi`` is called in this process as gunicorn calls it, with a token, once the
skill is in memory. Times are CPU seconds of one thread, for each utterance the least of several
rounds, so other work on the machine lengthens them a little only.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean, median
from typing import Any

from benchmarks.accuracy import ROOT

SAMPLE = ROOT / "skillbuilder" / "authoring" / "sample_skills" / "trip_planning.json"
UTTERANCES = 60
"""Of the skill's own: said in turn."""
SHOWN = 45
Call = Callable[[str], Any]


def set_up(folder: str) -> None:
    """Set Django up with its data in ``folder``, as a web process has it."""
    os.environ |= {
        "SKILLBUILDER_VAR": folder,
        "DJANGO_SETTINGS_MODULE": "skillbuilder.settings",
        "API_RATE": "1000000/min",
        "LOG_LEVEL": "ERROR",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    import django
    from django.core.management import call_command

    from skillbuilder import web_server  # metrics of several processes, as in production

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    web_server.post_worker_init(None)


def built(document: Path) -> tuple[str, str, list[str]]:
    """Build the skill of ``document``; return its slug, a token of its owner, utterances."""
    from django.contrib.auth.models import User
    from knox.models import AuthToken

    from nlu_engine.interaction_model import InteractionModel
    from nlu_engine.training_data import TrainingData
    from skillbuilder.authoring.skills import create_skill
    from skillbuilder.training import runs
    from skillbuilder.training.build import build

    model = InteractionModel.from_json(json.loads(document.read_text(encoding="utf-8-sig")))
    owner = User.objects.create(username="owner")
    skill = create_skill(owner, name="Measured", locale="en-US", model=model)
    runs.request_run(skill)
    run = runs.claim_next()
    if run is None:
        raise SystemExit("The database is not empty: something else waits to be built.")
    build(run)
    data = TrainingData.from_interaction_model(model, locale="en-US", seed=0)
    texts = [one.text for one in data.utterances]
    return skill.slug, AuthToken.objects.create(owner)[1], texts[:: len(texts) // UTTERANCES + 1]


def caller(slug: str, token: str) -> Callable[[str], bytes]:
    """Return what asks the application to parse an utterance, as gunicorn would."""
    from skillbuilder.wsgi import application

    def call(utterance: str) -> bytes:
        body = json.dumps({"utterance": utterance}).encode()
        told: list[str] = []
        environ = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": f"/api/v1/skills/{slug}/parse",
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1:8000",
            "HTTP_ACCEPT_ENCODING": "identity",
            "HTTP_AUTHORIZATION": f"Token {token}",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        answer = application(environ, lambda status, headers: told.append(status))
        content = b"".join(answer)
        answer.close()  # type: ignore[attr-defined]
        if told != ["200 OK"]:
            raise SystemExit(f"{told} {content!r}")
        return content

    return call


def least(rounds: int, texts: list[str], calls: Mapping[str, Call]) -> dict[str, float]:
    """Return the CPU milliseconds of each kind of call: of each text the least of all rounds.

    Kinds take turns, so that other work on the machine meets all of them alike.
    """
    found = {name: dict.fromkeys(texts, float("inf")) for name in calls}
    for text in texts * rounds:
        for name, call in calls.items():
            started = time.thread_time()
            call(text)
            took = time.thread_time() - started
            found[name][text] = min(took, found[name][text])
    return {name: 1000 * fmean(times.values()) for name, times in found.items()}


def queries(call: Call, text: str) -> list[str]:
    """Return the SQL of one call."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        call(text)
    return [one["sql"] for one in captured.captured_queries]


def profile(call: Call, texts: Sequence[str]) -> int:
    """Print where the time goes, for each call of one of ``texts``; return functions called."""
    profiler = cProfile.Profile()
    profiler.enable()
    for text in texts:
        call(text)
    profiler.disable()
    stats = pstats.Stats(profiler)
    stats.sort_stats("cumulative").print_stats(SHOWN)
    stats.sort_stats("tottime").print_stats(SHOWN)
    return int(stats.total_calls / len(texts))  # type: ignore[attr-defined]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--document", type=Path, default=SAMPLE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder)
        slug, token, texts = built(options.document)
        from skillbuilder.authoring.models import Skill
        from skillbuilder.training import artifacts, runs

        run = runs.latest_ready_run(Skill.objects.get(slug=slug)) or sys.exit("It is not ready.")
        call = caller(slug, token)
        for text in texts:
            call(text)
        kinds: dict[str, Call] = {"whole": call, "parsing": partial(artifacts.parse_by, run)}
        took = least(options.rounds, texts, kinds)
        asked = queries(call, texts[0])
        if options.profile:
            print(f"{profile(call, texts):,} functions called a call")
        size = median(len(call(text)) for text in texts)
        print("a call {whole:.2f} ms, of which parsing {parsing:.2f} ms of a core".format(**took))
        print(f"{len(asked)} queries; an answer of {size:,.0f} bytes")


if __name__ == "__main__":
    main()
