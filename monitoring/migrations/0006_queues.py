from django.db import migrations, models

from monitoring.storage.partitions import CreatePartitionedModel, KeepRoomForUpdates


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0005_schedule'),
    ]

    operations = [
        CreatePartitionedModel(
            name='QueueFlow',
            fields=[
                ('start', models.IntegerField()),
                ('pk', models.CompositePrimaryKey('start', 'name_id', 'shard', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name_id', models.BigIntegerField()),
                ('shard', models.SmallIntegerField()),
                ('sent', models.BigIntegerField()),
                ('received', models.BigIntegerField()),
            ],
            options={
                'abstract': False,
            },
        ),
        CreatePartitionedModel(
            name='QueueMinute',
            fields=[
                ('start', models.IntegerField()),
                ('pk', models.CompositePrimaryKey('start', 'name_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name_id', models.BigIntegerField()),
                ('max_depth', models.BigIntegerField()),
                ('last_depth', models.BigIntegerField()),
                ('max_age', models.FloatField(null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='QueueState',
            fields=[
                ('name', models.CharField(max_length=200, primary_key=True, serialize=False)),
                ('broker', models.CharField(max_length=10)),
                ('at', models.DateTimeField()),
                ('depth', models.BigIntegerField()),
                ('by_priority', models.JSONField(default=dict)),
                ('unacked', models.BigIntegerField(null=True)),
                ('unacked_estimated', models.BooleanField(default=False)),
                ('oldest_unacked_age', models.FloatField(null=True)),
                ('oldest_age', models.FloatField(null=True)),
                ('oldest_age_estimated', models.BooleanField(default=False)),
                ('consumers', models.IntegerField(null=True)),
                ('workers', models.IntegerField(default=0)),
                ('processes', models.IntegerField(default=0)),
                ('rate_in', models.FloatField(default=0)),
                ('rate_out', models.FloatField(default=0)),
                ('drain_seconds', models.FloatField(null=True)),
                ('drain_seconds_net', models.FloatField(null=True)),
                ('seen', models.DateTimeField()),
                ('mark', models.CharField(default='', max_length=100)),
                ('moved', models.DateTimeField()),
                ('moving_since', models.DateTimeField(null=True)),
            ],
        ),
        KeepRoomForUpdates('QueueState'),
    ]
