"""A skill with two versions that were evaluated, without the minutes that training takes.

Runs in the application's own shell; what the parsers answered is drawn by chance.
"""

from __future__ import annotations

import json

from tests.running_app import RunningApp

_CODE = """
import json, random
from django.db import transaction
from benchmarks.evaluation_pages import evaluate
from nlu_engine.annotations import Answer, annotation
from nlu_engine.quality import worth_by_intent, worth_of_more
from skillbuilder.authoring import annotation_sets as sets
from skillbuilder.authoring.models import Skill
from skillbuilder.training import evaluations, runs

chance = random.Random(0)
skill = Skill.objects.get(slug={slug!r})
names = list(skill.intents.values_list("name", flat=True))
said = [
    annotation("utterance {{}} of many".format(number), [Answer(chance.choice(names))])
    for number in range(60)
]
made = sets.create_set(skill, "What customers say", said)
for invocation_name in ("first version", "second version"):
    # What is asked for is done before any worker hears of it.
    with transaction.atomic():
        skill.invocation_name = invocation_name
        skill.save()
        runs.request_run(skill)
        run = runs.claim_next()
        runs.finish(run, notes=[], metrics={{}})
        run.refresh_from_db()
        evaluation = evaluations.request_evaluation(run, made)[0]
        evaluate(evaluation.pk, said, names, chance)
with transaction.atomic():
    curve = evaluations.claim(evaluations.request_quality(run, "curve")[0].pk)
    points = [
        {{
            "share": share, "samples": round(120 * share), "count": 40,
            "neural": 0.4 + share / 3, "maxent_crf": 0.3 + share / 3,
            "intents": {{name: 0.3 + share / 2 for name in names}},
            "counts": {{name: 4 for name in names}},
        }}
        for share in (0.25, 0.5, 0.75, 1.0)
    ]
    worth = {{name: worth_of_more(points, name) for name in ("neural", "maxent_crf")}}
    measures = {{"points": points, "worth": worth, "worth_by_intent": worth_by_intent(points)}}
    evaluations.finish(curve, [], metrics=measures | {{"seconds": 60}})
made.threshold = 0.6
made.save()
print(json.dumps({{"set": made.pk, "evaluation": str(evaluation.pk), "curve": str(curve.pk)}}))
"""


def evaluate_skill(app: RunningApp, slug: str) -> dict[str, str]:
    """Give the skill an annotation set, two evaluated versions and a learning curve.

    Returns the keys of ``set``, ``evaluation`` (of the second version) and ``curve``.
    """
    printed = app.manage("shell", "-v", "0", "-c", _CODE.format(slug=slug))
    return {name: str(key) for name, key in json.loads(printed.splitlines()[-1]).items()}
