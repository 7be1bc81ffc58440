import django.utils.timezone
import uuid
from django.db import migrations, models

from monitoring.storage.partitions import CreatePartitionedModel, KeepRoomForUpdates


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        CreatePartitionedModel(
            name='CounterMinute',
            fields=[
                ('start', models.IntegerField()),
                ('pk', models.CompositePrimaryKey('name_id', 'start', 'shard', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name_id', models.BigIntegerField()),
                ('shard', models.SmallIntegerField()),
                ('value', models.FloatField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Cursor',
            fields=[
                ('stream', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('version', models.BigIntegerField(default=0)),
            ],
        ),
        CreatePartitionedModel(
            name='DayRollup',
            fields=[
                ('start', models.IntegerField()),
                ('count', models.BigIntegerField()),
                ('errors', models.BigIntegerField()),
                ('total', models.BigIntegerField()),
                ('minimum', models.BigIntegerField()),
                ('maximum', models.BigIntegerField()),
                ('buckets', models.BinaryField()),
                ('pk', models.CompositePrimaryKey('name_id', 'start', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name_id', models.BigIntegerField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='DeadLetter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('unreadable', 'does not decode'), ('newer', 'written by a newer release'), ('refused', 'its rows were refused'), ('forgotten', 'too old to know whether it was counted'), ('deadly', 'killed whoever opened it')], max_length=10)),
                ('stream', models.CharField(max_length=20)),
                ('producer', models.CharField(blank=True, max_length=32)),
                ('sequence', models.BigIntegerField(default=0)),
                ('version', models.IntegerField(default=0)),
                ('fields', models.BinaryField()),
                ('error', models.TextField()),
                ('created', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['-created'],
            },
        ),
        migrations.CreateModel(
            name='DurationTotal',
            fields=[
                ('count', models.BigIntegerField()),
                ('errors', models.BigIntegerField()),
                ('total', models.BigIntegerField()),
                ('minimum', models.BigIntegerField()),
                ('maximum', models.BigIntegerField()),
                ('buckets', models.BinaryField()),
                ('pk', models.CompositePrimaryKey('name_id', 'shard', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name_id', models.BigIntegerField()),
                ('shard', models.SmallIntegerField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='GaugeValue',
            fields=[
                ('pk', models.CompositePrimaryKey('name_id', 'shard', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name_id', models.BigIntegerField()),
                ('shard', models.SmallIntegerField()),
                ('at', models.BigIntegerField()),
                ('value', models.FloatField()),
            ],
        ),
        CreatePartitionedModel(
            name='HourRollup',
            fields=[
                ('start', models.IntegerField()),
                ('count', models.BigIntegerField()),
                ('errors', models.BigIntegerField()),
                ('total', models.BigIntegerField()),
                ('minimum', models.BigIntegerField()),
                ('maximum', models.BigIntegerField()),
                ('buckets', models.BinaryField()),
                ('pk', models.CompositePrimaryKey('name_id', 'start', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name_id', models.BigIntegerField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Producer',
            fields=[
                ('pk', models.CompositePrimaryKey('producer', 'stream', blank=True, editable=False, primary_key=True, serialize=False)),
                ('producer', models.CharField(max_length=32)),
                ('stream', models.CharField(max_length=20)),
                ('sequence', models.BigIntegerField()),
                ('counts', models.JSONField(default=dict)),
                ('seen', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Total',
            fields=[
                ('pk', models.CompositePrimaryKey('name_id', 'source', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name_id', models.BigIntegerField()),
                ('source', models.CharField(max_length=20)),
                ('value', models.FloatField()),
            ],
        ),
        migrations.CreateModel(
            name='DirtyPeriod',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.CharField(choices=[('hour', 'hour'), ('day', 'day')], max_length=4)),
                ('start', models.IntegerField()),
                ('version', models.BigIntegerField(default=1)),
                ('taken', models.BigIntegerField(default=0)),
                ('done', models.BigIntegerField(default=0)),
                ('run', models.BigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('level', 'start'), name='monitoring_dirty_unique')],
            },
        ),
        migrations.CreateModel(
            name='ErrorLog',
            fields=[
                ('error_id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('service', models.CharField(blank=True, max_length=200)),
                ('release', models.CharField(blank=True, max_length=200)),
                ('environment', models.CharField(blank=True, max_length=50)),
                ('fingerprint', models.CharField(blank=True, max_length=64)),
                ('error_type', models.CharField(blank=True, max_length=200)),
                ('message', models.TextField(blank=True)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('trace_id', models.CharField(blank=True, db_index=True, max_length=32)),
                ('context', models.JSONField(blank=True, default=dict)),
                ('chain', models.JSONField(blank=True, default=list)),
            ],
            options={
                'ordering': ['-created'],
                'indexes': [models.Index(fields=['fingerprint', 'created'], name='monitoring_error_group')],
            },
        ),
        CreatePartitionedModel(
            name='MinuteRollup',
            fields=[
                ('start', models.IntegerField()),
                ('count', models.BigIntegerField()),
                ('errors', models.BigIntegerField()),
                ('total', models.BigIntegerField()),
                ('minimum', models.BigIntegerField()),
                ('maximum', models.BigIntegerField()),
                ('buckets', models.BinaryField()),
                ('pk', models.CompositePrimaryKey('name_id', 'start', 'shard', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name_id', models.BigIntegerField()),
                ('shard', models.SmallIntegerField()),
            ],
            options={
                'indexes': [models.Index(fields=['shard', 'start'], name='monitoring_minute_shard')],
            },
        ),
        migrations.CreateModel(
            name='Name',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('service', models.CharField(max_length=200)),
                ('name', models.CharField(max_length=200)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('kind', 'service', 'name'), name='monitoring_name_unique')],
            },
        ),
        migrations.CreateModel(
            name='SlowSample',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(db_index=True)),
                ('kind', models.CharField(max_length=20)),
                ('service', models.CharField(max_length=200)),
                ('name', models.CharField(max_length=200)),
                ('duration', models.FloatField()),
                ('trace_id', models.CharField(blank=True, db_index=True, max_length=32)),
                ('context', models.JSONField(default=dict)),
            ],
            options={
                'ordering': ['-at'],
                'indexes': [models.Index(fields=['kind', 'name', 'at'], name='monitoring_slow_name')],
            },
        ),
        KeepRoomForUpdates('DurationTotal'),
        KeepRoomForUpdates('Total'),
        KeepRoomForUpdates('GaugeValue'),
        KeepRoomForUpdates('Producer'),
        KeepRoomForUpdates('Cursor'),
        KeepRoomForUpdates('DirtyPeriod'),
    ]
