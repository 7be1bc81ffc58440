import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("designs", "0003_personal_organizations")]
    operations = [
        migrations.AlterField(
            model_name=model,
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name=related_name, to="designs.organization"
            ),
        )
        for model, related_name in (("design", "designs"), ("series", "series"))
    ]
