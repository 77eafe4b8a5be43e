"""How long the pages of a large annotation set take, and those around it.

    python -m benchmarks.evaluation_pages [--docs]

A skill with both parsers, a set of 10,000 annotations, two versions that were evaluated on it, a
parse log of 10,000 entries and a full history are made in a temporary SQLite database (with
DATABASE_URL in a database of its own beside the one that is named there). Django's test client
loads each page LOADS times, after a first time that compiles templates and loads parsers; a table
tells the median milliseconds, of the clock and of the processor. ``--docs`` keeps them and makes
the table in docs/architecture.md anew. Exits with 1 if a page takes longer than 300.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.accuracy import with_table
from benchmarks.database import own_database

DOCS = Path(__file__).resolve().parents[1] / "docs"
COUNT = 10_000
BOUND_MS = 300
LOADS = 7
_SAID = (
    *("could i get a {} pizza with {} please", "make it {} with extra {} for table"),
    *("i would rather have the {} one and {} on top", "{} pie no {} thanks delivery to number"),
)
_WORDS = (("large", "small", "huge", "tiny"), ("ham", "olives", "mushrooms", "pineapple"))

Load = Callable[[], Any]


def main() -> int:
    """Measure all pages; return 1 if one is beyond the bound."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--docs", action="store_true", help="keep the result in docs/")
    options = arguments.parse_args()
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    with own_database() as vendor:
        pages = make_pages()
        before = os.getloadavg()[0]
        times = {name: median_ms(load) for name, load in pages.items()}
        result = {"load": round(before, 1), "cores": os.cpu_count(), "ms": times}
    print(table({vendor: result}))
    if options.docs:
        keep(vendor, result)
    return int(max(wall for wall, _ in times.values()) > BOUND_MS)


def median_ms(load: Load) -> tuple[float, float]:
    """Return the medians of a few loads, of clock and processor."""
    load()
    times = []
    for _ in range(LOADS):
        started, busy = time.perf_counter(), time.process_time()
        answer = load()
        if answer.streaming:
            b"".join(answer.streaming_content)
        wall, processor = time.perf_counter() - started, time.process_time() - busy
        times.append((wall * 1000, processor * 1000))
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code}: {answer.text[:500]}")
    walls, processors = zip(*times, strict=True)
    return round(statistics.median(walls), 1), round(statistics.median(processors), 1)


def keep(vendor: str, result: dict[str, Any]) -> None:
    """Keep what was measured on one database, and make the table of all anew."""
    path, page = DOCS / "evaluation-pages.json", DOCS / "architecture.md"
    results = json.loads(path.read_text()) if path.exists() else {}
    results[vendor] = result
    path.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    page.write_text(with_table(page.read_text(), "evaluation-pages", table(results)))


def table(results: dict[str, Any]) -> str:
    """Return the markdown table: one row a page, clock and processor of each database."""
    vendors = sorted(results)
    heads = [
        f"{vendor}, load {results[vendor]['load']} on {results[vendor]['cores']} cores: "
        f"clock / processor, ms"
        for vendor in vendors
    ]
    names = dict.fromkeys(name for vendor in vendors for name in results[vendor]["ms"])
    lines = [f"| page | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name in names:
        found = [results[vendor]["ms"].get(name) for vendor in vendors]
        cells = [f"{one[0]:.0f} / {one[1]:.0f}" if one else "-" for one in found]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


# --- What is loaded -----------------------------------------------------------------------


def make_pages() -> dict[str, Load]:
    """Return what loads each page, of a skill with COUNT annotations that were evaluated."""
    from django.contrib.auth.models import User
    from django.test import Client

    from skillbuilder.authoring import annotation_sets as sets
    from skillbuilder.authoring.sample_skills import list_sample_skills
    from skillbuilder.authoring.skills import create_skill

    user = User.objects.create_user("bench")
    model = list_sample_skills()[0].model
    skill = create_skill(user, name="Bench", locale="en-US", model=model)
    chance = random.Random(0)
    annotation_set = sets.create_set(skill, "Large", annotations_for(skill, chance))
    first, second = build_versions(skill)
    evaluate(first, annotation_set, chance)
    evaluation = evaluate(second, annotation_set, chance)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    analyze()
    return {
        **console_pages(client, second, user, chance),
        **log_pages(client, second, chance),
        **set_pages(client, skill, annotation_set),
        **result_pages(client, evaluation),
        "learning curve": partial(client.get, f"/evaluations/{store_curve(second).pk}/"),
    }


def annotations_for(skill: Any, chance: random.Random, count: int = COUNT) -> list[Any]:
    """Return ``count`` different annotations, most of them with two slots."""
    from nlu_engine.annotations import Answer, annotation, placed
    from nlu_engine.annotations import ExpectedSlot as Slot

    names = list(skill.intents.values_list("name", flat=True))
    found = []
    for number in range(count):
        words = [chance.choice(some) for some in _WORDS]
        said = f"{chance.choice(_SAID).format(*words)} {number}"
        slots = placed(said, map(Slot, ("size", "topping"), words))
        found.append(annotation(said, [Answer(chance.choice(names), slots)]))
    return found


def build_versions(skill: Any) -> tuple[Any, Any]:
    """Build the skill as a worker does, and a second version with a copy of the artifact."""
    from skillbuilder.training import runs, storage
    from skillbuilder.training.build import build

    runs.request_run(skill)
    first = runs.claim_next()
    build(first)
    skill.invocation_name = "second version"
    skill.save()
    runs.request_run(skill)
    second = runs.claim_next()
    storage.publish(second.pk, partial(shutil.copytree, storage.path_of(first.pk)))
    runs.finish(second, notes=[], metrics={})
    for run in (first, second):
        run.refresh_from_db()
    return first, second


def evaluate(run: Any, annotation_set: Any, chance: random.Random) -> Any:
    """Return an evaluation of ``run`` with parses drawn by chance, two thirds of them right."""
    from skillbuilder.authoring.annotation_sets import expected_of
    from skillbuilder.training import evaluations
    from skillbuilder.training.evaluation import PARSERS, changes_of, compare_rows, judged

    evaluation = evaluations.claim(evaluations.request_evaluation(run, annotation_set)[0].pk)
    if evaluation is None:
        raise RuntimeError("The evaluation was claimed by somebody else.")
    rows = list(annotation_set.annotations.all())
    expected = [expected_of(row) for row in rows]
    names = list(evaluation.skill.intents.values_list("name", flat=True))
    parses = {name: [parse_of(one, names, chance) for one in expected] for name in PARSERS}
    metrics, found = judged(evaluation, [row.pk for row in rows], expected, parses)
    previous = evaluations.previous_of(evaluation)
    compare_rows(found, previous)
    for name in PARSERS:
        metrics[name]["changes"] = changes_of(found, name) if previous else None
    outcome = {"metrics": metrics | {"seconds": 0}, "previous": previous}
    evaluations.finish(evaluation, found, set_revision=annotation_set.revision, **outcome)
    evaluation.refresh_from_db()
    return evaluation


def parse_of(one: Any, names: list[str], chance: random.Random) -> Any:
    """Return a parse of an annotation's utterance that is right two times in three."""
    from nlu_engine.annotations import frame_of
    from nlu_engine.frames import Frame, Parse, RankedIntent

    frame = frame_of(one.answers[0], Frame(""))
    if chance.random() > 0.67:
        frame = Frame(chance.choice(names), frame.slots[:1])
    others = tuple(RankedIntent(name, 0.01) for name in names[:5])
    return Parse(one.utterance, frame, chance.random(), others, chance.random())


def analyze() -> None:
    """Have the database count what it holds, as it does by itself after a while."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


# --- Pages --------------------------------------------------------------------------------


def console_pages(client: Any, run: Any, user: Any, chance: random.Random) -> dict[str, Load]:
    """Return what loads the console and what belongs to it; the history is as long as it gets."""
    from nlu_engine.annotations import Answer, annotation
    from nlu_engine.parsers import ParsePair
    from skillbuilder.training import tried

    for number in range(tried.MOST):
        said = annotation(f"utterance {number}", [Answer("HelpIntent")])
        parse = parse_of(said, ["PriceIntent", "HelpIntent"], chance)
        tried.note(run.skill, user, run, ParsePair(parse.utterance, parse, parse, 1, 1))
    page = f"/skills/{run.skill.slug}/"
    console = f"{page}console"
    text = "two enormous pies with eggplant for my friends"
    asked = {"utterance": text, "version": run.number}
    why = {name: asked | {"parser": name} for name in ("neural", "maxent_crf")}
    many = "\n".join(f"i want {number} large pizzas with ham" for number in range(20))
    return {
        "dashboard of the skill": partial(client.get, page),
        "console": partial(client.get, console),
        "console, a parse": partial(client.get, console, asked),
        "console, two versions": partial(client.get, console, asked | {"against": 1}),
        "console, drawer": partial(client.get, f"{console}/drawer", HTTP_HX_REQUEST="true"),
        "console, why (DNN)": partial(client.post, f"{console}/why", why["neural"]),
        "console, why (MaxEnt-CRF)": partial(client.post, f"{console}/why", why["maxent_crf"]),
        "console, teach": partial(client.post, f"{console}/lesson", {"utterance": text}),
        "console, 20 utterances": partial(client.post, f"{console}/many", {"utterances": many}),
        "earlier utterances": partial(client.get, f"{console}/history"),
        "dialogue": partial(client.get, f"{page}dialogue"),
    }


def log_pages(client: Any, run: Any, chance: random.Random) -> dict[str, Load]:
    """Return what loads the parse log, which COUNT different utterances are in."""
    from skillbuilder.training import parse_log
    from skillbuilder.training.models import LoggedParse

    skill = run.skill
    parse_log.switch_on(skill, 30, [])
    LoggedParse.objects.bulk_create(
        [
            LoggedParse(
                skill=skill,
                run=run,
                said=parse_log.said_of(str(number), "OrderPizzaIntent"),
                neural_sample=f"could i get {{{number}|quantity}} large ones",
                maxent_crf_sample=f"could i get {{{number}|quantity}} large ones",
                neural_intent="OrderPizzaIntent",
                maxent_crf_intent="OrderPizzaIntent",
                neural_confidence=chance.random(),
                maxent_crf_confidence=chance.random(),
                differ=chance.random() < 0.2,
                doubt=chance.random(),
                milliseconds=3.0,
            )
            for number in range(COUNT)
        ],
        batch_size=1_000,
    )
    return {"parse log and usage": partial(client.get, f"/skills/{skill.slug}/log")}


def set_pages(client: Any, skill: Any, annotation_set: Any) -> dict[str, Load]:
    """Return what loads the pages of the set."""
    listed = f"/skills/{skill.slug}/annotation-sets"
    page = f"{listed}/{annotation_set.pk}/"
    one = annotation_set.annotations.first().pk
    wanted = {"q": "olives", "intent": skill.intents.first().name}
    return {
        "annotation sets": partial(client.get, listed),
        "annotations": partial(client.get, page),
        "annotations, last page": partial(client.get, page, {"page": COUNT // 50}),
        "annotations, searched and cut": partial(client.get, page, wanted),
        "one annotation": partial(client.get, f"{page}annotations/{one}"),
        "doubts about the set (piece)": partial(client.get, f"{page}problems"),
    }


def result_pages(client: Any, evaluation: Any) -> dict[str, Load]:
    """Return what loads the results of the second version and their calibration."""
    page = f"/evaluations/{evaluation.pk}/"
    pair = evaluation.metrics["neural"]["confusions"][0]
    confused = {"expected": pair["expected"], "actual": pair["actual"]}
    asked: dict[str, dict[str, Any]] = {
        "results": {},
        "results, last page": {"page": COUNT // 25},
        "results, failing, of MaxEnt-CRF": {"show": "failing", "parser": "maxent_crf"},
        "results, one parser right": {"show": "differ"},
        "results, broken since the version before": {"show": "broken"},
        "results, two intents confused": confused,
        "results, fixed of one intent": {"show": "fixed", "expected": pair["expected"]},
        "results, nothing is like that": {"show": "broken", "actual": "NoIntent"},
    }
    pages = {name: partial(client.get, page, query) for name, query in asked.items()}
    return pages | {"calibration and threshold": partial(client.get, f"{page}calibration")}


def store_curve(run: Any) -> Any:
    """Return a learning curve of ``run`` that nobody measured."""
    from nlu_engine.quality import worth_by_intent, worth_of_more
    from skillbuilder.training import evaluations
    from skillbuilder.training.evaluation import PARSERS

    names = list(run.skill.intents.values_list("name", flat=True))
    points = [
        {
            "share": share,
            "samples": round(120 * share),
            "count": 40,
            "neural": 0.4 + share / 3,
            "maxent_crf": 0.3 + share / 3,
            "intents": dict.fromkeys(names, 0.3 + share / 2),
            "counts": dict.fromkeys(names, 4),
        }
        for share in (0.25, 0.5, 0.75, 1.0)
    ]
    worth = {name: worth_of_more(points, name) for name in PARSERS}
    measures = {"points": points, "worth": worth, "worth_by_intent": worth_by_intent(points)}
    curve = evaluations.claim(evaluations.request_quality(run, "curve")[0].pk)
    if curve is None:
        raise RuntimeError("The learning curve was claimed by somebody else.")
    evaluations.finish(curve, [], metrics=measures | {"seconds": 60})
    return curve


if __name__ == "__main__":
    sys.exit(main())
