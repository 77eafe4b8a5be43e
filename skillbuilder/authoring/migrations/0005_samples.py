from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("authoring", "0004_skill_list")]

    operations = [
        migrations.AddField(
            model_name="change",
            name="undo",
            field=models.JSONField(blank=True, null=True),
        ),
    ]
