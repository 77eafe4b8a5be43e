"""Indexes that hold all that pages of results and of the parse log are cut by or count."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import migrations, models

_AT_ONCE = 1_000


def fill_said(apps: Any, schema_editor: Any) -> None:
    """Give each entry what stands for its sample and intent, as parse_log.said_of does."""
    logged = apps.get_model("training", "LoggedParse")
    rows = logged.objects.only("pk", "neural_sample", "neural_intent").order_by("pk")
    some = []
    for row in rows.iterator(chunk_size=_AT_ONCE):
        text = f"{row.neural_intent}\n{row.neural_sample}"
        row.said = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]
        some.append(row)
        if len(some) == _AT_ONCE:
            logged.objects.bulk_update(some, ["said"])
            some = []
    logged.objects.bulk_update(some, ["said"])


def _rows_index(name: str, parser: str, other: str) -> migrations.AddIndex:
    wanted = ["expected_intent", f"{parser}_intent", f"{parser}_change", f"{other}_right"]
    fields = ["evaluation", f"{parser}_right", "position", *wanted]
    return migrations.AddIndex("evaluatedrow", models.Index(fields=fields, name=name))


class Migration(migrations.Migration):
    dependencies = [("training", "0009_requested_by")]

    operations = [
        migrations.RemoveIndex("evaluatedrow", "rows_of_the_dnn"),
        migrations.RemoveIndex("evaluatedrow", "rows_of_the_baseline"),
        _rows_index("results_of_the_dnn", "neural", "maxent_crf"),
        _rows_index("results_of_the_baseline", "maxent_crf", "neural"),
        migrations.AddField(
            "loggedparse",
            "said",
            models.CharField(default="", editable=False, max_length=32),
            preserve_default=False,
        ),
        migrations.RemoveIndex("loggedparse", "logged_by_day"),
        migrations.AddIndex(
            "loggedparse",
            models.Index(fields=["skill", "said", "review", "id"], name="logged_alike"),
        ),
        migrations.AddIndex(
            "loggedparse",
            models.Index(fields=["skill", "created_at", "differ"], name="logged_by_day"),
        ),
        migrations.AddIndex(
            "loggedparse",
            models.Index(fields=["skill", "neural_intent", "differ"], name="logged_by_intent"),
        ),
        migrations.RunPython(fill_said, migrations.RunPython.noop),
    ]
