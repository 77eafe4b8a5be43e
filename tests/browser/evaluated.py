"""A skill with two versions that were evaluated, without the minutes that training takes.

Runs in the application's own shell; what the parsers answered is drawn by chance.
"""

from __future__ import annotations

import json

from tests.running_app import RunningApp

_CODE = """
import json, random
from django.db import transaction
from benchmarks.evaluation_pages import annotations_for, evaluate, store_curve
from skillbuilder.authoring import annotation_sets as sets
from skillbuilder.authoring.models import Skill
from skillbuilder.training import runs

chance = random.Random(0)
skill = Skill.objects.get(slug={slug!r})
made = sets.create_set(skill, "What customers say", annotations_for(skill, chance, 60))
for invocation_name in ("first version", "second version"):
    # What is asked for is done before any worker hears of it.
    with transaction.atomic():
        skill.invocation_name = invocation_name
        skill.save()
        runs.request_run(skill)
        run = runs.claim_next()
        runs.finish(run, notes=[], metrics={{}})
        run.refresh_from_db()
        evaluation = evaluate(run, made, chance)
with transaction.atomic():
    curve = store_curve(run)
made.threshold = 0.6
made.save()
print(json.dumps({{"set": made.pk, "evaluation": str(evaluation.pk), "curve": str(curve.pk)}}))
"""


def evaluate_skill(app: RunningApp, slug: str) -> dict[str, str]:
    """Give the skill an annotation set, two evaluated versions and a learning curve.

    Returns the keys of ``set``, ``evaluation`` (of the second version) and ``curve``.
    """
    printed = app.run(_CODE.format(slug=slug))
    return {name: str(key) for name, key in json.loads(printed.splitlines()[-1]).items()}
