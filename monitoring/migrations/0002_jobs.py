import uuid
from django.db import migrations, models

from monitoring.storage.partitions import CreatePartitionedModel


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="FindingTotal",
            fields=[
                ("kind", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("count", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="RunningTask",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "task_id", "began", "shard", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("task_id", models.CharField(max_length=200)),
                ("began", models.BigIntegerField(db_index=True)),
                ("shard", models.SmallIntegerField()),
                ("service", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=200)),
                ("queue", models.CharField(blank=True, max_length=200)),
                ("worker", models.CharField(max_length=200)),
                ("late", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="Worker",
            fields=[
                ("node", models.CharField(max_length=200, primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[("up", "Up"), ("down", "Down"), ("wedged", "Wedged"), ("left", "Left")], max_length=10
                    ),
                ),
                ("since", models.DateTimeField()),
                ("seen", models.DateTimeField()),
                ("started", models.FloatField(default=0)),
                ("finished", models.BigIntegerField(default=0)),
                ("progressed", models.DateTimeField()),
                ("said", models.JSONField(default=dict)),
            ],
            options={
                "ordering": ["node"],
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("subject", models.CharField(max_length=300)),
                ("detail", models.JSONField(default=dict)),
                ("opened", models.DateTimeField()),
                ("closed", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("event", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ["-opened"],
                "indexes": [models.Index(fields=["kind", "-opened"], name="monitoring_finding_kind")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed", None)), fields=("kind", "subject"), name="monitoring_finding_open"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("event", True)), fields=("kind", "subject"), name="monitoring_finding_once"
                    ),
                ],
            },
        ),
        CreatePartitionedModel(
            name="TaskRun",
            fields=[
                ("start", models.IntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "start", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("ended", models.DateTimeField()),
                ("began", models.DateTimeField(null=True)),
                ("service", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=200)),
                ("state", models.CharField(max_length=10)),
                ("reason", models.CharField(blank=True, max_length=20)),
                ("queue", models.CharField(blank=True, max_length=200)),
                ("worker", models.CharField(blank=True, max_length=200)),
                ("pid", models.IntegerField(null=True)),
                ("duration", models.FloatField(null=True)),
                ("wait", models.FloatField(null=True)),
                ("retries", models.IntegerField(default=0)),
                ("exception", models.CharField(blank=True, max_length=200)),
                ("message", models.CharField(blank=True, max_length=1000)),
                ("task_id", models.CharField(max_length=200)),
                ("parent_id", models.CharField(blank=True, max_length=200)),
                ("root_id", models.CharField(blank=True, max_length=200)),
                ("group_id", models.CharField(blank=True, max_length=200)),
                ("trace_id", models.CharField(blank=True, max_length=32)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                ("user_id", models.CharField(blank=True, max_length=64)),
                ("origin", models.CharField(blank=True, max_length=200)),
                ("periodic", models.CharField(blank=True, max_length=200)),
                ("arguments", models.TextField(blank=True)),
            ],
            options={
                "ordering": ["-ended", "-id"],
                "indexes": [
                    models.Index(fields=["-ended", "-id"], name="monitoring_run_ended"),
                    models.Index(fields=["name", "-ended"], name="monitoring_run_name"),
                    models.Index(fields=["state", "-ended"], name="monitoring_run_state"),
                    models.Index(fields=["task_id"], name="monitoring_run_task"),
                    models.Index(fields=["root_id"], name="monitoring_run_root"),
                    models.Index(fields=["trace_id"], name="monitoring_run_trace"),
                ],
            },
        ),
    ]
