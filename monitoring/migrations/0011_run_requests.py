from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0010_claimed_messages"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["-opened", "-id"], name="monitoring_finding_opened"),
        ),
        migrations.AddIndex(
            model_name="taskrun",
            index=models.Index(fields=["request_id"], name="monitoring_run_request"),
        ),
    ]
