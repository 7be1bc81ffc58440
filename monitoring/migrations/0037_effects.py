"""Effects of recovery."""

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0036_anomalies")]

    operations = [
        migrations.CreateModel(
            name="Effect",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("service", models.CharField(blank=True, default="", max_length=100)),
                ("key", models.CharField(max_length=200)),
                ("value", models.JSONField(default=dict)),
                ("action_id", models.UUIDField(db_index=True)),
                ("created", models.DateTimeField()),
                ("expires", models.DateTimeField(blank=True, null=True)),
                ("ended", models.DateTimeField(blank=True, null=True)),
                ("ended_by", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "ordering": ["-created"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended", None)),
                        fields=("kind", "service", "key"),
                        name="effect_one_standing",
                    )
                ],
            },
        ),
    ]
