"""Every skill gets the status that its builds give it (see training/state.py)."""

from itertools import groupby
from operator import itemgetter

from django.db import migrations

STATUS_OF_RUN = {
    "queued": "building",
    "training": "building",
    "ready": "ready",
    "failed": "failed",
}
AT_ONCE = 500


def note(apps, schema_editor):
    """Write the status into skills and into the lists that show them."""
    runs = apps.get_model("training", "TrainingRun").objects
    found = runs.order_by("skill", "-created_at", "-pk").values_list("skill", "status")
    keys: dict[str, list[int]] = {}
    for skill, rows in groupby(found.iterator(), itemgetter(0)):
        keys.setdefault(status_of([status for _, status in rows]), []).append(skill)
    keys.pop("draft", None)
    for model, key in (("Skill", "pk"), ("ListedSkill", "skill")):
        rows = apps.get_model("authoring", model)._base_manager
        for status, those in keys.items():
            for start in range(0, len(those), AT_ONCE):
                some = {f"{key}__in": those[start : start + AT_ONCE]}
                rows.filter(**some).update(status=status)


def status_of(statuses):
    """Return the status of a skill whose runs have ``statuses``, newest first."""
    if statuses[0] != "cancelled":
        return STATUS_OF_RUN[statuses[0]]
    return "ready" if "ready" in statuses else "draft"


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0010_quick_pages"),
        ("authoring", "0013_listed_skills"),
    ]

    operations = [migrations.RunPython(note, migrations.RunPython.noop)]
