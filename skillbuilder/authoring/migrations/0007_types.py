import hashlib

from django.db import migrations, models

from nlu_engine.utterances import normalize


def derive(apps, schema_editor):
    """Fill in what values are found by, as SlotValue.derive does."""
    SlotValue = apps.get_model("authoring", "SlotValue")
    batch = []
    for row in SlotValue.objects.only("value", "value_id", "synonyms").iterator(2_000):
        text = normalize(row.value).encode()
        row.key = hashlib.blake2b(text, digest_size=16).hexdigest()
        row.search_text = "\n".join([row.value, row.value_id, *row.synonyms]).casefold()
        batch.append(row)
        if len(batch) == 500:
            SlotValue.objects.bulk_update(batch, ["key", "search_text"])
            batch = []
    SlotValue.objects.bulk_update(batch, ["key", "search_text"])


class Migration(migrations.Migration):
    dependencies = [
        ("authoring", "0006_annotation_sets"),
    ]

    operations = [
        migrations.AddField(
            model_name="slotvalue",
            name="key",
            field=models.CharField(default="", editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="slotvalue",
            name="search_text",
            field=models.TextField(default="", editable=False),
        ),
        migrations.AddIndex(
            model_name="slotvalue",
            index=models.Index(fields=["slot_type", "position", "id"], name="value_order"),
        ),
        migrations.AddIndex(
            model_name="slotvalue",
            index=models.Index(fields=["slot_type", "key"], name="value_key"),
        ),
        migrations.RunPython(derive, migrations.RunPython.noop),
    ]
