from django.db import migrations, models

from monitoring.storage.partitions import KeepRoomForUpdates


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0002_jobs"),
    ]

    operations = [
        migrations.CreateModel(
            name="LabelledTotal",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "family",
                        "source",
                        "label_1",
                        "label_2",
                        "label_3",
                        "label_4",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("family", models.CharField(max_length=20)),
                ("source", models.CharField(max_length=20)),
                ("label_1", models.BigIntegerField()),
                ("label_2", models.BigIntegerField()),
                ("label_3", models.BigIntegerField()),
                ("label_4", models.BigIntegerField()),
                ("count", models.BigIntegerField()),
                ("total", models.BigIntegerField()),
                ("buckets", models.BinaryField()),
                ("seen", models.IntegerField()),
            ],
        ),
        KeepRoomForUpdates("LabelledTotal"),
    ]
