import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exports', '0015_found'),
    ]

    operations = [
        migrations.AlterField(
            model_name='runshare',
            name='segment',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='exports.savedsegment'),
        ),
    ]
