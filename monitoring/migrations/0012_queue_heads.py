from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0011_run_requests'),
    ]

    operations = [
        migrations.AddField(
            model_name='queuestate',
            name='heads',
            field=models.JSONField(default=list),
        ),
    ]
