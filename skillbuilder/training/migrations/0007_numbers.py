from django.db import migrations, models
from django.db.models import F, Window
from django.db.models.functions import RowNumber


def number(apps, schema_editor):
    """Number the runs of each skill as they were counted until now: by their age."""
    TrainingRun = apps.get_model("training", "TrainingRun")
    counted = Window(
        RowNumber(), partition_by=F("skill"), order_by=[F("created_at").asc(), F("id").asc()]
    )
    rows = TrainingRun.objects.annotate(counted=counted).values_list("pk", "counted")
    batch = []
    for pk, counted in rows.iterator(2_000):
        batch.append(TrainingRun(pk=pk, number=counted))
        if len(batch) == 500:
            TrainingRun.objects.bulk_update(batch, ["number"])
            batch = []
    TrainingRun.objects.bulk_update(batch, ["number"])


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0006_gate"),
    ]

    operations = [
        migrations.AddField(
            model_name="trainingrun",
            name="number",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.RunPython(number, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="trainingrun",
            name="number",
            field=models.PositiveIntegerField(editable=False),
        ),
        migrations.AddConstraint(
            model_name="trainingrun",
            constraint=models.UniqueConstraint(
                fields=("skill", "number"), name="version_number_in_skill"
            ),
        ),
    ]
