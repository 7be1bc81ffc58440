from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0007_actions'),
    ]

    operations = [
        migrations.AddField(
            model_name='scheduledrun',
            name='worker',
            field=models.CharField(blank=True, max_length=200),
        ),
    ]
